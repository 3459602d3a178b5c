import { colours, printLine, table } from '../cli/output.js';
import type { ReplayResult } from './run.js';
import { humanSeconds } from './time.js';

const TIMELINE_ROWS = 40;
const TRADE_ROWS = 20;

/** The report for people. */
export function printReport(report: ReplayResult): void {
  const c = colours();
  const count = (value: number): string => value.toLocaleString('en-US');
  const heading = (text: string): void => printLine(`\n${c.bold(text)}`);
  printLine(
    `${c.bold(report.tape)}: ${count(report.records)} records in ${humanSeconds(report.wallMs / 1000)} (${count(report.recordsPerSecond)}/s), `
    + `${count(report.processed)} processed, ${count(report.gapped)} gapped, ${count(report.deadLettered)} dead-lettered, ${count(report.missing)} missing`
    + (report.unaccounted === 0 ? '' : `, ${count(report.unaccounted)} unaccounted for: their lanes ended first`),
  );

  heading('Detector');
  if (report.timeline.length === 0) printLine('  nothing but calm');
  else {
    const rows = cut(report.timeline, TIMELINE_ROWS).map(({ at, symbol, from, to, reason }) => [at.replace('T', ' ').slice(0, 23), symbol, from, to, reason]);
    printLine(indent(table(['time (UTC)', 'symbol', 'from', 'to', 'reason'], rows)));
    more(report.timeline.length, TIMELINE_ROWS, 'transitions');
  }
  for (const [symbol, states] of Object.entries(report.secondsInState)) {
    printLine(`  ${symbol}: ${Object.entries(states).map(([state, seconds]) => `${state} ${humanSeconds(seconds)}`).join(', ')}`);
  }

  heading('Indicator extremes');
  const extremes = Object.entries(report.extremes).flatMap(([symbol, all]) =>
    Object.entries(all).flatMap(([name, extreme]) =>
      extreme === null ? [] : [[symbol, name, extreme.min.toPrecision(4), extreme.minAt.slice(11, 19), extreme.max.toPrecision(4), extreme.maxAt.slice(11, 19)]],
    ),
  );
  printLine(extremes.length === 0 ? '  none was defined' : indent(table(['symbol', 'indicator', 'min', 'at', 'max', 'at'], extremes, { align: 'llrrrr' })));

  heading('Trading');
  const refusals = Object.entries(report.refusals);
  printLine(`  ${report.entries} entries; refused: ${refusals.length === 0 ? 'none' : refusals.map(([reason, n]) => `${reason} ${n}`).join(', ')}`);
  if (report.trades.length > 0) {
    const rows = cut(report.trades, TRADE_ROWS).map((trade) => [
      trade.entryAt.slice(11, 23), trade.symbol, trade.side, trade.entryPrice, trade.exitPrice, humanSeconds(trade.holdMs / 1000), trade.exitReason, trade.netPnl, trade.settle,
    ]);
    printLine(indent(table(['entry', 'symbol', 'side', 'price', 'exit', 'held', 'reason', 'net P&L', ''], rows, { align: 'lllrrrlrl' })));
    more(report.trades.length, TRADE_ROWS, 'trades');
  }
  for (const { symbol, side, openLots, entryPrice, unrealised, settle } of report.open) {
    printLine(`  still open at the end: ${symbol} ${side} ${openLots} lots at ${entryPrice}, ${unrealised ?? 'no price to value it'}${unrealised === null ? '' : ` ${settle} at the last trade`}`);
  }
  for (const [settle, total] of Object.entries(report.pnl)) {
    printLine(`  P&L net of fees: ${total.net} ${settle} (fees ${total.fees}), ${total.winners} of ${total.trades} trades won`);
  }
  if (report.trades.length > 0) printLine(c.dim('  fills are simulated (docs/simulated-venue.md): they are no promise of what a venue would have given'));

  if (report.placement === 'ring') {
    heading('Lanes');
    const rows = report.lanes.map(({ path, symbols, records, recordsPerSecond, occupancy, longestStallMs, restarts }) => [
      path, shortList(symbols), count(records), count(recordsPerSecond), `${percent(occupancy.mean)} / ${percent(occupancy.max)}`, `${longestStallMs} ms`, restarts,
    ]);
    printLine(indent(table(['lane', 'symbols', 'records', 'per second', 'ring full, mean / most', 'longest stall', 'restarts'], rows, { align: 'llrrrrr' })));
    for (const { lastFailure } of report.lanes) if (lastFailure !== null) printLine(c.yellow(`  last failure of ${lastFailure}`));
    if (report.spareLanes > 0) printLine(`  ${report.spareLanes} ${report.spareLanes === 1 ? 'lane was' : 'lanes were'} not started: no symbol was left for ${report.spareLanes === 1 ? 'it' : 'them'}`);
  }

  heading('Supervision');
  printLine(`  restarts ${report.restarts}${report.restarted.length === 0 ? '' : `: ${report.restarted.map(({ path, restarts }) => `${path} ${restarts}`).join(', ')}`}`);
  const letters = Object.entries(report.deadLetters);
  printLine(`  dead letters: ${letters.length === 0 ? 'none' : letters.map(([reason, n]) => `${reason} ${n}`).join(', ')}`);
  if (report.gaveUp !== null) printLine(c.red(`  the root supervisor gave up: ${reasonText(report.gaveUp)}`));

  printLine(`\n${count(report.decisions)} decisions, digest ${c.bold(report.digest)}`);

  function more(total: number, shown: number, what: string): void {
    if (total > shown) printLine(c.dim(`  … and ${count(total - shown)} more ${what} (--json or --out has all)`));
  }
}

/** An exit reason with its chain of causes. */
export function reasonText(reason: NonNullable<ReplayResult['gaveUp']>): string {
  if (reason.kind !== 'error') return reason.kind;
  const chain: string[] = [];
  for (let cause: typeof reason.cause | undefined = reason.cause; cause !== undefined; cause = cause.cause) chain.push(cause.message);
  return chain.join(' ← ');
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const SYMBOLS_SHOWN = 4;
const shortList = (names: readonly string[]): string =>
  names.length <= SYMBOLS_SHOWN ? names.join(' ') : `${names.slice(0, SYMBOLS_SHOWN - 1).join(' ')} and ${names.length - SYMBOLS_SHOWN + 1} more`;

const cut = <T>(rows: readonly T[], most: number): readonly T[] => rows.slice(0, most);
const indent = (text: string): string => text.split('\n').map((line) => `  ${line}`).join('\n');
