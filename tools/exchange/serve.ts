import { join } from 'node:path';
import { AsOf } from '../../actors/exchange/rules.js';
import { type Listing, listings } from '../../actors/exchange/listings.js';
import type { ScenarioName } from '../../actors/generator/scenario.js';
import { loadConfig } from '../../config/index.js';
import { CliError } from '../cli/errors.js';
import { fromSystemError } from '../cli/system-errors.js';
import { DeadLetterLog } from '../process/dead-letter-log.js';
import { ProcessHost } from '../process/host.js';
import { logTree, ReportLog } from '../process/log-tree.js';
import { Accounts, demoAccounts, demoBalances } from './accounts/accounts.js';
import { readAccounts } from './accounts/accounts-file.js';
import { Exchange } from './exchange.js';
import { linesForPeople, readyLine } from './ready.js';
import { openExchangeTape } from './tape-source.js';
import { parseScript, readScript } from './troubles/index.js';
import { COMMANDS, QUESTIONS } from './verbs.js';
import { makeCertificate, writeAuthority } from './web/index.js';

export interface ServeOptions {
  readonly name: string;
  readonly json: boolean;
  readonly port: number;
  readonly host: string;
  readonly seed: number;
  readonly symbols?: string;
  readonly accounts?: string;
  readonly limits: 'venue' | 'off';
  readonly scenario: ScenarioName;
  readonly tape?: string;
  readonly speed: number;
  readonly asOf?: string;
  readonly script?: string;
  readonly tls?: true;
}

const MOST_ACCOUNTS = 10_000;

/** Runs the exchange until the process is told to end. Never returns. @throws CliError, ConfigError when it cannot begin. */
export async function serveExchange(options: ServeOptions): Promise<never> {
  const { name, json, port, host, seed, limits, speed } = options;
  const { config } = loadConfig();
  const wanted = listedSymbols(options.symbols);
  let tellBroken = (_error: unknown): void => {};
  const tape = options.tape === undefined ? null : openExchangeTape(options.tape, wanted, (error) => tellBroken(error));
  const listed = tape?.listings ?? wanted;
  const asOf = asOfDay(options.asOf);
  const script = options.script === undefined ? undefined : readScript(options.script);
  const [accounts, certificate] = await Promise.all([
    accountsOf(options.accounts, seed, listed),
    options.tls === true ? makeCertificate(host) : null,
  ]);
  const processHost = await ProcessHost.open({
    name, what: `exchange ${listed.map(({ symbol }) => symbol).join(',')}`, params: config.process,
    details: { seed, symbols: listed.map(({ symbol }) => symbol), accounts: accounts.all.length, limits, scenario: options.scenario, tape: options.tape ?? null, speed, asOf: asOf.day ?? 'now', host, port },
  });
  try {
    const letters = new DeadLetterLog(processHost.log, config.process.deadLettersLogged);
    const reports = new ReportLog(processHost.log);
    tellBroken = (error) => processHost.log.write('error', 'exchange.tape', `the tape cannot be read on and the market stands still: ${messageOf(error)}`);
    const exchange = new Exchange({
      accounts, listings: listed, seed, scenario: options.scenario, tape, limits, speed, asOf, host, port, tls: certificate,
      onDefect: (product, error) => processHost.log.write('error', 'exchange.defect', `a request to ${product} met a defect: ${messageOf(error)}`, { product, stack: error instanceof Error ? error.stack : undefined }),
      onTrouble: (level, message, fields) => processHost.log.write(level, 'exchange.trouble', message, fields),
      onFatal: () => void processHost.end('rootGaveUp', 'the root supervisor gave up'),
    });
    const { runtime } = exchange;
    logTree(runtime, reports, letters);
    processHost.hold({
      stopTree: async () => void (await runtime.shutdown({ reason: 'the process ends', deadlineMs: config.process.shutdownDeadlineMs })),
      fence: () => runtime.fence(),
      dump: () => ({ counters: runtime.counters(), tree: runtime.tree(), trace: runtime.trace().list(500), deadLetters: runtime.deadLetters().slice(-50) }),
    });
    processHost.onShutdown('flush-logs', 'tell what was only counted', () => {
      letters.tell();
      reports.tell();
    });
    await processHost.serve({
      runtime: () => runtime,
      status: () => ({ state: processHost.ending ? 'stopping' : 'serving', symbols: listed.map(({ symbol }) => symbol), clock: exchange.clockNow(), origins: exchange.origins() }),
      metrics: () => ({ clock: exchange.clockNow(), marketLagMs: exchange.marketLagMs() }),
      questions: { [QUESTIONS.books]: (input) => exchange.books(limitOf(input)), [QUESTIONS.scripts]: () => exchange.scripts() },
      commands: {
        [COMMANDS.start]: (input) => {
          const text = scriptOf(input);
          return text === undefined ? exchange.startables.start(nameOf(input)) : exchange.troubles.start(parseScript(text, nameOf(input)));
        },
        [COMMANDS.stop]: (input) => exchange.troubles.stop(nameOf(input)),
      },
    });
    await exchange.start();
    watchLag(exchange, processHost);
    if (script !== undefined) exchange.troubles.start(script);
    const authority = certificate === null ? undefined : { pem: certificate.cert, path: join(processHost.folder, `${name}.ca.pem`) };
    if (certificate !== null && authority !== undefined) writeAuthority(certificate, authority.path);
    if (json) process.stdout.write(`${JSON.stringify(readyLine(exchange, accounts, processHost.socket, authority))}\n`);
    else process.stdout.write(linesForPeople(exchange, accounts, name, authority));
    await processHost.ready();
    return await new Promise<never>(() => {});
  } catch (error) {
    const known = error instanceof CliError ? error : portTaken(error, port) ?? fromSystemError(error);
    if (known === undefined) return await processHost.fail(error);
    process.stderr.write(`faultline: ${known.message}\n${known.fix === undefined ? '' : `  fix: ${known.fix}\n`}`);
    return await processHost.end(known.exit, known.message);
  }
}

/** Milliseconds of the wall that a market may be behind, and how often that is looked at and told. */
const LAG_WALL_MS = 1000;
const LAG_EVERY_MS = 10_000;

/** Says in the log when the machine is too slow for the speed. */
function watchLag(exchange: Exchange, { log }: ProcessHost): void {
  setInterval(() => {
    for (const [product, lagMs] of Object.entries(exchange.marketLagMs())) {
      if (lagMs > LAG_WALL_MS * exchange.clock.speed) log.write('warn', 'exchange.lag', `the market of ${product} is ${Math.round(lagMs / 1000)} s of the venue's clock behind it: too fast for this machine`, { product, lagMs });
    }
  }, LAG_EVERY_MS).unref();
}

const BOOKS_LIMIT = 100;

function limitOf(input: unknown): number {
  const limit: unknown = typeof input === 'object' && input !== null && 'limit' in input ? input.limit : undefined;
  return typeof limit === 'number' && Number.isInteger(limit) && limit >= 0 ? limit : BOOKS_LIMIT;
}

/** The text of a script that is not the exchange's own. */
function scriptOf(input: unknown): string | undefined {
  return typeof input === 'object' && input !== null && 'script' in input && typeof input.script === 'string' ? input.script : undefined;
}

function nameOf(input: unknown): string {
  const name: unknown = typeof input === 'object' && input !== null && 'name' in input ? input.name : undefined;
  if (typeof name !== 'string') throw new CliError('refused', 'input.name is missing: the name of what is meant');
  return name;
}

function listedSymbols(wanted: string | undefined): readonly Listing[] {
  try {
    return listings(wanted);
  } catch (error) {
    throw new CliError('usage', `--symbols: ${messageOf(error)}`);
  }
}

function asOfDay(day: string | undefined): AsOf {
  try {
    return new AsOf(day);
  } catch (error) {
    throw new CliError('usage', `--as-of: ${messageOf(error)}`);
  }
}

async function accountsOf(wanted: string | undefined, seed: number, listed: readonly Listing[]): Promise<Accounts> {
  const count = wanted === undefined ? 1 : /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  if (count === undefined) return new Accounts(readAccounts(wanted!));
  if (count < 1 || count > MOST_ACCOUNTS) throw new CliError('usage', `--accounts '${wanted}' is not a number of accounts`, `1 to ${MOST_ACCOUNTS}, or a file`);
  return new Accounts(await demoAccounts(count, seed, demoBalances(listed)));
}

/** Binding fails inside the tree, where the error keeps its text only. */
function portTaken(error: unknown, port: number): CliError | undefined {
  const message = messageOf(error);
  const code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN)\b/.exec(message)?.[1];
  if (code === undefined) return undefined;
  return new CliError('configuration', `cannot listen: ${message}`, code === 'EADDRINUSE' ? `--port 0 takes free ports; ${port} to ${port + 3} are wanted now` : 'give another --host or --port');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
