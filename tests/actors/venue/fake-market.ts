import type { BookView } from '../../../actors/market/book-view.js';
import {
  allocateBatch, AUX, Flag, Kind, PRICE, PRICE2, QTY, SEQ, SYMBOL_SHIFT, TAG, type RecordBatch,
} from '../../../data/records/index.js';

export type MarketAction =
  | { readonly do: 'trade'; readonly ticks: number; readonly lots: number; readonly takerSold: boolean }
  | { readonly do: 'ticker'; readonly bid: number; readonly bidLots: number; readonly ask: number; readonly askLots: number }
  | { readonly do: 'depth'; readonly levels: readonly (readonly ['bid' | 'ask', number, number])[] }
  | { readonly do: 'snapshot'; readonly levels: readonly (readonly ['bid' | 'ask', number, number])[] };

/** A book kept in two Maps, and one record at a time as the kernel would show it. */
export class FakeMarket implements BookView {
  live: boolean;
  bids = new Map<number, number>();
  asks = new Map<number, number>();
  lastTradeTicks = 0;
  quotes = { bid: 0, bidLots: 0, ask: 0, askLots: 0 };
  readonly batch: RecordBatch = allocateBatch(1);
  seq = 0;

  constructor(live: boolean) {
    this.live = live;
  }

  get bestBidTicks(): number { return this.live ? Math.max(0, ...this.bids.keys()) : this.quotes.bid; }
  get bestAskTicks(): number { return this.live ? (this.asks.size === 0 ? 0 : Math.min(...this.asks.keys())) : this.quotes.ask; }
  get bestBidLots(): number { return this.live ? (this.bids.get(this.bestBidTicks) ?? 0) : this.quotes.bidLots; }
  get bestAskLots(): number { return this.live ? (this.asks.get(this.bestAskTicks) ?? 0) : this.quotes.askLots; }
  lotsAt(side: 'bid' | 'ask', priceTicks: number): number {
    return this.live ? ((side === 'bid' ? this.bids : this.asks).get(priceTicks) ?? 0) : 0;
  }
  nextPrice(side: 'bid' | 'ask', priceTicks: number): number {
    if (!this.live) return 0;
    if (side === 'bid') return Math.max(0, ...[...this.bids.keys()].filter((price) => priceTicks === 0 || price < priceTicks));
    const worse = [...this.asks.keys()].filter((price) => price > priceTicks);
    return worse.length === 0 ? 0 : Math.min(...worse);
  }

  /** Applies one action; `show` is called once per record, after the book has taken it. */
  play(action: MarketAction, show: () => void): void {
    switch (action.do) {
      case 'trade':
        this.#write(Kind.TRADE | (action.takerSold ? Flag.SELL : 0), action.ticks, action.lots, 0, 0);
        this.lastTradeTicks = action.ticks;
        show();
        return;
      case 'ticker':
        this.#write(Kind.BOOK_TICKER, action.bid, action.bidLots, action.ask, action.askLots);
        this.quotes = { bid: action.bid, bidLots: action.bidLots, ask: action.ask, askLots: action.askLots };
        show();
        return;
      case 'depth':
      case 'snapshot':
        if (action.do === 'snapshot') {
          this.bids.clear();
          this.asks.clear();
        }
        action.levels.forEach(([side, price, lots], at) => {
          const levels = side === 'bid' ? this.bids : this.asks;
          if (lots === 0) levels.delete(price);
          else levels.set(price, lots);
          const flags = (at === 0 ? Flag.FIRST : 0) | (at === action.levels.length - 1 ? Flag.LAST : 0) | (side === 'ask' ? Flag.SELL : 0);
          this.#write((action.do === 'depth' ? Kind.DEPTH : Kind.SNAPSHOT) | flags, price, lots, 0, 0);
          show();
        });
    }
  }

  #write(tag: number, price: number, lots: number, price2: number, aux: number): void {
    const { F, I } = this.batch;
    this.seq += 1;
    F[SEQ] = this.seq;
    F[QTY] = lots;
    F[AUX] = aux;
    I[PRICE] = price;
    I[PRICE2] = price2;
    I[TAG] = tag | (0 << SYMBOL_SHIFT);
  }
}
