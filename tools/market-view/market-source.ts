/** One source of the market view: what was read of it so far, and reading on. Runs in a thread of its own (`worker.ts`). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { paramsForSymbol } from '../../config/indicators.js';
import { configSchema, DEFAULT_CONFIG, loadConfig, type Config } from '../../config/index.js';
import { LAYOUT_VERSION, WORDS_F, type RecordBatch } from '../../data/records/index.js';
import { readManifest, RunError } from '../../data/runs/index.js';
import { TapeError } from '../../data/tape/index.js';
import { instanceNames } from '../../supervisors/index.js';
import { Replay } from '../replay/replay.js';
import type { MarketInstrument, MarketProgress, MarketSymbols, MarketTail } from '../ui/wire/market.js';
import { Decisions } from './decisions.js';
import { LineTail } from './line-tail.js';
import { readRun, readTape, type RecordsAhead } from './records.js';
import { MarketScan } from './scan.js';
import type { SymbolData } from './symbol-data.js';
import { viewOf, type ViewQuery } from './view.js';

/** Memory that the columns of one source may take. */
const MOST_BYTES = 768 * 2 ** 20;
/** Blocks between two looks at that. */
const BLOCKS_A_LOOK = 16;
/** Symbols that a list names. */
const MOST_SYMBOLS = 500;

export interface MarketSourceOptions {
  /** Default 768 MiB. */
  readonly mostBytes?: number;
}

/** What is to be shown: a tape, or the folder of a run. */
export type MarketTarget = { readonly kind: 'tape' | 'run'; readonly path: string };

/** No such symbol, or a span that is none: the message says what there is. */
export class MarketQueryError extends Error {}

export class MarketSource {
  readonly #records: RecordsAhead;
  readonly #scan: MarketScan;
  readonly #decisions: Decisions;
  readonly #config: Config;
  readonly #names: ReadonlyMap<number, string>;
  readonly #byName: ReadonlyMap<string, SymbolData>;
  readonly #mostBytes: number;
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
  constructor({ kind, path }: MarketTarget, { mostBytes = MOST_BYTES }: MarketSourceOptions = {}) {
    this.#mostBytes = mostBytes;
    this.#records = kind === 'tape' ? readTape(path) : readRun(path);
    const { instruments } = this.#records;
    this.#config = kind === 'tape' ? loadConfig().config : this.#runConfig(path);
    this.#names = instanceNames(instruments);
    this.#scan = new MarketScan(instruments, this.#config);
    this.#decisions = new Decisions((control) => this.#scan.control(control), 'SLEEP');
    this.#byName = new Map(this.#scan.symbols.map((data) => [this.#names.get(data.kernel.index)!, data]));
    this.#decisionFiles = kind === 'tape' ? [] : [join(path, 'decisions.jsonl'), join(path, 'decisions.jsonl.partial')];
    this.#replay = kind === 'tape' ? this.#beginReplay() : undefined;
    if (kind === 'tape') this.#notes.push('Nobody traded on this tape: states, orders and fills are those of a replay of it with the configuration in force.');
  }

  close(): void {
    this.#records.close();
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
      for (let blocks = 1; performance.now() < until; blocks += 1) {
        const lines = this.#readLines();
        if (!this.#readBlock() && !lines) {
          this.#behind = false;
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
    const unreadable = this.#decisions.unreadable === 0 ? [] : [`${this.#decisions.unreadable} lines of the decisions are none of this version and are left out.`];
    return {
      state: this.#problem !== undefined ? 'stopped' : this.#behind ? 'reading' : this.#records.ended ? 'whole' : 'following',
      growing: this.#problem === undefined && !this.#records.ended, records, total: Math.max(records, this.#records.total), bytes, firstUs, lastUs,
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
    const data = this.#symbol(symbol);
    const { index, lastTradeTicks, bestBidTicks, bestAskTicks } = data.kernel;
    const { states, firstState } = this.#decisions.of(index);
    return {
      source, symbol, progress: this.progress(), firstUs: data.firstUs, lastUs: data.lastUs,
      lastTradeTicks, bidTicks: bestBidTicks, askTicks: bestAskTicks, state: states.at(-1)?.state ?? firstState, version: this.#version,
    };
  }

  /** @throws MarketQueryError. */
  view(source: string, query: ViewQuery): Uint8Array<ArrayBuffer> {
    const data = this.#symbol(query.symbol);
    if (!(query.toUs > query.fromUs)) throw new MarketQueryError('the span ends before it begins');
    const { symbol } = this.#records.instruments.find(({ index }) => index === data.kernel.index)!;
    return viewOf(data, this.#decisions.of(data.kernel.index), paramsForSymbol(this.#config.indicators, symbol), query, {
      source, symbol: query.symbol, instrument: this.#instrument(data), progress: this.progress(),
    }, this.#scan.lastUs);
  }

  #symbol(name: string): SymbolData {
    const data = this.#byName.get(name);
    if (data !== undefined) return data;
    const names = [...this.#byName.keys()];
    throw new MarketQueryError(`there is no symbol '${name.slice(0, 80)}' here; there ${names.length === 1 ? 'is' : 'are'} ${names.length === 0 ? 'none' : names.slice(0, 5).join(', ')}`);
  }

  #instrument(data: SymbolData): MarketInstrument {
    const { index } = data.kernel;
    const { symbol, venue, product, tickSize, lotSize, settle } = this.#records.instruments.find((one) => one.index === index)!;
    return {
      name: this.#names.get(index)!, symbol, venue, product, tickSize, lotSize, settle,
      trades: data.trades.t.length, quotes: data.quotes.t.length, liquidations: data.liquidations.t.length,
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
