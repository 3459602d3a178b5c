import type { OrderBook, Side } from '../exchange/book/index.js';

/** Told of every trade of a market, in order, whoever trades. */
export interface TradeListener {
  /** `takerIsClient`: not one of the market's agents. `makerOwner` is what the resting order's owner was in the book; `makerDone`: that order is gone. */
  traded(nowUs: number, takerSide: Side, takerIsClient: boolean, ticks: number, lots: number, makerOwner: number, makerDone: boolean): void;
}

/** Where the agents of one market trade. They add and cancel resting orders in the book itself. */
export interface MarketPort {
  readonly book: OrderBook;
  /** Takes up to `lots` at `limitTicks` or better, has told every trade when it answers the lots filled. */
  take(nowUs: number, side: Side, lots: number, limitTicks: number): number;
}

/** A market without clients: the book alone, as tapes are made from. */
export class BookPort implements MarketPort {
  readonly book: OrderBook;
  readonly #listener: TradeListener;

  constructor(book: OrderBook, listener: TradeListener) {
    this.book = book;
    this.#listener = listener;
  }

  take(nowUs: number, side: Side, lots: number, limitTicks: number): number {
    const { book } = this;
    const left = book.take(side, lots, limitTicks);
    for (let fill = 0; fill < book.fillCount; fill++) {
      this.#listener.traded(nowUs, side, false, book.fillTick[fill]!, book.fillLots[fill]!, book.fillOwner[fill]!, book.fillDone[fill] === 1);
    }
    return lots - left;
  }
}

/** What becomes of what a market says of itself: the streams of a tape, or an exchange's own. */
export interface MarketOutput {
  /** When the next diff, the next snapshot and a forced order held back are due; Infinity = never. */
  readonly flushUs: number;
  readonly snapshotUs: number;
  readonly liquidationUs: number;
  trade(nowUs: number, takerSide: Side, ticks: number, lots: number): void;
  /** After every step: the best quotes may have changed. */
  bestQuotes(nowUs: number): void;
  flush(nowUs: number): void;
  snapshot(nowUs: number): void;
  sendLiquidation(nowUs: number): void;
  /** The crowd's forced sale: average price and lots. */
  liquidation(nowUs: number, averageTicks: number, lots: number): void;
  /** Mark and index price in ticks, not rounded, every second. */
  mark(nowUs: number, markTicks: number, indexTicks: number): void;
  /** 0 … 12: how nervous the market is, which is how slow its line is. */
  stress(level: number): void;
}
