import { ASK, BID } from '../book/index.js';
import type { Venue } from '../engine.js';
import { type AccountId, HOUSE, orderId } from '../ids.js';
import { type Amount, amount, asset, Ledger, mustParseAmount } from '../ledger/index.js';
import type { EndReason, MatchSink, StpMode, Trade } from '../matching/index.js';
import { type Bill, type MmpConfig, MmpState, type OptionFill, OptionsAccount } from './account.js';
import { DEFAULT_CHAIN, type ChainShape, listedContracts, binanceOptionSymbol } from './chain.js';
import {
  badSymbol, badUnderlying, balanceTooLow, duplicateClientId, expired, marginTooLow, mmpFrozen, mmpNotSet, noSuchOrder, postOnlyRejected, priceTooHigh, priceTooLow,
  quantityTooHigh, reduceOnlyRejected, tooManyOrders, unknownOrder,
} from './errors.js';
import { OptionsClosing } from './closing.js';
import { OptionsMargins } from './margin.js';
import { OptionMarket, type OptionTrade } from './option-market.js';
import { OptionOrder, type OptionOrderTerms } from './order.js';
import type { Exercise, OptionsEvents, OrderEvent, PlaceOption } from './messages.js';
import { QUOTE, RATES, UNDERLYINGS } from './terms.js';
import { Underlying } from './underlying.js';

export interface OptionsVenueOptions {
  readonly nowUs: number;
  readonly accounts: readonly { readonly id: AccountId; readonly name: string; readonly balances: ReadonlyMap<string, string> }[];
  /** Index prices at the opening, by base; only bases that are options' underlyings count. */
  readonly indices: ReadonlyMap<string, number>;
  readonly chain?: ChainShape;
  readonly events: OptionsEvents;
}

const TICK_US = 100_000;
const SECOND_US = 1_000_000;
const LISTING_US = 3600e6;
const MOST_OPEN = 200;
const STP: Readonly<Record<OptionOrderTerms['selfTradePrevention'], StpMode>> = { NONE: 'none', EXPIRE_TAKER: 'expire_taker', EXPIRE_MAKER: 'expire_maker', EXPIRE_BOTH: 'expire_both' };

/** Binance Options as a pure object: the chain, accounts, orders, premiums, sellers' margin, exercise. Calls throw VenueError and have changed nothing then. */
export class OptionsVenue implements Venue {
  readonly ledger = new Ledger();
  readonly underlyings = new Map<string, Underlying>();
  /** By symbol, in the order of listing. */
  readonly markets = new Map<string, OptionMarket>();
  readonly accounts = new Map<AccountId, OptionsAccount>();
  readonly exercises: Exercise[] = [];
  readonly margins: OptionsMargins;
  readonly #closing: OptionsClosing;
  /** The agents' side of every trade with a client. */
  readonly house = new OptionsAccount(HOUSE.market, 'market');

  readonly #events: OptionsEvents;
  readonly #chain: ChainShape;
  #nowUs: number;
  #tickUs: number;
  #secondUs: number;
  #listingUs: number;
  #lastOrder = 0;
  #lastFill = 0;
  #lastBill = 0;
  #lastMarket = 0;
  /** What a call has touched, told once at its end. */
  readonly #touched = new Map<OptionsAccount, { reason: 'ORDER' | 'EXERCISE' | 'LIQUIDATION'; readonly markets: Set<OptionMarket> }>();

  constructor(options: OptionsVenueOptions) {
    const { nowUs, indices, events } = options;
    this.#events = events;
    this.#chain = options.chain ?? DEFAULT_CHAIN;
    this.#nowUs = nowUs;
    this.#tickUs = (Math.floor(nowUs / TICK_US) + 1) * TICK_US;
    this.#secondUs = (Math.floor(nowUs / SECOND_US) + 1) * SECOND_US;
    this.#listingUs = (Math.floor(nowUs / LISTING_US) + 1) * LISTING_US;
    this.margins = new OptionsMargins(this);
    this.#closing = new OptionsClosing(this);
    for (const house of [HOUSE.market, HOUSE.fees, HOUSE.insurance, HOUSE.rounding, HOUSE.clearing]) this.ledger.open(house, { mayOverdraw: true });
    for (const { id, name, balances } of options.accounts) {
      // A seller's losses may pass his balance until the insurance pays.
      this.ledger.open(id, { mayOverdraw: true });
      for (const [name_, text] of balances) this.ledger.mint(id, asset(name_), mustParseAmount(text));
      this.accounts.set(id, new OptionsAccount(id, name));
    }
    for (const terms of UNDERLYINGS) {
      const index = indices.get(terms.base);
      if (index !== undefined) this.underlyings.set(terms.base, new Underlying(terms, index));
    }
    this.#list();
    this.#value();
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  get nowMs(): number {
    return Math.floor(this.#nowUs / 1000);
  }

  get nextUs(): number {
    return Math.min(this.#tickUs, this.#secondUs);
  }

  /** Does what is due: marks, expiries, countdowns and liquidation every second; a tick for the streams every 100 ms. */
  advance(nowUs: number): void {
    this.#nowUs = nowUs;
    if (this.#secondUs <= nowUs) {
      this.#secondUs = (Math.floor(nowUs / SECOND_US) + 1) * SECOND_US;
      this.#second();
    }
    this.#flush();
    if (this.#tickUs <= nowUs) {
      this.#tickUs = (Math.floor(nowUs / TICK_US) + 1) * TICK_US;
      this.#events.tick(nowUs);
    }
  }

  /** Runs a call at its time, then tells what it did to accounts. */
  call<R>(nowUs: number, body: () => R): R {
    this.#nowUs = nowUs;
    try {
      return body();
    } finally {
      this.#flush();
    }
  }

  /** An agent of the market has acted. */
  marketActed(nowUs: number): void {
    this.#nowUs = nowUs;
    this.#flush();
  }

  nextOrderId(): ReturnType<typeof orderId> {
    return orderId(++this.#lastOrder);
  }

  /** Numbers fills and exercises alike. */
  nextFillId(): number {
    return ++this.#lastFill;
  }

  setIndex(base: string, price: number): void {
    const underlying = this.underlyings.get(base);
    if (underlying !== undefined && price > 0 && Number.isFinite(price)) underlying.index = price;
  }

  index(base: string): number {
    return this.underlyings.get(base)!.index;
  }

  /** @throws -1121 */
  market(symbol: string): OptionMarket {
    const market = this.markets.get(symbol);
    if (market === undefined) throw badSymbol();
    return market;
  }

  /** @throws -1128 */
  underlying(name: string): Underlying {
    for (const underlying of this.underlyings.values()) if (underlying.terms.underlying === name) return underlying;
    throw badUnderlying();
  }

  account(id: AccountId): OptionsAccount {
    const account = this.accounts.get(id);
    if (account === undefined) throw new RangeError(`no account ${id}`);
    return account;
  }

  /** @throws VenueError as Binance words it */
  place(account: OptionsAccount, wanted: PlaceOption): OptionOrder {
    const { market, ticks } = wanted;
    const buys = wanted.side === 'BUY';
    if (market.contract.expiryMs <= this.nowMs) throw expired();
    if (wanted.lots > market.maxLots) throw quantityTooHigh();
    if (ticks > market.highestTicks) throw priceTooHigh();
    if (ticks < market.lowestTicks) throw priceTooLow();
    if (account.open.size >= MOST_OPEN) throw tooManyOrders();
    const clientId = wanted.clientId ?? '';
    if (clientId !== '' && account.openByClientId(clientId) !== undefined) throw duplicateClientId();
    if (wanted.mmp) {
      const mmp = account.mmp.get(market.terms.underlying);
      if (mmp === undefined) throw mmpNotSet();
      if (mmp.frozen(this.nowMs)) throw mmpFrozen();
    }
    let { lots } = wanted;
    if (wanted.reduceOnly) {
      const held = account.lots(market);
      lots = Math.min(lots, buys ? Math.max(0, -held) : Math.max(0, held));
      if (lots === 0) throw reduceOnlyRejected();
    }
    const held = this.margins.ofOrder(account, market, buys, ticks, lots, wanted.reduceOnly);
    if (held > 0n && held > this.margins.state(account).available) throw buys ? balanceTooLow() : marginTooLow();
    const postOnly = wanted.postOnly || wanted.timeInForce === 'GTX';
    const order = new OptionOrder(
      {
        orderId: this.nextOrderId(), account: account.id, side: buys ? BID : ASK, type: 'limit', ticks, lots, timeInForce: postOnly ? 'GTX' : wanted.timeInForce,
        stpMode: STP[wanted.selfTradePrevention],
      },
      {
        market, clientId, postOnly, reduceOnly: wanted.reduceOnly, mmp: wanted.mmp, createdMs: this.nowMs, liquidation: false, selfTradePrevention: wanted.selfTradePrevention,
      },
    );
    if (market.matcher.place(order, this.#nowUs) === 'would-take') throw postOnlyRejected();
    return order;
  }

  /** @throws -2011 when it is not open */
  cancel(order: OptionOrder): OptionOrder {
    if (!order.terms.market.matcher.cancel(order, this.#nowUs)) throw unknownOrder();
    return order;
  }

  cancelAll(account: OptionsAccount, which: (order: OptionOrder) => boolean, reason: EndReason = 'user'): number {
    let count = 0;
    for (const order of [...account.open.values()]) if (which(order) && order.terms.market.matcher.cancel(order, this.#nowUs, reason)) count += 1;
    return count;
  }

  /** An order of the account by either name. @throws -2013 */
  order(account: OptionsAccount, market: OptionMarket | undefined, id: number | undefined, clientId: string | undefined): OptionOrder {
    let order = id === undefined ? undefined : account.orders.get(id);
    if (id === undefined && clientId !== undefined) {
      order = account.openByClientId(clientId);
      if (order === undefined) for (const other of account.orders.values()) if (other.terms.clientId === clientId) order = other;
    }
    if (order === undefined || (market !== undefined && order.terms.market !== market)) throw noSuchOrder();
    return order;
  }

  setMmp(account: OptionsAccount, underlying: string, config: MmpConfig): MmpState {
    this.underlying(underlying);
    const known = account.mmp.get(underlying);
    if (known !== undefined) {
      known.config = config;
      return known;
    }
    const state = new MmpState(config);
    account.mmp.set(underlying, state);
    return state;
  }

  /** Cancels all orders on an underlying unless it is set or kept alive again in time; 0 takes it back. */
  setCountdown(account: OptionsAccount, underlying: string, countdownMs: number): void {
    this.underlying(underlying);
    if (countdownMs === 0) account.countdowns.delete(underlying);
    else account.countdowns.set(underlying, { countdownMs, dueUs: this.#nowUs + countdownMs * 1000 });
  }

  /** Heartbeat of countdowns; answers those that were running. */
  keepAlive(account: OptionsAccount, underlyings: readonly string[]): string[] {
    return underlyings.filter((underlying) => {
      const countdown = account.countdowns.get(underlying);
      if (countdown === undefined) return false;
      countdown.dueUs = this.#nowUs + countdown.countdownMs * 1000;
      return true;
    });
  }

  #sink(market: OptionMarket): MatchSink<OptionOrder> {
    const ended = (order: OptionOrder, what: OrderEvent): void => {
      const account = this.account(order.account as AccountId);
      order.updatedMs = this.nowMs;
      account.close(order);
      this.#events.order(account, order, what, undefined);
    };
    return {
      onAccepted: (order) => {
        const account = this.account(order.account as AccountId);
        account.open.set(order.orderId, order);
        account.orders.set(order.orderId, order);
        this.#events.order(account, order, 'NEW', undefined);
      },
      onTrade: (trade) => this.#trade(market, trade),
      onCanceled: (order) => ended(order, 'CANCELED'),
      onExpired: (order) => ended(order, 'EXPIRED'),
      onAmended: (order) => {
        order.updatedMs = this.nowMs;
      },
      onTriggered: () => undefined,
      onPrevented: () => undefined,
      onRefused: () => undefined,
    };
  }

  #trade(market: OptionMarket, trade: Trade<OptionOrder>): void {
    const takerBuys = trade.takerSide === BID;
    const shown: OptionTrade = { tradeId: trade.tradeId, ticks: trade.ticks, lots: trade.lots, side: takerBuys ? 1 : -1, atMs: Math.floor(trade.atUs / 1000) };
    market.record(shown);
    this.#events.trade(market, shown);
    if (trade.taker === null && trade.maker === null) return;
    // The premium goes from the buyer to the seller by way of the clearing account.
    this.#book(market, trade, trade.taker, takerBuys);
    this.#book(market, trade, trade.maker, !takerBuys);
  }

  /** One side of a trade: premium, position, commission, record. */
  #book(market: OptionMarket, trade: Trade<OptionOrder>, order: OptionOrder | null, buys: boolean): void {
    const account = order === null ? this.house : this.account(order.account as AccountId);
    const position = account.position(market);
    const value = market.premium(trade.ticks, trade.lots);
    const paid = buys ? value : amount(0n - value);
    const longBefore = Math.max(0, position.lots);
    const realised = position.fill(buys ? trade.lots : -trade.lots, paid);
    market.openInterestLots += Math.max(0, position.lots) - longBefore;
    this.pay(account.id, HOUSE.clearing, amount(0n - paid));
    if (order === null) return;
    const maker = order === trade.maker;
    const fee = this.margins.fee(market, trade.ticks, trade.lots, maker ? RATES.maker : RATES.taker);
    this.pay(account.id, HOUSE.fees, amount(0n - fee));
    order.fee = amount(order.fee + fee);
    order.updatedMs = this.nowMs;
    const fill: OptionFill = {
      id: this.nextFillId(), tradeId: trade.tradeId, order, market, ticks: trade.ticks, lots: trade.lots, buys, maker, fee, realised, volatility: market.volatility, atMs: this.nowMs,
    };
    account.remember(account.fills, fill);
    this.bill(account, 'CONTRACT', amount(0n - paid));
    this.bill(account, 'FEE', amount(0n - fee));
    if (order.state === 'filled') account.close(order);
    this.#events.order(account, order, 'TRADE', fill);
    this.touch(account, order.terms.liquidation ? 'LIQUIDATION' : 'ORDER', market);
    this.#trim(account, market);
    if (order.terms.mmp) this.#protect(account, market, fill);
  }

  /** Reduce-only orders must not be larger than what they close. */
  #trim(account: OptionsAccount, market: OptionMarket): void {
    for (const order of [...account.open.values()]) {
      if (!order.terms.reduceOnly || order.terms.market !== market || order.state !== 'resting') continue;
      const lots = account.lots(market);
      const closable = order.side === BID ? Math.max(0, -lots) : Math.max(0, lots);
      if (order.leavesLots > closable) market.matcher.reduce(order, order.leavesLots - closable, this.#nowUs, 'reduce-only');
    }
  }

  #protect(account: OptionsAccount, market: OptionMarket, fill: OptionFill): void {
    const { underlying } = market.terms;
    const quantity = fill.lots * market.lotSize;
    const delta = (fill.buys ? 1 : -1) * quantity * market.greeks.delta;
    if (account.mmp.get(underlying)?.note(this.nowMs, quantity, delta) !== true) return;
    this.cancelAll(account, ({ terms }) => terms.mmp && terms.market.terms.underlying === underlying, 'venue');
  }

  #second(): void {
    for (const underlying of this.underlyings.values()) {
      underlying.sample(this.#nowUs);
    }
    this.#expire();
    if (this.#listingUs <= this.#nowUs) {
      this.#listingUs = (Math.floor(this.#nowUs / LISTING_US) + 1) * LISTING_US;
      this.#list();
    }
    this.#value();
    for (const account of this.accounts.values()) {
      for (const [underlying, { dueUs }] of account.countdowns) {
        if (dueUs > this.#nowUs) continue;
        account.countdowns.delete(underlying);
        this.cancelAll(account, ({ terms }) => terms.market.terms.underlying === underlying, 'countdown');
      }
      this.#closing.liquidate(account);
    }
  }

  #value(): void {
    for (const market of this.markets.values()) {
      const underlying = this.underlyings.get(market.contract.base)!;
      market.value(underlying.index, underlying.surface, this.nowMs);
    }
  }

  /** Lists what the chain has now and did not have; contracts stay until they expire. */
  #list(): void {
    for (const { terms, index } of this.underlyings.values()) {
      for (const contract of listedContracts(terms.base, index, this.nowMs, this.#chain)) {
        const symbol = binanceOptionSymbol(contract);
        if (this.markets.has(symbol)) continue;
        const market = new OptionMarket(contract, terms, ++this.#lastMarket, (made) => this.#sink(made), this.nowMs);
        this.markets.set(symbol, market);
        market.value(index, this.underlyings.get(terms.base)!.surface, this.nowMs);
        this.#events.listed(market);
      }
    }
  }

  #expire(): void {
    let any = false;
    for (const market of [...this.markets.values()]) {
      if (market.contract.expiryMs > this.nowMs) continue;
      any = true;
      this.#closing.exercise(market);
      this.markets.delete(market.symbol);
      this.#events.delisted(market);
    }
    if (any) this.#list();
  }

  /** Moves money to the account (or from it, below zero), against another. */
  pay(account: AccountId, other: AccountId, due: Amount): void {
    const name = asset(QUOTE);
    if (due > 0n) this.ledger.transfer(other, account, name, due);
    else if (due < 0n) this.ledger.transfer(account, other, name, amount(0n - due));
  }

  bill(account: OptionsAccount, type: Bill['type'], due: Amount): void {
    account.remember(account.bills, { id: ++this.#lastBill, amount: due, type, atMs: this.nowMs });
  }

  /** Notes that an account is to be told of at the end of the call. */
  touch(account: OptionsAccount, reason: 'ORDER' | 'EXERCISE' | 'LIQUIDATION', market: OptionMarket): void {
    const touched = this.#touched.get(account);
    if (touched === undefined) this.#touched.set(account, { reason, markets: new Set([market]) });
    else touched.markets.add(market);
  }

  #flush(): void {
    if (this.#touched.size === 0) return;
    for (const [account, { reason, markets }] of this.#touched) this.#events.account(account, reason, [...markets]);
    this.#touched.clear();
  }
}

export type { Exercise, OptionsEvents, OrderEvent, PlaceOption } from './messages.js';
export { Underlying } from './underlying.js';
