import type { Command } from 'commander';
import { SCENARIO_NAMES, scenarioNamed } from '../../actors/generator/scenario.js';
import { printJson, printLine, table } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import type { GenerateOptions, GenerateResult } from './generate.js';
import type { StatsOptions } from './stats.js';

/** Adds `faultline market …` to the program. */
export function register(program: Command): void {
  const market = program.command('market').description('generate market data of our own, and measure any tape’s statistics');

  market.command('generate')
    .description('simulate a market and write its tape, with the ground truth beside it as .truth.json')
    .requiredOption('--scenario <name>', SCENARIO_NAMES.join(', '))
    .requiredOption('--out <file>', 'the tape to write')
    .option('--seed <n>', 'whole number; the same arguments give the same bytes', '1')
    .option('--minutes <n>', 'length of the tape', '20')
    .option('--symbols <n>', 'BTCUSDT, ETHUSDT, SOLUSDT, … (default: 1, quiet-to-crash 3)')
    .option('--rate <x>', 'scale of all order flow', '1')
    .option('--compress', 'store blocks deflated: about an eighth of the size')
    .option('--overwrite', 'replace existing files')
    .option('--json', 'print one JSON object')
    .action(generate);

  market.command('scenarios')
    .description('list what the generator can play')
    .option('--json', 'print one JSON array')
    .action(scenarios);

  market.command('stats')
    .description('measure a tape: spread, depth, trade sizes, arrivals, signs, returns, volatility clustering')
    .argument('<file>', 'the tape, generated or recorded')
    .option('--from <time>', 'begin there: ISO 8601, an epoch stamp, or +10m after the start')
    .option('--to <time>', 'end before that time')
    .option('--json', 'print one JSON array, a symbol each')
    .action(async (file: string, options: StatsOptions) => (await import('./stats.js')).printStatistics(file, options));
}

async function generate(options: GenerateOptions & { readonly json?: boolean }): Promise<void> {
  const { checkGenerateOptions, generateTape } = await import('./generate.js');
  const result = await generateTape(checkGenerateOptions(options));
  if (options.json === true) printJson(result);
  else printResult(result);
}

function printResult(result: GenerateResult): void {
  const count = (value: number): string => value.toLocaleString('en-US');
  printLine(`${result.out}: ${count(result.records)} records in ${count(result.bytes)} bytes, ${(result.wallMs / 1000).toFixed(1)} s`);
  for (const { symbol, crash, trades } of result.truth.symbols) {
    const story = crash === null
      ? 'no crash'
      : `falls ${(crash.fall * 100).toFixed(1)} % from ${isoUs(crash.startUs)} to ${isoUs(crash.bottomUs)}, a third won back ${
        crash.recoveryUs === null ? 'never' : isoUs(crash.recoveryUs)}, calm ${crash.calmUs === null ? 'never' : isoUs(crash.calmUs)}`;
    printLine(`  ${symbol}: ${count(trades)} trades, ${story}`);
  }
  for (const trouble of result.truth.troubles) {
    printLine(`  trouble at ${isoUs(trouble.fromUs)}: ${trouble.kind}, ${count(trouble.messages)} messages, ${count(trouble.idsLost)} ids lost`);
  }
  printLine(`  truth: ${result.truthFile}`);
}

function scenarios(options: { readonly json?: boolean }): void {
  const all = SCENARIO_NAMES.map(scenarioNamed);
  if (options.json === true) printJson(all);
  else printLine(table(['scenario', 'minutes', 'symbols', 'what happens'], all.map((it) => [it.name, `${it.minimumMinutes}+`, it.defaultSymbols, it.summary]), { align: 'lrrl' }));
}
