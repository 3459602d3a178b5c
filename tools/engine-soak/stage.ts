/** The processes of a soak: one exchange in a box, and one engine on it at a time. All in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stringify } from 'smol-toml';
import { REST_PATHS } from '../../actors/feeds/products.js';
import { RecordStore, type StoredRow, type StoreTable } from '../../data/store/index.js';
import { ControlClient, ControlError } from '../../runtime/control/index.js';
import { ENGINE_COMMAND, ENGINE_QUESTION } from '../engine/commands/desk.js';
import { COMMANDS, QUESTIONS } from '../exchange/verbs.js';
import { killAll, PATIENCE_MS, within } from '../process/children.js';
import { engineConfig, type Plan } from './plan.js';
import type { EngineStatus, VenueBooks } from './verdict.js';
import type { Weight } from './weigh.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAULTLINE = join(ROOT, 'bin/faultline.js');
const WEIGH = new URL('./weigh.js', import.meta.url).href;
export const TROUBLES = join(ROOT, 'config/troubles');
/** Orders and fills of the venue's lists, more than an account makes between two looks. */
const BOOK_LINES = 6000;
/** Nothing was carried out: ask again later. */
const LATER: ReadonlySet<string | undefined> = new Set(['stalled', 'busy']);
/** It waited so long before it was read that nothing was done. */
const STALE = /^stale command/;
const STARTING_USDT = '1000000';

export interface Answer {
  readonly ok: boolean;
  readonly answer: unknown;
}

/** An engine from its start to its end. */
export interface Life {
  readonly child: ChildProcess;
  readonly runDir: string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly said: () => string;
}

interface ListedSymbol {
  readonly symbol: string;
  readonly filters: readonly { readonly filterType: string; readonly stepSize: string }[];
}

export class Stage {
  readonly folder: string;
  readonly symbols: readonly string[];
  /** Size of a lot, in units of the base asset. */
  readonly lotSizes: ReadonlyMap<string, number>;
  /** Every run that was begun, in order. */
  readonly runDirs: string[] = [];
  readonly #env: NodeJS.ProcessEnv;
  readonly #exchange: ChildProcess;
  readonly #speed: number;
  readonly #product: Plan['product'];
  #exchangeEnded = '';
  #clock = { venueMs: 0, wallMs: 0 };
  #life: Life | null = null;

  private constructor(folder: string, symbols: readonly string[], lotSizes: ReadonlyMap<string, number>, env: NodeJS.ProcessEnv, exchange: ChildProcess, { speed, product }: Plan) {
    this.folder = folder;
    this.symbols = symbols;
    this.lotSizes = lotSizes;
    this.#env = env;
    this.#exchange = exchange;
    this.#speed = speed;
    this.#product = product;
  }

  static async open(folder: string, plan: Plan): Promise<Stage> {
    mkdirSync(folder, { recursive: true });
    const at = (name: string): string => join(folder, name);
    const { NODE_TEST_CONTEXT: _marked, FAULTLINE_POSTGRES: _others, ...plain } = process.env;
    const env = {
      ...plain, FAULTLINE_RUN_DIR: at('run'), FAULTLINE_LOG_DIR: at('log'), FAULTLINE_VAR_DIR: at('var'), NO_COLOR: '1',
      ...(plan.postgres === null ? {} : { FAULTLINE_POSTGRES: plan.postgres }),
    };
    // A key that nobody had before: engines that share one do not start beside each other.
    const text = (): string => randomBytes(32).toString('hex');
    writeFileSync(at('accounts.toml'), stringify({ account: [{ name: 'soak', keys: [{ key: text(), secret: text() }], usdm: { USDT: STARTING_USDT }, spot: { USDT: STARTING_USDT } }] }));
    const exchange = spawn(process.execPath, [
      FAULTLINE, 'exchange', '--json', '--speed', String(plan.speed), '--symbols', String(plan.symbols), '--limits', 'venue', '--seed', String(plan.seed), '--scenario', plan.scenario, '--accounts', at('accounts.toml'),
    ], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    exchange.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const exited = once(exchange, 'exit');
    const line = await Promise.race([
      once(createInterface({ input: exchange.stdout! }), 'line') as Promise<[string]>,
      exited.then(([code]) => {
        throw new Error(`the exchange ended with ${String(code)} before it was open: ${said}`);
      }),
    ]);
    writeFileSync(at('venue.json'), `${line[0]}\n`);
    const { rest } = (JSON.parse(line[0]) as Readonly<Record<Plan['product'], { readonly rest: string }>>)[plan.product];
    const { symbols: listed } = (await (await fetch(`${rest}${REST_PATHS[plan.product].info}`)).json()) as { readonly symbols: readonly ListedSymbol[] };
    const symbols = listed.map(({ symbol }) => symbol).slice(0, plan.symbols);
    writeFileSync(at('engine.toml'), engineConfig(plan, symbols));
    const lotSizes = new Map(listed.map(({ symbol, filters }) => [symbol, Number(filters.find(({ filterType }) => filterType === 'LOT_SIZE')!.stepSize)]));
    const stage = new Stage(folder, symbols, lotSizes, env, exchange, plan);
    void exited.then(([code, signal]) => (stage.#exchangeEnded = `the exchange has ended with ${String(code ?? signal)}: ${said}`));
    await stage.books(0);
    return stage;
  }

  /** The venue's clock now, ms. */
  venueMs(): number {
    return this.#clock.venueMs + (Date.now() - this.#clock.wallMs) * this.#speed;
  }

  /** Starts an engine; its last words when it ends before it is ready. */
  async begin(): Promise<Life | string> {
    const child = spawn(process.execPath, [
      '--expose-gc', '--import', WEIGH, FAULTLINE, 'engine', 'run', '--name', 'engine', '--config', join(this.folder, 'engine.toml'), '--mode', 'demo', '--venue-json', join(this.folder, 'venue.json'), '--json',
    ], { cwd: ROOT, env: this.#env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    const ended = once(child, 'exit').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
    const line = await within(Promise.race([once(createInterface({ input: child.stdout! }), 'line') as Promise<[string]>, ended.then(() => null)]), 'an engine to be ready');
    if (line === null) return said;
    const { runDir } = JSON.parse(line[0]) as { readonly runDir: string };
    this.runDirs.push(runDir);
    this.#life = { child, runDir, ended, said: () => said };
    return this.#life;
  }

  /** What the engine weighs after a collection. */
  async weigh(): Promise<Weight> {
    const { child } = this.#life!;
    const told = new Promise<Weight>((resolve) => {
      // A process manager would read other words of it here.
      const hear = (message: unknown): void => {
        if (typeof message !== 'object' || message === null || !('heapMb' in message)) return;
        child.off('message', hear);
        resolve(message as Weight);
      };
      child.on('message', hear);
    });
    child.send('weigh');
    return await within(told, 'the engine to be weighed');
  }

  async books(limit = BOOK_LINES): Promise<VenueBooks> {
    const value = (await this.#call('exchange', 'ask', QUESTIONS.books, { limit })) as Readonly<Record<Plan['product'], VenueBooks>> & { readonly clock: { readonly venueMs: number; readonly wallMs: number } };
    this.#clock = { venueMs: value.clock.venueMs, wallMs: value.clock.wallMs };
    // Spot has no conditional orders apart from the others.
    return { ...{ openAlgoOrders: [], algoOrders: [] }, ...value[this.#product] };
  }

  /** Begins a script with this text, or the one that is known by this name. */
  async start(name: string, text: string | null): Promise<void> {
    await this.#call('exchange', 'tell', COMMANDS.start, text === null ? { name } : { name: `${name}.toml`, script: text });
  }
  /** Ends a script; one that has ended by itself meanwhile is over too. */
  async stop(name: string): Promise<void> {
    try {
      await this.#call('exchange', 'tell', COMMANDS.stop, { name });
    } catch (error) {
      if ((await this.report(name)).running) throw error;
    }
  }
  /** How a script goes. */
  async report(name: string): Promise<{ readonly running: boolean; readonly hits: number; readonly failed: number }> {
    const all = (await this.#call('exchange', 'ask', QUESTIONS.scripts, {})) as readonly { readonly name: string; readonly running: boolean; readonly steps?: readonly { readonly hits: number; readonly failed: number }[] }[];
    const found = all.find((each) => each.name === name);
    return { running: found?.running ?? false, hits: (found?.steps ?? []).reduce((sum, { hits }) => sum + hits, 0), failed: (found?.steps ?? []).reduce((sum, { failed }) => sum + failed, 0) };
  }

  async command(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const id = randomUUID();
    // Asked again it is the same command, sent now.
    const input = (): unknown => ({ id, verb, args, sentMs: Date.now(), issuer: { uid: process.getuid?.() ?? null, pid: process.pid, user: 'soak', program: 'engine-soak' } });
    const asks = verb === 'status' || verb === 'health';
    return (await this.#call('engine', asks ? 'ask' : 'tell', asks ? ENGINE_QUESTION : ENGINE_COMMAND, input)) as Answer;
  }
  async status(): Promise<EngineStatus> {
    return (await this.command('status')).answer as EngineStatus;
  }

  /** A process that is busy for seconds withdraws what it was asked; it is asked again. */
  async #call(name: string, verb: 'ask' | 'tell', question: string, input: unknown): Promise<unknown> {
    const now = (): unknown => (typeof input === 'function' ? (input as () => unknown)() : input);
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#callOnce(name, verb, question, now());
      } catch (error) {
        if (performance.now() > endMs || !(error instanceof ControlError) || (!LATER.has(error.rpc?.name) && !STALE.test(error.message))) throw error;
      }
    }
  }

  async #callOnce(name: string, verb: 'ask' | 'tell', question: string, input: unknown): Promise<unknown> {
    if (this.#exchangeEnded !== '') throw new Error(this.#exchangeEnded);
    const client = await ControlClient.connect({ socketPath: join(this.folder, 'run', `${name}.sock`), client: 'engine-soak', timeoutMs: PATIENCE_MS });
    try {
      return (await client.call(verb, { name: question, input } as never, { timeoutMs: PATIENCE_MS }) as { readonly value: unknown }).value;
    } finally {
      client.close();
    }
  }

  /** Rows of the account's record. */
  async rows(table: StoreTable): Promise<readonly StoredRow[]> {
    const store = RecordStore.read(join(this.folder, 'var/accounts/main-demo'));
    try {
      return [...store.rows(table)];
    } finally {
      await store.close();
    }
  }

  /** By the exchange's own log: how far its market fell behind the venue's clock, ms. */
  marketLagMs(): number {
    const said = readFileSync(join(this.folder, 'log/exchange.log'), 'utf8').matchAll(/"event":"exchange.lag".*?"lagMs":(\d+)/g);
    return Math.max(0, ...[...said].map(([, ms]) => Number(ms)));
  }

  /** What the engine's log says at its end. */
  log(lines: number): string {
    try {
      return readFileSync(join(this.folder, 'log/engine.log'), 'utf8').split('\n').slice(-lines - 1).join('\n');
    } catch {
      return '';
    }
  }

  /** Whether the run decides the same again: what `live-vs-replay` says of it. */
  async replays(runDir: string): Promise<{ readonly equal: boolean; readonly text: string }> {
    const child = spawn(process.execPath, [FAULTLINE, 'live-vs-replay', runDir, '--json'], { cwd: ROOT, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { equal: code === 0, text: text.trim().slice(0, 3000) };
  }

  async close(): Promise<void> {
    await killAll([this.#life?.child, this.#exchange]);
  }
}
