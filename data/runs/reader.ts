import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { allocateBatch, BLOCK_RECORDS, type RecordBatch } from '../records/index.js';
import { partialPath, TapeError, TapeReader, type TapeHeader } from '../tape/index.js';
import { readDecisionLines } from './decision-lines.js';
import { RunError } from './error.js';
import { BOOT, EFFECTS, findRun, LOG, snapshotFile, tapeFile, tapeNumbers } from './folder.js';
import { RunLogReader, type RunLogPlace, type RunInput, type RunLogEntry, type RunMark, type RunPosition } from './log/index.js';
import { readSnapshotFile } from './snapshot-file.js';
import { parseJson, readManifest, readText, type RunManifest } from './manifest.js';

/** A piece of a run, in the order in which its tree took them. */
export type RunStep =
  /** Records [from, to) of the batch, which is used again for the next step. */
  | { readonly kind: 'records'; readonly batch: RecordBatch; readonly from: number; readonly to: number }
  | (RunPosition & { readonly kind: 'input'; readonly input: RunInput })
  | (RunPosition & { readonly kind: 'mark'; readonly mark: RunMark });

/** Where a feed ended. */
export interface RunFeedEnd extends RunPosition {
  /** The run's log has its end mark, and all before it was there. Otherwise this is as far as tapes and log are common. */
  readonly whole: boolean;
  readonly entries: number;
  /** Why it is not whole. */
  readonly problem: string | null;
}

/** A place between two steps of a run, for a feed that begins there. */
export interface RunFeedPlace extends RunPosition {
  readonly entries: number;
  readonly log: RunLogPlace;
  /** The tape under way, and how many of its records were read, its preamble among them; null before the first. */
  readonly tape: { readonly number: number; readonly records: number } | null;
}

/** A run's folder, for reading. Nothing in it is changed. */
export class RunReader {
  readonly folder: string;
  readonly manifest: RunManifest;

  /** Opens the run that `text` means, see `findRun`. @throws RunError. */
  static open(text: string, root?: string): RunReader {
    const folder = findRun(text, root);
    return new RunReader(folder, readManifest(folder));
  }

  private constructor(folder: string, manifest: RunManifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /** The value that the run began with; undefined where it needed none. @throws RunError `corrupt` when it is not that any more. */
  boot(): unknown {
    const { bootDigest } = this.manifest;
    if (bootDigest === null) return undefined;
    const path = join(this.folder, BOOT);
    const text = readText(path);
    if (createHash('sha256').update(text).digest('hex') !== bootDigest) throw new RunError('corrupt', `${path}: is not what the run began with`);
    return parseJson(path, text);
  }

  /** Canonical lines of its decisions, those that are whole. @throws RunError. */
  decisions(): string[] {
    return readDecisionLines(this.folder);
  }

  /** Lines of what its tree asked of the world, those that are whole; undefined for a run that did not write it down. @throws RunError. */
  effects(): string[] | undefined {
    return existsSync(join(this.folder, EFFECTS)) ? readDecisionLines(this.folder, EFFECTS) : undefined;
  }

  /**
   * Tapes that a replay can start at, ascending: 0, which begins with the boot value, and those that begin with a snapshot and have all that
   * come after them. @throws RunError.
   */
  startable(): number[] {
    const numbers = tapeNumbers(this.folder);
    let first = numbers.length - 1;
    while (first > 0 && numbers[first - 1] === numbers[first]! - 1) first -= 1;
    return numbers.slice(Math.max(0, first)).filter((number) => number === 0 || existsSync(join(this.folder, snapshotFile(number))));
  }

  /** The snapshot that tape `number` begins with. @throws RunError. */
  snapshot(number: number): Buffer {
    return readSnapshotFile(join(this.folder, snapshotFile(number)));
  }

  /** Where a tape of run.json lies. */
  tapePath(file: string): string {
    return isAbsolute(file) ? file : join(this.folder, file);
  }

  /** Tape `number` of those that the run recorded; also one that was not finished. @throws RunError. */
  openTape(number: number): TapeReader {
    return openTape(this.folder, number);
  }

  /** Header of the first tape that is there. @throws RunError. */
  tapeHeader(): TapeHeader {
    const tape = this.openTape(tapeNumbers(this.folder)[0] ?? 0);
    tape.close();
    return tape.header;
  }

  /** Reads the run, from its beginning, from where tape `from` begins, or from where another feed of it stood. To be closed. @throws RunError. */
  feed(from: number | RunFeedPlace = 0): RunFeed {
    return new RunFeed(this.folder, from);
  }

  /** The entries of the run's log. To be closed. @throws RunError. */
  log(): RunLogReader {
    return new RunLogReader(join(this.folder, LOG));
  }
}

function openTape(folder: string, number: number): TapeReader {
  const path = join(folder, tapeFile(number));
  try {
    return existsSync(path) ? TapeReader.open(path) : TapeReader.open(partialPath(path), { partial: true });
  } catch (error) {
    throw fromTape(error);
  }
}

function fromTape(error: unknown): Error {
  if (!(error instanceof TapeError)) return error as Error;
  const kind = error.kind === 'missing' || error.kind === 'unreadable' || error.kind === 'version' ? error.kind : 'corrupt';
  return new RunError(kind, error.message, error.fix);
}

/**
 * Tapes and log of a run as one stream: before each entry of the log, the records that came before it. It ends where one of them does: a tape
 * that was written further than the log says nothing of the inputs between its records, and the other way round.
 */
export class RunFeed {
  readonly #folder: string;
  readonly #log: RunLogReader;
  readonly #batch = allocateBatch(BLOCK_RECORDS);
  #tape: TapeReader | undefined;
  #at = 0;
  /** Records of the tape up to the end of the batch. */
  #read = 0;
  #records = 0;
  #clockUs = 0;
  #entries = 0;
  #entry: RunLogEntry | undefined;
  /** Before `#entry`. */
  #logPlace: RunLogPlace;
  #tapeNumber = -1;
  #end: RunFeedEnd | undefined;
  #tapeProblem: string | null = null;

  /** @throws RunError, also when the log does not come to tape `from`. */
  constructor(folder: string, from: number | RunFeedPlace = 0) {
    this.#folder = folder;
    const place = typeof from === 'number' ? undefined : from;
    this.#log = new RunLogReader(join(folder, LOG), place?.log);
    this.#logPlace = this.#log.place;
    if (place !== undefined) this.#goTo(place);
    else if (typeof from === 'number' && from > 0) this.#skipTo(from);
  }

  /** Where it ended; undefined before `next` has come there. */
  get end(): RunFeedEnd | undefined {
    return this.#end;
  }

  /** How far it has come. */
  get position(): { readonly records: number; readonly entries: number } {
    return { records: this.#records, entries: this.#entries };
  }

  /** Where it stands between two steps: a feed that begins there goes on as this one. */
  get place(): RunFeedPlace {
    const tape = this.#tape === undefined ? null : { number: this.#tapeNumber, records: this.#read - this.#batch.length + this.#at };
    return { records: this.#records, clockUs: this.#clockUs, entries: this.#entries, log: this.#logPlace, tape };
  }

  /** At the end of a run that goes on: `next` is to look again, for what has been written since. False where nothing can follow. */
  again(): boolean {
    if (this.#end === undefined) return true;
    if (this.#end.whole || this.#log.end?.kind === 'damaged') return false;
    this.#end = undefined;
    this.#tapeProblem = null;
    return true;
  }

  /** The next step, or undefined at the end. @throws RunError when a tape is missing or damaged. */
  next(): RunStep | undefined {
    if (this.#end !== undefined) return undefined;
    if (this.#entry === undefined) {
      this.#logPlace = this.#log.place;
      this.#entry = this.#log.next();
    }
    const entry = this.#entry;
    if (entry === undefined) {
      // A log can end after its last entry, be cut, or be damaged: the tapes' part ends with it.
      return this.#ends(false, this.#log.end?.problem ?? `${this.#log.path}: has no end mark: the run was killed, or goes on`);
    }
    if (entry.records > this.#records) return this.#readRecords(entry);
    this.#entry = undefined;
    this.#logPlace = this.#log.place;
    this.#entries += 1;
    this.#clockUs = entry.clockUs;
    if (entry.kind === 'mark') {
      if (entry.mark.mark === 'tape') this.#changeTape(entry.mark.number, entry.mark.preamble);
      if (entry.mark.mark === 'end') this.#ends(true, null);
    }
    return entry;
  }

  close(): void {
    this.#log.close();
    this.#tape?.close();
  }

  #goTo({ records, clockUs, entries, tape }: RunFeedPlace): void {
    this.#records = records;
    this.#clockUs = clockUs;
    this.#entries = entries;
    if (tape === null) return;
    try {
      this.#tape = openTape(this.#folder, tape.number);
      this.#tapeNumber = tape.number;
      this.#read = this.#tape.seekRecord(tape.records);
      if (this.#read === tape.records) return;
      const skip = tape.records - this.#read;
      if (!this.#fill() || this.#batch.length < skip) throw new RunError('corrupt', `${this.#tape.path}: ends before its record ${tape.records}`);
      this.#at = skip;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #skipTo(tape: number): void {
    for (let entry = this.#log.next(); entry !== undefined; entry = this.#log.next()) {
      if (entry.kind === 'mark' && entry.mark.mark === 'tape' && entry.mark.number === tape) {
        this.#entry = entry;
        this.#records = entry.records;
        return;
      }
      this.#entries += 1;
      this.#logPlace = this.#log.place;
    }
    const problem = `${this.#log.path}: says nothing of tape ${tape}`;
    this.#log.close();
    throw new RunError('missing', problem);
  }

  #ends(whole: boolean, problem: string | null): undefined {
    this.#end = { whole, problem, records: this.#records, clockUs: this.#clockUs, entries: this.#entries };
    return undefined;
  }

  #readRecords(entry: RunLogEntry): RunStep | undefined {
    if (this.#at >= this.#batch.length && !this.#fill()) {
      return this.#ends(false, this.#tapeProblem ?? `the tapes end after ${this.#records} records, the log goes on after ${entry.records}`);
    }
    const from = this.#at;
    const to = Math.min(this.#batch.length, from + entry.records - this.#records);
    this.#at = to;
    this.#records += to - from;
    return { kind: 'records', batch: this.#batch, from, to };
  }

  #fill(): boolean {
    this.#at = 0;
    try {
      if (this.#tape === undefined) return false;
      const count = this.#tape.next(this.#batch);
      this.#read += count;
      return count > 0;
    } catch (error) {
      // What a loss of power left of the last block. In a tape that was finished it is damage.
      if (!(error instanceof TapeError) || this.#tape!.ended) throw fromTape(error);
      this.#tapeProblem = error.message;
      return false;
    }
  }

  #changeTape(number: number, preamble: number): void {
    this.#tape?.close();
    this.#tape = openTape(this.#folder, number);
    this.#tapeNumber = number;
    this.#batch.length = 0;
    this.#at = 0;
    this.#read = 0;
    for (let left = preamble; left > 0; left -= this.#at) {
      if (!this.#fill()) throw new RunError('corrupt', `${this.#tape.path}: ends within its preamble`);
      this.#at = Math.min(left, this.#batch.length);
    }
  }
}
