/**
 * What all desks of the futures venue share: symbols, accounts, and what follows from the events of the matching engines:
 * money is booked, orders end in their one final state, reduce-only orders shrink with their position, and whoever's margin
 * may have changed is remembered to be looked at when the operation under way is done.
 */
import { ASK, BID, type OrderBook } from '../../book/index.js';
import type { AccountId } from '../../ids.js';
import { type Amount, amount, type Asset, type Ledger, ZERO } from '../../ledger/index.js';
import { type EndReason, Matcher, type MatchSink, type Trade } from '../../matching/index.js';
import type { AsOf } from '../../rules.js';
import type { Price } from '../contract.js';
import { FuturesAccount, type Holding, type SymbolAccount } from './account.js';
import { Clearing } from './clearing.js';
import * as refuse from './errors.js';
import type { PublicSink, UserSink } from './events.js';
import { SymbolMarket } from './market.js';
import type { AlgoOrder, AlgoStatus, FuturesOrder, OrderStatus } from './order.js';
import type { FuturesSymbol } from './symbol.js';

export interface CoreOptions {
  readonly ledger: Ledger;
  readonly users: UserSink;
  readonly publicSink: PublicSink;
  readonly asOf: AsOf;
}

/** First numbers: of the size that the venue's have now. */
const FIRST_ORDER_ID = 8_389_765_000;
const FIRST_ALGO_ID = 1_000_000_202_490_000;

export class FuturesCore {
  readonly ledger: Ledger;
  readonly clearing: Clearing;
  readonly users: UserSink;
  readonly publicSink: PublicSink;
  readonly asOf: AsOf;
  readonly markets = new Map<string, SymbolMarket>();
  readonly accounts = new Map<AccountId, FuturesAccount>();
  /** Accounts whose margin may have changed. */
  readonly dirty = new Set<FuturesAccount>();
  /** Time of the operation under way. */
  nowUs = 0;
  #nextOrderId = FIRST_ORDER_ID;
  #nextAlgoId = FIRST_ALGO_ID;

  constructor({ ledger, users, publicSink, asOf }: CoreOptions) {
    this.ledger = ledger;
    this.users = users;
    this.publicSink = publicSink;
    this.asOf = asOf;
    this.clearing = new Clearing(ledger, users);
  }

  addMarket(symbol: FuturesSymbol, book: OrderBook, startPrice: Price, nowUs: number, firstTradeId: number): SymbolMarket {
    const market = new SymbolMarket(symbol, book, (made) => new Matcher<FuturesOrder>({ book, sink: this.#sink(made), firstTradeId }), startPrice, nowUs);
    this.markets.set(symbol.name, market);
    return market;
  }

  /** @throws VenueError -1121. */
  market(symbol: string): SymbolMarket {
    const market = this.markets.get(symbol);
    if (market === undefined) throw refuse.invalidSymbol();
    return market;
  }

  /** @throws RangeError: a face let somebody in who has no account. */
  account(id: AccountId): FuturesAccount {
    const account = this.accounts.get(id);
    if (account === undefined) throw new RangeError(`no futures account ${id}`);
    return account;
  }

  holder(account: FuturesAccount, market: SymbolMarket): SymbolAccount {
    const holder = account.of(market);
    market.accounts.add(holder);
    return holder;
  }

  nextOrderId(): number {
    return this.#nextOrderId++;
  }

  nextAlgoId(): number {
    return this.#nextAlgoId++;
  }

  /** Books what an order now adds to its side's open notional. */
  reserve(order: FuturesOrder): void {
    if (order.closing) return;
    const wanted = order.open && order.type === 'limit' ? order.symbol.contract.tradeValue(order.ticks, order.leavesLots) : ZERO;
    const change = wanted - order.reserved;
    if (change === 0n) return;
    const { holder } = order.terms;
    if (order.side === BID) holder.bidNotional = amount(holder.bidNotional + change);
    else holder.askNotional = amount(holder.askNotional + change);
    order.reserved = wanted;
  }

  /** Reduce-only orders of a holding may not ask for more than is left of it. */
  shrinkClosing(holding: Holding): void {
    const { orders, market } = holding.owner;
    const size = Math.abs(holding.lots);
    const closingSide = holding.lots > 0 ? ASK : BID;
    for (const order of orders) {
      if (!order.closing || order.holding !== holding || !order.open) continue;
      const allowed = order.side === closingSide ? size : 0;
      if (order.leavesLots > allowed) market.matcher.reduce(order, order.leavesLots - allowed, this.nowUs, 'reduce-only');
    }
    if (size !== 0) return;
    for (const algo of holding.owner.algos) if (algo.holding === holding && algo.terms.closePosition && algo.algoStatus === 'NEW') this.endAlgo(algo, 'EXPIRED');
  }

  /** A waiting conditional order ends without having become an order. */
  endAlgo(algo: AlgoOrder, status: 'CANCELED' | 'EXPIRED' | 'REJECTED'): void {
    if (algo.algoStatus === 'NEW') algo.terms.holder.market.triggers.remove(algo);
    this.releaseAlgo(algo);
    algo.terms.holder.account.history.algos.push(algo);
    this.algoStatus(algo, status);
  }

  /** A conditional order is no longer a waiting one. */
  releaseAlgo(algo: AlgoOrder): void {
    const { holder, clientOrderId } = algo.terms;
    const { account } = holder;
    account.openAlgos.delete(algo.orderId);
    holder.algos.delete(algo);
    const names = algo.legacy ? account.openByClientId : account.openAlgoByClientId;
    if (names.get(clientOrderId) === algo) names.delete(clientOrderId);
  }

  algoStatus(algo: AlgoOrder, status: AlgoStatus): void {
    algo.algoStatus = status;
    algo.updatedUs = this.nowUs;
    this.users.algoUpdate(algo, this.nowUs);
  }

  #sink(market: SymbolMarket): MatchSink<FuturesOrder> {
    return {
      onAccepted: (order) => this.#accepted(order),
      onTrade: (trade) => this.#traded(market, trade),
      onCanceled: (order) => this.#ended(order, 'CANCELED'),
      onExpired: (order, reason) => this.#ended(order, expiredStatus(reason)),
      onTriggered: () => undefined,
      onAmended: (order) => {
        order.updatedUs = this.nowUs;
        this.reserve(order);
        this.users.orderUpdate(order, 'AMENDMENT', undefined, this.nowUs);
      },
      onPrevented: () => undefined,
      // Desks place only outside of events, and are told of a refusal by place() itself.
      onRefused: () => undefined,
    };
  }

  #accepted(order: FuturesOrder): void {
    const { holder, clientOrderId } = order.terms;
    order.createdUs = this.nowUs;
    order.updatedUs = this.nowUs;
    holder.orders.add(order);
    holder.account.openOrders.set(order.orderId, order);
    holder.account.openByClientId.set(clientOrderId, order);
    this.reserve(order);
    if (order.algo !== undefined) this.algoStatus(order.algo, 'TRIGGERED');
    this.users.orderUpdate(order, 'NEW', undefined, this.nowUs);
  }

  #traded(market: SymbolMarket, trade: Trade<FuturesOrder>): void {
    const { taker, maker, ticks } = trade;
    this.clearing.trade(market, trade);
    this.publicSink.traded(market, trade);
    if (market.triggers.ticksOf('last') !== ticks) market.triggers.price('last', ticks);
    if (taker !== null) this.#afterFill(taker);
    if (maker !== null) this.#afterFill(maker);
  }

  #afterFill(order: FuturesOrder): void {
    this.reserve(order);
    if (order.state === 'filled') this.close(order);
    this.dirty.add(order.terms.holder.account);
    this.shrinkClosing(order.holding);
  }

  #ended(order: FuturesOrder, status: OrderStatus): void {
    order.status = status;
    order.updatedUs = this.nowUs;
    this.reserve(order);
    this.users.orderUpdate(order, status === 'CANCELED' ? 'CANCELED' : 'EXPIRED', undefined, this.nowUs);
    this.close(order);
  }

  /** An order has reached its final state. */
  close(order: FuturesOrder): void {
    const { holder, clientOrderId } = order.terms;
    const { account } = holder;
    holder.orders.delete(order);
    account.openOrders.delete(order.orderId);
    if (account.openByClientId.get(clientOrderId) === order) account.openByClientId.delete(clientOrderId);
    account.history.orders.push(order);
    if (order.algo !== undefined) this.algoStatus(order.algo, 'FINISHED');
  }

  marginAssets(): Set<Asset> {
    return new Set([...this.markets.values()].map(({ symbol }) => symbol.marginAsset));
  }

  insuranceEquity(asset: Asset): Amount {
    return this.clearing.insuranceEquity(asset, this.markets.values());
  }
}

function expiredStatus(reason: EndReason): OrderStatus {
  return reason === 'stp' ? 'EXPIRED_IN_MATCH' : 'EXPIRED';
}
