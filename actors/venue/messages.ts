/**
 * Orders between a strategy and the simulated venue. Prices are integer ticks, quantities integer lots, of
 * the instrument the symbol index names. Ids are strings made by the sender (ctx.nextId()).
 */
export type Side = 'buy' | 'sell';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX';

export interface NewOrder {
  readonly type: 'order.new';
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  /** `stop`: rests unseen; when the last price reaches `priceTicks` (sell: at or below, buy: at or above) it becomes a market order. */
  readonly kind: 'limit' | 'market' | 'stop';
  /** Limit price or stop trigger in ticks; ignored for market orders. */
  readonly priceTicks: number;
  readonly lots: number;
  readonly timeInForce: TimeInForce;
  readonly reduceOnly: boolean;
  /**
   * Id of the entry order whose position this reduce-only order closes: it never fills more than that entry has open,
   * so a target, a stop and a time exit of one trade cannot close another one's lots. Without it, the net position counts.
   */
  readonly reduces?: string;
  /** Tape clock at which it reaches the venue: cause + entry latency. */
  readonly dueUs: number;
}

export interface CancelOrder {
  readonly type: 'order.cancel';
  readonly id: string;
  readonly symbol: number;
  readonly dueUs: number;
}

export type VenueControl = NewOrder | CancelOrder;

/** Why a fill happened; every fill carries one. */
export type FillReason =
  /** A trade printed through our price. */
  | 'traded_through'
  /** A trade at our price after the queue ahead had traded. */
  | 'queue_reached'
  /** The opposite best quote crossed our resting price. */
  | 'quote_crossed'
  /** We took visible quantity from the book. */
  | 'took_book'
  /** Visible quantity ran out: the rest of a market order, at the worst visible price plus the configured slippage. */
  | 'took_beyond_book'
  /** No quotes known: we took at the last trade plus the configured slippage. */
  | 'took_last_trade'
  /** A real venue filled us; it does not say why. */
  | 'venue';

interface VenueEventBase {
  readonly id: string;
  readonly symbol: number;
  /** Input sequence number at which it happened. */
  readonly seq: number;
  readonly atUs: number;
}
export type VenueEvent =
  | (VenueEventBase & { readonly type: 'order.accepted'; readonly queueAheadLots: number })
  | (VenueEventBase & { readonly type: 'order.rejected'; readonly reason: string })
  | (VenueEventBase & { readonly type: 'order.canceled'; readonly remainingLots: number; readonly reason: string })
  | (VenueEventBase & {
      readonly type: 'order.fill';
      readonly priceTicks: number;
      readonly lots: number;
      readonly remainingLots: number;
      readonly liquidity: 'maker' | 'taker';
      readonly reason: FillReason;
    });
