import { Command, InvalidArgumentError, Option } from 'commander';
import { execute } from '../cli/execute.js';
import { endWith, printJson, printLine } from '../cli/output.js';
import { PLACEMENTS } from '../engine-sweep/stage.js';
import { EXCHANGE_SCENARIOS } from '../exchange/startables.js';
import type { Plan } from './plan.js';
import { soak } from './soak.js';

interface Options extends Omit<Plan, 'postgres' | 'crashes'> {
  readonly crashes?: true;
  readonly postgres?: string;
  readonly keep?: string;
  readonly json?: true;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`'${text}' is not a number above 0`);
  return value;
}
function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError(`'${text}' is not a whole number above 0`);
  return value;
}

const build = (): Command =>
  new Command('engine-soak')
    .description('let an engine trade on the exchange in a box for hours of its market, with random troubles, deaths and commands, and compare both sides again and again')
    .usage('[options]   (npm run engine-soak -- …)')
    .option('--minutes <n>', 'length, of the venue\'s clock', positive, 120)
    .option('--seed <n>', 'seed of market, troubles, deaths and commands', whole, 1)
    .option('--speed <x>', 'seconds of the venue\'s clock in a second', positive, 10)
    .addOption(new Option('--product <name>', 'what is traded').choices(['usdm', 'spot']).default('usdm'))
    .option('--symbols <n>', 'symbols that are traded', whole, 8)
    .addOption(new Option('--strategy <name>', 'who trades').choices(['eager', 'percentile']).default('eager'))
    .addOption(new Option('--scenario <name>', 'what the market does').choices(EXCHANGE_SCENARIOS).default('calm'))
    .addOption(new Option('--placement <where>', 'who keeps books and indicators').choices(PLACEMENTS).default('inline'))
    .option('--crashes', 'let the market crash now and then: at many symbols and a high speed this takes a machine of its own')
    .option('--postgres <url>', 'mirror the record there, and compare the two at the end')
    .option('--keep <dir>', 'leave runs, record and logs here')
    .option('--json', 'print one JSON object')
    .action(async ({ postgres, keep, crashes, json, ...plan }: Options) => {
      const result = await soak({ ...plan, crashes: crashes === true, postgres: postgres ?? null, keep: keep ?? null, onProgress: (line) => process.stderr.write(`${line}\n`) });
      if (!result.ok) endWith('checkFailed');
      if (json) return printJson(result);
      for (const problem of result.problems) printLine(problem);
      const { marketMinutes, seconds, orders, fills, troubles, kills, comparisons, differences, unexplained, replays } = result;
      printLine(`${marketMinutes} minutes of the market in ${seconds} s: ${orders} orders, ${fills} fills, ${troubles.spells} troubles of ${troubles.kinds} kinds, ${kills} deaths; equal ${comparisons} times; ${Object.values(differences).reduce((sum, count) => sum + count, 0)} differences, ${unexplained} unexplained; ${replays.equal} of ${replays.runs} runs decide the same again; ${result.problems.length} problems`);
    });

await execute(build, process.argv.slice(2));
