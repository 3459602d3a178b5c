import type { IndicatorParams } from '../../../config/indicators.js';
import type { Level, TradeEvent } from './events.js';
import { mad, mean, median, regression, sum, type Line } from './statistics.js';

interface SignedTrade extends TradeEvent {
  readonly sign: number;
  readonly notional: number;
  /** Mid at the trade; 0 without quotes. */
  readonly mid: number;
  midLater?: number;
}

interface Bucket {
  buy: number;
  sell: number;
}

/** Trades kept: the last minute, and those that wait for the mid after them. */
const KEPT_MS = 70_000;
const CVD_SECONDS = 900;
const NO_LINE: Line = { slope: Number.NaN, t: Number.NaN, rSquared: Number.NaN };

/** The base quantities of order flow, from windows of trade objects. */
export class OrderFlow {
  trades: SignedTrade[] = [];
  cvd = { session: 0, oneMinute: 0, fiveMinutes: 0, fifteenMinutes: 0 };
  effectiveSpread = Number.NaN;
  realisedSpread = Number.NaN;
  kyle: Line = NO_LINE;
  kyleZ = Number.NaN;
  ofiImpact: Line = NO_LINE;
  hasbrouck = Number.NaN;
  amihud = Number.NaN;
  vpin = Number.NaN;
  #ofi = 0;
  #deltas: number[] = [];
  #signedRoot = 0;
  #notional = 0;
  #impacts: { x: number; y: number }[] = [];
  #kylePoints: { x: number; y: number }[] = [];
  #lambdas: number[] = [];
  #hasbrouckPoints: { x: number; y: number }[] = [];
  #amihuds: number[] = [];
  #buckets: Bucket[] = [];
  #lots = 0;
  #seconds = 0;
  #prices: { time: number; price: number }[] = [];
  readonly #params: IndicatorParams;

  constructor(params: IndicatorParams) {
    this.#params = params;
  }

  trade(event: TradeEvent, mid: number): void {
    const sign = event.side === 'buy' ? 1 : -1;
    this.trades.push({ ...event, sign, notional: event.price * event.quantity, mid });
    this.#lots += event.quantity;
    this.#fillBucket(event);
  }

  quotes([bid, bidQuantity]: Level, [ask, askQuantity]: Level, [nextBid, nextBidQuantity]: Level, [nextAsk, nextAskQuantity]: Level): void {
    this.#ofi += (nextBid >= bid ? nextBidQuantity : 0) - (nextBid <= bid ? bidQuantity : 0) - (nextAsk <= ask ? nextAskQuantity : 0) + (nextAsk >= ask ? askQuantity : 0);
  }

  /** Signed volume of the trades of the last `ms` before `end`. */
  delta(end: number, ms: number): number {
    return sum(this.trades.filter(({ time }) => time >= end - ms && time < end).map(({ sign, quantity }) => sign * quantity));
  }

  endSecond(end: number, price: number, mid: number): void {
    const params = this.#params;
    this.#seconds += 1;
    this.trades = this.trades.filter(({ time }) => time >= end - KEPT_MS);
    const trades = this.trades.filter(({ time }) => time >= end - 1000 && time < end);
    const delta = sum(trades.map(({ sign, quantity }) => sign * quantity));
    this.#deltas = [...this.#deltas, delta].slice(-CVD_SECONDS);
    this.#signedRoot += sum(trades.map(({ sign, notional }) => sign * Math.sqrt(notional)));
    this.#notional += sum(trades.map(({ notional }) => notional));
    this.cvd = {
      session: (end % 86_400_000 === 1000 ? 0 : this.cvd.session) + delta,
      oneMinute: sum(this.#deltas.slice(-60)), fiveMinutes: sum(this.#deltas.slice(-300)), fifteenMinutes: sum(this.#deltas),
    };

    const lastMinute = this.trades.filter(({ time }) => time >= end - 60_000);
    const realised = params.realisedSpreadSeconds * 1000;
    for (const trade of lastMinute.filter(({ time }) => time >= end - realised - 1000 && time < end - realised)) trade.midLater = mid;
    this.effectiveSpread = mean(lastMinute.filter((trade) => trade.mid > 0).map((trade) => (2 * trade.sign * (trade.price - trade.mid)) / trade.mid));
    this.realisedSpread = mean(
      lastMinute.filter((trade) => trade.mid > 0 && trade.midLater !== undefined && trade.midLater > 0)
        .map((trade) => (2 * trade.sign * (trade.price - (trade.midLater ?? 0))) / trade.mid),
    );

    const before = (ms: number): number => this.#prices.find(({ time }) => time === end - ms)?.price ?? 0;
    this.#impacts = [...this.#impacts, { x: this.#ofi, y: before(1000) > 0 ? price - before(1000) : Number.NaN }].slice(-60);
    this.#ofi = 0;
    if (end % (params.kyleIntervalSeconds * 1000) === 0) {
      const ms = params.kyleIntervalSeconds * 1000;
      const signed = sum(this.trades.filter(({ time }) => time >= end - ms).map(({ sign, notional }) => sign * notional));
      this.#kylePoints = [...this.#kylePoints, { x: signed, y: Math.log(price / before(ms)) }].slice(-params.kyleIntervals);
      this.kyle = this.#kylePoints.length >= params.kyleMinIntervals ? regression(this.#kylePoints) : NO_LINE;
      this.#lambdas = [...this.#lambdas, this.kyle.slope].slice(-420);
      const history = this.#lambdas.slice(0, -params.kyleIntervals).filter(Number.isFinite);
      this.kyleZ = (this.kyle.slope - median(history)) / (1.4826 * mad(history));
    }
    if (end % (params.hasbrouckIntervalSeconds * 1000) === 0) {
      const ms = params.hasbrouckIntervalSeconds * 1000;
      this.#hasbrouckPoints = [...this.#hasbrouckPoints, { x: this.#signedRoot, y: Math.log(price / before(ms)) }].slice(-params.hasbrouckIntervals);
      const usable = this.#hasbrouckPoints.filter(({ y }) => Number.isFinite(y));
      this.#signedRoot = 0;
      this.hasbrouck = sum(usable.map(({ x, y }) => x * y)) / sum(usable.map(({ x }) => x * x));
    }
    if (end % (params.amihudIntervalSeconds * 1000) === 0) {
      const ms = params.amihudIntervalSeconds * 1000;
      this.#amihuds = [...this.#amihuds, Math.abs(Math.log(price / before(ms))) / this.#notional].slice(-params.amihudIntervals);
      this.#notional = 0;
      this.amihud = mean(this.#amihuds.filter(Number.isFinite));
    }
    this.#prices = [...this.#prices, { time: end, price }].slice(-(params.hasbrouckIntervalSeconds + 1));
  }

  #fillBucket({ side, quantity }: TradeEvent): void {
    const { vpinCalibrationSeconds, vpinBuckets } = this.#params;
    if (this.#seconds < vpinCalibrationSeconds) return;
    const size = (this.#lots / this.#seconds) * (86_400 / 50);
    let bucket = this.#buckets.at(-1);
    if (bucket === undefined || bucket.buy + bucket.sell >= size) {
      bucket = { buy: 0, sell: 0 };
      this.#buckets = [...this.#buckets, bucket].slice(-vpinBuckets - 1);
      const full = this.#buckets.slice(0, -1);
      if (full.length >= vpinBuckets) this.vpin = sum(full.map(({ buy, sell }) => Math.abs(buy - sell))) / sum(full.map(({ buy, sell }) => buy + sell));
    }
    bucket[side] += quantity;
  }
}
