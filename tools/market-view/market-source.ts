/** One source of the market view: what was read of it so far, and reading on. Runs in a thread of its own (`worker.ts`). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { paramsForSymbol } from '../../config/indicators.js';
import { configSchema, DEFAULT_CONFIG, loadConfig, type Config } from '../../config/index.js';
import { LAYOUT_VERSION, WORDS_F, type RecordBatch } from '../../data/records/index.js';
import { readManifest, RunError } from '../../data/runs/index.js';
import { TapeError } from '../../data/tape/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { Replay } from '../replay/replay.js';
import type { MarketInstrument, MarketProgress, MarketSymbols, MarketTail } from '../ui/wire/market.js';
import { Decisions } from './decisions.js';
import { LineTail } from './line-tail.js';
import { MarketQueryError } from './query-error.js';
import { readNewest, readRun, readTape, type RecordsAhead } from './records.js';
import { MarketScan } from './scan.js';
import type { SymbolData } from './symbol-data.js';
import { viewOf, type ViewQuery } from './view.js';

/** Memory that the columns of one source may take. */
const MOST_BYTES = 768 * 2 ** 20;
/** Blocks between two looks at that. */
const BLOCKS_A_LOOK = 16;
/** Of a run that is being written so many records are read before all others: somebody wants to see how things stand. */
const NEWEST_RECORDS = 120_000;
/** Symbols that a list names. */
const MOST_SYMBOLS = 500;

export interface MarketSourceOptions {
  /** Default 768 MiB. */
  readonly mostBytes?: number;
  /** Default 120,000. */
  readonly newestRecords?: number;
}

/** The newest records of a run, until all that was before them has been read too. */
interface Newest {
  readonly records: RecordsAhead;
  readonly scan: MarketScan;
}

/** What is to be shown: a tape, or the folder of a run. */
export type MarketTarget = { readonly kind: 'tape' | 'run'; readonly path: string };

export class MarketSource {
  readonly #records: RecordsAhead;
  readonly #scan: MarketScan;
  readonly #decisions: Decisions;
  readonly #config: Config;
  readonly #names: ReadonlyMap<number, string>;
  readonly #byName: ReadonlyMap<string, SymbolData>;
  readonly #mostBytes: number;
  #newest: Newest | undefined;
  readonly #notes: string[] = [];
  /** Of a run: where its decisions are written. */
  readonly #decisionFiles: readonly string[];
  /** Of a tape that nobody decided on: the product's own tree with the configuration in force, a block ahead. */
  readonly #replay: Replay | undefined;
  /** What the replay takes next. */
  #offered: RecordBatch | undefined;
  #lines: LineTail | undefined;
  #problem: string | undefined;
  #behind = true;
  #version = 0;

  /** @throws TapeError, RunError, ConfigError. */
  constructor({ kind, path }: MarketTarget, { mostBytes = MOST_BYTES, newestRecords = NEWEST_RECORDS }: MarketSourceOptions = {}) {
    this.#mostBytes = mostBytes;
    this.#records = kind === 'tape' ? readTape(path) : readRun(path);
    const { instruments } = this.#records;
    this.#config = kind === 'tape' ? loadConfig().config : this.#runConfig(path);
    this.#names = instanceNames(instruments);
    this.#scan = new MarketScan(instruments, this.#config);
    const newest = kind === 'tape' ? undefined : readNewest(path, newestRecords);
    this.#newest = newest === undefined ? undefined : { records: newest, scan: new MarketScan(newest.instruments, this.#config) };
    this.#decisions = new Decisions((control) => {
      this.#scan.control(control);
      this.#newest?.scan.control(control);
    }, 'SLEEP');
    this.#byName = new Map(this.#scan.symbols.map((data) => [this.#names.get(data.kernel.index)!, data]));
    this.#decisionFiles = kind === 'tape' ? [] : [join(path, 'decisions.jsonl'), join(path, 'decisions.jsonl.partial')];
    this.#replay = kind === 'tape' ? this.#beginReplay() : undefined;
    if (kind === 'tape') this.#notes.push('Nobody traded on this tape: states, orders and fills are those of a replay of it with the configuration in force.');
  }

  close(): void {
    this.#records.close();
    this.#newest?.records.close();
    this.#lines?.close();
  }

  /** There is more to read now. */
  get behind(): boolean {
    return this.#behind;
  }

  /** Reads on for some `ms` milliseconds. */
  read(ms: number): void {
    if (this.#problem !== undefined) {
      this.#behind = false;
      return;
    }
    const until = performance.now() + ms;
    try {
      this.#readNewest(until);
      for (let blocks = 1; performance.now() < until; blocks += 1) {
        const lines = this.#readLines();
        if (!this.#readBlock() && !lines) {
          this.#behind = false;
          this.#dropNewest();
          return;
        }
        this.#version += 1;
        if (blocks % BLOCKS_A_LOOK === 0 && this.#isFull()) return;
      }
      this.#behind = !this.#isFull();
    } catch (error) {
      if (!(error instanceof TapeError || error instanceof RunError)) throw error;
      this.#stop(`${error.message}. What lies before it is shown.${error.fix === undefined ? '' : ` ${error.fix}`}`);
    }
  }

  progress(): MarketProgress {
    const { records, firstUs, lastUs, bytes } = this.#scan;
    const newest = this.#newest?.scan;
    const unreadable = this.#decisions.unreadable === 0 ? [] : [`${this.#decisions.unreadable} lines of the decisions are none of this version and are left out.`];
    return {
      state: this.#problem !== undefined ? 'stopped' : this.#behind ? 'reading' : this.#records.ended ? 'whole' : 'following',
      growing: this.#problem === undefined && !this.#records.ended, records, total: Math.max(records, this.#records.total), bytes: bytes + (newest?.bytes ?? 0), firstUs, lastUs: Math.max(lastUs, newest?.lastUs ?? 0), newestFromUs: newest?.firstUs ?? 0,
      notes: [...(this.#problem === undefined ? [] : [this.#problem]), ...this.#records.notes, ...this.#notes, ...unreadable],
    };
  }

  symbols(source: string): MarketSymbols {
    const { symbols } = this.#scan;
    return {
      source, progress: this.progress(), omitted: Math.max(0, symbols.length - MOST_SYMBOLS),
      instruments: symbols.slice(0, MOST_SYMBOLS).map((data) => this.#instrument(data)),
    };
  }

  /** @throws MarketQueryError. */
  tail(source: string, symbol: string): MarketTail {
    const oldest = this.#symbol(symbol);
    const data = this.#newestOf(oldest) ?? oldest;
    const { index, lastTradeTicks, bestBidTicks, bestAskTicks } = data.kernel;
    const { states, firstState } = this.#decisions.of(index);
    return {
      source, symbol, progress: this.progress(), firstUs: oldest.firstUs === 0 ? data.firstUs : oldest.firstUs, lastUs: Math.max(oldest.lastUs, data.lastUs),
      lastTradeTicks, bidTicks: bestBidTicks, askTicks: bestAskTicks, state: states.at(-1)?.state ?? firstState, version: this.#version,
    };
  }

  /** @throws MarketQueryError. */
  view(source: string, query: ViewQuery): Uint8Array<ArrayBuffer> {
    const { data, endUs } = this.#shownIn(this.#symbol(query.symbol), query);
    if (!(query.toUs > query.fromUs)) throw new MarketQueryError('the span ends before it begins');
    const { symbol } = this.#records.instruments.find(({ index }) => index === data.kernel.index)!;
    return viewOf(data, this.#decisions.of(data.kernel.index), paramsForSymbol(this.#config.indicators, symbol), query, {
      source, symbol: query.symbol, instrument: this.#instrument(data), progress: this.progress(),
    }, endUs);
  }

  /** What the newest records say of a symbol. */
  #newestOf({ kernel }: SymbolData): SymbolData | undefined {
    const data = this.#newest?.scan.symbols.find((one) => one.kernel.index === kernel.index);
    return data === undefined || data.firstUs === 0 ? undefined : data;
  }

  /** Where more of a span lies: in what was read from the beginning on, or in the newest. */
  #shownIn(data: SymbolData, { fromUs, toUs }: ViewQuery): { readonly data: SymbolData; readonly endUs: number } {
    const newest = this.#newestOf(data);
    const within = ({ firstUs, lastUs }: SymbolData): number => Math.min(toUs, lastUs) - Math.max(fromUs, firstUs);
    return newest !== undefined && (data.firstUs === 0 || within(newest) >= within(data)) ? { data: newest, endUs: this.#newest!.scan.lastUs } : { data, endUs: this.#scan.lastUs };
  }

  #symbol(name: string): SymbolData {
    const data = this.#byName.get(name);
    if (data !== undefined) return data;
    const names = [...this.#byName.keys()];
    throw new MarketQueryError(`there is no symbol '${name.slice(0, 80)}' here; there ${names.length === 1 ? 'is' : 'are'} ${names.length === 0 ? 'none' : names.slice(0, 5).join(', ')}`);
  }

  #instrument(data: SymbolData): MarketInstrument {
    const { index } = data.kernel;
    const newest = this.#newestOf(data);
    const { symbol, venue, product, tickSize, lotSize, settle } = this.#records.instruments.find((one) => one.index === index)!;
    return {
      name: this.#names.get(index)!, symbol, venue, product, tickSize, lotSize, settle,
      trades: Math.max(data.trades.t.length, newest?.trades.t.length ?? 0), quotes: Math.max(data.quotes.t.length, newest?.quotes.t.length ?? 0), liquidations: Math.max(data.liquidations.t.length, newest?.liquidations.t.length ?? 0),
    };
  }

  /** The configuration that the run had, as far as this version understands it. */
  #runConfig(folder: string): Config {
    const parsed = configSchema.safeParse(readManifest(folder).config);
    if (parsed.success) return parsed.data;
    this.#notes.push('The run’s configuration is not one of this version: thresholds and indicators are those of the defaults.');
    return DEFAULT_CONFIG;
  }

  /** Lines of the decisions that are new; true when there were some. */
  #readLines(): boolean {
    if (this.#lines === undefined) {
      const path = this.#decisionFiles.find((file) => existsSync(file));
      if (path === undefined) return false;
      this.#lines = new LineTail(path);
    }
    const lines = this.#lines.next();
    for (const line of lines) this.#decisions.line(line);
    return lines.length > 0;
  }

  /** As far as it is written; lines of the decisions first, as before any block. */
  #readNewest(until: number): void {
    if (this.#newest === undefined) return;
    const { records, scan } = this.#newest;
    this.#readLines();
    for (let batch = records.next(); batch !== undefined; batch = performance.now() < until ? records.next() : undefined) {
      scan.take(batch, records.renumber);
      this.#version += 1;
    }
  }

  /** All before it has been read, and so has it. */
  #dropNewest(): void {
    this.#newest?.records.close();
    this.#newest = undefined;
  }

  #readBlock(): boolean {
    const batch = this.#records.next();
    if (batch === undefined) return false;
    if (this.#replay !== undefined && !this.#replay.ended) {
      this.#offered = batch;
      this.#replay.advance(batch.length);
    }
    this.#scan.take(batch, this.#records.renumber);
    return true;
  }

  /** Stops where the columns have taken their room. */
  #isFull(): boolean {
    const { bytes, records } = this.#scan;
    if (bytes <= this.#mostBytes) return false;
    this.#stop(`It is too large to show whole: ${records} of ${this.#records.total} records take ${Math.round(bytes / 2 ** 20)} MiB. They are shown; faultline tape export --from --to cuts another part out as CSV, which faultline tape import takes.`);
    return true;
  }

  #stop(problem: string): void {
    this.#problem = problem;
    this.#behind = false;
    this.#dropNewest();
  }

  #beginReplay(): Replay {
    return new Replay({
      header: { layoutVersion: LAYOUT_VERSION, instruments: this.#records.instruments, clocks: { receive: '', exchange: '' }, origin: [] },
      source: {
        next: (target) => {
          const batch = this.#offered;
          this.#offered = undefined;
          if (batch === undefined) return 0;
          target.F.set(batch.F.subarray(0, batch.length * WORDS_F));
          target.length = batch.length;
          return batch.length;
        },
      },
      config: this.#config, startUs: 0,
      onDecision: (decision) => this.#decisions.take(decision),
    });
  }
}
