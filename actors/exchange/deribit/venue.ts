import { BID } from '../book/index.js';
import { Position } from '../futures/position.js';
import { magnitude, negated } from '../futures/contract.js';
import type { Venue } from '../engine.js';
import { type AccountId, HOUSE } from '../ids.js';
import { type Amount, amount, asset, Ledger, mustParseAmount, ONE } from '../ledger/index.js';
import type { EndReason, MatchSink, Trade } from '../matching/index.js';
import { keepNewest } from '../recent.js';
import { DeribitAccount, type UserTrade } from './account.js';
import { ChannelBoard, type Publish } from './channels.js';
import { DeribitError, invalidParam } from './errors.js';
import { CURRENCIES, type Currency, type DeribitInstrument, perpetuals } from './instruments.js';
import { Margins } from './margin.js';
import { type DeribitOrder, type OrderView, orderView } from './order.js';
import { Orders } from './orders.js';
import { Perpetual, type PublicTrade } from './perpetual.js';

export interface DeribitVenueOptions {
  readonly nowUs: number;
  readonly accounts: readonly { readonly id: AccountId; readonly name: string; readonly balances: ReadonlyMap<string, string> }[];
  /** Index prices at the opening, by base. */
  readonly indices: ReadonlyMap<string, number>;
  /** Told of every notification that somebody has subscribed to, in the order of events. */
  readonly publish: Publish;
}

const SETTLEMENTS_KEPT = 500;
const MARK_US = 1e6;
const NOTICE_US = 100_000;
const DAY_US = 86_400e6;
const SETTLEMENT_US = 8 * 3600e6;

/** What one call or market event did to an account on one instrument. */
export interface AccountChange {
  readonly orders: Set<DeribitOrder>;
  readonly trades: UserTrade[];
  /** Views of orders that ended under an id they no longer have. */
  readonly former: OrderView[];
}

export interface Settlement {
  readonly type: 'settlement' | 'bankruptcy';
  readonly timestamp: number;
  readonly instrument_name: string;
  readonly mark_price: number;
  readonly index_price: number;
  readonly session_bankrupcy?: number;
}

/**
 * Deribit as a pure object: instruments, accounts, orders, money. Calls throw DeribitError and have changed nothing then.
 * Profit is booked to the balance at once, not at the daily settlement (equity is the same either way).
 */
export class DeribitVenue implements Venue {
  readonly ledger = new Ledger();
  readonly instruments: readonly DeribitInstrument[];
  readonly markets = new Map<DeribitInstrument, Perpetual>();
  readonly accounts = new Map<AccountId, DeribitAccount>();
  readonly settlements: Settlement[] = [];
  readonly orders: Orders;
  readonly margins: Margins;
  readonly channels: ChannelBoard;
  /** The agents' side of every trade with a client. */
  readonly house = new DeribitAccount(HOUSE.market, 'market');
  #locked = false;

  readonly #byName = new Map<string, DeribitInstrument>();
  readonly #indices = new Map<string, number>();
  readonly #changes = new Map<DeribitAccount, Map<DeribitInstrument, AccountChange>>();
  readonly #tradeIds = new Map<string, number>();
  #nowUs: number;
  #markUs: number;
  #noticeUs: number;
  #settleUs: number;

  constructor(options: DeribitVenueOptions) {
    const { nowUs, indices } = options;
    this.#nowUs = nowUs;
    this.#markUs = (Math.floor(nowUs / MARK_US) + 1) * MARK_US;
    this.#noticeUs = (Math.floor(nowUs / NOTICE_US) + 1) * NOTICE_US;
    this.#settleUs = Math.floor((nowUs - SETTLEMENT_US) / DAY_US) * DAY_US + DAY_US + SETTLEMENT_US;
    for (const [base, index] of indices) this.#indices.set(base, index);
    this.instruments = perpetuals().filter(({ base }) => this.#indices.has(base));
    for (const instrument of this.instruments) {
      this.#byName.set(instrument.name, instrument);
      this.markets.set(instrument, new Perpetual(instrument, this.#sink(instrument), this.#indices.get(instrument.base)!, nowUs));
    }
    for (const house of [HOUSE.market, HOUSE.fees, HOUSE.insurance, HOUSE.rounding, HOUSE.clearing]) this.ledger.open(house, { mayOverdraw: true });
    for (const { id, name, balances } of options.accounts) {
      // A margined account's losses may pass its balance until the insurance pays.
      this.ledger.open(id, { mayOverdraw: true });
      for (const [currency, text] of balances) this.ledger.mint(id, asset(currency), mustParseAmount(text));
      this.accounts.set(id, new DeribitAccount(id, name));
    }
    this.margins = new Margins(this);
    this.orders = new Orders(this);
    this.channels = new ChannelBoard(this, options.publish);
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  get nowMs(): number {
    return Math.floor(this.#nowUs / 1000);
  }

  get nextUs(): number {
    return Math.min(this.#markUs, this.#noticeUs, this.#settleUs);
  }

  /** Does what is due: marks, funding and liquidation every second, collected notices every 100 ms, settlement at 08:00 UTC. */
  advance(nowUs: number): void {
    this.#nowUs = nowUs;
    for (const market of this.markets.values()) if (market.matcher.nextExpiryUs <= nowUs) market.matcher.expireDue(nowUs);
    if (this.#markUs <= nowUs) {
      this.#markUs = (Math.floor(nowUs / MARK_US) + 1) * MARK_US;
      this.#mark();
    }
    if (this.#settleUs <= nowUs) {
      this.#settleUs += DAY_US;
      this.#settle();
    }
    this.flush();
    if (this.#noticeUs <= nowUs) {
      this.#noticeUs = (Math.floor(nowUs / NOTICE_US) + 1) * NOTICE_US;
      this.channels.collect();
    }
  }

  /** Runs a call at its time, then tells the channels what it did. */
  call<R>(nowUs: number, body: () => R): R {
    this.#nowUs = nowUs;
    try {
      return body();
    } finally {
      this.flush();
    }
  }

  /** An agent of the market has acted. */
  marketActed(nowUs: number): void {
    this.#nowUs = nowUs;
    this.flush();
  }

  /** No orders are taken while it is locked; they can be cancelled. */
  get locked(): boolean {
    return this.#locked;
  }

  /** Locks the platform for maintenance, or opens it again, and tells so. */
  lock(locked: boolean): void {
    if (locked === this.#locked) return;
    this.#locked = locked;
    this.channels.locked();
  }

  /** Takes note of an index price. */
  setIndex(base: string, price: number): void {
    if (price > 0 && Number.isFinite(price)) this.#indices.set(base, price);
  }

  index(base: string): number {
    return this.#indices.get(base)!;
  }

  instrument(name: string): DeribitInstrument {
    const found = this.#byName.get(name);
    if (found === undefined) throw invalidParam('instrument_name', 'wrong format or unknown instrument');
    return found;
  }

  market(instrument: DeribitInstrument): Perpetual {
    return this.markets.get(instrument)!;
  }

  account(id: AccountId): DeribitAccount {
    const account = this.accounts.get(id);
    if (account === undefined) throw new DeribitError('unauthorized', { reason: 'unknown account' });
    return account;
  }

  change(account: DeribitAccount, instrument: DeribitInstrument): AccountChange {
    let changes = this.#changes.get(account);
    if (changes === undefined) {
      changes = new Map();
      this.#changes.set(account, changes);
    }
    let change = changes.get(instrument);
    if (change === undefined) {
      change = { orders: new Set(), trades: [], former: [] };
      changes.set(instrument, change);
    }
    return change;
  }

  /** Tells the channels what has happened since the last flush. */
  flush(): void {
    this.channels.raw(this.#changes);
    this.#changes.clear();
  }

  /** Cash of the account moves to or from the clearing account. */
  pay(account: AccountId, other: AccountId, currency: string, due: Amount): void {
    const name = asset(currency);
    if (due > 0n) this.ledger.transfer(other, account, name, due);
    else if (due < 0n) this.ledger.transfer(account, other, name, negated(due));
  }

  #sink(instrument: DeribitInstrument): MatchSink<DeribitOrder> {
    const touched = (order: DeribitOrder): DeribitAccount => {
      const account = this.accounts.get(order.account as AccountId)!;
      order.updatedMs = this.nowMs;
      this.change(account, instrument).orders.add(order);
      return account;
    };
    const ended = (order: DeribitOrder, _reason: EndReason): void => touched(order).close(order);
    return {
      onAccepted: (order) => {
        touched(order).open.set(order.id, order);
      },
      onTrade: (trade) => this.#trade(instrument, trade),
      onCanceled: ended,
      onExpired: ended,
      onTriggered: (order) => {
        const account = touched(order);
        const view = { ...orderView(order), order_state: 'triggered', order_type: order.terms.originalType };
        account.open.delete(order.id);
        account.remember(order.id, view);
        this.change(account, instrument).former.push(view);
        order.triggerOrderId = order.id;
        order.id = this.orders.nextId(instrument);
        account.open.set(order.id, order);
        if (order.terms.reduceOnly) this.#trim(account, instrument, order);
      },
      onAmended: (order) => {
        touched(order);
      },
      onPrevented: () => undefined,
      onRefused: () => undefined,
    };
  }

  #trade(instrument: DeribitInstrument, trade: Trade<DeribitOrder>): void {
    const market = this.market(instrument);
    const takerBuys = trade.takerSide === BID;
    const { taker, maker } = trade;
    const tradeId = this.#tradeId(instrument);
    const liquidation = taker?.terms.liquidation === true ? 'T' : maker?.terms.liquidation === true ? 'M' : undefined;
    const shown = market.record(tradeId, trade.tradeId, trade.ticks, trade.lots, takerBuys, trade.atUs, liquidation);
    if (taker === null && maker === null) return;
    this.#book(instrument, taker, takerBuys, trade, shown);
    this.#book(instrument, maker, !takerBuys, trade, shown);
  }

  /** One side of a trade: position, profit, commission, record. */
  #book(instrument: DeribitInstrument, order: DeribitOrder | null, buys: boolean, trade: Trade<DeribitOrder>, shown: PublicTrade): void {
    const account = order === null ? this.house : this.accounts.get(order.account as AccountId)!;
    const market = this.market(instrument);
    const holding = account.holding(instrument);
    const signedLots = buys ? trade.lots : -trade.lots;
    const traded = Position.tradedValue(instrument.contract, signedLots, trade.ticks);
    const longBefore = Math.max(0, holding.position.lots);
    const realised = holding.fill(signedLots, traded, trade.ticks);
    market.openInterestLots += Math.max(0, holding.position.lots) - longBefore;
    this.pay(account.id, HOUSE.clearing, instrument.settlement, realised);
    if (order === null) return;
    const isTaker = order === trade.taker;
    const rate = isTaker ? instrument.takerFee : instrument.makerFee;
    const fee = amount((magnitude(traded) * rate + ONE - 1n) / ONE);
    this.pay(account.id, HOUSE.fees, instrument.settlement, negated(fee));
    order.commission = amount(order.commission + fee);
    order.updatedMs = shown.timestamp;
    account.addSession(account.sessionRealised, asset(instrument.settlement), realised);
    const userTrade: UserTrade = {
      ...shown,
      direction: buys ? 'buy' : 'sell',
      order_id: order.id,
      order_type: order.type,
      state: order.state === 'filled' ? 'filled' : 'open',
      liquidity: isTaker ? 'T' : 'M',
      label: order.terms.label,
      fee: numberOf(fee),
      fee_currency: instrument.settlement,
      profit_loss: numberOf(realised),
      self_trade: trade.taker !== null && trade.maker !== null && trade.taker.account === trade.maker.account,
      post_only: order.terms.postOnly,
      reduce_only: order.terms.reduceOnly,
      matching_id: null,
      mmp: false,
      risk_reducing: false,
      api: true,
      user_id: account.id,
    };
    account.addTrade(userTrade);
    const change = this.change(account, instrument);
    change.trades.push(userTrade);
    change.orders.add(order);
    if (order.state === 'filled') account.close(order);
    for (const other of account.open.values()) {
      if (other.terms.reduceOnly && other.terms.instrument === instrument && other.state === 'resting') this.#trim(account, instrument, other);
    }
  }

  /** A reduce-only order must not be larger than the position that it closes. */
  #trim(account: DeribitAccount, instrument: DeribitInstrument, order: DeribitOrder): void {
    const lots = account.lots(instrument);
    const closable = order.side === BID ? Math.max(0, -lots) : Math.max(0, lots);
    if (order.leavesLots > closable) this.market(instrument).matcher.reduce(order, order.leavesLots - closable, this.#nowUs, 'reduce-only');
  }

  #tradeId(instrument: DeribitInstrument): string {
    const prefix = idPrefix(instrument);
    const next = (this.#tradeIds.get(prefix) ?? 0) + 1;
    this.#tradeIds.set(prefix, next);
    return `${prefix}${next}`;
  }

  #mark(): void {
    for (const [instrument, market] of this.markets) {
      const { marks, matcher } = market;
      const accrued = marks.update(this.#nowUs, this.index(instrument.base), market.fair);
      if (accrued !== 0) this.#fund(instrument, market, accrued);
      matcher.price('mark', Math.round(marks.mark / instrument.tickSize), this.#nowUs);
      matcher.price('index', Math.round(marks.index / instrument.tickSize), this.#nowUs);
    }
    for (const account of this.accounts.values()) for (const currency of CURRENCIES) this.#liquidate(account, currency);
  }

  /** Longs pay shorts `share` of the position's value; what rounding leaves is the rounding account's. */
  #fund(instrument: DeribitInstrument, market: Perpetual, share: number): void {
    const rate = BigInt(Math.round(share * 1e16));
    if (rate === 0n) return;
    const name = asset(instrument.settlement);
    for (const account of [...this.accounts.values(), this.house]) {
      const holding = account.holdings.get(instrument);
      if (holding === undefined || holding.position.lots === 0) continue;
      const value = holding.position.notional(market.markPrice);
      const due = amount(((holding.position.lots > 0 ? -1n : 1n) * value * rate) / 10_000_000_000_000_000n);
      this.pay(account.id, HOUSE.rounding, instrument.settlement, due);
      holding.funding = amount(holding.funding + due);
      account.addSession(account.sessionFunding, name, due);
    }
  }

  #liquidate(account: DeribitAccount, currency: Currency): void {
    let held = false;
    for (const [instrument, { position }] of account.holdings) if (instrument.settlement === currency && position.lots !== 0) held = true;
    if (!held) return;
    const state = this.margins.state(account, currency);
    if (state.equity >= state.maintenance) return;
    account.liquidations += 1;
    for (const order of [...account.open.values()]) {
      if (order.terms.instrument.settlement === currency) this.market(order.terms.instrument).matcher.cancel(order, this.#nowUs, 'liquidation');
    }
    for (const [instrument, { position }] of account.holdings) {
      if (instrument.settlement === currency && position.lots !== 0) this.orders.liquidate(account, instrument, position.lots);
    }
    const left = this.ledger.free(account.id, asset(currency));
    const flat = [...account.holdings].every(([instrument, { position }]) => instrument.settlement !== currency || position.lots === 0);
    if (!flat || left >= 0n) return;
    this.pay(account.id, HOUSE.insurance, currency, negated(left));
    const index = currency === 'USDC' ? 1 : this.index(currency);
    this.#remember({
      type: 'bankruptcy', timestamp: this.nowMs, instrument_name: currency === 'USDC' ? 'BTC_USDC-PERPETUAL' : `${currency}-PERPETUAL`,
      mark_price: index, index_price: index, session_bankrupcy: numberOf(negated(left)),
    });
  }

  #settle(): void {
    for (const [instrument, market] of this.markets) {
      this.#remember({
        type: 'settlement', timestamp: this.nowMs, instrument_name: instrument.name,
        mark_price: market.displayed(market.marks.mark), index_price: market.displayed(market.marks.index),
      });
    }
    for (const account of this.accounts.values()) {
      account.sessionRealised.clear();
      account.sessionFunding.clear();
    }
  }

  #remember(settlement: Settlement): void {
    this.settlements.push(settlement);
    keepNewest(this.settlements, SETTLEMENTS_KEPT);
  }
}

/** Ids of BTC-settled instruments are bare numbers; others begin with their currency. */
export function idPrefix(instrument: DeribitInstrument): string {
  const family = instrument.name.slice(0, instrument.name.indexOf('-'));
  return family === 'BTC' ? '' : `${family}-`;
}

/** An amount as the wire's number: exact to 8 decimals up to 2^53 units. */
export const numberOf = (value: Amount): number => Number(value) / 1e8;
