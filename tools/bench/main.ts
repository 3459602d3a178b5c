// `npm run bench -- [--json] [--only ID] [--gate] [--list]`
import { Command } from 'commander';
import { pathToFileURL } from 'node:url';
import { execute } from '../cli/execute.js';
import { onInterrupt } from '../cli/interrupt.js';
import { colours, endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { keepsFloor } from './measure.js';
import type { BenchResult } from './row.js';
import { loadRow, rowIds } from './rows/index.js';
import { runRow } from './run.js';

interface BenchOptions {
  readonly json?: boolean;
  readonly only?: readonly string[];
  readonly gate?: boolean;
  readonly list?: boolean;
}

/** The command of `npm run bench`. */
export function buildBench(): Command {
  return new Command('bench')
    .description('Measure Faultline against its peers: interleaved rounds, each row in a process of its own.')
    .option('--json', 'print one JSON array of rows')
    .option('--only <id>', 'measure only this row; repeatable', (id: string, chosen: readonly string[] | undefined) => [...(chosen ?? []), ...id.split(',')])
    .option('--gate', 'end with code 6 when a row is below its floor')
    .option('--list', 'print the ids and stop')
    .action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  const ids = options.only ?? rowIds;
  const rows = await Promise.all(ids.map(loadRow));
  if (options.list === true) {
    if (options.json === true) printJson(ids);
    else for (const id of ids) printLine(id);
    return;
  }
  const results: BenchResult[] = [];
  for (const [k, row] of rows.entries()) {
    const begunMs = performance.now();
    printNote(`${k + 1} of ${rows.length}  ${row.id} …`);
    let release = (): void => {};
    const result = await runRow(row, { onChild: (child) => (release = onInterrupt(() => void child.kill('SIGKILL'))) });
    release();
    printNote(`${k + 1} of ${rows.length}  ${row.id}  ${summary(result)}  (${((performance.now() - begunMs) / 1000).toFixed(0)} s)`);
    results.push(result);
  }
  if (options.json === true) printJson(results);
  else printTable(results);
  const complaint = complaintAbout(results, options.gate ?? false);
  if (complaint === undefined) return;
  printNote(complaint);
  endWith('checkFailed');
}

/** Why the command must not end with 0: a row that could not be measured or, with `gate`, one below its floor. */
export function complaintAbout(results: readonly BenchResult[], gate: boolean): string | undefined {
  const idsOf = (bad: readonly BenchResult[]): string => bad.map(({ id }) => id).join(', ');
  const failed = results.filter((result) => result.failed !== undefined);
  if (failed.length > 0) return `could not be measured: ${idsOf(failed)}; run one alone with --only ID and read its error`;
  const below = gate ? results.filter((result) => keepsFloor(result) === false) : [];
  return below.length > 0 ? `below their floor: ${idsOf(below)}` : undefined;
}

/** 12,345,678 or 0.00123: four significant digits below 1,000, whole numbers above. */
function readable(value: number | null): string {
  if (value === null) return '-';
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)));
}

function summary(result: BenchResult): string {
  if (result.failed !== undefined) return `failed: ${result.failed}`;
  if (result.value === null) return `skipped: ${result.skipped ?? ''}`;
  const ratio = result.ratio === null ? '' : `, ${readable(result.ratio)} of ${result.peer}`;
  const also = Object.entries(result.also ?? {}).map(([name, value]) => `; ${name}: ${readable(value)}`).join('');
  return `${readable(result.value)} ${result.unit}${ratio}${also}${result.skipped === undefined ? '' : `, peer skipped: ${result.skipped}`}`;
}

function printTable(results: readonly BenchResult[]): void {
  const { green, red, dim } = colours();
  const verdict = (result: BenchResult): string => {
    if (result.failed !== undefined) return red(`failed: ${result.failed}`);
    const kept = keepsFloor(result);
    if (result.skipped !== undefined) return dim(`skipped: ${result.skipped}`);
    return kept === undefined ? '' : kept ? green('ok') : red('below its floor');
  };
  printLine(table(
    ['row', 'value', 'unit', 'peer', 'its value', 'ratio', 'floor', 'aim', ''],
    results.map((result) => [
      result.id, readable(result.value), result.unit, result.peer ?? '-', readable(result.peerValue), readable(result.ratio), readable(result.floor), readable(result.aim), verdict(result),
    ]),
    { align: 'lrllrrrrl' },
  ));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await execute(buildBench, process.argv.slice(2));
