import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, mkdtempSync, openSync, readSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { type Database, open as openLmdb, type RootDatabase, type Transaction } from 'lmdb';
import { StoreFailure } from './failure.js';
import { problemOfRow, standsOpen, STORE_TABLES, type StoredRow, type StoreRow, type StoreTable } from './row.js';

/** LMDB's mark in the first page of its file, and where it stands. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;

/** How long at least a reader's pages stay as they are after it began, ms. */
export const READERS_MS = 20_000;

/** Records this process has open, by real path: LMDB shares one handle among all who open a path, and the first close ends them all. */
const open = new Set<string>();

/** Key of the sequence number up to which the index of open rows is right: below it every write has kept it. */
const OPEN_UP_TO = 'openUpTo';

const KIND = 'faultline record';
const FORMAT = 1;

interface Meta {
  readonly kind: typeof KIND;
  readonly format: number;
  /** Tells one record from another that was made in its place. */
  readonly id: string;
  readonly createdUs: number;
}

type Stored = readonly [seq: number, atUs: number, row: StoreRow['row']];

export interface RecordStoreOptions {
  /** Folder of the record; made when it is not there. */
  readonly dir: string;
  /** Stamp of rows, µs since the epoch. */
  readonly nowUs: () => number;
  /** Called when a batch is about to be written, committed, and on the disk: for tests that end the process there. */
  readonly onPoint?: (point: 'before-batch' | 'committed' | 'flushed') => void;
}

interface Waiter {
  /** The batch waited for. */
  readonly batch: number;
  readonly resolve: () => void;
  readonly reject: (failure: StoreFailure) => void;
}

/**
 * The local record of what the engine decided and did, on LMDB: tables of rows by key. Writes never block: what comes during one commit
 * becomes the next batch. One process writes (the engine's lock sees to it); others may open it with `readOnly`.
 */
export class RecordStore {
  readonly dir: string;
  readonly id: string;
  readonly #path: string;
  readonly #root: RootDatabase<unknown, string>;
  readonly #rows: Database<Stored, [string, string]>;
  readonly #bySeq: Database<[string, string], number>;
  /** Places of the rows that a run begins with; undefined in a record of an older version that is opened for reading. */
  readonly #open: Database<true, [string, string]> | undefined;
  readonly #meta: Database<unknown, string>;
  readonly #nowUs: () => number;
  readonly #onPoint: RecordStoreOptions['onPoint'];
  readonly #waiters: Waiter[] = [];
  readonly #listeners: (() => void)[] = [];
  /** Of the writer: what was there when they were begun is not written over, for readers that it does not know of. The older first. */
  #pins: readonly Transaction[] = [];
  #pinnedMs = 0;
  #pending = new Map<string, StoreRow>();
  /** Number of the batch that collects now. */
  #batch = 1;
  #next: number;
  /** Rows below are on the disk. */
  #durable: number;
  #cycle: Promise<void> | null = null;
  #failure: StoreFailure | null = null;
  #closed = false;

  private constructor(options: RecordStoreOptions, readOnly: boolean) {
    const { dir } = options;
    this.dir = dir;
    this.#path = realpathSync(dir);
    if (open.has(this.#path)) throw new StoreFailure('io', `the record in ${dir} is open in this process already`);
    checkFile(dir);
    this.#nowUs = options.nowUs;
    this.#onPoint = options.onPoint;
    // Every batch is a transaction of its own: a full disk is to be our failure, not an unhandled rejection of LMDB's.
    this.#root = attempt(dir, () => (readOnly ? openBeside(this.#path) : openLmdb<unknown, string>({ path: dir, noSubdir: false, maxDbs: 4, eventTurnBatching: false })));
    if (!readOnly) for (const name of ['data.mdb', 'lock.mdb']) attempt(dir, () => keepPrivate(join(dir, name), 0o600));
    const meta = attempt(dir, () => this.#root.openDB<unknown, string>('meta', { encoding: 'msgpack' })) as Database<unknown, string> | undefined;
    if (meta === undefined) {
      void this.#root.close();
      throw new StoreFailure('format', `${dir} holds no record of the engine`);
    }
    this.#rows = attempt(dir, () => this.#root.openDB<Stored, [string, string]>('rows', { encoding: 'json' }));
    this.#bySeq = attempt(dir, () => this.#root.openDB<[string, string], number>('bySeq', { encoding: 'msgpack' }));
    this.#open = attempt(dir, () => this.#root.openDB<true, [string, string]>('open', { encoding: 'json' }));
    this.#meta = meta;
    let found = meta.get('meta') as Meta | undefined;
    if (found === undefined && !readOnly) {
      found = { kind: KIND, format: FORMAT, id: randomUUID(), createdUs: options.nowUs() };
      const fresh = found;
      attempt(dir, () => this.#root.transactionSync(() => void meta.put('meta', fresh)));
    }
    if (found?.kind !== KIND || found.format !== FORMAT) {
      void this.#root.close();
      const what = found === undefined ? 'holds no record of the engine' : `holds ${found.kind} of format ${found.format}, this program knows format ${FORMAT}`;
      throw new StoreFailure('format', `${dir} ${what}; it was left as it is`);
    }
    this.id = found.id;
    open.add(this.#path);
    this.#root.readerCheck();
    this.#next = this.#newest() + 1;
    this.#durable = this.#next;
    if (readOnly) return;
    // A program that does not know the index has written here, or none has yet.
    if (meta.get(OPEN_UP_TO) !== this.#next) attempt(dir, () => this.#indexOpen());
    this.#pin();
  }

  /** Opens the record of an account for writing, or makes it. @throws StoreFailure 'io', 'format', 'corrupt' */
  static open(options: RecordStoreOptions): RecordStore {
    // A thread that is ended with writes under way takes the process with it.
    if (!isMainThread) throw new StoreFailure('io', 'the record is written by the main thread only');
    try {
      mkdirSync(options.dir, { recursive: true, mode: 0o700 });
      // It may have been made before, by another or by an older version.
      keepPrivate(options.dir, 0o700);
    } catch (thrown) {
      throw new StoreFailure('io', `the folder ${options.dir} cannot be made: ${(thrown as Error).message}`, thrown);
    }
    return new RecordStore(options, false);
  }

  /** Opens a record that is there for reading, also while its engine writes. @throws StoreFailure */
  static read(dir: string): RecordStore {
    if (!existsSync(dataFile(dir)) || statSync(dataFile(dir)).size === 0) throw new StoreFailure('format', `${dir} holds no record of the engine`);
    return new RecordStore({ dir, nowUs: () => 0 }, true);
  }

  /** Why nothing is written any more; null while all is well. */
  get failure(): StoreFailure | null {
    return this.#failure;
  }

  /** Sequence number that the next row gets. */
  get next(): number {
    return this.#next;
  }

  /** Sequence number below which every row is on the disk. */
  get durable(): number {
    return this.#durable;
  }

  /** Takes rows to be written. @throws StoreFailure 'value' for a row that cannot be kept (none is taken then), 'io' or 'closed' when nothing is written any more. */
  write(rows: readonly StoreRow[]): void {
    this.#mustWork();
    for (const row of rows) {
      const problem = problemOfRow(row);
      if (problem !== undefined) throw new StoreFailure('value', problem);
    }
    for (const row of rows) {
      const at = `${row.table}\0${row.key}`;
      // The latest counts, and comes after all that were written before it.
      this.#pending.delete(at);
      this.#pending.set(at, row);
    }
    this.#wake();
  }

  /** Resolves when everything written so far is on the disk. Rejects with the failure. */
  async flushed(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#pending.size === 0 && this.#cycle === null) return;
    const batch = this.#pending.size > 0 ? this.#batch : this.#batch - 1;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ batch, resolve, reject }));
  }

  get(table: StoreTable, key: string): StoredRow | undefined {
    const found = attempt(this.dir, () => this.#rows.get([table, key]));
    return found === undefined ? undefined : asRow(table, key, found);
  }

  /** Rows of a table that are in the file, by key. */
  *rows(table: StoreTable): Generator<StoredRow, void> {
    for (const { key, value } of this.#rows.getRange({ start: [table, ''], end: [`${table}!`, ''] })) yield asRow(table, key[1], value);
  }

  /** What a run begins with: every snapshot, and of all else the rows that say `open: true`. */
  openRows(): StoredRow[] {
    return attempt(this.dir, () => {
      // A reader's record goes on: the index is held to what is there now.
      if (this.#open === undefined || this.#meta.get(OPEN_UP_TO) !== this.#newest() + 1) return STORE_TABLES.flatMap((table) => [...this.rows(table)].filter(standsOpen));
      const found: StoredRow[] = [];
      for (const { key } of this.#open.getRange()) found.push(asRow(key[0] as StoreTable, key[1], this.#rows.get(key)!));
      // As the tables come, whatever order their names have.
      return found.sort((a, b) => STORE_TABLES.indexOf(a.table) - STORE_TABLES.indexOf(b.table));
    });
  }

  /** At most `limit` rows on the disk whose sequence number is above `seq`, oldest first. */
  since(seq: number, limit: number): StoredRow[] {
    const found: StoredRow[] = [];
    for (const { key, value: place } of this.#bySeq.getRange({ start: seq + 1, end: this.#durable, limit })) {
      const stored = this.#rows.get(place);
      if (stored !== undefined && stored[0] === key) found.push(asRow(place[0] as StoreTable, place[1], stored));
    }
    return found;
  }

  /** At most `limit` rows whose sequence number is below `seq`, newest first; of a record that another process writes, as it is by now. @throws StoreFailure */
  before(seq: number, limit: number): StoredRow[] {
    return attempt(this.dir, () => {
      const found: StoredRow[] = [];
      for (const { key, value: place } of this.#bySeq.getRange({ start: seq - 1, reverse: true, limit })) {
        const stored = this.#rows.get(place);
        if (stored !== undefined && stored[0] === key) found.push(asRow(place[0] as StoreTable, place[1], stored));
      }
      return found;
    });
  }

  /** Calls back after every batch that reached the disk, and after a failure. */
  onFlushed(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Writes what waits and gives the record free. Never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#cycle;
    for (const pin of this.#pins) if (this.#failure === null) pin.done();
    // After a commit that failed LMDB is not to be touched again: closing it can end the process.
    if (this.#failure === null) await this.#root.close();
    open.delete(this.#path);
  }

  #mustWork(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed) throw new StoreFailure('closed', `the record in ${this.dir} is closed`);
  }

  #wake(): void {
    // Not before the present burst of turns is over: its rows become one batch.
    this.#cycle ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#pending.size > 0) {
        const batch = this.#batch++;
        const rows = [...this.#pending.values()];
        this.#pending = new Map();
        this.#onPoint?.('before-batch');
        await this.#commit(rows);
        this.#onPoint?.('committed');
        await this.#root.flushed;
        this.#durable = this.#next;
        this.#onPoint?.('flushed');
        while (this.#waiters.length > 0 && this.#waiters[0]!.batch <= batch) this.#waiters.shift()!.resolve();
        for (const listener of this.#listeners) listener();
      }
    } catch (thrown) {
      this.#failure = new StoreFailure('io', `the record in ${this.dir} cannot be written: ${await reasonOf(thrown)}`, thrown);
      for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
      for (const listener of this.#listeners) listener();
    } finally {
      this.#cycle = null;
    }
  }

  /** Sequence number of the newest row; 0 where there is none. */
  #newest(): number {
    return first(this.#bySeq.getKeys({ reverse: true, limit: 1 })) ?? 0;
  }

  /** Once a record: one by one, because an old one has far more rows than are to be kept in memory. */
  #indexOpen(): void {
    const index = this.#open!;
    this.#root.transactionSync(() => {
      for (const place of [...index.getKeys()]) void index.remove(place);
      for (const table of STORE_TABLES) for (const row of this.rows(table)) if (standsOpen(row)) void index.put([table, row.key], true);
      void this.#meta.put(OPEN_UP_TO, this.#next);
    });
  }

  #pin(): void {
    const nowMs = performance.now();
    if (this.#pins.length > 0 && nowMs - this.#pinnedMs < READERS_MS) return;
    this.#pinnedMs = nowMs;
    const [older, younger] = this.#pins;
    if (younger !== undefined) older!.done();
    this.#pins = [...(younger === undefined ? this.#pins : [younger]), this.#root.useReadTransaction()];
  }

  async #commit(rows: readonly StoreRow[]): Promise<void> {
    this.#pin();
    const atUs = this.#nowUs();
    const from = this.#next;
    // Not a batch, which spares a call back from LMDB's thread: after a commit that fails it leaves a broken heap.
    await this.#root.childTransaction(() => {
      rows.forEach(({ table, key, row }, index) => {
        const place: [string, string] = [table, key];
        const before = this.#rows.get(place);
        if (before !== undefined) void this.#bySeq.remove(before[0]);
        void this.#rows.put(place, [from + index, atUs, row]);
        void this.#bySeq.put(from + index, place);
        if (standsOpen({ table, row })) void this.#open!.put(place, true);
        else if (before !== undefined) void this.#open!.remove(place);
      });
      void this.#meta.put(OPEN_UP_TO, from + rows.length);
    });
    this.#next = from + rows.length;
  }
}

/** Balances, positions and orders are for their user alone. Where the files are another's, he has the say. */
function keepPrivate(path: string, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch (thrown) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
  }
}

/** A file that nobody may open for writing, root neither. */
const UNWRITABLE = '/proc/sys/kernel/osrelease';

/**
 * Opens a record for reading without a word to who writes it, and without a lock file (docs/decisions/0110): who opens LMDB's, for reading too, notes there the
 * last transaction that it has seen, and the writer goes on from that one. One of the reader's own would name for ever what it saw first, of which LMDB makes
 * every second commit. Where the lock file may not be opened, it takes the newest of the two roots, and the writer keeps its pages ({@link READERS_MS}).
 * runtime/journal/beside.ts does the same for journals: the two rooms may import nothing of each other.
 */
function openBeside(dir: string): RootDatabase<unknown, string> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-read-'));
  try {
    const lock = join(folder, 'lock.mdb');
    symlinkSync(dataFile(dir), dataFile(folder));
    if (process.getuid?.() === 0 && existsSync(UNWRITABLE)) symlinkSync(UNWRITABLE, lock);
    else writeFileSync(lock, '', { mode: 0o000 });
    const root = openLmdb<unknown, string>({ path: folder, noSubdir: false, maxDbs: 4, readOnly: true, overlappingSync: false, eventTurnBatching: false });
    if (!lstatSync(lock).isSymbolicLink() && statSync(lock).size > 0) {
      void root.close();
      throw new Error('this user may write every file: read it as another user');
    }
    return root;
  } finally {
    // Open files stay.
    rmSync(folder, { recursive: true, force: true });
  }
}

const dataFile = (dir: string): string => join(dir, 'data.mdb');

/** LMDB maps its file and may end the process over one that is something else. */
function checkFile(dir: string): void {
  const file = dataFile(dir);
  if (!existsSync(file) || statSync(file).size === 0) return;
  const head = Buffer.alloc(MAGIC_AT + 4);
  const fd = attempt(dir, () => openSync(file, 'r'));
  try {
    const read = readSync(fd, head, 0, head.length, 0);
    if (read < head.length || head.readUInt32LE(MAGIC_AT) !== MAGIC) throw new StoreFailure('corrupt', `the record in ${dir} cannot be read: data.mdb is no LMDB file, or its beginning is damaged`);
  } finally {
    closeSync(fd);
  }
}

const asRow = (table: StoreTable, key: string, [seq, atUs, row]: Stored): StoredRow => ({ table, key, seq, atUs, row });

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}

const DAMAGE = /INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|PAGE_FULL|CURSOR_FULL|BAD_TXN|not an LMDB/i;

function attempt<T>(dir: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new StoreFailure(DAMAGE.test(why) ? 'corrupt' : 'io', `the record in ${dir} cannot be read: ${why}`, thrown);
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
