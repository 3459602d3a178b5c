/** What the market view keeps of one symbol: columns, and pyramids over them. */
import { BookState } from '../../actors/market/book.js';
import type { SymbolKernel } from '../../actors/market/index.js';
import { Kind } from '../../data/records/index.js';
import { INDICATORS, type IndicatorName } from '../ui/wire/market.js';
import { doubles, floats, ints } from './columns.js';
import { HeatMap } from './heat-map.js';
import { Envelope, Sums } from './pyramid.js';

const SECOND_US = 1_000_000;

/** One indicator: its least and greatest value within each second. */
export class IndicatorColumn {
  readonly low = floats();
  readonly high = floats();
  readonly lows = new Envelope(this.low);
  readonly highs = new Envelope(this.high);
  /** Within the running second; NaN before the first value. */
  #least = NaN;
  #greatest = NaN;

  see(value: number): void {
    if (!(value >= this.#least)) this.#least = value === value ? value : this.#least;
    if (!(value <= this.#greatest)) this.#greatest = value === value ? value : this.#greatest;
  }

  close(): void {
    this.low.push(this.#least);
    this.high.push(this.#greatest);
    this.#least = NaN;
    this.#greatest = NaN;
  }

  get bytes(): number {
    return this.low.bytes + this.high.bytes + this.lows.bytes + this.highs.bytes;
  }
}

export interface HeatSize {
  readonly columns: number;
  readonly stepUs: number;
}

export class SymbolData {
  readonly kernel: SymbolKernel;
  readonly trades = { t: doubles(), price: ints(), /** Lots; negative, also -0, where the taker sold. */ lots: doubles() };
  readonly tradePrices = new Envelope(this.trades.price);
  readonly bought = new Sums(this.trades.lots, 1);
  readonly sold = new Sums(this.trades.lots, -1);
  /** Best prices, ticks, at each change; 0 = that side is empty or unknown. `mid2` is the sum of both, 0 unless both are there. */
  readonly quotes = { t: doubles(), bid: ints(), ask: ints(), mid2: doubles() };
  readonly bids = new Envelope(this.quotes.bid, true);
  readonly asks = new Envelope(this.quotes.ask, true);
  readonly mids = new Envelope(this.quotes.mid2, true);
  readonly liquidations = { t: doubles(), price: ints(), lots: doubles() };
  readonly liquidationLots = new Envelope(this.liquidations.lots);
  readonly seconds = doubles();
  readonly indicators: Readonly<Record<IndicatorName, IndicatorColumn>>;
  readonly heat: HeatMap;
  firstUs = 0;
  lastUs = 0;

  #tradeKind = 0;
  #second = -1;
  #kernelSecond = -1;
  #heatSlot = -1;
  #lastOfi = 0;

  constructor(kernel: SymbolKernel, heat: HeatSize) {
    this.kernel = kernel;
    this.heat = new HeatMap(heat.columns, heat.stepUs);
    this.indicators = Object.fromEntries(INDICATORS.map(({ name }) => [name, new IndicatorColumn()])) as Record<IndicatorName, IndicatorColumn>;
  }

  get bytes(): number {
    const { trades, quotes, liquidations } = this;
    let sum = this.seconds.bytes + this.heat.bytes + this.tradePrices.bytes + this.bought.bytes + this.sold.bytes + this.bids.bytes + this.asks.bytes + this.mids.bytes + this.liquidationLots.bytes;
    for (const column of [...Object.values(trades), ...Object.values(quotes), ...Object.values(liquidations)]) sum += column.bytes;
    for (const { name } of INDICATORS) sum += this.indicators[name].bytes;
    return sum;
  }

  /** A trade that the kernel took: of single and aggregate trades of the same fills the kind seen first counts, as for the kernel. */
  trade(kind: number, priceTicks: number, lots: number, sell: boolean, us: number): void {
    if (!(priceTicks > 0 && lots >= 0 && lots < Infinity)) return;
    if (this.#tradeKind === 0) this.#tradeKind = kind;
    if (kind !== this.#tradeKind || (kind !== Kind.TRADE && kind !== Kind.AGG_TRADE)) return;
    this.trades.t.push(us);
    this.trades.price.push(priceTicks);
    this.trades.lots.push(sell ? -lots : lots);
  }

  liquidation(priceTicks: number, lots: number, sell: boolean, us: number): void {
    if (!(priceTicks > 0 && lots >= 0 && lots < Infinity)) return;
    this.liquidations.t.push(us);
    this.liquidations.price.push(priceTicks);
    this.liquidations.lots.push(sell ? -lots : lots);
  }

  /** The kernel has taken a record, or a whole message, of this symbol: looks at what it says now. `us`: the tape's clock. */
  look(us: number): void {
    const { kernel, quotes } = this;
    if (this.firstUs === 0) this.firstUs = us;
    this.lastUs = us;
    const { bestBidTicks: bid, bestAskTicks: ask } = kernel;
    const last = quotes.t.length - 1;
    if (last < 0 ? bid !== 0 || ask !== 0 : bid !== quotes.bid.values[last] || ask !== quotes.ask.values[last]) {
      quotes.t.push(us);
      quotes.bid.push(bid);
      quotes.ask.push(ask);
      quotes.mid2.push(bid > 0 && ask > 0 ? bid + ask : 0);
    }
    this.#watch();
    const second = Math.floor(us / SECOND_US);
    if (second !== this.#second) {
      if (this.#second >= 0) this.#closeSecond(us);
      this.#second = second;
    }
    const slot = Math.floor(us / this.heat.stepUs);
    if (slot === this.#heatSlot || !kernel.live || kernel.book === null || kernel.book.state !== BookState.LIVE) return;
    this.#heatSlot = slot;
    this.heat.take(kernel.book, us);
  }

  /** What may change with every record. */
  #watch(): void {
    const { kernel, indicators } = this;
    indicators.spreadBps.see(kernel.spread * 10_000);
    indicators.spreadRatio.see(kernel.spreadRatio);
    indicators.obi.see(kernel.depth.obi);
    indicators.depthImbalance.see(kernel.depth.imbalance);
    indicators.violentRange.see(kernel.grid.violentRange);
    indicators.votes.see(kernel.votes.votes);
    const second = Math.floor(kernel.exchUs / SECOND_US);
    if (second === this.#kernelSecond) return;
    this.#kernelSecond = second;
    // Seconds of the exchange's clock: after a burst of late records several end within one of the tape's.
    this.#seeGrid();
  }

  /** What the kernel works out when a second of the exchange's clock ends. */
  #seeGrid(): void {
    const { kernel, indicators } = this;
    const { grid } = kernel;
    indicators.volatilityRatio.see(grid.volatilityRatio);
    indicators.acceleration.see(grid.acceleration);
    indicators.volumeDeltaZ.see(grid.volumeDeltaZ);
    indicators.velocityRatio.see(grid.velocityRatio);
    indicators.pattern.see(kernel.candles.pattern);
    indicators.latencyMs.see(grid.latencyMs);
  }

  /** What is looked at once a second. */
  #closeSecond(us: number): void {
    const { indicators } = this;
    const { flow } = this.kernel;
    this.#seeGrid();
    indicators.vpin.see(flow.vpin);
    indicators.ofi.see(flow.ofiTotal - this.#lastOfi);
    this.#lastOfi = flow.ofiTotal;
    indicators.cvd.see(flow.cvdSession);
    indicators.kyleLambda.see(flow.kyle.slope * 1e10);
    this.seconds.push(us);
    for (const { name } of INDICATORS) indicators[name].close();
  }
}
