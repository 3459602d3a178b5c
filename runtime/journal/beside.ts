import { existsSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { open, type RootDatabase, type RootDatabaseOptionsWithPath, type Transaction } from 'lmdb';

/** How long at least a reader's pages stay as they are after it began, ms. */
export const READERS_MS = 60_000;

/** A file that nobody may open for writing, root neither. */
const UNWRITABLE = '/proc/sys/kernel/osrelease';

/**
 * Opens the journal in a folder for reading without a word to who writes it, and without a lock file (docs/decisions/0110): who opens LMDB's, for reading
 * too, notes there the last transaction that it has seen, and the writer goes on from that one, over what it has committed meanwhile. One of the reader's own
 * would name for ever what it saw first. Where the lock file may not be opened, LMDB takes the newest of the two roots; {@link Hold} keeps its pages.
 */
export function openBeside(dir: string, options: Omit<RootDatabaseOptionsWithPath, 'path'>): RootDatabase<unknown, string> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-read-'));
  try {
    const lock = join(folder, 'lock.mdb');
    symlinkSync(resolve(dir, 'data.mdb'), join(folder, 'data.mdb'));
    if (process.getuid?.() === 0 && existsSync(UNWRITABLE)) symlinkSync(UNWRITABLE, lock);
    else writeFileSync(lock, '', { mode: 0o000 });
    const root = open<unknown, string>({ ...options, path: folder, readOnly: true, overlappingSync: false });
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

/** Of the writer: two of its own read transactions, by which it writes over no page that was in use {@link READERS_MS} ago. It knows of no other reader. */
export class Hold {
  readonly #root: RootDatabase<unknown, string>;
  /** The older first. */
  #pins: readonly Transaction[] = [];
  #pinnedMs = 0;

  constructor(root: RootDatabase<unknown, string>) {
    this.#root = root;
    this.renew();
  }

  /** Before each commit. */
  renew(): void {
    const nowMs = performance.now();
    if (this.#pins.length > 0 && nowMs - this.#pinnedMs < READERS_MS) return;
    this.#pinnedMs = nowMs;
    const [older, younger] = this.#pins;
    if (younger !== undefined) older!.done();
    this.#pins = [...(younger === undefined ? this.#pins : [younger]), this.#root.useReadTransaction()];
  }

  done(): void {
    for (const pin of this.#pins) pin.done();
    this.#pins = [];
  }
}
