import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { execute } from '../cli/execute.js';
import { colours, endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { duration, progress } from '../cli/progress.js';
import { BROKEN, STAGE_TEXT, STAGES, type Broken } from './stages.js';
import { sweep, type SweepResult } from './sweep.js';

interface Options {
  readonly points?: number;
  readonly seed: string;
  readonly parallel: number;
  readonly break?: Broken;
  readonly json?: true;
}

const MOST_PROBLEMS = 50;

function build(): Command {
  return new Command('crash-sweep')
    .description('kill a desk of durable actors with SIGKILL at every write of its journal, recover, and look for anything lost or doubled')
    .usage('[options]   (npm run crash-sweep -- …)')
    .option('--points <n>', 'only so many points, spread over the run; default: all', positive)
    .option('--seed <seed>', 'seed of the script and of the random instants', '1')
    .option('--parallel <n>', 'runs at a time', positive, availableParallelism() + 1)
    .option('--break <how>', `recover wrongly on purpose: ${BROKEN.join(' or ')}`, broken)
    .option('--json', 'print one JSON object: {points, lost, doubled, seconds, …}')
    .action(run);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`'${text}' is not a whole number, 1 or more`);
  return value;
}

function broken(text: string): Broken {
  const found = BROKEN.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`'${text}' is not one of: ${BROKEN.join(', ')}`);
  return found;
}

async function run({ points, seed, parallel, break: how, json }: Options): Promise<void> {
  const bar = progress('crash sweep, kills', points);
  const result = await sweep({ seed, parallel, broken: how ?? null, note: printNote, onKill: (kills) => bar.update(kills), ...(points === undefined ? {} : { points }) });
  bar.done();
  if (result.lost !== 0 || result.doubled !== 0) endWith('checkFailed');
  if (json) printJson(result);
  else print(result);
}

function print(result: SweepResult): void {
  const { green, red } = colours();
  const number = (amount: number): string => amount.toLocaleString('en-US');
  printLine(table(
    ['killed', 'points in the run', 'died at'],
    STAGES.map((stage) => [STAGE_TEXT[stage], number(result.stages[stage].inRun), number(result.stages[stage].died)]),
    { align: 'lrr' },
  ));
  printLine();
  printLine(`${number(result.writes)} batches in the uninterrupted run; ${number(result.points)} points, ${number(result.randomKills)} kills at random instants${result.diskFull === null ? '' : `, disk full: ${result.diskFull.how}`}; ${duration(result.seconds)}`);
  for (const problem of result.problems.slice(0, MOST_PROBLEMS)) printLine(red(problem));
  if (result.problems.length > MOST_PROBLEMS) printLine(`and ${result.problems.length - MOST_PROBLEMS} more`);
  printLine(`${result.lost === 0 && result.doubled === 0 ? green('good') : red('not good')}: ${number(result.lost)} lost, ${number(result.doubled)} doubled`);
}

await execute(build, process.argv.slice(2));
