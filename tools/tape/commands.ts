import type { Command } from 'commander';
import type { TapeSummary } from '../../data/tape/index.js';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { CliError } from '../cli/errors.js';
import { colours, endWith, printJson, printLine } from '../cli/output.js';
import type { ExportOptions } from './export.js';
import { registerImport } from './import-command.js';
import type { InfoOptions } from './info.js';
import { runSteps } from './steps.js';

interface OutputOptions {
  readonly out: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Adds `faultline tape …` to the program. */
export function register(program: Command): void {
  const tape = program.command('tape').description('record, look at, check and convert tapes of market data');

  registerImport(tape);

  tape.command('info')
    .description('say what a tape holds: instruments, spans, counts, digest of its contents')
    .argument('<file>', 'the tape')
    .option('--json', 'print one JSON object')
    .option('--partial', 'read a tape without an end mark too, as far as it is complete')
    .action(async (file: string, options: InfoOptions) => (await import('./info.js')).printInfo(file, options));

  tape.command('verify')
    .description('read a whole tape and say exactly what of it is good; ends with code 6 when not all is')
    .argument('<file>', 'the tape')
    .option('--json', 'print one JSON object: ok, goodRecords, goodBytes, problem')
    .action(verify);

  tape.command('repair')
    .description('save the good beginning of a damaged or unfinished tape as a whole tape')
    .argument('<file>', 'the damaged tape; it is only read')
    .requiredOption('--out <file>', 'the tape to write')
    .option('--overwrite', 'replace an existing file')
    .option('--json', 'print one JSON object')
    .action(repair);

  tape.command('export')
    .description('print the records of a tape, prices and quantities as exact decimals')
    .argument('<file>', 'the tape')
    .requiredOption('--format <format>', 'csv or jsonl')
    .option('--from <time>', 'begin there: ISO 8601, an epoch stamp, or +10m after the start')
    .option('--to <time>', 'end before that time')
    .option('--kinds <kinds>', 'only these kinds of records, separated by commas: trade,bookTicker,…')
    .option('--symbol <symbols>', 'only these symbols, separated by commas')
    .option('--out <file>', 'write to a file instead of standard output')
    .option('--overwrite', 'replace an existing file')
    .option('--partial', 'read a tape without an end mark too, as far as it is complete')
    .action(async (file: string, options: ExportOptions) => (await import('./export.js')).exportTape(file, options));

  tape.command('merge')
    .description('make one tape of several: by time, records of the same time in the order of the arguments')
    .argument('<files...>', 'two or more tapes, of any venues')
    .requiredOption('--out <file>', 'the tape to write')
    .option('--overwrite', 'replace an existing file')
    .option('--no-compress', 'store the records as they are: larger, and faster to read')
    .option('--json', 'print one JSON object')
    .action(merge);
}

async function verify(path: string, options: { readonly json?: boolean }): Promise<void> {
  const total = statSync(path, { throwIfNoEntry: false })?.size;
  const { verifySteps } = await import('../../data/tape/index.js');
  const verdict = await runSteps(`verifying ${basename(path)}`, total, verifySteps(path));
  if (!verdict.ok) endWith('checkFailed');
  if (options.json === true) {
    printJson(verdict);
    return;
  }
  const { green, red } = colours();
  const good = `${verdict.goodRecords.toLocaleString('en-US')} records in ${verdict.goodBytes.toLocaleString('en-US')} bytes are good`;
  if (verdict.ok) {
    printLine(`${green('ok')}  ${path}: ${good}`);
    return;
  }
  printLine(`${red('not ok')}  ${path}: ${verdict.problem ?? 'damaged'}`);
  printLine(`        ${good}`);
  if (verdict.goodBytes > 0) printLine(`        save them with: faultline tape repair ${path} --out FILE`);
}

async function repair(path: string, options: OutputOptions): Promise<void> {
  const { repairTape } = await import('../../data/tape/index.js');
  const { verdict, summary } = repairTape(path, options.out, { overwrite: options.overwrite ?? false });
  if (options.json === true) {
    printJson({ verdict, ...summary });
    return;
  }
  printLine(verdict.ok ? `${path}: nothing was wrong` : `${path}: ${verdict.problem ?? 'damaged'}`);
  printWritten(summary);
}

async function merge(paths: readonly string[], options: OutputOptions & { readonly compress: boolean }): Promise<void> {
  if (paths.length < 2) throw new CliError('usage', 'tape merge needs at least two tapes', 'see: faultline tape merge --help');
  const { mergeTapes, TapeReader } = await import('../../data/tape/index.js');
  let total = 0;
  for (const path of paths) {
    const reader = TapeReader.open(path);
    total += reader.records;
    reader.close();
  }
  const summary = await runSteps('merging', total, mergeTapes(paths, options.out, { compress: options.compress, overwrite: options.overwrite ?? false }));
  if (options.json === true) printJson(summary);
  else printWritten(summary);
}

function printWritten(summary: TapeSummary): void {
  printLine(`${summary.path}: ${summary.records.toLocaleString('en-US')} records in ${summary.bytes.toLocaleString('en-US')} bytes`);
}
