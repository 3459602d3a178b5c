import { Option, type Command } from 'commander';
import { processName } from '../process/run-folder.js';
import { registerOperator } from './commands/register.js';
import type { EngineRequest } from './run.js';

interface RunOptions extends Omit<EngineRequest, 'name' | 'json'> {
  readonly name?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ faultline exchange --speed 10 --json > venue.json &     an exchange in a box, ten times real time
  $ faultline engine run --venue-json venue.json            paper: its market, orders to the simulated venue in the engine
  $ faultline engine run --venue-json venue.json --mode demo   orders go to that exchange
  $ faultline ps --process engine                           in another terminal: the tree`;

/** Adds `faultline engine` and its verbs to the program. */
export function register(program: Command): void {
  const engine = program.command('engine').description('run the engine on a live market, and command it');
  engine
    .command('run')
    .description('run the engine: live feeds in, orders out, everything written to a run folder that replays')
    .option('-c, --config <file>', 'configuration; default: $FAULTLINE_CONFIG, else the defaults')
    .option('--name <name>', 'name of the process (default: engine)')
    .addOption(new Option('--mode <mode>', 'paper: simulated venue; demo: orders to the venue\'s demo; live: real money; default: as configured').choices(['paper', 'demo', 'live']))
    .option('--venue-json <file>', 'the line that `faultline exchange --json` printed: addresses, keys and clock')
    .option('--acknowledge-live', 'mode live: you know that this is real money')
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', EXAMPLES)
    .action(run);
  registerOperator(engine);
}

async function run({ name, json, ...options }: RunOptions): Promise<void> {
  const { runEngine } = await import('./run.js');
  await runEngine({ ...options, name: processName(name ?? 'engine'), json: json === true });
}
