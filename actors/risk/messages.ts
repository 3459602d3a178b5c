/**
 * Between the account and `/trading/risk`, by ask: nothing opens without a yes. No answer in time, or nobody there, is a no.
 * Exits, cancels and reduce-only orders are never asked about.
 */
import type { Instrument } from '../../data/records/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { OrderNews } from '../orders/messages.js';
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
  | 'risk_down' | 'unknown_instrument' | 'operator_pause' | 'store_failed' | 'truth_not_fresh' | 'unknown_order' | 'breaker_open' | 'key_refused' | 'order_count'
  | 'price_unknown' | 'price_deviation' | 'symbol_exposure' | 'total_exposure';

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
/** From `/venue/gateway`: the venue will not have the key for a class of calls (said again at each refusal), or has taken such a call since. */
export interface KeyEdge {
  readonly type: 'key';
  readonly product: VenueProduct;
  readonly class: 'order' | 'cancel';
  readonly refused: boolean;
  /** What the venue said. */
  readonly detail: string;
}
/** From `/trading/orders`: how many orders of an instrument are in the state UNKNOWN. */
export interface UnknownOrders {
  readonly type: 'orders.unknown';
  readonly symbol: number;
  readonly count: number;
}
/** From the market kernel, before every edge with quotes, and of every symbol when it is asked: best quotes and the price it goes by (mid, or last trade), in ticks, 0 for unknown. */
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

/** Asked, answers a {@link RiskStatus}. */
export interface RiskStatusQuestion {
  readonly type: 'risk.status';
}
export interface RiskStatus {
  /** Guards that would refuse any opening order now, and why. */
  readonly closed: readonly { readonly guard: RiskGuard; readonly detail: string }[];
  readonly limits: RiskLimits;
  readonly asked: number;
  readonly refused: Readonly<Record<string, number>>;
  /** The price that each symbol goes by, ticks; those of which none is known are left out. */
  readonly markTicks?: Readonly<Record<number, number>>;
}

/** Decimals in quote units; "0" and 0: not limited. */
export interface RiskLimits {
  readonly maxSymbolNotional: string;
  readonly maxTotalNotional: string;
  readonly maxOpenOrders: number;
}

/** What a supervisor tells the risk gate. */
export interface RiskInput {
  readonly instruments: readonly Instrument[];
  readonly limits: RiskLimits;
  /** Without a venue of its own (paper) there is no truth to be fresh. */
  readonly needsTruth: boolean;
  /** What truth said longer ago counts no more: who has fallen silent cannot say that it is stale. ms */
  readonly truthMaxAgeMs: number;
  readonly paused: { readonly on: boolean; readonly reason: string };
  /** Who is asked for prices, every now and then: a calm market tells of none. */
  readonly kernelPath?: string;
  readonly journalPath?: string;
}

export type RiskMessage =
  | RiskQuestion | TruthState | OrderNews | UnknownOrders | BreakerEdge | KeyEdge | PriceReference | OperatorPause | RiskStatusQuestion
  | { readonly type: 'store.failed'; readonly problem: string }
  | { readonly type: 'risk.prices' };
