import { VenueError } from '../../../../actors/exchange/venue-error.js';
import type { WebClock } from '../clock.js';
import type { Family } from '../params.js';

const MINUTE_US = 60e6;
const FIRST_BAN_US = 2 * MINUTE_US;
const LONGEST_BAN_US = 3 * 24 * 60 * MINUTE_US;
/** So many requests over a limit within a minute are a client that does not back off. The venue does not tell its own number. */
const OVER_BEFORE_BAN = 20;
const MOST_RECORDS = 10_000;

interface IpRecord {
  /** Minute of the requests over a limit that `over` counts. */
  minute: number;
  over: number;
  bannedUntilUs: number;
  /** Of the last ban; the next one is twice as long. */
  lastBanUs: number;
}

/** Who was banned and for how long: 2 minutes, doubled with every further ban up to 3 days, forgotten after 3 days of peace. */
export class Bans {
  readonly #clock: WebClock;
  readonly #family: Family;
  readonly #records = new Map<string, IpRecord>();

  constructor(clock: WebClock, family: Family = 'spot') {
    this.#clock = clock;
    this.#family = family;
  }

  /** Throws -1003 with 418 while the ban lasts. */
  check(ip: string): void {
    const untilUs = this.#records.get(ip)?.bannedUntilUs ?? 0;
    const nowUs = this.#clock.nowUs();
    if (untilUs <= nowUs) return;
    const untilMs = Math.ceil(untilUs / 1000);
    const text = this.#family === 'spot'
      ? `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`
      : `Way too many requests; IP banned until ${untilMs}. Please use the websocket for live updates to avoid bans.`;
    throw new VenueError(-1003, text, {
      status: 418,
      headers: { 'Retry-After': String(Math.ceil((untilUs - nowUs) / 1e6)) },
      data: { serverTime: Math.floor(nowUs / 1000), retryAfter: untilMs },
    });
  }

  isBanned(ip: string): boolean {
    return (this.#records.get(ip)?.bannedUntilUs ?? 0) > this.#clock.nowUs();
  }

  /** A request that was answered 429; the twentieth within a minute bans. */
  overLimit(ip: string): void {
    const record = this.#record(ip);
    const minute = Math.floor(this.#clock.nowUs() / MINUTE_US);
    if (record.minute !== minute) {
      record.minute = minute;
      record.over = 0;
    }
    record.over += 1;
    if (record.over >= OVER_BEFORE_BAN) this.ban(ip);
  }

  /** Bans at once, for `us` or for as long as it is this IP's turn. Returns the time it ends at. */
  ban(ip: string, us?: number): number {
    const record = this.#record(ip);
    const nowUs = this.#clock.nowUs();
    const forgotten = record.bannedUntilUs + LONGEST_BAN_US < nowUs;
    const lengthUs = us ?? (forgotten || record.lastBanUs === 0 ? FIRST_BAN_US : Math.min(LONGEST_BAN_US, record.lastBanUs * 2));
    record.lastBanUs = lengthUs;
    record.bannedUntilUs = nowUs + lengthUs;
    record.over = 0;
    return record.bannedUntilUs;
  }

  /** Lifts a ban and forgets the ones before it. */
  lift(ip: string): void {
    this.#records.delete(ip);
  }

  #record(ip: string): IpRecord {
    let record = this.#records.get(ip);
    if (record === undefined) {
      if (this.#records.size >= MOST_RECORDS) this.#sweep();
      record = { minute: -1, over: 0, bannedUntilUs: 0, lastBanUs: 0 };
      this.#records.set(ip, record);
    }
    return record;
  }

  #sweep(): void {
    const nowUs = this.#clock.nowUs();
    for (const [ip, record] of this.#records) if (record.bannedUntilUs + LONGEST_BAN_US < nowUs) this.#records.delete(ip);
  }
}
