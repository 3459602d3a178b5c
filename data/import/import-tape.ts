import { KIND_MASK, KIND_NAMES, LAYOUT_VERSION, TAG, WORDS_I, type Instrument, type RecordBatch } from '../records/index.js';
import type { TapeHeader, TapeOrigin } from '../tape/index.js';
import { basename } from 'node:path';
import { stat } from 'node:fs/promises';
import { hasConsecutiveTradeIds } from '../instruments/rules.js';
import { BadRow, ImportError } from './import-error.js';
import { chooseFormat, InputLane, sampleFile, type BadRowNote, type ReadNotes } from './input-lane.js';
import { mergeLanes } from './merge-lanes.js';
import { NAMES_NO_SYMBOL, RecordSink, type SinkCounts, type StatedSteps } from './record-sink.js';
import { resolveInstrument, stepOption, type ResolvedInstrument, type StatedSizes } from './resolve-instrument.js';
import { SequenceGuard, type RecordWriter, type SequenceCounts } from './sequence-guard.js';
import { SymbolStats } from './size-stats.js';
import { sha256, type ReadProgress } from './source.js';
import { SymbolTable } from './symbol-table.js';
import { VENUE_PATTERN, venueOfName } from './venue-alias.js';

export interface ImportOptions {
  /** Paths, in the order that settles equal stamps. */
  readonly inputs: readonly string[];
  /** A format id or `auto`. */
  readonly format: string;
  /** A venue id; may be left out where the files name it. */
  readonly venue?: string | undefined;
  /** Symbols to take; all that occur when left out. */
  readonly symbols?: readonly string[] | undefined;
  readonly sizes?: StatedSizes;
  /** Leave bad rows out and count them; else the first one ends the import before anything is created. */
  readonly skipBadRows?: boolean;
  /** Packed bytes read in a pass, of `total`. May throw to stop. */
  readonly onProgress?: (pass: 'checking' | 'writing', done: number, total: number) => void;
}

/** What an import made and what it met on the way. */
export interface ImportReport {
  readonly venue: string;
  readonly instruments: readonly Instrument[];
  readonly inputs: readonly TapeOrigin[];
  readonly records: number;
  /** Records by the name of their kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Lines or JSON values read. */
  readonly frames: number;
  readonly badRows: number;
  readonly firstBadRows: readonly BadRowNote[];
  readonly sequence: SequenceCounts;
  readonly rounded: SinkCounts;
  /** Messages that no record kind holds, by what they are. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Messages of symbols that were not asked for. */
  readonly otherSymbols: readonly string[];
}

interface Scan {
  readonly names: readonly string[];
  readonly stats: readonly SymbolStats[];
  /** The symbol of messages that name none. */
  readonly unnamed: string | undefined;
  readonly hashes: readonly string[];
  readonly formats: readonly string[];
  readonly receive: boolean;
  readonly exchange: boolean;
  readonly otherSymbols: readonly string[];
}

/**
 * Reads the inputs twice: once to check every row and learn symbols and sizes, once to write. `openWriter` is called
 * between the two, so that refused input creates nothing.
 * @throws ImportError, and whatever the writer throws.
 */
export async function importTape(options: ImportOptions, openWriter: (header: TapeHeader) => RecordWriter): Promise<ImportReport> {
  if (options.inputs.length === 0) throw new ImportError('usage', 'there is no input file');
  const sizes = options.sizes ?? {};
  const stated: StatedSteps = {
    tick: sizes.tickSize === undefined ? undefined : stepOption('--tick-size', sizes.tickSize),
    lot: sizes.lotSize === undefined ? undefined : stepOption('--lot-size', sizes.lotSize),
  };
  const venue = await settleVenue(options);
  const learned = new Map<string, Map<string, number>>();
  const scan = await scanInputs(options, venue, learned, stated);
  const resolved = scan.names.map((name, index) => resolveInstrument(index, name, venue, sizes, scan.stats[index]!));
  const instruments = resolved.map(({ instrument }) => instrument);
  const origin: TapeOrigin[] = [];
  for (const [index, path] of options.inputs.entries()) {
    origin.push({ file: basename(path), sha256: scan.hashes[index]!, bytes: (await stat(path)).size, format: scan.formats[index]! });
  }
  const header: TapeHeader = {
    layoutVersion: LAYOUT_VERSION,
    instruments,
    clocks: { receive: scan.receive ? 'recorder' : 'none', exchange: scan.exchange ? 'venue' : 'none' },
    origin,
  };
  const counter = new CountingWriter(openWriter(header));
  const guard = new SequenceGuard(instruments, counter);
  const counts: SinkCounts = { roundedPrices: 0, roundedQuantities: 0 };
  const notes = freshNotes();
  const unnamedAs = scan.unnamed === undefined ? undefined : scan.names.indexOf(scan.unnamed);
  await writeInputs(options, venue, learned, resolved, unnamedAs, counts, notes, guard);
  guard.end();
  return {
    venue,
    instruments,
    inputs: origin,
    records: counter.records,
    kinds: counter.kinds(),
    frames: notes.frames,
    badRows: notes.badRows,
    firstBadRows: notes.firstBadRows,
    sequence: guard.counts,
    rounded: counts,
    ignored: Object.fromEntries([...notes.ignored].sort(([a], [b]) => (a < b ? -1 : 1))),
    otherSymbols: scan.otherSymbols,
  };
}

function freshNotes(): ReadNotes {
  return { frames: 0, badRows: 0, firstBadRows: [], ignored: new Map(), formats: new Map() };
}

async function settleVenue(options: ImportOptions): Promise<string> {
  if (options.venue !== undefined) {
    const venue = venueOfName(options.venue);
    if (options.venue !== options.venue.toLowerCase() || !VENUE_PATTERN.test(venue) || venue.length > 64) {
      throw new ImportError('usage', `${JSON.stringify(options.venue)} is not a venue id`, 'binance-spot, binance-usdm, binance-coinm, deribit, or any other lower-case name');
    }
    return venue;
  }
  for (const path of options.inputs) {
    const { sample, label } = await sampleFile(path);
    const venue = chooseFormat(options.format, sample, label).venue(sample);
    if (venue !== undefined && VENUE_PATTERN.test(venue)) return venue;
  }
  throw new ImportError('usage', 'the files do not name their venue', 'say it with --venue: binance-spot, binance-usdm, binance-coinm, deribit, or any other lower-case name');
}

async function scanInputs(options: ImportOptions, venue: string, learned: Map<string, Map<string, number>>, stated: StatedSteps): Promise<Scan> {
  const symbols = new SymbolTable(options.symbols, venue);
  const sink = new RecordSink(symbols, undefined, { roundedPrices: 0, roundedQuantities: 0 }, stated);
  const notes = freshNotes();
  const hashes: string[] = [];
  const total = await totalBytes(options.inputs);
  let before = 0;
  for (const path of options.inputs) {
    const progress: ReadProgress = { bytes: 0, hash: sha256() };
    const base = before;
    const lane = new InputLane({
      path, format: options.format, venue, skipBadRows: options.skipBadRows === true, sink, notes, progress, learned,
      onChunk: () => options.onProgress?.('checking', base + progress.bytes, total),
    });
    try {
      while (await lane.advance()) sink.clear();
    } finally {
      await lane.close();
    }
    before += progress.bytes;
    hashes.push(progress.hash!.digest('hex'));
  }
  const unnamed = nameUnnamed(sink, symbols, options);
  const kept = symbols.names.map((name, index) => ({ name, stats: sink.stats[index] ?? new SymbolStats() }))
    .filter(({ stats }) => options.symbols !== undefined || stats.records > 0);
  const absent = kept.filter(({ stats }) => stats.records === 0).map(({ name }) => name);
  const others = [...symbols.ignored.keys()].sort();
  const present = [...kept.filter(({ stats }) => stats.records > 0).map(({ name }) => name), ...others];
  if (absent.length > 0 || kept.length === 0) throw nothingFound(options, absent, present, notes);
  return {
    names: kept.map(({ name }) => name),
    stats: kept.map(({ stats }) => stats),
    unnamed,
    hashes,
    formats: options.inputs.map((path) => notes.formats.get(path) ?? options.format),
    receive: sink.anyReceived,
    exchange: sink.anyExchange,
    otherSymbols: others,
  };
}

/**
 * Gives what names no symbol (REST snapshots) to the only symbol there is: the one that everything else is of, or the
 * one that was asked for when nothing in the files is named. Returns its name, undefined when it cannot be told.
 */
function nameUnnamed(sink: RecordSink, symbols: SymbolTable, options: ImportOptions): string | undefined {
  if (sink.unnamed.records === 0) return undefined;
  const present = symbols.names.filter((_, index) => (sink.stats[index]?.records ?? 0) > 0);
  const named = [...present, ...symbols.ignored.keys()];
  const only = named.length === 1 ? present[0] : named.length === 0 && symbols.names.length === 1 ? symbols.names[0] : undefined;
  if (only !== undefined) {
    const index = symbols.names.indexOf(only);
    (sink.stats[index] ??= new SymbolStats()).absorb(sink.unnamed);
    return only;
  }
  if (named.length === 0) throw new ImportError('usage', `nothing in ${options.inputs.join(', ')} names a symbol`, 'say which one with --symbol');
  if (named.length > 1 && options.skipBadRows !== true) {
    throw new ImportError('badInput', `${options.inputs.join(', ')}: a snapshot or reply ${NAMES_NO_SYMBOL} (${named.slice(0, 10).join(', ')})`, 'leave such messages out with --skip-bad-rows');
  }
  return undefined;
}

function nothingFound(options: ImportOptions, absent: readonly string[], present: readonly string[], notes: ReadNotes): ImportError {
  const files = options.inputs.map((path) => basename(path)).join(', ');
  const bad = notes.firstBadRows[0];
  if (absent.length > 0 && present.length > 0) {
    const listed = present.slice(0, 20).join(', ') + (present.length > 20 ? ` and ${present.length - 20} more` : '');
    return new ImportError('badInput', `${absent.join(', ')} does not occur in ${files}`, `the files hold ${listed}`);
  }
  if (notes.badRows > 0) return new ImportError('badInput', `${files}: all ${notes.badRows} rows are bad; the first, line ${bad?.line ?? 0}: ${bad?.reason ?? ''}`);
  const ignored = [...notes.ignored.keys()].slice(0, 5).join(', ');
  return new ImportError('badInput', `${files}: holds no market data that a tape can hold${ignored === '' ? '' : ` (only ${ignored})`}`);
}

async function writeInputs(
  options: ImportOptions, venue: string, learned: Map<string, Map<string, number>>, resolved: readonly ResolvedInstrument[], unnamedAs: number | undefined,
  counts: SinkCounts, notes: ReadNotes, guard: SequenceGuard,
): Promise<void> {
  const total = await totalBytes(options.inputs);
  const symbols = new SymbolTable(resolved.map(({ instrument }) => instrument.symbol), venue);
  const progresses = options.inputs.map((): ReadProgress => ({ bytes: 0 }));
  const lanes = options.inputs.map((path, index) => new InputLane({
    path, format: options.format, venue, skipBadRows: options.skipBadRows === true,
    sink: new RecordSink(symbols, resolved, counts, {}, unnamedAs), notes, progress: progresses[index]!, learned,
    onChunk: () => options.onProgress?.('writing', progresses.reduce((sum, { bytes }) => sum + bytes, 0), total),
  }));
  const rules = { consecutiveTrades: hasConsecutiveTradeIds(venue) };
  const sequenced = { consecutiveTrades: true };
  try {
    await mergeLanes(lanes, (batch, from, to, lane) => {
      const deribitJson = venue === 'deribit' && notes.formats.get(options.inputs[lane]!) !== 'tardis-csv';
      guard.append(batch, from, to, deribitJson ? sequenced : rules);
    });
  } catch (error) {
    // The first pass has seen every row, so only a file that changes meanwhile can get here.
    throw error instanceof BadRow ? new ImportError('badInput', error.message) : error;
  } finally {
    for (const lane of lanes) await lane.close();
  }
}

async function totalBytes(paths: readonly string[]): Promise<number> {
  let total = 0;
  for (const path of paths) total += await stat(path).then((info) => info.size, () => 0);
  return total;
}

/** Counts what goes through to the tape. */
class CountingWriter implements RecordWriter {
  records = 0;
  readonly #writer: RecordWriter;
  readonly #kinds = new Float64Array(256);

  constructor(writer: RecordWriter) {
    this.#writer = writer;
  }

  append(batch: RecordBatch, from: number, to: number): void {
    for (let record = from; record < to; record += 1) this.#kinds[batch.I[record * WORDS_I + TAG]! & KIND_MASK]! += 1;
    this.records += to - from;
    if (to > from) this.#writer.append(batch, from, to);
  }

  kinds(): Record<string, number> {
    const kinds: Record<string, number> = {};
    KIND_NAMES.forEach((name, kind) => {
      if (this.#kinds[kind]! > 0) kinds[name] = this.#kinds[kind]!;
    });
    return kinds;
  }
}
