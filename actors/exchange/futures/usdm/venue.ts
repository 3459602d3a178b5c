/**
 * Binance USD-M Futures: perpetuals with margin, in one-way or hedge mode, cross or isolated, single-asset margin. Every
 * method is one request of one account at venue time `nowUs`; it answers, or throws the venue's own refusal with nothing
 * changed. Users and the public are told through the two sinks while it runs.
 */
import { OrderBook } from '../../book/index.js';
import type { Venue } from '../../engine.js';
import type { AccountId } from '../../ids.js';
import { HOUSE } from '../../ids.js';
import { type Amount, amount, asset, type Asset, Ledger, mustParseAmount, parseAmount } from '../../ledger/index.js';
import { type AsOf, NEWEST } from '../../rules.js';
import { type Price, price } from '../contract.js';
import { FuturesAccount } from './account.js';
import { AlgoDesk, type AlgoName } from './algos.js';
import { FuturesCore } from './core.js';
import * as refuse from './errors.js';
import { NO_PUBLIC, NO_USERS, type PublicSink, type UserSink } from './events.js';
import { Liquidator } from './liquidation.js';
import type { FuturesStatus, SymbolMarket } from './market.js';
import { type AlgoOrder, type Forced, type FuturesOrder, isConditional, type PositionSide } from './order.js';
import { OrderDesk } from './orders.js';
import type { ModifyOrder, NewOrder, OrderName } from './requests.js';
import { SettingsDesk } from './settings.js';
import { FuturesSymbol, type FuturesSymbolSpec } from './symbol.js';

export interface FuturesVenueOptions {
  readonly symbols: readonly FuturesSymbolOpening[];
  readonly users?: UserSink;
  readonly publicSink?: PublicSink;
  readonly asOf?: AsOf;
  /** Commission rates as decimals; the maker's may be negative: a rebate. */
  readonly makerRate?: string;
  readonly takerRate?: string;
  /** What the insurance fund begins with, in every margin asset. */
  readonly insurance?: string;
  readonly firstTradeId?: number;
  readonly firstUpdateId?: number;
}

export interface FuturesSymbolOpening {
  readonly spec: FuturesSymbolSpec;
  /** Mark and index price until the first `setPrices`, as a decimal. */
  readonly startPrice: string;
  /** The symbol's book; a new one unless given. */
  readonly book?: OrderBook;
}

export class FuturesVenue implements Venue {
  readonly core: FuturesCore;
  readonly orders: OrderDesk;
  readonly algos: AlgoDesk;
  readonly #settings: SettingsDesk;
  readonly #liquidator: Liquidator;
  readonly #rates: { readonly maker: Amount; readonly taker: Amount };
  /** Symbols of accounts with a countdown under way. */
  readonly #countdowns = new Set<ReturnType<FuturesCore['holder']>>();

  constructor(options: FuturesVenueOptions, nowUs: number) {
    this.core = new FuturesCore({
      ledger: new Ledger(), users: options.users ?? NO_USERS, publicSink: options.publicSink ?? NO_PUBLIC, asOf: options.asOf ?? NEWEST,
    });
    this.core.nowUs = nowUs;
    this.orders = new OrderDesk(this.core);
    this.algos = new AlgoDesk(this.core, this.orders);
    this.#settings = new SettingsDesk(this.core);
    this.#liquidator = new Liquidator(this.core);
    this.#rates = { maker: mustParseAmount(options.makerRate ?? '0.0002'), taker: mustParseAmount(options.takerRate ?? '0.0005') };
    for (const { spec, startPrice, book } of options.symbols) {
      this.core.addMarket(new FuturesSymbol(spec), book ?? new OrderBook({ firstUpdateId: options.firstUpdateId ?? 1 }), price(mustParseAmount(startPrice)), nowUs, options.firstTradeId ?? 1);
    }
    for (const margin of this.core.marginAssets()) this.core.ledger.mint(HOUSE.insurance, margin, mustParseAmount(options.insurance ?? '1000000'));
  }

  get ledger(): Ledger {
    return this.core.ledger;
  }

  get markets(): ReadonlyMap<string, SymbolMarket> {
    return this.core.markets;
  }

  /** Opens an account with these balances by asset, and with commission rates of its own if they are given. */
  openAccount(id: AccountId, balances: Readonly<Record<string, string>>, rates?: { readonly maker: string; readonly taker: string }): FuturesAccount {
    this.core.ledger.open(id, { mayOverdraw: true });
    const account = new FuturesAccount(id, this.core.ledger, rates === undefined ? this.#rates : { maker: mustParseAmount(rates.maker), taker: mustParseAmount(rates.taker) });
    account.openedUs = this.core.nowUs;
    this.core.accounts.set(id, account);
    for (const [name, text] of Object.entries(balances).toSorted(([a], [b]) => (a < b ? -1 : 1))) this.core.ledger.mint(id, asset(name), mustParseAmount(text));
    return account;
  }

  account(id: AccountId): FuturesAccount {
    return this.core.account(id);
  }

  get nextUs(): number {
    let next = this.algos.nextExpiryUs;
    for (const { nextFundingUs, matcher } of this.core.markets.values()) next = Math.min(next, nextFundingUs, matcher.nextExpiryUs);
    for (const { countdownUs } of this.#countdowns) next = Math.min(next, countdownUs);
    return next;
  }

  /** Expires what is over, cancels whom nobody held back, and pays funding. */
  advance(nowUs: number): void {
    this.#begin(nowUs);
    this.algos.expireDue();
    for (const holder of this.#countdowns) {
      if (holder.countdownUs > nowUs) continue;
      this.#stopCountdown(holder);
      for (const order of holder.orders) holder.market.matcher.cancel(order, nowUs, 'countdown');
      for (const algo of holder.algos) if (algo.legacy) this.core.endAlgo(algo, 'CANCELED');
    }
    for (const market of this.core.markets.values()) {
      market.matcher.expireDue(nowUs);
      // A clock that was stopped over several fundings pays each of them.
      while (market.nextFundingUs <= nowUs) {
        const rate = market.takeFundingRate();
        this.core.clearing.funding(market, rate, nowUs);
        this.#touchAll(market);
        this.core.publicSink.funded(market, rate, nowUs);
      }
    }
    this.#settle();
  }

  /** Mark and index price of a symbol, in 10^-8 of the quote: triggers, liquidations and margin follow. */
  setPrices(symbol: string, mark: Price, index: Price, nowUs: number): void {
    this.#begin(nowUs);
    const market = this.core.market(symbol);
    market.setPrices(mark, index);
    this.#liquidator.unwindInsurance(market);
    this.#touchAll(market);
    this.#settle();
  }

  /** Lots held long of a symbol by anybody, the market's agents among them. */
  openInterest(symbol: string): number {
    const market = this.core.market(symbol);
    let lots = Math.max(0, this.core.clearing.agentsPosition(market).lots) + Math.max(0, this.core.clearing.insurancePosition(market).lots);
    for (const holder of market.accounts) for (const holding of holder.holdings()) lots += Math.max(0, holding.lots);
    return lots;
  }

  /** What an agent of the market takes; answers the lots. */
  takeForAgent(symbol: string, side: 0 | 1, lots: number, limitTicks: number, nowUs: number): number {
    this.#begin(nowUs);
    const filled = this.core.market(symbol).matcher.takeForAgent(side, lots, limitTicks, nowUs);
    this.#settle();
    return filled;
  }

  /** Closes an account's positions of a symbol as the venue itself would, for those who want to see how a client takes it. */
  forceClose(id: AccountId, symbol: string, kind: Forced, nowUs: number): void {
    this.#begin(nowUs);
    this.#liquidator.forceClose(this.core.holder(this.core.account(id), this.core.market(symbol)), kind);
    this.#settle();
  }

  setStatus(symbol: string, status: FuturesStatus): void {
    this.core.market(symbol).status = status;
  }

  /** The rate of the symbol's next funding, in 10^-8; undefined = from the premium. */
  setFundingRate(symbol: string, rate: Amount | undefined): void {
    this.core.market(symbol).fundingOverride = rate;
  }

  /** Whether the day's rules still take conditional orders on the order endpoint. */
  get conditionalOrdersAreOrders(): boolean {
    return !this.core.asOf.holds('usdmAlgoOrders');
  }

  placeOrder(id: AccountId, wanted: NewOrder, nowUs: number): FuturesOrder | AlgoOrder {
    this.#begin(nowUs);
    const account = this.core.account(id);
    if (isConditional(wanted.type) && !this.conditionalOrdersAreOrders) throw refuse.useAlgoEndpoint();
    const order = isConditional(wanted.type) ? this.algos.place(account, wanted, true) : this.orders.place(account, wanted);
    this.#settle();
    return order;
  }

  /** All checks of `placeOrder`, without the order. */
  testOrder(id: AccountId, wanted: NewOrder, nowUs: number): void {
    this.#begin(nowUs);
    if (isConditional(wanted.type)) throw refuse.useAlgoEndpoint();
    this.orders.place(this.core.account(id), wanted, true);
  }

  cancelOrder(id: AccountId, name: OrderName, nowUs: number): FuturesOrder | AlgoOrder {
    this.#begin(nowUs);
    return this.orders.cancel(this.core.account(id), name);
  }

  cancelAllOrders(id: AccountId, symbol: string, nowUs: number): void {
    this.#begin(nowUs);
    this.orders.cancelAll(this.core.account(id), symbol);
  }

  modifyOrder(id: AccountId, wanted: ModifyOrder, nowUs: number): FuturesOrder {
    this.#begin(nowUs);
    const order = this.orders.modify(this.core.account(id), wanted);
    this.#settle();
    return order;
  }

  placeAlgo(id: AccountId, wanted: NewOrder, nowUs: number): AlgoOrder {
    this.#begin(nowUs);
    if (this.conditionalOrdersAreOrders) throw refuse.methodUnavailable();
    return this.algos.place(this.core.account(id), wanted, false);
  }

  cancelAlgo(id: AccountId, name: AlgoName, nowUs: number): AlgoOrder {
    this.#begin(nowUs);
    return this.algos.cancel(this.core.account(id), name);
  }

  cancelAllAlgos(id: AccountId, symbol: string, nowUs: number): void {
    this.#begin(nowUs);
    this.algos.cancelAll(this.core.account(id), symbol);
  }

  /** Cancels all open orders of the symbol in `ms` unless it is called again; 0 = never mind. */
  setCountdown(id: AccountId, symbol: string, ms: number, nowUs: number): void {
    this.#begin(nowUs);
    const holder = this.core.holder(this.core.account(id), this.core.market(symbol));
    if (ms === 0) this.#stopCountdown(holder);
    else {
      holder.countdownUs = nowUs + ms * 1000;
      this.#countdowns.add(holder);
    }
  }

  #stopCountdown(holder: ReturnType<FuturesCore['holder']>): void {
    holder.countdownUs = Infinity;
    this.#countdowns.delete(holder);
  }

  setLeverage(id: AccountId, symbol: string, leverage: number, nowUs: number): Amount {
    this.#begin(nowUs);
    return this.#settings.setLeverage(this.core.account(id), symbol, leverage);
  }

  setMarginType(id: AccountId, symbol: string, isolated: boolean, nowUs: number): void {
    this.#begin(nowUs);
    this.#settings.setMarginType(this.core.account(id), symbol, isolated);
  }

  setDual(id: AccountId, dual: boolean, nowUs: number): void {
    this.#begin(nowUs);
    this.#settings.setDual(this.core.account(id), dual);
  }

  changeMargin(id: AccountId, symbol: string, side: PositionSide | undefined, text: string, type: 1 | 2, nowUs: number): Amount {
    this.#begin(nowUs);
    const changed = this.#settings.changeMargin(this.core.account(id), symbol, side, text, type);
    this.#settle();
    return changed;
  }

  /** Brings money in or (negative) takes it out. @throws VenueError -4050 when less is free. */
  deposit(id: AccountId, name: Asset, text: string, nowUs: number): void {
    this.#begin(nowUs);
    const account = this.core.account(id);
    const out = text.startsWith('-');
    const change = parseAmount(out ? text.slice(1) : text);
    if (change === undefined) throw refuse.badPrecision();
    if (out && account.margin(name).available < change) throw refuse.crossInsufficient();
    if (out) this.core.ledger.burn(id, name, change);
    else this.core.ledger.mint(id, name, change);
    const signed = out ? amount(0n - change) : change;
    this.core.clearing.income(account, '', 'TRANSFER', signed, name, nowUs);
    this.core.users.accountChanged({ account, reason: out ? 'WITHDRAW' : 'DEPOSIT', asset: name, balanceChange: signed, holdings: [], atUs: nowUs });
  }

  #begin(nowUs: number): void {
    this.core.nowUs = nowUs;
  }

  #touchAll(market: SymbolMarket): void {
    for (const holder of market.accounts) if (!holder.isFlat) this.core.dirty.add(holder.account);
  }

  /** Until nothing follows from anything: triggered orders are placed, and who lacks margin is liquidated. */
  #settle(): void {
    const { dirty, markets } = this.core;
    for (;;) {
      let again = false;
      for (const market of markets.values()) if (this.algos.fire(market)) again = true;
      for (const account of dirty) {
        dirty.delete(account);
        this.#liquidator.check(account);
        again = true;
      }
      if (!again) return;
    }
  }
}
