/** The way of one order into the matcher and out of it: its checks against what the account has, its funds, its cancel. */
import { BID } from '../book/index.js';
import { type AccountId, type ClientOrderId, orderId } from '../ids.js';
import { type Amount, InsufficientFunds, type Ledger } from '../ledger/index.js';
import type { AsOf } from '../rules.js';
import { VenueError } from '../venue-error.js';
import { ClientIds } from './client-ids.js';
import { accountDisabled, duplicateOrder, filterFailure, insufficientBalance, marketClosed, wouldTake, wouldTrigger, wrongClientId } from './errors.js';
import type { Executions } from './executions.js';
import { refit } from './holds.js';
import type { PreventedMatch, SpotAccount, SpotFill, SpotMarket, SpotOrder } from './order.js';
import { prepareOrder } from './prepare.js';
import type { LegRequest, OrderReference } from './requests.js';
import { sweepOf } from './sweep.js';

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

export interface OrderEntryOptions {
  readonly ledger: Ledger;
  readonly executions: Executions;
  readonly asOf: AsOf;
  readonly seed: number;
  readonly firstOrderId: number;
}

export class OrderEntry {
  readonly clientIds: ClientIds;
  readonly executions: Executions;
  readonly ledger: Ledger;
  readonly #asOf: AsOf;
  #nextOrderId: number;

  constructor({ ledger, executions, asOf, seed, firstOrderId }: OrderEntryOptions) {
    this.ledger = ledger;
    this.executions = executions;
    this.#asOf = asOf;
    this.clientIds = new ClientIds(seed);
    this.#nextOrderId = firstOrderId;
  }

  /** An order of a request, with a number and a name of its own. @throws VenueError. */
  prepare(account: SpotAccount, market: SpotMarket, request: LegRequest): SpotOrder {
    if (market.symbol.status !== 'TRADING') throw marketClosed();
    return prepareOrder(market, account, request, {
      orderId: orderId(this.#nextOrderId++), clientId: request.clientOrderId ?? this.clientIds.next(), asOf: this.#asOf, nowUs: this.executions.nowUs,
    });
  }

  /** Filters that count what the account has already, and what the matching engine refuses before it looks at the book. */
  admit(account: SpotAccount, market: SpotMarket, orders: readonly SpotOrder[], lists: number, duplicates = true): void {
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
    if (duplicates) this.refuseDuplicates(account, market, orders);
  }

  /** @throws VenueError -2010 when an open order, or another of these, has the name of one. */
  refuseDuplicates(account: SpotAccount, market: SpotMarket, orders: readonly SpotOrder[]): void {
    const { openByClientId } = account.on(market);
    orders.forEach((order, k) => {
      if (openByClientId.has(order.clientId) || orders.some((other, at) => at < k && other.clientId === order.clientId)) throw duplicateOrder();
    });
  }

  /** Locks what an order needs and gives it to the matcher. @throws VenueError; nothing has changed then. */
  enter(order: SpotOrder): Placement {
    const executions = this.executions;
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
    if (order.type === 'market' && order.side === BID) order.budgetHold = this.budgetOf(order);
    if (order.quoteOrderQty > 0n && order.side === BID && this.ledger.free(order.account as AccountId, market.symbol.quote) < order.quoteOrderQty) throw insufficientBalance();
    try {
      refit(this.ledger, order);
    } catch (error) {
      if (error instanceof InsufficientFunds) throw insufficientBalance();
      throw error;
    }
  }

  /** What a market order to buy costs now; a conditional one is estimated at its stop price, or at the last. */
  budgetOf(order: SpotOrder): Amount {
    const { market } = order;
    if (order.condition === 'none') return sweepOf(market, order.side, order.lots, undefined, order.stpGroup, order.stp).cost;
    return market.symbol.quoteAmount(order.askedStopTicks === 0 ? market.matcher.lastTicks : order.askedStopTicks, order.lots);
  }

  /** Cancels an open order, with the list it may be part of. */
  cancel(order: SpotOrder, name: ClientOrderId | undefined): Cancellation {
    const cancelId = name ?? this.clientIds.next();
    this.executions.cancelId = cancelId;
    if (order.status === 'PENDING_NEW') this.executions.cancelPending(order);
    else order.market.matcher.cancel(order, this.executions.nowUs, 'user');
    this.executions.cancelId = undefined;
    return { order, cancelId };
  }

  /** The open order that a reference names. */
  openOrder(account: SpotAccount, market: SpotMarket, reference: OrderReference, missing: () => VenueError): SpotOrder {
    const { open, openByClientId } = account.on(market);
    const order = reference.orderId !== undefined ? open.get(reference.orderId) : openByClientId.get(reference.clientOrderId ?? '');
    if (order === undefined) throw missing();
    if (reference.orderId !== undefined && reference.clientOrderId !== undefined && order.clientId !== reference.clientOrderId) throw wrongClientId();
    return order;
  }
}

export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: VenueError };

/** What an action gave, or how the venue refused it. */
export function attempt<T>(action: () => T): Attempt<T> {
  try {
    return { ok: true, value: action() };
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    return { ok: false, error };
  }
}
