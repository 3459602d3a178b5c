/** What the simulated venue and the indicators may read of a book. Reading levels of a book that is not LIVE answers 0. */
export interface BookView {
  /** The level book is in state LIVE. */
  readonly live: boolean;
  /** Best quotes known (from the book or from best-quote records); 0 ticks = none on that side. */
  readonly bestBidTicks: number;
  readonly bestBidLots: number;
  readonly bestAskTicks: number;
  readonly bestAskLots: number;
  /** Last trade, ticks; 0 = none yet. */
  readonly lastTradeTicks: number;
  /** Visible lots at one price of one side; 0 when absent or not LIVE. */
  lotsAt(side: 'bid' | 'ask', priceTicks: number): number;
  /** Next occupied price away from the touch, strictly worse than `priceTicks`; 0 = none. Pass 0 for the best. */
  nextPrice(side: 'bid' | 'ask', priceTicks: number): number;
}
