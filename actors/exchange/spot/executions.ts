/**
 * What matching means for accounts: every event of the matchers becomes money moved, an order's new status, a report to its owner, and
 * what it means for the order's list. Money only moves here and in the venue's deposits.
 */
import { BID } from '../book/index.js';
import { type AccountId, HOUSE } from '../ids.js';
import { type Amount, amount, type Asset, InsufficientFunds, type Ledger, mulDiv } from '../ledger/index.js';
import type { EndReason, MatchSink, Trade } from '../matching/index.js';
import { keepNewest } from '../recent.js';
import { refit } from './holds.js';
import { type AccountSymbol, type ExpiryReason, HISTORY_LIMIT, type OrderStatus, type PreventedMatch, type SpotAccount, type SpotFill, type SpotMarket, type SpotOrder } from './order.js';
import { sweepOf } from './sweep.js';
import { AccountPosition, type Execution, ExecutionReport, type ExecutionType, ListStatus, type UserEvent, type UserEventSink } from './user-events.js';

const RATE_SCALE = 100_000_000n;

/** Told of every trade, those between two agents included: market data is made of it. */
export interface TradeListener {
  trade(market: SpotMarket, trade: Trade<SpotOrder>): void;
}

/** Why the matcher ended an order, in the words of the venue. */
const EXPIRY: Readonly<Partial<Record<EndReason, ExpiryReason>>> = {
  'ioc': 'UNFILLED_IOC_QUANTITY_EXPIRED', 'fok': 'UNFILLED_FOK_ORDER_EXPIRED', 'no-liquidity': 'INSUFFICIENT_LIQUIDITY', 'budget': 'INSUFFICIENT_LIQUIDITY',
  'price-limit': 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED', 'order-list': 'OCO_TRIGGER', 'post-only': 'REJECTED', 'book-full': 'EXCHANGE_CANCELED', 'venue': 'EXCHANGE_CANCELED',
};

/** The match that is being prevented, and the lots that would have traded. */
interface Prevention {
  readonly match: PreventedMatch;
  readonly lots: number;
}

export class Executions {
  readonly ledger: Ledger;
  nowUs = 0;
  /** Name of the cancel under way: `c` of its reports. */
  cancelId: string | undefined;
  /** The order being placed, and its fills for the answer. */
  placing: SpotOrder | undefined;
  placingFills: SpotFill[] = [];
  placingPrevented: PreventedMatch[] = [];
  /** Working orders of OTO lists that have been filled: their legs are due when the matcher is idle. */
  readonly filledWorking: SpotOrder[] = [];

  readonly #sink: UserEventSink;
  readonly #trades: TradeListener | undefined;
  readonly #dirty: SpotAccount[] = [];
  #nextExecutionId = 1;
  #prevention: Prevention | undefined;

  constructor(ledger: Ledger, sink: UserEventSink, trades: TradeListener | undefined) {
    this.ledger = ledger;
    this.#sink = sink;
    this.#trades = trades;
  }

  /** Something is left to be told or done once the matcher is idle. */
  get unsettled(): boolean {
    return this.#dirty.length > 0 || this.filledWorking.length > 0;
  }

  /** The sink of one symbol's matcher. */
  sinkOf(market: () => SpotMarket): MatchSink<SpotOrder> {
    return {
      onAccepted: (order) => this.#accepted(order),
      onTrade: (trade) => this.#traded(market(), trade),
      onCanceled: (order, reason) => this.#canceled(order, reason),
      onExpired: (order, reason) => this.#expired(order, reason),
      onTriggered: (order) => this.#triggered(order),
      // The venue asks for amendments itself and reports them as what they are.
      onAmended: () => undefined,
      onPrevented: (taker, maker, lots) => this.#preventedMatch(market(), taker, maker, lots),
      // The venue places nothing from inside an event.
      onRefused: (order) => this.finish(order, 'REJECTED'),
    };
  }

  /** Puts an order on its owner's lists, where it stays until it is final. */
  register(order: SpotOrder): void {
    const { owner } = order;
    const symbol = owner.on(order.market);
    symbol.open.set(order.orderId, order);
    symbol.openByClientId.set(order.clientId, order);
    symbol.orders.set(order.orderId, order);
    symbol.byClientId.set(order.clientId, order);
    if (order.isAlgo) symbol.openAlgo += 1;
    owner.openOrders += 1;
    if (symbol.orders.size > HISTORY_LIMIT + (HISTORY_LIMIT >> 2)) forgetOldest(symbol);
  }

  /** Gives an order its final status and its hold back. */
  finish(order: SpotOrder, status: OrderStatus): void {
    this.#close(order, status);
    this.refit(order);
  }

  #close(order: SpotOrder, status: OrderStatus): void {
    order.status = status;
    order.updatedUs = this.nowUs;
    const { owner } = order;
    const symbol = owner.on(order.market);
    if (symbol.open.delete(order.orderId)) {
      if (symbol.openByClientId.get(order.clientId) === order) symbol.openByClientId.delete(order.clientId);
      if (order.isAlgo) symbol.openAlgo -= 1;
      owner.openOrders -= 1;
    }
  }

  /** Ends an order that waits in a list, which the matcher has never seen. */
  endPending(order: SpotOrder, status: 'CANCELED' | 'EXPIRED', reason: ExpiryReason | undefined): void {
    order.expiryReason = reason;
    this.finish(order, status);
    this.report(order, status);
    this.#listMoved(order);
  }

  /** Cancels an order that waits in a list, and with it the list. */
  cancelPending(order: SpotOrder): void {
    this.finish(order, 'CANCELED');
    this.report(order, 'CANCELED');
    this.#endList(order, 'CANCELED', undefined);
    this.#listMoved(order);
  }

  /** Brings a hold to its need. It only ever shrinks here, so nothing can be lacking. */
  refit(order: SpotOrder): void {
    if (refit(this.ledger, order)) this.touch(order.owner, order.payAsset);
  }

  touch(account: SpotAccount, asset: Asset): void {
    if (account.touched.length === 0) this.#dirty.push(account);
    if (!account.touched.includes(asset)) account.touched.push(asset);
  }

  /** Tells an order's owner of one execution; answers the execution's id. */
  report(order: SpotOrder, type: ExecutionType, more?: Pick<Execution, 'trade' | 'prevention' | 'rejectReason'> & { readonly originalClientId?: string }): number {
    const executionId = this.#nextExecutionId++;
    if (order.trailingUs === 0 && order.extremeTicks !== 0) order.trailingUs = this.nowUs;
    if (!this.#sink.wants(order.account)) return executionId;
    const canceled = type === 'CANCELED' && this.cancelId !== undefined;
    const execution: Execution = {
      type, executionId,
      clientId: canceled ? this.cancelId! : order.clientId,
      originalClientId: canceled ? order.clientId : more?.originalClientId ?? '',
      onBook: !order.isFinal && order.workingUs !== 0 && (order.state === 'resting' || type === 'NEW'),
      ...more,
    };
    this.#sink.event(order.account, new ExecutionReport(order, execution, this.nowUs));
    return executionId;
  }

  reportList(order: SpotOrder): void {
    if (order.list !== undefined) this.emit(order.owner, () => new ListStatus(order.list!, this.nowUs));
  }

  emit(account: SpotAccount, make: () => UserEvent): void {
    if (this.#sink.wants(account.id)) this.#sink.event(account.id, make());
  }

  /** Tells every account whose balances have changed. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    for (const account of this.#dirty) {
      account.updatedUs = this.nowUs;
      this.emit(account, () => new AccountPosition(
        account.touched.map((asset) => [asset, this.ledger.free(account.id, asset), this.ledger.locked(account.id, asset)] as const), this.nowUs, this.nowUs,
      ));
      account.touched.length = 0;
    }
    this.#dirty.length = 0;
  }

  #accepted(order: SpotOrder): void {
    order.status = 'NEW';
    order.updatedUs = this.nowUs;
    if (order.condition === 'none') order.workingUs = this.nowUs;
    this.touch(order.owner, order.payAsset);
    if (!order.owner.on(order.market).open.has(order.orderId)) this.register(order);
    this.report(order, 'NEW');
    const { list } = order;
    if (list === undefined || order !== list.working) return;
    for (const leg of list.legs) {
      this.register(leg);
      this.report(leg, 'NEW');
    }
    this.reportList(order);
  }

  #triggered(order: SpotOrder): void {
    order.workingUs = this.nowUs;
    order.updatedUs = this.nowUs;
    this.#endSibling(order);
    if (order.type === 'market' && order.side === BID && !this.#fundSweep(order)) {
      order.expiryReason = 'REJECTED';
      order.market.matcher.expire(order, this.nowUs, 'venue');
      return;
    }
    this.report(order, 'NEW');
  }

  /** A conditional market order to buy held an estimate; now its cost is known. False when the account cannot pay it. */
  #fundSweep(order: SpotOrder): boolean {
    const before = order.budgetHold;
    order.budgetHold = sweepOf(order.market, order.side, order.remainingLots, undefined, order.stpGroup, order.stp).cost;
    try {
      this.refit(order);
      return true;
    } catch (error) {
      if (!(error instanceof InsufficientFunds)) throw error;
      order.budgetHold = before;
      return false;
    }
  }

  #traded(market: SpotMarket, trade: Trade<SpotOrder>): void {
    if (trade.atUs > this.nowUs) this.nowUs = trade.atUs;
    market.reference.onTrade(trade.ticks, trade.lots, trade.atUs);
    this.#trades?.trade(market, trade);
    const { taker, maker } = trade;
    if (taker === null && maker === null) return;
    const { symbol } = market;
    const { ledger } = this;
    const buyer = trade.takerSide === BID ? taker : maker;
    const seller = trade.takerSide === BID ? maker : taker;
    const base = symbol.baseAmount(trade.lots);
    const quote = symbol.quoteAmount(trade.ticks, trade.lots);
    this.#pay(buyer, seller?.owner.id ?? HOUSE.market, symbol.quote, quote);
    this.#pay(seller, buyer?.owner.id ?? HOUSE.market, symbol.base, base);
    for (const order of [taker, maker]) {
      if (order === null) continue;
      const isBuyer = order === buyer;
      const isMaker = order === maker;
      const { rates } = order.owner;
      const feeAsset = isBuyer ? symbol.base : symbol.quote;
      const fee = mulDiv(isBuyer ? base : quote, isMaker ? rates.maker : rates.taker, RATE_SCALE);
      if (fee > 0n) ledger.transfer(order.owner.id, HOUSE.fees, feeAsset, fee);
      else if (fee < 0n) ledger.transfer(HOUSE.fees, order.owner.id, feeAsset, amount(-(fee as bigint)));
      this.touch(order.owner, symbol.base);
      this.touch(order.owner, symbol.quote);
      this.#filled(order, { tradeId: trade.tradeId, order, ticks: trade.ticks, lots: trade.lots, quote, fee, feeAsset, isBuyer, isMaker, atUs: trade.atUs });
    }
  }

  /** Pays from an order's hold, or from the market's account. */
  #pay(order: SpotOrder | null, to: AccountId, asset: Asset, value: Amount): void {
    if (order === null) {
      this.ledger.transfer(HOUSE.market, to, asset, value);
      return;
    }
    const { holder } = order;
    this.ledger.transferLocked(order.owner.id, to, asset, value);
    holder.held = amount(holder.held - value);
    if (order.side === BID && order.type === 'market') order.budgetHold = amount(order.budgetHold - value);
  }

  #filled(order: SpotOrder, fill: SpotFill): void {
    order.quoteFilled = amount(order.quoteFilled + fill.quote);
    order.updatedUs = this.nowUs;
    const symbol = order.owner.on(order.market);
    symbol.fills.push(fill);
    keepNewest(symbol.fills, HISTORY_LIMIT);
    if (order === this.placing) this.placingFills.push(fill);
    if (order.state === 'filled') this.#close(order, 'FILLED');
    else order.status = 'PARTIALLY_FILLED';
    this.report(order, 'TRADE', { trade: fill });
    const { list } = order;
    // The hold is brought to its need last: until the other leg of a pair is over, it would be that one's.
    if (list !== undefined && order !== list.working) this.#endSibling(order);
    this.refit(order);
    if (list === undefined) return;
    if (order === list.working && order.state === 'filled') this.filledWorking.push(order);
    this.#listMoved(order);
  }

  #canceled(order: SpotOrder, reason: EndReason): void {
    // An amendment to no more than what is filled already is not the client's cancel.
    const status = reason === 'amended' ? 'EXPIRED' : 'CANCELED';
    if (status === 'EXPIRED') order.expiryReason = 'EXCHANGE_CANCELED';
    this.finish(order, status);
    this.report(order, status);
    if (reason !== 'order-list') this.#endList(order, 'CANCELED', undefined);
    this.#listMoved(order);
  }

  #expired(order: SpotOrder, reason: EndReason): void {
    const prevention = reason === 'stp' ? this.#prevention : undefined;
    if (prevention === undefined) order.expiryReason ??= EXPIRY[reason] ?? 'EXCHANGE_CANCELED';
    const taken = order.lots - order.filledLots - order.preventedTotal;
    if (prevention !== undefined) order.preventedTotal += taken;
    this.finish(order, prevention === undefined ? 'EXPIRED' : 'EXPIRED_IN_MATCH');
    if (prevention === undefined) this.report(order, 'EXPIRED');
    else this.#reportPrevention(order, prevention, taken);
    if (reason !== 'order-list') this.#endList(order, 'EXPIRED', order === order.list?.working ? 'OTO_PHASE_ONE_EXPIRED' : 'OCO_TRIGGER');
    this.#listMoved(order);
  }

  #preventedMatch(market: SpotMarket, taker: SpotOrder, maker: SpotOrder, lots: number): void {
    const decrement = taker.stpMode === 'decrement';
    // TRANSFER takes two; with any other order it is DECREMENT.
    const mode = taker.stp === 'TRANSFER' && maker.stp !== 'TRANSFER' ? 'DECREMENT' : taker.stp;
    const match: PreventedMatch = {
      id: market.nextPreventedMatchId++, taker, maker, ticks: maker.ticks, mode, atUs: this.nowUs,
      takerLots: decrement ? lots : taker.stpMode === 'expire_maker' ? 0 : taker.remainingLots,
      makerLots: decrement ? lots : taker.stpMode === 'expire_taker' ? 0 : maker.remainingLots,
    };
    const prevention: Prevention = { match, lots };
    this.#prevention = prevention;
    taker.preventedMatchId = match.id;
    maker.preventedMatchId = match.id;
    for (const owner of taker.owner === maker.owner ? [taker.owner] : [taker.owner, maker.owner]) {
      const symbol = owner.on(market);
      symbol.prevented.push(match);
      keepNewest(symbol.prevented, HISTORY_LIMIT);
    }
    if (taker === this.placing) this.placingPrevented.push(match);
    if (!decrement) return;
    if (mode === 'TRANSFER' && taker.owner !== maker.owner) this.#transfer(market, match, lots);
    // The matcher takes the lots off both and ends whichever has none left; that one is reported when it ends.
    for (const order of [maker, taker]) {
      if (order.remainingLots === lots) continue;
      order.preventedTotal += lots;
      order.updatedUs = this.nowUs;
      this.refit(order);
      this.#reportPrevention(order, prevention, lots);
    }
  }

  /** What two accounts of a trade group would have traded goes from one to the other: no trade, no commission. */
  #transfer({ symbol }: SpotMarket, { taker, maker, ticks }: PreventedMatch, lots: number): void {
    const [buyer, seller] = taker.side === BID ? [taker, maker] : [maker, taker];
    this.#pay(buyer, seller.owner.id, symbol.quote, symbol.quoteAmount(ticks, lots));
    this.#pay(seller, buyer.owner.id, symbol.base, symbol.baseAmount(lots));
    for (const { owner } of [taker, maker]) {
      this.touch(owner, symbol.base);
      this.touch(owner, symbol.quote);
    }
    // Its leg has executed in part: the other one of a pair is over, as after a fill.
    for (const order of [maker, taker]) this.#endSibling(order);
  }

  #reportPrevention(order: SpotOrder, prevention: Prevention, lastLots: number): void {
    const { match, lots } = prevention;
    const counter = order === match.taker ? match.maker : match.taker;
    this.report(order, 'TRADE_PREVENTION', { prevention: { matchId: match.id, lastLots, counterOrderId: counter.orderId, lots, ticks: match.ticks } });
  }

  /** One leg of a live pair works or was filled: the other is over. */
  #endSibling(order: SpotOrder): void {
    const { list } = order;
    if (list === undefined || list.legs.length !== 2 || order === list.working) return;
    const sibling = list.legs[0] === order ? list.legs[1]! : list.legs[0]!;
    if (!sibling.isFinal) order.market.matcher.expire(sibling, this.nowUs, 'order-list');
  }

  /** An order of a list ended without being filled: so does the rest of the list. */
  #endList(order: SpotOrder, status: 'CANCELED' | 'EXPIRED', reason: ExpiryReason | undefined): void {
    const { list } = order;
    if (list === undefined) return;
    for (const other of list.orders) {
      if (other === order || other.isFinal) continue;
      if (other.status === 'PENDING_NEW') this.endPending(other, status, reason);
      else if (status === 'CANCELED') order.market.matcher.cancel(other, this.nowUs, 'order-list');
      else order.market.matcher.expire(other, this.nowUs, 'order-list');
    }
  }

  /** Closes a list whose last order is final. */
  #listMoved(order: SpotOrder): void {
    const { list } = order;
    if (list === undefined || list.statusType === 'ALL_DONE') return;
    list.updatedUs = this.nowUs;
    if (!list.orders.every((one) => one.isFinal)) return;
    list.statusType = 'ALL_DONE';
    list.orderStatus = 'ALL_DONE';
    const { owner } = list;
    owner.openListsByClientId.delete(list.clientId);
    owner.on(list.market).openLists -= 1;
    this.reportList(order);
  }
}

/** Forgets the oldest final orders of an account on a symbol. */
function forgetOldest(symbol: AccountSymbol): void {
  let excess = symbol.orders.size - HISTORY_LIMIT;
  for (const [id, order] of symbol.orders) {
    if (excess <= 0) break;
    if (!order.isFinal) continue;
    symbol.orders.delete(id);
    if (symbol.byClientId.get(order.clientId) === order) symbol.byClientId.delete(order.clientId);
    excess -= 1;
  }
}
