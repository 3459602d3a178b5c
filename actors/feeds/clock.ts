/**
 * The venue's clock against the engine's: several time questions one after the other, and of each the venue's time minus the middle of its round
 * trip; the median of these is the offset. Measured on a schedule and whenever somebody was told -1021.
 */
import type { ClockParams } from '../../config/engine/feeds.js';
import type { ActorContext, Behaviour } from '../../runtime/types.js';
import type { RestAnswer, RestRequest, VenueProduct } from '../engine/io.js';
import { CLOCK_TOPIC, type ClockOffset } from './messages.js';
import { REST_PATHS } from './products.js';

export interface ClockInput {
  readonly products: readonly VenueProduct[];
  readonly params: ClockParams;
}

/** `clock.measure`: the venue refused a stamp (-1021), or somebody wants to know. `clock.get` is answered with the offsets known. */
export type ClockMessage =
  | RestAnswer
  | { readonly type: 'clock.measure'; readonly product: VenueProduct }
  | { readonly type: 'clock.get' }
  | { readonly type: 'clock.next'; readonly product: VenueProduct };

/** One time question: offset and round trip, µs. */
export interface TimeSample {
  readonly offsetUs: number;
  readonly roundTripUs: number;
}

interface Measure {
  readonly product: VenueProduct;
  /** Question under way, "" between two and between measurements. */
  readonly request: string;
  readonly running: boolean;
  readonly samples: readonly TimeSample[];
  readonly failures: number;
  readonly offset: ClockOffset | null;
}

export interface ClockState {
  readonly input: ClockInput;
  readonly measures: readonly Measure[];
}

type Context = ActorContext<ClockMessage>;

export const clockBehaviour: Behaviour<ClockState, ClockMessage, ClockInput> = {
  name: 'venue-clock',
  version: 1,
  init(ctx, input) {
    const measures = input.products.map((product): Measure => ({ product, request: '', running: false, samples: [], failures: 0, offset: null }));
    return { input, measures: measures.map((measure) => begin(measure, input, ctx)) };
  },
  step(state, message, ctx) {
    const { input } = state;
    const change = (is: (measure: Measure) => boolean, make: (measure: Measure) => Measure): ClockState => {
      const measures = state.measures.map((measure) => (is(measure) ? make(measure) : measure));
      return measures.every((measure, at) => measure === state.measures[at]) ? state : { ...state, measures };
    };
    switch (message.type) {
      case 'clock.get':
        ctx.reply(state.measures.flatMap(({ offset }) => (offset === null ? [] : [offset])));
        return state;
      case 'clock.measure': return change(({ product, running }) => product === message.product && !running, (measure) => begin(measure, input, ctx));
      case 'clock.next': return change(({ product, request }) => product === message.product && request === '', (measure) => (measure.running ? question(measure, input, ctx) : begin(measure, input, ctx)));
      case 'rest.answer': return change(({ request }) => request === message.id, (measure) => answered(measure, message, input, ctx));
    }
  },
  view: ({ measures }) => measures.map(({ product, offset, running, failures }) => ({ product, offset, running, failures })),
};

function begin(measure: Measure, input: ClockInput, ctx: Context): Measure {
  return question({ ...measure, running: true, samples: [], failures: 0 }, input, ctx);
}

function question(measure: Measure, { params }: ClockInput, ctx: Context): Measure {
  const { product } = measure;
  ctx.cancelTimer(product);
  const id = ctx.nextId();
  const request: RestRequest = { id, to: ctx.path, product, method: 'GET', path: REST_PATHS[product].time, params: {}, security: 'none', timeoutMs: params.timeoutMs, flushFirst: false };
  ctx.effect('rest.send', request);
  return { ...measure, request: id };
}

function answered(measure: Measure, answer: RestAnswer, { params }: ClockInput, ctx: Context): Measure {
  const { product } = measure;
  const sample = sampleOf(answer);
  const next: Measure = { ...measure, request: '', samples: sample === null ? measure.samples : [...measure.samples, sample], failures: measure.failures + (sample === null ? 1 : 0) };
  const wait = (ms: number): void => ctx.startTimer(product, ms, { type: 'clock.next', product });
  if (next.samples.length + next.failures < params.samples) {
    wait(Math.max(1, params.gapMs));
    return next;
  }
  // More than half of the answers are needed, lest one odd one decides.
  if (next.samples.length * 2 <= params.samples) {
    wait(params.retryMs);
    return { ...next, running: false };
  }
  wait(params.everyMs);
  const offset: ClockOffset = { type: 'clock.offset', product, ...offsetOf(next.samples), atUs: ctx.nowUs() };
  ctx.publish(CLOCK_TOPIC, offset);
  return { ...next, running: false, offset };
}

/** A sample of an answer; null when it says no time. */
export function sampleOf({ sentUs, receivedUs, outcome }: RestAnswer): TimeSample | null {
  if (outcome.kind !== 'answer' || outcome.status !== 200 || receivedUs < sentUs) return null;
  const { body } = outcome;
  const serverMs = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as { readonly serverTime?: unknown }).serverTime : undefined;
  if (typeof serverMs !== 'number' || !(serverMs > 0 && serverMs < 9e12)) return null;
  // The venue cuts its time to whole milliseconds: half of one on average.
  return { offsetUs: Math.round(serverMs * 1000 + 500 - (sentUs + receivedUs) / 2), roundTripUs: receivedUs - sentUs };
}

const median = (sorted: readonly number[]): number => (sorted.length % 2 === 1 ? sorted[(sorted.length - 1) / 2]! : (sorted[sorted.length / 2 - 1]! + sorted[sorted.length / 2]!) / 2);

/** Median offset, and how far it may be off: what the quickest round trip leaves open, or the median deviation where that is more. */
export function offsetOf(samples: readonly TimeSample[]): { readonly offsetUs: number; readonly uncertaintyUs: number; readonly roundTripUs: number; readonly samples: number } {
  const offsets = samples.map(({ offsetUs }) => offsetUs).sort((a, b) => a - b);
  const trips = samples.map(({ roundTripUs }) => roundTripUs).sort((a, b) => a - b);
  const offsetUs = Math.round(median(offsets));
  const deviations = offsets.map((us) => Math.abs(us - offsetUs)).sort((a, b) => a - b);
  return { offsetUs, uncertaintyUs: Math.round(Math.max(trips[0]! / 2, median(deviations))), roundTripUs: Math.round(median(trips)), samples: samples.length };
}
