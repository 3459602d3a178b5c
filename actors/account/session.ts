/** What the trades of one run came to: counts, win rate, profit, drawdown, holding time. Pure and exact. */
import type { StoredValue, StoreRow } from '../../data/store/row.js';
import { formatMoney, type Money } from './money.js';
import type { Trade } from './trade.js';

interface OfAsset {
  readonly pnl: Money;
  readonly fees: Money;
  readonly grossProfit: Money;
  readonly grossLoss: Money;
  /** Highest sum of profits so far, and the deepest fall below one. */
  readonly peak: Money;
  readonly drawdown: Money;
}

/** Of trades that filled and were closed in this run. */
export interface SessionStatistics {
  readonly trades: number;
  readonly winners: number;
  readonly holdUs: number;
  /** By settlement asset. */
  readonly assets: ReadonlyMap<string, OfAsset>;
}

export const NO_STATISTICS: SessionStatistics = { trades: 0, winners: 0, holdUs: 0, assets: new Map() };
const NOTHING: OfAsset = { pnl: 0n, fees: 0n, grossProfit: 0n, grossLoss: 0n, peak: 0n, drawdown: 0n };

/** `profit`: net of fees. */
export function withClosed(before: SessionStatistics, trade: Pick<Trade, 'fees' | 'firstFillUs' | 'lastFillUs'>, profit: Money, settle: string): SessionStatistics {
  const was = before.assets.get(settle) ?? NOTHING;
  const pnl = was.pnl + profit;
  const peak = pnl > was.peak ? pnl : was.peak;
  const drawdown = peak - pnl > was.drawdown ? peak - pnl : was.drawdown;
  const now: OfAsset = { pnl, fees: was.fees + trade.fees, grossProfit: was.grossProfit + (profit > 0n ? profit : 0n), grossLoss: was.grossLoss + (profit < 0n ? -profit : 0n), peak, drawdown };
  return {
    trades: before.trades + 1, winners: before.winners + (profit > 0n ? 1 : 0), holdUs: before.holdUs + trade.lastFillUs - trade.firstFillUs, assets: new Map(before.assets).set(settle, now),
  };
}

/** For people and rows: amounts as decimals, `winRate` from 0 to 1, null before the first trade. */
export interface SessionReport {
  readonly trades: number;
  readonly winners: number;
  readonly losers: number;
  readonly winRate: number | null;
  readonly averageHoldMs: number | null;
  readonly assets: Readonly<Record<string, { readonly pnl: string; readonly pnlPerTrade: string; readonly fees: string; readonly grossProfit: string; readonly grossLoss: string; readonly maxDrawdown: string }>>;
}

export function reportOf({ trades, winners, holdUs, assets }: SessionStatistics): SessionReport {
  return {
    trades, winners, losers: trades - winners, winRate: trades === 0 ? null : Math.round((winners / trades) * 10_000) / 10_000, averageHoldMs: trades === 0 ? null : Math.round(holdUs / trades / 1000),
    assets: Object.fromEntries([...assets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([asset, { pnl, fees, grossProfit, grossLoss, drawdown }]) => [asset, {
      pnl: formatMoney(pnl), pnlPerTrade: formatMoney(pnl / BigInt(trades)), fees: formatMoney(fees), grossProfit: formatMoney(grossProfit), grossLoss: formatMoney(grossLoss), maxDrawdown: formatMoney(drawdown),
    }])),
  };
}

/** Key of the row in `snapshots` with the statistics of the run that began when it says. */
export const SESSION_KEY = 'session';

/** The row that outlives the process, so that the next run can say what became of one that was killed. It carries no id: a replay has another. */
export const sessionRow = (startedUs: number, statistics: SessionStatistics): StoreRow => ({ table: 'snapshots', key: SESSION_KEY, row: { startedUs, statistics: reportOf(statistics) as unknown as StoredValue } });
