import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { openBeside } from './beside.js';
import { fromLmdb, JournalFailure } from './failure.js';
import { isAlive, type Owner, thisProcess } from './owner.js';

/** Version of everything on disk: databases, chunks, entries, snapshots. */
export const JOURNAL_FORMAT = 1;
export const JOURNAL_KIND = 'faultline journal';

/** Written once, when the journal is made. */
export interface JournalMeta {
  readonly kind: typeof JOURNAL_KIND;
  readonly format: number;
  readonly createdUs: number;
}

/** Written with every batch. */
export interface JournalState {
  /** Position of the next entry. */
  readonly next: number;
  readonly epochs: number;
  /** Of all chunks. */
  readonly bytes: number;
  /** Entries below are needed by nobody any more, though they may still be there. */
  readonly floor: number;
}

/**
 * Every batch is a transaction of its own. Left to itself LMDB also makes one of each event turn, whose promise nobody can get hold of: a
 * full disk would be an unhandled rejection before it is a failure of the journal.
 */
const OPTIONS = { noSubdir: false, maxDbs: 8, eventTurnBatching: false } as const;

export interface Layout {
  readonly root: RootDatabase<unknown, string>;
  /** 'meta', 'state' and 'owner'. */
  readonly meta: Database<unknown, string>;
  /** Number by path. */
  readonly actors: Database<number, string>;
  /** Chunk by position of its first entry. */
  readonly log: Database<Buffer, number>;
  /** Last snapshot by number of the actor. */
  readonly snapshots: Database<Buffer, number>;
  /** Last sequence number by source. */
  readonly inputs: Database<number, string>;
}

export function dataFile(dir: string): string {
  return join(dir, 'data.mdb');
}

const NAMES = ['meta', 'actors', 'log', 'snapshots', 'inputs'];

/** Whether the file has no journal in it yet: not there, empty, or left behind by a process that was killed while it made one. */
export async function isBlank(dir: string): Promise<boolean> {
  if (!existsSync(dataFile(dir)) || statSync(dataFile(dir)).size === 0) return true;
  attempt(dir, () => checkFile(dir));
  const root = attempt(dir, () => openBeside(dir, OPTIONS));
  try {
    return [...root.getKeys()].every((name) => NAMES.includes(name) && ((root.openDB(name, {}) as Database | undefined)?.getCount() ?? 0) === 0);
  } finally {
    await root.close();
  }
}

/** Opens the databases of a journal; `readOnly` writes nothing, not even an empty database. */
export function openLayout(dir: string, readOnly: boolean): Layout {
  if (readOnly && !existsSync(dataFile(dir))) throw new JournalFailure('not_found', `there is no journal in ${dir}`);
  if (existsSync(dataFile(dir)) && (readOnly || statSync(dataFile(dir)).size > 0)) attempt(dir, () => checkFile(dir));
  const root = attempt(dir, () => (readOnly ? openBeside(dir, OPTIONS) : open<unknown, string>({ path: dir, ...OPTIONS })));
  const meta = attempt(dir, () => root.openDB<unknown, string>('meta', { encoding: 'msgpack' })) as Database<unknown, string> | undefined;
  // Opened for reading, a database that is not there is undefined.
  if (meta === undefined) {
    void root.close();
    throw notOurs(dir);
  }
  return attempt(dir, () => ({
    root,
    meta,
    actors: root.openDB<number, string>('actors', { encoding: 'msgpack' }),
    log: root.openDB<Buffer, number>('log', { encoding: 'binary' }),
    snapshots: root.openDB<Buffer, number>('snapshots', { encoding: 'binary' }),
    inputs: root.openDB<number, string>('inputs', { encoding: 'msgpack' }),
  }));
}

/** Refuses everything that is not a journal of this format, before anything is written to it. */
export function checkMeta(dir: string, layout: Layout): JournalMeta {
  const meta = attempt(dir, () => layout.meta.get('meta')) as JournalMeta | undefined;
  if (meta?.kind !== JOURNAL_KIND || !Number.isInteger(meta.format)) throw notOurs(dir);
  if (meta.format > JOURNAL_FORMAT) {
    throw new JournalFailure('format', `the journal in ${dir} has format ${meta.format}, written by a newer version of Faultline; this one reads format ${JOURNAL_FORMAT}`);
  }
  if (meta.format < JOURNAL_FORMAT) {
    throw new JournalFailure('format', `the journal in ${dir} has format ${meta.format}; this version reads format ${JOURNAL_FORMAT} only. It was left as it is`);
  }
  return meta;
}

export function readState(layout: Layout): JournalState {
  return (layout.meta.get('state') as JournalState | undefined) ?? { next: 0, epochs: 0, bytes: 0, floor: 0 };
}

export function readOwner(layout: Layout): Owner | undefined {
  return layout.meta.get('owner') as Owner | undefined;
}

/** Refuses a journal that another process writes: to open it for writing as well would disturb that one. Throws JournalFailure 'owned'. */
export function refuseOwned(dir: string, owner: Owner | undefined): void {
  const me = thisProcess();
  if (owner === undefined || (owner.pid === me.pid && owner.started === me.started) || !isAlive(owner)) return;
  throw new JournalFailure('owned', `the journal in ${dir} is being written by process ${owner.pid}; stop it first, or read the journal with "faultline journal inspect"`);
}

/** LMDB 0.9.90, data version 2: the first page carries this behind its header of 24 bytes. Opening anything else ends the process. */
const LMDB_MAGIC = 0xbeef_c0de;
const MAGIC_AT = 24;

function checkFile(dir: string): void {
  const head = Buffer.alloc(MAGIC_AT + 4);
  const file = openSync(dataFile(dir), 'r');
  try {
    const read = readSync(file, head, 0, head.length, 0);
    if (read < head.length || head.readUInt32LE(MAGIC_AT) !== LMDB_MAGIC) {
      throw new JournalFailure('corrupt', `the journal in ${dir} cannot be opened: data.mdb is no LMDB file, or its beginning is damaged`);
    }
  } finally {
    closeSync(file);
  }
}

function notOurs(dir: string): JournalFailure {
  return new JournalFailure('format', `${dir} holds an LMDB database that is no Faultline journal`);
}

function attempt<T>(dir: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw fromLmdb(`the journal in ${dir} cannot be opened`, thrown);
  }
}
