/** One round trip: what its entry bought, what its exits sold, what it cost. Pure and immutable. */
import { formatDecimal, parseDecimal } from '../../data/instruments/decimal.js';
import type { Side } from '../venue/messages.js';
import type { ExitPurpose } from './messages.js';
import type { Money, Valuation } from './money.js';

export interface Trade {
  readonly id: string;
  readonly owner: string;
  readonly strategy: string;
  readonly symbol: number;
  readonly side: Side;
  readonly requestedLots: number;
  /** Value of the entry order as it was granted; held against the caps until the trade closes. */
  readonly reserved: Money;
  /** The entry order cannot fill any more. */
  readonly entryDone: boolean;
  readonly filledLots: number;
  readonly closedLots: number;
  /** Too little to be sold: fees took the rest of them. They count as nothing. */
  readonly writtenOffLots: number;
  readonly entryValue: Money;
  readonly exitValue: Money;
  readonly fees: Money;
  /** Sums of lots x ticks, for average prices. */
  readonly entryLotTicks: bigint;
  readonly exitLotTicks: bigint;
  readonly firstFillUs: number;
  readonly lastFillUs: number;
  readonly entryReasons: readonly string[];
  readonly exitReasons: readonly string[];
  /** Set when everything must go: later entry fills are closed at once. */
  readonly flattening: ExitPurpose | null;
}

export function newTrade(base: Pick<Trade, 'id' | 'owner' | 'strategy' | 'symbol' | 'side' | 'requestedLots' | 'reserved'>): Trade {
  return {
    ...base, entryDone: false, filledLots: 0, closedLots: 0, writtenOffLots: 0, entryValue: 0n, exitValue: 0n, fees: 0n, entryLotTicks: 0n, exitLotTicks: 0n,
    firstFillUs: 0, lastFillUs: 0, entryReasons: [], exitReasons: [], flattening: null,
  };
}

export const openLots = (trade: Trade): number => trade.filledLots - trade.closedLots - trade.writtenOffLots;
export const isOver = (trade: Trade): boolean => trade.entryDone && openLots(trade) === 0;
export const exitSide = (trade: Trade): Side => (trade.side === 'buy' ? 'sell' : 'buy');

const addOnce = (list: readonly string[], item: string): readonly string[] => (list.includes(item) ? list : [...list, item]);

export interface BookedFill {
  readonly isEntry: boolean;
  readonly lots: number;
  readonly ticks: number;
  readonly value: Money;
  readonly fee: Money;
  readonly atUs: number;
  readonly reason: string;
}

/** Books one fill. @throws RangeError when an exit closes more than is open: the ledger never guesses. */
export function bookFill(trade: Trade, fill: BookedFill): Trade {
  if (!fill.isEntry && fill.lots > openLots(trade)) {
    throw new RangeError(`${trade.id}: exit of ${fill.lots} lots, ${openLots(trade)} open`);
  }
  const lotTicks = BigInt(fill.lots) * BigInt(fill.ticks);
  return {
    ...trade,
    filledLots: trade.filledLots + (fill.isEntry ? fill.lots : 0),
    closedLots: trade.closedLots + (fill.isEntry ? 0 : fill.lots),
    entryValue: trade.entryValue + (fill.isEntry ? fill.value : 0n),
    exitValue: trade.exitValue + (fill.isEntry ? 0n : fill.value),
    entryLotTicks: trade.entryLotTicks + (fill.isEntry ? lotTicks : 0n),
    exitLotTicks: trade.exitLotTicks + (fill.isEntry ? 0n : lotTicks),
    fees: trade.fees + fill.fee,
    firstFillUs: trade.firstFillUs === 0 ? fill.atUs : trade.firstFillUs,
    lastFillUs: fill.atUs,
    entryReasons: fill.isEntry ? addOnce(trade.entryReasons, fill.reason) : trade.entryReasons,
    exitReasons: fill.isEntry ? trade.exitReasons : addOnce(trade.exitReasons, fill.reason),
  };
}

/** Net result of a closed trade in the settlement asset. */
export function netProfit(trade: Trade, valuation: Valuation): Money {
  const [bought, sold] = trade.side === 'buy' ? [trade.entryValue, trade.exitValue] : [trade.exitValue, trade.entryValue];
  return valuation.profit(bought, sold) - trade.fees;
}

/** Average price as a decimal string with four digits more than the tick has, truncated; "" for no lots. */
export function averagePrice(lotTicks: bigint, lots: number, tickSize: string): string {
  const tick = parseDecimal(tickSize);
  if (lots === 0 || tick === undefined) return '';
  const text = formatDecimal((lotTicks * tick.units * 10_000n) / BigInt(lots), tick.scale + 4);
  return text.replace(/\.?0+$/, '');
}
