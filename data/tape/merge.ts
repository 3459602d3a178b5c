import { resolve } from 'node:path';
import { compareDecimal, parseDecimal } from '../instruments/decimal.js';
import {
  allocateBatch, BLOCK_RECORDS, Flag, Kind, KIND_MASK, LAYOUT_VERSION, MAX_SYMBOLS, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument,
} from '../records/index.js';
import { TapeClock } from './clock.js';
import { TapeError } from './error.js';
import type { TapeHeader, TapeOrigin } from './header.js';
import { TapeReader } from './reader.js';
import { partialPath, TapeWriter, type TapeSummary, type TapeWriterOptions } from './writer.js';

const TAG_LOW_MASK = (1 << SYMBOL_SHIFT) - 1;

/**
 * Makes one tape of several: records by the clock of their tape, records of the same time in the order of `inputs`.
 * Each input keeps its own order, and a message of several records (a depth diff, a snapshot) stays in one piece.
 * An instrument that several inputs name (same venue and symbol) becomes one. Yields the records written so far, now and
 * then; the value at its end is the summary.
 * @throws TapeError `mixed` when inputs disagree on an instrument; what the reader and the writer throw. The unfinished
 *   output stays as `.partial`.
 */
export function* mergeTapes(inputs: readonly string[], out: string, options: TapeWriterOptions = {}): Generator<number, TapeSummary> {
  const sources: MergeSource[] = [];
  let writer: TapeWriter | undefined;
  try {
    for (const path of inputs) {
      if (resolve(path) === resolve(partialPath(out))) throw new TapeError('exists', `${path}: would be replaced by the output while it is read`, 'rename it, or choose another --out');
      sources.push(new MergeSource(TapeReader.open(path)));
    }
    const instruments = new InstrumentTable();
    for (const source of sources) source.symbolMap = instruments.add(source.reader.path, source.reader.header.instruments);
    writer = TapeWriter.create(out, mergedHeader(instruments.instruments, sources.map((source) => source.reader.header)), options);
    let live = sources.filter((source) => source.load());
    let reported = 0;
    while (live.length > 0) {
      let next = live[0];
      for (const source of live) if (source.nowUs < next.nowUs) next = source;
      next.emitMessage(writer);
      if (next.exhausted) live = live.filter((source) => source !== next);
      if (writer.records - reported >= BLOCK_RECORDS) {
        reported = writer.records;
        yield reported;
      }
    }
    return writer.close();
  } finally {
    // After close() this does nothing; after an error or an abandoned iteration it keeps the complete blocks.
    writer?.abort();
    for (const source of sources) source.reader.close();
  }
}

/** One input: a cursor over its records and the clock at the record under it. */
class MergeSource {
  readonly reader: TapeReader;
  /** Index in the output of each of this input's instruments. */
  symbolMap: readonly number[] = [];
  exhausted = false;
  readonly #clock = new TapeClock();
  readonly #batch = allocateBatch(BLOCK_RECORDS);
  #at = 0;

  constructor(reader: TapeReader) {
    this.reader = reader;
  }

  /** Clock of this input at the record under the cursor, µs. */
  get nowUs(): number {
    return this.#clock.nowUs;
  }

  /** Takes the next block and stands on its first record; false at the end. */
  load(): boolean {
    const count = this.reader.next(this.#batch);
    this.exhausted = count === 0;
    this.#at = 0;
    for (let record = 0; record < count; record += 1) {
      const i = record * WORDS_I + TAG;
      const tag = this.#batch.I[i];
      this.#batch.I[i] = (tag & TAG_LOW_MASK) | (this.symbolMap[tag >>> SYMBOL_SHIFT] << SYMBOL_SHIFT);
    }
    if (count > 0) this.#clock.observe(this.#batch.F, 0);
    return count > 0;
  }

  /** Appends the record under the cursor and, when it begins a message, those up to the message's end. */
  emitMessage(writer: TapeWriter): void {
    const first = this.#tag();
    writer.append(this.#batch, this.#at, this.#at + 1);
    let last = first;
    while (this.#advance() && belongsToMessage(first, last, this.#tag())) {
      last = this.#tag();
      writer.append(this.#batch, this.#at, this.#at + 1);
    }
  }

  #tag(): number {
    return this.#batch.I[this.#at * WORDS_I + TAG];
  }

  #advance(): boolean {
    this.#at += 1;
    if (this.#at >= this.#batch.length) return this.load();
    this.#clock.observe(this.#batch.F, this.#at * WORDS_F);
    return true;
  }
}

/** Whether a record continues the message that began with `first` and whose latest record was `previous`. */
function belongsToMessage(first: number, previous: number, tag: number): boolean {
  const kind = first & KIND_MASK;
  if (kind !== Kind.DEPTH && kind !== Kind.SNAPSHOT) return false;
  if ((previous & Flag.LAST) !== 0 || (tag & Flag.FIRST) !== 0) return false;
  return (tag & KIND_MASK) === kind && tag >>> SYMBOL_SHIFT === first >>> SYMBOL_SHIFT;
}

/** The instruments of the output, one for each venue and symbol. */
class InstrumentTable {
  readonly instruments: Instrument[] = [];
  readonly #byName = new Map<string, { index: number; path: string }>();

  /** Adds an input's instruments and returns their indexes in the output. */
  add(path: string, instruments: readonly Instrument[]): number[] {
    return instruments.map((instrument) => {
      const name = `${instrument.venue} ${instrument.symbol}`;
      const known = this.#byName.get(name);
      if (known === undefined) {
        const index = this.instruments.length;
        if (index >= MAX_SYMBOLS) throw new TapeError('mixed', `the inputs name more than ${MAX_SYMBOLS} instruments`);
        this.#byName.set(name, { index, path });
        this.instruments.push({ ...instrument, index });
        return index;
      }
      this.instruments[known.index] = agreed(this.instruments[known.index], instrument, known.path, path);
      return known.index;
    });
  }
}

/** One instrument of two descriptions; a stated field wins over an inferred one where records do not depend on it. */
function agreed(a: Instrument, b: Instrument, pathA: string, pathB: string): Instrument {
  for (const field of ['tickSize', 'lotSize'] as const) {
    // Records count ticks and lots: of two sizes one would be wrong for half of them.
    if (!sameDecimal(a[field], b[field])) {
      throw new TapeError(
        'mixed',
        `${a.venue} ${a.symbol} has ${field} ${a[field]} in ${pathA} and ${b[field]} in ${pathB}`,
        `import both with the same ${field === 'tickSize' ? '--tick-size' : '--lot-size'}`,
      );
    }
  }
  const choose = <F extends 'product' | 'multiplier' | 'settle'>(field: F): Instrument[F] => {
    const same = field === 'multiplier' ? sameDecimal(a[field], b[field]) : a[field] === b[field];
    if (same || b.inferred.includes(field)) return a[field];
    if (a.inferred.includes(field)) return b[field];
    throw new TapeError('mixed', `${a.venue} ${a.symbol} has ${field} ${a[field]} in ${pathA} and ${b[field]} in ${pathB}`, 'import both with the same options');
  };
  return {
    ...a,
    product: choose('product'),
    multiplier: choose('multiplier'),
    settle: choose('settle'),
    inferred: a.inferred.filter((field) => b.inferred.includes(field)),
  };
}

function sameDecimal(a: string, b: string): boolean {
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  return left !== undefined && right !== undefined && compareDecimal(left, right) === 0;
}

function mergedHeader(instruments: readonly Instrument[], headers: readonly TapeHeader[]): TapeHeader {
  const origin = new Map<string, TapeOrigin>();
  for (const header of headers) for (const source of header.origin) origin.set(JSON.stringify([source.file, source.sha256, source.bytes, source.format]), source);
  const clock = (which: 'receive' | 'exchange'): string => {
    const names = new Set(headers.map((header) => header.clocks[which]));
    if (names.size > 1) names.delete('none');
    return [...names].join(' + ').slice(0, 200);
  };
  return { layoutVersion: LAYOUT_VERSION, instruments, clocks: { receive: clock('receive'), exchange: clock('exchange') }, origin: [...origin.values()] };
}
