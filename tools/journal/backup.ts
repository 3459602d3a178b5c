import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { openLayout } from '../../runtime/journal/layout.js';
import { CliError } from '../cli/errors.js';
import { makeFolder } from '../cli/folders.js';
import { onInterrupt } from '../cli/interrupt.js';
import { fromSystemError } from '../cli/system-errors.js';
import { DATA_FILE } from './data-file.js';
import { syncFolder } from './files.js';
import { verify, type JournalVerdict } from './verify.js';
import { JournalView } from './view.js';

export interface BackupResult {
  readonly folder: string;
  readonly out: string;
  readonly entries: number;
  readonly snapshots: number;
  readonly bytes: number;
  /** Position after the last entry of the copy. */
  readonly next: number;
}

const FILES: ReadonlySet<string> = new Set([DATA_FILE, 'lock.mdb']);

/** Where a path leads that need not exist yet: links above it are followed. */
function realPathOf(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(realPathOf(dirname(path)), basename(path));
}

/**
 * Copies a journal as of one moment, whether or not a process writes it, and verifies the copy. The copy gets its name when it
 * is whole; an older one under that name goes only then.
 */
export async function backup(folder: string, out: string, options: { readonly overwrite: boolean; readonly compact: boolean }): Promise<BackupResult> {
  const target = resolve(out);
  const view = JournalView.open(folder);
  const partial = join(dirname(target), `${basename(target)}.partial`);
  const discard = (): void => rmSync(partial, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  try {
    const [journal, there] = [realpathSync(folder), realPathOf(target)];
    if (journal === there) throw new CliError('usage', 'a journal cannot be its own backup', 'give --out another folder');
    if (there.startsWith(journal + sep)) throw new CliError('usage', `${out}: a backup cannot stand inside the journal that it is of`, `give --out a folder outside ${folder}`);
    refuseOccupied(target, options.overwrite);
    discard();
    guarded(() => {
      makeFolder(dirname(target));
      mkdirSync(partial, { mode: 0o700 });
    });
    try {
      await view.layout.root.backup(partial, options.compact);
    } catch (error) {
      throw new CliError('cannotWrite', `${out}: the copy cannot be written: ${error instanceof Error ? error.message : String(error)}`, 'free some space, or write to another disk; the journal itself was only read');
    }
    await disown(partial);
    const copy = JournalView.open(partial);
    let verdict: JournalVerdict;
    let next: number;
    try {
      verdict = await verify(copy);
      next = copy.state.next;
    } finally {
      copy.close();
    }
    if (!verdict.ok) {
      const [first] = verdict.problems;
      throw new CliError('checkFailed', `${out}: the copy is not good: ${first?.where}: ${first?.problem}`, `look at the journal itself: faultline journal verify ${folder}`);
    }
    guarded(() => {
      rmSync(join(partial, 'lock.mdb'), { force: true });
      const old = `${target}.old`;
      rmSync(old, { recursive: true, force: true });
      if (existsSync(target)) renameSync(target, old);
      renameSync(partial, target);
      syncFolder(dirname(target));
      rmSync(old, { recursive: true, force: true });
    });
    return { folder, out, entries: verdict.entries, snapshots: verdict.snapshots, bytes: statSync(join(target, DATA_FILE)).size, next };
  } finally {
    keep();
    discard();
    view.close();
  }
}

/** A copy has no owner: its original's process would keep others from opening it. */
async function disown(folder: string): Promise<void> {
  const layout = openLayout(folder, false);
  try {
    await layout.meta.remove('owner');
    await layout.root.flushed;
  } finally {
    await layout.root.close();
  }
}

function refuseOccupied(target: string, overwrite: boolean): void {
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats === undefined) return;
  const other = stats.isDirectory() ? readdirSync(target).find((name) => !FILES.has(name)) : target;
  if (other !== undefined) throw new CliError('cannotWrite', `${target}: is there already and is no backup of a journal (${other})`, 'choose another folder');
  if (!overwrite) throw new CliError('cannotWrite', `${target}: exists already`, 'choose another folder, or pass --overwrite');
}

function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw fromSystemError(error, 'write') ?? error;
  }
}
