/**
 * Between those who want something of the venue and the gateway, which alone speaks to it; and what the venue reports, in our own words.
 * Prices are integer ticks and quantities integer lots of the instrument; money is a decimal string.
 */
import type { Side } from '../venue/messages.js';
import type { Json, VenueProduct } from './io.js';

/** Calls share a token bucket, a breaker and a fate by class. */
export type CallClass = 'order' | 'cancel' | 'account' | 'market' | 'session';

/** A wish, to `GATEWAY_PATH`; its outcome comes to `replyTo` as a {@link VenueOutcome}, exactly once. */
export interface VenueCall {
  readonly type: 'venue.call';
  readonly id: string;
  readonly replyTo: string;
  readonly class: CallClass;
  /** Takes risk off (cancel, reduce-only, close): passes an open breaker and may use the reserve of the limits. */
  readonly reducing: boolean;
  readonly product: VenueProduct;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly security: 'none' | 'key' | 'signed';
  /** Request weight and order count it costs. */
  readonly weight: number;
  readonly orders: number;
  /** Longest time from the call to the outcome, ms; the default is the configuration's. */
  readonly timeoutMs?: number;
}

export type VenueOutcomeKind =
  | { readonly kind: 'ok'; readonly status: number; readonly body: Json }
  /** The venue says no, and that is the end of it. `code` is the venue's own, 0 where it gave none. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: number; readonly text: string }
  /** It may have happened: no answer, -1006, -1007, 5xx, an answer that says nothing. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** It certainly did not reach the venue: breaker open, limits, no key, stopping. */
  | { readonly kind: 'notSent'; readonly reason: string };

export interface VenueOutcome {
  readonly type: 'venue.outcome';
  readonly id: string;
  /** `timestamp` and `recvWindow` it carried, ms on the venue's clock; 0 where it carried none. After their sum the venue refuses it. */
  readonly stampMs: number;
  readonly recvWindowMs: number;
  readonly outcome: VenueOutcomeKind;
}

export type VenueOrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';

/** State of an order as the venue tells it, from a stream or from an answer. Doubled, late and reordered reports are normal. */
export interface OrderReport {
  readonly type: 'order.report';
  readonly source: 'stream' | 'answer';
  readonly product: VenueProduct;
  readonly symbol: number;
  /** The id under which it was placed. */
  readonly clientId: string;
  readonly venueId: string;
  readonly status: VenueOrderStatus;
  readonly side: Side;
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT';
  readonly kind: string;
  readonly timeInForce: string;
  readonly reduceOnly: boolean;
  readonly priceTicks: number;
  readonly triggerTicks: number;
  readonly lots: number;
  /** Filled in all, by the venue's count. */
  readonly filledLots: number;
  /** The execution that this report is about; null where it is about none. */
  readonly fill: VenueFill | null;
  /** Venue's transaction time, ms. */
  readonly venueMs: number;
  readonly reason: string;
}

export interface VenueFill {
  /** Unique per symbol and product. */
  readonly tradeId: string;
  readonly priceTicks: number;
  readonly lots: number;
  readonly maker: boolean;
  /** Decimal, positive is paid. */
  readonly fee: string;
  readonly feeAsset: string;
  /** Decimal, in the settlement asset, as the venue booked it; null where it does not say (spot). */
  readonly realised: string | null;
  readonly venueMs: number;
}

/** State of a conditional order of USD-M's algo service. */
export interface AlgoReport {
  readonly type: 'algo.report';
  readonly source: 'stream' | 'answer';
  readonly product: VenueProduct;
  readonly symbol: number;
  readonly clientId: string;
  readonly algoId: string;
  readonly status: 'NEW' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'CANCELED' | 'REJECTED' | 'EXPIRED';
  readonly side: Side;
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT';
  readonly kind: string;
  readonly triggerTicks: number;
  readonly lots: number;
  readonly closePosition: boolean;
  readonly reduceOnly: boolean;
  /** Order that it became; empty before. */
  readonly spawnedVenueId: string;
  readonly venueMs: number;
  readonly reason: string;
}

/** Balances and positions that the venue says changed, or, with `whole`, all there are. Decimals as strings. */
export interface AccountReport {
  readonly type: 'account.report';
  readonly source: 'stream' | 'answer';
  readonly whole: boolean;
  readonly product: VenueProduct;
  readonly reason: string;
  readonly balances: readonly { readonly asset: string; readonly free: string; readonly locked: string; readonly total: string }[];
  /** `signedLots`: negative is short; hedge legs are separate rows. */
  readonly positions: readonly { readonly symbol: number; readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'; readonly signedLots: number; readonly entryPrice: string }[];
  readonly venueMs: number;
}

/** Funding, fees outside trades, deposits: what changed a balance without a fill. */
export interface CashReport {
  readonly type: 'cash.report';
  readonly product: VenueProduct;
  readonly kind: 'funding' | 'transfer' | 'liquidationFee' | 'other';
  readonly asset: string;
  /** Signed decimal: positive came in. */
  readonly amount: string;
  readonly symbol: number | null;
  readonly id: string;
  readonly venueMs: number;
}

/** The private stream of a product: while it is not `live`, what the venue does to our orders is not told. */
export interface UserStreamEdge {
  readonly type: 'user-stream';
  readonly product: VenueProduct;
  readonly state: 'live' | 'down';
  readonly reason: string;
}

export type VenueReport = OrderReport | AlgoReport | AccountReport | CashReport | UserStreamEdge;
