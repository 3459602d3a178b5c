import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FORMATS, ImportError, importTape, type ImportReport } from '../../data/import/index.js';
import { TapeWriter, type TapeSummary } from '../../data/tape/index.js';
import { CliError } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';
import { printJson, printLine, printNote, table } from '../cli/output.js';
import { progress, type Progress } from '../cli/progress.js';
import { fromTapeError } from './errors.js';

export interface ImportCommandOptions {
  readonly format: string;
  readonly symbol?: string;
  readonly venue?: string;
  readonly tickSize?: string;
  readonly lotSize?: string;
  readonly multiplier?: string;
  readonly settle?: string;
  readonly skipBadRows?: boolean;
  readonly overwrite?: boolean;
  readonly compress: boolean;
  readonly json?: boolean;
  readonly out: string;
}

/** Carries out `tape formats`. */
export function listFormats(options: { readonly json?: boolean }): void {
  const rows = FORMATS.map(({ id, title, kinds }) => ({ id, title, kinds }));
  if (options.json === true) printJson(rows);
  else printLine(table(['format', 'reads'], [['auto', 'any of the following, told by how the file begins'], ...rows.map(({ id, title }) => [id, title])]));
}

/** Carries out `tape import`. */
export async function runImport(inputs: readonly string[], options: ImportCommandOptions): Promise<void> {
  const symbols = options.symbol?.split(',').map((symbol) => symbol.trim()).filter((symbol) => symbol !== '');
  if (symbols !== undefined && symbols.length === 0) throw new CliError('usage', '--symbol names no symbol', 'for example --symbol BTCUSDT,ETHUSDT');
  refuseBadOutput(options.out, options.overwrite === true, inputs);
  const opened: { writer?: TapeWriter } = {};
  const settled = onInterrupt(() => opened.writer?.abort());
  let bar: Progress | undefined;
  let drawn = '';
  try {
    const report = await importTape(
      {
        inputs,
        format: options.format,
        venue: options.venue,
        symbols,
        sizes: { tickSize: options.tickSize, lotSize: options.lotSize, multiplier: options.multiplier, settle: options.settle },
        skipBadRows: options.skipBadRows === true,
        onProgress: (pass, done, total) => {
          if (pass !== drawn) {
            bar?.done();
            bar = progress(pass === 'checking' ? `checking ${basename(inputs[0]!)}` : `writing ${basename(options.out)}`, total, { format: megabytes });
            drawn = pass;
          }
          bar?.update(done);
        },
      },
      (header) => (opened.writer = TapeWriter.create(options.out, header, { compress: options.compress, overwrite: options.overwrite === true })),
    );
    const summary = opened.writer!.close();
    bar?.done();
    if (options.json === true) printJson({ ...report, ...summary });
    else printReport(report, summary);
  } catch (error) {
    bar?.done();
    opened.writer?.abort();
    throw asCliError(error);
  } finally {
    settled();
  }
}

function refuseBadOutput(out: string, overwrite: boolean, inputs: readonly string[]): void {
  // The tape's writer says the same, but only after the inputs have been read.
  if (existsSync(out)) {
    if (!overwrite) throw new CliError('cannotWrite', `${out}: exists already`, 'choose another name, or pass --overwrite');
    const there = statSync(out);
    if (there.isDirectory()) throw new CliError('cannotWrite', `${out}: is a folder`, 'name a file');
    for (const input of inputs) {
      const read = statSync(input, { throwIfNoEntry: false });
      if (read !== undefined && read.ino === there.ino && read.dev === there.dev) throw new CliError('usage', `${out} is also an input`, 'write to another file');
    }
  }
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CliError('cannotWrite', `${out}: ${missing ? 'its folder does not exist' : 'its folder cannot be written'}`, missing ? 'make the folder first' : 'choose a folder that can be written');
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function asCliError(error: unknown): unknown {
  if (error instanceof ImportError) return new CliError(error.problem, error.message, error.fix);
  return fromTapeError(error) ?? error;
}

function printReport(report: ImportReport, summary: TapeSummary): void {
  const number = (value: number): string => value.toLocaleString('en-US');
  printLine(`${summary.path}: ${number(report.records)} records in ${number(summary.bytes)} bytes, ${iso(summary.firstUs)} to ${iso(summary.lastUs)}`);
  printLine(`  ${Object.entries(report.kinds).map(([kind, count]) => `${kind} ${number(count)}`).join(', ')}`);
  for (const instrument of report.instruments.slice(0, 20)) {
    const { symbol, venue, product, tickSize, lotSize, multiplier, settle, inferred } = instrument;
    printLine(`  ${symbol} on ${venue}: ${product}, tick ${tickSize}, lot ${lotSize}, multiplier ${multiplier}, settles in ${settle === '' ? '?' : settle}${inferred.length > 0 ? `; worked out from the data: ${inferred.join(', ')}` : ''}`);
  }
  if (report.instruments.length > 20) printLine(`  … and ${report.instruments.length - 20} more instruments`);
  const { gaps, missing, repeatedIds, overlaps, unplacedSnapshots } = report.sequence;
  if (gaps > 0) printLine(`  ${number(gaps)} gaps in the sequences, ${number(missing)} ids missing, recorded on the tape`);
  if (repeatedIds > 0) printLine(`  ${number(repeatedIds)} ids came again or went back`);
  if (overlaps > 0) printLine(`  ${number(overlaps)} depth diffs overlap the one before`);
  if (unplacedSnapshots > 0) printLine(`  ${number(unplacedSnapshots)} snapshots left out: they bear no time and no diff goes beyond them`);
  if (summary.backwardStamps > 0) printLine(`  ${number(summary.backwardStamps)} stamps lie before the one before them`);
  if (report.rounded.roundedPrices > 0) printLine(`  ${number(report.rounded.roundedPrices)} prices of bars or averages were rounded to the tick`);
  if (report.rounded.roundedQuantities > 0) printLine(`  ${number(report.rounded.roundedQuantities)} volumes were rounded to the lot`);
  const ignored = Object.entries(report.ignored);
  if (ignored.length > 0) printLine(`  passed over: ${ignored.map(([what, count]) => `${what} ${number(count)}`).join(', ')}`);
  if (report.badRows > 0) {
    printNote(`  ${number(report.badRows)} bad rows were left out:`);
    for (const { file, line, reason } of report.firstBadRows) printNote(`    ${file}${line > 0 ? `:${line}` : ''}: ${reason}`);
    if (report.badRows > report.firstBadRows.length) printNote(`    … and ${number(report.badRows - report.firstBadRows.length)} more`);
  }
}

function iso(us: number): string {
  return us > 0 ? new Date(us / 1000).toISOString() : '?';
}
