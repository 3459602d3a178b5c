import type { Side } from '../book/index.js';
import type { ClientOrder, EndReason } from './client-order.js';

/** One trade. The matcher keeps one of these and fills it anew: copy what is to be kept. */
export interface Trade<O extends ClientOrder> {
  /** Counts up by one per trade of the symbol. */
  readonly tradeId: number;
  readonly ticks: number;
  readonly lots: number;
  readonly takerSide: Side;
  /** null = an agent of the market. */
  readonly taker: O | null;
  readonly maker: O | null;
  readonly atUs: number;
}

/**
 * What a Matcher tells its venue, synchronously and in the order in which it happens. An order's fields are already
 * what the event says. From inside an event the venue may cancel, reduce and place: a place() waits until the operation
 * under way (with all its trades) is done. Nothing should throw: what
 * does reaches the caller of the operation, which ends there; the order it was about is open still and can be cancelled.
 */
export interface MatchSink<O extends ClientOrder> {
  /** The order is in the matcher; its trades follow, if any. */
  onAccepted(order: O): void;
  /** A queued order was refused when its turn came; it never was in the matcher. */
  onRefused(order: O, outcome: PlaceOutcome): void;
  /** `filled` is the state of an order whose last lots this is; no other event ends it. */
  onTrade(trade: Trade<O>): void;
  onCanceled(order: O, reason: EndReason): void;
  onExpired(order: O, reason: EndReason): void;
  /** A conditional order becomes a limit or market order; it is matched next. */
  onTriggered(order: O): void;
  /** Price or quantity changed; trades of an amended order follow. `keptPriority`: it stands where it stood. */
  onAmended(order: O, keptPriority: boolean): void;
  /** Self-trade prevention kept `lots` from trading; what it does to the orders follows. */
  onPrevented(taker: O, maker: O, lots: number): void;
}

/** Prices at which a taker may trade, in ticks, both included. */
export interface PriceRange {
  readonly low: number;
  readonly high: number;
}

/** Who trades on the book without being a client. It may look at the book from inside, and do nothing else. */
export interface AgentListener {
  /** Every trade, whoever trades, before the sink hears of it. `makerOwner` is what `OrderBook.add` was given (CLIENT: a client's order); `makerDone`: that order is gone. */
  traded(nowUs: number, takerSide: Side, takerIsClient: boolean, ticks: number, lots: number, makerOwner: number, makerDone: boolean): void;
  /** A client's order is done taking: its side and the lots it took. */
  clientTook(nowUs: number, side: Side, lots: number): void;
}

/** What place() did: `accepted`, or why it refused; a refused order has caused no event. */
export type PlaceOutcome = 'accepted' | 'queued' | 'would-take' | 'would-trigger';

/** What amend() did; on a refusal nothing has changed. `ended`: nothing was left of it, or as post-only it would have taken. */
export type AmendOutcome = 'amended' | 'ended' | 'not-open';

/** What a taker would meet now, seen orders and hidden lots, without regard to self-trade prevention. */
export interface Quote {
  /** At most the lots asked for. */
  lots: number;
  /** Sum of ticks × lots. */
  tickLots: number;
  /** First and worst price; 0 when there is none. */
  firstTicks: number;
  worstTicks: number;
}
