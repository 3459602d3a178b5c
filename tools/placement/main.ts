// `npm run placement -- [--json] [--seconds N] [--write-docs]`
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { execute } from '../cli/execute.js';
import { onInterrupt } from '../cli/interrupt.js';
import { endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import { measurePlacements, type Measured } from './measure.js';
import { measuredBlock, withBlock } from './page.js';
import { COLUMNS, describeMachine, tableRows, verdictLines, verdictOf } from './verdict.js';

const PAGE = fileURLToPath(new URL('../../../docs/placement.md', import.meta.url));
const DEFAULT_SECONDS = 4;

interface Options {
  readonly seconds: number;
  readonly json?: true;
  readonly writeDocs?: true;
}

export function buildPlacement(): Command {
  return new Command('placement')
    .description('measure on this machine what the placements inline and ring cost in latency and in the main loop, and say which it would pick')
    .usage('[options]   (npm run placement -- …)')
    .option('--seconds <n>', 'seconds a cell, 0.2 to 60; eight cells', secondsOf, DEFAULT_SECONDS)
    .option('--json', 'print one JSON object: {machine, seconds, idleLoopDelayP99Ms, rows}, with a verdict in every row')
    .option('--write-docs', 'write the result into docs/placement.md')
    .action(placement);
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.2 && seconds <= 60)) throw new InvalidArgumentError(`'${text}' is not a number of seconds from 0.2 to 60`);
  return seconds;
}

async function placement({ seconds, json, writeDocs }: Options): Promise<void> {
  const page = writeDocs === true ? readFileSync(PAGE, 'utf8') : undefined;
  // A page without markers is refused before a minute is spent.
  if (page !== undefined) withBlock(page, '');
  let bar = progress('starting', 1);
  const measured = await measurePlacements({
    seconds,
    onStep: (step, of, what) => {
      bar.done();
      bar = progress(what, of, { format: (amount) => String(Math.floor(amount)) });
      bar.update(step);
    },
    guard: onInterrupt,
  }).finally(() => bar.done());
  if (page !== undefined) writeFileSync(PAGE, withBlock(page, measuredBlock(measured)));
  if (json === true) printJson({ ...measured, rows: measured.rows.map((row) => ({ ...row, verdict: verdictOf(row, measured.idleLoopDelayP99Ms) })) });
  else print(measured);
  const failed = measured.rows.some(({ inline, ring }) => 'failed' in inline || 'failed' in ring);
  if (!failed) return;
  printNote('a load could not be measured; is something else running on this machine?');
  endWith('checkFailed');
}

function print(measured: Measured): void {
  printLine(describeMachine(measured));
  printLine();
  printLine(table(COLUMNS, tableRows(measured), { align: 'llrrrrr' }));
  printLine();
  for (const line of verdictLines(measured)) printLine(line);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await execute(buildPlacement, process.argv.slice(2));
