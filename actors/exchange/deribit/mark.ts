/**
 * Mark price and funding of one perpetual. Mark = index + 30 s exponential mean of (fair price − index), kept within 0.5 % of the
 * index. Funding is continuous: premium = mark ÷ index − 1; rate of 8 h = max(0.025 %, premium) + min(−0.025 %, premium), kept
 * within ±0.5 %. Source: Deribit, "Inverse Perpetual, contract specifications: mark price, funding rate".
 */
import { exp } from '../../math/elementary.js';

const MEAN_US = 30e6;
const MARK_BAND = 0.005;
const DAMPENER = 0.00025;
const CAP = 0.005;
export const FUNDING_PERIOD_US = 8 * 3600e6;
const HOUR_US = 3600e6;
/** A month of hours. */
const MOST_HOURS = 744;

export interface FundingHour {
  /** End of the hour. */
  readonly timestamp: number;
  readonly index_price: number;
  readonly prev_index_price: number;
  /** Interest of the hour and of the eight hours until its end, as shares. */
  readonly interest_1h: number;
  readonly interest_8h: number;
}

export class MarkAndFunding {
  index: number;
  mark: number;
  /** Rate of 8 h as it stands. */
  rate = 0;
  /** Share that has accrued since the venue opened: a long position pays the difference between two readings. */
  accrued = 0;
  readonly hours: FundingHour[] = [];

  #basis = 0;
  #atUs: number;
  #hourUs: number;
  #hourIndex: number;
  #hourAccrued = 0;

  constructor(index: number, nowUs: number) {
    this.index = this.mark = this.#hourIndex = index;
    this.#atUs = nowUs;
    this.#hourUs = (Math.floor(nowUs / HOUR_US) + 1) * HOUR_US;
  }

  /** Takes a new look at index and book; `fair` is 0 when a side is empty. Answers the share accrued since the last look. */
  update(nowUs: number, index: number, fair: number): number {
    const elapsed = nowUs - this.#atUs;
    if (elapsed < 0) return 0;
    const accrued = (this.rate * elapsed) / FUNDING_PERIOD_US;
    this.#atUs = nowUs;
    this.accrued += accrued;
    this.index = index;
    if (fair > 0) this.#basis += (fair - index - this.#basis) * (1 - exp(-elapsed / MEAN_US));
    const band = index * MARK_BAND;
    this.mark = index + Math.max(-band, Math.min(band, this.#basis));
    const premium = this.mark / index - 1;
    this.rate = Math.max(-CAP, Math.min(CAP, Math.max(DAMPENER, premium) + Math.min(-DAMPENER, premium)));
    while (nowUs >= this.#hourUs) this.#endHour();
    return accrued;
  }

  /** Interest accrued over [startMs, endMs] by whole hours. */
  between(startMs: number, endMs: number): number {
    let sum = 0;
    for (const hour of this.hours) if (hour.timestamp > startMs && hour.timestamp <= endMs) sum += hour.interest_1h;
    return sum;
  }

  #endHour(): void {
    const interest = this.accrued - this.#hourAccrued;
    let eight = interest;
    for (const hour of this.hours.slice(-7)) eight += hour.interest_1h;
    this.hours.push({ timestamp: this.#hourUs / 1000, index_price: this.index, prev_index_price: this.#hourIndex, interest_1h: interest, interest_8h: eight });
    if (this.hours.length > MOST_HOURS) this.hours.shift();
    this.#hourIndex = this.index;
    this.#hourAccrued = this.accrued;
    this.#hourUs += HOUR_US;
  }
}
