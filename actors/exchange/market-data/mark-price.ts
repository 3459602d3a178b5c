import { SECOND_US, HOUR_US } from './calendar.js';
import { KlineSeries } from './klines.js';
import { INTERVALS, type Interval } from './calendar.js';

export const FUNDING_INTERVAL_US = 8 * HOUR_US;
/** Interest of a funding interval: 0.01 %. */
const INTEREST = 0.0001;
/** The premium moves the rate beyond the interest only by what exceeds this. */
const DAMPER = 0.0005;
/** Most and least rate of a funding interval. */
const RATE_CAP = 0.02;
/** Length of the moving average of the basis in the mark price. */
const BASIS_SECONDS = 60;

/** A funding that has happened. */
export interface FundingEvent {
  readonly atUs: number;
  readonly rate: number;
  readonly markPrice: number;
}

const FUNDINGS_KEPT = 1000;
const SAMPLES_KEPT = 1600;
/** Prices are kept in candles as whole numbers of this. */
export const PRICE_UNIT = 1e-8;

/**
 * Mark and index price and funding rate of one perpetual, sampled every second. Mark = median of the index moved by the funding that is
 * left, the index plus the mean basis, and the last price ("Mark Price and Price Index", Binance support). Rate = mean premium since the last
 * funding + clamp(interest - premium, ±0.05 %), the mean weighted towards its end as the venue weights it. Prices are decimals.
 */
export class MarkPrice {
  mark = 0;
  index = 0;
  /** Rate as it would be if funding were now. */
  rate = INTEREST;
  nextFundingUs: number;
  readonly fundings: FundingEvent[] = [];
  readonly markKlines = series();
  readonly indexKlines = series();
  readonly premiumKlines = series();
  #basis = 0;
  #weightedPremium = 0;
  #weights = 0;
  #samples = 0;

  constructor(nowUs: number) {
    this.nextFundingUs = (Math.floor(nowUs / FUNDING_INTERVAL_US) + 1) * FUNDING_INTERVAL_US;
  }

  /** One second's sample: index, mid and last price of the perpetual, and what a standard order would get on its bids and asks. */
  sample(nowUs: number, index: number, mid: number, last: number, impactBid: number, impactAsk: number): void {
    this.index = index;
    const basis = mid - index;
    this.#basis = this.mark === 0 ? basis : this.#basis + (basis - this.#basis) / BASIS_SECONDS;
    const left = Math.max(0, this.nextFundingUs - nowUs) / FUNDING_INTERVAL_US;
    this.mark = median(index * (1 + this.rate * left), index + this.#basis, last === 0 ? mid : last);
    const premium = (Math.max(0, impactBid - index) - Math.max(0, index - impactAsk)) / index;
    this.#samples += 1;
    this.#weightedPremium += premium * this.#samples;
    this.#weights += this.#samples;
    const mean = this.#weightedPremium / this.#weights;
    this.rate = clamp(mean + clamp(INTEREST - mean, DAMPER), RATE_CAP);
    for (const interval of INTERVALS) {
      this.markKlines[interval].sample(nowUs, Math.round(this.mark / PRICE_UNIT));
      this.indexKlines[interval].sample(nowUs, Math.round(index / PRICE_UNIT));
      this.premiumKlines[interval].sample(nowUs, Math.round(premium / PRICE_UNIT));
    }
  }

  /** Whether funding is due; then the rate to apply, once. */
  takeFunding(nowUs: number): FundingEvent | null {
    if (nowUs < this.nextFundingUs) return null;
    const event = { atUs: this.nextFundingUs, rate: Math.round(this.rate * 1e8) / 1e8, markPrice: this.mark };
    this.fundings.push(event);
    if (this.fundings.length > FUNDINGS_KEPT) this.fundings.shift();
    this.nextFundingUs += FUNDING_INTERVAL_US;
    this.#weightedPremium = 0;
    this.#weights = 0;
    this.#samples = 0;
    return event;
  }
}

/** How often the mark price is made. */
export const MARK_INTERVAL_US = SECOND_US;

function series(): Readonly<Record<Interval, KlineSeries>> {
  return Object.fromEntries(INTERVALS.map((interval) => [interval, new KlineSeries(interval, SAMPLES_KEPT)])) as Record<Interval, KlineSeries>;
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
