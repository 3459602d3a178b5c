/** What the idiomatic pipeline passes around: one plain object an event, prices and quantities as numbers. */
export type Side = 'buy' | 'sell';
/** Price and quantity. */
export type Level = [price: number, quantity: number];

export interface Stamps {
  readonly seq: number;
  /** Exchange and receive time, ms. */
  readonly time: number;
  readonly receivedAt: number;
}

export interface TradeEvent extends Stamps {
  readonly price: number;
  readonly quantity: number;
  readonly side: Side;
}

export interface TickerEvent extends Stamps {
  readonly updateId: number;
  readonly bid: Level;
  readonly ask: Level;
}

export interface DepthEvent extends Stamps {
  readonly lastId: number;
  readonly previousId: number;
  readonly bids: Level[];
  readonly asks: Level[];
}

/** Names and payloads of the feed's events; `message` comes after each of the others. */
export interface FeedEvents {
  trade: [TradeEvent];
  ticker: [TickerEvent];
  snapshot: [DepthEvent];
  depth: [DepthEvent];
  other: [Stamps];
  message: [Stamps];
}
