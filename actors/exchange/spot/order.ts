/** Orders, order lists and accounts of the spot venue: the records that its parts share. */
import type { AccountId, ClientOrderId, OrderListId } from '../ids.js';
import { type Amount, type Asset, ZERO } from '../ledger/index.js';
import { ClientOrder, type PlaceRequest } from '../matching/index.js';
import type { Matcher } from '../matching/index.js';
import type { ReferencePrice } from './reference-price.js';
import type { OrderType, SpotSymbol, StpMode } from './symbol.js';

export type SpotSide = 'BUY' | 'SELL';
export type SpotTimeInForce = 'GTC' | 'IOC' | 'FOK';
export type OrderStatus = 'PENDING_NEW' | 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'REJECTED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';
export type ExpiryReason =
  | 'REJECTED'
  | 'EXCHANGE_CANCELED'
  | 'OCO_TRIGGER'
  | 'OTO_PHASE_ONE_EXPIRED'
  | 'UNFILLED_IOC_QUANTITY_EXPIRED'
  | 'UNFILLED_FOK_ORDER_EXPIRED'
  | 'INSUFFICIENT_LIQUIDITY'
  | 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED';

/** One symbol at work. */
export interface SpotMarket {
  readonly index: number;
  readonly symbol: SpotSymbol;
  readonly matcher: Matcher<SpotOrder>;
  readonly reference: ReferencePrice;
  nextPreventedMatchId: number;
}

/** What the venue knows of an order beside what the matcher does. */
export interface SpotOrderDetails {
  readonly market: SpotMarket;
  readonly owner: SpotAccount;
  readonly orderType: OrderType;
  readonly tif: SpotTimeInForce;
  readonly stp: StpMode;
  readonly clientId: ClientOrderId;
  /** What was asked for in quote; zero unless a market order by quote amount. */
  readonly quoteOrderQty: Amount;
  readonly icebergLots: number;
  readonly strategyId: number | undefined;
  readonly strategyType: number | undefined;
  readonly createdUs: number;
}

export class SpotOrder extends ClientOrder {
  readonly market: SpotMarket;
  readonly owner: SpotAccount;
  readonly orderType: OrderType;
  readonly tif: SpotTimeInForce;
  readonly stp: StpMode;
  readonly quoteOrderQty: Amount;
  /** Quantity of an iceberg as it was sent; 0 = none was. */
  readonly icebergLots: number;
  readonly strategyId: number | undefined;
  readonly strategyType: number | undefined;
  readonly createdUs: number;
  /** Stop price as it was sent; the matcher's own moves when it trails. */
  readonly askedStopTicks: number;
  clientId: ClientOrderId;
  status: OrderStatus = 'NEW';
  expiryReason: ExpiryReason | undefined;
  list: OrderList | undefined;
  updatedUs: number;
  /** When it came on the book or began to take; 0 = not yet. */
  workingUs = 0;
  /** When a trailing order began to follow the price; 0 = not yet. */
  trailingUs = 0;
  quoteFilled: Amount = ZERO;
  /** Lots that self-trade prevention took, in whichever mode. */
  preventedTotal = 0;
  preventedMatchId = -1;
  amends = 0;
  /**
   * Whose `held` stands for this order: itself, or the first leg of the OCO pair it is part of, since only one leg can ever execute.
   */
  holder: SpotOrder;
  /** What is locked in the ledger, in the asset that the order pays with. */
  held: Amount = ZERO;
  /** What a market order to buy may cost at most; until a conditional one is triggered, an estimate at its stop price. */
  budgetHold: Amount = ZERO;

  constructor(request: PlaceRequest, details: SpotOrderDetails) {
    super(request);
    this.market = details.market;
    this.owner = details.owner;
    this.orderType = details.orderType;
    this.tif = details.tif;
    this.stp = details.stp;
    this.clientId = details.clientId;
    this.quoteOrderQty = details.quoteOrderQty;
    this.icebergLots = details.icebergLots;
    this.strategyId = details.strategyId;
    this.strategyType = details.strategyType;
    this.createdUs = details.createdUs;
    this.updatedUs = details.createdUs;
    this.askedStopTicks = request.stopTicks ?? 0;
    this.holder = this;
  }

  get sideName(): SpotSide {
    return this.side === 0 ? 'BUY' : 'SELL';
  }

  /** The asset that the order pays with. */
  get payAsset(): Asset {
    return this.side === 0 ? this.market.symbol.quote : this.market.symbol.base;
  }

  /** Lots that can still be filled, those that self-trade prevention is about to take left out. */
  get remainingLots(): number {
    return this.lots - this.filledLots - this.preventedTotal;
  }

  get isFinal(): boolean {
    return this.status !== 'NEW' && this.status !== 'PARTIALLY_FILLED' && this.status !== 'PENDING_NEW';
  }

  /** STOP_LOSS and TAKE_PROFIT in either form: the "algo" orders of the filters. */
  get isAlgo(): boolean {
    return this.condition !== 'none';
  }

  /** Limit price as the venue shows it: market orders have none. */
  get shownTicks(): number {
    return this.type === 'limit' ? this.ticks : 0;
  }
}

export type ContingencyType = 'OCO' | 'OTO';
export type ListStatusType = 'EXEC_STARTED' | 'UPDATED' | 'ALL_DONE' | 'RESPONSE';
export type ListOrderStatus = 'EXECUTING' | 'ALL_DONE' | 'REJECT';

/**
 * OCO: `legs` are a pair of which one ends the other. OTO: `working` alone is placed, `legs` wait until it is filled; two of them
 * are an OTOCO, which the venue calls OTO as well.
 */
export interface OrderList {
  readonly listId: OrderListId;
  readonly clientId: ClientOrderId;
  readonly contingency: ContingencyType;
  readonly owner: SpotAccount;
  readonly market: SpotMarket;
  readonly orders: readonly SpotOrder[];
  /** The order that must be filled first; undefined = the legs are live from the start. */
  readonly working: SpotOrder | undefined;
  readonly legs: readonly SpotOrder[];
  statusType: ListStatusType;
  orderStatus: ListOrderStatus;
  updatedUs: number;
}

/** One execution of an order of the account's. */
export interface SpotFill {
  readonly tradeId: number;
  readonly order: SpotOrder;
  readonly ticks: number;
  readonly lots: number;
  readonly quote: Amount;
  /** Negative = a rebate. */
  readonly fee: Amount;
  readonly feeAsset: Asset;
  readonly isBuyer: boolean;
  readonly isMaker: boolean;
  readonly atUs: number;
}

/** A trade that self-trade prevention kept from happening. */
export interface PreventedMatch {
  readonly id: number;
  readonly taker: SpotOrder;
  readonly maker: SpotOrder;
  readonly ticks: number;
  readonly takerLots: number;
  readonly makerLots: number;
  readonly mode: StpMode;
  readonly atUs: number;
}

export interface Amendment {
  readonly orderId: number;
  readonly executionId: number;
  readonly fromClientId: ClientOrderId;
  readonly toClientId: ClientOrderId;
  readonly fromLots: number;
  readonly toLots: number;
  readonly atUs: number;
}

/** What an account did on one symbol. */
export class AccountSymbol {
  /** Orders that are not final, those waiting in a list included, by number and by client id. */
  readonly open = new Map<number, SpotOrder>();
  readonly openByClientId = new Map<string, SpotOrder>();
  /** Orders in order of their numbers; the latest of a client id. Both are cut to {@link HISTORY_LIMIT}. */
  readonly orders = new Map<number, SpotOrder>();
  readonly byClientId = new Map<string, SpotOrder>();
  readonly fills: SpotFill[] = [];
  readonly prevented: PreventedMatch[] = [];
  readonly amendments: Amendment[] = [];
  openAlgo = 0;
  openLists = 0;
}

/** Orders, fills and the like that an account can look up on a symbol; older ones are forgotten. */
export const HISTORY_LIMIT = 10_000;

export interface CommissionRates {
  /** Parts of 10^8 of what was received; negative = a rebate. */
  readonly maker: bigint;
  readonly taker: bigint;
}

/** What is of one account alone. */
export interface SpotAccountTerms {
  /** Orders of accounts with the same number do not trade with each other; none unless given. */
  readonly tradeGroupId?: number | undefined;
  /** MAX_ASSET: the most of an asset that one order may be about. */
  readonly maxAsset?: ReadonlyMap<Asset, Amount> | undefined;
}

/** Number of the trade group of an account that is in none. */
const NO_GROUP = -1;

export class SpotAccount {
  readonly id: AccountId;
  readonly rates: CommissionRates;
  readonly tradeGroupId: number;
  readonly maxAsset: ReadonlyMap<Asset, Amount>;
  readonly symbols = new Map<SpotMarket, AccountSymbol>();
  readonly lists = new Map<number, OrderList>();
  readonly openListsByClientId = new Map<string, OrderList>();
  canTrade = true;
  updatedUs = 0;
  openOrders = 0;
  /** Assets whose balance the command under way has changed. */
  readonly touched: Asset[] = [];

  constructor(id: AccountId, rates: CommissionRates, { tradeGroupId = NO_GROUP, maxAsset = new Map() }: SpotAccountTerms = {}) {
    this.id = id;
    this.rates = rates;
    this.tradeGroupId = tradeGroupId;
    this.maxAsset = maxAsset;
  }

  /** Whose orders do not trade with each other, for the matcher: the account's own number, or one below zero for a trade group. */
  get stpGroup(): number {
    return this.tradeGroupId === NO_GROUP ? this.id : NO_GROUP - 1 - this.tradeGroupId;
  }

  on(market: SpotMarket): AccountSymbol {
    let symbol = this.symbols.get(market);
    if (symbol === undefined) {
      symbol = new AccountSymbol();
      this.symbols.set(market, symbol);
    }
    return symbol;
  }
}
