/**
 * An account of the futures venue: settings, positions, open orders and history. Its wallet is in the ledger; of that,
 * every isolated position keeps a part apart, and the rest is the cross wallet. Margin is per margin asset.
 */
import type { AccountId } from '../../ids.js';
import { type Amount, amount, type Asset, type Ledger, ZERO } from '../../ledger/index.js';
import { initialMargin } from '../brackets.js';
import { magnitude } from '../contract.js';
import { Position } from '../position.js';
import { History } from './history.js';
import type { SymbolMarket } from './market.js';
import type { AlgoOrder, FuturesOrder, PositionSide } from './order.js';

/** A position with what belongs to it: one of the three (BOTH, LONG, SHORT) that an account has of a symbol. */
export class Holding extends Position {
  readonly side: PositionSide;
  readonly owner: SymbolAccount;
  /** Margin kept apart; zero when cross. */
  isolatedWallet: Amount = ZERO;
  updatedUs = 0;
  /** Realised profit of all its life, before fees. */
  accumulated: Amount = ZERO;

  constructor(owner: SymbolAccount, side: PositionSide) {
    super(owner.market.symbol.contract);
    this.owner = owner;
    this.side = side;
  }

  /** Profit at the mark price. */
  profit(): Amount {
    return this.unrealised(this.owner.market.markPrice);
  }

  markNotional(): Amount {
    return this.notional(this.owner.market.markPrice);
  }

  maintenance(): Amount {
    return this.lots === 0 ? ZERO : this.owner.market.symbol.brackets.maintenance(this.markNotional());
  }

  initial(): Amount {
    return this.lots === 0 ? ZERO : initialMargin(this.markNotional(), this.owner.leverage);
  }
}

/** What an account has and has set of one symbol. */
export class SymbolAccount {
  readonly account: FuturesAccount;
  readonly market: SymbolMarket;
  leverage = 20;
  isolated = false;
  readonly both: Holding;
  readonly long: Holding;
  readonly short: Holding;
  readonly orders = new Set<FuturesOrder>();
  readonly algos = new Set<AlgoOrder>();
  /** Price × quantity of open orders that may open: buys and sells. In hedge mode buys open LONG, sells SHORT. */
  bidNotional: Amount = ZERO;
  askNotional: Amount = ZERO;
  /** Dead man's switch: when all open orders are canceled; Infinity = not set. */
  countdownUs = Infinity;

  constructor(account: FuturesAccount, market: SymbolMarket) {
    this.account = account;
    this.market = market;
    this.both = new Holding(this, 'BOTH');
    this.long = new Holding(this, 'LONG');
    this.short = new Holding(this, 'SHORT');
  }

  holding(side: PositionSide): Holding {
    return side === 'BOTH' ? this.both : side === 'LONG' ? this.long : this.short;
  }

  /** Those of the mode the account is in. */
  holdings(): readonly Holding[] {
    return this.account.dual ? [this.long, this.short] : [this.both];
  }

  get isFlat(): boolean {
    return this.both.lots === 0 && this.long.lots === 0 && this.short.lots === 0;
  }

  /**
   * Margin for open orders, were `bids` and `asks` open. One-way: what the larger of (position + buys) and (position −
   * sells) needs beyond the position itself; hedge: both sides add up. Source: Binance, "Order margin of open orders".
   */
  orderMargin(bids: Amount = this.bidNotional, asks: Amount = this.askNotional): Amount {
    if (bids === 0n && asks === 0n) return ZERO;
    if (this.account.dual) return initialMargin(amount(bids + asks), this.leverage);
    const held = this.both.markNotional();
    const signed = this.both.lots < 0 ? 0n - held : held;
    const up = magnitude(amount(signed + bids));
    const down = magnitude(amount(signed - asks));
    const margin = initialMargin(up > down ? up : down, this.leverage) - initialMargin(held, this.leverage);
    return margin > 0n ? amount(margin) : ZERO;
  }

  /** Largest notional that the position could reach on a side, were `bids` and `asks` open. */
  reach(buys: boolean, bids: Amount, asks: Amount): Amount {
    const holding = this.account.dual ? (buys ? this.long : this.short) : this.both;
    const held = holding.markNotional();
    const signed = holding.lots < 0 ? 0n - held : held;
    return magnitude(amount(buys ? signed + bids : signed - asks));
  }
}

/** What the margin of one asset comes to. All at mark prices. */
export interface MarginSummary {
  readonly wallet: Amount;
  readonly crossWallet: Amount;
  readonly unrealised: Amount;
  readonly crossUnrealised: Amount;
  readonly positionInitial: Amount;
  readonly orderInitial: Amount;
  readonly maintenance: Amount;
  readonly crossMaintenance: Amount;
  /** What new orders may use. */
  readonly available: Amount;
}

export class FuturesAccount {
  /** When its first balances came; a wallet that was never touched has no time of update. */
  openedUs = 0;
  readonly id: AccountId;
  /** Hedge mode. */
  dual = false;
  /** Commission rates in 10^-8; the maker's may be negative. */
  makerRate: Amount;
  takerRate: Amount;
  canTrade = true;
  readonly history = new History();
  /** Open orders and open algo orders by what the client called them. */
  readonly openByClientId = new Map<string, FuturesOrder | AlgoOrder>();
  readonly openAlgoByClientId = new Map<string, AlgoOrder>();
  readonly openOrders = new Map<number, FuturesOrder>();
  readonly openAlgos = new Map<number, AlgoOrder>();
  /** Symbols that it ever touched, in that order. */
  readonly symbols = new Map<string, SymbolAccount>();
  /** Whether it was told that its margin is low, and it still is. */
  marginCalled = false;
  readonly #ledger: Ledger;

  constructor(id: AccountId, ledger: Ledger, rates: { readonly maker: Amount; readonly taker: Amount }) {
    this.id = id;
    this.#ledger = ledger;
    this.makerRate = rates.maker;
    this.takerRate = rates.taker;
  }

  /** What it has of a symbol; made when first asked for. */
  of(market: SymbolMarket): SymbolAccount {
    let state = this.symbols.get(market.symbol.name);
    if (state === undefined) {
      state = new SymbolAccount(this, market);
      this.symbols.set(market.symbol.name, state);
    }
    return state;
  }

  wallet(asset: Asset): Amount {
    return this.#ledger.free(this.id, asset);
  }

  /** Wallet less what isolated positions keep apart. */
  crossWallet(asset: Asset): Amount {
    let isolated = 0n;
    for (const { market, both, long, short } of this.symbols.values()) {
      if (market.symbol.marginAsset === asset) isolated += both.isolatedWallet + long.isolatedWallet + short.isolatedWallet;
    }
    return amount(this.wallet(asset) - isolated);
  }

  margin(asset: Asset): MarginSummary {
    let [isolated, unrealised, crossUnrealised, positionInitial, crossInitial, orderInitial, maintenance, crossMaintenance] = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
    for (const state of this.symbols.values()) {
      if (state.market.symbol.marginAsset !== asset) continue;
      for (const holding of state.holdings()) {
        if (holding.lots === 0) continue;
        const profit = holding.profit();
        const needed = holding.initial();
        const kept = holding.maintenance();
        unrealised += profit;
        positionInitial += needed;
        maintenance += kept;
        if (state.isolated) isolated += holding.isolatedWallet;
        else {
          crossUnrealised += profit;
          crossInitial += needed;
          crossMaintenance += kept;
        }
      }
      orderInitial += state.orderMargin();
    }
    const wallet = this.wallet(asset);
    const crossWallet = wallet - isolated;
    const available = crossWallet + crossUnrealised - crossInitial - orderInitial;
    return {
      wallet, crossWallet: amount(crossWallet), unrealised: amount(unrealised), crossUnrealised: amount(crossUnrealised),
      positionInitial: amount(positionInitial), orderInitial: amount(orderInitial), maintenance: amount(maintenance),
      crossMaintenance: amount(crossMaintenance), available: amount(available),
    };
  }

  get hasOpenOrders(): boolean {
    return this.openOrders.size > 0 || this.openAlgos.size > 0;
  }

  get isFlat(): boolean {
    for (const state of this.symbols.values()) if (!state.isFlat) return false;
    return true;
  }
}
