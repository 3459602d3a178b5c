import { Indicator, type Features } from '../../../actors/market/index.js';
import type { IndicatorParams } from '../../../config/indicators.js';
import type { Instrument } from '../../../data/records/index.js';
import type { DepthEvent, Level, Stamps, TickerEvent, TradeEvent } from './events.js';
import { OrderFlow } from './flow.js';
import { OrderBook } from './order-book.js';
import { deviation, mad, median, sum } from './statistics.js';

/** One closed second of the grid. */
interface Second {
  readonly price: number;
  readonly return2: number;
  readonly delta: number;
  readonly events: number;
  readonly spread: number;
  readonly high: number;
  readonly low: number;
}

interface Candle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

interface WallSample {
  readonly time: number;
  readonly price: number;
  readonly quantity: number;
}

const notional = ([price, quantity]: Level): number => price * quantity;

/** The eight indicators, their latches and votes, and the order flow, over arrays of objects. */
export class Indicators {
  readonly book = new OrderBook();
  readonly flow: OrderFlow;
  time = 0;
  price = 0;
  warm = false;
  volatilityRatio = Number.NaN;
  volatilityNow = Number.NaN;
  acceleration = Number.NaN;
  obi = Number.NaN;
  spreadRatio = Number.NaN;
  volumeDeltaZ = Number.NaN;
  velocityRatio = Number.NaN;
  pattern = 0;
  violentRange = 0;
  latencyMs = Number.NaN;
  walls = 0;
  spoofs = 0;
  #bid: Level = [0, 0];
  #ask: Level = [0, 0];
  #quoteId = 0;
  #second = 0;
  #seconds: Second[] = [];
  /** The seconds that baselines are taken from while they are frozen. */
  #frozen: Second[] | undefined;
  #events = 0;
  #prices: number[] = [];
  #latencies: number[] = [];
  #tradesOfSecond: TradeEvent[] = [];
  #recentTrades: TradeEvent[] = [];
  #candles: Candle[] = [];
  #spreadMedian = Number.NaN;
  #wallSampledAt = 0;
  #wallSamples: Record<'bid' | 'ask', WallSample[]> = { bid: [], ask: [] };
  #latches = new Map<number, number>();
  readonly #params: IndicatorParams;
  readonly #tickSize: number;

  constructor(params: IndicatorParams, instrument: Instrument) {
    this.#params = params;
    this.#tickSize = Number(instrument.tickSize);
    this.flow = new OrderFlow(params);
  }

  freeze(on: boolean): void {
    this.#frozen = on ? [...this.#seconds] : undefined;
  }

  /** Moves to the event's time and closes the seconds before it. */
  advance({ time, receivedAt }: Stamps): void {
    if (time < this.time) return;
    this.#latencies.push(receivedAt - time);
    this.time = time;
    const second = Math.floor(time / 1000);
    if (this.#second === 0) this.#second = second;
    while (this.#second < second) {
      this.#endSecond((this.#second + 1) * 1000);
      this.#second += 1;
    }
  }

  trade(event: TradeEvent): void {
    this.#tradesOfSecond.push(event);
    this.#recentTrades.push(event);
    this.flow.trade(event, this.#mid);
    this.#events += 1;
    if (this.#mid === 0) this.price = event.price;
    this.#prices.push(this.price);
  }

  ticker({ bid, ask, updateId }: TickerEvent): void {
    this.#events += 1;
    if (updateId < this.#quoteId) return;
    this.#quoteId = updateId;
    this.#setQuotes(bid, ask);
  }

  depth(event: DepthEvent, snapshot: boolean): void {
    if (snapshot) this.book.snapshot(event);
    else if (!this.book.apply(event)) {
      this.obi = Number.NaN;
      this.#latches.clear();
      return;
    }
    this.#events += event.bids.length + event.asks.length;
    if (event.lastId >= this.#quoteId && this.book.bids.length > 0 && this.book.asks.length > 0) {
      this.#quoteId = event.lastId;
      this.#setQuotes(this.book.bids[0], this.book.asks[0]);
    }
    this.#judgeBook();
  }

  /** The indicators that fire or are still latched, as bits of `Indicator`. */
  get mask(): number {
    return [...this.#latches].filter(([, until]) => until >= this.time).reduce((mask, [bit]) => mask | bit, 0);
  }

  get votes(): { readonly votes: number; readonly voters: number; readonly need: number } {
    const { mask } = this;
    const voting: readonly (readonly [number, number])[] = [
      [Indicator.VOLATILITY, this.volatilityRatio], [Indicator.ACCELERATION, this.acceleration], [Indicator.OBI, this.warm ? this.obi : Number.NaN],
      [Indicator.SPREAD, this.spreadRatio], [Indicator.VOLUME_DELTA, this.volumeDeltaZ],
    ];
    const votes = voting.filter(([bit]) => (mask & bit) !== 0).length;
    const voters = voting.filter(([, value]) => !Number.isNaN(value)).length;
    const of5 = (mask & Indicator.VELOCITY) !== 0 ? this.#params.votesNeededInBurst : this.#params.votesNeeded;
    return { votes, voters, need: Math.max(this.#params.votesFloor, Math.ceil((of5 * voters) / 5)) };
  }

  get features(): Features {
    const depth = (levels: Level[]): number => sum(levels.slice(0, this.#params.depthLevels).map(notional));
    return {
      price: this.price / this.#tickSize, bestBidTicks: Math.round(this.#bid[0] / this.#tickSize), bestAskTicks: Math.round(this.#ask[0] / this.#tickSize),
      volatilityRatio: this.volatilityRatio, volatilityNow: this.volatilityNow, acceleration: this.acceleration, obi: this.obi,
      spreadRatio: this.spreadRatio, spreadBps: this.#spread * 10_000, volumeDeltaZ: this.volumeDeltaZ, velocityRatio: this.velocityRatio,
      eventsPerSecond: this.#seconds.at(-1)?.events ?? 0, pattern: this.pattern, depthBid: depth(this.book.bids), depthAsk: depth(this.book.asks),
      walls: this.walls, spoofs: this.spoofs, violentRange: this.violentRange, latencyMs: this.latencyMs,
    };
  }

  get #mid(): number {
    return this.#bid[0] > 0 && this.#ask[0] > 0 ? (this.#bid[0] + this.#ask[0]) / 2 : 0;
  }

  get #spread(): number {
    return this.#mid > 0 ? (this.#ask[0] - this.#bid[0]) / this.#mid : Number.NaN;
  }

  #setQuotes(bid: Level, ask: Level): void {
    if (this.#mid > 0) this.flow.quotes(this.#bid, this.#ask, bid, ask);
    this.#bid = bid;
    this.#ask = ask;
    if (this.#mid > 0) this.price = this.#mid;
    this.#prices.push(this.price);
    this.spreadRatio = this.warm ? this.#spread / this.#spreadMedian : Number.NaN;
    if (this.spreadRatio > this.#params.spreadMultiplier && this.#spread * 10_000 >= this.#params.spreadGateBps) this.#latch(Indicator.SPREAD, this.time);
    const lately = this.#seconds.slice(1 - this.#params.violentWindowSeconds);
    const highs = [...lately.map(({ high }) => high), this.price];
    const lows = [...lately.map(({ low }) => low), this.price].filter((low) => low > 0);
    this.violentRange = (Math.max(...highs) - Math.min(...lows)) / Math.min(...lows);
  }

  #judgeBook(): void {
    const params = this.#params;
    const quantity = (levels: Level[]): number => sum(levels.slice(0, params.obiLevels).map(([, lots]) => lots));
    const bidQuantity = quantity(this.book.bids);
    const askQuantity = quantity(this.book.asks);
    this.obi = (bidQuantity - askQuantity) / (bidQuantity + askQuantity);
    const bids = this.book.bids.slice(0, params.depthLevels);
    const asks = this.book.asks.slice(0, params.depthLevels);
    const depthBid = sum(bids.map(notional));
    const depthAsk = sum(asks.map(notional));
    const imbalance = (depthBid - depthAsk) / (depthBid + depthAsk);
    if (this.warm && this.obi < params.obiThreshold) this.#latch(Indicator.OBI, this.time);
    if (this.warm && Math.abs(imbalance) > params.depthExtremeImbalance) this.#latch(Indicator.DEPTH, this.time);
    if (this.time < this.#wallSampledAt + params.wallSampleMs) return;
    this.#wallSampledAt = this.time;
    this.#recentTrades = this.#recentTrades.filter(({ time }) => time >= this.time - params.spoofWithinMs);
    this.walls = (this.#hasWall(bids) ? 1 : 0) | (this.#hasWall(asks) ? 2 : 0);
    this.spoofs = (this.#hasSpoof('bid', bids) ? 1 : 0) | (this.#hasSpoof('ask', asks) ? 2 : 0);
  }

  #wallsOf(levels: Level[]): Level[] {
    const limit = this.#params.wallMultiple * median(levels.map(notional));
    return levels.filter((level) => notional(level) > limit);
  }

  #hasWall(levels: Level[]): boolean {
    return this.#wallsOf(levels).length > 0;
  }

  /** A wall of the last two seconds that is gone, and not because it was traded. */
  #hasSpoof(side: 'bid' | 'ask', levels: Level[]): boolean {
    const { spoofWithinMs, spoofLossShare, spoofTradedShare } = this.#params;
    const since = this.time - spoofWithinMs;
    const samples = this.#wallSamples[side].filter(({ time }) => time >= since);
    const gone = samples.filter(({ time, price, quantity }) => {
      const lost = quantity - (levels.find(([other]) => other === price)?.[1] ?? 0);
      const traded = sum(this.#recentTrades.filter((trade) => trade.time >= time && trade.price === price).map((trade) => trade.quantity));
      return lost >= spoofLossShare * quantity && traded < spoofTradedShare * lost;
    });
    const here = this.#wallsOf(levels).map(([price, quantity]) => ({ time: this.time, price, quantity }));
    this.#wallSamples[side] = [...samples.filter((sample) => !gone.includes(sample)), ...here];
    return gone.length > 0;
  }

  #latch(bit: number, at: number): void {
    this.#latches.set(bit, at + this.#params.jitterBufferMs);
  }

  #endSecond(end: number): void {
    const params = this.#params;
    const previous = this.#seconds.at(-1);
    const prices = this.#prices.filter((price) => price > 0);
    const standing = [...prices, this.price].filter((price) => price > 0);
    this.#seconds.push({
      price: this.price,
      return2: previous !== undefined && previous.price > 0 ? Math.log(this.price / previous.price) ** 2 : Number.NaN,
      delta: this.flow.delta(end, params.volumeDeltaWindowSeconds * 1000),
      events: this.#events,
      spread: this.#spread,
      high: standing.length > 0 ? Math.max(...standing) : 0,
      low: standing.length > 0 ? Math.min(...standing) : 0,
    });
    this.#seconds = this.#seconds.slice(-(params.baselineSeconds + 60 + params.baselineLagSeconds));
    this.flow.endSecond(end, this.price, this.#mid);
    this.warm = this.#seconds.length > params.warmupSamples;
    this.#judgeGrid(end);
    this.#judgeCandle(end);
    this.latencyMs = median(this.#latencies);
    this.#events = 0;
    this.#prices = [];
    this.#latencies = [];
  }

  /** A lagged baseline: the seconds that ended `window` and the lag ago. */
  #baseline(window: number, value: (second: Second) => number): number[] {
    const { baselineSeconds, baselineLagSeconds } = this.#params;
    const seconds = this.#frozen ?? this.#seconds;
    const end = seconds.length - window - baselineLagSeconds;
    return end <= 0 ? [] : seconds.slice(Math.max(0, end - baselineSeconds), end).map(value).filter(Number.isFinite);
  }

  #judgeGrid(end: number): void {
    const params = this.#params;
    const enough = (values: readonly number[]): boolean => this.warm && values.length >= params.baselineMinSamples;
    const [third, second, last] = this.#seconds.slice(-3);

    const returns = this.#seconds.slice(-params.volatilityWindowSeconds).map(({ return2 }) => return2).filter(Number.isFinite);
    const variances = this.#baseline(params.volatilityWindowSeconds, ({ return2 }) => return2);
    const floor = Math.max(this.#tickSize / (2 * this.price), params.volatilityFloorPerSecond);
    const sigma = enough(variances) ? Math.max(Math.sqrt(sum(variances) / variances.length), floor) : Number.NaN;
    this.volatilityNow = enough(variances) ? Math.sqrt(sum(returns) / returns.length) : Number.NaN;
    this.volatilityRatio = this.volatilityNow / sigma;
    const byRatio = this.volatilityRatio > params.volatilityMultiplier && this.volatilityNow >= params.volatilityGatePerSecond;
    const bySigma = this.volatilityNow >= params.volatilityAbsolutePerSecond;
    const byRange = params.volatilityByRange && this.violentRange >= params.violentRange;
    if ((params.volatilityCombine === 'or' ? byRatio || bySigma : byRatio && bySigma) || byRange) this.#latch(Indicator.VOLATILITY, end);

    this.acceleration = sigma > 0 && last !== undefined ? (last.price - 2 * second.price + third.price) / second.price : Number.NaN;
    if (this.acceleration < params.accelerationPerSecond2 && this.acceleration < -params.accelerationNoiseMultiple * sigma) this.#latch(Indicator.ACCELERATION, end);

    const deltas = this.#baseline(params.volumeDeltaWindowSeconds, ({ delta }) => delta);
    const scale = 1.4826 * mad(deltas) || deviation(deltas);
    this.volumeDeltaZ = enough(deltas) ? ((last ?? second).delta - median(deltas)) / scale : Number.NaN;
    if (this.volumeDeltaZ < params.volumeDeltaZ) this.#latch(Indicator.VOLUME_DELTA, end);

    const velocities = this.#baseline(1, ({ events }) => events);
    this.velocityRatio = enough(velocities) ? this.#events / Math.max(median(velocities), params.velocityMedianFloorPerSecond) : Number.NaN;
    if (this.velocityRatio > params.velocityMultiplier && this.#events >= params.velocityMinPerSecond) this.#latch(Indicator.VELOCITY, end);

    const spreads = this.#baseline(0, ({ spread }) => spread);
    this.#spreadMedian = enough(spreads) ? Math.max(median(spreads), this.#tickSize / this.price) : Number.NaN;
  }

  #judgeCandle(end: number): void {
    const trades = this.#tradesOfSecond;
    this.#tradesOfSecond = [];
    if (trades.length === 0) return;
    const prices = trades.map(({ price }) => price);
    this.#candles = [...this.#candles, {
      open: prices[0], high: Math.max(...prices), low: Math.min(...prices), close: prices.at(-1) ?? 0, volume: sum(trades.map(({ quantity }) => quantity)),
    }].slice(-5);
    const strength = this.#exhaustion() - this.#climax();
    if (strength === 0 || !this.warm) return;
    this.pattern = strength;
    this.#latch(Indicator.PATTERN, end);
  }

  #exhaustion(): number {
    const { patternWickShare, patternWickGrowth } = this.#params;
    const body = ({ open, close }: Candle): number => open - close;
    const wick = ({ close, low }: Candle): number => close - low;
    const newestFirst = [...this.#candles].reverse();
    const ends = newestFirst.findIndex((candle, k) => {
      const newer = newestFirst[k - 1];
      const red = candle.close < candle.open && wick(candle) / (candle.high - candle.low) > patternWickShare;
      return !red || (k > 0 && (wick(newer) < patternWickGrowth * wick(candle) || body(newer) >= body(candle)));
    });
    return this.#strength(newestFirst.slice(0, ends < 0 ? undefined : ends), wick);
  }

  #climax(): number {
    const { patternWickShare, patternClimaxVolume } = this.#params;
    const wick = ({ close, high }: Candle): number => high - close;
    const newestFirst = [...this.#candles].reverse();
    const ends = newestFirst.findIndex((candle) => !(candle.close > candle.open && wick(candle) / (candle.high - candle.low) > patternWickShare));
    const run = newestFirst.slice(0, ends < 0 ? undefined : ends);
    const before = run.slice(1).map(({ volume }) => volume);
    return run.length >= 3 && run[0].volume > (patternClimaxVolume * sum(before)) / before.length ? this.#strength(run, wick) : 0;
  }

  #strength(run: readonly Candle[], wick: (candle: Candle) => number): number {
    if (run.length < 3) return 0;
    const shares = run.map((candle) => Math.min(1, wick(candle) / (candle.high - candle.low) / 0.5));
    return ((run.length - 2) / 3) * (sum(shares) / run.length);
  }
}
