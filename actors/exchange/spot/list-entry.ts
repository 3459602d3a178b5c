/** Order lists: OCO pairs, and OTO and OTOCO whose legs wait until the working order is filled. */
import { BID } from '../book/index.js';
import { type ClientOrderId, orderListId } from '../ids.js';
import { InsufficientFunds } from '../ledger/index.js';
import { duplicateOrder, insufficientBalance, wouldTake, wouldTrigger } from './errors.js';
import { refit } from './holds.js';
import { checkPair } from './list-rules.js';
import { type ContingencyType, HISTORY_LIMIT, type OrderList, type SpotAccount, type SpotMarket, type SpotOrder } from './order.js';
import { attempt, type OrderEntry } from './order-entry.js';
import type { LegRequest, OcoRequest, OtoRequest } from './requests.js';

export class ListEntry {
  readonly #entry: OrderEntry;
  #nextListId = 0;

  constructor(entry: OrderEntry) {
    this.#entry = entry;
  }

  placeOco(account: SpotAccount, market: SpotMarket, request: OcoRequest): OrderList {
    const legs = this.#pair(account, market, request.above, request.below, false);
    this.#entry.admit(account, market, legs, 1);
    const list = this.#openList(account, market, 'OCO', undefined, legs, request.listClientOrderId);
    try {
      this.#enterPair(legs);
      this.#startList(list);
    } catch (error) {
      this.#dropList(list);
      throw error;
    }
    return list;
  }

  /** OTO with one pending order, OTOCO with two. */
  placeOto(account: SpotAccount, market: SpotMarket, request: OtoRequest): OrderList {
    const working = this.#entry.prepare(account, market, request.working);
    const [first, second] = request.pending;
    const legs = second === undefined ? [this.#entry.prepare(account, market, first)] : this.#pair(account, market, first, second, true);
    this.#entry.admit(account, market, [working, ...legs], 1);
    const list = this.#openList(account, market, 'OTO', working, legs, request.listClientOrderId);
    // They are put on the account's lists when the working order is accepted, so that they are there for whatever becomes of it.
    for (const leg of legs) leg.status = 'PENDING_NEW';
    try {
      this.#entry.enter(working);
    } catch (error) {
      this.#dropList(list);
      throw error;
    }
    return list;
  }

  /** The working order is filled: its legs come to life, or expire where the engine refuses them. */
  release(list: OrderList): void {
    const legs = list.legs.filter((leg) => leg.status === 'PENDING_NEW');
    if (legs.length === 0) return;
    for (const leg of legs) leg.status = 'NEW';
    const entered = attempt(() => {
      if (legs.length === 2) this.#enterPair(legs);
      else this.#entry.enter(legs[0]!);
    });
    if (entered.ok) {
      this.#startList(list);
      return;
    }
    // All of them first: what one of them needs must not be looked for when the other one ends.
    for (const leg of legs) leg.status = 'PENDING_NEW';
    for (const leg of legs) if (!leg.isFinal) this.#entry.executions.endPending(leg, 'EXPIRED', 'REJECTED');
  }

  /** The legs of an OCO pair, the contingent one first as the venue lists them; they share one hold. */
  #pair(account: SpotAccount, market: SpotMarket, above: LegRequest, below: LegRequest, pending: boolean): readonly SpotOrder[] {
    checkPair(market, above, below, pending);
    const belowOrder = this.#entry.prepare(account, market, below);
    const aboveOrder = this.#entry.prepare(account, market, above);
    const legs = aboveOrder.condition === 'stop' ? [aboveOrder, belowOrder] : [belowOrder, aboveOrder];
    for (const leg of legs) leg.holder = legs[0]!;
    return legs;
  }

  #openList(account: SpotAccount, market: SpotMarket, contingency: ContingencyType, working: SpotOrder | undefined, legs: readonly SpotOrder[], name: ClientOrderId | undefined): OrderList {
    const clientId = name ?? this.#entry.clientIds.next();
    if (account.openListsByClientId.has(clientId)) throw duplicateOrder();
    const list: OrderList = {
      listId: orderListId(this.#nextListId++), clientId, contingency, owner: account, market, working, legs,
      orders: working === undefined ? legs : [working, ...legs], statusType: 'EXEC_STARTED', orderStatus: 'EXECUTING', updatedUs: this.#entry.executions.nowUs,
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
    if (list.statusType !== 'ALL_DONE') this.#entry.executions.reportList(list.orders[0]!);
  }

  /** Funds and places both legs of a pair, or neither. */
  #enterPair(legs: readonly SpotOrder[]): void {
    for (const leg of legs) {
      if (leg.timeInForce === 'GTX' && leg.market.matcher.book.crosses(leg.side, leg.ticks)) throw wouldTake();
      if (isReached(leg)) throw wouldTrigger();
      if (leg.type === 'market' && leg.side === BID) leg.budgetHold = this.#entry.budgetOf(leg);
    }
    try {
      refit(this.#entry.ledger, legs[0]!);
    } catch (error) {
      if (error instanceof InsufficientFunds) throw insufficientBalance();
      throw error;
    }
    for (const leg of legs) if (!leg.isFinal) leg.market.matcher.place(leg, this.#entry.executions.nowUs);
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
