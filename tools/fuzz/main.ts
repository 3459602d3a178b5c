// `npm run fuzz -- --target decoders [--runs N] [--seed N] [--json]`
import { Command, Option } from 'commander';
import { CliError } from '../cli/errors.js';
import { execute } from '../cli/execute.js';
import { onInterrupt } from '../cli/interrupt.js';
import { endWith, printJson, printLine } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import { realDataFolder } from '../detection/real-tapes.js';
import { fuzzDecoders } from './fuzz.js';
import type { Finding } from './worker.js';

interface FuzzCliOptions {
  readonly target: 'decoders';
  readonly runs: number;
  readonly seed: number;
  readonly first: number;
  readonly json?: boolean;
  readonly decoder?: string;
}

const MAX_RUNS = 1e12;
/** Findings that are printed; the report counts them all. */
const PRINTED = 10;

function whole(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,13}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new CliError('usage', `${name} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`, `for example ${name} ${Math.max(least, 1000)}`);
    return value;
  };
}

function build(): Command {
  return new Command('fuzz')
    .description('Mutate frames and hold the decoders to JSON.parse and the schema: the same records, nothing else accepted, no crash, no hang.')
    .addOption(new Option('--target <name>', 'what to fuzz').choices(['decoders']).makeOptionMandatory())
    .option('--runs <n>', 'mutated frames', whole('--runs', 1, MAX_RUNS), 100_000)
    .option('--seed <n>', 'the same seed makes the same frames', whole('--seed', 0, 4_294_967_295), 1)
    .option('--first <n>', 'begin with this run, to repeat one that failed', whole('--first', 0, MAX_RUNS), 0)
    .option('--decoder <url>', 'test the decoder of another module, which exports FrameDecoder')
    .option('--json', 'print {runs, crashes, hangs, disagreements, seconds}')
    .action(fuzz);
}

async function fuzz(options: FuzzCliOptions): Promise<void> {
  const bar = progress('fuzzing', options.runs);
  let printed = 0;
  const report = await fuzzDecoders({
    runs: options.runs,
    seed: options.seed,
    first: options.first,
    dataFolder: realDataFolder(),
    ...(options.decoder === undefined ? {} : { module: options.decoder }),
    onProgress: (done) => bar.update(done),
    onFinding: (finding) => {
      printed += 1;
      if (printed <= PRINTED) process.stderr.write(`${describe(finding, options.seed)}\n`);
    },
    onWorker: (worker) => void onInterrupt(() => void worker.terminate()),
  });
  bar.done();
  const found = report.crashes + report.hangs + report.disagreements;
  if (options.json === true) printJson(report);
  else printLine(`${report.runs.toLocaleString('en-US')} frames in ${report.seconds} s: ${report.crashes} crashes, ${report.hangs} hangs, ${report.disagreements} disagreements`);
  if (found > 0) endWith('checkFailed');
}

function describe({ run, what, message, frame }: Finding, seed: number): string {
  return `${what} in run ${run} (--seed ${seed} --first ${run} --runs 1): ${message}${frame === '' ? '' : `\n  ${JSON.stringify(frame.slice(0, 600))}`}`;
}

await execute(build, process.argv.slice(2));
