import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEALTH_PATH, type FeedsHealth } from '../../../../actors/feeds/index.js';
import { MarketKernel, type SymbolFacts, type SymbolKernel } from '../../../../actors/market/index.js';
import { configSchema, digestOf, type Config } from '../../../../config/index.js';
import { AUX, EXTRA, Flag, ID, Kind, KIND_MASK, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../../data/records/index.js';
import { RunReader } from '../../../../data/runs/index.js';
import type { EngineBoot } from '../../../../supervisors/index.js';
import { venueInstruments } from '../../../../tools/engine/boot.js';
import { EngineClock } from '../../../../tools/engine/clock.js';
import { EngineHost } from '../../../../tools/engine/host.js';
import { EngineSession } from '../../../../tools/engine/session.js';
import { engineParts } from '../../../../tools/engine/part-table.js';
import type { EngineDoor, EnginePart } from '../../../../tools/engine/parts.js';
import { EngineStore } from '../../../../tools/engine/store/engine-store.js';
import type { ProcessLog } from '../../../../tools/process/log.js';
import { EngineRecording } from '../../../../tools/time/engine-recording.js';
import { sameFromCheckpoints } from '../../time/lived.js';
import { liveVsReplay } from '../../../../tools/runs/live-vs-replay.js';
import { beginEngineRun } from '../../../../tools/runs/engine-run.js';
import { parseScript } from '../../../../tools/exchange/troubles/index.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';

/** Longest wait of a test for anything, ms: the machine may be busy. */
const DEADLINE_MS = 60_000;
/** Levels of a side that are compared. */
const COMPARED = 100;

type Overrides = Readonly<Record<string, unknown>>;
type Side = readonly (readonly [ticks: number, lots: number])[];
interface Truth {
  readonly bids: Side;
  readonly asks: Side;
}

/** An engine in mode paper on an exchange in a box, in this process, with nothing in between but sockets. */
export class FeedsLab {
  readonly host: EngineHost;
  readonly opened: OpenedExchange;
  readonly faults: unknown[] = [];
  readonly dir: string;
  readonly runDir: string;
  /** Records by kind, and gap records by the kind of stream. */
  readonly kinds = new Map<number, number>();
  readonly gaps = new Map<number, number>();
  /** What the records say that they must not: an id twice, or a hole that no gap record tells of. */
  readonly violations: string[] = [];
  /** Why the tree ended connections, in order. */
  readonly ended: string[] = [];
  readonly #lastIds = new Map<string, number>();
  /** Of the gap record before: what it says was last, and what comes next. */
  #gapBefore: { readonly stream: string; readonly last: number; readonly next: number } | undefined;
  readonly #store: EngineStore;
  #afterRecords: () => void = () => {};
  #ended = false;

  private constructor(opened: OpenedExchange, boot: EngineBoot, config: Config, clock: EngineClock) {
    this.opened = opened;
    this.dir = mkdtempSync(join(tmpdir(), 'faultline-feeds-'));
    this.#store = EngineStore.open({ dir: join(this.dir, 'record'), account: 'test', mirror: null, nowUs: () => clock.nowUs() });
    const writer = beginEngineRun(boot, { config, digest: digestOf(config) }, { root: join(this.dir, 'runs') });
    this.runDir = writer.folder;
    const access = { origins: opened.origins, keys: null, ca: null };
    const log = new Proxy({}, { get: () => () => {} }) as ProcessLog;
    this.host = new EngineHost({
      boot: writer.boot as EngineBoot, config, clock, writer, log,
      parts: (door) => engineParts(this.#watched(door), { access, config, store: this.#store }).map((part) => this.#overheard(part)),
      onFault: (error) => this.faults.push(error),
      onRunFailed: (error) => this.faults.push(error),
      onGaveUp: () => this.faults.push(new Error('the root has given up')),
    });
    this.host.start();
  }

  /** `feeds` and the like lie over the configuration's `[engine]`, `more` over all of it. */
  static async open(opened: OpenedExchange, engine: Overrides = {}, symbols: Config['engine']['symbols'] = { spot: [], usdm: ['BTCUSDT'], options: [] }, more: Overrides = {}): Promise<FeedsLab> {
    const config = configSchema.parse({ engine: { mode: 'paper', symbols, ...engine }, ...more });
    const { instruments, rules } = await venueInstruments(symbols, opened.origins, DEADLINE_MS);
    const clock = new EngineClock(opened.exchange.clockNow());
    return new FeedsLab(opened, { mode: 'paper', startUs: clock.nowUs(), speed: clock.speed, instruments, rules, recovered: [] }, config, clock);
  }

  #overheard(part: EnginePart): EnginePart {
    const { effects } = part;
    const close = effects['socket.close'];
    if (close === undefined) return part;
    const heard: EnginePart['effects'] = { ...effects, 'socket.close': (payload) => {
      this.ended.push(payload.reason);
      close(payload);
    } };
    return Object.create(part, { effects: { value: heard } }) as EnginePart;
  }

  #watched(door: EngineDoor): EngineDoor {
    return {
      ...door,
      records: (batch, from, to) => {
        this.#look(batch, from, to);
        door.records(batch, from, to);
        this.#afterRecords();
      },
    };
  }

  #look(batch: { readonly F: Float64Array; readonly I: Int32Array }, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const kind = batch.I[at * WORDS_I + TAG]! & KIND_MASK;
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
      this.#follow(batch, at);
      if (kind === Kind.GAP) this.gaps.set(batch.I[at * WORDS_I + EXTRA]!, (this.gaps.get(batch.I[at * WORDS_I + EXTRA]!) ?? 0) + 1);
    }
  }

  /** What lanes with sockets of their own bring is seen on the run's tape alone. */
  lookAtTape(): void {
    this.kinds.clear();
    this.gaps.clear();
    this.#lastIds.clear();
    this.violations.length = 0;
    const feed = RunReader.open(this.runDir).feed();
    for (let step = feed.next(); step !== undefined; step = feed.next()) if (step.kind === 'records') this.#look(step.batch, step.from, step.to);
    feed.close();
  }

  /** Every trade and every diff comes once, and follows the one before it or a record that tells of the hole. */
  #follow({ F, I }: { readonly F: Float64Array; readonly I: Int32Array }, at: number): void {
    const tag = I[at * WORDS_I + TAG]!;
    const kind = tag & KIND_MASK;
    const id = F[at * WORDS_F + ID]!;
    if (kind === Kind.GAP) {
      this.#gapBefore = { stream: `${tag >>> SYMBOL_SHIFT} ${I[at * WORDS_I + EXTRA]!}`, last: id, next: F[at * WORDS_F + AUX]! };
      return;
    }
    const trade = kind === Kind.AGG_TRADE;
    if (!trade && (kind !== Kind.DEPTH || (tag & Flag.FIRST) === 0)) return;
    const stream = `${tag >>> SYMBOL_SHIFT} ${kind}`;
    const last = this.#lastIds.get(stream);
    const first = trade ? id : id - I[at * WORDS_I + EXTRA]!;
    const gap = this.#gapBefore?.stream === stream && this.#gapBefore.last === last && this.#gapBefore.next === first;
    this.#gapBefore = undefined;
    this.#lastIds.set(stream, id);
    if (last === undefined) return;
    if (id <= last && !gap) this.violations.push(`${stream}: ${id} after ${last}`);
    const follows = trade ? id === last + 1 : F[at * WORDS_F + AUX]! <= last;
    if (!follows && !gap) this.violations.push(`${stream}: a hole between ${last} and ${first}`);
  }

  facts(index: number): SymbolFacts {
    return this.host.session.kernel.facts(index)!;
  }

  symbol(index = 0): SymbolKernel {
    const { kernel } = this.host.session;
    assert.ok(kernel instanceof MarketKernel);
    return kernel.symbol(index)!;
  }

  health(): FeedsHealth {
    let found: FeedsHealth | undefined;
    const { runtime } = this.host.session;
    runtime.ask<FeedsHealth>(HEALTH_PATH, { type: 'feeds.health' }, 1000, (result) => void (found = result.ok ? result.value : undefined));
    runtime.drain();
    assert.ok(found !== undefined, 'health answers');
    return found;
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const endMs = Date.now() + DEADLINE_MS;
    while (!holds()) {
      if (this.faults.length > 0) throw this.faults[0];
      if (Date.now() > endMs) throw new Error(`waited in vain until ${what}: ${this.summary()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** For the message of a test that fails. */
  summary(): string {
    const { problems, feeds, books } = this.health();
    const lines = feeds.map((one) => `${one.feed} ${one.phase} ${one.up ? 'up' : 'down'} ${one.reason}; connects ${one.connects}, rollovers ${one.rollovers}, frames ${one.frames}, gaps ${one.gaps}`);
    return [...problems, ...lines, JSON.stringify(books), JSON.stringify([...this.gaps])].join('\n');
  }

  /** Everything comes and every book is in step. */
  async healthy(): Promise<void> {
    await this.until(() => this.health().ok, 'all is well');
  }

  /** Counts over all feeds. */
  total(of: 'reconnects' | 'rollovers' | 'duplicates' | 'gaps' | 'refused' | 'connects'): number {
    return this.health().feeds.reduce((sum, feed) => sum + feed[of], 0);
  }

  book(): FeedsHealth['books'][number] {
    const [first] = this.health().books;
    assert.ok(first !== undefined);
    return first;
  }

  /** Records that were dropped because they had come. */
  get duplicates(): number {
    return this.host.metrics()['sockets.duplicates']!;
  }

  /** Waits until the script has ended. */
  async over(name: string): Promise<void> {
    await this.until(() => this.opened.exchange.troubles.reports().find((report) => report.name === name)?.running === false, `${name} is over`);
  }

  /** Starts a script of troubles written here. */
  trouble(name: string, toml: string): void {
    this.opened.exchange.troubles.start(parseScript(`summary = "${name}"\n${toml}`, `${name}.toml`));
  }

  /**
   * The kernel's book is the exchange's own, level by level, at the same update id: looked at right after the records that brought it there.
   */
  async sameBook(index = 0, product: 'spot' | 'usdm' = 'usdm', symbol = 'BTCUSDT'): Promise<void> {
    const feed = this.opened.exchange.products.find(({ name }) => name === product)!.feed!;
    const { data } = feed.symbol(symbol)!;
    const truths = new Map<number, Truth>();
    const { hub } = feed;
    const publish = hub.publish;
    const stream = `${symbol.toLowerCase()}@depth@100ms`;
    let compared = false;
    let failure: unknown;
    hub.publish = (name, makeText) => {
      // Its diff has been made: the book is as that diff leaves it.
      if (name === stream && !compared) truths.set((JSON.parse(makeText('ms')) as { readonly u: number }).u, top(data.depth.partial(COMPARED)));
      publish.call(hub, name, makeText);
    };
    this.#afterRecords = () => {
      const kernel = this.symbol(index);
      const truth = kernel.book === null || !kernel.live ? undefined : truths.get(kernel.book.lastId);
      if (truth === undefined || compared) return;
      compared = true;
      try {
        assert.deepEqual(levelsOf(kernel, 'bid', truth.bids.length), truth.bids);
        assert.deepEqual(levelsOf(kernel, 'ask', truth.asks.length), truth.asks);
        assert.ok(truth.bids.length > 20 && truth.asks.length > 20);
      } catch (error) {
        failure = error;
      }
    };
    try {
      await this.until(() => compared, 'the kernel has a book that the exchange had');
    } finally {
      hub.publish = publish;
      this.#afterRecords = () => {};
    }
    if (failure !== undefined) throw failure;
  }

  /** Ends the engine in good order, and holds its run against a replay of it. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.host.session instanceof EngineSession) assert.equal(this.host.metrics()['records'], [...this.kinds.values()].reduce((sum, count) => sum + count, 0), 'every record that was handed in was taken');
    await this.host.quiet();
    this.host.endRun({ code: 0, reason: 'the test is over' });
    await this.host.stopTree();
    await this.host.close();
    const { decisions, records } = this.host.metrics();
    if (!(this.host.session instanceof EngineSession)) {
      this.lookAtTape();
      assert.equal([...this.kinds.values()].reduce((sum, count) => sum + count, 0), records, 'every record is on the tape');
      assert.deepEqual(this.violations, []);
    }
    const { equal, whole, firstDifference, problem, decisions: replayed } = await liveVsReplay(this.runDir);
    assert.deepEqual({ equal, whole, firstDifference, problem, replayed }, { equal: true, whole: true, firstDifference: null, problem: null, replayed: decisions });
    try {
      // Lanes whose sockets brought the market: at any moment the tree is had again.
      if (!(this.host.session instanceof EngineSession)) sameFromCheckpoints(new EngineRecording(RunReader.open(this.runDir)), 61);
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
    if (this.faults.length > 0) throw this.faults[0];
  }
}

function top({ bids, asks }: { readonly bids: readonly number[]; readonly asks: readonly number[] }): Truth {
  const pairs = (side: readonly number[]): Side => side.flatMap((ticks, at) => (at % 2 === 0 ? [[ticks, side[at + 1]!] as const] : []));
  return { bids: pairs(bids), asks: pairs(asks) };
}

function levelsOf(kernel: SymbolKernel, side: 'bid' | 'ask', count: number): Side {
  const found: [number, number][] = [];
  for (let price = kernel.nextPrice(side, 0); price !== 0 && found.length < count; price = kernel.nextPrice(side, price)) found.push([price, kernel.lotsAt(side, price)]);
  return found;
}
