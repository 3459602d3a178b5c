import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isBeingWritten, readManifest, runIds, RunError, type RunManifest } from '../../../data/runs/index.js';
import type { RunSource } from '../wire/sources.js';
import { textOf } from './foreign.js';

/** The newest runs that are listed; every one is still found by its id. */
const MOST_RUNS = 100;
/** Runs elsewhere that processes have named. */
const MOST_TOLD = 100;

interface Known {
  readonly stamp: string;
  readonly manifest: RunManifest | null;
  readonly problem: string | null;
}

/** Run folders: those below a root, the newest first, and those that somebody named. */
export class RunFolders {
  readonly #root: string;
  /** By id, in the order in which they were named. */
  readonly #named = new Map<string, string>();
  readonly #told: string[] = [];
  readonly #known = new Map<string, Known>();
  #infos: readonly RunSource[] = [];
  #folders: ReadonlyMap<string, string> = new Map();
  omitted = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** Adds a folder from anywhere; its source id. */
  add(folder: string): string {
    const path = resolve(folder);
    const id = this.idOf(path);
    if (id !== null) return id;
    const wanted = this.#read(path).manifest?.id ?? basename(path);
    let free = wanted;
    for (let number = 2; this.#named.has(free) || (this.#folders.has(free) && this.#folders.get(free) !== path); number++) free = `${wanted}~${number}`;
    this.#named.set(free, path);
    this.look();
    return `run:${free}`;
  }

  /** As `add`, for a folder that a process says it writes: those told longest ago are forgotten, however many it names. */
  addTold(folder: string): string {
    const id = this.add(folder);
    this.#told.push(id.slice('run:'.length));
    for (const oldest of this.#told.splice(0, this.#told.length - MOST_TOLD)) this.#named.delete(oldest);
    return id;
  }

  /** Source id of a folder that is listed. */
  idOf(folder: string): string | null {
    const path = resolve(folder);
    for (const [id, known] of this.#folders) if (known === path) return `run:${id}`;
    return null;
  }

  folderOf(id: string): string | undefined {
    const known = this.#folders.get(id);
    if (known !== undefined) return known;
    // An older one than those that are listed.
    return safeIds(this.#root).includes(id) ? join(this.#root, id) : undefined;
  }

  list(): readonly RunSource[] {
    return this.#infos;
  }

  /** Looks again; reads only what has changed since. */
  look(): void {
    const ids = safeIds(this.#root).reverse();
    this.omitted = Math.max(0, ids.length - MOST_RUNS);
    const folders = new Map([...this.#named]);
    const named = new Set(this.#named.values());
    for (const id of ids.slice(0, MOST_RUNS)) {
      const folder = join(this.#root, id);
      if (!named.has(folder) && !folders.has(id)) folders.set(id, folder);
    }
    this.#folders = folders;
    this.#infos = [...folders].map(([id, folder]) => this.#infoOf(id, folder)).sort(byNewest);
    for (const folder of this.#known.keys()) if (![...folders.values()].includes(folder)) this.#known.delete(folder);
  }

  #infoOf(id: string, folder: string): RunSource {
    const { manifest, problem } = this.#read(folder);
    const shared = { id: `run:${id}`, kind: 'run' as const, name: id };
    if (manifest === null) {
      return { ...shared, state: 'unreadable', what: '', version: null, startedAt: null, endedAt: null, exitCode: null, alike: null, note: problem };
    }
    const written = manifest.endedAt === null && isBeingWritten(manifest);
    const state = manifest.endedAt !== null ? 'ended' : written ? 'written' : 'cut';
    return {
      ...shared, state, what: textOf([manifest.kind, manifest.mode].filter((word) => word !== '').join(' ')), version: textOf(manifest.code.version),
      startedAt: textOf(manifest.startedAt), endedAt: manifest.endedAt, exitCode: manifest.exit?.code ?? null, alike: alikeOf(manifest),
      note: state === 'cut' ? 'it was killed: it is shown up to where it was written' : null,
    };
  }

  #read(folder: string): Known {
    const stamp = stampOf(join(folder, 'run.json'));
    const known = this.#known.get(folder);
    if (known !== undefined && known.stamp === stamp) return known;
    const read = readKnown(folder, stamp);
    this.#known.set(folder, read);
    return read;
  }
}

/** What runs that can be compared have in common, as a digest. An engine makes tapes of its own; of a replay they are what it heard. */
function alikeOf({ kind, mode, config, tapes, replay }: RunManifest): string {
  const { trading, engine } = (config ?? {}) as { readonly trading?: { readonly strategy?: unknown }; readonly engine?: { readonly symbols?: unknown } };
  const heard = kind === 'engine' ? engine?.symbols : [tapes.map(({ file, records }) => [basename(file), records]), replay?.from, replay?.to];
  return createHash('sha256').update(JSON.stringify([kind, mode, trading?.strategy, heard])).digest('hex').slice(0, 16);
}

function readKnown(folder: string, stamp: string): Known {
  try {
    return { stamp, manifest: readManifest(folder), problem: null };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { stamp, manifest: null, problem: textOf(error.fix === undefined ? error.message : `${error.message}; ${error.fix}`) };
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    // Gone, or not to be read: why is for the manifest's reader to say.
    return '';
  }
}

function safeIds(root: string): string[] {
  try {
    return runIds(root);
  } catch (error) {
    if (error instanceof RunError) return [];
    throw error;
  }
}

function byNewest(a: RunSource, b: RunSource): number {
  const [left, right] = [a.startedAt ?? '', b.startedAt ?? ''];
  return left === right ? (a.name < b.name ? 1 : -1) : left < right ? 1 : -1;
}
