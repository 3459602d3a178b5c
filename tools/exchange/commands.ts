import { Option, type Command } from 'commander';
import { SCENARIO_NAMES } from '../../actors/generator/scenario.js';
import { CliError } from '../cli/errors.js';
import { processName } from '../process/run-folder.js';
import type { ServeOptions } from './serve.js';

interface Options extends Omit<ServeOptions, 'name' | 'json'> {
  readonly name?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ faultline exchange                                     three symbols, a calm market, demo keys, any free ports
  $ faultline exchange --scenario flash-crash --seed 7     the market crashes after half a minute
  $ faultline exchange --speed 60 --limits off             an hour of the venue a minute
  $ faultline exchange start flash-crash                   in another terminal: now
  $ faultline exchange start ack-after-fill                answers to orders come after their fills, from now on
  $ faultline exchange books --json                        who owns what, by the venue's own books`;

/** Adds `faultline exchange` and its verbs to the program. */
export function register(program: Command): void {
  const exchange = program
    .command('exchange')
    .description('run an exchange in a box: Binance Spot, USD-M and Options, and Deribit, with a market inside')
    .option('--name <name>', 'name of the process (default: exchange)')
    .option('--port <port>', 'port of spot; the other products have the next ones; 0: any free ones', parsePort, 0)
    .option('--host <address>', 'address to listen on; others than this machine can reach it only if you say so', '127.0.0.1')
    .option('--seed <n>', 'seed of the market and of the demo keys', parseSeed, 1)
    .option('--symbols <list>', 'symbols with commas between, or how many; BTCUSDT and ETHUSDT always (default: 3)')
    .option('--accounts <n>', 'how many demo accounts, or a TOML file of accounts (default: 1)')
    .addOption(new Option('--limits <mode>', 'enforce the venue\'s weights, order counts and connection limits, or none').choices(['venue', 'off']).default('venue'))
    .addOption(new Option('--scenario <name>', 'what the market does').choices(SCENARIO_NAMES.filter((name) => name !== 'feed-trouble')).default('calm'))
    .option('--tape <file>', 'play a tape; orders are matched against it with the queue rules of replay')
    .option('--speed <x>', 'seconds of the venue\'s clock in a second', parseSpeed, 1)
    .option('--as-of <date>', 'serve the protocol as it was on this day, YYYY-MM-DD; default: as it is now')
    .option('--script <file>', 'a script of troubles to start with, TOML')
    .option('--tls', 'serve https and wss with a certificate made on the spot')
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', EXAMPLES)
    .action(serve);
  asks(exchange, 'books', 'show who owns what: accounts, positions, orders, fills and sums by asset, by the venue\'s own books')
    .option('-n, --lines <n>', 'how many of the newest orders and fills', parseCount, 100)
    .action(async (_options: unknown, command: Command) => (await import('./verbs.js')).books(command.optsWithGlobals()));
  asks(exchange, 'scripts', 'list the scenarios and scripts of troubles, and what those that run have done')
    .action(async (_options: unknown, command: Command) => (await import('./verbs.js')).scripts(command.optsWithGlobals()));
  asks(exchange, 'start', 'start a scenario or a script of troubles now')
    .argument('<name>', 'one of those that `faultline exchange scripts` lists, or a script of your own: FILE.toml')
    .action(async (name: string, _options: unknown, command: Command) => (await import('./verbs.js')).start(name, command.optsWithGlobals()));
  asks(exchange, 'stop', 'end a script of troubles, and all it does')
    .argument('<name>', 'one that runs')
    .action(async (name: string, _options: unknown, command: Command) => (await import('./verbs.js')).stop(name, command.optsWithGlobals()));
}

async function serve({ name, json, ...options }: Options): Promise<void> {
  const { serveExchange } = await import('./serve.js');
  await serveExchange({ ...options, name: processName(name ?? 'exchange'), json: json === true });
}

/** A verb that asks a running exchange. */
function asks(exchange: Command, name: string, description: string): Command {
  return exchange.command(name).description(description).option('--process <name>', 'which process; default: the only one that runs').option('--json', 'print one JSON object');
}

/** The last port of four must be one too. */
const LAST_FIRST_PORT = 65_532;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > LAST_FIRST_PORT) throw new CliError('usage', `--port '${text}' is not a port`, `0 to ${LAST_FIRST_PORT}: the products take four in a row`);
  return port;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) throw new CliError('usage', `--seed '${text}' is not a whole number up to 2^53-1`);
  return seed;
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (!Number.isFinite(speed) || speed <= 0 || speed > 10_000) throw new CliError('usage', `--speed '${text}' is not a speed`, 'above 0, up to 10000; e.g. --speed 60: an hour of the venue a minute');
  return speed;
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new CliError('usage', `'${text}' is not a number of lines`);
  return Number(text);
}
