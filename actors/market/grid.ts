/**
 * The one-second grid of one symbol (FORMULAS 4.0) and the indicators that live on it: volatility (4.2.1),
 * acceleration (4.2.2), volume delta (4.2.5), message velocity (4.2.6), the lagged baseline of the spread (4.2.4),
 * the violent range (4.4) and the latency (4.6).
 *
 * Baselines are lagged: the sample of second k enters only `lag` seconds later, so that a baseline always ends
 * `baselineLagSeconds` before the current window begins; while frozen nothing enters or leaves.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import { log } from '../math/elementary.js';
import { SortedWindow, SumWindow, medianInPlace } from './windows.js';

/** Seconds of history kept: longer than any current window plus lag (60 + 20). */
const HISTORY = 128;
const LATENCY_SAMPLES = 256;

export class Grid {
  private readonly params: IndicatorParams;

  // Running second.
  /** Grid price in ticks, as last set; 0 = none yet. */
  price = 0;
  /** A quote, a trade or a book message came in this second. */
  event = false;
  /** Raw events of 4.2.6. */
  events = 0;
  /** Extremes of the price in the running second; 0 = not set. */
  private high = 0;
  private low = 0;

  // Closed seconds.
  private previous = 0;
  private silentSeconds = 0;
  /** The last closed second ended a silence longer than the price is carried. */
  silent = true;
  private readonly returns2 = new Float64Array(HISTORY).fill(NaN);
  private readonly prices = new Float64Array(HISTORY);
  private readonly deltas = new Float64Array(HISTORY);
  private readonly deltaSums = new Float64Array(HISTORY).fill(NaN);
  private readonly velocities = new Float64Array(HISTORY).fill(NaN);
  private readonly spreads = new Float64Array(HISTORY).fill(NaN);
  private readonly highs = new Float64Array(HISTORY);
  private readonly lows = new Float64Array(HISTORY);

  readonly varianceBase: SumWindow;
  readonly deltaBase: SortedWindow;
  readonly velocityBase: SortedWindow;
  readonly spreadBase: SortedWindow;

  /** Valid returns since the start or the last re-baseline. */
  validSamples = 0;
  warm = false;
  frozen = false;

  // The indicators as of the last closed second; NaN = abstains.
  volatilityRatio = NaN;
  volatilityNow = NaN;
  /** Sigma of the lagged baseline, floored; NaN below its least samples. */
  volatilityBase = NaN;
  acceleration = NaN;
  volumeDeltaZ = NaN;
  velocityRatio = NaN;
  eventsPerSecond = 0;
  latencyMs = NaN;
  /** Lagged median of the relative spread, NaN below the least samples. */
  spreadMedian = NaN;
  /** Range over the closed part of the violent window, to which the running second is added. */
  private closedHigh = 0;
  private closedLow = 0;
  violentRange = 0;

  private readonly latencies = new Float64Array(LATENCY_SAMPLES);
  private latencyCount = 0;
  private latencyStride = 1;
  private latencySkip = 0;

  constructor(params: IndicatorParams) {
    this.params = params;
    this.varianceBase = new SumWindow(params.baselineSeconds);
    this.deltaBase = new SortedWindow(params.baselineSeconds);
    this.velocityBase = new SortedWindow(params.baselineSeconds);
    this.spreadBase = new SortedWindow(params.baselineSeconds);
  }

  /** The price was confirmed or changed (the field `price` is set by the owner). */
  touch(): void {
    const p = this.price;
    this.event = true;
    if (p === 0) return;
    if (this.high === 0) {
      this.high = p;
      this.low = p;
    } else if (p > this.high) this.high = p;
    else if (p < this.low) this.low = p;
    else return;
    const high = this.closedHigh > this.high ? this.closedHigh : this.high;
    const low = this.closedLow > 0 && this.closedLow < this.low ? this.closedLow : this.low;
    this.violentRange = (high - low) / low;
  }

  /** One latency sample, receive minus exchange stamp in µs, from F[recv] and F[exch]. */
  latency(F: Float64Array, recv: number, exch: number): void {
    if (this.latencySkip > 0) {
      this.latencySkip -= 1;
      return;
    }
    if (this.latencyCount === LATENCY_SAMPLES) {
      // Full: keep every other sample and take half as many from here on.
      for (let i = 0; i < LATENCY_SAMPLES / 2; i += 1) this.latencies[i] = this.latencies[2 * i];
      this.latencyCount = LATENCY_SAMPLES / 2;
      this.latencyStride *= 2;
    }
    this.latencies[this.latencyCount] = F[recv] - F[exch];
    this.latencyCount += 1;
    this.latencySkip = this.latencyStride - 1;
  }

  /** A hole in the data: no return, acceleration or current window may reach across it. */
  cut(): void {
    this.previous = 0;
    this.returns2.fill(NaN);
  }

  /** Empties the baselines; they fill anew, frozen or not, until warm again (T7). */
  rebaseline(): void {
    this.varianceBase.clear();
    this.deltaBase.clear();
    this.velocityBase.clear();
    this.spreadBase.clear();
    this.validSamples = 0;
    this.warm = false;
  }

  /**
   * Closes `second`. `delta` (lots) is the signed volume of the second in D[0]; `spread` the relative spread in
   * D[1], NaN without quotes; D[2] a floor of the spread's median.
   */
  endSecond(second: number, D: Float64Array): void {
    const { params } = this;
    const h = second % HISTORY;
    const priced = this.price > 0;
    let valid = priced && this.previous > 0;
    if (this.event) {
      if (this.silentSeconds > params.maxSilenceSeconds) valid = false;
      this.silentSeconds = 0;
    } else {
      this.silentSeconds += 1;
      if (this.silentSeconds > params.maxSilenceSeconds) valid = false;
    }
    const sampled = this.silentSeconds <= params.maxSilenceSeconds;

    this.silent = !sampled;

    const r = valid ? log(this.price / this.previous) : NaN;
    this.returns2[h] = r * r;
    this.prices[h] = valid || (priced && this.event) ? this.price : 0;
    this.deltas[h] = D[0];
    this.velocities[h] = sampled ? this.events : NaN;
    this.spreads[h] = sampled ? D[1] : NaN;
    this.highs[h] = this.high;
    this.lows[h] = this.low;
    this.previous = this.price;
    if (valid) this.validSamples += 1;

    let sum = 0;
    for (let back = 0; back < params.volumeDeltaWindowSeconds; back += 1) sum += this.deltas[(h + HISTORY - back) % HISTORY];
    this.deltaSums[h] = sampled ? sum : NaN;

    if (!this.frozen || !this.warm) this.extendBaselines(h);
    this.warm = this.validSamples >= params.warmupSamples;

    this.volatility(h);
    this.accelerate(h);
    this.deltaScore(sum, sampled);
    this.velocity();
    this.spreadMedian = this.spreadBase.count >= params.baselineMinSamples ? Math.max(this.spreadBase.median(), D[2]) : NaN;
    this.range(h);
    this.latencyMedian();

    this.event = false;
    this.events = 0;
  }

  private extendBaselines(h: number): void {
    const { params } = this;
    const g = params.baselineLagSeconds;
    this.varianceBase.push(this.returns2, (h + HISTORY - params.volatilityWindowSeconds - g) % HISTORY);
    this.deltaBase.push(this.deltaSums, (h + HISTORY - params.volumeDeltaWindowSeconds - g) % HISTORY);
    this.velocityBase.push(this.velocities, (h + HISTORY - 1 - g) % HISTORY);
    this.spreadBase.push(this.spreads, (h + HISTORY - g) % HISTORY);
  }

  private volatility(h: number): void {
    const { params } = this;
    let sum = 0;
    let n = 0;
    for (let back = 0; back < params.volatilityWindowSeconds; back += 1) {
      const r2 = this.returns2[(h + HISTORY - back) % HISTORY];
      if (r2 === r2) {
        sum += r2;
        n += 1;
      }
    }
    const base = this.varianceBase;
    if (!this.warm || base.count < params.baselineMinSamples) this.volatilityBase = NaN;
    else {
      const halfTick = 1 / (2 * this.price);
      const floor = halfTick > params.volatilityFloorPerSecond ? halfTick : params.volatilityFloorPerSecond;
      const sigma = base.sum > 0 ? Math.sqrt(base.sum / base.count) : 0;
      this.volatilityBase = sigma > floor ? sigma : floor;
    }
    this.volatilityNow = n < params.volatilityMinSamples || this.volatilityBase !== this.volatilityBase ? NaN : Math.sqrt(sum / n);
    this.volatilityRatio = this.volatilityNow / this.volatilityBase;
  }

  private accelerate(h: number): void {
    const p0 = this.prices[h];
    const p1 = this.prices[(h + HISTORY - 1) % HISTORY];
    const p2 = this.prices[(h + HISTORY - 2) % HISTORY];
    const whole = this.returns2[h] >= 0 && this.returns2[(h + HISTORY - 1) % HISTORY] >= 0;
    // Without a baseline its noise is unknown: it abstains.
    this.acceleration = whole && this.volatilityBase > 0 ? (p0 - 2 * p1 + p2) / p1 : NaN;
  }

  private deltaScore(sum: number, sampled: boolean): void {
    const base = this.deltaBase;
    if (!this.warm || !sampled || base.count < this.params.baselineMinSamples) {
      this.volumeDeltaZ = NaN;
      return;
    }
    const spread = 1.4826 * base.mad();
    const scale = spread > 0 ? spread : base.deviation();
    this.volumeDeltaZ = scale > 0 ? (sum - base.median()) / scale : 0;
  }

  private velocity(): void {
    const base = this.velocityBase;
    this.eventsPerSecond = this.events;
    if (!this.warm || base.count < this.params.baselineMinSamples) {
      this.velocityRatio = NaN;
      return;
    }
    const median = base.median();
    const floor = this.params.velocityMedianFloorPerSecond;
    this.velocityRatio = this.events / (median > floor ? median : floor);
  }

  /** Highest and lowest price of the closed seconds that the window will still hold in the next one. */
  private range(h: number): void {
    let high = 0;
    let low = 0;
    for (let back = 0; back < this.params.violentWindowSeconds - 1; back += 1) {
      const i = (h + HISTORY - back) % HISTORY;
      if (this.highs[i] > high) high = this.highs[i];
      if (this.lows[i] > 0 && (low === 0 || this.lows[i] < low)) low = this.lows[i];
    }
    // The price that stands goes on into the next second.
    if (this.price > high) high = this.price;
    if (this.price > 0 && (low === 0 || this.price < low)) low = this.price;
    this.closedHigh = high;
    this.closedLow = low;
    this.high = 0;
    this.low = 0;
    this.violentRange = low > 0 ? (high - low) / low : 0;
  }

  private latencyMedian(): void {
    if (this.latencyCount > 0) this.latencyMs = medianInPlace(this.latencies, this.latencyCount) / 1000 + this.params.clockOffsetMs;
    this.latencyCount = 0;
    this.latencyStride = 1;
    this.latencySkip = 0;
  }
}
