import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { onInterrupt } from '../cli/interrupt.js';
import { endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import type { Measured } from './measure.js';
import { COLUMNS, describeMachine, tableRows, verdictLines, verdictOf } from './verdict.js';

const DEFAULT_SECONDS = 4;

interface Options {
  readonly seconds: number;
  readonly json?: true;
}

/** Adds `faultline bench …` to the program. */
export function register(program: Command): void {
  const bench = program.command('bench').description('measure on this machine what is best for this machine');
  addPlacement(bench.command('placement')).action(async (options: Options) => await placement(options));
}

/** Description and options of the command. */
export function addPlacement(command: Command): Command {
  return command
    .description('measure what the placements inline, ring and socket cost in latency and in the main loop, and say which to use for which load, and why')
    .option('--seconds <n>', 'seconds a cell, 0.2 to 60; twelve cells', secondsOf, DEFAULT_SECONDS)
    .option('--json', 'print one JSON object: {machine, seconds, idleLoopDelayP99Ms, rows}, with a verdict in every row');
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.2 && seconds <= 60)) throw new InvalidArgumentError(`'${text}' is not a number of seconds from 0.2 to 60`);
  return seconds;
}

/** Measures and prints. `onMeasured` gets the figures first. */
export async function placement({ seconds, json }: Options, onMeasured: (measured: Measured) => void = () => undefined): Promise<void> {
  // The whole tree and a feeder are loaded by who measures.
  const { measurePlacements } = await import('./measure.js');
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
  onMeasured(measured);
  if (json === true) printJson({ ...measured, rows: measured.rows.map((row) => ({ ...row, verdict: verdictOf(row, measured.idleLoopDelayP99Ms) })) });
  else print(measured);
  const failed = measured.rows.some(({ inline, ring, socket }) => [inline, ring, socket].some((outcome) => 'failed' in outcome));
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
