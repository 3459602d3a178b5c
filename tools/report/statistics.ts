import { formatMoney, money, type Money } from '../../actors/account/money.js';
import type { TradeRow } from '../replay/report.js';
import { ratio, toNumber } from './ledger.js';
import type { EquityReport } from './ledger.js';

/** What closed trades in one settlement asset came to. Amounts are exact decimal strings, net of fees; null where it is not defined. */
export interface TradeStatistics {
  readonly asset: string;
  readonly trades: number;
  readonly winners: number;
  readonly losers: number;
  readonly net: string;
  readonly fees: string;
  /** Sums of the winners' profits and of the losers' losses (positive). */
  readonly grossProfit: string;
  readonly grossLoss: string;
  /** Winners by trades, 0 to 1. */
  readonly winRate: number | null;
  /** Gross profit by gross loss; null without a loss. */
  readonly profitFactor: number | null;
  /** Mean result of a trade: win rate x average win - loss rate x average loss. To 18 digits, truncated, as are the averages. */
  readonly expectancy: string | null;
  readonly averageWin: string | null;
  readonly averageLoss: string | null;
  readonly best: string | null;
  readonly worst: string | null;
  readonly averageHoldMs: number | null;
  readonly longestHoldMs: number | null;
  /** Longest rows of trades that lost, and that won. */
  readonly lossesInARow: number;
  readonly winsInARow: number;
}

interface Sums {
  trades: number; winners: number; losers: number; net: Money; fees: Money; profit: Money; loss: Money; best: Money | null; worst: Money | null; holdMs: number; longestMs: number;
  row: number; losses: number; wins: number;
}

/** By settlement asset, in the order in which they first traded. */
export function tradeStatistics(trades: readonly Pick<TradeRow, 'netPnl' | 'fees' | 'holdMs' | 'settle'>[]): TradeStatistics[] {
  const all = new Map<string, Sums>();
  for (const trade of trades) {
    let of = all.get(trade.settle);
    if (of === undefined) all.set(trade.settle, (of = { trades: 0, winners: 0, losers: 0, net: 0n, fees: 0n, profit: 0n, loss: 0n, best: null, worst: null, holdMs: 0, longestMs: 0, row: 0, losses: 0, wins: 0 }));
    const net = money(trade.netPnl);
    of.trades += 1;
    of.net += net;
    of.fees += money(trade.fees);
    of.holdMs += trade.holdMs;
    of.longestMs = Math.max(of.longestMs, trade.holdMs);
    if (of.best === null || net > of.best) of.best = net;
    if (of.worst === null || net < of.worst) of.worst = net;
    if (net > 0n) {
      of.winners += 1;
      of.profit += net;
      of.row = Math.max(1, of.row + 1);
      of.wins = Math.max(of.wins, of.row);
    } else if (net < 0n) {
      of.losers += 1;
      of.loss -= net;
      of.row = Math.min(-1, of.row - 1);
      of.losses = Math.max(of.losses, -of.row);
    } else of.row = 0;
  }
  return [...all].map(([asset, of]) => ({
    asset, trades: of.trades, winners: of.winners, losers: of.losers, net: formatMoney(of.net), fees: formatMoney(of.fees), grossProfit: formatMoney(of.profit), grossLoss: formatMoney(of.loss),
    winRate: of.winners / of.trades, profitFactor: of.loss === 0n ? null : ratio(of.profit, of.loss), expectancy: formatMoney(of.net / BigInt(of.trades)),
    averageWin: of.winners === 0 ? null : formatMoney(of.profit / BigInt(of.winners)), averageLoss: of.losers === 0 ? null : formatMoney(-of.loss / BigInt(of.losers)),
    best: of.best === null ? null : formatMoney(of.best), worst: of.worst === null ? null : formatMoney(of.worst), averageHoldMs: of.holdMs / of.trades, longestHoldMs: of.longestMs,
    lossesInARow: of.losses, winsInARow: of.wins,
  }));
}

/** Trades that a ratio over them needs at least, and days that an annualised one does. */
export const LEAST_TRADES = 20;
export const LEAST_DAYS = 30;
const DAYS_A_YEAR = 365;

/**
 * Sharpe's ratio of the trades: mean of their results by their standard deviation (n - 1), against a riskless rate of 0, a trade being the
 * period. Source: W. F. Sharpe, "The Sharpe Ratio", The Journal of Portfolio Management 21 (1994), 49-58, eq. 4-6. It is not annualised: trades
 * have no common length. Null below {@link LEAST_TRADES} trades, or where all came to the same.
 */
export function tradeSharpe(results: readonly number[]): number | null {
  return results.length < LEAST_TRADES ? null : sharpe(results);
}

/**
 * Sharpe's ratio of daily returns of the equity at UTC midnights, times the square root of 365 (markets of crypto do not close), against a riskless
 * rate of 0; source as {@link tradeSharpe}. The scaling holds for returns that are independent of each other: A. W. Lo, "The Statistics of Sharpe
 * Ratios", Financial Analysts Journal 58 (2002), 36-52. Null below {@link LEAST_DAYS} returns: a year told from hours is none.
 */
export function annualSharpe(daily: EquityReport['daily']): number | null {
  const returns = daily.slice(1).map(({ value }, at) => value / daily[at]!.value - 1);
  if (returns.length < LEAST_DAYS || !returns.every(Number.isFinite)) return null;
  const ofDay = sharpe(returns);
  return ofDay === null ? null : ofDay * Math.sqrt(DAYS_A_YEAR);
}

function sharpe(values: readonly number[]): number | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return deviation > 0 ? mean / deviation : null;
}

/** Results of trades as doubles, for distributions. */
export const resultsOf = (trades: readonly Pick<TradeRow, 'netPnl'>[]): number[] => trades.map(({ netPnl }) => toNumber(money(netPnl)));

export interface Histogram {
  /** Bin i counts values from edges[i] on, below edges[i + 1]; the last one has its upper edge too. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Bins of equal width over all values, with an edge at 0 where they have both signs; by Sturges' rule (1926) 1 + log2 n bins, 5 to 24. Null below two values. */
export function histogram(values: readonly number[]): Histogram | null {
  if (values.length < 2) return null;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // So close together that no edge could be told from the next.
  if (high - low <= Math.max(Math.abs(low), Math.abs(high)) * 1e-6 || high - low < 1e-200) {
    const half = Math.max(Math.abs(low), Math.abs(high)) / 10 || 1;
    return { edges: [low - half, high + half], counts: [values.length] };
  }
  const wanted = Math.min(24, Math.max(5, Math.ceil(1 + Math.log2(values.length))));
  const width = niceAbove((high - low) / wanted);
  const first = Math.floor(low / width);
  const bins = Math.floor(high / width) - first + 1;
  const edges = Array.from({ length: bins + 1 }, (_, at) => (first + at) * width);
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.max(0, Math.floor(value / width) - first))]! += 1;
  return { edges, counts };
}

/** The smallest of 1, 2, 2.5, 5 x 10^n that is not below. */
export function niceAbove(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((nice) => nice >= step * (1 - 1e-9))!;
}
