import { mkdirSync, realpathSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { type Batch, BatchingJournal, type PointHook } from './batch.js';
import { Hold } from './beside.js';
import { chunksOf, walkChunk } from './chunk.js';
import { decodeEntry, readSnapshotPosition } from './codec.js';
import { fromLmdb, JournalFailure } from './failure.js';
import { checkMeta, isBlank, JOURNAL_FORMAT, JOURNAL_KIND, type Layout, openLayout, readOwner, readState, refuseOwned } from './layout.js';
import { thisProcess } from './owner.js';
import type { PositionedEntry } from './port.js';
import { PRUNE_AT_ONCE, type Retention, retentionOf } from './retention.js';

export interface JournalOptions {
  /** Folder of the journal; made when it is not there. */
  readonly dir: string;
  /** How long entries nobody needs any more are kept. */
  readonly retention?: Partial<Retention>;
  /** Called at the moments of a write, for tests that end the process there. */
  readonly onPoint?: PointHook;
  /** Stamp of a new journal and clock of the retention, µs since the epoch. Default: the wall clock. */
  readonly nowUs?: () => number;
}

/** Journals this process has open, by real path: LMDB itself would not mind a second writer. */
const open = new Set<string>();
const READER_CHECK_EVERY_US = 60_000_000;

/**
 * Opens the journal in a folder for writing, or makes it. Only on the main thread, one writer at a time over all processes; others read
 * it meanwhile with `readJournal`. Rejects with a JournalFailure: 'owned', 'format', 'corrupt' or 'io'; the journal is left as it was then.
 */
export async function openJournal(options: JournalOptions): Promise<LmdbJournal> {
  // A thread that is ended with writes under way takes the process with it, or stops it for ever.
  if (!isMainThread) throw new JournalFailure('io', 'a journal is written by the main thread only; other threads may read it with readJournal');
  const { dir } = options;
  const nowUs = options.nowUs ?? (() => Date.now() * 1000);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new JournalFailure('io', `the folder ${dir} cannot be made: ${String((thrown as Error).message)}`, thrown);
  }
  const path = realpathSync(dir);
  if (open.has(path)) throw new JournalFailure('owned', `the journal in ${dir} is open in this process already`);
  open.add(path);
  try {
    if (!(await isBlank(path))) {
      const look = openLayout(path, true);
      try {
        checkMeta(dir, look);
        refuseOwned(dir, readOwner(look));
      } finally {
        await look.root.close();
      }
    }
    const layout = openLayout(path, false);
    try {
      own(dir, layout, nowUs());
      layout.root.readerCheck();
      return new LmdbJournal(path, layout, { ...options, nowUs }, () => open.delete(path));
    } catch (thrown) {
      await layout.root.close();
      throw thrown;
    }
  } catch (thrown) {
    open.delete(path);
    throw fromLmdb(`the journal in ${dir} cannot be read`, thrown);
  }
}

/**
 * Takes the journal for this process inside one LMDB write transaction, which excludes every other process meanwhile. Throws
 * JournalFailure 'owned', or 'io'.
 */
export function own(dir: string, layout: Layout, nowUs: number): void {
  try {
    layout.root.transactionSync(() => {
      if (layout.meta.get('meta') === undefined) void layout.meta.put('meta', { kind: JOURNAL_KIND, format: JOURNAL_FORMAT, createdUs: nowUs });
      refuseOwned(dir, readOwner(layout));
      void layout.meta.put('owner', thisProcess());
    });
  } catch (thrown) {
    if (thrown instanceof JournalFailure) throw thrown;
    throw new JournalFailure('io', `the journal in ${dir} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  }
}

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (failure: JournalFailure) => void;
}

/** The journal of a process on disk. */
export class LmdbJournal extends BatchingJournal {
  readonly dir: string;
  private readonly layout: Layout;
  private readonly hold: Hold;
  private readonly nowUs: () => number;
  private readonly retention: Retention;
  private readonly onClosed: () => void;
  private readonly waiters: Waiter[] = [];
  private cycling = false;
  private bytes: number;
  private floor: number;
  private pruneDue = true;
  private readersCheckedUs = 0;
  private chunkFirst = -1;
  private chunkEntries: { readonly bytes: Buffer; readonly offsets: number[] } | null = null;

  constructor(dir: string, layout: Layout, options: JournalOptions & { readonly nowUs: () => number }, onClosed: () => void) {
    super(options.onPoint ?? null);
    this.dir = dir;
    this.layout = layout;
    this.nowUs = options.nowUs;
    this.retention = retentionOf(options.retention);
    this.onClosed = onClosed;
    const state = readState(layout);
    this.next = state.next;
    this.durable = state.next;
    this.bytes = state.bytes;
    this.floor = state.floor;
    // From the age of the journal on: numbers do not come back when somebody deletes it and begins anew.
    this.epochs = Math.max(state.epochs, Math.floor(checkMeta(dir, layout).createdUs / 1e6));
    // A fresh batch, which begins at the position that comes next.
    this.takeBatch();
    this.load();
    this.hold = new Hold(layout.root);
  }

  /** Bytes of all entries in the log. */
  get size(): number {
    return this.bytes;
  }

  idle(): void {
    // The disk works by itself.
  }

  flushed(): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.durable >= this.next) return Promise.resolve();
    this.wake();
    return new Promise((resolve, reject) => this.waiters.push({ upTo: this.next, resolve, reject }));
  }

  /** Waits for what is under way and gives the journal free. A process must not exit before. */
  async close(): Promise<void> {
    if (this.closed) return;
    try {
      await this.flushed();
    } catch {
      // The listener has been told.
    }
    this.closed = true;
    this.onClosed();
    // After a commit that failed LMDB is not to be touched again: closing it can end the process.
    if (this.failure !== null) return;
    this.hold.done();
    await this.layout.meta.remove('owner');
    await this.layout.root.flushed;
    await this.layout.root.close();
  }

  protected wake(): void {
    if (this.cycling) return;
    this.cycling = true;
    // Not before the present burst of turns is over: its entries become one batch.
    queueMicrotask(() => void this.cycle());
  }

  protected storedEntry(position: number): PositionedEntry {
    const at = position - this.chunkFirst;
    if (this.chunkEntries === null || at < 0 || at >= this.chunkEntries.offsets.length) this.loadChunk(position);
    const offset = this.chunkEntries?.offsets[position - this.chunkFirst];
    if (offset === undefined) throw new JournalFailure('corrupt', `entry ${position} is missing`);
    const decoded = decodeEntry(this.chunkEntries!.bytes, this.index, offset);
    if (!decoded.ok) throw new JournalFailure('corrupt', `entry ${position} is damaged: ${decoded.problem.message}`);
    return { position, entry: decoded.entry };
  }

  protected storedSnapshot(number: number): Uint8Array | undefined {
    return this.read(() => this.layout.snapshots.get(number));
  }

  /** Writes batch after batch until nothing waits: while one is being flushed the next collects. */
  private async cycle(): Promise<void> {
    try {
      while (this.pending.entries.length > 0 && this.failure === null) {
        const batch = this.takeBatch();
        this.writing = batch;
        this.point('before-batch');
        await this.write(batch);
        this.writing = null;
        this.point('committed');
        await this.layout.root.flushed;
        this.durable = batch.first + batch.entries.length;
        this.point('flushed');
        if (batch.snapshots.size > 0) this.pruneDue = true;
        while (this.waiters.length > 0 && this.waiters[0]!.upTo <= this.durable) this.waiters.shift()!.resolve();
        this.listener?.flushed(this.durable);
      }
      if (this.pruneDue && this.failure === null) await this.prune();
    } catch (thrown) {
      await this.fail(thrown);
    } finally {
      this.cycling = false;
    }
    if (this.pending.entries.length > 0 && this.failure === null) this.wake();
  }

  private async write(batch: Batch): Promise<void> {
    const { layout } = this;
    this.hold.renew();
    const fresh = this.index.takeFresh();
    const floor = this.index.floor(this.next);
    let bytes = this.bytes;
    const chunks = [...chunksOf(batch.first, batch.entries, batch.places)];
    for (const chunk of chunks) bytes += chunk.bytes.length;
    const state = { next: batch.first + batch.entries.length, epochs: this.epochs, bytes, floor: Math.min(floor, batch.first + batch.entries.length) };
    // Not `batch`, which spares a call back from LMDB's thread: after a commit that fails it leaves a broken heap, and the process
    // aborts at its exit instead of ending with its code.
    await layout.root.childTransaction(() => {
      for (const { path, number } of fresh) void layout.actors.put(path, number);
      for (const chunk of chunks) void layout.log.put(chunk.first, chunk.bytes as Buffer);
      for (const [number, snapshot] of batch.snapshots) void layout.snapshots.put(number, snapshot as Buffer);
      for (const [source, seq] of batch.inputs) void layout.inputs.put(source, seq);
      void layout.meta.put('state', state);
    });
    this.bytes = bytes;
    this.floor = state.floor;
  }

  /** Takes out old chunks that lie wholly below what anybody needs. */
  private async prune(): Promise<void> {
    this.pruneDue = false;
    const nowUs = this.nowUs();
    if (nowUs - this.readersCheckedUs >= READER_CHECK_EVERY_US) {
      this.readersCheckedUs = nowUs;
      this.layout.root.readerCheck();
    }
    const { log } = this.layout;
    const oldest = nowUs - this.retention.maxAgeMs * 1000;
    let bytes = this.bytes;
    const gone: number[] = [];
    let previous: { readonly key: number; readonly value: Buffer } | null = null;
    for (const chunk of log.getRange({ start: 0, limit: PRUNE_AT_ONCE + 1 }) as Iterable<{ key: number; value: Buffer }>) {
      if (previous !== null) {
        // A chunk ends where the next begins. Its first entry carries its stamp behind both headers.
        const aged = previous.value.readDoubleLE(8 + 16) < oldest;
        if (chunk.key > this.floor || (!aged && bytes <= this.retention.maxBytes)) break;
        gone.push(previous.key);
        bytes -= previous.value.length;
      }
      previous = chunk;
    }
    if (gone.length === 0) return;
    const state = { next: this.durable, epochs: this.epochs, bytes, floor: this.floor };
    this.hold.renew();
    await this.layout.root.childTransaction(() => {
      for (const key of gone) void log.remove(key);
      void this.layout.meta.put('state', state);
    });
    this.bytes = bytes;
    this.pruneDue = gone.length === PRUNE_AT_ONCE;
    if (this.pruneDue && this.pending.entries.length === 0) await this.prune();
  }

  private async fail(thrown: unknown): Promise<void> {
    const why = await reasonOf(thrown);
    const failure = thrown instanceof JournalFailure ? thrown : new JournalFailure('io', `the journal in ${this.dir} cannot be written: ${why}`, thrown);
    this.failure = failure;
    for (const waiter of this.waiters.splice(0)) waiter.reject(failure);
    this.listener?.failed(failure);
  }

  /** Builds the index: snapshots, then every entry from the floor on, checksums included. */
  private load(): void {
    const { actors, snapshots, log, inputs } = this.layout;
    for (const { key, value } of actors.getRange() as Iterable<{ key: string; value: number }>) this.index.add(key, value);
    for (const { key, value } of inputs.getRange() as Iterable<{ key: string; value: number }>) this.sources.set(key, value);
    for (const { key, value } of snapshots.getRange() as Iterable<{ key: number; value: Buffer }>) {
      const read = readSnapshotPosition(value);
      if (!read.ok) throw this.damaged(`the snapshot of ${this.index.pathOf(key) ?? `actor ${key}`}`, read.problem.message);
      this.index.setSnapshot(key, read.position);
    }
    const start = firstAtOrBelow(this.layout, this.floor);
    let expected = start;
    for (const { key, value } of log.getRange({ start }) as Iterable<{ key: number; value: Buffer }>) {
      if (key !== expected) throw this.damaged(`entry ${expected}`, 'it is missing');
      const damage = walkChunk(key, value, (position, header) => {
        this.index.noteHeader(position, header);
        expected = position + 1;
      });
      if (damage !== null) throw this.damaged(`entry ${damage.position}`, damage.problem.message);
    }
    if (expected !== this.next && this.floor < this.next) throw this.damaged(`entry ${expected}`, 'it is missing');
  }

  private loadChunk(position: number): void {
    const first = this.read(() => firstAtOrBelow(this.layout, position));
    const bytes = this.read(() => this.layout.log.get(first));
    if (bytes === undefined) throw new JournalFailure('corrupt', `entry ${position} is missing`);
    const offsets: number[] = [];
    const damage = walkChunk(first, bytes, (_position, _header, offset) => offsets.push(offset));
    if (damage !== null && damage.position <= position) throw new JournalFailure('corrupt', `entry ${damage.position} is damaged: ${damage.problem.message}`);
    this.chunkFirst = first;
    this.chunkEntries = { bytes, offsets };
  }

  private read<T>(call: () => T): T {
    try {
      return call();
    } catch (thrown) {
      throw fromLmdb(`the journal in ${this.dir} cannot be read`, thrown);
    }
  }

  private damaged(what: string, why: string): JournalFailure {
    return new JournalFailure('corrupt', `the journal in ${this.dir} is damaged: ${what}: ${why}. It was left as it is; "faultline journal verify" tells how much can be read`);
  }
}

/** LMDB's own words: a commit that fails rejects with a promise of the real error in `commitError`. */
async function reasonOf(thrown: unknown): Promise<string> {
  const inner = typeof thrown === 'object' && thrown !== null && 'commitError' in thrown ? thrown.commitError : undefined;
  try {
    await inner;
  } catch (real) {
    return real instanceof Error ? real.message : String(real);
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Key of the chunk that holds the position, or would. */
function firstAtOrBelow(layout: Layout, position: number): number {
  for (const key of layout.log.getKeys({ start: position, reverse: true, limit: 1 })) return key;
  return position;
}
