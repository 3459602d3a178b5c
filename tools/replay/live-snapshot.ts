import { Pause } from '../../actors/index.js';
import type { TreeNode } from '../../runtime/index.js';
import type { LiveSnapshot } from './live-view.js';
import type { Replay } from './replay.js';
import { isoUs } from './time.js';

const SAMPLES = 120;
/** Recent prices of every symbol, one a frame; belongs to the view, not to the replay. */
const samples = new WeakMap<Replay, number[][]>();

/** What a running replay shows at this moment. */
export function liveSnapshot(
  replay: Replay, tape: string, totalRecords: number, span: { readonly startUs: number; readonly endUs: number }, speed: number,
): LiveSnapshot {
  const { report, kernel, instruments } = replay;
  const prices = samples.get(replay) ?? instruments.map(() => []);
  samples.set(replay, prices);
  const symbols = instruments.map((instrument, index) => {
    const facts = kernel.facts(index);
    const price = (facts?.features.price ?? NaN) * Number(instrument.tickSize);
    const recent = prices[index]!;
    recent.push(price);
    if (recent.length > SAMPLES) recent.shift();
    const decimals = (instrument.tickSize.split('.')[1] ?? '').length;
    return {
      symbol: report.name(index),
      state: report.state(index),
      price: Number.isFinite(price) ? price.toFixed(decimals) : '-',
      prices: recent,
      votes: facts === undefined ? '-' : `${facts.votes}/${facts.need}`,
      spreadBps: facts?.features.spreadBps ?? NaN,
      book: facts === undefined || !facts.hasBook ? 'none' : facts.live ? 'LIVE' : (facts.pauses & Pause.GAP) !== 0 ? 'GAP' : 'SYNCING',
    };
  });
  const events = [
    ...report.timeline.map(({ atUs, symbol, from, to, reason }) => ({ atUs, text: `${clock(atUs)}  ${symbol}  ${from} → ${to}  ${reason}` })),
    ...report.trades.map((trade) => ({
      atUs: Date.parse(trade.exitAt) * 1000,
      text: `${trade.exitAt.slice(11, 23)}  ${trade.symbol}  ${trade.side} ${trade.entryPrice} → ${trade.exitPrice} (${trade.exitReason})  ${trade.netPnl} ${trade.settle}`,
    })),
  ].sort((a, b) => a.atUs - b.atUs).slice(-12).map(({ text }) => text);
  const pnl = Object.entries(report.pnl()).map(([settle, total]) => `${total.net} ${settle}`).join(', ');
  return {
    tape, clockUs: replay.clockUs, startUs: span.startUs, endUs: span.endUs, records: replay.taken, totalRecords, speed, symbols, events,
    trades: report.trades.length, netPnl: pnl === '' ? '0' : pnl, restarts: replay.runtime.counters().restarts, tree: treeLines(replay.runtime.tree()),
  };
}

const clock = (us: number): string => isoUs(us).slice(11, 23);

/** The supervision tree, one line an actor. */
export function treeLines(node: TreeNode | null, depth = 0): string[] {
  if (node === null) return [];
  const what = node.kind === 'worker' ? `${node.behaviour?.name ?? ''}` : node.kind;
  const line = `${'  '.repeat(depth)}${depth === 0 ? '/' : node.id}  ${what}  ${node.state}  handled ${node.handled}  restarts ${node.restarts}`;
  return [line, ...node.children.flatMap((child) => treeLines(child, depth + 1))];
}
