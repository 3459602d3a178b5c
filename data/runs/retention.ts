import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { runIds } from './folder.js';
import { readManifest, type RunManifest } from './manifest.js';

/** What of the runs is kept; the oldest go first. */
export interface Retention {
  readonly runs: number;
  readonly days: number;
  readonly bytes: number;
}

export const DEFAULT_RETENTION: Retention = { runs: 100, days: 30, bytes: 20 * 1024 ** 3 };

const DAY_MS = 86_400_000;
const DOOMED = '.removed-';

const removeNow = (folder: string): void => rmSync(folder, { recursive: true, force: true });
/** For a process that trades meanwhile: gigabytes of tapes take seconds. What is not done when it ends the next one finishes. */
export const removeLater = (folder: string): void => void rm(folder, { recursive: true, force: true }).catch(() => undefined);

/**
 * Removes the runs below `root` that `retention` does not keep, and returns their ids. It never touches one that is still written, nor anything
 * that is not a run. They are no runs any more when it returns, also where `remove` takes its time.
 */
export function tidyRuns(root: string, retention: Retention = DEFAULT_RETENTION, nowMs: number = Date.now(), remove: (folder: string) => void = removeNow): string[] {
  finishRemovals(root, remove);
  const removed: string[] = [];
  let kept = 0;
  let bytes = 0;
  for (const id of runIds(root).reverse()) {
    const folder = join(root, id);
    let manifest: RunManifest;
    try {
      manifest = readManifest(folder);
    } catch {
      // Not ours to judge: damaged, or of a newer version.
      continue;
    }
    bytes += folderBytes(folder);
    kept += 1;
    const old = nowMs - Date.parse(manifest.startedAt) > retention.days * DAY_MS;
    if (isBeingWritten(manifest) || (kept <= retention.runs && bytes <= retention.bytes && !old)) continue;
    kept -= 1;
    const doomed = join(root, `${DOOMED}${id}`);
    // A removal that is cut short leaves nothing that looks like a run.
    try {
      renameSync(folder, doomed);
      remove(doomed);
      removed.push(id);
    } catch {
      // Another process removes it, or it may not be removed: the new run is to begin all the same.
    }
  }
  return removed;
}

/** Whether the process that writes it is still there. Of another machine's nobody here can tell. */
export function isBeingWritten({ endedAt, pid, host }: RunManifest): boolean {
  if (endedAt !== null) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function finishRemovals(root: string, remove: (folder: string) => void): void {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return;
  }
  for (const name of names) {
    if (!name.startsWith(DOOMED)) continue;
    try {
      remove(join(root, name));
    } catch {
      // As below.
    }
  }
}

/** Bytes of the files in a folder; links are not followed. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch {
    // Another process removes it.
  }
  return bytes;
}
