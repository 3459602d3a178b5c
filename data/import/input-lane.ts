import type { RecordBatch } from '../records/index.js';
import { formatOf, guessFormat, FORMATS } from './formats/index.js';
import { symbolOfArchiveName } from './formats/binance-archive.js';
import { sampleOf, type Decoder, type DecoderContext, type Format, type Sample } from './formats/format.js';
import { JsonFramer, LineFramer, type Framer } from './framing.js';
import { BadRow, DamagedInput, ImportError, quoteForeign } from './import-error.js';
import type { Lane } from './merge-lanes.js';
import type { RecordSink } from './record-sink.js';
import { openSource, type ReadProgress, type SourcePart } from './source.js';
import { venueOfName } from './venue-alias.js';

const SAMPLE_BYTES = 64 * 1024;
/** Bad rows that a report names one by one. */
export const LISTED_BAD_ROWS = 10;

export interface BadRowNote {
  readonly file: string;
  /** Line, or number of the JSON value, counted from 1; 0 for the file as a whole. */
  readonly line: number;
  readonly reason: string;
}

/** What reading the inputs brought to light; one for a whole pass. */
export interface ReadNotes {
  frames: number;
  badRows: number;
  readonly firstBadRows: BadRowNote[];
  /** Messages that are no market data, by what they are. */
  readonly ignored: Map<string, number>;
  /** Format ids by input path. */
  readonly formats: Map<string, string>;
}

export interface LaneOptions {
  readonly path: string;
  /** A format id, or `auto`. */
  readonly format: string;
  readonly venue: string;
  readonly skipBadRows: boolean;
  readonly sink: RecordSink;
  readonly notes: ReadNotes;
  readonly progress: ReadProgress;
  /** What parts learned in the first pass, by label. */
  readonly learned: Map<string, Map<string, number>>;
  /** Called between chunks; may throw. */
  readonly onChunk: () => void;
}

const KNOWN_VENUES = new Set(['binance-spot', 'binance-usdm', 'binance-coinm', 'deribit']);

/** Reads one input file into a sink, a chunk at a time. */
export class InputLane implements Lane {
  readonly #options: LaneOptions;
  readonly #steps: AsyncGenerator<void, void, void>;
  #label = '';
  #number = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#steps = this.#read();
  }

  get batch(): RecordBatch {
    return this.#options.sink.batch;
  }

  get complete(): number {
    return this.#options.sink.complete;
  }

  async advance(): Promise<boolean> {
    const { sink } = this.#options;
    sink.clear();
    for (;;) {
      const { done } = await this.#steps.next();
      if (sink.complete > 0) return true;
      if (done === true) return false;
    }
  }

  async close(): Promise<void> {
    await this.#steps.return();
  }

  async *#read(): AsyncGenerator<void, void, void> {
    const source = await openSource(this.#options.path, this.#options.progress);
    for await (const part of source.parts()) yield* this.#part(part);
  }

  async *#part(part: SourcePart): AsyncGenerator<void, void, void> {
    this.#label = part.label;
    this.#number = 0;
    const chunks = part.chunks()[Symbol.asyncIterator]();
    try {
      const { head, ended } = await this.#head(chunks);
      const sample = sampleOf(part.name, head.subarray(0, SAMPLE_BYTES), ended);
      const format = chooseFormat(this.#options.format, sample, part.label);
      this.#options.notes.formats.set(this.#options.path, format.id);
      const decoder = format.open(sample, this.#context(part));
      const onFrame = (bytes: Buffer, start: number, end: number, number: number): void => this.#frame(decoder, bytes, start, end, number);
      const framer: Framer = format.framing(sample) === 'json' ? new JsonFramer(part.label, onFrame) : new LineFramer(part.label, onFrame);
      yield* this.#chunks(framer, head, ended, chunks);
      this.#attempt(() => decoder.end());
    } finally {
      await chunks.return?.(undefined);
    }
    yield;
  }

  async *#chunks(framer: Framer, head: Buffer, ended: boolean, chunks: AsyncIterator<Buffer>): AsyncGenerator<void, void, void> {
    try {
      framer.push(head);
      yield;
      while (!ended) {
        const next = await chunks.next();
        if (next.done === true) break;
        framer.push(next.value);
        this.#options.onChunk();
        yield;
      }
      framer.end();
    } catch (error) {
      // A file that is cut or damaged is one bad row at its end; what came before it is good.
      if (!(error instanceof DamagedInput) || !this.#options.skipBadRows) throw error;
      this.#note(0, error.reason);
    }
  }

  async #head(chunks: AsyncIterator<Buffer>): Promise<{ head: Buffer; ended: boolean }> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    while (bytes < SAMPLE_BYTES) {
      let next: IteratorResult<Buffer, unknown>;
      try {
        next = await chunks.next();
      } catch (error) {
        // A short file that is cut: what it held may still be wanted.
        if (!(error instanceof DamagedInput) || bytes === 0 || !this.#options.skipBadRows) throw error;
        this.#note(0, error.reason);
        return { head: Buffer.concat(pieces), ended: true };
      }
      if (next.done === true) return { head: Buffer.concat(pieces), ended: true };
      pieces.push(next.value);
      bytes += next.value.length;
    }
    return { head: Buffer.concat(pieces), ended: false };
  }

  #frame(decoder: Decoder, bytes: Buffer, start: number, end: number, number: number): void {
    this.#number = number;
    this.#options.notes.frames += 1;
    try {
      decoder.frame(bytes, start, end);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      this.#bad(error);
    }
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      this.#bad(error);
    }
  }

  #bad(error: BadRow): void {
    if (!this.#options.skipBadRows) {
      throw new ImportError('badInput', `${this.#label}:${this.#number}: ${error.message}`, 'correct the file, or leave such rows out with --skip-bad-rows');
    }
    this.#note(this.#number, error.message);
  }

  #note(line: number, reason: string): void {
    const { notes } = this.#options;
    notes.badRows += 1;
    if (notes.firstBadRows.length < LISTED_BAD_ROWS) notes.firstBadRows.push({ file: this.#label, line, reason });
  }

  #context(part: SourcePart): DecoderContext {
    const { sink, venue, notes, learned } = this.#options;
    let own = learned.get(part.label);
    if (own === undefined) {
      own = new Map();
      learned.set(part.label, own);
    }
    return {
      sink,
      venue,
      learned: own,
      fileSymbol: () => this.#fileSymbol(part),
      venueNamed: (name) => {
        const named = venueOfName(name);
        if (named !== venue) throw this.#mixed(`is of ${named} (${quoteForeign(name)})`);
      },
      venueShown: (venues, because) => {
        if (KNOWN_VENUES.has(venue) && !venues.includes(venue)) throw this.#mixed(because);
      },
      ignore: (what) => void notes.ignored.set(what, (notes.ignored.get(what) ?? 0) + 1),
    };
  }

  #mixed(because: string): ImportError {
    return new ImportError('badInput', `${this.#label}:${this.#number > 0 ? `${this.#number}:` : ''} ${because}, but the import is for ${this.#options.venue}`, 'import each venue into a tape of its own, then use: faultline tape merge');
  }

  #fileSymbol(part: SourcePart): number {
    const { symbols } = this.#options.sink;
    const archived = symbolOfArchiveName(part.name);
    if (archived !== undefined) return symbols.index(archived);
    if (!symbols.open) {
      const only = symbols.only();
      if (only !== undefined) return only;
      const words = part.name.split(/[^A-Za-z0-9_]+/);
      const named = symbols.names.findIndex((name) => words.includes(name) || part.name.split(/[^A-Za-z0-9]+/).includes(name));
      if (named >= 0) return named;
    }
    throw new ImportError('usage', `${part.label}: its rows name no symbol, nor does its name`, 'say which with --symbol, one symbol for one such file');
  }
}

/** @throws ImportError usage for an unknown format, badInput for a part that is not of the format. */
export function chooseFormat(id: string, sample: Sample, label: string): Format {
  if (id !== 'auto' && formatOf(id) === undefined) {
    throw new ImportError('usage', `there is no format ${quoteForeign(id)}`, `one of: auto, ${FORMATS.map((format) => format.id).join(', ')}`);
  }
  const guessed = guessFormat(sample);
  const format = id === 'auto' ? guessed : formatOf(id);
  const begins = quoteForeign(sample.lines[0] ?? '', 80);
  if (format === undefined) throw new ImportError('badInput', `${label}: begins like no known format: ${begins}`, 'faultline tape formats lists them');
  if (format.recognises(sample) || format.alsoReads?.(sample) === true) return format;
  const lack = format.lacks?.(sample);
  throw new ImportError('badInput', `${label}: is not ${id}: ${lack === undefined ? '' : `${lack}; `}it begins with ${begins}`, guessed === undefined ? 'faultline tape formats lists the formats' : `it looks like --format ${guessed.id}`);
}

/** The beginning of the first part of a file, to learn its venue before it is read. */
export async function sampleFile(path: string): Promise<{ sample: Sample; label: string }> {
  const source = await openSource(path, { bytes: 0 });
  for await (const part of source.parts()) {
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of part.chunks()) {
        pieces.push(chunk);
        bytes += chunk.length;
        if (bytes >= SAMPLE_BYTES) break;
      }
    } catch (error) {
      if (bytes === 0) throw error;
    }
    return { sample: sampleOf(part.name, Buffer.concat(pieces).subarray(0, SAMPLE_BYTES), bytes < SAMPLE_BYTES), label: part.label };
  }
  throw new ImportError('badInput', `${path}: holds no file`);
}
