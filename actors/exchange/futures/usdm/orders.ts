/** Orders of the matching engine: placing, canceling, changing, and finding them again. */
import { ASK, BID } from '../../book/index.js';
import { CLIENT_ORDER_ID } from '../../ids.js';
import type { FuturesAccount, SymbolAccount } from './account.js';
import {
  affordable, closingLots, DEFAULT_STP, goodTillMs, marketBound, matchedTicks, minNotional, percentPrice, target, type Target,
} from './checks.js';
import type { FuturesCore } from './core.js';
import * as refuse from './errors.js';
import { AlgoOrder, FuturesOrder, type OrderTerms, stpMode, type TimeInForceName } from './order.js';
import type { ModifyOrder, NewOrder, OrderName } from './requests.js';

const MOST_AMENDS = 10_000;

/** A client's name for an order, or one of the venue's making: 22 letters and digits. @throws VenueError -4015, -4116. */
export function clientIdOf(given: string | undefined, taken: ReadonlyMap<string, unknown>, number: number): string {
  if (given === undefined) return `f${number.toString(36).padStart(21, '0')}`;
  if (!CLIENT_ORDER_ID.test(given)) throw refuse.clientIdTooLong();
  if (taken.has(given)) throw refuse.duplicateClientId();
  return given;
}

export class OrderDesk {
  readonly #core: FuturesCore;

  constructor(core: FuturesCore) {
    this.#core = core;
  }

  /** Places a LIMIT or MARKET order. @throws VenueError as the checks say, -5021, -5022; nothing has happened then. */
  place(account: FuturesAccount, wanted: NewOrder, dryRun = false): FuturesOrder {
    const core = this.#core;
    const market = core.market(wanted.symbol);
    if (market.status !== 'TRADING') throw refuse.symbolClosed();
    const holder = core.holder(account, market);
    refuseForeign(wanted);
    const to = target(holder, wanted);
    const limit = wanted.type === 'LIMIT';
    if (wanted.quantity === undefined) throw refuse.mandatory('quantity');
    const asked = market.symbol.lots(wanted.quantity, !limit);
    const lots = to.closing ? closingLots(to, asked, account.dual) : asked;
    const timeInForce = limit ? limitTimeInForce(wanted) : 'GTC';
    const untilMs = timeInForce === 'GTD' ? goodTillMs(wanted.goodTillDate, core.nowUs) : 0;
    const ticks = limit ? this.#limitTicks(holder, to, wanted) : this.#marketTicks(holder, to);
    if (limit) percentPrice(market, to.side, ticks);
    const notional = limit ? market.symbol.contract.tradeValue(ticks, lots) : market.symbol.contract.notional(market.markPrice, lots);
    if (!to.closing) minNotional(market, notional);
    if (holder.orders.size >= market.symbol.spec.maxNumOrders) throw refuse.tooManyOpenOrders();
    const orderId = core.nextOrderId();
    const clientOrderId = clientIdOf(wanted.clientOrderId, account.openByClientId, orderId);
    if (!to.closing) affordable(account, holder, to.side, limit ? ticks : this.#worstTicks(holder, to, lots, ticks), lots);
    const terms: OrderTerms = {
      holder, clientOrderId, positionSide: to.holding.side, shownType: wanted.type, origType: wanted.type, shownTimeInForce: timeInForce,
      reduceOnly: wanted.reduceOnly === true, closePosition: false, workingType: wanted.workingType ?? 'CONTRACT_PRICE',
      priceProtect: wanted.priceProtect === true, priceMatch: wanted.priceMatch ?? 'NONE', stpName: wanted.stp ?? DEFAULT_STP, goodTillMs: untilMs,
    };
    return this.#submit(orderId, terms, to, ticks, lots, dryRun);
  }

  /** What a conditional order becomes when its price is reached. @throws VenueError when the engine must refuse it. */
  placeTriggered(algo: AlgoOrder, lots: number): FuturesOrder {
    const core = this.#core;
    const { holder, shownType } = algo.terms;
    const { market, account } = holder;
    const to: Target = { side: algo.side, holding: algo.holding, closing: algo.terms.reduceOnly || algo.terms.closePosition || isHedgeClose(algo) };
    const limit = algo.type === 'limit';
    const closing = to.closing ? closingLots(to, lots, false) : lots;
    const ticks = limit ? (algo.terms.priceMatch === 'NONE' ? algo.limitTicks : matchedTicks(market, to.side, algo.terms.priceMatch)) : this.#marketTicks(holder, to);
    if (!to.closing) affordable(account, holder, to.side, limit ? ticks : this.#worstTicks(holder, to, closing, ticks), closing);
    const terms: OrderTerms = {
      ...algo.terms, shownType: limit ? 'LIMIT' : 'MARKET', origType: algo.legacy ? shownType : limit ? 'LIMIT' : 'MARKET',
      shownTimeInForce: algo.terms.shownTimeInForce === 'GTE_GTC' ? 'GTC' : algo.terms.shownTimeInForce,
    };
    return this.#submit(algo.legacy ? algo.orderId : core.nextOrderId(), terms, to, ticks, closing, false, algo);
  }

  #submit(orderId: number, terms: OrderTerms, to: Target, ticks: number, lots: number, dryRun: boolean, algo?: AlgoOrder): FuturesOrder {
    const core = this.#core;
    const { matcher } = terms.holder.market;
    const market = terms.shownType === 'MARKET';
    const timeInForce = market || terms.shownTimeInForce === 'GTE_GTC' ? 'GTC' : terms.shownTimeInForce;
    const order = new FuturesOrder(
      {
        orderId, account: terms.holder.account.id, side: to.side, type: market ? 'market' : 'limit', ticks, lots, timeInForce,
        expireAtUs: timeInForce === 'GTD' ? terms.goodTillMs * 1000 : 0, stpMode: stpMode(terms.stpName),
      },
      terms, to.holding, to.closing, algo === undefined ? {} : { algo, triggerTicks: algo.legacy ? algo.stopTicks : 0 },
    );
    if (timeInForce === 'FOK' && matcher.quote(to.side, lots, ticks).lots < lots) throw refuse.fokRejected();
    if (dryRun) {
      if (timeInForce === 'GTX' && matcher.book.crosses(to.side, ticks)) throw refuse.postOnlyRejected();
      return order;
    }
    if (algo !== undefined) algo.actual = order;
    if (matcher.place(order, core.nowUs) === 'would-take') throw refuse.postOnlyRejected();
    return order;
  }

  #limitTicks(holder: SymbolAccount, to: Target, wanted: NewOrder): number {
    const match = wanted.priceMatch ?? 'NONE';
    if (match !== 'NONE') {
      if (wanted.price !== undefined) throw refuse.notRequired('price');
      return matchedTicks(holder.market, to.side, match);
    }
    if (wanted.price === undefined) throw refuse.mandatory('price');
    return holder.market.symbol.ticks(wanted.price);
  }

  /** Worst price of a market order. @throws VenueError -4131 when the best one is beyond it already. */
  #marketTicks({ market }: SymbolAccount, { side }: Target): number {
    const bound = marketBound(market, side);
    const best = side === BID ? market.book.bestAsk : market.book.bestBid;
    if (best !== 0 && (side === BID ? best > bound : best < bound)) throw refuse.counterpartyOutOfBounds();
    return bound;
  }

  /** The price that a market order of `lots` needs margin for: the worst that it would meet now. */
  #worstTicks({ market }: SymbolAccount, { side }: Target, lots: number, bound: number): number {
    const { worstTicks } = market.matcher.quote(side, lots, bound);
    return worstTicks === 0 ? market.lastTicks : worstTicks;
  }

  /** @throws VenueError -2011. */
  cancel(account: FuturesAccount, name: OrderName): FuturesOrder | AlgoOrder {
    this.#core.market(name.symbol);
    const found = findOpen(account, name);
    if (found === undefined) throw refuse.unknownOrder();
    this.end(found);
    return found;
  }

  end(order: FuturesOrder | AlgoOrder): void {
    if (order instanceof AlgoOrder) this.#core.endAlgo(order, 'CANCELED');
    else order.terms.holder.market.matcher.cancel(order, this.#core.nowUs);
  }

  /** All open orders of a symbol; before the algo service its conditional orders too. */
  cancelAll(account: FuturesAccount, symbol: string): void {
    const holder = this.#core.holder(account, this.#core.market(symbol));
    for (const order of holder.orders) this.end(order);
    for (const algo of holder.algos) if (algo.legacy) this.end(algo);
  }

  /**
   * New price and total quantity of a LIMIT order, which goes to the back of its queue. A quantity not above what is filled cancels it, and so does a price at which a
   * post-only order would take. @throws VenueError -2013, -5025, -5026, -5027, and those of a new order.
   */
  modify(account: FuturesAccount, wanted: ModifyOrder): FuturesOrder {
    const core = this.#core;
    const market = core.market(wanted.symbol);
    if (market.status !== 'TRADING') throw refuse.amendNotTrading();
    const order = findOpen(account, wanted);
    if (order === undefined) throw refuse.noSuchOrder();
    if (order instanceof AlgoOrder || order.type !== 'limit') throw refuse.limitOnly();
    const { holder } = order.terms;
    const to: Target = { side: wanted.side === 'BUY' ? BID : ASK, holding: order.holding, closing: order.closing };
    if (to.side !== order.side) throw refuse.invalidParameter('side');
    const asked = market.symbol.lots(wanted.quantity, false);
    const lots = order.closing ? order.filledLots + Math.min(asked - order.filledLots, Math.abs(order.holding.lots)) : asked;
    const ticks = this.#limitTicks(holder, to, { ...wanted, type: 'LIMIT' });
    if (ticks === order.ticks && lots === order.lots) throw refuse.nothingToAmend();
    if (order.amends >= MOST_AMENDS) throw refuse.tooManyAmends();
    if (lots > order.filledLots) {
      percentPrice(market, order.side, ticks);
      if (!order.closing) {
        minNotional(market, market.symbol.contract.tradeValue(ticks, lots));
        affordable(account, holder, order.side, ticks, lots - order.filledLots, order.reserved);
      }
    }
    order.amends += 1;
    market.matcher.amend(order, ticks, lots, core.nowUs, true);
    return order;
  }

  /** @throws VenueError -2013. */
  find(account: FuturesAccount, name: OrderName): FuturesOrder | AlgoOrder {
    this.#core.market(name.symbol);
    const open = findOpen(account, name);
    if (open !== undefined) return open;
    const named = (order: FuturesOrder | AlgoOrder): boolean =>
      order.symbol.name === name.symbol && (name.orderId === undefined ? order.terms.clientOrderId === name.clientOrderId : order.orderId === name.orderId);
    const found = account.history.orders.items.findLast(named) ?? account.history.algos.items.findLast((algo) => algo.legacy && named(algo));
    if (found === undefined) throw refuse.noSuchOrder();
    return found;
  }

  /** Open orders in the order of their numbers; of all symbols when none is named. */
  open(account: FuturesAccount, symbol?: string): (FuturesOrder | AlgoOrder)[] {
    if (symbol !== undefined) this.#core.market(symbol);
    const found: (FuturesOrder | AlgoOrder)[] = [...account.openOrders.values(), ...[...account.openAlgos.values()].filter(({ legacy }) => legacy)];
    return found.filter((order) => symbol === undefined || order.symbol.name === symbol).toSorted((a, b) => a.orderId - b.orderId);
  }

  /** Open and ended orders of a symbol in the order of their numbers. */
  all(account: FuturesAccount, symbol: string): (FuturesOrder | AlgoOrder)[] {
    const ended = [...account.history.orders.items, ...account.history.algos.items.filter(({ legacy }) => legacy)];
    return [...ended.filter((order) => order.symbol.name === symbol), ...this.open(account, symbol)].toSorted((a, b) => a.orderId - b.orderId);
  }
}

export function findOpen(account: FuturesAccount, name: OrderName): FuturesOrder | AlgoOrder | undefined {
  const legacyAlgo = name.orderId === undefined ? undefined : account.openAlgos.get(name.orderId);
  const found = name.orderId === undefined
    ? account.openByClientId.get(name.clientOrderId ?? '')
    : account.openOrders.get(name.orderId) ?? (legacyAlgo?.legacy === true ? legacyAlgo : undefined);
  return found?.symbol.name === name.symbol ? found : undefined;
}

const isHedgeClose = (algo: AlgoOrder): boolean => algo.terms.positionSide !== 'BOTH' && (algo.terms.positionSide === 'LONG') === (algo.side === ASK);

function limitTimeInForce({ timeInForce }: NewOrder): TimeInForceName {
  if (timeInForce === undefined) throw refuse.mandatory('timeInForce');
  if (timeInForce === 'GTE_GTC') throw refuse.invalidTimeInForce();
  return timeInForce;
}

/** Parameters that an order of the kind does not have. @throws VenueError -1106, -4136, -5038. */
function refuseForeign(wanted: NewOrder): void {
  if (wanted.closePosition === true) throw refuse.closeNeedsConditional(wanted.type);
  if (wanted.stopPrice !== undefined) throw refuse.notRequired('stopPrice');
  if (wanted.activationPrice !== undefined) throw refuse.notRequired('activationPrice');
  if (wanted.callbackRate !== undefined) throw refuse.notRequired('callbackRate');
  if (wanted.type === 'LIMIT') {
    if (wanted.timeInForce !== 'GTD' && wanted.goodTillDate !== undefined && wanted.goodTillDate !== 0) throw refuse.notRequired('goodTillDate');
    return;
  }
  if (wanted.priceMatch !== undefined && wanted.priceMatch !== 'NONE') throw refuse.priceMatchOrderType();
  if (wanted.price !== undefined) throw refuse.notRequired('price');
  if (wanted.timeInForce !== undefined) throw refuse.notRequired('timeInForce');
}
