import { colours, printLine, table } from '../../cli/output.js';
import type { PnlTotal, TimelineEntry, TradeRow } from '../../replay/report.js';
import { humanSeconds, isoUs } from '../../replay/time.js';
import type { FinalBooks } from './final.js';
import type { EngineStatus, EngineWatch } from './watch.js';

/** How far a symbol fell: from its price when the crash began to the lowest that we saw after it, a look twice a second. */
export interface Fall {
  readonly symbol: string;
  readonly from: string;
  readonly low: string;
  readonly share: number;
}

/** What a demonstration has to say at its end; `--json` prints it as it is. */
export interface LiveReport {
  readonly run: string;
  readonly speed: number;
  readonly ended: 'calm' | 'asked' | 'time' | 'died';
  /** Clock of the exchange when the crash began; null: it never did. */
  readonly crashAt: string | null;
  readonly falls: readonly Fall[];
  /** Milliseconds of the exchange's clock from the beginning of the crash to the first ACTIVE; null: never. */
  readonly activeAfterMs: number | null;
  readonly timeline: readonly TimelineEntry[];
  readonly orders: number;
  readonly refused: number;
  /** Withdrawn before they had left. */
  readonly withdrawn: number;
  readonly fills: number;
  readonly trades: readonly TradeRow[];
  readonly pnl: Readonly<Record<string, PnlTotal>>;
  /** As the engine said last. */
  readonly open: NonNullable<EngineStatus['trading']>['open'];
  readonly truth: EngineStatus['truth'];
  readonly books: FinalBooks | null;
  readonly decisions: number;
}

export function buildReport(watch: EngineWatch, facts: Pick<LiveReport, 'run' | 'speed' | 'ended' | 'falls' | 'books'> & { readonly crashUs: number | null }): LiveReport {
  const { crashUs, ...rest } = facts;
  const { report, status } = watch;
  const active = crashUs === null ? undefined : report.timeline.find(({ to, atUs }) => to === 'ACTIVE' && atUs >= crashUs);
  return {
    ...rest, crashAt: crashUs === null ? null : isoUs(crashUs), activeAfterMs: active === undefined || crashUs === null ? null : (active.atUs - crashUs) / 1000,
    timeline: report.timeline, orders: watch.orders, refused: watch.refused, withdrawn: watch.withdrawn, fills: watch.fills, trades: report.trades, pnl: report.pnl(),
    open: status?.trading?.open ?? [], truth: status?.truth ?? null, decisions: watch.decisions,
  };
}

/** The report for people. */
export function printLiveReport(report: LiveReport): void {
  const c = colours();
  const heading = (text: string): void => printLine(`\n${c.bold(text)}`);
  const indent = (text: string): string => text.split('\n').map((line) => `  ${line}`).join('\n');
  heading('Market');
  if (report.crashAt === null) printLine('  it did not crash: that was to begin once the engine was warm');
  else {
    const falls = report.falls.map(({ symbol, from, low, share }) => `${symbol} ${low} (${(share * 100).toFixed(1)} % below ${from})`).join(', ');
    printLine(`  told to crash at ${report.crashAt.slice(11, 23)} of the exchange's clock, ${report.speed} times real time${falls === '' ? '' : `; lowest prices seen: ${falls}`}`);
  }

  heading('Detector');
  if (report.timeline.length === 0) printLine(report.crashAt === null ? '  nothing but calm' : c.red('  slept through it: no symbol left SLEEP'));
  else printLine(indent(table(['time (exchange)', 'symbol', 'from', 'to', 'reason'], report.timeline.map(({ at, symbol, from, to, reason }) => [at.slice(11, 23), symbol, from, to, reason]))));
  if (report.crashAt !== null && report.timeline.length > 0) {
    printLine(report.activeAfterMs === null ? c.red('  and never became ACTIVE') : `  ACTIVE ${humanSeconds(report.activeAfterMs / 1000)} after the crash began`);
  }

  heading('Trading');
  if (report.orders === 0) printLine(report.crashAt === null ? '  nothing to trade' : '  no order and no trade: the strategy found nothing to take');
  else printLine(`  ${report.orders} orders, ${report.refused} refused, ${report.withdrawn} withdrawn before they were sent; ${report.fills} fills${report.trades.length === 0 ? ', and no trade came of them' : ''}`);
  if (report.trades.length > 0) {
    const rows = report.trades.map((trade) => [trade.entryAt.slice(11, 23), trade.symbol, trade.side, trade.entryPrice, trade.exitPrice, humanSeconds(trade.holdMs / 1000), trade.exitReason, trade.netPnl, trade.settle]);
    printLine(indent(table(['entry', 'symbol', 'side', 'price', 'exit', 'held', 'reason', 'net P&L', ''], rows, { align: 'lllrrrlrl' })));
  }
  for (const [settle, { net, fees, trades, winners }] of Object.entries(report.pnl)) printLine(`  P&L net of fees: ${net} ${settle} (fees ${fees}), ${winners} of ${trades} trades won`);
  for (const { symbol, side, openLots, entryPrice } of report.open) printLine(`  still open at the end: ${symbol} ${side} ${openLots} lots at ${entryPrice}, behind its stop; it is gone with the exchange`);
  if (report.trades.length > 0) printLine(c.dim('  a generated market, and entries taken more eagerly than by default: it shows that the machinery works, not that it earns'));

  heading('Reconciliation');
  for (const { product, freshness, differencesSeen, unjudged } of report.truth ?? []) printLine(`  ${product}: ${freshness}, ${differencesSeen} differences seen, ${unjudged} open`);
  const { books } = report;
  if (books === null) printLine("  the exchange's books and our ledger could not be compared: one of the two did not answer");
  else {
    const both = `${books.exchange.fills} fills and ${books.exchange.wallet} USDT in the exchange's books, ${books.ledger.fills} and ${books.ledger.wallet} in our ledger`;
    printLine(`  ${both}: ${books.equal ? c.green('equal') : c.red('not equal')}`);
  }
}

/** The last lines: where the run lies, its report if there is one, and what can be done with it. */
export function printRun(folder: string, decisions: number, page: string | null): void {
  printLine(`\n${decisions} decisions, with everything that led to them, in\n  run ${folder}\n${page === null ? '' : `as a page to read; with restarts, differences and funding too by npx faultline report ${folder} --out FILE.html\n  ${page}\n`}look at it in a browser, at any of its moments:\n  npx faultline ui --run ${folder}\ndecide them again without an exchange, and compare:\n  npx faultline live-vs-replay ${folder}`);
}
