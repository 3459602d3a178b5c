import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ActorIndex } from '../../runtime/journal/actor-index.js';
import { chunkCount, walkChunk } from '../../runtime/journal/chunk.js';
import { readSnapshotPosition } from '../../runtime/journal/codec.js';
import { checkMeta, openLayout, readOwner, readState, refuseOwned, type Layout } from '../../runtime/journal/layout.js';
import { own } from '../../runtime/journal/lmdb-journal.js';
import type { Retention } from '../../runtime/journal/retention.js';
import { CliError } from '../cli/errors.js';
import { breathe, onInterrupt } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { fromSystemError } from '../cli/system-errors.js';
import { DATA_FILE, lookAtDataFile } from './data-file.js';
import { syncFolder } from './files.js';
import { fromJournalFailure } from './view.js';

export interface CompactResult {
  readonly folder: string;
  /** Entries taken out, and those that stay. */
  readonly removed: number;
  readonly kept: number;
  /** Entries below this position are needed by no recovery. */
  readonly neededFrom: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Where the smaller copy grows until it takes the journal's place. */
const WORK_FOLDER = 'compact.partial';
const REMOVED_AT_ONCE = 1000;

interface LogChunk {
  readonly first: number;
  /** Position after its last entry. */
  readonly end: number;
  readonly bytes: number;
  /** Stamp of its last entry, µs. */
  readonly lastUs: number;
}

/**
 * Takes out entries that no recovery needs and that are older than `maxAgeMs` or too many for `maxBytes`, oldest first, and
 * gives the space back. Only while no process has the journal open. Until the smaller copy is whole and on disk, the journal
 * stays in its place.
 */
export async function compact(folder: string, retention: Retention, nowUs: number): Promise<CompactResult> {
  lookAtDataFile(folder);
  const path = join(folder, DATA_FILE);
  const work = join(folder, WORK_FOLDER);
  const bytesBefore = statSync(path).size;
  const layout = openForWriting(folder, nowUs);
  const discard = (): void => rmSync(work, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  let open = true;
  try {
    const { chunks, neededFrom } = await survey(layout);
    const { gone, left } = choose(chunks, neededFrom, retention, nowUs);
    await remove(layout, gone, left);
    discard();
    mkdirSync(work, { mode: 0o700 });
    await layout.root.backup(work, true).catch((error: unknown) => {
      throw new CliError('cannotWrite', `${folder}: the smaller copy cannot be written: ${error instanceof Error ? error.message : String(error)}`, 'free some space and try again; the journal is whole');
    });
    await hold(work, chunks.length - gone.length, readState(layout).next);
    open = false;
    await layout.root.close();
    renameSync(join(work, DATA_FILE), path);
    syncFolder(folder);
    discard();
    await disown(folder);
    return {
      folder, removed: entriesOf(gone), kept: entriesOf(chunks) - entriesOf(gone), neededFrom, bytesBefore, bytesAfter: statSync(path).size,
    };
  } catch (error) {
    throw error instanceof CliError ? error : (fromJournalFailure(folder, error) ?? fromSystemError(error, 'write') ?? error);
  } finally {
    keep();
    discard();
    if (open) {
      await layout.meta.remove('owner');
      await layout.root.flushed;
      await layout.root.close();
    }
  }
}

function openForWriting(folder: string, nowUs: number): Layout {
  let layout: Layout | undefined;
  try {
    const look = openLayout(folder, true);
    try {
      checkMeta(folder, look);
      refuseOwned(folder, readOwner(look));
    } finally {
      void look.root.close();
    }
    layout = openLayout(folder, false);
    own(folder, layout, nowUs);
    return layout;
  } catch (error) {
    void layout?.root.close();
    const known = fromJournalFailure(folder, error);
    if (known?.exit === 'cannotWrite') {
      throw new CliError('cannotWrite', known.message, 'stop that process first (faultline shutdown), then compact. While it runs it drops what its own retention allows, and `faultline journal backup --compact` makes a small copy');
    }
    throw known ?? error;
  }
}

/** The chunks of the log, and from where on a recovery needs them. */
async function survey(layout: Layout): Promise<{ chunks: LogChunk[]; neededFrom: number }> {
  const index = new ActorIndex();
  for (const { key, value } of layout.actors.getRange()) index.add(key, value);
  for (const { key, value } of layout.snapshots.getRange()) {
    const read = readSnapshotPosition(value);
    if (!read.ok) throw new CliError('badInput', `the snapshot of ${index.pathOf(key) ?? `actor ${key}`} is damaged: ${read.problem.message}`, 'nothing was changed; see: faultline journal verify');
    index.setSnapshot(key, read.position);
  }
  const { next } = readState(layout);
  const chunks: LogChunk[] = [];
  const bar = progress('reading the journal', next);
  for (const { key, value } of layout.log.getRange()) {
    let lastUs = 0;
    const damage = walkChunk(key, value, (position, header) => {
      index.noteHeader(position, header);
      lastUs = header.atUs;
    });
    if (damage !== null) throw new CliError('badInput', `entry ${damage.position} is damaged: ${damage.problem.message}`, 'nothing was changed; see: faultline journal verify');
    chunks.push({ first: key, end: key + (chunkCount(value) ?? 0), bytes: value.length, lastUs });
    bar.update(key);
    await breathe();
  }
  bar.done();
  return { chunks, neededFrom: index.floor(next) };
}

function choose(chunks: readonly LogChunk[], neededFrom: number, { maxAgeMs, maxBytes }: Retention, nowUs: number): { gone: LogChunk[]; left: number } {
  const oldestUs = nowUs - maxAgeMs * 1000;
  let left = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone: LogChunk[] = [];
  for (const chunk of chunks) {
    if (chunk.end > neededFrom || (chunk.lastUs >= oldestUs && left <= maxBytes)) break;
    gone.push(chunk);
    left -= chunk.bytes;
  }
  return { gone, left };
}

async function remove(layout: Layout, gone: readonly LogChunk[], left: number): Promise<void> {
  let bytes = left + gone.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const bar = progress('removing entries', entriesOf(gone));
  for (let from = 0; from < gone.length; from += REMOVED_AT_ONCE) {
    const part = gone.slice(from, from + REMOVED_AT_ONCE);
    for (const chunk of part) bytes -= chunk.bytes;
    const state = readState(layout);
    await layout.root.childTransaction(() => {
      for (const { first } of part) void layout.log.remove(first);
      void layout.meta.put('state', { ...state, bytes, floor: Math.max(state.floor, part.at(-1)!.end) });
    });
    await layout.root.flushed;
    bar.update(part.at(-1)!.end);
    await breathe();
  }
  bar.done();
}

/** The copy is only used when it holds what it should. */
async function hold(folder: string, chunks: number, next: number): Promise<void> {
  const copy = openLayout(folder, true);
  try {
    const found = copy.log.getCount();
    if (found !== chunks || readState(copy).next !== next) throw new CliError('bug', `the smaller copy holds ${found} chunks of the log, not ${chunks}; the journal was left as it is`);
  } finally {
    await copy.root.close();
  }
}

async function disown(folder: string): Promise<void> {
  const layout = openLayout(folder, false);
  try {
    await layout.meta.remove('owner');
    await layout.root.flushed;
  } finally {
    await layout.root.close();
  }
}

function entriesOf(chunks: readonly LogChunk[]): number {
  return chunks.reduce((sum, { first, end }) => sum + end - first, 0);
}
