import { OrderBook } from '../book/index.js';
import { Matcher, type MatchSink } from '../matching/index.js';
import { price, type Price } from '../futures/contract.js';
import { BookFeed } from './book-feed.js';
import { Bars } from '../options/bars.js';
import { keepNewest } from '../recent.js';
import { amountNumber, priceNumber, type DeribitInstrument } from './instruments.js';
import { MarkAndFunding } from './mark.js';
import type { DeribitOrder } from './order.js';

const MOST_TRADES = 10_000;
/** How far orders may be from the mark: buys above and sells below are refused. */
const PRICE_BAND = 0.015;

/** A public trade as the API shows it. */
export interface PublicTrade {
  readonly trade_seq: number;
  readonly trade_id: string;
  readonly timestamp: number;
  /** 0 up, 1 the same after up, 2 down, 3 the same after down. */
  readonly tick_direction: 0 | 1 | 2 | 3;
  readonly price: number;
  readonly mark_price: number;
  readonly index_price: number;
  readonly instrument_name: string;
  readonly direction: 'buy' | 'sell';
  readonly amount: number;
  readonly contracts: number;
  readonly liquidation?: 'M' | 'T' | 'MT';
}

/** One perpetual: its book and matcher, mark and funding, and what has been traded. */
export class Perpetual {
  readonly instrument: DeribitInstrument;
  readonly book: OrderBook;
  readonly matcher: Matcher<DeribitOrder>;
  readonly feed: BookFeed;
  readonly bars = new Bars();
  readonly marks: MarkAndFunding;
  /** Newest last, bounded. */
  readonly trades: PublicTrade[] = [];
  readonly createdMs: number;
  /** Lots held long by all accounts together. */
  openInterestLots = 0;
  /** Trades since the last flush, for the channels. */
  readonly fresh: PublicTrade[] = [];
  /** Last best prices and amounts told on the quote channel. */
  quoted = '';
  #tickDirection: 0 | 1 | 2 | 3 = 0;

  constructor(instrument: DeribitInstrument, sink: MatchSink<DeribitOrder>, index: number, nowUs: number) {
    this.instrument = instrument;
    this.createdMs = Math.floor(nowUs / 1000);
    this.book = new OrderBook({ firstUpdateId: (instrument.index + 1) * 1e10 });
    this.matcher = new Matcher<DeribitOrder>({ book: this.book, sink });
    this.feed = new BookFeed(instrument, this.book);
    this.marks = new MarkAndFunding(index, nowUs);
  }

  get markPrice(): Price {
    return price(BigInt(Math.round(this.marks.mark * 1e8)));
  }

  get lastPrice(): number {
    return this.matcher.lastTicks === 0 ? this.displayed(this.marks.mark) : priceNumber(this.instrument, this.matcher.lastTicks);
  }

  /** Middle of the book as a price; 0 when a side is empty. */
  get fair(): number {
    const { bestBid, bestAsk } = this.book;
    return bestBid === 0 || bestAsk === 0 ? 0 : ((bestBid + bestAsk) / 2) * this.instrument.tickSize;
  }

  /** Highest price of a buy and lowest of a sell, in ticks. */
  get highestTicks(): number {
    return Math.floor((this.marks.mark * (1 + PRICE_BAND)) / this.instrument.tickSize);
  }

  get lowestTicks(): number {
    return Math.max(1, Math.ceil((this.marks.mark * (1 - PRICE_BAND)) / this.instrument.tickSize));
  }

  /** A price that is no multiple of the tick (mark, index), as the wire shows it. */
  displayed(value: number): number {
    return Number(value.toFixed(Math.max(2, this.instrument.priceDecimals)));
  }

  record(tradeId: string, seq: number, ticks: number, lots: number, buy: boolean, atUs: number, liquidation: PublicTrade['liquidation']): PublicTrade {
    const before = this.trades.at(-1);
    const at = priceNumber(this.instrument, ticks);
    const direction = this.#direction(before?.price, at);
    const amount = amountNumber(this.instrument, lots);
    const trade: PublicTrade = {
      trade_seq: seq, trade_id: tradeId, timestamp: Math.floor(atUs / 1000), tick_direction: direction, price: at,
      mark_price: this.displayed(this.marks.mark), index_price: this.displayed(this.marks.index), instrument_name: this.instrument.name,
      direction: buy ? 'buy' : 'sell', amount, contracts: lots, ...(liquidation === undefined ? {} : { liquidation }),
    };
    this.trades.push(trade);
    // Dropped in halves: a shift per trade would move the whole list.
    keepNewest(this.trades, MOST_TRADES / 2);
    this.fresh.push(trade);
    const inverse = this.instrument.contract.inverse;
    this.bars.add(trade.timestamp, at, inverse ? amount / at : amount, inverse ? amount : amount * at);
    return trade;
  }

  #direction(before: number | undefined, at: number): 0 | 1 | 2 | 3 {
    if (before === undefined || at > before) this.#tickDirection = 0;
    else if (at < before) this.#tickDirection = 2;
    else if (this.#tickDirection === 0) this.#tickDirection = 1;
    else if (this.#tickDirection === 2) this.#tickDirection = 3;
    return this.#tickDirection;
  }
}
