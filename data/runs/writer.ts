import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { allocateBatch, RECORD_BYTES, RECV_US, WORDS_F, type RecordBatch } from '../records/index.js';
import { TapeError, TapeWriter, type TapeHeader } from '../tape/index.js';
import { DecisionLinesWriter } from './decision-lines.js';
import { RunError } from './error.js';
import { BOOT, EFFECTS, FILE_MODE, FOLDER_MODE, LOG, makeRunFolder, snapshotFile, tapeFile, TAPES } from './folder.js';
import { RunLogWriter, type JsonValue, type RunInput, type RunMark } from './log/index.js';
import { beginManifest, writeManifest, writeWhole, type RunBeginning, type RunManifest, type RunTape } from './manifest.js';
import { removeLater, tidyRuns, type Retention } from './retention.js';
import { writeSnapshotFile } from './snapshot-file.js';
import { freeBytes, SpaceGuard } from './space.js';

/** What a run is that writes tapes and a log. */
export interface RecordedBeginning extends RunBeginning {
  /** What the tree began with besides the configuration, or what makes it of the run's id; to be had again by `RunReader.boot`. */
  readonly boot?: JsonValue | ((id: string) => JsonValue);
  /** Header of the tapes that the run records. */
  readonly tape: TapeHeader;
}

export interface RunWriterOptions {
  /** Records after which a tape is due to be changed for a new one. Default 16 Mi: 1 GiB raw, about 100 MiB as it is kept. */
  readonly tapeRecords?: number;
  /** Tapes are deflated; default true. */
  readonly compress?: boolean;
  /** Bytes of finished tapes that are kept in the run's folder; the oldest go first. Default: all. */
  readonly keepTapeBytes?: number;
  /** Milliseconds of the wall for which a finished tape is kept. Default: for ever. */
  readonly keepTapeMs?: number;
  /** Bytes that stay free on the disk: below them the run is told so while it can still write. Default 256 MiB. */
  readonly leastFreeBytes?: number;
  /** Which of the earlier runs below the same root stay. */
  readonly retention?: Retention;
  /** Wall clock at the beginning, ms. */
  readonly nowMs?: number;
  /** For tests: the wall clock later on. */
  readonly wallMs?: () => number;
  /** For tests: bytes free on the disk of a folder. */
  readonly free?: (folder: string) => number;
}

const DEFAULT_TAPE_RECORDS = 16 * 1024 * 1024;
const DEFAULT_LEAST_FREE_BYTES = 256 * 1024 * 1024;
/** Decisions that wait in memory at most, characters. */
const MOST_PENDING_DECISIONS = 64 * 1024;
const NO_RECORDS = allocateBatch(0);
const EMPTY_DIGEST = '0'.repeat(64);

interface KeptTape extends RunTape {
  readonly bytes: number;
  /** Of the wall, ms. */
  readonly endedMs: number;
}

/** Share of a tape's length that it may grow beyond it while the tree cannot be snapshot. */
const MOST_OVERLENGTH = 0.25;

/**
 * Writes the folder of a run: its tapes, its log, its decisions and run.json.
 *
 * Records and inputs are to be given here before they are given to the tree. `flush` writes the tape first, then the log with a mark of how far
 * both are, then the decisions; so a run that is killed has, for every decision in its folder, what led to it.
 */
export class RunWriter {
  readonly id: string;
  readonly folder: string;
  /** The boot value as a replay will read it: what the tree is to be given. */
  readonly boot: unknown;
  readonly #log: RunLogWriter;
  readonly #decisions: DecisionLinesWriter;
  readonly #effects: DecisionLinesWriter;
  readonly #header: TapeHeader;
  readonly #space: SpaceGuard;
  readonly #tapeRecords: number;
  readonly #compress: boolean;
  readonly #keepTapeBytes: number;
  readonly #keepTapeMs: number;
  readonly #retention: Retention | undefined;
  readonly #wallMs: () => number;
  readonly #finished: KeptTape[] = [];
  #manifest: RunManifest;
  #tape: TapeWriter | undefined;
  #preamble = 0;
  #firstRecord = 0;
  #tapes = 0;
  #records = 0;
  #clockUs = 0;
  #dirty = true;
  #digest: string | null = null;
  #effectsDigest: string | null = null;
  /** The last tape that begins with a snapshot; 0, which begins with the boot value, where none does. */
  #lastStart = 0;
  #closed = false;

  /** Makes a folder below `root` and begins the run in it; earlier runs that need not be kept go. @throws RunError. */
  static create(root: string, beginning: RecordedBeginning, options: RunWriterOptions = {}): RunWriter {
    tidyRuns(root, options.retention, options.nowMs);
    const { id, folder } = makeRunFolder(root, options.nowMs);
    try {
      return new RunWriter(id, folder, beginning, options);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw asRunError(folder, error);
    }
  }

  private constructor(id: string, folder: string, beginning: RecordedBeginning, options: RunWriterOptions) {
    const { boot, tape } = beginning;
    this.id = id;
    this.folder = folder;
    this.#space = new SpaceGuard(folder, options.leastFreeBytes ?? DEFAULT_LEAST_FREE_BYTES, options.free ?? freeBytes);
    this.#space.spend(0);
    this.#tapeRecords = options.tapeRecords ?? DEFAULT_TAPE_RECORDS;
    this.#compress = options.compress ?? true;
    this.#keepTapeBytes = options.keepTapeBytes ?? Infinity;
    this.#keepTapeMs = options.keepTapeMs ?? Infinity;
    this.#retention = options.retention;
    this.#wallMs = options.wallMs ?? Date.now;
    this.#header = tape;
    const bootText = boot === undefined ? undefined : JSON.stringify(typeof boot === 'function' ? boot(id) : boot);
    this.boot = bootText === undefined ? undefined : JSON.parse(bootText);
    if (bootText !== undefined) writeWhole(join(folder, BOOT), bootText);
    const bootDigest = bootText === undefined ? null : createHash('sha256').update(bootText).digest('hex');
    this.#manifest = beginManifest(id, beginning, bootDigest, options.nowMs);
    this.#log = new RunLogWriter(join(folder, LOG), id);
    this.#decisions = new DecisionLinesWriter(folder);
    this.#effects = new DecisionLinesWriter(folder, EFFECTS);
    try {
      mkdirSync(join(folder, TAPES), FOLDER_MODE);
      this.#beginTape(NO_RECORDS, 0);
      this.#log.flush();
      // Last, so that nobody takes a folder for a run that is not yet one.
      writeManifest(folder, this.#manifest);
      syncFolder(folder);
      syncFolder(dirname(folder));
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  get manifest(): RunManifest {
    return this.#manifest;
  }
  /** Records so far: the number of the next one. Those of preambles are not among them. */
  get records(): number {
    return this.#records;
  }
  /** Newest engine clock given, µs. */
  get clockUs(): number {
    return this.#clockUs;
  }
  /** Entries of the run log so far, marks included. */
  get entries(): number {
    return this.#log.entries;
  }
  get decisions(): number {
    return this.#decisions.count;
  }
  /** The tape is long enough: `rotate`. */
  get rotationDue(): boolean {
    return this.#tape !== undefined && this.#tape.records - this.#preamble >= this.#tapeRecords;
  }

  /** It is so long that it is to be changed even where the next one cannot begin with a snapshot. */
  get rotationOverdue(): boolean {
    return this.#tape !== undefined && this.#tape.records - this.#preamble >= this.#tapeRecords * (1 + MOST_OVERLENGTH);
  }

  /**
   * Appends records [from, to) to the tape. When it throws, `records` says how many of them are there: the others are not to reach the tree.
   * @throws RunError `input` for a record that no tape can hold, `full`, `lowSpace`, `denied` or `io`.
   */
  append(batch: RecordBatch, from: number, to: number): void {
    const tape = this.#tape;
    if (tape === undefined) throw new RunError('closed', `${this.folder}: has ended`);
    if (from >= to) return;
    this.#dirty = true;
    this.#space.spend((to - from) * RECORD_BYTES);
    const before = tape.records;
    try {
      tape.append(batch, from, to);
    } catch (error) {
      throw asRunError(tape.path, error);
    } finally {
      const taken = tape.records - before;
      this.#records += taken;
      // Engine time never goes backwards, so the last stamp is the latest.
      const stampUs = taken === 0 ? 0 : batch.F[(from + taken - 1) * WORDS_F + RECV_US];
      if (stampUs > this.#clockUs) this.#clockUs = stampUs;
    }
  }

  /** Appends an input; what it returns is what the tree is to be given. @throws RunError, see `RunLogWriter.input`. */
  input(clockUs: number, input: { readonly to: string; readonly message: object }): RunInput {
    this.#advance(clockUs);
    const before = this.#log.bytes;
    const given = this.#log.input(this, input);
    this.#space.spend(Math.max(512, this.#log.bytes - before));
    return given;
  }

  /** @throws RunError. */
  mark(clockUs: number, mark: RunMark): void {
    this.#advance(clockUs);
    this.#log.mark(this, mark);
  }

  /** Takes a decision's canonical line and the digest up to it. @throws RunError. */
  decision(line: string, digest: string): void {
    this.#decisions.append(line);
    this.#digest = digest;
    this.#dirty = true;
    if (this.#decisions.pending >= MOST_PENDING_DECISIONS) this.flush(this.#clockUs);
  }

  /** Takes the line of what the tree asked of the world, and the digest up to it. @throws RunError. */
  effect(line: string, digest: string): void {
    this.#effects.append(line);
    this.#effectsDigest = digest;
    this.#dirty = true;
    if (this.#effects.pending >= MOST_PENDING_DECISIONS) this.flush(this.#clockUs);
  }

  /** Everything so far survives the death of the process. @throws RunError. */
  flush(clockUs: number): void {
    this.#flush(clockUs, 'flush');
  }

  /** Everything so far survives a loss of power. @throws RunError. */
  sync(clockUs: number): void {
    this.#flush(clockUs, 'sync');
  }

  /**
   * Ends the tape and begins the next one with `preamble`, records that say how the books stand: a replay of that tape alone begins with
   * them. `snapshot` is how the whole tree stands: a replay of the run can begin with it there. @throws RunError.
   */
  rotate(clockUs: number, preamble: RecordBatch, snapshot?: Uint8Array): void {
    this.#advance(clockUs);
    this.#endTape();
    if (snapshot !== undefined) {
      this.#space.spend(snapshot.length);
      writeSnapshotFile(join(this.folder, snapshotFile(this.#tapes)), snapshot);
      this.#lastStart = this.#tapes;
    }
    this.#beginTape(preamble, preamble.length);
    this.#flush(clockUs, 'flush');
    writeManifest(this.folder, this.#manifest);
    this.#forgetOldTapes();
    // An engine that goes on for months begins no run meanwhile.
    tidyRuns(dirname(this.folder), this.#retention, this.#wallMs(), removeLater);
  }

  /** Ends the run. @throws RunError; the run is then as one that was killed. */
  close(clockUs: number, exit: { readonly code: number; readonly reason: string }, nowMs: number = Date.now()): RunManifest {
    if (this.#closed) return this.#manifest;
    try {
      this.#advance(clockUs);
      this.#endTape();
      this.#log.mark(this, { mark: 'end', ...exit });
      this.#log.close();
      this.#decisions.close();
      this.#effects.close();
      this.#manifest = {
        ...this.#manifest, endedAt: new Date(nowMs).toISOString(), exit,
        decisions: this.#digest === null && this.#decisions.count > 0 ? null : { count: this.#decisions.count, digest: this.#digest ?? EMPTY_DIGEST },
        effects: { count: this.#effects.count, digest: this.#effectsDigest ?? EMPTY_DIGEST },
      };
      writeManifest(this.folder, this.#manifest);
      this.#closed = true;
      return this.#manifest;
    } catch (error) {
      this.abort();
      throw asRunError(this.folder, error);
    }
  }

  /** Leaves everything as it is on the disk, as if killed. Safe to call at any time. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tape?.abort();
    this.#log.abort();
    this.#decisions.abort();
    this.#effects.abort();
  }

  #advance(clockUs: number): void {
    if (clockUs > this.#clockUs) this.#clockUs = clockUs;
    this.#dirty = true;
  }

  #flush(clockUs: number, how: 'flush' | 'sync'): void {
    if (clockUs > this.#clockUs) this.#advance(clockUs);
    if (this.#dirty) {
      // The log's mark, and the lines that go to their files now: they are never rotated.
      this.#space.spend(1024 + this.#decisions.pending + this.#effects.pending);
      this.#log.mark(this, { mark: 'position' });
      this.#dirty = false;
    } else if (how === 'flush') return;
    try {
      this.#tape?.[how]();
    } catch (error) {
      throw asRunError(this.folder, error);
    }
    this.#log[how]();
    this.#decisions[how]();
    this.#effects[how]();
  }

  #beginTape(preamble: RecordBatch, count: number): void {
    const number = this.#tapes;
    try {
      this.#tape = TapeWriter.create(join(this.folder, tapeFile(number)), this.#header, { mode: FILE_MODE, packLater: true, compress: this.#compress });
      this.#tape.append(preamble, 0, count);
      this.#tape.flush();
    } catch (error) {
      throw asRunError(this.folder, error);
    }
    this.#tapes += 1;
    this.#preamble = count;
    this.#firstRecord = this.#records;
    this.#log.mark(this, { mark: 'tape', number, preamble: count });
  }

  #endTape(): void {
    if (this.#tape === undefined) return;
    const number = this.#tapes - 1;
    let bytes: number;
    try {
      bytes = this.#tape.close().bytes;
    } catch (error) {
      throw asRunError(this.folder, error);
    }
    this.#tape = undefined;
    this.#finished.push({ file: tapeFile(number), firstRecord: this.#firstRecord, records: this.#records - this.#firstRecord, preamble: this.#preamble, removed: false, bytes, endedMs: this.#wallMs() });
    this.#tell();
  }

  #tell(): void {
    this.#manifest = { ...this.#manifest, tapes: this.#finished.map(({ bytes: _bytes, endedMs: _endedMs, ...tape }) => tape) };
  }

  #forgetOldTapes(): void {
    let kept = this.#finished.reduce((sum, { removed, bytes }) => sum + (removed ? 0 : bytes), 0);
    for (const [index, tape] of this.#finished.entries()) {
      if (tape.removed) continue;
      if (kept <= this.#keepTapeBytes && this.#wallMs() - tape.endedMs <= this.#keepTapeMs) return;
      // A replay must have where to begin: what comes after the last snapshot stays.
      if (this.#lastStart > 0 && index >= this.#lastStart) return;
      this.#finished[index] = { ...tape, removed: true };
      this.#tell();
      // Said before it is done: a tape that is said to be there is.
      writeManifest(this.folder, this.#manifest);
      rmSync(join(this.folder, tape.file), { force: true });
      rmSync(join(this.folder, snapshotFile(index)), { force: true });
      kept -= tape.bytes;
    }
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function asRunError(path: string, error: unknown): Error {
  if (error instanceof TapeError) {
    const kind = error.kind === 'full' || error.kind === 'denied' || error.kind === 'closed' ? error.kind : error.kind === 'record' || error.kind === 'header' ? 'input' : 'io';
    return new RunError(kind, error.message, error.fix);
  }
  return error instanceof Error ? error : new RunError('io', `${path}: ${String(error)}`);
}
