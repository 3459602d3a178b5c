import { setTimeout as sleep } from 'node:timers/promises';
import type { RestAnswer, RestOutcome, RestRequest, VenueProduct } from '../../../actors/engine/io.js';
import { offsetOf, sampleOf, type TimeSample } from '../../../actors/feeds/clock.js';
import { REST_PATHS } from '../../../actors/feeds/products.js';
import type { EngineClock } from '../clock.js';
import type { RestClient } from './client.js';

/** The clock that stamps, and how fast the venue's goes. */
export type StampClock = Pick<EngineClock, 'nowUs' | 'speed'>;

/** The stamp is not the venue's: too old when it came, or ahead of its clock. */
const INVALID_TIMESTAMP = -1021;
const MOST_TRIES = 5;
const SAMPLES = 3;
const PAUSE_MS = 100;
/** How old a stamp may be when it comes, ms of the wall, and the most that a venue takes, ms of its clock. */
const WINDOW_MS = 10_000;
const LONGEST_WINDOW_MS = 60_000;

type Question = Pick<RestRequest, 'product' | 'path' | 'params' | 'security' | 'timeoutMs'>;

/** One question before the tree starts. */
export function asked(client: RestClient, question: Question): Promise<RestOutcome> {
  return answer(client, question).then(({ outcome }) => outcome);
}

function answer(client: RestClient, question: Question): Promise<Omit<RestAnswer, 'type' | 'id'>> {
  return new Promise((resolve) => client.send({ id: 'boot', to: '', method: 'GET', flushFirst: false, ...question }, resolve));
}

/** One signed question before the tree starts. When the venue refuses its stamp, its clock is measured anew and it is asked again, a few times. */
export async function askedSigned(client: RestClient, { product, path, timeoutMs }: Pick<Question, 'product' | 'path' | 'timeoutMs'>, clock: StampClock): Promise<RestOutcome> {
  const recvWindow = String(Math.min(LONGEST_WINDOW_MS, Math.round(WINDOW_MS * Math.max(1, clock.speed))));
  let offsetUs = 0;
  for (let tries = 1; ; tries += 1) {
    const outcome = await asked(client, { product, path, params: { timestamp: String(Math.floor((clock.nowUs() + offsetUs) / 1000)), recvWindow }, security: 'signed', timeoutMs });
    if (!isStampRefused(outcome) || tries === MOST_TRIES) return outcome;
    await sleep(PAUSE_MS * tries);
    offsetUs = (await measured(client, product, timeoutMs)) ?? offsetUs;
  }
}

function isStampRefused(outcome: RestOutcome): boolean {
  if (outcome.kind !== 'answer' || typeof outcome.body !== 'object' || outcome.body === null || Array.isArray(outcome.body)) return false;
  return (outcome.body as { readonly code?: unknown }).code === INVALID_TIMESTAMP;
}

/** How far the venue's clock is ahead, µs; undefined where it does not say. */
async function measured(client: RestClient, product: VenueProduct, timeoutMs: number): Promise<number | undefined> {
  const samples: TimeSample[] = [];
  for (let k = 0; k < SAMPLES; k += 1) {
    const sample = sampleOf({ type: 'rest.answer', id: 'boot', ...(await answer(client, { product, path: REST_PATHS[product].time, params: {}, security: 'none', timeoutMs })) });
    if (sample !== null) samples.push(sample);
  }
  return samples.length === 0 ? undefined : offsetOf(samples).offsetUs;
}
