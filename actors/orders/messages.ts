/**
 * Orders at a real venue: what is asked of `/trading/orders`, what becomes of it, and what others are told. Prices are integer ticks,
 * quantities integer lots; what is told of a fill carries the exact decimals too. Everything is plain data: it goes to the record.
 */
import type { VenueProduct } from '../engine/io.js';
import type { AlgoReport, OrderReport, VenueFill, VenueOutcome, VenueReport } from '../engine/venue-calls.js';
import type { RulesChanged } from '../engine/venue-rules.js';
import type { OrdersQuestion, PositionGone, TruthDifferences } from '../truth/messages.js';
import type { OrderService, PositionSide } from '../truth/views.js';
import type { Side, TimeInForce, VenueControl } from '../venue/messages.js';

/** Everything that changes of an order is published on this topic, in order. Subscribers: guard, ledger, truth, operator. */
export const ORDERS_TOPIC = 'trading.orders';

/**
 * What is wanted, whole, before anything is sent. Written down and flushed first; nothing in it changes later.
 */
export interface OrderIntent {
  /** Unique for ever; the account's order id, or one of who else asks. */
  readonly id: string;
  /** Under which the venue knows it: made of run and `id`, the same on every resend. */
  readonly clientId: string;
  readonly product: VenueProduct;
  readonly symbol: number;
  /** Conditional orders of USD-M live in a service of their own. */
  readonly service: OrderService;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly kind: 'limit' | 'market' | 'stop';
  /** Limit price in ticks; 0 for none. */
  readonly priceTicks: number;
  /** Stop price in ticks; 0 for none. */
  readonly triggerTicks: number;
  readonly lots: number;
  readonly timeInForce: TimeInForce;
  /** It can only take exposure off. True of every exit, also where the venue has no such flag (spot, hedge mode). */
  readonly reduceOnly: boolean;
  /** Entry whose position it closes; null for an entry itself, and where none is named. */
  readonly reduces: string | null;
  /** Path of the actor that is told as a venue tells (VenueEvent); empty for nobody. */
  readonly owner: string;
  /** Id under which its owner knows it, where that is not `id`: the leg of a list that stands for a stop. */
  readonly toldAs?: string;
  /** Client id of the one-cancels-other list it is a leg of (spot); null for none. The limit leg sends the list, the stop's client id is the list's less its last letter. */
  readonly listId: string | null;
  /** Client id of the exit that the venue withdraws with the same call (spot): what it has locked is never without an order. */
  readonly replaces?: string;
  /** Engine clock, ms. */
  readonly createdMs: number;
}

/**
 * `unknown`: something was sent and its answer is missing or makes no sense; nothing new is opened on the instrument until the venue has
 * answered. `collecting`: the order is over, and fills that the venue has counted are still to be told. `triggered`: of an algo order, it
 * has become an order of its own.
 */
export type OrderState = 'journalling' | 'submitted' | 'unknown' | 'accepted' | 'triggered' | 'partiallyFilled' | 'collecting' | FinalState;
export type FinalState = 'filled' | 'canceled' | 'expired' | 'rejected';

export const FINAL_STATES: readonly OrderState[] = ['filled', 'canceled', 'expired', 'rejected'];
export const isFinal = (state: OrderState): state is FinalState => FINAL_STATES.includes(state);

/** Published: an order of ours is in another state, or a foreign one was seen. */
export interface OrderChanged {
  readonly type: 'order.changed';
  readonly intent: OrderIntent;
  readonly state: OrderState;
  /** Null when it is new. */
  readonly previous: OrderState | null;
  readonly venueId: string;
  readonly filledLots: number;
  /** Why it ended or is in doubt, in the venue's words or ours; empty for nothing to say. */
  readonly reason: string;
  readonly atMs: number;
}

/** Published: an execution, exactly once for a trade id. */
export interface OrderFilled {
  readonly type: 'order.filled';
  readonly product: VenueProduct;
  readonly symbol: number;
  /** False: an order of somebody else, or of the venue itself. */
  readonly ours: boolean;
  /** Ours: id of the intent, and of the entry it belongs to; empty otherwise. */
  readonly id: string;
  readonly entryId: string;
  readonly clientId: string;
  readonly venueId: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly reduceOnly: boolean;
  readonly fill: VenueFill;
  /** Exact decimals of `fill.priceTicks` and `fill.lots`. */
  readonly price: string;
  readonly quantity: string;
  /** Spot, of our entries and their exits: whole lots that the entry still holds and that can be sold, fees taken off; absent elsewhere. */
  readonly heldLots?: number;
  /** Told after the order had been told as over. */
  readonly late: boolean;
}

/** Published: an order that is not ours is at the venue, or has changed there. */
export interface ForeignOrder {
  readonly type: 'order.foreign';
  readonly report: OrderReport | AlgoReport;
  /** Its id is one of ours, but nothing of it is written down. */
  readonly forgotten: boolean;
}

/** Published: nothing may be opened on the instrument while `on`, because an order of it is in doubt. */
export interface InstrumentBlocked {
  readonly type: 'order.blocked';
  readonly symbol: number;
  readonly on: boolean;
}

export type OrderNews = OrderChanged | OrderFilled | ForeignOrder | InstrumentBlocked;

/** From the guard or the operator: an order that is not the account's. The answer is {@link OrderNews}, and VenueEvents to `owner`. */
export interface PlaceOrder {
  readonly type: 'orders.place';
  readonly intent: Omit<OrderIntent, 'clientId' | 'product' | 'service' | 'createdMs' | 'listId' | 'toldAs' | 'replaces'>;
}
/** Withdraws orders of ours that still may fill: all of them, of one symbol, (with `entriesOnly`) only what opens, (with `spareStops`) no stops, or (with `clientId`) one. */
export interface CancelOrders {
  readonly type: 'orders.cancel';
  readonly symbol: number | null;
  readonly entriesOnly: boolean;
  readonly spareStops?: boolean;
  readonly clientId?: string;
}
/** Asks the venue about an order (by client id) before anything else is believed of it. */
export interface VerifyOrder {
  readonly type: 'orders.verify';
  readonly clientId: string;
}

/** From an operator: an order in doubt (by client id) is given up. Truth has been read since, and does not list it; should it turn up after all, it is withdrawn. */
export interface GiveUpOrder {
  readonly type: 'orders.giveUp';
  readonly clientId: string;
  /** Who says so, for the record. */
  readonly by: string;
}

/** Messages of the manager's own children. */
export type ChildTold =
  | { readonly type: 'child.state'; readonly clientId: string; readonly state: OrderState; readonly record: OrderRecord }
  | { readonly type: 'child.fill'; readonly clientId: string; readonly fill: VenueFill; readonly record: OrderRecord }
  /** It is over, nothing is owed, and no report has come for a while: its actor may end. */
  | { readonly type: 'child.done'; readonly clientId: string; readonly record: OrderRecord };

export type OrdersMessage =
  | VenueControl | PlaceOrder | CancelOrders | VerifyOrder | GiveUpOrder
  | VenueReport | VenueOutcome
  | RulesChanged | TruthDifferences | PositionGone | OrdersQuestion
  | { readonly type: 'store.flushed'; readonly id: string }
  | { readonly type: 'store.failed'; readonly problem: string }
  | { readonly type: 'orders.poll'; readonly product: VenueProduct }
  | ChildTold;

/** How an order ended, and who says so. Only `report` is the venue's word about the order itself. */
export interface OrderEnd {
  readonly state: FinalState;
  readonly by: 'report' | 'refusal' | 'absence' | 'us';
  readonly reason: string;
}

/** What was sent of an order, or is in doubt. */
export type Doubt = 'place' | 'cancel' | 'missing' | 'restart';

/** All that is known of an order; a row of the record, and what a new life of its actor begins with. */
export interface OrderRecord {
  readonly intent: OrderIntent;
  /** The intent is on the disk. */
  readonly journalled: boolean;
  /** The call that places it was made. */
  readonly sent: boolean;
  readonly venueId: string;
  /** The venue has told of it at all; otherwise than in the answer to the placing. */
  readonly seen: boolean;
  readonly heard: boolean;
  /** Of an algo order: it has triggered, and became this order (empty until that is told). */
  readonly triggered: boolean;
  readonly spawnedId: string;
  /** By the venue's count, the highest ever told; and what our fills sum up to. */
  readonly filledLots: number;
  readonly bookedLots: number;
  readonly tradeIds: readonly string[];
  readonly end: OrderEnd | null;
  readonly doubt: Doubt | null;
  /** After it the venue takes no request of ours any more that it has not taken by then, ms on its clock; 0 while none is on its way. */
  readonly expiresMs: number;
  readonly cancelWanted: boolean;
  readonly changedMs: number;
}

/** What the record of an earlier run left open; every one begins in `unknown` and is asked about, never sent again. */
export interface RecoveredOrders {
  readonly records: readonly OrderRecord[];
}
