import { formatMoney, money, Valuation, type Money } from '../../actors/account/money.js';
import { averagePrice, bookFill, exitSide, netProfit, newTrade, openLots, type Trade } from '../../actors/account/trade.js';
import type { Decision } from '../../actors/index.js';
import { feeOn, feesOf } from '../../actors/venue/fees.js';
import type { Config } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { OpenRow } from '../replay/report.js';
import { Curve, type CurvePoint } from './curve.js';

interface Order {
  readonly tradeId: string;
  readonly side: 'buy' | 'sell';
  readonly isEntry: boolean;
}

/** What an account of an earlier run left: closed equity by asset, trades that are open and their orders. */
export interface LeftOver {
  readonly equity: ReadonlyMap<string, Money>;
  readonly trades: readonly Trade[];
  readonly orders: readonly { readonly id: string; readonly tradeId: string; readonly side: 'buy' | 'sell'; readonly purpose: string }[];
}

export const NOTHING_LEFT: LeftOver = { equity: new Map(), trades: [], orders: [] };

/** The deepest fall of the equity below its highest value before; decimals, `share` of that value, null where it was not above 0. */
export interface Drawdown {
  readonly amount: string;
  readonly share: number | null;
  readonly peakUs: number;
  readonly troughUs: number;
  /** When the peak was reached again; null: not in this run. */
  readonly recoveredUs: number | null;
}

/** What became of the equity in one settlement asset. */
export interface EquityReport {
  readonly asset: string;
  readonly start: string;
  /** With what is open valued at the last price. */
  readonly end: string;
  readonly curve: readonly CurvePoint[];
  /** Shares below the peak so far, 0 or below. */
  readonly drawdowns: readonly CurvePoint[];
  /** Null where the equity never fell. */
  readonly deepest: Drawdown | null;
  /** Equity at the end of every UTC day that the run saw the end of. */
  readonly daily: readonly CurvePoint[];
}

class AssetEquity {
  closed: Money;
  readonly start: Money;
  readonly curve = new Curve();
  readonly drawdowns = new Curve();
  readonly daily: CurvePoint[] = [];
  last: Money;
  #peak: Money;
  #peakUs: number;
  #day: number;
  #deepest: { amount: Money; peak: Money; peakUs: number; troughUs: number; recoveredUs: number | null } | null = null;

  constructor(start: Money, atUs: number) {
    this.start = start;
    this.closed = start;
    this.last = start;
    this.#peak = start;
    this.#peakUs = atUs;
    this.#day = Math.floor(atUs / DAY_US);
    this.point(atUs, start);
  }

  get deepest(): Drawdown | null {
    if (this.#deepest === null) return null;
    const { amount, peak, ...rest } = this.#deepest;
    return { amount: formatMoney(amount), share: peak > 0n ? ratio(amount, peak) : null, ...rest };
  }

  point(atUs: number, equity: Money): void {
    const day = Math.floor(atUs / DAY_US);
    if (day !== this.#day) {
      this.daily.push({ atUs: (this.#day + 1) * DAY_US, value: toNumber(this.last) });
      this.#day = day;
    }
    this.last = equity;
    this.curve.add(atUs, toNumber(equity));
    if (equity >= this.#peak) {
      if (this.#deepest !== null && this.#deepest.recoveredUs === null && equity >= this.#deepest.peak) this.#deepest.recoveredUs = atUs;
      if (equity > this.#peak) this.#peakUs = atUs;
      this.#peak = equity;
    } else if (this.#deepest === null || this.#peak - equity > this.#deepest.amount) {
      this.#deepest = { amount: this.#peak - equity, peak: this.#peak, peakUs: this.#peakUs, troughUs: atUs, recoveredUs: null };
    }
    this.drawdowns.add(atUs, this.#peak > 0n ? -ratio(this.#peak - equity, this.#peak) : 0);
  }
}

const DAY_US = 86_400e6;

/**
 * The account's books again, from its decisions alone: orders, fills, what went without one. Between two decisions `mark` values what is open,
 * so that the equity has the falls in it that no closed trade shows. Amounts are exact; only curves are doubles.
 */
export class DecisionLedger {
  /** Of closed trades that came with the result that their fills give, and of all. */
  recomputed = 0;
  closed = 0;
  fills = 0;
  /** Microseconds with a position, of any symbol. */
  exposedUs = 0;
  readonly #config: Config;
  readonly #valuations = new Map<number, Valuation>();
  readonly #equity = new Map<string, AssetEquity>();
  readonly #trades = new Map<string, Trade>();
  readonly #orders = new Map<string, Order>();
  readonly #markTicks: number[] = [];
  /** Open trades by symbol. */
  readonly #open = new Map<number, Set<string>>();
  readonly #left: LeftOver;
  readonly #startUs: number;
  #exposedSinceUs: number | null = null;

  constructor(instruments: readonly Instrument[], config: Config, startUs: number, left: LeftOver = NOTHING_LEFT) {
    this.#config = config;
    this.#startUs = startUs;
    this.#left = left;
    for (const instrument of instruments) {
      this.#asset(instrument.settle);
      try {
        this.#valuations.set(instrument.index, new Valuation(instrument));
      } catch (error) {
        // Its sizes are none, so nobody could trade it.
        if (!(error instanceof RangeError)) throw error;
      }
    }
    for (const trade of left.trades) this.#put(trade, startUs);
    for (const { id, tradeId, side, purpose } of left.orders) this.#orders.set(id, { tradeId, side, isEntry: purpose === 'entry' });
  }

  /** Whether a price of this symbol changes the equity now. */
  exposed(symbol: number): boolean {
    return this.#open.has(symbol);
  }

  /** A symbol traded at this price. */
  mark(symbol: number, ticks: number, atUs: number): void {
    if (this.#markTicks[symbol] === ticks) return;
    this.#markTicks[symbol] = ticks;
    const settle = this.#valuations.get(symbol)?.instrument.settle;
    if (settle !== undefined && this.#open.has(symbol)) this.#point(settle, atUs);
  }

  /** Takes the decisions of a run in their order. */
  decision({ kind, symbol, atUs, data }: Decision): void {
    switch (kind) {
      case 'order':
        this.#ordered(symbol, data);
        return;
      case 'venue':
        this.#venue(symbol, atUs, data);
        return;
      case 'trade':
        this.#closedTrade(symbol, atUs, data);
        return;
      case 'control':
        if (data['control'] === 'gone' || data['control'] === 'dust') this.#gone(symbol, atUs, data);
        return;
      default:
    }
  }

  /** The run has come to `atUs`. */
  finish(atUs: number): { readonly assets: readonly EquityReport[]; readonly open: readonly (Omit<OpenRow, 'symbol'> & { readonly symbol: number; readonly fees: string; readonly sinceUs: number })[] } {
    for (const [asset] of this.#equity) this.#point(asset, atUs);
    if (this.#exposedSinceUs !== null) {
      this.exposedUs += Math.max(0, atUs - this.#exposedSinceUs);
      this.#exposedSinceUs = atUs;
    }
    const assets = [...this.#equity].map(([asset, equity]): EquityReport => ({
      asset, start: formatMoney(equity.start), end: formatMoney(equity.last), curve: equity.curve.points(), drawdowns: equity.drawdowns.points(), deepest: equity.deepest, daily: equity.daily,
    }));
    const open = [...this.#trades.values()].filter((trade) => openLots(trade) > 0 && this.#valuations.has(trade.symbol)).map((trade) => {
      const { instrument } = this.#valuations.get(trade.symbol)!;
      const unrealised = this.#unrealised(trade);
      return {
        id: trade.id, symbol: trade.symbol, side: trade.side, openLots: openLots(trade), entryPrice: averagePrice(trade.entryLotTicks, trade.filledLots, instrument.tickSize),
        unrealised: unrealised === null ? null : formatMoney(unrealised), settle: instrument.settle, fees: formatMoney(trade.fees), sinceUs: trade.firstFillUs,
      };
    });
    return { assets, open };
  }

  #asset(asset: string): AssetEquity {
    let equity = this.#equity.get(asset);
    if (equity === undefined) {
      const { startingBalances, defaultStartingBalance } = this.#config.trading.account;
      equity = new AssetEquity(this.#left.equity.get(asset) ?? money(startingBalances[asset] ?? defaultStartingBalance), this.#startUs);
      this.#equity.set(asset, equity);
    }
    return equity;
  }

  #ordered(symbol: number, data: Decision['data']): void {
    const { id, trade, side, purpose, lots } = data;
    if (typeof id !== 'string' || typeof trade !== 'string' || (side !== 'buy' && side !== 'sell') || typeof lots !== 'number') return;
    const isEntry = purpose === 'entry';
    this.#orders.set(id, { tradeId: trade, side, isEntry });
    if (isEntry) this.#trades.set(trade, newTrade({ id: trade, owner: '', strategy: '', symbol, side, requestedLots: lots, reserved: 0n }));
  }

  #venue(symbol: number, atUs: number, data: Decision['data']): void {
    const { id, type, lots, priceTicks, liquidity, remainingLots, reason, purpose } = data;
    // An order that the account does not know is none of its own.
    const order = typeof id === 'string' && purpose !== null ? this.#orders.get(id) : undefined;
    const trade = order === undefined ? undefined : this.#trades.get(order.tradeId);
    if (order === undefined || typeof id !== 'string') return;
    if (type === 'order.fill' && typeof lots === 'number' && typeof priceTicks === 'number') {
      // What an exit closes beyond its trade is told again without it, or as gone from another one.
      const taken = order.isEntry || (trade !== undefined && lots <= openLots(trade));
      if (taken || trade === undefined || openLots(trade) === 0) this.fills += 1;
      const valuation = this.#valuations.get(symbol);
      if (trade !== undefined && taken && valuation !== undefined) {
        const value = valuation.value(order.side, lots, priceTicks);
        const fees = feesOf(this.#config.trading.venue, valuation.instrument.venue);
        const fee = feeOn(value, liquidity === 'maker' ? fees.makerBps : fees.takerBps);
        this.#markTicks[symbol] ??= priceTicks;
        this.#put(bookFill(trade, { isEntry: order.isEntry, lots, ticks: priceTicks, value, fee, atUs: typeof data['atUs'] === 'number' ? data['atUs'] : atUs, reason: String(reason) }), atUs);
        this.#point(valuation.instrument.settle, atUs);
      }
      if (remainingLots === 0 && taken) this.#orders.delete(id);
    } else if (type === 'order.rejected' || type === 'order.canceled') {
      this.#orders.delete(id);
      if (order.isEntry && trade?.filledLots === 0) this.#trades.delete(trade.id);
    }
  }

  #gone(symbol: number, atUs: number, data: Decision['data']): void {
    const trade = typeof data['trade'] === 'string' ? this.#trades.get(data['trade']) : undefined;
    const valuation = this.#valuations.get(symbol);
    const lots = Number(data['lots']);
    if (trade === undefined || valuation === undefined || !(lots > 0) || lots > openLots(trade)) return;
    if (data['control'] === 'dust') this.#put({ ...trade, writtenOffLots: trade.writtenOffLots + lots }, atUs);
    else {
      const ticks = Number(data['priceTicks']);
      this.#put(bookFill(trade, { isEntry: false, lots, ticks, value: valuation.value(exitSide(trade), lots, ticks), fee: 0n, atUs, reason: 'gone' }), atUs);
    }
    this.#point(valuation.instrument.settle, atUs);
  }

  #closedTrade(symbol: number, atUs: number, data: Decision['data']): void {
    const { id, pnl, equity, settle } = data;
    if (typeof id !== 'string' || typeof pnl !== 'string' || typeof equity !== 'string' || typeof settle !== 'string') return;
    const trade = this.#trades.get(id);
    const valuation = this.#valuations.get(symbol);
    this.closed += 1;
    if (trade !== undefined && valuation !== undefined && netProfit(trade, valuation) === money(pnl)) this.recomputed += 1;
    this.#trades.delete(id);
    this.#exposure(symbol, id, false, atUs);
    // The account's own word.
    this.#asset(settle).closed = money(equity);
    this.#point(settle, atUs);
  }

  #put(trade: Trade, atUs: number): void {
    this.#trades.set(trade.id, trade);
    this.#exposure(trade.symbol, trade.id, openLots(trade) > 0, atUs);
  }

  #exposure(symbol: number, id: string, on: boolean, atUs: number): void {
    let open = this.#open.get(symbol);
    if (on) {
      if (open === undefined) this.#open.set(symbol, (open = new Set()));
      open.add(id);
    } else if (open?.delete(id) === true && open.size === 0) this.#open.delete(symbol);
    if (this.#open.size > 0) this.#exposedSinceUs ??= atUs;
    else if (this.#exposedSinceUs !== null) {
      this.exposedUs += Math.max(0, atUs - this.#exposedSinceUs);
      this.#exposedSinceUs = null;
    }
  }

  #unrealised(trade: Trade): Money | null {
    const valuation = this.#valuations.get(trade.symbol)!;
    const ticks = this.#markTicks[trade.symbol] ?? 0;
    const lots = openLots(trade);
    if (!(ticks > 0)) return null;
    return netProfit(lots === 0 ? trade : bookFill(trade, { isEntry: false, lots, ticks, value: valuation.value(exitSide(trade), lots, ticks), fee: 0n, atUs: trade.lastFillUs, reason: 'mark' }), valuation);
  }

  #point(asset: string, atUs: number): void {
    const equity = this.#asset(asset);
    let total = equity.closed;
    for (const trade of this.#trades.values()) {
      if (trade.filledLots === 0 || this.#valuations.get(trade.symbol)?.instrument.settle !== asset) continue;
      total += this.#unrealised(trade) ?? 0n;
    }
    equity.point(atUs, total);
  }
}

const SCALE = 10n ** 18n;

/** Nearest double of an amount. */
export function toNumber(amount: Money): number {
  return Number(formatMoney(amount));
}

/** a / b to nine digits. */
export function ratio(a: Money, b: Money): number {
  return b === 0n ? NaN : Number((a * SCALE) / b / 10n ** 9n) / 1e9;
}
