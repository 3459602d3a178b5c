/**
 * What `/trading/truth` hears and tells. It takes every {@link VenueReport} of the user streams, and the outcomes of its own calls.
 *
 * Of others it asks: `/trading/orders` {@link OrdersQuestion}, `/trading/ledger` {@link LedgerQuestion}, both by ask.
 */
import type { VenueProduct } from '../engine/io.js';
import type { VenueOutcome, VenueReport } from '../engine/venue-calls.js';
import type { Difference, Unjudged } from './differences.js';
import type { EndedOrder, LocalOrder, LocalView, VenueView } from './views.js';

/**
 * `fresh`: read from the exchange lately, kept by a live stream, and no difference left. `stale`: known, and too old or in doubt. `unknown`:
 * never read. Anything but `fresh` blocks openings; closings always go.
 */
export type Freshness = 'fresh' | 'stale' | 'unknown';

/** To whoever listens, at every change. */
export interface TruthState {
  readonly type: 'truth.state';
  readonly product: VenueProduct;
  readonly freshness: Freshness;
  /** Why it is not fresh; empty when it is. */
  readonly reasons: readonly string[];
  /** Venue's clock at the last whole view, ms; 0 for never. */
  readonly asOfMs: number;
}

/** To orders, guard and ledger: each carries out what is its own. */
export interface TruthDifferences {
  readonly type: 'truth.differences';
  readonly product: VenueProduct;
  readonly askedMs: number;
  readonly differences: readonly Difference[];
}

/** Something smells: read everything again, soon. */
export interface TruthSuspicion {
  readonly type: 'truth.suspect';
  readonly product: VenueProduct;
  readonly reason: string;
}

/** Asked, answers a {@link TruthRefreshed} when every product has been read and reconciled, or could not be. */
export interface TruthRefresh {
  readonly type: 'truth.refresh';
}
export interface TruthRefreshed {
  readonly products: readonly { readonly product: VenueProduct; readonly ok: boolean; readonly problem: string }[];
}

/** Asked, answers the latest {@link TruthStatus}. */
export interface TruthStatusQuestion {
  readonly type: 'truth.status';
}
export interface TruthStatus {
  readonly products: readonly (TruthState & { readonly view: VenueView | null; readonly unjudged: readonly Unjudged[]; readonly differencesSeen: number })[];
}

/** To `/trading/orders` by ask: which orders it thinks may be at the exchange. Answered with {@link OrdersAnswer}. */
export interface OrdersQuestion {
  readonly type: 'orders.open';
  readonly product: VenueProduct;
}
export interface OrdersAnswer {
  readonly orders: readonly LocalOrder[];
  /** Those that ended in the last minutes. */
  readonly ended: readonly EndedOrder[];
}

/** To `/trading/ledger` by ask: what it has booked. `sinceMs`: fills from then on. Answered with {@link LedgerAnswer}. */
export interface LedgerQuestion {
  readonly type: 'ledger.view';
  readonly product: VenueProduct;
  readonly sinceMs: number;
}
export type LedgerAnswer = Omit<LocalView, 'orders' | 'ended'>;

export type TruthMessage = VenueReport | VenueOutcome | TruthSuspicion | TruthRefresh | TruthStatusQuestion;
