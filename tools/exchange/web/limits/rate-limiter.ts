import { VenueError } from '../../../../actors/exchange/venue-error.js';
import type { WebClock } from '../clock.js';
import type { Family } from '../params.js';
import { Bans } from './bans.js';

export type LimitInterval = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY';
export type LimitType = 'REQUEST_WEIGHT' | 'RAW_REQUESTS' | 'ORDERS';

/** One of `exchangeInfo.rateLimits`, as it is served. */
export interface RateLimit {
  readonly rateLimitType: LimitType;
  readonly interval: LimitInterval;
  readonly intervalNum: number;
  readonly limit: number;
}

/** With how much of it is used, as the websocket API and rateLimit/order show it. */
export interface RateLimitStatus extends RateLimit {
  readonly count: number;
}

const SECONDS: Readonly<Record<LimitInterval, number>> = { SECOND: 1, MINUTE: 60, HOUR: 3600, DAY: 86_400 };
/** Idle counters are thrown away when there are this many, so that addresses that come once cost nothing for ever. */
const MOST_COUNTERS = 10_000;

/** Counts by name in intervals that begin on the clock's own minutes, hours and days. */
class Counter {
  readonly limit: RateLimit;
  /** The status as JSON, up to its count: it goes with every answer of the websocket API. */
  readonly jsonHead: string;
  readonly #intervalUs: number;
  readonly #counts = new Map<string, { startUs: number; count: number }>();

  constructor(limit: RateLimit) {
    this.limit = limit;
    const { rateLimitType, interval, intervalNum } = limit;
    this.jsonHead = `${JSON.stringify({ rateLimitType, interval, intervalNum, limit: limit.limit }).slice(0, -1)},"count":`;
    this.#intervalUs = SECONDS[limit.interval] * limit.intervalNum * 1e6;
  }

  count(name: string, nowUs: number): number {
    const entry = this.#counts.get(name);
    return entry !== undefined && entry.startUs === this.#startUs(nowUs) ? entry.count : 0;
  }

  add(name: string, by: number, nowUs: number): number {
    const startUs = this.#startUs(nowUs);
    const entry = this.#counts.get(name);
    if (entry === undefined) {
      if (this.#counts.size >= MOST_COUNTERS) this.#sweep(startUs);
      this.#counts.set(name, { startUs, count: Math.max(0, by) });
      return Math.max(0, by);
    }
    if (entry.startUs !== startUs) {
      entry.startUs = startUs;
      entry.count = 0;
    }
    entry.count = Math.max(0, entry.count + by);
    return entry.count;
  }

  /** Seconds until the interval that runs is over, at least one. */
  secondsLeft(nowUs: number): number {
    return Math.max(1, Math.ceil((this.#startUs(nowUs) + this.#intervalUs - nowUs) / 1e6));
  }

  #startUs(nowUs: number): number {
    return nowUs - (nowUs % this.#intervalUs);
  }

  #sweep(startUs: number): void {
    for (const [name, entry] of this.#counts) if (entry.startUs !== startUs) this.#counts.delete(name);
  }
}

/**
 * The limits of one product: weight and raw requests an IP, orders an account, bans. Switched off it counts all the same, since clients look
 * at the headers, and refuses nothing.
 */
export class RateLimiter {
  readonly limits: readonly RateLimit[];
  readonly enforced: boolean;
  readonly bans: Bans;
  readonly #clock: WebClock;
  readonly #family: Family;
  readonly #weights: readonly Counter[];
  readonly #raw: readonly Counter[];
  readonly #orders: readonly Counter[];

  constructor(limits: readonly RateLimit[], clock: WebClock, enforced = true, family: Family = 'spot') {
    this.limits = limits;
    this.enforced = enforced;
    this.#clock = clock;
    this.#family = family;
    this.bans = new Bans(clock, family);
    const of = (type: LimitType): readonly Counter[] => limits.filter((limit) => limit.rateLimitType === type).map((limit) => new Counter(limit));
    this.#weights = of('REQUEST_WEIGHT');
    this.#raw = of('RAW_REQUESTS');
    this.#orders = of('ORDERS');
  }

  /** Counts a request and its weight; throws -1003 with 418 when the IP is banned, with 429 when it is over a limit. */
  request(ip: string, weight: number): void {
    const nowUs = this.#clock.nowUs();
    // Limits that are off ban nobody; whoever is banned all the same was banned by a script.
    this.bans.check(ip);
    for (const counter of this.#raw) if (counter.add(ip, 1, nowUs) > counter.limit.limit) this.#over(ip, counter, nowUs, 'raw requests');
    for (const counter of this.#weights) if (counter.add(ip, weight, nowUs) > counter.limit.limit) this.#over(ip, counter, nowUs, 'request weight');
  }

  /** Adds weight that is known only later, or takes it back (negative). Never refuses. */
  addWeight(ip: string, weight: number): void {
    if (weight === 0) return;
    const nowUs = this.#clock.nowUs();
    for (const counter of this.#weights) counter.add(ip, weight, nowUs);
  }

  /** Counts orders of an account; throws -1015 with 429 when one of its limits would be passed, and counts nothing then. */
  orders(account: string, count: number): void {
    const nowUs = this.#clock.nowUs();
    if (this.enforced) {
      for (const counter of this.#orders) {
        const { limit } = counter;
        if (counter.count(account, nowUs) + count <= limit.limit) continue;
        throw new VenueError(-1015, `Too many new orders; current limit is ${limit.limit} orders per ${spelled(limit)}.`, {
          status: 429, headers: { 'Retry-After': String(counter.secondsLeft(nowUs)) },
        });
      }
    }
    for (const counter of this.#orders) counter.add(account, count, nowUs);
  }

  /** Takes orders back: refused ones, and on spot those that were filled. */
  releaseOrders(account: string, count: number): void {
    const nowUs = this.#clock.nowUs();
    for (const counter of this.#orders) if (counter.count(account, nowUs) > 0) counter.add(account, -count, nowUs);
  }

  orderStatus(account: string): readonly RateLimitStatus[] {
    const nowUs = this.#clock.nowUs();
    return this.#orders.map((counter) => ({ ...counter.limit, count: counter.count(account, nowUs) }));
  }

  weightStatus(ip: string): readonly RateLimitStatus[] {
    const nowUs = this.#clock.nowUs();
    return this.#weights.map((counter) => ({ ...counter.limit, count: counter.count(ip, nowUs) }));
  }

  /** `rateLimits` of an answer of the websocket API: the account's order limits if one is given, and the IP's weight. */
  statusJson(ip: string, account: string | undefined): string {
    const nowUs = this.#clock.nowUs();
    let text = '';
    if (account !== undefined) for (const counter of this.#orders) text += `${text === '' ? '' : ','}${counter.jsonHead}${counter.count(account, nowUs)}}`;
    for (const counter of this.#weights) text += `${text === '' ? '' : ','}${counter.jsonHead}${counter.count(ip, nowUs)}}`;
    return `[${text}]`;
  }

  /** X-MBX-USED-WEIGHT-1M and its like, and the form without an interval that came before it. */
  weightHeaders(ip: string, into: Record<string, string>): void {
    const nowUs = this.#clock.nowUs();
    for (const counter of this.#weights) {
      const used = String(counter.count(ip, nowUs));
      into['X-MBX-USED-WEIGHT'] = used;
      into[`X-MBX-USED-WEIGHT-${letters(counter.limit)}`] = used;
    }
  }

  orderHeaders(account: string, into: Record<string, string>): void {
    const nowUs = this.#clock.nowUs();
    for (const counter of this.#orders) into[`X-MBX-ORDER-COUNT-${letters(counter.limit)}`] = String(counter.count(account, nowUs));
  }

  #over(ip: string, counter: Counter, nowUs: number, what: string): void {
    if (!this.enforced) return;
    const { limit } = counter;
    this.bans.overLimit(ip);
    const text = this.#family === 'spot'
      ? `Too much request weight used; current limit is ${limit.limit} ${what} per ${spelled(limit)}. Please use WebSocket Streams for live updates to avoid polling the API.`
      : `Too many requests; current limit of IP(${ip}) is ${limit.limit} requests per ${spelled(limit)}. Please use the websocket for live updates to avoid polling the API.`;
    const secondsLeft = counter.secondsLeft(nowUs);
    const nowMs = Math.floor(nowUs / 1000);
    throw new VenueError(-1003, text, {
      status: 429, headers: { 'Retry-After': String(secondsLeft) }, data: { serverTime: nowMs, retryAfter: nowMs + secondsLeft * 1000 },
    });
  }
}

function spelled(limit: RateLimit): string {
  return `${limit.intervalNum} ${limit.interval}`;
}

function letters(limit: RateLimit): string {
  return `${limit.intervalNum}${limit.interval[0]!}`;
}
