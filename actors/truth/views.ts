/**
 * The two views that reconciliation compares: what we believe, and what the exchange says. Plain data. Prices are integer ticks, quantities
 * integer lots of the instrument of the symbol index, money decimal strings, stamps ms on the venue's clock.
 */
import type { Instrument } from '../../data/records/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { VenueOrderStatus } from '../engine/venue-calls.js';
import type { Side } from '../venue/messages.js';

export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';

/** Conditional orders of USD-M are numbered, listed and cancelled apart from the others. */
export type OrderService = 'order' | 'algo';

/** An order that the exchange has open. */
export interface VenueOrder {
  readonly service: OrderService;
  readonly symbol: number;
  /** The id under which it was placed. */
  readonly clientId: string;
  readonly venueId: string;
  /** Order list it belongs to (spot OCO); null for none. */
  readonly listId: string | null;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly kind: string;
  readonly reduceOnly: boolean;
  /** Closes whatever there is when it triggers; `lots` is then 0. */
  readonly closePosition: boolean;
  readonly priceTicks: number;
  readonly triggerTicks: number;
  readonly lots: number;
  readonly filledLots: number;
}

/** What a query of one order told. */
export interface VenueOrderState extends VenueOrder {
  readonly status: VenueOrderStatus;
}

/** Answer to a query of one order, by the id we gave it or by the venue's. */
export interface OrderLookup {
  readonly service: OrderService;
  readonly symbol: number;
  readonly by: { readonly clientId: string } | { readonly venueId: string };
  /** Timestamp of the query: what the venue accepted after it, the query cannot know. */
  readonly askedMs: number;
  /** Null: the venue knows no such order. */
  readonly found: VenueOrderState | null;
}

/** An execution as the exchange lists it. */
export interface VenueTrade {
  /** Unique per symbol. */
  readonly tradeId: string;
  readonly symbol: number;
  readonly venueOrderId: string;
  /** Null where the list of trades does not say and nobody has looked the order up. */
  readonly clientId: string | null;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly priceTicks: number;
  readonly lots: number;
  readonly maker: boolean;
  /** Positive is paid. */
  readonly fee: string;
  readonly feeAsset: string;
  /** As the venue booked it, in the settlement asset; null where it does not say (spot). */
  readonly realised: string | null;
  readonly venueMs: number;
}

/** What changed a balance without a trade, as the exchange lists it. */
export interface VenueIncome {
  /** Unique in the product. */
  readonly id: string;
  readonly kind: 'funding' | 'transfer' | 'liquidationFee' | 'other';
  readonly asset: string;
  /** Signed: positive came in. */
  readonly amount: string;
  readonly symbol: number | null;
  readonly venueMs: number;
}

export interface VenuePosition {
  readonly symbol: number;
  readonly positionSide: PositionSide;
  /** Negative is short, of hedge legs too. */
  readonly signedLots: number;
  readonly entryPrice: string;
}

export interface VenueBalance {
  readonly asset: string;
  /** Free and locked, without unrealised profit. */
  readonly total: string;
}

/** The exchange's truth about one product, from answers to requests that were stamped between two moments. */
export interface VenueView {
  readonly product: VenueProduct;
  /** Stamp of the first request, and of the last answer. What changed in between may be in one answer and not in another. */
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly hedgeMode: boolean;
  readonly orders: readonly VenueOrder[];
  readonly lookups: readonly OrderLookup[];
  readonly positions: readonly VenuePosition[];
  readonly balances: readonly VenueBalance[];
  readonly trades: readonly VenueTrade[];
  readonly incomes: readonly VenueIncome[];
}

/** What an order is to us. */
export type OrderPurpose = 'entry' | 'exit' | 'target' | 'stop' | 'other';

/** An order that we believe may be at the exchange. */
export interface LocalOrder extends VenueOrder {
  readonly owner: 'ours' | 'foreign';
  readonly purpose: OrderPurpose;
  /** `sent`: no answer yet; `unknown`: the answer was lost. */
  readonly state: 'sent' | 'open' | 'unknown';
  /** Of an unknown one: it was there, and its withdrawal was asked for or a query did not find it. A list of before proves nothing about it. */
  readonly leaving?: boolean;
  /** When we last did or heard something of it. */
  readonly changedMs: number;
  /** After it the exchange refuses the request that would have placed it (timestamp + recvWindow). */
  readonly expiresMs: number;
}

/** An order of ours that has ended; those that ended lately are enough. */
export interface EndedOrder {
  readonly service: OrderService;
  readonly symbol: number;
  readonly clientId: string;
  readonly endedMs: number;
}

export interface LocalPosition {
  readonly symbol: number;
  readonly positionSide: PositionSide;
  readonly signedLots: number;
  /** The part of it that our own orders opened; the rest is foreign. */
  readonly ownLots: number;
  /** When a fill last changed it. */
  readonly changedMs: number;
}

/** Spot: what our ledger bought and has not sold; only this is ours to sell. */
export interface LocalHolding {
  readonly symbol: number;
  readonly asset: string;
  /** In the asset, after fees that were taken from it. Below zero while a sale is booked and its purchase is not yet. */
  readonly quantity: string;
}

export interface LocalBalance extends VenueBalance {
  readonly changedMs: number;
}

export interface LocalFill {
  readonly symbol: number;
  readonly tradeId: string;
  readonly lots: number;
  readonly venueMs: number;
  /** When a stream told it, ms on the engine's clock, which stamps the questions too; the exchange's own stamp may be of a clock that is behind. */
  readonly heardMs?: number;
  /** Of one of ours that was told: what it did to what is ours, signed lots. Whoever protects that has heard of it at the same moment. */
  readonly own?: { readonly positionSide: PositionSide; readonly signedLots: number };
  /** The exchange's own list did not have it, and that was told. */
  readonly disputed: boolean;
}

/** What we believe of one product. */
export interface LocalView {
  readonly product: VenueProduct;
  readonly hedgeMode: boolean;
  /** Nothing was ever adopted from the exchange: the first view is the opening one. */
  readonly opening: boolean;
  readonly orders: readonly LocalOrder[];
  /** A list of open orders that is older than their end must not bring them back. */
  readonly ended: readonly EndedOrder[];
  readonly positions: readonly LocalPosition[];
  readonly holdings: readonly LocalHolding[];
  readonly balances: readonly LocalBalance[];
  /** Fills that are booked, at least those of the window. */
  readonly fills: readonly LocalFill[];
  /** Ids of the incomes that are booked, at least those of the window. */
  readonly incomes: readonly string[];
  /** Remainders too small to sell or protect that were told already. */
  readonly dust: readonly { readonly symbol: number; readonly positionSide: PositionSide; readonly ownLots: number }[];
}

/** Which trades of a symbol the venue view lists. */
export interface FillWindow {
  readonly symbol: number;
  /** Trades at or after it are listed … */
  readonly sinceMs: number;
  /** … all of them; otherwise `problem` says what is missing. */
  readonly complete: boolean;
  readonly problem: string;
}

/** What reconciliation has to know of an instrument. */
export interface ReconcileInstrument {
  readonly instrument: Instrument;
  /** What is bought, on spot; empty elsewhere. */
  readonly baseAsset: string;
  /** Smallest quantity that can be sold at market or protected; smaller is dust. */
  readonly minLots: number;
  /** Value of the smallest order, decimal of the quote, where orders that reduce know one too (spot); `minLots` does not count it in. */
  readonly minNotional?: string;
}

export interface ReconcileWindow {
  readonly fills: readonly FillWindow[];
  /** The same of incomes; null where the product lists none. */
  readonly incomes: Omit<FillWindow, 'symbol'> | null;
  readonly instruments: readonly ReconcileInstrument[];
  /** What changed later than `askedMs` less this is not judged: the answer may be older than the change. */
  readonly graceMs: number;
  /** Client ids of ours begin with one of these, whichever run made them. */
  readonly ownPrefixes: readonly string[];
  /** Positions of ours must have a stop at the venue … */
  readonly protect: boolean;
  /** … so long after the fill that opened them was told. */
  readonly protectWithinMs: number;
}
