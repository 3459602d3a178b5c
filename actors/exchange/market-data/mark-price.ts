import { INTERVALS, SECOND_US, type Interval } from './calendar.js';
import { KlineSeries, type Kline } from './klines.js';

/** Seconds over which the mean basis of the mark price is taken. */
const BASIS_SECONDS = 60;
const FUNDING_INTERVAL_US = 28_800e6;
const SAMPLES_KEPT = 1600;
/** Prices and premiums are kept in candles as whole numbers of this. */
export const PRICE_UNIT = 1e-8;
/** How often the mark price is made. */
export const MARK_INTERVAL_US = SECOND_US;

/**
 * Mark price of one perpetual, made every second: the median of the index moved by the funding that is left, the index plus the mean basis,
 * and the last price ("What is the mark price", Binance support). Prices are decimals.
 */
export class MarkPrice {
  mark = 0;
  index = 0;
  /** Share of the index that the perpetual's mid is above it. */
  premium = 0;
  readonly markKlines = series();
  readonly indexKlines = series();
  readonly premiumKlines = series();
  #basis = 0;

  /** Begins mark and index at a price, after the past of the contract's own candles, the open ones too; `tick` is the decimal value of their tick. */
  begin(nowUs: number, price: number, tick: number, contract: Readonly<Record<Interval, KlineSeries>>): void {
    const units = (ticks: number): number => Math.round((ticks * tick) / PRICE_UNIT);
    const inUnits = (kline: Readonly<Kline>): Kline => ({ ...kline, open: units(kline.open), high: units(kline.high), low: units(kline.low), close: units(kline.close) });
    for (const interval of INTERVALS) {
      const { current } = contract[interval];
      const head = current === null || current.trades === 0 ? null : inUnits(current);
      const makePast = (): readonly Readonly<Kline>[] => contract[interval].earlier().map(inUnits);
      for (const klines of [this.markKlines, this.indexKlines]) klines[interval].begin(nowUs, Math.round(price / PRICE_UNIT), makePast, head);
    }
  }

  /** One second's sample: index, mid and last price of the perpetual (0 = no trade yet), the last funding rate and when the next one is due. */
  sample(nowUs: number, index: number, mid: number, last: number, fundingRate: number, nextFundingUs: number): void {
    this.index = index;
    const basis = mid - index;
    this.#basis = this.mark === 0 ? basis : this.#basis + (basis - this.#basis) / BASIS_SECONDS;
    const left = Math.max(0, nextFundingUs - nowUs) / FUNDING_INTERVAL_US;
    this.mark = median(index * (1 + fundingRate * left), index + this.#basis, last === 0 ? mid : last);
    this.premium = basis / index;
    for (const interval of INTERVALS) {
      this.markKlines[interval].sample(nowUs, Math.round(this.mark / PRICE_UNIT));
      this.indexKlines[interval].sample(nowUs, Math.round(index / PRICE_UNIT));
      this.premiumKlines[interval].sample(nowUs, Math.round(this.premium / PRICE_UNIT));
    }
  }
}

function series(): Readonly<Record<Interval, KlineSeries>> {
  return Object.fromEntries(INTERVALS.map((interval) => [interval, new KlineSeries(interval, SAMPLES_KEPT)])) as Record<Interval, KlineSeries>;
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
