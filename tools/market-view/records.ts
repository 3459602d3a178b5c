/** The records of a tape, or of a run's tapes one after the other, as far as they are written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { allocateBatch, BLOCK_RECORDS, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { isBeingWritten, readManifest, RunError, tapeFile, tapeNumbers, type RunManifest } from '../../data/runs/index.js';
import { partialPath, TapeError, TapeReader } from '../../data/tape/index.js';

export interface RecordsAhead {
  readonly instruments: readonly Instrument[];
  /** Records that are there to read, as far as is known, those already read included. */
  readonly total: number;
  /** Nothing will be added. */
  readonly ended: boolean;
  /** What a person should know of how it was read. */
  readonly notes: readonly string[];
  /** Tapes follow each other: their numbers are no sequence. */
  readonly renumber: boolean;
  /** The next block's records; undefined when there are none for now. @throws TapeError, RunError. */
  next(): RecordBatch | undefined;
  close(): void;
}

/** @throws TapeError. */
export function readTape(path: string): RecordsAhead {
  const reader = TapeReader.open(path, { partial: true });
  const batch = allocateBatch(BLOCK_RECORDS);
  return {
    instruments: reader.header.instruments,
    renumber: false,
    get total() {
      return reader.records;
    },
    get ended() {
      return reader.ended;
    },
    get notes() {
      return reader.ended ? [] : ['The tape has no end mark: it is still being written, or was cut. What is whole of it is shown.'];
    },
    next: () => (reader.next(batch) > 0 ? batch : undefined),
    close: () => reader.close(),
  };
}

/** The tapes of a run's folder; of a replay the tape that it played. @throws RunError, TapeError. */
export function readRun(folder: string): RecordsAhead {
  const manifest = readManifest(folder);
  if (manifest.kind === 'engine') return new RunTapes(folder, manifest);
  const [tape] = manifest.tapes;
  if (tape === undefined) throw new RunError('missing', `run ${manifest.id}: names no tape`);
  // A replay names its tape by where it lay.
  const path = join('/', tape.file) === tape.file ? tape.file : join(folder, tape.file);
  if (!existsSync(path)) throw new RunError('missing', `${path}: the tape of run ${manifest.id} is not there any more`, 'put it back, or look at the decisions with faultline report');
  return readTape(path);
}

/** The newest records of a run that is being written, some `count` or the whole of its last tape; undefined where that is not much less than all. @throws RunError, TapeError. */
export function readNewest(folder: string, count: number): RecordsAhead | undefined {
  const manifest = readManifest(folder);
  if (manifest.kind !== 'engine' || !isBeingWritten(manifest)) return undefined;
  const tapes = new RunTapes(folder, manifest);
  if (tapes.total > 2 * count) return tapes.skipTo(count);
  tapes.close();
  return undefined;
}

/** What a tape after the first begins with, the books as snapshots, the kernel takes too: it knows them already, and nothing changes. */
class RunTapes implements RecordsAhead {
  readonly renumber = true;
  readonly instruments: readonly Instrument[];
  readonly notes: string[] = [];
  readonly #folder: string;
  readonly #batch = allocateBatch(BLOCK_RECORDS);
  #manifest: RunManifest;
  #number: number;
  #tape: TapeReader;
  #before = 0;
  #over = false;

  constructor(folder: string, manifest: RunManifest) {
    this.#folder = folder;
    this.#manifest = manifest;
    const numbers = tapeNumbers(folder);
    if (numbers.length === 0) throw new RunError('missing', `run ${manifest.id}: has no tape`);
    this.#number = numbers[0];
    if (this.#number > 0) this.notes.push(`The run's first ${this.#number} tapes were removed for room (engine.run.keepTapeMiB): it is shown from tape ${this.#number} on.`);
    this.#tape = this.#open(this.#number);
    this.instruments = this.#tape.header.instruments;
  }

  get total(): number {
    let sum = this.#before + this.#tape.records;
    for (const { file, records } of this.#manifest.tapes) if (Number(/(\d{6,})\.tape$/.exec(file)?.[1] ?? -1) > this.#number) sum += records;
    return sum;
  }

  get ended(): boolean {
    return this.#over;
  }

  /** Goes to the last tape; to its last `count` records where it has more than twice as many: with its beginning come the books. */
  skipTo(count: number): this {
    const last = tapeNumbers(this.#folder).at(-1)!;
    if (last !== this.#number) {
      this.#tape.close();
      this.#tape = this.#open(last);
      this.#number = last;
    }
    if (this.#tape.records > 2 * count) this.#tape.seekRecord(this.#tape.records - count);
    return this;
  }

  next(): RecordBatch | undefined {
    for (;;) {
      if (this.#tape.next(this.#batch) > 0) return this.#batch;
      if (this.#over) return undefined;
      const next = tapeNumbers(this.#folder).find((number) => number > this.#number);
      // What was there of this tape before the next one began.
      if (this.#tape.next(this.#batch) > 0) return this.#batch;
      if (next === undefined) {
        this.#manifest = readManifest(this.#folder);
        const over = !isBeingWritten(this.#manifest);
        // What was written before it ended.
        if (this.#tape.next(this.#batch) > 0) return this.#batch;
        if (over && this.#manifest.endedAt === null && !this.#over) this.notes.push('The run was cut: its process is gone and has not said how it ended. What was written is shown.');
        this.#over = over;
        return undefined;
      }
      this.#goTo(next);
    }
  }

  close(): void {
    this.#tape.close();
  }

  #goTo(number: number): void {
    if (number > this.#number + 1) this.notes.push(`Tapes ${this.#number + 1} to ${number - 1} of the run are not there.`);
    this.#before += this.#tape.records;
    this.#tape.close();
    this.#tape = this.#open(number);
    this.#number = number;
    this.#manifest = readManifest(this.#folder);
  }

  #open(number: number): TapeReader {
    const path = join(this.#folder, tapeFile(number));
    try {
      return TapeReader.open(existsSync(path) ? path : partialPath(path), { partial: true });
    } catch (error) {
      // It may have got its name between the two looks.
      if (error instanceof TapeError && error.kind === 'missing' && existsSync(path)) return TapeReader.open(path, { partial: true });
      throw error;
    }
  }
}
