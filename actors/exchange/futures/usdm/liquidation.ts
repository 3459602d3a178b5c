/**
 * Liquidation. When the margin balance behind a position (isolated: its own wallet and profit; cross: all of the asset)
 * falls to its maintenance margin, open orders are canceled and the position is closed: first in the book up to its
 * bankruptcy price, then by the insurance fund at that price while the fund can bear it, then by auto-deleveraging: those
 * on the other side with the most profit and leverage give up lots at that price. What the close leaves over pays the
 * liquidation fee into the fund; what is missing the fund pays. Under cross margin a position of a higher bracket is first reduced
 * into a lower one in the book, where that is enough (Binance, "Liquidation Protocol": smart liquidation); an isolated one is closed whole.
 */
import { ASK, BID } from '../../book/index.js';
import { HOUSE } from '../../ids.js';
import { type Amount, amount, type Asset, ONE } from '../../ledger/index.js';
import { magnitude, negated, type Price, price } from '../contract.js';
import { bankruptcyPrice } from '../liquidation-price.js';
import { Position } from '../position.js';
import type { FuturesAccount, Holding, SymbolAccount } from './account.js';
import type { FuturesCore } from './core.js';
import type { SymbolMarket } from './market.js';
import { type Forced, FuturesOrder, type OrderTerms } from './order.js';
import { share } from './symbol.js';

/** Maintenance margin as a share of the margin balance from which the account is warned: 80 %. */
const CALL_AT = { numerator: 8n, denominator: 10n };

export class Liquidator {
  readonly #core: FuturesCore;
  #nextForced = 1;

  constructor(core: FuturesCore) {
    this.#core = core;
  }

  /** Liquidates whatever of the account's is due. */
  check(account: FuturesAccount): void {
    const assets = new Set<Asset>();
    for (const state of account.symbols.values()) {
      assets.add(state.market.symbol.marginAsset);
      if (!state.isolated) continue;
      for (const holding of state.holdings()) {
        if (holding.lots !== 0 && holding.isolatedWallet + holding.profit() <= holding.maintenance()) this.#liquidateIsolated(state, holding);
      }
    }
    for (const asset of assets) this.#checkCross(account, asset);
    this.#warn(account, assets);
  }

  #checkCross(account: FuturesAccount, asset: Asset): void {
    let margin = account.margin(asset);
    if (this.#largestCross(account, asset) === undefined) {
      if (margin.crossWallet < 0n) this.#cover(account, asset, negated(margin.crossWallet));
      return;
    }
    if (margin.crossWallet + margin.crossUnrealised > margin.crossMaintenance) return;
    for (const state of account.symbols.values()) if (state.market.symbol.marginAsset === asset) this.#cancelOrders(state);
    const reduced = new Set<Holding>();
    for (;;) {
      const holding = this.#largestCross(account, asset);
      margin = account.margin(asset);
      const equity = margin.crossWallet + margin.crossUnrealised;
      if (holding === undefined || equity > margin.crossMaintenance) break;
      const bankrupt = bankruptcyPrice(holding, amount(equity - holding.profit()));
      if (!reduced.has(holding)) {
        reduced.add(holding);
        if (this.#reduce(account, holding, amount(equity), amount(margin.crossMaintenance - holding.maintenance()), bankrupt)) continue;
      }
      const notional = holding.markNotional();
      this.#closeWhole(holding, bankrupt);
      const after = account.margin(asset);
      this.#chargeFee(account, holding, notional, amount(after.crossWallet + after.crossUnrealised));
    }
    if (this.#largestCross(account, asset) === undefined && margin.crossWallet < 0n) this.#cover(account, asset, negated(margin.crossWallet));
  }

  #largestCross(account: FuturesAccount, asset: Asset): Holding | undefined {
    let largest: Holding | undefined;
    let most = -1n;
    for (const state of account.symbols.values()) {
      if (state.isolated || state.market.symbol.marginAsset !== asset) continue;
      for (const holding of state.holdings()) {
        if (holding.lots === 0) continue;
        const maintenance = holding.maintenance();
        if (maintenance > most) {
          most = maintenance;
          largest = holding;
        }
      }
    }
    return largest;
  }

  #liquidateIsolated(state: SymbolAccount, holding: Holding): void {
    this.#cancelOrders(state);
    const { account } = state;
    const { isolatedWallet } = holding;
    const realisedBefore = holding.accumulated;
    const notional = holding.markNotional();
    this.#closeWhole(holding, bankruptcyPrice(holding, isolatedWallet));
    const left = amount(isolatedWallet + holding.accumulated - realisedBefore);
    if (left < 0n) this.#cover(account, state.market.symbol.marginAsset, negated(left));
    else this.#chargeFee(account, holding, notional, left);
  }

  #cancelOrders(state: SymbolAccount): void {
    for (const order of state.orders) state.market.matcher.expire(order, this.#core.nowUs, 'liquidation');
  }

  /**
   * Brings a holding down into the highest bracket in which `equity` less the fee on what is closed would pass `others` and its maintenance, by one
   * order in the book. False when there is none, or nothing to meet.
   */
  #reduce(account: FuturesAccount, holding: Holding, equity: Amount, others: Amount, bankrupt: Price): boolean {
    const { market } = holding.owner;
    const { symbol } = market;
    const { brackets } = symbol.brackets;
    const notional = holding.markNotional();
    const held = Math.abs(holding.lots);
    for (let below = symbol.brackets.of(notional).bracket - 2; below >= 0; below--) {
      const kept = Number((BigInt(held) * brackets[below]!.notionalCap) / notional);
      const keptNotional = amount((notional * BigInt(kept)) / BigInt(held));
      if (kept === 0 || equity - share(amount(notional - keptNotional), symbol.liquidationFee) <= others + symbol.brackets.maintenance(keptNotional)) continue;
      return this.#closeInBook(account, holding, held - kept, closingTicks(market, holding.lots > 0, bankrupt));
    }
    return false;
  }

  /** Closes up to `lots` in the book and takes the fee on them; false when nobody is there. */
  #closeInBook(account: FuturesAccount, holding: Holding, lots: number, ticks: number): boolean {
    const { market } = holding.owner;
    const side = holding.lots > 0 ? ASK : BID;
    const inBook = market.matcher.quote(side, lots, ticks).lots;
    if (inBook === 0) return false;
    const order = this.#order(holding, side, ticks, inBook, 'liquidation');
    market.matcher.place(order, this.#core.nowUs);
    this.#core.publicSink.liquidated(market, order, this.#core.nowUs);
    const { crossWallet, crossUnrealised } = account.margin(market.symbol.marginAsset);
    this.#chargeFee(account, holding, market.symbol.contract.value(market.markPrice, inBook), amount(crossWallet + crossUnrealised));
    return true;
  }

  /** Closes a holding as a whole at its bankruptcy price or better. */
  #closeWhole(holding: Holding, bankrupt: Price): void {
    const { market } = holding.owner;
    const long = holding.lots > 0;
    const side = long ? ASK : BID;
    const ticks = closingTicks(market, long, bankrupt);
    const { matcher } = market;
    const inBook = matcher.quote(side, Math.abs(holding.lots), ticks).lots;
    if (inBook > 0) {
      const order = this.#order(holding, side, ticks, inBook, 'liquidation');
      matcher.place(order, this.#core.nowUs);
      this.#core.publicSink.liquidated(market, order, this.#core.nowUs);
    }
    const left = Math.abs(holding.lots);
    if (left === 0) return;
    if (inBook === 0) this.#core.publicSink.liquidated(market, this.#order(holding, side, ticks, left, 'liquidation'), this.#core.nowUs);
    const asset = market.symbol.marginAsset;
    const value = Position.tradedValue(market.symbol.contract, long ? left : -left, ticks);
    const atMark = market.symbol.contract.value(market.markPrice, left);
    const profit = (long ? atMark : negated(atMark)) - value;
    if (this.#core.insuranceEquity(asset) + profit >= 0n) this.#handToInsurance(holding, ticks, left);
    else this.#deleverage(holding, ticks);
  }

  #handToInsurance(holding: Holding, ticks: number, lots: number): void {
    const { market } = holding.owner;
    const { clearing, publicSink, nowUs } = this.#core;
    const signed = holding.lots > 0 ? lots : -lots;
    const tradeId = market.matcher.nextTradeId++;
    const takerSide = holding.lots > 0 ? ASK : BID;
    this.#fillOutside(holding, ticks, lots, 'liquidation', tradeId);
    clearing.bookHouse(HOUSE.insurance, clearing.insurancePosition(market), signed, Position.tradedValue(market.symbol.contract, signed, ticks));
    publicSink.deleveraged(market, { tradeId, ticks, lots, takerSide, by: 'insurance', atUs: nowUs });
  }

  /** Takes lots from those on the other side, most profitable and leveraged first; the market's agents come last. */
  #deleverage(holding: Holding, ticks: number): void {
    const { market } = holding.owner;
    const { publicSink, nowUs } = this.#core;
    const long = holding.lots > 0;
    for (const other of adlQueue(market, !long)) {
      const lots = Math.min(Math.abs(holding.lots), Math.abs(other.lots));
      if (lots === 0) continue;
      const tradeId = market.matcher.nextTradeId++;
      this.#fillOutside(holding, ticks, lots, 'liquidation', tradeId);
      this.#fillOutside(other, ticks, lots, 'adl', tradeId);
      publicSink.deleveraged(market, { tradeId, ticks, lots, takerSide: long ? ASK : BID, by: 'adl', atUs: nowUs });
      this.#core.dirty.add(other.owner.account);
      if (holding.lots === 0) return;
    }
    this.#closeWithAgents(holding, ticks, 'liquidation');
  }

  #closeWithAgents(holding: Holding, ticks: number, forced: Forced): void {
    const { market } = holding.owner;
    const { clearing, publicSink, nowUs } = this.#core;
    const { lots: signed } = holding;
    const lots = Math.abs(signed);
    const tradeId = market.matcher.nextTradeId++;
    this.#fillOutside(holding, ticks, lots, forced, tradeId);
    clearing.bookHouse(HOUSE.market, clearing.agentsPosition(market), signed, Position.tradedValue(market.symbol.contract, signed, ticks));
    publicSink.deleveraged(market, { tradeId, ticks, lots, takerSide: signed > 0 ? ASK : BID, by: 'adl', atUs: nowUs });
  }

  /**
   * Closes what an account holds of a symbol as the venue does it, whatever its margin: `liquidation` in the book up to 1 % from the mark
   * price and what is left by the fund, the others whole at the mark price against the market's agents.
   */
  forceClose(state: SymbolAccount, kind: Forced): void {
    const { market, account } = state;
    const { symbol, markPrice } = market;
    for (const holding of state.holdings()) {
      if (holding.lots === 0) continue;
      if (kind !== 'liquidation') {
        this.#closeWithAgents(holding, Math.max(1, symbol.ticksDown(markPrice)), kind);
        continue;
      }
      this.#cancelOrders(state);
      const notional = holding.markNotional();
      const away = markPrice / 100n;
      this.#closeWhole(holding, price(holding.lots > 0 ? markPrice - away : markPrice + away));
      this.#chargeFee(account, holding, notional, account.margin(symbol.marginAsset).available);
    }
  }

  /** An order of the venue's that is filled whole at one price, outside the book. */
  #fillOutside(holding: Holding, ticks: number, lots: number, forced: Forced, tradeId: number): void {
    const { market, account } = holding.owner;
    const { clearing, users, nowUs } = this.#core;
    const closesLong = holding.lots > 0;
    const order = this.#order(holding, closesLong ? ASK : BID, ticks, lots, forced);
    order.createdUs = nowUs;
    order.updatedUs = nowUs;
    users.orderUpdate(order, 'NEW', undefined, nowUs);
    order.filledLots = lots;
    order.filledTickLots = lots * ticks;
    order.state = 'filled';
    const signed = closesLong ? -lots : lots;
    clearing.fill(order, { tradeId, ticks, lots, atUs: nowUs }, signed, Position.tradedValue(market.symbol.contract, signed, ticks), forced !== 'liquidation');
    this.#core.close(order);
    this.#core.dirty.add(account);
    this.#core.shrinkClosing(holding);
  }

  #order(holding: Holding, side: typeof BID | typeof ASK, ticks: number, lots: number, forced: Forced): FuturesOrder {
    const { account } = holding.owner;
    const terms: OrderTerms = {
      holder: holding.owner,
      clientOrderId: this.#forcedName(forced),
      positionSide: holding.side, shownType: 'LIQUIDATION', origType: 'LIQUIDATION', shownTimeInForce: 'IOC', reduceOnly: false, closePosition: false,
      workingType: 'CONTRACT_PRICE', priceProtect: false, priceMatch: 'NONE', stpName: 'NONE', goodTillMs: 0,
    };
    const order = new FuturesOrder(
      { orderId: this.#core.nextOrderId(), account: account.id, side, type: 'limit', ticks, lots, timeInForce: 'IOC' }, terms, holding, true, { forced },
    );
    if (forced !== 'settlement') account.history.forced.push({ order, kind: forced === 'adl' ? 'ADL' : 'LIQUIDATION' });
    return order;
  }

  /** Source: "Event: Order Update", special client order ids. */
  #forcedName(forced: Forced): string {
    const number = `${Math.floor(this.#core.nowUs / 1000)}${String(this.#nextForced++).padStart(6, '0')}`;
    switch (forced) {
      case 'adl':
        return 'adl_autoclose';
      case 'liquidation':
        return `autoclose-${number}`;
      case 'settlement':
        return `settlement_autoclose-${number}`;
    }
  }

  /** The liquidation fee, as far as `left` of the margin pays it. */
  #chargeFee(account: FuturesAccount, holding: Holding, notional: Amount, left: Amount): void {
    const { symbol } = holding.owner.market;
    const fee = share(notional, symbol.liquidationFee);
    const paid = fee < left ? fee : left;
    if (paid <= 0n) return;
    this.#core.clearing.move(account.id, HOUSE.insurance, symbol.marginAsset, paid);
    this.#insuranceClear(account, symbol.name, symbol.marginAsset, negated(paid));
  }

  /** The insurance fund pays what an account without positions is short of. */
  #cover(account: FuturesAccount, asset: Asset, missing: Amount): void {
    this.#core.clearing.move(HOUSE.insurance, account.id, asset, missing);
    this.#insuranceClear(account, '', asset, missing);
  }

  #insuranceClear(account: FuturesAccount, symbol: string, asset: Asset, change: Amount): void {
    const { clearing, users, nowUs } = this.#core;
    clearing.income(account, symbol, 'INSURANCE_CLEAR', change, asset, nowUs);
    users.accountChanged({ account, reason: 'INSURANCE_CLEAR', asset, balanceChange: change, holdings: [], atUs: nowUs });
  }

  /** MARGIN_CALL, once whenever maintenance passes 80 % of the margin. */
  #warn(account: FuturesAccount, assets: Set<Asset>): void {
    const near = (equity: bigint, maintenance: Amount): boolean => maintenance > 0n && maintenance * CALL_AT.denominator >= equity * CALL_AT.numerator;
    let called = false;
    for (const asset of assets) {
      const margin = account.margin(asset);
      const cross = near(margin.crossWallet + margin.crossUnrealised, margin.crossMaintenance);
      const holdings: Holding[] = [];
      for (const state of account.symbols.values()) {
        if (state.market.symbol.marginAsset !== asset) continue;
        for (const holding of state.holdings()) {
          if (holding.lots !== 0 && (state.isolated ? near(holding.isolatedWallet + holding.profit(), holding.maintenance()) : cross)) holdings.push(holding);
        }
      }
      if (holdings.length === 0) continue;
      called = true;
      if (!account.marginCalled) this.#core.users.marginCall(account, asset, cross ? margin.crossWallet : undefined, holdings, this.#core.nowUs);
    }
    account.marginCalled = called;
  }

  /** The fund hands what it took over on to the market's agents, at the mark price. */
  unwindInsurance(market: SymbolMarket): void {
    const { clearing } = this.#core;
    const position = clearing.insurancePosition(market);
    if (position.lots === 0) return;
    const { symbol } = market;
    const { lots } = position;
    const value = Position.tradedValue(symbol.contract, lots, symbol.ticksDown(market.markPrice));
    clearing.bookHouse(HOUSE.insurance, position, -lots, negated(value));
    clearing.bookHouse(HOUSE.market, clearing.agentsPosition(market), lots, value);
  }
}

/** The bankruptcy price as a limit: on the account's side of it, and within half and double the mark price. */
function closingTicks(market: SymbolMarket, long: boolean, bankrupt: Price): number {
  const { symbol, markPrice } = market;
  const least = Math.max(1, symbol.ticksDown(markPrice) >> 1);
  const most = symbol.ticksDown(markPrice) * 2;
  const ticks = long ? symbol.ticksUp(bankrupt) : symbol.ticksDown(bankrupt);
  return Math.min(most, Math.max(least, ticks));
}

/** Profit ÷ margin × leverage of the position, in 10^-8 of each: the rank in the queue. Losing positions are not ranked. */
function adlScore(holding: Holding): bigint {
  const profit = holding.profit();
  if (profit <= 0n) return -1n;
  const entry = magnitude(holding.cost);
  const notional = holding.markNotional();
  const { account, isolated, market } = holding.owner;
  const behind = isolated ? holding.isolatedWallet + profit : account.wallet(market.symbol.marginAsset) + profit;
  return ((profit * ONE) / (entry === 0n ? 1n : entry)) * ((notional * ONE) / (behind <= 0n ? 1n : behind));
}

/** Holdings on one side in the order in which they are deleveraged: profitable ones by rank, then the others. */
export function adlQueue(market: SymbolMarket, long: boolean): Holding[] {
  const found: { readonly holding: Holding; readonly score: bigint }[] = [];
  for (const state of market.accounts) {
    for (const holding of state.holdings()) {
      if (holding.lots !== 0 && holding.lots > 0 === long) found.push({ holding, score: adlScore(holding) });
    }
  }
  return found.toSorted((a, b) => (a.score === b.score ? 0 : a.score < b.score ? 1 : -1)).map(({ holding }) => holding);
}

/** 0 to 4: the fifth of the queue that a holding is in, 4 = first to be deleveraged. */
export function adlQuantile(holding: Holding): number {
  if (holding.lots === 0) return 0;
  const queue = adlQueue(holding.owner.market, holding.lots > 0);
  const at = queue.indexOf(holding);
  return adlScore(holding) < 0n || at < 0 ? 0 : 4 - Math.floor((at * 5) / queue.length);
}
