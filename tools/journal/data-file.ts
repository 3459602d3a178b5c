import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli/errors.js';
import { fromSystemError } from '../cli/system-errors.js';

/** LMDB's data file in the folder of a journal. */
export const DATA_FILE = 'data.mdb';

// liblmdb of lmdb 3.5: a page header of 24 bytes, then the meta data: magic and version (32 bits each), address, map size, two
// tables of 48 bytes of which the first begins with the page size, last page, transaction (64 bits each).
const MAGIC = 0xbeef_c0de;
const DATA_VERSION = 2;
const META_AT = 24;
const PAGE_SIZE_AT = META_AT + 24;
const LAST_PAGE_AT = META_AT + 120;
const TRANSACTION_AT = META_AT + 128;
const META_BYTES = META_AT + 144;

/** What the two meta pages of a data file say. */
export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  readonly pageBytes: number;
  /** Last transaction that was committed. */
  readonly transaction: number;
  /** Pages in use, from the file's beginning. */
  readonly pages: number;
}

/**
 * Looks at a journal's data file without LMDB, which ends the process on a file that is not its own (SIGSEGV on an empty
 * one) and makes the folder when it is missing. Throws a CliError that says what is in its place.
 */
export function lookAtDataFile(folder: string): DataFile {
  let stats;
  try {
    stats = statSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    throw fromSystemError(error, 'read') ?? error;
  }
  if (stats === undefined) throw new CliError('cannotRead', `${folder}: no such folder`, 'give the folder of a journal: the one that holds data.mdb');
  if (!stats.isDirectory()) throw new CliError('cannotRead', `${folder}: is a file, not the folder of a journal`, 'give the folder that holds data.mdb');
  const path = join(folder, DATA_FILE);
  let fd;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notAJournal(folder, `it holds no ${DATA_FILE}`);
    throw fromSystemError(error, 'read') ?? error;
  }
  try {
    const bytes = fstatSync(fd).size;
    const first = readMeta(fd, 0);
    if (first === undefined) throw notAJournal(folder, bytes === 0 ? `its ${DATA_FILE} is empty` : `its ${DATA_FILE} is not an LMDB file`);
    const second = readMeta(fd, first.pageBytes);
    const newest = second !== undefined && second.transaction > first.transaction ? second : first;
    return { path, bytes, pageBytes: first.pageBytes, transaction: newest.transaction, pages: newest.lastPage + 1 };
  } finally {
    closeSync(fd);
  }
}

export function notAJournal(folder: string, why: string): CliError {
  return new CliError('badInput', `${folder}: is not a journal: ${why}`, 'give the folder of a journal; a journal that broke is restored from a backup (faultline journal backup)');
}

function readMeta(fd: number, position: number): { pageBytes: number; lastPage: number; transaction: number } | undefined {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(fd, page, 0, META_BYTES, position) < META_BYTES) return undefined;
  if (page.readUInt32LE(META_AT) !== MAGIC || page.readUInt32LE(META_AT + 4) !== DATA_VERSION) return undefined;
  const pageBytes = page.readUInt32LE(PAGE_SIZE_AT);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  return { pageBytes, lastPage: Number(page.readBigUInt64LE(LAST_PAGE_AT)), transaction: Number(page.readBigUInt64LE(TRANSACTION_AT)) };
}
