import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { money } from '../../actors/account/money.js';
import { RecordStore, type StoredRow, type StoreTable } from '../../data/store/index.js';
import { ENGINE_COMMAND, ENGINE_QUESTION } from '../../tools/engine/commands/desk.js';
import { readyLine } from '../../tools/exchange/ready.js';
import { LIBRARY, parseScript, type ScriptReport } from '../../tools/exchange/troubles/index.js';
import { EnginePlayground, type EngineReady } from './engine-process.js';
import { openExchange, type OpenedExchange } from './open-exchange.js';
import { PATIENCE_MS, type Served } from './served.js';

type Fields = Readonly<Record<string, unknown>>;

export interface Decision {
  readonly atUs: number;
  readonly by: string;
  readonly kind: string;
  readonly data: Fields;
}

/** What an engine says of itself. */
export interface EngineStatus {
  readonly paused: unknown;
  readonly trading: { readonly entries: number; readonly open: readonly unknown[] };
  readonly truth: readonly { readonly product: string; readonly freshness: string; readonly reasons: readonly string[] }[];
  readonly ledger: readonly {
    readonly product: string;
    readonly balances: Readonly<Record<string, string>>;
    readonly positions: readonly { readonly symbol: number; readonly positionSide: string; readonly signedLots: number; readonly ownLots: number }[];
    readonly holdings: readonly { readonly symbol: number; readonly asset: string; readonly quantity: string; readonly dust: boolean }[];
    readonly totals: { readonly fills: number };
  }[];
  readonly orders: readonly { readonly clientId: string; readonly owner: string }[];
}

interface VenueOrderRow { readonly account: number; readonly clientOrderId?: string; readonly clientAlgoId?: string; readonly symbol: string; readonly status: string }
interface VenueBooks {
  readonly accounts: readonly { readonly account: number; readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>> }[];
  readonly positions: readonly Fields[];
  readonly openOrders: readonly VenueOrderRow[];
  readonly openAlgoOrders?: readonly VenueOrderRow[];
  readonly orders: readonly VenueOrderRow[];
  readonly algoOrders?: readonly VenueOrderRow[];
  readonly fills: readonly { readonly account: number; readonly symbol: string; readonly id: number }[];
}

export interface SceneOptions {
  readonly speed?: number;
  readonly product?: 'spot' | 'usdm' | 'options';
  readonly config?: string;
  /** Instead of everything that makes it trade all the time. */
  readonly wholeConfig?: string;
  /** The exchange, opened already. */
  readonly opened?: OpenedExchange;
}

const OWN = 'fl-';
const nameOf = ({ clientOrderId, clientAlgoId }: VenueOrderRow): string => clientOrderId ?? clientAlgoId ?? '';

/** Trades within seconds of its start, and again and again. */
const configOf = (product: string, more: string): string => `
[indicators]
warmupSamples = 1
# A busy machine is no trouble of the venue's.
latencyPauseMs = 60000

[trading]
strategy = "eager"

[trading.eager]
holdMs = 1000
pauseMs = 500

[engine]
mode = "demo"

[engine.symbols]
spot = ${product === 'spot' ? '["BTCUSDT"]' : '[]'}
usdm = ${product === 'usdm' ? '["BTCUSDT"]' : '[]'}

[engine.breaker]
openMs = 2000

[engine.risk]
# It enters whenever it likes, and a calm market changes nothing that a strategy could act on for minutes.
priceMaxAgeMs = 600000

[engine.feeds]
lagMaxMs = 60000

[engine.feeds.silence]
depthMs = 10000
bookTickerMs = 10000
${more}
`;

/** An exchange in this process and an engine on it in a process of its own, which trades all the time. */
export class EngineScene {
  readonly product: 'spot' | 'usdm' | 'options';
  readonly opened: OpenedExchange;
  /** The venue has been made to forget fills: its list is no measure any more. */
  forgotten = false;
  /** Of the base asset on spot, what is not ours; null while others may have traded. */
  #theirs: bigint | null = null;
  readonly #ground = new EnginePlayground();
  readonly #config: string;
  #engine: { readonly served: Served; readonly ready: EngineReady } | undefined;

  private constructor(opened: OpenedExchange, { product = 'usdm', config = '', wholeConfig }: SceneOptions) {
    this.opened = opened;
    this.product = product;
    this.#config = wholeConfig ?? configOf(product, config);
  }

  static async open(options: SceneOptions = {}): Promise<EngineScene> {
    const opened = options.opened ?? await openExchange({ speed: options.speed ?? 5, seed: 3 });
    const scene = new EngineScene(opened, options);
    writeFileSync(scene.#ground.venue, `${JSON.stringify(readyLine(opened.exchange, opened.accounts, ''))}\n`);
    return scene;
  }

  async start(): Promise<void> {
    this.#engine = await this.#ground.engine({ config: this.#config });
  }
  /** Ends the engine in good order. */
  async #stop(): Promise<void> {
    const { served } = this.#engine!;
    served.child.kill('SIGTERM');
    assert.deepEqual(await served.ended, { code: 0, signal: null }, served.stderr);
  }
  /** Ends the engine and starts the next one. */
  async restart(): Promise<void> {
    await this.#stop();
    await this.start();
  }
  /** Ends the engine, has its run decide again, and starts the next one on the same account. */
  async next(): Promise<void> {
    await this.#stop();
    await this.#replayed();
    await this.start();
    await this.command('resume');
    await this.trades(0);
  }
  async #replayed(): Promise<void> {
    const { code, stdout, stderr } = await this.#ground.run(['live-vs-replay', this.runDir, '--json']);
    assert.equal(code, 0, `${stdout}${stderr}`.slice(0, 4000));
    assert.equal((JSON.parse(stdout) as { readonly equal: boolean }).equal, true);
  }
  get runDir(): string {
    return this.#engine!.ready.runDir;
  }

  async #call(verb: string, args: Fields = {}): Promise<{ readonly ok: boolean; readonly answer: unknown }> {
    const input = { id: randomUUID(), verb, args, sentMs: Date.now(), issuer: { uid: process.getuid?.() ?? null, pid: process.pid, user: 'test', program: 'test' } };
    const asks = verb === 'status' || verb === 'health';
    const ask = (): Promise<{ readonly value?: unknown }> => (asks ? this.#ground.ask('engine', 'ask', { name: ENGINE_QUESTION, input }) : this.#ground.ask('engine', 'tell', { name: ENGINE_COMMAND, input }));
    for (const untilMs = performance.now() + PATIENCE_MS; ;) {
      try {
        return (await ask()).value as { readonly ok: boolean; readonly answer: unknown };
      } catch (error) {
        // A main loop that is held up by a busy machine says so; the same id again is the same command.
        if ((error as { readonly rpc?: { readonly name?: string } }).rpc?.name !== 'stalled' || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
  async command(verb: string, args: Fields = {}): Promise<void> {
    const { ok, answer } = await this.#call(verb, args);
    assert.ok(ok, `${verb}: ${JSON.stringify(answer)}`);
  }
  async health(): Promise<{ readonly feeds: { readonly books: readonly { readonly name: string; readonly state: string }[] } }> {
    return (await this.#call('health')).answer as Awaited<ReturnType<EngineScene['health']>>;
  }
  async status(): Promise<EngineStatus> {
    return (await this.#call('status')).answer as EngineStatus;
  }

  /** Decisions of the run that are with the system, from `from` on. */
  decisions(from = 0): readonly Decision[] {
    const lines = this.#ground.decisionLines(this.runDir).split('\n').slice(from, -1);
    return lines.map((line) => JSON.parse(line) as Decision);
  }

  async until(seen: () => boolean | Promise<boolean>, what: string): Promise<void> {
    if (await this.#ground.within(60_000, seen)) return;
    const last = this.decisions().slice(-60).filter(({ by, kind }) => kind === 'pause' || !by.startsWith('/market')).map((line) => JSON.stringify(line));
    const log = readFileSync(this.#ground.at('log/engine.log'), 'utf8').split('\n').slice(-10);
    throw new Error(`waited in vain: ${what}\n${JSON.stringify((await this.#call('health')).answer)}\n${JSON.stringify(await this.status())}\n${last.join('\n')}\n${log.join('\n')}`);
  }

  /** Looks until it is so or the time is over. */
  within(ms: number, seen: () => boolean): Promise<boolean> {
    return this.#ground.within(ms, seen);
  }
  /** Whether the account has a position at the venue. */
  async holds(): Promise<boolean> {
    return (await this.venue()).positions.some(({ account }) => account === this.account);
  }

  /** Resolves when `count` trades more have been opened and closed after `from` decisions. */
  async trades(from: number, count = 1): Promise<void> {
    await this.until(() => this.decisions(from).filter(({ kind }) => kind === 'trade').length >= count, `${count} trades`);
  }

  /** Starts a script of the exchange's, some of its words changed. */
  trouble(name: string, changes: Readonly<Record<string, string>> = {}): () => ScriptReport {
    return this.script(name, this.#words(name, changes));
  }
  /** Starts a script of the test's own. */
  script(name: string, text: string): () => ScriptReport {
    const { troubles } = this.opened.exchange;
    troubles.start(parseScript(text, `${name}.toml`));
    return () => troubles.report(name)!;
  }
  #words(name: string, changes: Readonly<Record<string, string>>): string {
    let text = readFileSync(`${LIBRARY}${name}.toml`, 'utf8');
    for (const [from, to] of Object.entries(changes)) {
      assert.ok(text.includes(from), `${name} has no ${from}`);
      text = text.replaceAll(from, to);
    }
    return text;
  }

  async venue(): Promise<VenueBooks> {
    return ((await this.opened.exchange.books(100_000)) as Readonly<Record<string, unknown>>)[this.product] as VenueBooks;
  }
  get account(): number {
    return this.opened.accounts.all[0]!.id;
  }

  /** Kills the engine in the midst of whatever it does, and starts the next one. */
  async crash(): Promise<void> {
    const { served } = this.#engine!;
    served.child.kill('SIGKILL');
    await served.ended;
    await this.start();
  }

  /** Lets nothing open, and waits until all is closed and certain. On spot what many trades have left may be enough to be sold: then it is. */
  async flat(): Promise<void> {
    await this.command('pause');
    if (this.product === 'spot') {
      await this.until(async () => {
        const { entries, open } = (await this.status()).trading;
        return entries === 0 && open.length === 0;
      }, 'the trades are closed');
      await this.command('close-all');
    }
    const quiet = async (): Promise<boolean> => {
      const { trading, truth, orders } = await this.status();
      return trading.entries === 0 && trading.open.length === 0 && orders.every(({ owner }) => owner === 'foreign') && truth.every(({ freshness }) => freshness === 'fresh');
    };
    await this.until(quiet, 'all is closed and the truth is fresh');
  }

  /** Closes all, compares with the exchange's books, and trades on. `position`: lots of others in the account. */
  async settle(position = 0): Promise<void> {
    this.opened.exchange.troubles.stopAll();
    await this.flat();
    await this.until(async () => await this.#same(position) === '', 'the engine and the exchange agree').catch(async (error: unknown) => {
      throw new Error(`${await this.#same(position)}\n${String(error)}`, { cause: error });
    });
    await this.command('resume');
  }

  /** Somebody else trades in the account: what is not ours is another from now on. */
  othersTrade(): void {
    this.#theirs = null;
  }

  /** What is not the same; empty when all is. */
  async #same(position: number): Promise<string> {
    const [books, status] = [await this.venue(), await this.status()];
    const mine = <T extends { readonly account: number }>(rows: readonly T[]): readonly T[] => rows.filter(({ account }) => account === this.account);
    // An order that an algo order became may have its name.
    for (const rows of [books.orders, books.algoOrders ?? []]) {
      const ids = mine(rows).map(nameOf).filter((id) => id.startsWith(OWN));
      const doubled = ids.filter((id, at) => ids.indexOf(id) !== at);
      if (doubled.length > 0) return `placed twice: ${doubled.join()}`;
    }
    const open = [...mine(books.openOrders), ...mine(books.openAlgoOrders ?? [])].map(nameOf).filter((id) => id.startsWith(OWN));
    if (open.length > 0) return `left open: ${open.join()}`;
    const ledger = status.ledger.find(({ product }) => product === this.product)!;
    const fills = mine(books.fills).length;
    if (!this.forgotten && fills !== ledger.totals.fills) return `${fills} fills at the venue, ${ledger.totals.fills} in the ledger`;
    const own = ledger.positions.reduce((sum, { ownLots }) => sum + Math.abs(ownLots), 0);
    if (own !== 0) return `${own} lots of ours are still open`;
    const whole = ledger.holdings.filter(({ dust }) => !dust);
    if (whole.length > 0) return `still held, and not too little to be sold: ${JSON.stringify(whole)}`;
    const signed = ledger.positions.reduce((sum, { signedLots }) => sum + signedLots, 0);
    if (signed !== position) return `the ledger has ${signed} lots, not ${position}`;
    const theirs = books.positions.filter(({ account }) => account === this.account).reduce((sum, { positionAmt }) => sum + Math.round(Number(positionAmt) * 1000), 0);
    if (this.product === 'usdm' && theirs !== signed) return `the venue has ${theirs} lots, the ledger ${signed}`;
    const balances = mine(books.accounts)[0]?.balances ?? {};
    if (this.product === 'spot') {
      const base = balances['BTC']!;
      const theirs = money(base.free) + money(base.locked) - ledger.holdings.reduce((sum, { quantity }) => sum + money(quantity), 0n);
      if (this.#theirs !== null && theirs !== this.#theirs) return `coins that are not ours were ${this.#theirs}, and are ${theirs}`;
      this.#theirs = theirs;
    }
    for (const [asset, text] of Object.entries(ledger.balances)) {
      const held = balances[asset];
      const total = held === undefined ? 0n : money(held.free) + money(held.locked);
      if (total !== money(text)) return `${asset}: ${JSON.stringify(held)} at the venue, ${text} in the ledger`;
    }
    return '';
  }

  /** Ends the engine in good order. Every fill at the venue is in the record once, and the run decides the same again. */
  async end(): Promise<void> {
    await this.#stop();
    const books = await this.venue();
    const written = (await this.recorded('fills')).map(({ key }) => key.split(' ')[2]!).sort();
    if (!this.forgotten) assert.deepEqual(written, books.fills.filter(({ account }) => account === this.account).map(({ id }) => String(id)).sort());
    assert.deepEqual(this.opened.defects, []);
    await this.#replayed();
  }

  /** Rows of the record, when no engine has it open. */
  async recorded(table: StoreTable): Promise<readonly StoredRow[]> {
    const store = RecordStore.open({ dir: join(this.#ground.engineEnv['FAULTLINE_VAR_DIR']!, 'accounts', 'main-demo'), nowUs: () => Date.now() * 1000 });
    const rows = [...store.rows(table)];
    await store.close();
    return rows;
  }

  async close(): Promise<void> {
    await this.#ground.close();
    await this.opened.close();
  }
}
