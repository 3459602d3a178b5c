/**
 * The money side of trades, fees, funding and insurance. Every movement is a transfer of the ledger: profits come from and
 * losses go to HOUSE.clearing, which therefore holds minus the sum of all positions' costs; commissions go to HOUSE.fees;
 * funding passes HOUSE.rounding, where what division leaves over stays; the market's agents are HOUSE.market.
 */
import { BID } from '../../book/index.js';
import { type AccountId, HOUSE } from '../../ids.js';
import { type Amount, amount, type Asset, type Ledger, ZERO } from '../../ledger/index.js';
import type { Trade } from '../../matching/index.js';
import { initialMargin } from '../brackets.js';
import { magnitude, negated } from '../contract.js';
import { Position } from '../position.js';
import type { FuturesAccount, Holding, SymbolAccount } from './account.js';
import type { UserSink } from './events.js';
import type { IncomeType } from './history.js';
import type { SymbolMarket } from './market.js';
import { addAmounts, type Fill, type FuturesOrder } from './order.js';
import { share } from './symbol.js';

export class Clearing {
  readonly #ledger: Ledger;
  readonly #users: UserSink;
  /** Positions of the market's agents and of the insurance fund, by symbol. */
  readonly #agents = new Map<string, Position>();
  readonly #insurance = new Map<string, Position>();
  #nextTranId = 9_689_322_392;

  constructor(ledger: Ledger, users: UserSink) {
    this.#ledger = ledger;
    this.#users = users;
    for (const house of [HOUSE.market, HOUSE.fees, HOUSE.insurance, HOUSE.rounding, HOUSE.clearing]) if (!ledger.has(house)) ledger.open(house, { mayOverdraw: true });
  }

  agentsPosition(market: SymbolMarket): Position {
    return house(this.#agents, market);
  }

  insurancePosition(market: SymbolMarket): Position {
    return house(this.#insurance, market);
  }

  /** What the insurance fund is worth in an asset at mark prices. */
  insuranceEquity(asset: Asset, markets: Iterable<SymbolMarket>): Amount {
    let equity: bigint = this.#ledger.free(HOUSE.insurance, asset);
    for (const market of markets) if (market.symbol.marginAsset === asset) equity += this.insurancePosition(market).unrealised(market.markPrice);
    return amount(equity);
  }

  /** Signed transfer: positive pays `to`, negative takes from it. */
  move(from: AccountId, to: AccountId, asset: Asset, value: Amount): void {
    if (value > 0n) this.#ledger.transfer(from, to, asset, value);
    else if (value < 0n) this.#ledger.transfer(to, from, asset, negated(value));
  }

  /** A trade of the book, to the money of both sides. */
  trade(market: SymbolMarket, trade: Trade<FuturesOrder>): void {
    const { taker, maker, ticks, lots, takerSide } = trade;
    if (taker === null && maker === null) return;
    const value = market.symbol.contract.tradeValue(ticks, lots);
    const takerLots = takerSide === BID ? lots : -lots;
    const takerValue = takerSide === BID ? value : negated(value);
    if (taker === null) this.#bookAgents(market, takerLots, takerValue);
    else this.fill(taker, trade, takerLots, takerValue, false);
    if (maker === null) this.#bookAgents(market, -takerLots, negated(takerValue));
    else this.fill(maker, trade, -takerLots, negated(takerValue), true);
  }

  #bookAgents(market: SymbolMarket, signedLots: number, traded: Amount): void {
    this.bookHouse(HOUSE.market, this.agentsPosition(market), signedLots, traded);
  }

  /** A trade of a house account's position: profit to its free balance, no fee. */
  bookHouse(account: AccountId, position: Position, signedLots: number, traded: Amount): void {
    const { realised } = position.fill(signedLots, traded);
    this.move(HOUSE.clearing, account, position.contract.terms.marginAsset, realised);
  }

  /** Books a client's side: position, profit, commission, isolated margin; and tells him. */
  fill(order: FuturesOrder, trade: { readonly tradeId: number; readonly ticks: number; readonly lots: number; readonly atUs: number }, signedLots: number, traded: Amount, isMaker: boolean): void {
    const { holding, symbol } = order;
    const { holder } = order.terms;
    const { account } = holder;
    const asset = symbol.marginAsset;
    const { atUs } = trade;
    const realised = this.bookHolding(holding, signedLots, traded, atUs);
    const quote = magnitude(traded);
    // The venue's own closing orders pay the liquidation fee instead.
    const commission = order.forced === undefined ? share(quote, isMaker ? account.makerRate : account.takerRate) : ZERO;
    this.move(account.id, HOUSE.fees, asset, commission);
    if (holder.isolated && commission > 0n) {
      // The position's own margin pays what the cross wallet cannot.
      const cross = account.crossWallet(asset);
      if (cross < 0n && cross >= negated(commission)) holding.isolatedWallet = amount(holding.isolatedWallet + cross);
    }
    holding.netSinceOpened = amount(holding.netSinceOpened - commission);
    order.filledQuote = addAmounts(order.filledQuote, quote);
    order.status = order.state === 'filled' ? 'FILLED' : 'PARTIALLY_FILLED';
    order.updatedUs = atUs;
    const tradeId = String(trade.tradeId);
    if (realised !== 0n) this.income(account, symbol.name, 'REALIZED_PNL', realised, asset, atUs, tradeId);
    if (commission !== 0n) this.income(account, symbol.name, 'COMMISSION', negated(commission), asset, atUs, tradeId);
    const fill: Fill = { tradeId: trade.tradeId, order, ticks: trade.ticks, lots: trade.lots, quote, maker: isMaker, commission, realised, atUs };
    account.history.fills.push(fill);
    this.#users.tradeLite(fill);
    this.#users.accountChanged({ account, reason: 'ORDER', asset, balanceChange: ZERO, holdings: [holding], atUs });
    this.#users.orderUpdate(order, order.forced === undefined ? 'TRADE' : 'CALCULATED', fill, atUs);
  }

  /** Position, profit and isolated margin of one side of a trade; answers the profit. */
  bookHolding(holding: Holding, signedLots: number, traded: Amount, atUs: number): Amount {
    const size = Math.abs(holding.lots);
    const { realised, closedLots, openedLots } = holding.fill(signedLots, traded);
    const { owner } = holding;
    this.move(HOUSE.clearing, owner.account.id, owner.market.symbol.marginAsset, realised);
    holding.accumulated = addAmounts(holding.accumulated, realised);
    holding.updatedUs = atUs;
    if (owner.isolated) {
      // The closed part's margin and profit go to the cross wallet, the opened part's margin comes from there.
      if (closedLots > 0) holding.isolatedWallet = closedLots === size ? ZERO : amount(holding.isolatedWallet - (holding.isolatedWallet * BigInt(closedLots)) / BigInt(size));
      if (openedLots > 0) {
        const opened = amount((magnitude(traded) * BigInt(openedLots)) / BigInt(Math.abs(signedLots)));
        const needed = initialMargin(opened, owner.leverage);
        const free = owner.account.crossWallet(owner.market.symbol.marginAsset);
        holding.isolatedWallet = addAmounts(holding.isolatedWallet, needed < free ? needed : free > 0n ? free : ZERO);
      }
    }
    return realised;
  }

  /** Adds to an account's income history. */
  income(account: FuturesAccount, symbol: string, type: IncomeType, income: Amount, asset: Asset, atUs: number, tradeId = '', info: string = type): void {
    account.history.incomes.push({ symbol, type, income, asset, info, atUs, tranId: this.#nextTranId++, tradeId });
  }

  /**
   * Funding of one symbol: every long pays `rate` of its notional at the mark price to the shorts (they pay when it is negative). Each
   * payment is rounded; since the positions of all sum to zero, what is left in HOUSE.rounding is less than a unit a position.
   */
  funding(market: SymbolMarket, rate: Amount, atUs: number): void {
    const asset = market.symbol.marginAsset;
    for (const [account, position] of [[HOUSE.market, this.agentsPosition(market)], [HOUSE.insurance, this.insurancePosition(market)]] as const) {
      if (position.lots !== 0) this.move(account, HOUSE.rounding, asset, payment(position, market, rate));
    }
    for (const state of market.accounts) {
      for (const holding of state.holdings()) {
        if (holding.lots === 0) continue;
        const paid = payment(holding, market, rate);
        if (paid === 0n) continue;
        this.#payFunding(state, holding, paid, atUs);
      }
    }
  }

  #payFunding(state: SymbolAccount, holding: Holding, paid: Amount, atUs: number): void {
    const { account, market } = state;
    const asset = market.symbol.marginAsset;
    this.move(account.id, HOUSE.rounding, asset, paid);
    if (state.isolated) holding.isolatedWallet = amount(holding.isolatedWallet - paid);
    this.income(account, market.symbol.name, 'FUNDING_FEE', negated(paid), asset, atUs);
    this.#users.accountChanged({ account, reason: 'FUNDING_FEE', asset, balanceChange: negated(paid), holdings: state.isolated ? [holding] : [], atUs });
  }
}

/** Signed funding that a position pays. */
function payment(position: Position, market: SymbolMarket, rate: Amount): Amount {
  const notional = position.notional(market.markPrice);
  return share(position.lots < 0 ? 0n - notional : notional, rate);
}

function house(positions: Map<string, Position>, market: SymbolMarket): Position {
  let position = positions.get(market.symbol.name);
  if (position === undefined) {
    position = new Position(market.symbol.contract);
    positions.set(market.symbol.name, position);
  }
  return position;
}
