// `npm run properties -- [--runs N] [--seed N] [--first N] [--json]`
import { Command } from 'commander';
import { CliError } from '../../tools/cli/errors.js';
import { execute } from '../../tools/cli/execute.js';
import { endWith, printJson, printLine } from '../../tools/cli/output.js';
import { progress } from '../../tools/cli/progress.js';
import { runProperties } from './run.js';

const MAX_RUNS = 1e9;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly first: number;
  readonly json?: true;
}

function whole(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,13}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new CliError('usage', `${name} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`, `for example ${name} ${Math.max(least, 1000)}`);
    return value;
  };
}

function build(): Command {
  return new Command('properties')
    .description('Play random fault scripts on random trees on the virtual clock, each twice; every invariant is checked after every turn. Ends with 1 when one does not hold, and prints the shortest script as a test.')
    .option('--runs <n>', 'scripts', whole('--runs', 1, MAX_RUNS), 10_000)
    .option('--seed <n>', 'the same seed makes the same scripts', whole('--seed', 0, 4_294_967_295), 1)
    .option('--first <n>', 'begin with this script, to repeat one that failed', whole('--first', 0, MAX_RUNS), 0)
    .option('--json', 'print {runs, seed, failures, seconds, found}')
    .action(properties);
}

function properties({ runs, seed, first, json }: Options): void {
  // Scripts throw on purpose, and often; nobody reads those stacks.
  Error.stackTraceLimit = json === true || runs > 1 ? 4 : 10;
  const began = performance.now();
  const bar = progress('scripts', runs);
  const report = runProperties({ runs, seed, first, onProgress: (done) => bar.update(done) });
  bar.done();
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  for (const { test } of report.found) process.stderr.write(`${test}\n`);
  if (json === true) printJson({ runs: report.runs, seed, failures: report.failures, seconds, found: report.found });
  else printLine(`${report.runs.toLocaleString('en-US')} scripts of seed ${seed} in ${seconds} s: ${report.failures} failures`);
  if (report.failures > 0) endWith('bug');
}

await execute(build, process.argv.slice(2));
