/** What `/trading/ledger` hears and tells. It subscribes to the news of orders; what a time without a stream hid comes as differences from truth. */
import type { VenueProduct } from '../engine/io.js';
import type { CashReport } from '../engine/venue-calls.js';
import type { OrderNews } from '../orders/messages.js';
import type { LedgerQuestion, TruthDifferences } from '../truth/messages.js';
import type { PositionSide, ReconcileInstrument } from '../truth/views.js';

/** Asked, answers a {@link LedgerStatus}. */
export interface LedgerStatusQuestion {
  readonly type: 'ledger.status';
}
export interface LedgerStatus {
  readonly products: readonly {
    readonly product: VenueProduct;
    /** By asset; decimals. */
    readonly balances: Readonly<Record<string, string>>;
    readonly positions: readonly { readonly symbol: number; readonly positionSide: PositionSide; readonly signedLots: number; readonly ownLots: number }[];
    /** Spot: what we bought and still hold, by symbol; `dust`: it is too little to be sold. */
    readonly holdings: readonly { readonly symbol: number; readonly asset: string; readonly quantity: string; readonly dust: boolean }[];
    readonly totals: LedgerTotals;
  }[];
}

/** Sums since the record of the account began; decimals by asset. */
export interface LedgerTotals {
  /** Of trades of our own that are closed, before fees, as we reckon them. */
  readonly realised: Readonly<Record<string, string>>;
  /** As the exchange booked it, of all fills. */
  readonly venueRealised: Readonly<Record<string, string>>;
  /** Paid, of all fills. */
  readonly fees: Readonly<Record<string, string>>;
  /** Came in. */
  readonly funding: Readonly<Record<string, string>>;
  /** Transfers and whatever else changed a balance. */
  readonly other: Readonly<Record<string, string>>;
  /** What nothing explained when it was set to the exchange's. */
  readonly unexplained: Readonly<Record<string, string>>;
  readonly fills: number;
  readonly trades: number;
}

/** What a supervisor tells the ledger. */
export interface LedgerInput {
  readonly products: readonly VenueProduct[];
  readonly instruments: readonly ReconcileInstrument[];
  readonly ownPrefixes: readonly string[];
  /** Who hears what of our positions is gone (PositionGone). */
  readonly goneTo?: readonly string[];
  /** Rows of the record's table `snapshots` whose keys begin with `ledger `, by product; a product without one begins anew. */
  readonly recovered: Readonly<Partial<Record<VenueProduct, unknown>>>;
}

export type LedgerMessage = OrderNews | CashReport | TruthDifferences | LedgerQuestion | LedgerStatusQuestion | { readonly type: 'ledger.write' };
