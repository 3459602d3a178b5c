/**
 * Binance Spot as a plain object: accounts with their ledger, one matcher a symbol, and every order there is. Methods take an account and
 * a request that has been read, and answer or throw the venue's own VenueError; a refusal has changed nothing. Times are passed in.
 */
import { BID, OrderBook } from '../book/index.js';
import type { Venue } from '../engine.js';
import { type AccountId, type ClientOrderId, HOUSE, orderId, orderListId } from '../ids.js';
import { type Amount, amount, type Asset, InsufficientFunds, Ledger } from '../ledger/index.js';
import { Matcher } from '../matching/index.js';
import { AsOf } from '../rules.js';
import { VenueError } from '../venue-error.js';
import { ClientIds } from './client-ids.js';
import {
  accountDisabled, amendIncrease, amendNoChange, amendUnknown, cancelReplaceFailure, cancelRestricted, duplicateOrder, filterFailure,
  insufficientBalance, invalidSymbol, marketClosed, rejectReasonOf, tooManyAmends, unknownOrder, wouldTake, wouldTrigger, wrongClientId,
} from './errors.js';
import { Executions, type TradeListener } from './executions.js';
import { needOf, refit } from './holds.js';
import { checkPair } from './list-rules.js';
import {
  type CommissionRates, type ContingencyType, HISTORY_LIMIT, type OrderList, type PreventedMatch, SpotAccount, type SpotFill, type SpotMarket, type SpotOrder, trimmed,
} from './order.js';
import { prepareOrder, quantityOf } from './prepare.js';
import { ReferencePrice } from './reference-price.js';
import type { AmendRequest, CancelReplaceRequest, CancelRequest, LegRequest, OcoRequest, OrderReference, OrderRequest, OtoRequest } from './requests.js';
import { sweepOf } from './sweep.js';
import { SpotSymbol, type SpotSymbolSpec } from './symbol.js';
import { BalanceUpdate, type UserEventSink } from './user-events.js';

/** Accounts pay 0.1 % either way unless told otherwise. */
export const STANDARD_RATES: CommissionRates = { maker: 100_000n, taker: 100_000n };

export interface SpotVenueOptions {
  readonly symbols: readonly SpotSymbolSpec[];
  readonly asOf?: AsOf;
  readonly seed?: number;
  /** Told of every account's events; nobody unless given. */
  readonly events?: UserEventSink;
  readonly trades?: TradeListener;
  /** Update id of each book before its first change. */
  readonly firstUpdateId?: number;
  /** Ids of the first trade of each symbol, and of the first order. */
  readonly firstTradeId?: number;
  readonly firstOrderId?: number;
}

export interface Placement {
  readonly order: SpotOrder;
  /** Fills of the order while it was placed. */
  readonly fills: readonly SpotFill[];
  readonly prevented: readonly PreventedMatch[];
}

export interface Cancellation {
  readonly order: SpotOrder;
  /** Name of the cancel, and of the order before. */
  readonly cancelId: ClientOrderId;
}

export interface CancelReplacement {
  readonly canceled: Cancellation;
  readonly placed: Placement;
}

export interface AmendResult {
  readonly order: SpotOrder;
  readonly executionId: number;
  readonly fromClientId: ClientOrderId;
}

const HOUSE_ACCOUNTS = [HOUSE.market, HOUSE.fees, HOUSE.insurance, HOUSE.rounding, HOUSE.clearing] as const;
const NOBODY: UserEventSink = { wants: () => false, event: () => undefined };

export class SpotVenue implements Venue {
  readonly ledger = new Ledger();
  readonly asOf: AsOf;
  readonly markets: readonly SpotMarket[];
  readonly accounts = new Map<AccountId, SpotAccount>();
  /** Every asset that a symbol trades, in alphabetical order. */
  readonly assets: readonly Asset[];
  readonly #bySymbol = new Map<string, SpotMarket>();
  readonly #executions: Executions;
  readonly #clientIds: ClientIds;
  #nextOrderId = 1;
  #nextListId = 0;

  constructor(options: SpotVenueOptions) {
    this.asOf = options.asOf ?? new AsOf();
    this.#clientIds = new ClientIds(options.seed ?? 1);
    for (const account of HOUSE_ACCOUNTS) this.ledger.open(account, { mayOverdraw: true });
    this.#executions = new Executions(this.ledger, options.events ?? NOBODY, options.trades);
    this.markets = options.symbols.map((spec, index) => this.#list(spec, index, options));
    this.#nextOrderId = options.firstOrderId ?? 1;
    this.assets = [...new Set(this.markets.flatMap(({ symbol }) => [symbol.base, symbol.quote]))].sort();
    for (const market of this.markets) this.#bySymbol.set(market.symbol.name, market);
  }

  /** Now, when agents' trades have left something to be told or done; it has no timers of its own. */
  get nextUs(): number {
    return this.#executions.unsettled ? this.#executions.nowUs : Infinity;
  }

  advance(nowUs: number): void {
    this.#begin(nowUs);
    this.#end();
  }

  /** @throws VenueError -1121. */
  market(symbol: string): SpotMarket {
    const market = this.#bySymbol.get(symbol);
    if (market === undefined) throw invalidSymbol();
    return market;
  }

  /** @throws RangeError when there is no such account: whoever asks has let it in. */
  account(id: AccountId): SpotAccount {
    const account = this.accounts.get(id);
    if (account === undefined) throw new RangeError(`no spot account ${id}`);
    return account;
  }

  openAccount(id: AccountId, rates: CommissionRates = STANDARD_RATES): SpotAccount {
    this.ledger.open(id);
    const account = new SpotAccount(id, rates);
    this.accounts.set(id, account);
    return account;
  }

  /** Money from outside; a negative amount takes it out. @throws InsufficientFunds. */
  deposit(id: AccountId, asset: Asset, value: Amount, nowUs: number): void {
    const account = this.account(id);
    this.#begin(nowUs);
    if (value >= 0n) this.ledger.mint(id, asset, value);
    else this.ledger.burn(id, asset, amount(-(value as bigint)));
    this.#executions.emit(account, () => new BalanceUpdate(asset, value, nowUs));
    this.#executions.touch(account, asset);
    this.#end();
  }

  place(id: AccountId, request: OrderRequest, nowUs: number): Placement {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    const order = this.#prepare(account, market, request);
    this.#admit(account, market, [order], 0);
    try {
      return this.#enter(order);
    } finally {
      this.#end();
    }
  }

  /** All checks of {@link place} but those of the matching engine. */
  test(id: AccountId, request: OrderRequest, nowUs: number): void {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    this.#admit(account, market, [this.#prepare(account, market, request)], 0);
  }

  cancel(id: AccountId, request: CancelRequest, nowUs: number): Cancellation {
    const account = this.account(id);
    this.#begin(nowUs);
    const order = this.#openOrder(account, this.market(request.symbol), request, unknownOrder);
    if (!account.canTrade) throw accountDisabled();
    const { restrictions } = request;
    if ((restrictions === 'ONLY_NEW' && order.status !== 'NEW') || (restrictions === 'ONLY_PARTIALLY_FILLED' && order.status !== 'PARTIALLY_FILLED')) throw cancelRestricted();
    const cancellation = this.#cancel(order, request.newClientOrderId);
    this.#end();
    return cancellation;
  }

  /** Every open order of the symbol, those of lists included, oldest first. @throws VenueError -2011 when there is none. */
  cancelAll(id: AccountId, symbol: string, nowUs: number): readonly Cancellation[] {
    const account = this.account(id);
    const market = this.market(symbol);
    this.#begin(nowUs);
    const open = [...account.on(market).open.values()];
    if (open.length === 0) throw unknownOrder();
    const cancelId = this.#clientIds.next();
    for (const order of open) if (!order.isFinal) this.#cancel(order, cancelId);
    this.#end();
    return open.map((order) => ({ order, cancelId }));
  }

  /**
   * Cancels one order and places another on the same symbol. Filters are held against the new one before anything happens.
   * `describe` makes the answers that a half failure carries as its `data`. @throws VenueError -2021 (409) or -2022.
   */
  cancelReplace(
    id: AccountId, request: CancelReplaceRequest, nowUs: number,
    describe: { readonly canceled: (cancellation: Cancellation) => unknown; readonly placed: (placement: Placement) => unknown },
  ): CancelReplacement {
    const account = this.account(id);
    const market = this.market(request.order.symbol);
    this.#begin(nowUs);
    const order = this.#prepare(account, market, request.order);
    this.#admit(account, market, [order], 0, false);
    const canceled = attempt(() => this.cancel(id, request.cancel, nowUs));
    if (!canceled.ok && request.mode === 'STOP_ON_FAILURE') {
      throw cancelReplaceFailure({ cancelResult: 'FAILURE', newOrderResult: 'NOT_ATTEMPTED', cancelResponse: refusal(canceled.error), newOrderResponse: null }, false);
    }
    const placed = attempt(() => {
      this.#refuseDuplicates(account, market, [order]);
      try {
        return this.#enter(order);
      } finally {
        this.#end();
      }
    });
    if (canceled.ok && placed.ok) return { canceled: canceled.value, placed: placed.value };
    // A rejection alone is told to nobody but its sender; one whose cancel has happened is an event.
    if (canceled.ok && !placed.ok) {
      order.status = 'REJECTED';
      this.#executions.report(order, 'REJECTED', { rejectReason: rejectReasonOf(placed.error) });
    }
    throw cancelReplaceFailure({
      cancelResult: canceled.ok ? 'SUCCESS' : 'FAILURE',
      newOrderResult: placed.ok ? 'SUCCESS' : 'FAILURE',
      cancelResponse: canceled.ok ? describe.canceled(canceled.value) : refusal(canceled.error),
      newOrderResponse: placed.ok ? describe.placed(placed.value) : refusal(placed.error),
    }, canceled.ok || placed.ok);
  }

  /** Fewer lots at the same place in the queue. Both legs of a pair change together. */
  amend(id: AccountId, request: AmendRequest, nowUs: number): AmendResult {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    const order = this.#openOrder(account, market, request, amendUnknown);
    const lots = quantityOf(market.symbol, request.newQty);
    if (lots === order.lots) throw amendNoChange();
    if (lots > order.lots) throw amendIncrease();
    if (order.amends >= market.symbol.spec.maxNumOrderAmends) throw tooManyAmends();
    if (order.type === 'limit' && market.symbol.quoteAmount(order.ticks, lots) < market.symbol.minNotional) throw filterFailure('NOTIONAL');
    const fromClientId = order.clientId;
    const clientId = request.newClientOrderId ?? this.#clientIds.next();
    const bearer = account.on(market).openByClientId.get(clientId);
    if (bearer !== undefined && bearer !== order) throw duplicateOrder();
    const pair = order.list !== undefined && order.list.working !== order ? order.list.legs.filter((leg) => !leg.isFinal) : [order];
    let executionId = 0;
    for (const one of pair) {
      const before = one.lots;
      const name = one === order ? clientId : one.clientId;
      this.#shrink(one, lots, name);
      const { amendments } = account.on(market);
      executionId = one === order ? this.#executions.takeExecutionId() : executionId;
      amendments.push({ orderId: one.orderId, executionId, fromClientId: one === order ? fromClientId : one.clientId, toClientId: name, fromLots: before, toLots: lots, atUs: nowUs });
      account.on(market).amendments = trimmed(amendments);
      // What was filled already may be all that is left of it; then it has ended and was reported so.
      if (!one.isFinal) this.#executions.report(one, 'REPLACED', { originalClientId: one === order ? fromClientId : one.clientId });
    }
    if (order.list !== undefined && clientId !== fromClientId) {
      order.list.statusType = 'UPDATED';
      this.#executions.reportList(order);
      if (!order.list.orders.every((one) => one.isFinal)) order.list.statusType = 'EXEC_STARTED';
    }
    this.#end();
    return { order, executionId, fromClientId };
  }

  placeOco(id: AccountId, request: OcoRequest, nowUs: number): OrderList {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    const legs = this.#pair(account, market, request.above, request.below, false);
    this.#admit(account, market, legs, 1);
    const list = this.#openList(account, market, 'OCO', undefined, legs, request.listClientOrderId);
    try {
      this.#enterPair(legs);
      this.#startList(list);
    } catch (error) {
      this.#dropList(list);
      throw error;
    } finally {
      this.#end();
    }
    return list;
  }

  /** OTO with one pending order, OTOCO with two. */
  placeOto(id: AccountId, request: OtoRequest, nowUs: number): OrderList {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    const working = this.#prepare(account, market, request.working);
    const [first, second] = request.pending;
    const legs = second === undefined ? [this.#prepare(account, market, first)] : this.#pair(account, market, first, second, true);
    this.#admit(account, market, [working, ...legs], 1);
    const list = this.#openList(account, market, 'OTO', working, legs, request.listClientOrderId);
    try {
      this.#enter(working);
      for (const leg of legs) {
        if (working.isFinal && working.status !== 'FILLED') break;
        leg.status = 'PENDING_NEW';
        this.#executions.register(leg);
        this.#executions.report(leg, 'NEW');
      }
      this.#startList(list);
      this.#endUnregistered(list);
    } catch (error) {
      this.#dropList(list);
      throw error;
    } finally {
      this.#end();
    }
    return list;
  }

  cancelList(id: AccountId, request: { readonly symbol: string; readonly listId?: number | undefined; readonly clientId?: string | undefined; readonly newClientOrderId?: ClientOrderId | undefined }, nowUs: number): { readonly list: OrderList; readonly cancelId: ClientOrderId } {
    const account = this.account(id);
    const market = this.market(request.symbol);
    this.#begin(nowUs);
    const list = request.listId !== undefined ? account.lists.get(request.listId) : account.openListsByClientId.get(request.clientId ?? '');
    if (list === undefined || list.market !== market || list.statusType === 'ALL_DONE' || (request.clientId !== undefined && list.clientId !== request.clientId)) throw unknownOrder();
    const open = list.orders.find((order) => !order.isFinal);
    if (open === undefined) throw unknownOrder();
    const { cancelId } = this.#cancel(open, request.newClientOrderId);
    this.#end();
    return { list, cancelId };
  }

  #list(spec: SpotSymbolSpec, index: number, { firstUpdateId = 1, firstTradeId = 1 }: SpotVenueOptions): SpotMarket {
    const symbol = new SpotSymbol(spec);
    const book = new OrderBook({ firstUpdateId, lowTick: symbol.minTicks, highTick: symbol.maxTicks });
    const market: SpotMarket = {
      index, symbol, reference: new ReferencePrice(symbol.tickUnits), nextPreventedMatchId: 0,
      matcher: new Matcher<SpotOrder>({ book, sink: this.#executions.sinkOf(() => market), firstTradeId }),
    };
    return market;
  }

  #begin(nowUs: number): void {
    this.#executions.nowUs = nowUs;
  }

  /** Places what filled working orders have released, then tells accounts of their balances. */
  #end(): void {
    const due = this.#executions.filledWorking;
    for (let working = due.shift(); working !== undefined; working = due.shift()) this.#release(working.list!);
    this.#executions.flush();
  }

  #prepare(account: SpotAccount, market: SpotMarket, request: LegRequest): SpotOrder {
    if (market.symbol.status !== 'TRADING') throw marketClosed();
    return prepareOrder(market, account, request, {
      orderId: orderId(this.#nextOrderId++), clientId: this.#clientIds.next(), asOf: this.asOf, nowUs: this.#executions.nowUs,
    });
  }

  /** Filters that count what the account has already, and what the matching engine refuses before it looks at the book. */
  #admit(account: SpotAccount, market: SpotMarket, orders: readonly SpotOrder[], lists: number, duplicates = true): void {
    const symbol = account.on(market);
    const { spec, maxPosition, base } = market.symbol;
    if (symbol.open.size + orders.length > spec.maxNumOrders) throw filterFailure('MAX_NUM_ORDERS');
    const algos = orders.reduce((count, order) => count + (order.isAlgo ? 1 : 0), 0);
    if (algos > 0 && symbol.openAlgo + algos > spec.maxNumAlgoOrders) throw filterFailure('MAX_NUM_ALGO_ORDERS');
    if (symbol.openLists + lists > spec.maxNumOrderLists && lists > 0) throw filterFailure('MAX_NUM_ORDER_LISTS');
    if (maxPosition !== undefined) {
      let position: bigint = this.ledger.total(account.id, base);
      for (const order of symbol.open.values()) if (order.side === BID) position += market.symbol.baseAmount(order.remainingLots);
      const more = orders.reduce((most, order) => (order.side === BID && order.lots > most ? order.lots : most), 0);
      if (more > 0 && position + market.symbol.baseAmount(more) > maxPosition) throw filterFailure('MAX_POSITION');
    }
    if (!account.canTrade) throw accountDisabled();
    if (duplicates) this.#refuseDuplicates(account, market, orders);
  }

  #refuseDuplicates(account: SpotAccount, market: SpotMarket, orders: readonly SpotOrder[]): void {
    const { openByClientId } = account.on(market);
    orders.forEach((order, k) => {
      if (openByClientId.has(order.clientId) || orders.some((other, at) => at < k && other.clientId === order.clientId)) throw duplicateOrder();
    });
  }

  /** Locks what an order needs and gives it to the matcher. @throws VenueError; nothing has changed then. */
  #enter(order: SpotOrder): Placement {
    const executions = this.#executions;
    const { market } = order;
    this.#fund(order);
    executions.placing = order;
    executions.placingFills = [];
    executions.placingPrevented = [];
    const outcome = market.matcher.place(order, executions.nowUs);
    executions.placing = undefined;
    if (outcome === 'would-take' || outcome === 'would-trigger') {
      order.status = 'REJECTED';
      refit(this.ledger, order);
      throw outcome === 'would-take' ? wouldTake() : wouldTrigger();
    }
    return { order, fills: executions.placingFills, prevented: executions.placingPrevented };
  }

  #fund(order: SpotOrder): void {
    const { market } = order;
    if (order.type === 'market' && order.side === BID) order.budgetHold = this.#budgetOf(order);
    if (order.quoteOrderQty > 0n && order.side === BID && this.ledger.free(order.account as AccountId, market.symbol.quote) < order.quoteOrderQty) throw insufficientBalance();
    try {
      refit(this.ledger, order);
    } catch (error) {
      if (error instanceof InsufficientFunds) throw insufficientBalance();
      throw error;
    }
  }

  /** What a market order to buy costs now; a conditional one is estimated at its stop price, or at the last. */
  #budgetOf(order: SpotOrder): Amount {
    const { market } = order;
    if (order.condition === 'none') return sweepOf(market, order.side, order.lots, undefined, order.account, order.stp).cost;
    return market.symbol.quoteAmount(order.askedStopTicks === 0 ? market.matcher.lastTicks : order.askedStopTicks, order.lots);
  }

  #cancel(order: SpotOrder, name: ClientOrderId | undefined): Cancellation {
    const cancelId = name ?? this.#clientIds.next();
    this.#executions.cancelId = cancelId;
    if (order.status === 'PENDING_NEW') this.#executions.cancelPending(order);
    else order.market.matcher.cancel(order, this.#executions.nowUs, 'user');
    this.#executions.cancelId = undefined;
    return { order, cancelId };
  }

  /** The open order that a reference names. */
  #openOrder(account: SpotAccount, market: SpotMarket, reference: OrderReference, missing: () => VenueError): SpotOrder {
    const { open, openByClientId } = account.on(market);
    const order = reference.orderId !== undefined ? open.get(reference.orderId) : openByClientId.get(reference.clientOrderId ?? '');
    if (order === undefined) throw missing();
    if (reference.orderId !== undefined && reference.clientOrderId !== undefined && order.clientId !== reference.clientOrderId) throw wrongClientId();
    return order;
  }

  #shrink(order: SpotOrder, lots: number, clientId: ClientOrderId): void {
    const { open, openByClientId, byClientId } = order.owner.on(order.market);
    openByClientId.delete(order.clientId);
    if (byClientId.get(order.clientId) === order) byClientId.delete(order.clientId);
    order.clientId = clientId;
    order.amends += 1;
    order.updatedUs = this.#executions.nowUs;
    openByClientId.set(clientId, order);
    byClientId.set(clientId, order);
    if (order.status === 'PENDING_NEW') order.lots = lots;
    else order.market.matcher.amend(order, order.ticks, lots, this.#executions.nowUs);
    if (open.has(order.orderId)) this.#executions.refit(order);
  }

  /** The legs of an OCO pair, the contingent one first as the venue lists them; they share one hold. */
  #pair(account: SpotAccount, market: SpotMarket, above: LegRequest, below: LegRequest, pending: boolean): readonly SpotOrder[] {
    checkPair(market, above, below, pending);
    const belowOrder = this.#prepare(account, market, below);
    const aboveOrder = this.#prepare(account, market, above);
    const legs = aboveOrder.condition === 'stop' ? [aboveOrder, belowOrder] : [belowOrder, aboveOrder];
    for (const leg of legs) leg.holder = legs[0]!;
    return legs;
  }

  #openList(account: SpotAccount, market: SpotMarket, contingency: ContingencyType, working: SpotOrder | undefined, legs: readonly SpotOrder[], name: ClientOrderId | undefined): OrderList {
    const clientId = name ?? this.#clientIds.next();
    if (account.openListsByClientId.has(clientId)) throw duplicateOrder();
    const list: OrderList = {
      listId: orderListId(this.#nextListId++), clientId, contingency, owner: account, market, working, legs,
      orders: working === undefined ? legs : [working, ...legs], statusType: 'EXEC_STARTED', orderStatus: 'EXECUTING', updatedUs: this.#executions.nowUs,
    };
    for (const order of list.orders) order.list = list;
    account.lists.set(list.listId, list);
    if (account.lists.size > 2 * HISTORY_LIMIT) forgetOldLists(account);
    account.openListsByClientId.set(clientId, list);
    account.on(market).openLists += 1;
    return list;
  }

  #dropList(list: OrderList): void {
    if (list.statusType === 'ALL_DONE') return;
    list.owner.lists.delete(list.listId);
    list.owner.openListsByClientId.delete(list.clientId);
    list.owner.on(list.market).openLists -= 1;
  }

  #startList(list: OrderList): void {
    if (list.statusType !== 'ALL_DONE') this.#executions.reportList(list.orders[0]!);
  }

  /** Legs of a list whose working order ended before they were put on anybody's lists. */
  #endUnregistered(list: OrderList): void {
    const { working } = list;
    if (working === undefined || !working.isFinal || working.status === 'FILLED') return;
    for (const leg of list.legs) {
      if (leg.isFinal) continue;
      leg.status = 'PENDING_NEW';
      this.#executions.register(leg);
      this.#executions.endPending(leg, 'EXPIRED', 'OTO_PHASE_ONE_EXPIRED');
    }
  }

  /** Funds and places both legs of a pair, or neither. */
  #enterPair(legs: readonly SpotOrder[]): void {
    for (const leg of legs) {
      if (leg.timeInForce === 'GTX' && leg.market.matcher.book.crosses(leg.side, leg.ticks)) throw wouldTake();
      if (isReached(leg)) throw wouldTrigger();
      if (leg.type === 'market' && leg.side === BID) leg.budgetHold = this.#budgetOf(leg);
    }
    try {
      refit(this.ledger, legs[0]!);
    } catch (error) {
      if (error instanceof InsufficientFunds) throw insufficientBalance();
      throw error;
    }
    for (const leg of legs) if (!leg.isFinal) leg.market.matcher.place(leg, this.#executions.nowUs);
  }

  /** The working order is filled: its legs come to life, or expire where the engine refuses them. */
  #release(list: OrderList): void {
    const legs = list.legs.filter((leg) => leg.status === 'PENDING_NEW');
    if (legs.length === 0) return;
    for (const leg of legs) leg.status = 'NEW';
    const entered = attempt(() => {
      if (legs.length === 2) this.#enterPair(legs);
      else this.#enter(legs[0]!);
    });
    if (entered.ok) {
      this.#startList(list);
      return;
    }
    // All of them first: what one of them needs must not be looked for when the other one ends.
    for (const leg of legs) leg.status = 'PENDING_NEW';
    for (const leg of legs) if (!leg.isFinal) this.#executions.endPending(leg, 'EXPIRED', 'REJECTED');
  }
}

function forgetOldLists(account: SpotAccount): void {
  for (const [id, list] of account.lists) {
    if (account.lists.size <= HISTORY_LIMIT) return;
    if (list.statusType === 'ALL_DONE') account.lists.delete(id);
  }
}

/** Whether a conditional order's stop price has been reached already. */
function isReached(order: SpotOrder): boolean {
  const last = order.market.matcher.lastTicks;
  if (order.condition === 'none' || order.trailing || last === 0) return false;
  return (order.condition === 'stop') === (order.side === BID) ? last >= order.askedStopTicks : last <= order.askedStopTicks;
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: VenueError };

function attempt<T>(action: () => T): Attempt<T> {
  try {
    return { ok: true, value: action() };
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    return { ok: false, error };
  }
}

const refusal = (error: VenueError): { readonly code: number; readonly msg: string } => ({ code: error.code, msg: error.message });

/** What is locked for an account's open orders, by asset, reckoned anew from the orders: what the ledger must say. */
export function neededBy(account: SpotAccount): Map<Asset, Amount> {
  const needed = new Map<Asset, Amount>();
  for (const { open } of account.symbols.values()) {
    const holders = new Map<SpotOrder, Amount>();
    for (const order of open.values()) {
      const need = needOf(order);
      if (need > (holders.get(order.holder) ?? 0n)) holders.set(order.holder, need);
    }
    for (const [holder, need] of holders) needed.set(holder.payAsset, amount((needed.get(holder.payAsset) ?? 0n) + need));
  }
  return needed;
}
