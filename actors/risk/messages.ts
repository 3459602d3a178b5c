/**
 * Between the account and `/trading/risk`, by ask: nothing opens without a yes. No answer in time, or nobody there, is a no.
 * Exits, cancels and reduce-only orders are never asked about.
 */
import type { VenueProduct } from '../engine/io.js';
import type { Side } from '../venue/messages.js';
import type { TruthState } from '../truth/messages.js';

export interface RiskQuestion {
  readonly type: 'risk.ask';
  readonly id: string;
  readonly strategy: string;
  readonly symbol: number;
  readonly side: Side;
  readonly kind: 'limit' | 'market';
  readonly priceTicks: number;
  readonly lots: number;
  /** Orders of ours that work at the venue or are on their way. */
  readonly workingOrders: number;
  /** What our trades hold or have reserved, decimal, in the quote asset. */
  readonly exposure: readonly { readonly symbol: number; readonly signedLots: number; readonly reserved: string }[];
}

/** The guard that said no. */
export type RiskGuard =
  | 'risk_down' | 'unknown_instrument' | 'limits_not_set' | 'operator_pause' | 'truth_not_fresh' | 'unknown_order' | 'breaker_open' | 'order_count' | 'order_size'
  | 'price_unknown' | 'price_deviation' | 'symbol_exposure' | 'total_exposure' | 'store_failed' | 'unprotectable';

export type RiskAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly guard: RiskGuard; readonly detail: string };

/** From `/venue/breakers`: a class of endpoints of a product is cut off, or again open. */
export interface BreakerEdge {
  readonly type: 'breaker';
  readonly product: VenueProduct;
  readonly class: string;
  readonly open: boolean;
}
/** From `/trading/orders`: how many orders of an instrument are in the state UNKNOWN. */
export interface UnknownOrders {
  readonly type: 'orders.unknown';
  readonly symbol: number;
  readonly count: number;
}
/** From `/trading/guard`: no stop can be placed for this instrument (or it can again). */
export interface Unprotectable {
  readonly type: 'guard.unprotectable';
  readonly symbol: number;
  readonly on: boolean;
}
/** From the host's pulse of market data or a feed: best quotes and mark in ticks, 0 for unknown. */
export interface PriceReference {
  readonly type: 'price';
  readonly symbol: number;
  readonly bidTicks: number;
  readonly askTicks: number;
  readonly markTicks: number;
  readonly atUs: number;
}
/** From `/operator`, and at boot: openings are off until the operator says otherwise. */
export interface OperatorPause {
  readonly type: 'risk.pause';
  readonly on: boolean;
  readonly reason: string;
}

export type RiskMessage =
  | RiskQuestion | TruthState | BreakerEdge | UnknownOrders | Unprotectable | PriceReference | OperatorPause
  | { readonly type: 'store.failed'; readonly problem: string }
  | { readonly type: 'risk.status' };
