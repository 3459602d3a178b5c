import type { OrderBook } from '../book/index.js';
import { Aggregator } from './aggregator.js';
import { INTERVALS, MINUTE_US, SECOND_US, type Interval } from './calendar.js';
import { DepthFeed } from './depth.js';
import { joined, KlineSeries, type Kline } from './klines.js';
import { TradeRing, type AggregateTrade } from './trades.js';

/** Hears what happens on one symbol, synchronously. Must not throw nor call back into the engine. */
export interface DataListener {
  trade(data: SymbolData, trade: AggregateTrade): void;
  aggregate(data: SymbolData, trade: AggregateTrade): void;
  /** A best price or its quantity has changed. */
  best(data: SymbolData): void;
  /** The book has changed in an event that is over. */
  changed(data: SymbolData): void;
  klineClosed(data: SymbolData, interval: Interval, kline: Readonly<Kline>): void;
}

export interface SymbolDataOptions {
  readonly index: number;
  readonly symbol: string;
  readonly book: OrderBook;
  /** Speeds of the product's depth streams, ms. */
  readonly depthSpeedsMs: readonly number[];
  /** Whether aggregate trades are joined over 100 ms (futures), or by taker only (spot). */
  readonly batched: boolean;
  readonly firstAggregateId: number;
  readonly listener: DataListener;
}

const TRADES_KEPT = 1 << 15;
const KLINES_KEPT = 1600;
/** Seven days and an hour: the longest rolling window. */
const MINUTES_KEPT = 7 * 1440 + 60;

/** The best prices and their lots; 0 = that side is empty. */
export interface BestQuotes {
  bidTicks: number;
  bidLots: number;
  askTicks: number;
  askLots: number;
  atUs: number;
}

/** All that is public of one symbol of one product. Fed by whoever owns its book; changes nothing in it. */
export class SymbolData {
  readonly index: number;
  readonly symbol: string;
  readonly book: OrderBook;
  readonly trades = new TradeRing(TRADES_KEPT);
  readonly aggregates = new TradeRing(TRADES_KEPT);
  readonly klines: Readonly<Record<Interval, KlineSeries>>;
  readonly depth: DepthFeed;
  readonly best: BestQuotes = { bidTicks: 0, bidLots: 0, askTicks: 0, askLots: 0, atUs: 0 };
  lastTrade: AggregateTrade | null = null;
  readonly #listener: DataListener;
  readonly #aggregator: Aggregator;
  readonly #batched: boolean;
  readonly #rolling = new Map<number, { readonly second: number; readonly kline: Kline }>();
  #seenUpdateId = 0;

  constructor(options: SymbolDataOptions) {
    const { index, symbol, book, listener } = options;
    this.index = index;
    this.symbol = symbol;
    this.book = book;
    this.#listener = listener;
    this.klines = Object.fromEntries(INTERVALS.map((interval) => [interval, new KlineSeries(interval, interval === '1m' ? MINUTES_KEPT : KLINES_KEPT)])) as Record<Interval, KlineSeries>;
    this.depth = new DepthFeed(book, options.depthSpeedsMs);
    this.#aggregator = new Aggregator(this.aggregates, options.firstAggregateId, options.batched, (id) => listener.aggregate(this, this.aggregates.at(id)!));
    this.#batched = options.batched;
    this.#seenUpdateId = book.updateId;
  }

  /** A trade; `aggregated` false: one with the insurance fund or by auto-deleveraging, which no aggregate has. */
  trade(id: number, ticks: number, lots: number, takerBuys: boolean, tradedUs: number, aggregated = true): void {
    // A client trades at the clock's time; a crowd that is behind it does not take stamps back.
    const atUs = Math.max(tradedUs, this.lastTrade?.atUs ?? 0);
    this.trades.add(id, ticks, lots, atUs, takerBuys, id, id);
    const trade = this.trades.at(id)!;
    this.lastTrade = trade;
    for (const interval of INTERVALS) this.#series(interval).trade(atUs, id, ticks, lots, takerBuys);
    this.#listener.trade(this, trade);
    if (aggregated) this.#aggregator.trade(id, ticks, lots, atUs, takerBuys);
  }

  /** To be called after every event that may have changed the book: tells new best quotes. */
  settle(nowUs: number): void {
    const { book, best } = this;
    if (!this.#batched) this.#aggregator.flush();
    if (book.updateId === this.#seenUpdateId) return;
    this.#seenUpdateId = book.updateId;
    const { bestBid, bestAsk } = book;
    const bidLots = book.lotsAt(bestBid);
    const askLots = book.lotsAt(bestAsk);
    if (bestBid !== best.bidTicks || bidLots !== best.bidLots || bestAsk !== best.askTicks || askLots !== best.askLots) {
      best.bidTicks = bestBid;
      best.bidLots = bidLots;
      best.askTicks = bestAsk;
      best.askLots = askLots;
      best.atUs = nowUs;
      this.#listener.best(this);
    }
    this.#listener.changed(this);
  }

  /** Every 100 ms: completes aggregate trades of futures. */
  flushAggregates(): void {
    this.#aggregator.flush();
  }

  /** Closes the candles that are over. */
  roll(nowUs: number): void {
    for (const interval of INTERVALS) this.#series(interval).roll(nowUs, (kline) => this.#listener.klineClosed(this, interval, kline));
  }

  /** The last `windowUs`, to the minute, as one candle (24 h ticker, rolling windows); undefined before the first price. */
  rolling(windowUs: number, nowUs: number): Kline | undefined {
    const second = Math.floor(nowUs / SECOND_US);
    const kept = this.#rolling.get(windowUs);
    if (kept?.second === second) return kept.kline;
    const fromUs = nowUs - windowUs;
    const klines = this.klines['1m'].range(fromUs - MINUTE_US + 1, undefined, MINUTES_KEPT);
    if (klines.length === 0) return undefined;
    const kline = joined(klines, fromUs, nowUs);
    this.#rolling.set(windowUs, { second, kline });
    return kline;
  }

  /** Volume-weighted mean price of the last `minutes`, in ticks; the last price when nothing traded. */
  meanTicks(minutes: number, nowUs: number): number {
    const kline = this.rolling(minutes * MINUTE_US, nowUs);
    if (kline === undefined) return 0;
    return kline.lots === 0 ? kline.close : kline.tickLots / kline.lots;
  }

  #series(interval: Interval): KlineSeries {
    return this.klines[interval];
  }
}
