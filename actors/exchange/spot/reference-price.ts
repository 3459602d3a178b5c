/**
 * The reference price as the venue's matching engine calculates it: the mean of trade prices over a moving window of
 * buckets, the oldest of which counts by the part of it that is still inside (faqs/price_range_execution_rules.md,
 * "ARITHMETIC_MEAN"). Before there was one, filters used the volume weighted average of the last minutes; both are kept.
 */
import { type Amount, amount } from '../ledger/index.js';

export const BUCKET_WIDTH_MS = 1000;
export const BUCKET_COUNT = 300;
const WIDTH_US = BUCKET_WIDTH_MS * 1000;
/** Fixed point of counts and sums when the oldest bucket is prorated. */
const SCALE = 10_000n;

interface Bucket {
  openUs: number;
  count: number;
  /** Sum of prices in ticks, and of ticks × lots and lots for the weighted average. */
  ticks: number;
  tickLots: bigint;
  lots: number;
}

export class ReferencePrice {
  readonly #tickUnits: bigint;
  readonly #buckets: Bucket[] = [];
  #count = 0;
  #ticks = 0;
  #tickLots = 0n;
  #lots = 0;
  #lastTicks = 0;
  #lastUs = 0;

  constructor(tickUnits: bigint) {
    this.#tickUnits = tickUnits;
  }

  /** Price of the last trade in ticks; 0 before the first. */
  get lastTicks(): number {
    return this.#lastTicks;
  }

  onTrade(ticks: number, lots: number, nowUs: number): void {
    this.#drop(nowUs);
    const openUs = nowUs - (nowUs % WIDTH_US);
    let bucket = this.#buckets.at(-1);
    if (bucket === undefined || bucket.openUs < openUs) {
      bucket = { openUs, count: 0, ticks: 0, tickLots: 0n, lots: 0 };
      this.#buckets.push(bucket);
    }
    const weighted = BigInt(ticks) * BigInt(lots);
    bucket.count += 1;
    bucket.ticks += ticks;
    bucket.tickLots += weighted;
    bucket.lots += lots;
    this.#count += 1;
    this.#ticks += ticks;
    this.#tickLots += weighted;
    this.#lots += lots;
    this.#lastTicks = ticks;
    this.#lastUs = nowUs;
  }

  /** Mean price in 10^-8 quote units, truncated; undefined when no trade is inside the window. */
  mean(nowUs: number): Amount | undefined {
    this.#drop(nowUs);
    const oldest = this.#buckets[0];
    if (oldest === undefined) return undefined;
    let count = BigInt(this.#count) * SCALE;
    let sum = BigInt(this.#ticks) * SCALE;
    const expiredUs = nowUs - BUCKET_COUNT * WIDTH_US - oldest.openUs;
    if (expiredUs > 0) {
      count -= (BigInt(oldest.count) * SCALE * BigInt(expiredUs)) / BigInt(WIDTH_US);
      sum -= (BigInt(oldest.ticks) * SCALE * BigInt(expiredUs)) / BigInt(WIDTH_US);
    }
    return count <= 0n ? undefined : amount((sum * this.#tickUnits) / count);
  }

  /** Volume weighted average in 10^-8 quote units; the last price when nothing traded within the window, undefined before any trade. */
  weightedAverage(nowUs: number): Amount | undefined {
    this.#drop(nowUs);
    if (this.#lots > 0) return amount((this.#tickLots * this.#tickUnits) / BigInt(this.#lots));
    return this.#lastTicks === 0 ? undefined : amount(BigInt(this.#lastTicks) * this.#tickUnits);
  }

  /** Time of the last trade. */
  get updatedUs(): number {
    return this.#lastUs;
  }

  #drop(nowUs: number): void {
    const cutoff = nowUs - BUCKET_COUNT * WIDTH_US;
    let gone = 0;
    for (const bucket of this.#buckets) {
      if (bucket.openUs + WIDTH_US > cutoff) break;
      this.#count -= bucket.count;
      this.#ticks -= bucket.ticks;
      this.#tickLots -= bucket.tickLots;
      this.#lots -= bucket.lots;
      gone += 1;
    }
    if (gone > 0) this.#buckets.splice(0, gone);
  }
}
