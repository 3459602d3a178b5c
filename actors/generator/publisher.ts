import { Flag, FIXED_SCALE, Kind } from '../../data/records/index.js';
import type { FeedLine } from './feed-line.js';
import type { MarketOutput } from './market-port.js';
import { ASK, BID, type OrderBook, type Side } from '../exchange/book/index.js';

const FLUSH_US = 100_000;
const LIQUIDATION_INTERVAL_US = 1_000_000;
const FUNDING_INTERVAL_US = 28_800e6;
/** The usual funding rate of a quiet market, 0.01 %. */
const FUNDING_RATE = 0.0001 * FIXED_SCALE;

/**
 * What a venue tells the world of one symbol, in its streams: each fill, each change of the best quotes, a diff of the
 * book every 100 ms, at most one forced order a second, the mark price every second; and the whole book when asked.
 */
export class Publisher implements MarketOutput {
  /** When the next diff and the next snapshot are due. */
  flushUs: number;
  snapshotUs: number;
  /** When the forced order held back may be sent; Infinity = none is held. */
  liquidationUs = Infinity;

  readonly #index: number;
  readonly #book: OrderBook;
  readonly #feed: FeedLine;
  readonly #tickScaled: number;
  #tradeId: number;
  #sentUpdateId: number;
  #bid = 0;
  #bidLots = 0;
  #ask = 0;
  #askLots = 0;
  #lastLiquidationUs = 0;
  #liquidationTicks = 0;
  #liquidationLots = 0;

  constructor(index: number, book: OrderBook, feed: FeedLine, tickSize: string, startUs: number, firstFlushUs: number) {
    this.#index = index;
    this.#book = book;
    this.#feed = feed;
    // An integer for every listed symbol, so that marks are exact to 2^53.
    this.#tickScaled = Math.round(Number(tickSize) * FIXED_SCALE);
    this.#tradeId = 5_200_000_000 + index * 100_000_000;
    this.#sentUpdateId = book.updateId;
    this.snapshotUs = startUs;
    this.flushUs = firstFlushUs;
  }

  trade(nowUs: number, taker: Side, tick: number, lots: number): void {
    const id = ++this.#tradeId;
    this.#feed.begin(this.#index, Kind.TRADE, nowUs, id, id);
    this.#feed.record(taker === ASK ? Flag.SELL : 0, id, tick, lots, 0, 0, 0);
    this.#feed.end();
  }

  /** Sends the best quotes if a price or a quantity of them changed. */
  bestQuotes(nowUs: number): void {
    const book = this.#book;
    const { bestBid, bestAsk } = book;
    const bidLots = book.lotsAt(bestBid);
    const askLots = book.lotsAt(bestAsk);
    if (bestBid === this.#bid && bestAsk === this.#ask && bidLots === this.#bidLots && askLots === this.#askLots) return;
    this.#bid = bestBid;
    this.#ask = bestAsk;
    this.#bidLots = bidLots;
    this.#askLots = askLots;
    this.#feed.begin(this.#index, Kind.BOOK_TICKER, nowUs, 0, 0);
    this.#feed.record(0, book.updateId, bestBid, bidLots, bestAsk, askLots, 0);
    this.#feed.end();
  }

  /** Sends every level touched since the last diff with its lots now. */
  flush(nowUs: number): void {
    const book = this.#book;
    const feed = this.#feed;
    this.flushUs = nowUs + FLUSH_US;
    const due = feed.snapshotDueUs[this.#index]!;
    if (due !== 0 && due <= nowUs) {
      feed.snapshotDueUs[this.#index] = 0;
      this.snapshotUs = nowUs + FLUSH_US / 2;
    }
    const previous = this.#sentUpdateId;
    // A diff consumes an id of its own, so that a snapshot taken before it never carries its final id.
    const final = ++book.updateId;
    this.#sentUpdateId = final;
    feed.begin(this.#index, Kind.DEPTH, nowUs, previous + 1, final);
    const span = final - previous - 1;
    const count = book.changedCount;
    if (count === 0) feed.record(Flag.EMPTY | Flag.FIRST | Flag.LAST, final, 0, 0, 0, previous, span);
    else {
      const ticks = book.changed.subarray(0, count).sort();
      let levels = 0;
      for (let i = 0; i < count; i++) levels += (book.changedOn(BID, ticks[i]!) ? 1 : 0) + (book.changedOn(ASK, ticks[i]!) ? 1 : 0);
      let sent = 0;
      for (let side: Side = BID; side <= ASK; side++) {
        for (let i = 0; i < count; i++) {
          const tick = ticks[i]!;
          if (!book.changedOn(side as Side, tick)) continue;
          const flags = (side === ASK ? Flag.SELL : 0) | (sent === 0 ? Flag.FIRST : 0) | (sent === levels - 1 ? Flag.LAST : 0);
          feed.record(flags, final, tick, book.lotsOnSide(side as Side, tick), 0, previous, span);
          sent += 1;
        }
      }
    }
    feed.end();
    book.clearChanged();
  }

  /** Sends the whole book, best level first, bids then asks. */
  snapshot(nowUs: number): void {
    const book = this.#book;
    this.snapshotUs = Infinity;
    // As in flush(): the id it names lies strictly inside the next diff.
    const id = ++book.updateId;
    this.#feed.begin(this.#index, Kind.SNAPSHOT, nowUs, this.#sentUpdateId, id);
    let first: number = Flag.FIRST;
    for (let side: Side = BID; side <= ASK; side++) {
      let tick = side === BID ? book.bestBid : book.bestAsk;
      while (tick !== 0) {
        const next = book.worse(side as Side, tick);
        const last = next === 0 && (side === ASK || book.bestAsk === 0) ? Flag.LAST : 0;
        this.#feed.record((side === ASK ? Flag.SELL : 0) | first | last, id, tick, book.lotsAt(tick), 0, 0, 0);
        first = 0;
        tick = next;
      }
    }
    this.#feed.end();
  }

  /** Takes note of a forced sale; of those within one second only the latest is sent. */
  liquidation(nowUs: number, averageTicks: number, lots: number): void {
    this.#liquidationTicks = averageTicks;
    this.#liquidationLots = lots;
    if (this.liquidationUs === Infinity) this.liquidationUs = Math.max(nowUs, this.#lastLiquidationUs + LIQUIDATION_INTERVAL_US);
    if (this.liquidationUs === nowUs) this.sendLiquidation(nowUs);
  }

  sendLiquidation(nowUs: number): void {
    this.#lastLiquidationUs = nowUs;
    this.liquidationUs = Infinity;
    this.#feed.begin(this.#index, Kind.LIQUIDATION, nowUs, 0, 0);
    this.#feed.record(Flag.SELL, 0, this.#liquidationTicks, this.#liquidationLots, 0, 0, 0);
    this.#feed.end();
  }

  /** Mark and index price in ticks. */
  mark(nowUs: number, markTicks: number, indexTicks: number): void {
    const nextFundingUs = (Math.floor(nowUs / FUNDING_INTERVAL_US) + 1) * FUNDING_INTERVAL_US;
    this.#feed.begin(this.#index, Kind.MARK, nowUs, 0, 0);
    this.#feed.record(0, nextFundingUs, 0, Math.round(markTicks * this.#tickScaled), 0, Math.round(indexTicks * this.#tickScaled), FUNDING_RATE);
    this.#feed.end();
  }

  stress(level: number): void {
    this.#feed.stress = level;
  }
}
