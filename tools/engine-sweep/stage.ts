/** The processes of a sweep: one exchange in a box, and engines on it that come and go. All in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { REST_PATHS } from '../../actors/feeds/products.js';
import { RecordStore, type StoredRow } from '../../data/store/index.js';
import { ControlClient, ControlError } from '../../runtime/control/index.js';
import { ENGINE_QUESTION } from '../engine/commands/desk.js';
import { QUESTIONS } from '../exchange/verbs.js';
import { killAll, PATIENCE_MS } from '../process/children.js';
import type { KillPoint } from './plan.js';
import type { EngineStatus, Traded, VenueBooks } from './verdict.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));
const STALL_PAUSE_MS = 200;
/** Lines of the venue's lists: more than a sweep makes. */
const BOOK_LINES = 1_000_000;

/** A round of entry, stop and exit in well under a second. What never arrived is certain as soon as no request can arrive any more: short windows make short deaths. */
const configOf = (product: SweptProduct, placement: Placement): string => `
[trading]
strategy = "eager"
[trading.eager]
holdMs = 400
pauseMs = 150
# One exit of a spot trade stands at a time, or a list: the ways from one to the next are to be died in.
exits = "${product === 'spot' ? 'turns' : 'time'}"
targetShare = 0.0003
[indicators]
warmupSamples = 1
[engine.symbols]
usdm = ${product === 'usdm' ? `["${SYMBOL}"]` : '[]'}
spot = ${product === 'spot' ? `["${SYMBOL}"]` : '[]'}
[engine.orders]
longestWindowMs = 1000
clockMarginMs = 100
askPauseMs = 100
longestAskPauseMs = 250
[engine.guard]
strategyStopMs = 100
[engine.gateway]
recvWindowMs = 1000
[engine.run]
tapeRecords = 1048576
keepTapeMiB = 64
[lanes]
placement = "${placement}"
`;
const SYMBOL = 'BTCUSDT';

export interface Books extends VenueBooks {
  readonly venueMs: number;
}

export const PRODUCTS = ['usdm', 'spot'] as const;
export type SweptProduct = (typeof PRODUCTS)[number];

export const PLACEMENTS = ['inline', 'ring', 'socket'] as const;
export type Placement = (typeof PLACEMENTS)[number];

export interface StageOptions {
  readonly placement?: Placement;
  readonly product?: SweptProduct;
  readonly config?: string;
  /** Where runs and record go. */
  readonly varFolder?: string;
}

type VenueAnswer = Readonly<Record<SweptProduct, Omit<VenueBooks, 'openAlgoOrders' | 'algoOrders'>>> & { readonly clock: { readonly venueMs: number; readonly wallMs: number } };

/** The symbol as the venue lists it. */
async function tradedAt(venueLine: string, product: SweptProduct): Promise<Traded> {
  const { rest } = (JSON.parse(venueLine) as Readonly<Record<SweptProduct, { readonly rest: string }>>)[product];
  const { symbols } = (await (await fetch(`${rest}${REST_PATHS[product].info}`)).json()) as { readonly symbols: readonly ListedSymbol[] };
  const { baseAsset, filters } = symbols.find(({ symbol }) => symbol === SYMBOL)!;
  const filter = (type: string): ListedSymbol['filters'][number] | undefined => filters.find(({ filterType }) => filterType === type);
  return { product, base: baseAsset, lotSize: Number(filter('LOT_SIZE')!.stepSize), leastNotional: product === 'spot' ? Number(filter('NOTIONAL')!.minNotional) : 0, othersQuantity: 0 };
}
interface ListedSymbol {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly filters: readonly { readonly filterType: string; readonly stepSize: string; readonly minNotional: string }[];
}

/** An engine, from its start to its death. */
export interface Life {
  readonly child: ChildProcess;
  /** The line that it is ready; undefined when it died before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly said: () => string;
}

export class Stage {
  readonly folder: string;
  readonly traded: Traded;
  readonly #varFolder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #exchange: ChildProcess;
  #life: Life | undefined;
  #client: ControlClient | undefined;
  /** Of the venue's clock before this machine's, ms: it goes as fast. */
  #aheadMs = 0;

  private constructor(folder: string, traded: Traded, varFolder: string, env: NodeJS.ProcessEnv, exchange: ChildProcess) {
    this.folder = folder;
    this.traded = traded;
    this.#varFolder = varFolder;
    this.#env = env;
    this.#exchange = exchange;
  }

  static async open(folder: string, seed: string, { placement = 'inline', product = 'usdm', config = configOf(product, placement), varFolder = join(folder, 'var') }: StageOptions = {}): Promise<Stage> {
    mkdirSync(folder, { recursive: true });
    const at = (name: string): string => join(folder, name);
    const { NODE_TEST_CONTEXT: _marked, ...plain } = process.env;
    const env = { ...plain, FAULTLINE_RUN_DIR: at('run'), FAULTLINE_LOG_DIR: at('log'), FAULTLINE_VAR_DIR: varFolder, NO_COLOR: '1' };
    const exchange = spawn(process.execPath, [join(ROOT, 'bin/faultline.js'), 'exchange', '--json', '--speed', '1', '--symbols', '1', '--limits', 'off', '--seed', seed], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    exchange.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const line = await Promise.race([
      once(createInterface({ input: exchange.stdout! }), 'line') as Promise<[string]>,
      once(exchange, 'exit').then(([code]) => {
        throw new Error(`the exchange ended with ${String(code)} before it was open: ${stderr}`);
      }),
    ]);
    writeFileSync(at('venue.json'), `${line[0]}\n`);
    const stage = new Stage(folder, await tradedAt(line[0], product), varFolder, env, exchange);
    stage.configure(config);
    const { clock, [product]: { accounts } } = await stage.#venue(0);
    stage.#aheadMs = clock.venueMs - clock.wallMs;
    // What lies there before an engine has bought anything is not ours.
    const balance = accounts.find(({ house }) => !house)!.balances[stage.traded.base];
    stage.traded.othersQuantity = product === 'spot' && balance !== undefined ? Number(balance.free) + Number(balance.locked) : 0;
    return stage;
  }

  /** Of the engines that begin from now on. */
  configure(config: string): void {
    writeFileSync(join(this.folder, 'engine.toml'), config);
  }

  /** Starts an engine. */
  begin(dieAt: KillPoint | null, resend: boolean): Life {
    const at = (name: string): string => join(this.folder, name);
    const request = { name: 'engine', json: true, config: at('engine.toml'), mode: 'demo', venueJson: at('venue.json'), dieAt, resend: resend ? at('resend.json') : null, deathNote: this.#deathNote };
    rmSync(this.#deathNote, { force: true });
    const child = spawn(process.execPath, [CHILD, JSON.stringify(request)], { cwd: ROOT, env: this.#env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, 'exit').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
    const ready = Promise.race([once(createInterface({ input: child.stdout! }), 'line').then(() => true), ended.then(() => false)]);
    this.#life = { child, ready, ended, said: () => said };
    return this.#life;
  }

  /** The venue's clock now, without asking: an answer may be long on its way. */
  venueMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** When the last engine died by itself, as it said, on the venue's clock; Infinity where it did not say. */
  diedMs(): number {
    return existsSync(this.#deathNote) ? Number(readFileSync(this.#deathNote, 'utf8')) + this.#aheadMs : Infinity;
  }
  get #deathNote(): string {
    return join(this.folder, 'death');
  }

  /** `lines`: of what is over, the newest; none for what stands now. */
  async books(lines: 'all' | 'none'): Promise<Books> {
    const value = await this.#venue(lines === 'all' ? BOOK_LINES : 0);
    // Spot has no conditional orders apart from the others.
    return { ...{ openAlgoOrders: [], algoOrders: [] }, ...value[this.traded.product], venueMs: value.clock.venueMs };
  }
  async #venue(limit: number): Promise<VenueAnswer> {
    return (await this.#ask('exchange', QUESTIONS.books, { limit })) as VenueAnswer;
  }

  /** @throws Error when the engine is gone. */
  async status(): Promise<EngineStatus> {
    const { answer } = (await this.#ask('engine', ENGINE_QUESTION, {
      id: randomUUID(), verb: 'status', args: {}, sentMs: Date.now(), issuer: { uid: process.getuid?.() ?? null, pid: process.pid, user: 'sweep', program: 'engine-sweep' },
    })) as { readonly answer: EngineStatus };
    return answer;
  }

  async #ask(name: 'exchange' | 'engine', question: string, input: unknown): Promise<unknown> {
    const client = (name === 'exchange' ? this.#client : undefined) ?? await ControlClient.connect({ socketPath: join(this.folder, 'run', `${name}.sock`), client: 'engine-sweep', timeoutMs: PATIENCE_MS });
    if (name === 'exchange') this.#client = client;
    try {
      for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(STALL_PAUSE_MS)) {
        try {
          return (await client.call('ask', { name: question, input } as never, { timeoutMs: PATIENCE_MS }) as { readonly value: unknown }).value;
        } catch (error) {
          // A machine that is busy elsewhere: nothing was carried out.
          if (!(error instanceof ControlError) || error.rpc?.name !== 'stalled' || performance.now() > untilMs) throw error;
        }
      }
    } finally {
      if (name === 'engine') client.close();
    }
  }

  /** What lies in the record now. */
  async rows(): Promise<{ readonly intents: readonly StoredRow[]; readonly fills: readonly StoredRow[] }> {
    const store = RecordStore.read(join(this.#varFolder, 'accounts/main-demo'));
    try {
      return { intents: [...store.rows('intents')], fills: [...store.rows('fills')] };
    } finally {
      await store.close();
    }
  }

  async close(): Promise<void> {
    this.#client?.close();
    await killAll([this.#life?.child, this.#exchange]);
  }
}
