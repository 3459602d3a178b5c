import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Prng } from '../../../actors/generator/prng.js';
import { backendTimeout, type ConnectionFate, type MessageFacts, type MessageFate, RateLimiter, type RequestFacts, type RequestFate, serverBusy, textFrame, unexpectedResponse, unknownError, type WebClock } from '../web/index.js';
import type { Step } from './script.js';
import type { StepRun } from './step-run.js';

/** A request that hangs is cut after so long; a client has given up before. */
const HANG_US = 60e6;
const BAN_US = 120e6;

/** A snapshot of a book as it was: what a stale one is answered with. */
export interface OldBook {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

/** What a step remembers while it is open. */
export interface StepMemory {
  /** By product and symbol. */
  readonly books: Map<string, OldBook>;
  /** Its own limits, by product. */
  readonly limiters: Map<string, RateLimiter>;
}

export const emptyMemory = (): StepMemory => ({ books: new Map(), limiters: new Map() });

/** What an open step makes of a request. */
export function requestFate(run: StepRun, memory: StepMemory, facts: RequestFacts, clock: WebClock, random: Prng): RequestFate | undefined {
  const { step } = run;
  switch (step.act) {
    case 'delay-request': return { delayUs: delayOf(run, clock, random) };
    case 'delay-answer': return { answerDelayUs: delayOf(run, clock, random) };
    case 'fail': return { answer: failure(step), run: step.effect ?? false };
    case 'cut-answer': return { cut: step.middle === true ? 'mid-answer' : 'before-answer', run: step.effect ?? true };
    case 'hang': return { run: step.effect ?? false, answerDelayUs: step.byUs ?? HANG_US, cut: 'before-answer' };
    case 'stale-snapshot': {
      const old = memory.books.get(`${facts.product} ${facts.values.get('symbol') ?? ''}`);
      return old === undefined ? undefined : { rewrite: (text) => replaced(text, old) };
    }
    case 'shallow-snapshot': return { rewrite: (text) => shallow(text, step.levels!) };
    case 'limit-weight':
    case 'ban': {
      const error = limited(step, memory, facts, clock);
      return error === undefined ? undefined : { run: false, answer: error };
    }
    default: return undefined;
  }
}

export function messageFate(run: StepRun, facts: MessageFacts, clock: WebClock, random: Prng): MessageFate | undefined {
  const { step } = run;
  switch (step.act) {
    case 'delay': return { delayUs: delayOf(run, clock, random), inOrder: true };
    case 'lose': return { drop: true };
    case 'repeat': return { copies: step.copies ?? 2, ...(step.byUs === undefined ? {} : { copiesAfterUs: step.byUs }) };
    case 'swap': return step.byUs === undefined ? { swapWithNext: true } : { delayUs: delayOf(run, clock, random) };
    case 'cut-frame': return { cut: true };
    case 'lose-deletes': {
      const frame = withoutDeletes(facts.frame);
      return frame === undefined ? undefined : { frame };
    }
    default: return undefined;
  }
}

export function connectionFate({ step }: StepRun): ConnectionFate {
  return step.act === 'half-open' ? { halfOpen: true } : { refuse: step.status ?? 503 };
}

/** The effects of two steps on one request: delays add up, of answers and cuts the first one counts. */
export function bothRequests(one: RequestFate, other: RequestFate): RequestFate {
  const rewrites = [one.rewrite, other.rewrite].filter((rewrite) => rewrite !== undefined);
  return {
    ...other, ...one,
    ...sum('delayUs', one.delayUs, other.delayUs), ...sum('answerDelayUs', one.answerDelayUs, other.answerDelayUs),
    ...(one.run === false || other.run === false ? { run: false } : {}),
    ...(rewrites.length < 2 ? {} : { rewrite: (text: string) => rewrites.reduce((told, rewrite) => rewrite(told), text) }),
  };
}

export function bothMessages(one: MessageFate, other: MessageFate): MessageFate {
  return { ...other, ...one, ...sum('delayUs', one.delayUs, other.delayUs) };
}

function sum<K extends string>(key: K, one: number | undefined, other: number | undefined): Partial<Record<K, number>> {
  return one === undefined && other === undefined ? {} : { [key]: (one ?? 0) + (other ?? 0) } as Record<K, number>;
}

/** `by`, plus a uniform share of `jitter`, plus `growth` for every minute that the step has been open. */
function delayOf({ step, openedUs }: StepRun, clock: WebClock, random: Prng): number {
  const grown = step.growthUs === 0 ? 0 : (step.growthUs * (clock.nowUs() - openedUs)) / 60e6;
  return Math.round((step.byUs ?? 0) + grown + (step.jitterUs === 0 ? 0 : random.uniform() * step.jitterUs));
}

const KNOWN: ReadonlyMap<number, () => VenueError> = new Map([[-1000, unknownError], [-1006, unexpectedResponse], [-1007, backendTimeout], [-1008, serverBusy]]);

function failure({ code, status, message, page }: Step): NonNullable<RequestFate['answer']> {
  if (page !== undefined || code === undefined) return { status: status ?? 502, body: page ?? `<html><body><h2>${status ?? 502}</h2></body></html>` };
  const known = KNOWN.get(code)?.();
  return new VenueError(code, message ?? known?.message ?? 'Trouble.', { status: status ?? known?.status ?? 400 });
}

/** The refusal of a limiter of the step's own: 429, from the twentieth on 418; a ban is 418 from the first. */
function limited(step: Step, memory: StepMemory, { product, ip }: RequestFacts, clock: WebClock): VenueError | undefined {
  let limiter = memory.limiters.get(product);
  if (limiter === undefined) {
    const limit = step.act === 'ban' ? Number.MAX_SAFE_INTEGER : (step.weight ?? 0);
    limiter = new RateLimiter([{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit }], clock, true, product === 'spot' ? 'spot' : 'futures');
    memory.limiters.set(product, limiter);
  }
  if (step.act === 'ban' && !limiter.bans.isBanned(ip)) limiter.bans.ban(ip, step.forUs ?? BAN_US);
  try {
    limiter.request(ip, 1);
    return undefined;
  } catch (error) {
    if (error instanceof VenueError) return error;
    throw error;
  }
}

interface DepthAnswer {
  readonly lastUpdateId: number;
  readonly bids: readonly unknown[];
  readonly asks: readonly unknown[];
}

function replaced(text: string, old: OldBook): string {
  const told = JSON.parse(text) as DepthAnswer;
  return JSON.stringify({ ...told, lastUpdateId: old.lastUpdateId, bids: old.bids.slice(0, told.bids.length), asks: old.asks.slice(0, told.asks.length) });
}

function shallow(text: string, levels: number): string {
  const told = JSON.parse(text) as DepthAnswer;
  return JSON.stringify({ ...told, bids: told.bids.slice(0, levels), asks: told.asks.slice(0, levels) });
}

const DELETED = /\["[\d.]+","0(?:\.0+)?"\],?/g;

/** A depth event without its deleted levels; undefined when it has none. */
function withoutDeletes(frame: Buffer): Buffer | undefined {
  const length = frame[1]!;
  const text = frame.toString('utf8', length === 127 ? 10 : length === 126 ? 4 : 2);
  const told = text.replace(DELETED, '').replaceAll(',]', ']');
  return told === text ? undefined : textFrame(told);
}
