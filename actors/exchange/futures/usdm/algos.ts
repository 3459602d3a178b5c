/**
 * Conditional orders. They wait apart from orders, for the contract's last price or its mark price; when that is reached they
 * become an order, or are refused by the engine. Since 2025-12-09 they are the algo service's; before, they were orders.
 */
import { BID } from '../../book/index.js';
import { magnitude } from '../contract.js';
import type { Amount } from '../../ledger/index.js';
import { VenueError } from '../../venue-error.js';
import type { FuturesAccount, SymbolAccount } from './account.js';
import { DEFAULT_STP, goodTillMs, minNotional, percentOfStop, target, type Target } from './checks.js';
import type { FuturesCore } from './core.js';
import * as refuse from './errors.js';
import type { SymbolMarket } from './market.js';
import { AlgoOrder, isLimit, type OrderTerms, stpMode, type TimeInForceName } from './order.js';
import { clientIdOf, type OrderDesk } from './orders.js';
import type { NewOrder } from './requests.js';

const CALLBACK = /^\d{1,2}(\.\d{1,2})?$/;
const LEAST_BIPS = 10;
const MOST_BIPS = 1000;

export interface AlgoName {
  readonly algoId?: number | undefined;
  readonly clientAlgoId?: string | undefined;
}

export class AlgoDesk {
  readonly #core: FuturesCore;
  readonly #orders: OrderDesk;
  /** Waiting orders with a good-till date. */
  readonly #dated = new Set<AlgoOrder>();

  constructor(core: FuturesCore, orders: OrderDesk) {
    this.#core = core;
    this.#orders = orders;
  }

  /** When the next waiting order is over. */
  get nextExpiryUs(): number {
    let next = Infinity;
    for (const { expireAtUs } of this.#dated) if (expireAtUs < next) next = expireAtUs;
    return next;
  }

  expireDue(): void {
    for (const algo of this.#dated) {
      if (algo.algoStatus !== 'NEW') this.#dated.delete(algo);
      else if (algo.expireAtUs <= this.#core.nowUs) {
        this.#dated.delete(algo);
        this.#core.endAlgo(algo, 'EXPIRED');
      }
    }
  }

  /** Takes a conditional order in. @throws VenueError -2021 when its price is reached already, and as the checks say. */
  place(account: FuturesAccount, wanted: NewOrder, legacy: boolean): AlgoOrder {
    const core = this.#core;
    const market = core.market(wanted.symbol);
    if (market.status !== 'TRADING') throw refuse.symbolClosed();
    const holder = core.holder(account, market);
    const { symbol } = market;
    const trailing = wanted.type === 'TRAILING_STOP_MARKET';
    const limit = isLimit(wanted.type);
    refuseForeign(wanted, limit, trailing);
    const to = target(holder, wanted);
    const closeAll = wanted.closePosition === true;
    const lots = closeAll ? 0 : symbol.lots(required(wanted.quantity, 'quantity'), !limit);
    const timeInForce: TimeInForceName = closeAll ? 'GTE_GTC' : wanted.timeInForce ?? 'GTC';
    const untilMs = timeInForce === 'GTD' ? goodTillMs(wanted.goodTillDate, core.nowUs) : 0;
    const priceMatch = wanted.priceMatch ?? 'NONE';
    const limitTicks = limit && priceMatch === 'NONE' ? symbol.ticks(required(wanted.price, 'price')) : 0;
    const stopTicks = trailing ? (wanted.activationPrice === undefined ? 0 : symbol.stopTicks(wanted.activationPrice)) : symbol.stopTicks(required(wanted.stopPrice, 'stopPrice'));
    if (limitTicks !== 0) percentOfStop(market, to.side, limitTicks, stopTicks);
    if (!to.closing) minNotional(market, symbol.contract.tradeValue(limitTicks || stopTicks || market.lastTicks, lots));
    if (closeAll) this.#onlyCloser(holder, to, wanted);
    if (holder.algos.size >= symbol.spec.maxNumAlgoOrders) throw refuse.tooManyStops();
    const number = legacy ? core.nextOrderId() : core.nextAlgoId();
    const names = legacy ? account.openByClientId : account.openAlgoByClientId;
    const terms: OrderTerms = {
      holder, clientOrderId: clientIdOf(wanted.clientOrderId, names, number), positionSide: to.holding.side, shownType: wanted.type, origType: wanted.type,
      shownTimeInForce: timeInForce, reduceOnly: wanted.reduceOnly === true || (closeAll && !account.dual), closePosition: closeAll,
      workingType: wanted.workingType ?? 'CONTRACT_PRICE', priceProtect: wanted.priceProtect === true, priceMatch, stpName: wanted.stp ?? DEFAULT_STP, goodTillMs: untilMs,
    };
    const algo = new AlgoOrder(
      {
        orderId: number, account: account.id, side: to.side, type: limit ? 'limit' : 'market', ticks: limitTicks, lots, stopTicks,
        // A trailing order activates where a take-profit would trigger: with a gain.
        condition: trailing || wanted.type.startsWith('TAKE') ? 'takeProfit' : 'stop',
        triggerSource: terms.workingType === 'MARK_PRICE' ? 'mark' : 'last',
        expireAtUs: untilMs * 1000, trailBips: trailing ? callbackBips(required(wanted.callbackRate, 'callbackRate')) : 0, stpMode: stpMode(terms.stpName),
      },
      terms, to.holding, { legacy, limitTicks, callbackRate: trailing ? wanted.callbackRate! : '' },
    );
    if (isReached(market, algo)) throw refuse.wouldTrigger();
    this.#take(algo, account, holder);
    return algo;
  }

  #take(algo: AlgoOrder, account: FuturesAccount, holder: SymbolAccount): void {
    algo.createdUs = this.#core.nowUs;
    account.openAlgos.set(algo.orderId, algo);
    if (algo.legacy) account.openByClientId.set(algo.terms.clientOrderId, algo);
    else account.openAlgoByClientId.set(algo.terms.clientOrderId, algo);
    holder.algos.add(algo);
    if (algo.expireAtUs !== 0) {
      // Who ended before his date goes when the next one comes.
      for (const other of this.#dated) if (other.algoStatus !== 'NEW') this.#dated.delete(other);
      this.#dated.add(algo);
    }
    this.#core.algoStatus(algo, 'NEW');
    holder.market.triggers.add(algo);
  }

  /** @throws VenueError -4130 with another of its kind in the direction, -4509 without anything to close. */
  #onlyCloser(holder: SymbolAccount, to: Target, { type }: NewOrder): void {
    const stop = type.startsWith('STOP');
    for (const other of holder.algos) {
      if (other.terms.closePosition && other.side === to.side && other.holding === to.holding && other.terms.shownType.startsWith('STOP') === stop) throw refuse.closeOrderExists();
    }
    if (to.holding.lots === 0 && holder.orders.size === 0) throw refuse.closeNeedsPosition();
  }

  /** Works off what was triggered; answers whether there was anything. */
  fire(market: SymbolMarket): boolean {
    if (market.fired.length === 0) return false;
    for (const algo of market.fired.splice(0)) if (algo.algoStatus === 'NEW') this.#trigger(market, algo);
    return true;
  }

  #trigger(market: SymbolMarket, algo: AlgoOrder): void {
    const core = this.#core;
    if (algo.terms.priceProtect && pricesApart(market)) {
      market.triggers.add(algo);
      return;
    }
    algo.triggeredUs = core.nowUs;
    core.algoStatus(algo, 'TRIGGERING');
    core.releaseAlgo(algo);
    if (!algo.legacy) algo.terms.holder.account.history.algos.push(algo);
    try {
      this.#orders.placeTriggered(algo, algo.terms.closePosition ? Math.abs(algo.holding.lots) : algo.lots);
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      algo.rejectReason = error.message;
      if (algo.legacy) algo.terms.holder.account.history.algos.push(algo);
      core.algoStatus(algo, algo.legacy ? 'EXPIRED' : 'REJECTED');
    }
  }

  /** @throws VenueError -2011. */
  cancel(account: FuturesAccount, { algoId, clientAlgoId }: AlgoName): AlgoOrder {
    const algo = algoId === undefined ? account.openAlgoByClientId.get(clientAlgoId ?? '') : account.openAlgos.get(algoId);
    if (algo === undefined || algo.legacy) throw refuse.unknownOrder();
    this.#core.endAlgo(algo, 'CANCELED');
    return algo;
  }

  cancelAll(account: FuturesAccount, symbol: string): void {
    const holder = this.#core.holder(account, this.#core.market(symbol));
    for (const algo of holder.algos) if (!algo.legacy) this.#core.endAlgo(algo, 'CANCELED');
  }

  /** @throws VenueError -2013. */
  find(account: FuturesAccount, name: AlgoName): AlgoOrder {
    const named = (algo: AlgoOrder): boolean =>
      !algo.legacy && (name.algoId === undefined ? algo.terms.clientOrderId === name.clientAlgoId : algo.orderId === name.algoId);
    const found = [...account.openAlgos.values()].find(named) ?? account.history.algos.items.findLast(named);
    if (found === undefined) throw refuse.noSuchOrder();
    return found;
  }

  open(account: FuturesAccount, symbol?: string): AlgoOrder[] {
    if (symbol !== undefined) this.#core.market(symbol);
    return [...account.openAlgos.values()].filter((algo) => !algo.legacy && (symbol === undefined || algo.symbol.name === symbol));
  }

  all(account: FuturesAccount, symbol: string): AlgoOrder[] {
    this.#core.market(symbol);
    return [...account.history.algos.items, ...account.openAlgos.values()].filter((algo) => !algo.legacy && algo.symbol.name === symbol).toSorted((a, b) => a.orderId - b.orderId);
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw refuse.mandatory(name);
  return value;
}

/** A callback rate in percent as basis points. @throws VenueError -1130 outside 0.1 to 10. */
function callbackBips(text: string): number {
  const bips = CALLBACK.test(text) ? Math.round(Number(text) * 100) : 0;
  if (bips < LEAST_BIPS || bips > MOST_BIPS) throw refuse.invalidParameter('callbackRate');
  return bips;
}

/** Whether an order would trigger at once; a trailing one must begin to trail beyond the price of now. */
function isReached(market: SymbolMarket, algo: AlgoOrder): boolean {
  const ticks = algo.triggerSource === 'mark' ? market.triggers.ticksOf('mark') : market.lastTicks;
  const rises = (algo.condition === 'stop') === (algo.side === BID);
  if (algo.stopTicks === 0) return false;
  return rises ? ticks >= algo.stopTicks : ticks <= algo.stopTicks;
}

/** Whether contract and mark price are too far apart for orders with priceProtect. */
function pricesApart(market: SymbolMarket): boolean {
  const { symbol, markPrice } = market;
  const apart = magnitude((symbol.contract.priceOf(market.lastTicks) - markPrice) as Amount);
  return apart * 100_000_000n > markPrice * symbol.triggerProtect;
}

/** @throws VenueError -1106, -1116, -4137, -5038. */
function refuseForeign(wanted: NewOrder, limit: boolean, trailing: boolean): void {
  if (wanted.type === 'LIMIT' || wanted.type === 'MARKET') throw refuse.invalidOrderType();
  if (wanted.closePosition === true) {
    if (limit || trailing) throw refuse.closeNeedsConditional(wanted.type);
    if (wanted.quantity !== undefined && Number(wanted.quantity) !== 0) throw refuse.quantityWithClose();
    if (wanted.reduceOnly !== undefined) throw refuse.notRequired('reduceonly');
  }
  if (!limit && wanted.price !== undefined) throw refuse.notRequired('price');
  if (!limit && wanted.priceMatch !== undefined && wanted.priceMatch !== 'NONE') throw refuse.priceMatchOrderType();
  if (limit && wanted.price !== undefined && wanted.priceMatch !== undefined && wanted.priceMatch !== 'NONE') throw refuse.notRequired('price');
  if (trailing && wanted.stopPrice !== undefined) throw refuse.notRequired('stopPrice');
  if (!trailing && wanted.activationPrice !== undefined) throw refuse.notRequired('activationPrice');
  if (!trailing && wanted.callbackRate !== undefined) throw refuse.notRequired('callbackRate');
}
