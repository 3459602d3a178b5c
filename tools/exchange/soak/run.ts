import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listings } from '../../../actors/exchange/listings.js';
import { AsOf } from '../../../actors/exchange/rules.js';
import { Prng } from '../../../actors/generator/prng.js';
import type { ScenarioName } from '../../../actors/generator/scenario.js';
import { Accounts, demoAccounts, demoBalances } from '../accounts/accounts.js';
import { Exchange } from '../exchange.js';
import { namedScripts, type Script } from '../troubles/index.js';
import { SoakClient } from './client.js';
import { SPOT, USDM } from './dialect.js';
import { BookFollower } from './follower.js';
import { Truth } from './truth.js';

export interface SoakOptions {
  /** Of venue time. */
  readonly minutes: number;
  readonly speed: number;
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly accounts: number;
  /** Mean pause of a client between its actions, wall. */
  readonly pauseMs: number;
  /** Orders that each client ends before the run, so that the venue's memory of ended orders is full. */
  readonly flood: number;
  onProgress?(line: string): void;
}

export interface SoakResult {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly venueMinutes: number;
  readonly wallSeconds: number;
  readonly speed: number;
  readonly seed: number;
  readonly orders: { readonly sent: number; readonly ends: Readonly<Record<string, number>>; readonly compared: number };
  readonly clients: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly books: Readonly<Record<string, number>>;
  readonly troubles: { readonly scripts: number; readonly different: number; readonly hits: number; readonly failed: number };
  /** Sums of all assets and all books, so many times. */
  readonly checks: number;
  /** From the warm-up on: memory in use, and thousands of records that the venues keep of what has ended. */
  readonly heapMb: readonly number[];
  readonly historyThousands: readonly number[];
  readonly defects: number;
}

/** Scripts that would change whose orders are whose, or what an account may send. */
const LEFT_OUT: ReadonlySet<string> = new Set(['hedge-both', 'client-id-collides', 'fills-forgotten', 'conditional-orders-moved', 'stop-refused']);
/** USD-M remembers between 2000 and 4000 ended orders of an account, so records are held against each other in time. */
const FLOOD_AT_ONCE = 1000;
const MOST_USDM_FLOOD = 5000;
const MOST_PROBLEMS = 50;
/** How much more memory may be in use at the end than after the warm-up, beside a kilobyte for every record more. */
const MOST_GROWTH = 0.05;
const MOST_KB_A_RECORD = 1;
const SLACK_MB = 2;

/** Plays minutes of a live market with random clients and random troubles, and holds both sides' records against each other. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { minutes, speed, seed, pauseMs } = options;
  const startedMs = Date.now();
  const problems: string[] = [];
  let defects = 0;
  const wrong = (...lines: readonly string[]): void => {
    for (const line of lines) if (problems.length < MOST_PROBLEMS) problems.push(line);
  };
  const listed = listings('BTCUSDT');
  const accounts = new Accounts(await demoAccounts(options.accounts, seed, demoBalances(listed)));
  const exchange = new Exchange({
    accounts, listings: listed, seed, scenario: options.scenario, tape: null, limits: 'off', speed, asOf: new AsOf(), host: '127.0.0.1', port: 0, tls: null,
    onDefect: (product, error) => {
      defects += 1;
      wrong(`a defect of ${product}: ${error instanceof Error ? error.stack : String(error)}`);
    },
    onFatal: (reason) => wrong(`the tree has ended: ${JSON.stringify(reason)}`),
  });
  await exchange.start();
  const { clock } = exchange;
  const origins = exchange.origins();
  const truth = new Truth(exchange);
  const random = new Prng(seed, 6000);
  const clients = accounts.all.flatMap((account, at) => [SPOT, USDM].map((dialect, product) => new SoakClient({ dialect, origins: origins[dialect.product], account, seed: seed + at * 2 + product, nowUs: () => clock.nowUs() })));
  const followers = [
    new BookFollower(`${origins.spot.ws}/ws/btcusdt@depth@100ms`, `${origins.spot.rest}/api/v3/depth?symbol=BTCUSDT&limit=1000`, false),
    new BookFollower(`${origins.usdm.ws}/public/ws/btcusdt@depth@100ms`, `${origins.usdm.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=1000`, true),
  ];
  let compared = 0;
  let checks = 0;
  const troubles = { scripts: 0, different: new Set<string>(), hits: 0, failed: 0 };
  const heap: number[] = [];
  const history: number[] = [];
  const weigh = async (): Promise<void> => {
    heap.push(heapMb());
    history.push(Math.round((await truth.history()) / 100) / 10);
  };

  const compare = async (): Promise<void> => {
    for (const client of clients) {
      const ended = client.records.finished.splice(0);
      compared += ended.length;
      wrong(...(await truth.compare(client, ended)), ...client.records.contradictions.splice(0));
    }
  };
  const check = async (): Promise<void> => {
    checks += 1;
    wrong(...(await truth.check()));
  };

  options.onProgress?.('warming up');
  await sleep(200);
  for (let sent = 0; sent < options.flood; sent += FLOOD_AT_ONCE) {
    const short = clients.filter(({ dialect }) => dialect.product === 'spot' || sent <= MOST_USDM_FLOOD);
    await Promise.all(short.map((client) => client.flood(Math.min(FLOOD_AT_ONCE, options.flood - sent))));
    await compare();
  }

  const beganUs = clock.nowUs();
  const endUs = beganUs + minutes * 60e6;
  const running = clients.map((client) => client.run(pauseMs));
  let over = false;
  const makeTrouble = async (): Promise<void> => {
    const scripts = namedScripts().filter(({ name }) => !LEFT_OUT.has(name));
    while (!over) {
      const script = withAccount(scripts[random.below(scripts.length)]!, accounts, random);
      if (exchange.troubles.report(script.name)?.running === true) continue;
      exchange.troubles.start(script);
      troubles.scripts += 1;
      troubles.different.add(script.name);
      await sleep(random.between(5000, 40_000) / speed);
      if (exchange.troubles.report(script.name)?.running === true) exchange.troubles.stop(script.name);
      const { steps } = exchange.troubles.report(script.name)!;
      for (const { hits, failed } of steps) {
        troubles.hits += hits;
        troubles.failed += failed;
      }
      await sleep(random.between(0, 10_000) / speed);
    }
  };
  const trouble = makeTrouble();
  const checkEveryMs = Math.max(250, 60_000 / speed);
  const warmUs = beganUs + (endUs - beganUs) / 3;
  const heapEveryUs = Math.max(60e6, (endUs - warmUs) / 8);
  let heapAtUs = warmUs;
  while (clock.nowUs() < endUs && problems.length < MOST_PROBLEMS) {
    await sleep(Math.min(checkEveryMs, Math.max(1, (endUs - clock.nowUs()) / 1000 / speed)));
    await compare();
    await check();
    if (clock.nowUs() >= heapAtUs) {
      await weigh();
      heapAtUs += heapEveryUs;
      options.onProgress?.(`${Math.round((clock.nowUs() - beganUs) / 60e6)} min: ${clients.reduce((sum, { records }) => sum + records.sent, 0)} orders, ${troubles.scripts} troubles, ${heap.at(-1)} MB, ${problems.length} problems`);
    }
  }
  over = true;
  exchange.troubles.stopAll();
  for (const client of clients) client.end();
  await Promise.all([trouble, ...running]);
  const settled = await Promise.all(clients.map((client) => client.settle(240_000)));
  clients.forEach((client, at) => {
    if (!settled[at]) wrong(`${client.dialect.product}: ${client.records.open.size} orders of ${client.account.name} have no end: ${[...client.records.open.values()].slice(0, 3).map(({ id, status }) => `${id} ${status}`).join(', ')}`);
  });
  await compare();
  await check();
  await followed(followers, wrong);
  await weigh();
  const [warm, last] = [heap[0]!, heap.at(-1)!];
  const records = history.at(-1)! - history[0]!;
  if (heap.length > 2 && last > warm * (1 + MOST_GROWTH) + records * MOST_KB_A_RECORD + SLACK_MB) wrong(`memory has grown from ${warm} to ${last} MB, records by ${records} thousand`);

  for (const client of clients) client.close();
  for (const follower of followers) follower.end();
  const venueMinutes = (clock.nowUs() - beganUs) / 60e6;
  await exchange.runtime.shutdown({ reason: 'the soak is over', deadlineMs: 5000 * Math.max(1, speed) });
  return {
    ok: problems.length === 0, problems, venueMinutes: Math.round(venueMinutes * 10) / 10, wallSeconds: Math.round((Date.now() - startedMs) / 1000), speed, seed,
    orders: { sent: clients.reduce((sum, { records }) => sum + records.sent, 0), ends: total(clients.map(({ records }) => records.ends)), compared },
    clients: total(clients.map(({ counts }) => counts)), refusals: total(clients.map(({ refusals }) => refusals)), books: total(followers.map(({ counts }) => counts)),
    troubles: { ...troubles, different: troubles.different.size }, checks, heapMb: heap, historyThousands: history, defects,
  };
}

/** Deeds of a script fall upon an account drawn at random. */
function withAccount(script: Script, accounts: Accounts, random: Prng): Script {
  const account = accounts.all[random.below(accounts.all.length)]!.name;
  return { ...script, steps: script.steps.map((step) => (step.kind === 'deed' && step.when === undefined ? { ...step, account } : step)) };
}

/** Both books are in step again, and not crossed. */
async function followed(followers: readonly BookFollower[], wrong: (line: string) => void): Promise<void> {
  const endMs = Date.now() + 20_000;
  const isGood = (follower: BookFollower): boolean => follower.synced && follower.bestBid < follower.bestAsk;
  while (!followers.every(isGood)) {
    if (Date.now() > endMs) {
      wrong('a follower did not get into step again');
      return;
    }
    await sleep(20);
  }
}

function total(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

let collect: (() => void) | undefined;

/** Memory in use after a collection. */
function heapMb(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  return Math.round(process.memoryUsage().heapUsed / 1e5) / 10;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
