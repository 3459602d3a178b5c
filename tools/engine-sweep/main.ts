import { Command, InvalidArgumentError, Option } from 'commander';
import { execute } from '../cli/execute.js';
import { endWith, printJson, printLine } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import { type Placement, PLACEMENTS, PRODUCTS, type SweptProduct } from './stage.js';
import { sweep } from './sweep.js';

interface Options {
  readonly points: number;
  readonly random: number;
  readonly seed: string;
  readonly nakedMs: number;
  readonly workers: number;
  readonly placement: Placement;
  readonly product: SweptProduct;
  readonly state?: string;
  readonly break?: 'resend';
  readonly json?: true;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError(`'${text}' is not a whole number`);
  return value;
}
function broken(text: string): 'resend' {
  if (text !== 'resend') throw new InvalidArgumentError(`'${text}' is not resend`);
  return text;
}

const build = (): Command =>
  new Command('engine-sweep')
    .description('kill an engine that trades on the exchange in a box, at the writes of its record and at random instants, and compare it with the venue\'s own books each time it is back')
    .usage('[options]   (npm run engine-sweep -- …)')
    .option('--points <n>', 'deaths at a write of the record', count, 300)
    .option('--random <n>', 'deaths at random instants', count, 500)
    .option('--seed <seed>', 'seed of the random instants', '1')
    .option('--naked-ms <ms>', 'longest that a position may be without its whole stop, on the venue\'s clock', count, 2000)
    .option('--workers <n>', 'engines at a time, each on an exchange of its own', count, 2)
    .addOption(new Option('--product <product>', 'what is traded; on spot with stops and lists by turns').choices(PRODUCTS).default('usdm'))
    .addOption(new Option('--placement <where>', 'who keeps books and indicators').choices(PLACEMENTS).default('inline'))
    .option('--state <file>', 'keep what was done here, and go on from it')
    .option('--break <how>', 'plant a fault: resend, the last opening order once more under another name', broken)
    .option('--json', 'print one JSON object: {points, random, lost, doubled, naked, mismatches, seconds, …}')
    .action(async ({ points, random, seed, nakedMs, workers, placement, product, state, break: how, json }: Options) => {
      const bar = progress('engine sweep, deaths', points + random);
      const result = await sweep({ points, random, seed, nakedMs, workers: Math.max(1, workers), placement, product, state: state ?? null, broken: how ?? null, onDeath: (done) => bar.update(done) });
      bar.done();
      const bad = result.lost + result.doubled + result.naked + result.mismatches;
      if (bad !== 0) endWith('checkFailed');
      if (json) return printJson(result);
      for (const problem of result.problems) printLine(problem);
      printLine(`${result.points} points and ${result.random} random deaths in ${result.seconds} s, ${result.orders} orders and ${result.fills} fills: ${result.lost} lost, ${result.doubled} doubled, ${result.naked} naked, ${result.mismatches} mismatches`);
    });

await execute(build, process.argv.slice(2));
