// `npm run exchange-clients [-- --json]`: installs further public clients beside the project's cache and walks them through a `faultline exchange`.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError } from '../cli/errors.js';
import { endWith } from '../cli/output.js';
import { nodesFolder, run } from '../matrix/nodes.js';
import { type Venue, WALKS } from './walks.js';

const DEADLINE_MS = 30_000;
const NAME = 'exchange-clients';
/** What a client asks for that the venue has no more. */
const EXPECTED: Readonly<Record<string, RegExp>> = { '@binance/connector 3.6.1 user stream': /410/ };
const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Outcome {
  readonly client: string;
  readonly step: string;
  /** Null: it did. */
  readonly refusal: string | null;
}

async function main(): Promise<void> {
  const load = createRequire(join(await packagesFolder(), 'package.json'));
  const { venue, child } = await openVenue();
  const outcomes: Outcome[] = [];
  try {
    const below = { spot: await belowMarket(`${venue.spot.rest}/api/v3/depth?symbol=BTCUSDT&limit=5`), usdm: await belowMarket(`${venue.usdm.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=5`) };
    for (const { name, version, steps } of WALKS) {
      for (const [step, act] of steps((module) => load(module) as unknown, venue, below)) outcomes.push({ client: `${name} ${version}`, step, refusal: await refusalOf(act) });
    }
  } finally {
    child.kill('SIGTERM');
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(outcomes));
  else for (const { client, step, refusal } of outcomes) console.log(`| ${client} | ${step} | ${refusal ?? 'yes'} |`);
  if (outcomes.some(({ client, step, refusal }) => refusal !== null && !(EXPECTED[`${client} ${step}`]?.test(refusal) ?? false))) endWith('checkFailed');
  // Clients keep sockets and timers.
  process.exit();
}

async function refusalOf(act: () => Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer: unknown = await Promise.race([act(), new Promise((_resolve, reject) => { timer = setTimeout(() => reject(new Error('no answer in time')), DEADLINE_MS); })]);
    if (answer === undefined || answer === null) return 'answered nothing';
    // Some hand the venue's refusal out as an answer.
    return typeof answer === 'object' && 'code' in answer && Number(answer.code) < 0 ? JSON.stringify(answer).slice(0, 160) : null;
  } catch (error) {
    return (error instanceof Error ? error.message : JSON.stringify(error)).slice(0, 160);
  } finally {
    clearTimeout(timer);
  }
}

async function belowMarket(url: string): Promise<number> {
  const { bids } = await (await fetch(url)).json() as { readonly bids: readonly (readonly [string, string])[] };
  return Math.floor(Number(bids[0]![0]) * 0.99);
}

/** An exchange of its own, with generous limits. */
async function openVenue(): Promise<{ readonly venue: Venue; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [join(root, 'bin/faultline.js'), 'exchange', '--json', '--name', NAME, '--limits', 'off', '--symbols', '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { venue: JSON.parse(line) as Venue, child };
  throw new CliError('cannotRead', 'the exchange ended before it was ready');
}

/** The clients, installed once, outside the project. */
async function packagesFolder(): Promise<string> {
  const home = join(dirname(nodesFolder()), 'clients', WALKS.map(({ version }) => version).join('-'));
  if (existsSync(join(home, 'node_modules'))) return home;
  mkdirSync(dirname(home), { recursive: true });
  const parts = mkdtempSync(join(dirname(home), '.fetch-'));
  try {
    writeFileSync(join(parts, 'package.json'), JSON.stringify({ name: NAME, private: true, dependencies: Object.fromEntries(WALKS.map(({ name, version }) => [name, version])) }));
    const installed = await run('npm', ['install', '--prefix', parts, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: parts });
    if (installed.code !== 0) throw new CliError('cannotRead', `cannot install the clients: ${installed.stderr.trim().split('\n')[0] ?? ''}`, 'check the connection');
    renameSync(parts, home);
    return home;
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

await main();
