/**
 * Order flow of one symbol: the base quantities of FORMULAS 4.1 that trades and quotes feed. Monitors, not
 * triggers: nothing here votes. Quantities in lots, notional in quote units, prices in ticks.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import { log } from '../math/elementary.js';
import { Regression } from './regression.js';
import { SortedWindow, SumWindow } from './windows.js';

const CVD_SECONDS = 900;
const SPREAD_WINDOW_SECONDS = 60;
const LAMBDA_HISTORY = 360;
const DAY_SECONDS = 86_400;

export class Flow {
  private readonly params: IndicatorParams;
  /** Quote units of one lot: price·perTick + flat (flat for inverse contracts). */
  private readonly perTick: number;
  private readonly flat: number;

  /** Mid in ticks when there are quotes, else 0; kept by the owner. */
  mid = 0;
  /** 1 / mid, while there is one. */
  perMid = 0;

  // Running second.
  /** Σ d·q, Σ q. */
  delta = 0;
  volume = 0;
  /** Cont–Kukanov–Stoikov order flow imbalance of best quotes, lots; the owner adds each change of quotes. */
  ofi = 0;
  ofiTotal = 0;
  private signedNotional = 0;
  private notional = 0;
  private signedRoot = 0;
  private effective = 0;
  private effectiveTrades = 0;
  private signedPriceOverMid = 0;
  private signOverMid = 0;

  // Cumulative volume delta: since the start of the UTC day, and over 1, 5, 15 minutes.
  cvdSession = 0;
  private day = 0;
  cvd1m = 0;
  cvd5m = 0;
  cvd15m = 0;
  private readonly deltas = new Float64Array(CVD_SECONDS);
  /** Delta over volume of the last second, NaN without trades. */
  deltaShare = NaN;

  // Spreads paid, relative, mean of the trades of the last minute.
  private readonly effectiveSum = new SumWindow(SPREAD_WINDOW_SECONDS);
  private readonly effectiveCount = new SumWindow(SPREAD_WINDOW_SECONDS);
  private readonly realisedSum = new SumWindow(SPREAD_WINDOW_SECONDS);
  private readonly realisedCount = new SumWindow(SPREAD_WINDOW_SECONDS);
  private readonly laterPrice: Float64Array;
  private readonly laterSign: Float64Array;
  private readonly laterCount: Float64Array;
  private readonly slot = new Float64Array(1);

  readonly kyle: Regression;
  /** z of Kyle's lambda against its own history one fitting window ago. */
  kyleZ = NaN;
  private readonly lambdaLag: Float64Array;
  private readonly lambdaHistory = new SortedWindow(LAMBDA_HISTORY);
  private kyleIntervalsSeen = 0;
  private kyleX = 0;
  private kylePrice = 0;

  /** Price change on order flow imbalance, per second over a minute (ticks per lot), fitted every minute. */
  readonly ofiImpact = new Regression(60);
  private ofiPrice = 0;

  readonly hasbrouck: Regression;
  private hasbrouckX = 0;
  private hasbrouckPrice = 0;

  /** Mean of |return| over quote volume. */
  amihud = NaN;
  private readonly amihudWindow: SumWindow;
  private amihudVolume = 0;
  private amihudPrice = 0;

  // VPIN by true aggressor.
  vpin = NaN;
  vpinBucketLots: number;
  vpinBucketsSeen = 0;
  private readonly vpinImbalance: Float64Array;
  private readonly vpinVolume: Float64Array;
  private bucketBuy = 0;
  private bucketSell = 0;
  private bucketSize: number;
  private seconds = 0;
  private totalLots = 0;

  constructor(params: IndicatorParams, perTick: number, flat: number) {
    this.params = params;
    this.perTick = perTick;
    this.flat = flat;
    this.kyle = new Regression(params.kyleIntervals);
    this.lambdaLag = new Float64Array(params.kyleIntervals).fill(NaN);
    this.hasbrouck = new Regression(params.hasbrouckIntervals);
    this.amihudWindow = new SumWindow(params.amihudIntervals);
    this.laterPrice = new Float64Array(params.realisedSpreadSeconds);
    this.laterSign = new Float64Array(params.realisedSpreadSeconds);
    this.laterCount = new Float64Array(params.realisedSpreadSeconds);
    this.vpinImbalance = new Float64Array(params.vpinBuckets);
    this.vpinVolume = new Float64Array(params.vpinBuckets);
    this.vpinBucketLots = params.vpinBucketLots;
    this.bucketSize = params.vpinBucketLots;
  }

  /** One trade: d = -1 when the taker sold, else +1 (4.1 "signed trade"). */
  trade(price: number, d: number, F: Float64Array, at: number): void {
    const q = F[at];
    const value = q * (price * this.perTick + this.flat);
    this.delta += d * q;
    this.volume += q;
    this.signedNotional += d * value;
    this.notional += value;
    this.signedRoot += d * Math.sqrt(value);
    if (this.mid > 0) {
      this.effective += 2 * d * (price - this.mid) * this.perMid;
      this.effectiveTrades += 1;
      this.signedPriceOverMid += d * price * this.perMid;
      this.signOverMid += d * this.perMid;
    }
    if (this.bucketSize > 0) {
      if (d > 0) this.bucketBuy += q;
      else this.bucketSell += q;
      if (this.bucketBuy + this.bucketSell >= this.bucketSize) this.fillBuckets(d);
    }
  }

  /** Ends `second`; `price` is the grid price in ticks, 0 when there is none or the symbol has been silent. */
  endSecond(second: number, price: number): void {
    const { params } = this;
    this.seconds += 1;
    this.totalLots += this.volume;
    this.deltaShare = this.volume > 0 ? this.delta / this.volume : NaN;

    const day = Math.floor(second / DAY_SECONDS);
    if (day !== this.day) {
      this.day = day;
      this.cvdSession = 0;
    }
    this.cvdSession += this.delta;
    const at = second % CVD_SECONDS;
    this.cvd15m += this.delta - this.deltas[at];
    this.deltas[at] = this.delta;
    this.cvd5m += this.delta - this.deltas[(second + CVD_SECONDS - 300) % CVD_SECONDS];
    this.cvd1m += this.delta - this.deltas[(second + CVD_SECONDS - 60) % CVD_SECONDS];

    this.spreads(second);

    // The impact of this second's imbalance on this second's price (half ticks are kept).
    if (price > 0 && this.ofiPrice > 0) this.ofiImpact.push(this.ofi, price - this.ofiPrice);
    this.ofiPrice = price;
    if ((second + 1) % 60 === 0) this.ofiImpact.fit(30);

    this.kyleX += this.signedNotional;
    if ((second + 1) % params.kyleIntervalSeconds === 0) this.endKyle(price);
    this.hasbrouckX += this.signedRoot;
    if ((second + 1) % params.hasbrouckIntervalSeconds === 0) {
      if (price > 0 && this.hasbrouckPrice > 0) {
        this.hasbrouck.push(this.hasbrouckX, log(price / this.hasbrouckPrice));
        this.hasbrouck.fitThroughOrigin(3);
      }
      this.hasbrouckX = 0;
      this.hasbrouckPrice = price;
    }
    this.amihudVolume += this.notional;
    if ((second + 1) % params.amihudIntervalSeconds === 0) {
      const usable = price > 0 && this.amihudPrice > 0 && this.amihudVolume > 0;
      this.slot[0] = usable ? Math.abs(log(price / this.amihudPrice)) / this.amihudVolume : NaN;
      this.amihudWindow.push(this.slot, 0);
      this.amihud = this.amihudWindow.count > 0 ? this.amihudWindow.sum / this.amihudWindow.count : NaN;
      this.amihudVolume = 0;
      this.amihudPrice = price;
    }
    if (params.vpinBucketLots === 0) this.sizeBuckets();

    this.delta = 0;
    this.volume = 0;
    this.ofi = 0;
    this.signedNotional = 0;
    this.notional = 0;
    this.signedRoot = 0;
  }

  /** Mean relative effective spread 2·d·(p − m)/m over the last minute's trades. */
  get effectiveSpread(): number {
    return this.effectiveCount.sum > 0 ? this.effectiveSum.sum / this.effectiveCount.sum : NaN;
  }

  /** Mean relative realised spread 2·d·(p − m later)/m over the trades of a minute, `realisedSpreadSeconds` ago. */
  get realisedSpread(): number {
    return this.realisedCount.sum > 0 ? this.realisedSum.sum / this.realisedCount.sum : NaN;
  }

  private spreads(second: number): void {
    this.slot[0] = this.effective;
    this.effectiveSum.push(this.slot, 0);
    this.slot[0] = this.effectiveTrades;
    this.effectiveCount.push(this.slot, 0);
    // Trades of `realisedSpreadSeconds` ago meet the mid of now.
    const at = second % this.laterPrice.length;
    const usable = this.mid > 0 ? 1 : 0;
    this.slot[0] = usable * 2 * (this.laterPrice[at] - this.mid * this.laterSign[at]);
    this.realisedSum.push(this.slot, 0);
    this.slot[0] = usable * this.laterCount[at];
    this.realisedCount.push(this.slot, 0);
    this.laterPrice[at] = this.signedPriceOverMid;
    this.laterSign[at] = this.signOverMid;
    this.laterCount[at] = this.effectiveTrades;
    this.effective = 0;
    this.effectiveTrades = 0;
    this.signedPriceOverMid = 0;
    this.signOverMid = 0;
  }

  private endKyle(price: number): void {
    const { params } = this;
    if (price > 0 && this.kylePrice > 0) this.kyle.push(this.kyleX, log(price / this.kylePrice));
    else this.kyle.push(NaN, NaN);
    this.kyle.fit(params.kyleMinIntervals);
    const at = this.kyleIntervalsSeen % this.lambdaLag.length;
    this.lambdaHistory.push(this.lambdaLag, at);
    this.lambdaLag[at] = this.kyle.slope;
    this.kyleIntervalsSeen += 1;
    const spread = 1.4826 * this.lambdaHistory.mad();
    this.kyleZ = this.lambdaHistory.count >= params.kyleMinIntervals && spread > 0
      ? (this.kyle.slope - this.lambdaHistory.median()) / spread : NaN;
    this.kyleX = 0;
    this.kylePrice = price;
  }

  /** A bucket holds a fiftieth of a day's volume at the mean rate so far; an open bucket keeps its size. */
  private sizeBuckets(): void {
    if (this.seconds < this.params.vpinCalibrationSeconds || this.totalLots === 0) return;
    this.vpinBucketLots = (this.totalLots / this.seconds) * (DAY_SECONDS / 50);
    if (this.bucketSize === 0) this.bucketSize = this.vpinBucketLots;
  }

  /** Closes full buckets; the last trade (of side d) is split at each edge. */
  private fillBuckets(d: number): void {
    const n = this.vpinImbalance.length;
    let over = this.bucketBuy + this.bucketSell - this.bucketSize;
    if (d > 0) this.bucketBuy -= over;
    else this.bucketSell -= over;
    this.closeBucket(this.bucketBuy - this.bucketSell);
    // What one trade fills alone is one-sided; more than n such buckets would only replace each other.
    const whole = Math.floor(over / this.bucketSize);
    const shown = whole < n ? whole : n;
    const size = this.bucketSize;
    over -= whole * size;
    for (let i = 0; i < shown; i += 1) this.closeBucket(size);
    this.vpinBucketsSeen += whole - shown;
    this.bucketBuy = d > 0 ? over : 0;
    this.bucketSell = d > 0 ? 0 : over;
    if (this.vpinBucketsSeen >= n) {
      let imbalance = 0;
      let volume = 0;
      for (let i = 0; i < n; i += 1) {
        imbalance += this.vpinImbalance[i];
        volume += this.vpinVolume[i];
      }
      this.vpin = imbalance / volume;
    }
    this.bucketSize = this.vpinBucketLots;
  }

  private closeBucket(imbalance: number): void {
    const at = this.vpinBucketsSeen % this.vpinImbalance.length;
    this.vpinImbalance[at] = Math.abs(imbalance);
    this.vpinVolume[at] = this.bucketSize;
    this.vpinBucketsSeen += 1;
  }
}
