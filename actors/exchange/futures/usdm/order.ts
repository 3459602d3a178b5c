import { BID, type Side } from '../../book/index.js';
import type { AccountId } from '../../ids.js';
import { type Amount, amount, ZERO } from '../../ledger/index.js';
import { ClientOrder, type PlaceRequest, type StpMode } from '../../matching/index.js';
import type { Holding, SymbolAccount } from './account.js';
import type { FuturesSymbol } from './symbol.js';

export type SideName = 'BUY' | 'SELL';
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
export type OrderType = 'LIMIT' | 'MARKET' | 'STOP' | 'STOP_MARKET' | 'TAKE_PROFIT' | 'TAKE_PROFIT_MARKET' | 'TRAILING_STOP_MARKET';
/** LIQUIDATION is what the venue's own closing orders are called on the user stream. */
export type ShownOrderType = OrderType | 'LIQUIDATION';
export type TimeInForceName = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD' | 'GTE_GTC';
export type WorkingType = 'CONTRACT_PRICE' | 'MARK_PRICE';
export type StpName = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH';
export type PriceMatch = 'NONE' | 'OPPONENT' | 'OPPONENT_5' | 'OPPONENT_10' | 'OPPONENT_20' | 'QUEUE' | 'QUEUE_5' | 'QUEUE_10' | 'QUEUE_20';
export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';
/** Why the venue closes somebody's position. */
export type Forced = 'liquidation' | 'adl' | 'settlement';
export type AlgoStatus = 'NEW' | 'CANCELED' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'REJECTED' | 'EXPIRED';

export const ORDER_TYPES: readonly OrderType[] = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];
export const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD', 'GTE_GTC'] as const;
export const PRICE_MATCHES: readonly PriceMatch[] = ['NONE', 'OPPONENT', 'OPPONENT_5', 'OPPONENT_10', 'OPPONENT_20', 'QUEUE', 'QUEUE_5', 'QUEUE_10', 'QUEUE_20'];
export const STP_NAMES: readonly StpName[] = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'];
const STP_MODES: Readonly<Record<StpName, StpMode>> = { NONE: 'none', EXPIRE_TAKER: 'expire_taker', EXPIRE_MAKER: 'expire_maker', EXPIRE_BOTH: 'expire_both' };

export const isConditional = (type: OrderType): boolean => type !== 'LIMIT' && type !== 'MARKET';
export const isLimit = (type: OrderType): boolean => type === 'LIMIT' || type === 'STOP' || type === 'TAKE_PROFIT';
export const sideName = (side: Side): SideName => (side === BID ? 'BUY' : 'SELL');
export const stpMode = (name: StpName): StpMode => STP_MODES[name];

/** What orders and algo orders have in common: whose they are, and what the client said. */
export interface OrderTerms {
  readonly holder: SymbolAccount;
  readonly clientOrderId: string;
  readonly positionSide: PositionSide;
  readonly shownType: ShownOrderType;
  /** What it was before it triggered. */
  readonly origType: ShownOrderType;
  readonly shownTimeInForce: TimeInForceName;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly workingType: WorkingType;
  readonly priceProtect: boolean;
  readonly priceMatch: PriceMatch;
  readonly stpName: StpName;
  /** GTD: ms since the epoch; else 0. */
  readonly goodTillMs: number;
}

/** An order in (or through) the matching engine. */
export class FuturesOrder extends ClientOrder {
  readonly terms: OrderTerms;
  readonly holding: Holding;
  /** Closes only: reduce-only, or the closing side in hedge mode. */
  readonly closing: boolean;
  /** Of an order that a conditional one became: what triggered it; in ticks. */
  readonly triggerTicks: number;
  /** The algo order that became this one. */
  readonly algo: AlgoOrder | undefined;
  /** Made by the venue to close a position. */
  readonly forced: Forced | undefined;
  status: OrderStatus = 'NEW';
  /** Sum of price × quantity of the fills. */
  filledQuote: Amount = ZERO;
  amends = 0;
  createdUs = 0;
  updatedUs = 0;
  /** What it adds to its side's open notional now. */
  reserved: Amount = ZERO;

  constructor(request: PlaceRequest, terms: OrderTerms, holding: Holding, closing: boolean, extra: { readonly triggerTicks?: number; readonly algo?: AlgoOrder; readonly forced?: Forced } = {}) {
    super(request);
    this.terms = terms;
    this.holding = holding;
    this.closing = closing;
    this.triggerTicks = extra.triggerTicks ?? 0;
    this.algo = extra.algo;
    this.forced = extra.forced;
  }

  get symbol(): FuturesSymbol {
    return this.terms.holder.market.symbol;
  }

  get owner(): AccountId {
    return this.terms.holder.account.id;
  }
}

/** A conditional order that waits for its trigger. It is never in the book: what it becomes is a FuturesOrder. */
export class AlgoOrder extends ClientOrder {
  readonly terms: OrderTerms;
  readonly holding: Holding;
  /** Before the algo service it was an order with an order's number, and it is shown as one. */
  readonly legacy: boolean;
  /** Price of the limit order that it becomes; 0 for a market order. */
  readonly limitTicks: number;
  /** Trailing distance as the client wrote it, in percent; "" when it does not trail. */
  readonly callbackRate: string;
  /** Trailing: price from which it trails, as the client gave it; 0 = at once. */
  readonly activateTicks: number;
  algoStatus: AlgoStatus = 'NEW';
  createdUs = 0;
  updatedUs = 0;
  triggeredUs = 0;
  /** The order that it became. */
  actual: FuturesOrder | undefined;
  /** Why the matching engine refused what it became. */
  rejectReason = '';

  constructor(request: PlaceRequest, terms: OrderTerms, holding: Holding, extra: { readonly legacy: boolean; readonly limitTicks: number; readonly callbackRate: string }) {
    super(request);
    this.terms = terms;
    this.holding = holding;
    this.legacy = extra.legacy;
    this.limitTicks = extra.limitTicks;
    this.callbackRate = extra.callbackRate;
    this.activateTicks = request.stopTicks ?? 0;
  }

  get symbol(): FuturesSymbol {
    return this.terms.holder.market.symbol;
  }

  get owner(): AccountId {
    return this.terms.holder.account.id;
  }
}

/** One execution of one order. */
export interface Fill {
  readonly tradeId: number;
  readonly order: FuturesOrder;
  readonly ticks: number;
  readonly lots: number;
  readonly quote: Amount;
  readonly maker: boolean;
  /** Paid; negative for a rebate. */
  readonly commission: Amount;
  readonly realised: Amount;
  readonly atUs: number;
}

export const addAmounts = (one: Amount, other: Amount): Amount => amount(one + other);
