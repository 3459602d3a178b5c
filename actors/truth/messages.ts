/**
 * What `/trading/truth` hears and tells. It takes every {@link VenueReport} of the user streams, and the outcomes of its own calls.
 *
 * Of others it asks: `/trading/orders` {@link OrdersQuestion}, `/trading/ledger` {@link LedgerQuestion}, both by ask.
 */
import type { AskResult } from '../../runtime/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { VenueOutcome, VenueReport } from '../engine/venue-calls.js';
import type { PriceReference } from '../risk/messages.js';
import type { Difference, Unjudged } from './differences.js';
import type { Side } from '../venue/messages.js';
import type { EndedOrder, LocalOrder, LocalView, PositionSide, ReconcileInstrument, VenueView } from './views.js';

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
  /** Engine clock when the reading of that view began, ms; 0 for never. To be held against other times of ours. */
  readonly readMs: number;
  /** What the exchange says is held, whoever opened it. */
  readonly positions: VenueView['positions'];
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

/** Read everything now; `replyTo` is told {@link TruthRefreshed} when every product has been read and reconciled, or could not be. */
export interface TruthRefresh {
  readonly type: 'truth.refresh';
  readonly id: string;
  readonly replyTo: string;
}
export interface TruthRefreshed {
  readonly type: 'truth.refreshed';
  readonly id: string;
  readonly products: readonly { readonly product: VenueProduct; readonly ok: boolean; readonly problem: string }[];
}

/** From the operator: while everything is being closed, read more often. */
export interface TruthPace {
  readonly type: 'truth.pace';
  readonly closing: boolean;
}

/** To `/venue/user/<product>`: trades that its stream should have told were found by asking. It looks alive and is not. */
export interface StreamSilent {
  readonly type: 'stream.silent';
  readonly product: VenueProduct;
  readonly reason: string;
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
  /** Those that ended in the last minutes: an older list of the exchange's must not bring them back. */
  readonly ended?: readonly EndedOrder[];
}

/** To `/trading/ledger` by ask: what it has booked. `sinceMs`: fills from then on; those before `keepSinceMs` are never asked for again. Answered with {@link LedgerAnswer}. */
export interface LedgerQuestion {
  readonly type: 'ledger.view';
  readonly product: VenueProduct;
  readonly sinceMs: number;
  readonly keepSinceMs: number;
}
export type LedgerAnswer = Omit<LocalView, 'orders' | 'ended'>;

/** {@link TruthState} is published on this topic at every change and after every reading. */
export const TRUTH_TOPIC = 'trading.truth';

export type TruthMessage =
  | VenueReport | VenueOutcome | PriceReference | TruthSuspicion | TruthRefresh | TruthPace | TruthStatusQuestion
  | { readonly type: 'truth.read'; readonly product: VenueProduct }
  | { readonly type: 'truth.deadline'; readonly product: VenueProduct }
  | { readonly type: 'truth.aged'; readonly product: VenueProduct }
  | { readonly type: 'truth.look'; readonly product: VenueProduct; readonly reading: number }
  | { readonly type: 'truth.local'; readonly product: VenueProduct; readonly reading: number; readonly part: 'orders'; readonly result: AskResult<OrdersAnswer> }
  | { readonly type: 'truth.local'; readonly product: VenueProduct; readonly reading: number; readonly part: 'ledger'; readonly result: AskResult<LedgerAnswer> };

/** What a supervisor tells truth. */
export interface TruthInput {
  readonly products: readonly VenueProduct[];
  readonly instruments: readonly ReconcileInstrument[];
  /** Client ids of ours begin with one of these. */
  readonly ownPrefixes: readonly string[];
  /** Whether positions of ours must have a stop at the venue, and how long after the fill that opened them their guard has time for it, ms. */
  readonly protect: boolean;
  readonly protectWithinMs: number;
  /** By product: until when an earlier run had settled with the exchange, ms on its clock. */
  readonly settledMs: Readonly<Partial<Record<VenueProduct, number>>>;
  /** Who gets {@link TruthDifferences}. */
  readonly differencesTo: readonly string[];
  readonly ordersPath: string;
  readonly ledgerPath: string;
  readonly gatewayPath: string;
  readonly userStreamPath: string;
  readonly journalPath?: string;
}

/**
 * From the ledger to all who count what we have open: so much of what our own orders opened is gone without an order of ours. Somebody closed it by
 * hand, or the venue did (liquidation, deleveraging, settlement).
 */
export interface PositionGone {
  readonly type: 'position.gone';
  readonly product: VenueProduct;
  readonly symbol: number;
  readonly positionSide: PositionSide;
  /** Of the position: a buy's is long. */
  readonly side: Side;
  readonly lots: number;
  /** At what price, where that is known; 0 otherwise. */
  readonly priceTicks: number;
  /** Whose order it was, or `unexplained`. */
  readonly reason: string;
}
