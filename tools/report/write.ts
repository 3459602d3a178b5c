import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findRun, RunError } from '../../data/runs/index.js';
import { csvLine } from '../../data/tape/index.js';
import { CliError } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';
import { printJson, printLine, printNote } from '../cli/output.js';
import { fromSystemError } from '../cli/system-errors.js';
import { fileSink } from '../cli/text-sink.js';
import { TRADE_COLUMNS } from '../replay/output.js';
import type { RunReport } from './facts.js';
import { reportPage } from './page/page.js';
import { readRun } from './read-run.js';

export interface WriteReport {
  readonly out: string;
  readonly csv?: string;
  readonly force?: boolean;
  readonly quick?: boolean;
  readonly json?: boolean;
}

/** `faultline report`. @throws CliError `cannotWrite`, RunError. */
export async function writeReport(dir: string, { out, csv, force = false, quick = false, json = false }: WriteReport): Promise<void> {
  if (csv !== undefined && resolve(csv) === resolve(out)) throw new CliError('usage', '--csv and --out name the same file');
  // Before the work, not after it.
  for (const path of [out, ...(csv === undefined ? [] : [csv])]) checkTarget(path, force);
  const folder = findRun(dir);
  if (!existsSync(join(folder, 'run.json'))) throw new RunError('notARun', `${folder}: is no run: it has no run.json`, 'a run is a folder in var/runs, or that of a replay’s --out');
  const { report, trades } = await readRun(folder, { quick });
  const page = reportPage(report);
  writePage(out, page, force);
  if (csv !== undefined) writePage(csv, `${[TRADE_COLUMNS, ...trades.map((trade) => Object.values(trade) as (string | number)[])].map(csvLine).join('\n')}\n`, force);
  const bytes = Buffer.byteLength(page);
  if (json) {
    printJson({ out: resolve(out), bytes, csv: csv === undefined ? null : resolve(csv), report: figures(report) });
    return;
  }
  for (const note of report.notes) printNote(note);
  printLine(summary(report, out, bytes));
}

function checkTarget(path: string, force: boolean): void {
  let found;
  let folder;
  try {
    found = statSync(path, { throwIfNoEntry: false });
    folder = statSync(dirname(resolve(path)), { throwIfNoEntry: false });
  } catch (error) {
    throw fromSystemError(error, 'write', path) ?? error;
  }
  if (found?.isDirectory() === true) throw new CliError('cannotWrite', `${path}: is a folder`, 'name a file in it');
  if (found !== undefined && !force) throw new CliError('cannotWrite', `${path}: exists already`, 'choose another name, or pass --force');
  // As every command that writes a file; one that is told a folder makes it.
  if (folder === undefined) throw new CliError('cannotWrite', `${path}: its folder does not exist`, 'make the folder first');
}

/** Writes a file whole or not at all. @throws CliError `cannotWrite`. */
export function writePage(path: string, text: string, force: boolean): void {
  const sink = fileSink(path, force);
  const forget = onInterrupt(sink.discard);
  try {
    void sink.write(text);
  } catch (error) {
    sink.discard();
    throw error;
  } finally {
    forget();
  }
  sink.end();
}

/** A report without its curves: what a program wants of it. */
function figures({ assets, symbols, trades, ...rest }: RunReport): unknown {
  return {
    ...rest, assets: assets.map(({ curve: _curve, drawdowns: _drawdowns, daily: _daily, results: _results, ...asset }) => asset),
    symbols: symbols.map(({ spans: _spans, prices: _prices, ...symbol }) => symbol), trades: { count: trades.count },
  };
}

function summary({ manifest, assets, trades, episodes, episodesOmitted, refusals }: RunReport, out: string, bytes: number): string {
  const money = assets.map(({ asset, closed, deepest, end }) => `${closed?.net ?? '0'} ${asset} net of fees, equity ${end}${deepest === null ? '' : `, max drawdown ${deepest.amount}`}`).join('; ');
  return `${out}: ${Math.ceil(bytes / 1024)} KiB, run ${manifest.id}: ${trades.count} trades, ${money}; ${episodes.length + episodesOmitted} detections, ${refusals.count} refused`;
}
