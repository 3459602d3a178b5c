import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RunError, runReadFailure, runWriteFailure } from './error.js';

/** Variable that names the folder in which runs, and whatever else a working Faultline leaves, are kept. */
export const VAR_VARIABLE = 'FAULTLINE_VAR_DIR';

/** Files of a run folder. */
export const MANIFEST = 'run.json';
export const BOOT = 'boot.json';
export const LOG = 'run.log';
export const DECISIONS = 'decisions.jsonl';
export const EFFECTS = 'effects.jsonl';
export const TAPES = 'tapes';

const ID = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;

/** A run's id, 24 characters: its beginning in UTC to the millisecond, and 16 random bits against two of one millisecond. Ids sort by time. */
export function newRunId(nowMs: number = Date.now(), random: number = randomBytes(2).readUInt16BE()): string {
  return `${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}-${random.toString(16).padStart(4, '0')}`;
}

export function isRunId(text: string): boolean {
  return ID.test(text);
}

/** A run holds balances, positions and orders: it is for its user alone. */
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

type Environment = Readonly<Record<string, string | undefined>>;

/** FAULTLINE_VAR_DIR, else `var` in the working folder. */
export function varFolder(env: Environment = process.env): string {
  return resolve(env[VAR_VARIABLE] || 'var');
}

/** Where runs are kept: `runs` in the var folder. */
export function runsRoot(env: Environment = process.env): string {
  return join(varFolder(env), 'runs');
}

/** The name of tape `number` of a run, as a path in its folder. */
export function tapeFile(number: number): string {
  return join(TAPES, `${String(number).padStart(6, '0')}.tape`);
}

/** What tape `number` begins with besides its books: how the whole tree stood there. */
export function snapshotFile(number: number): string {
  return join(TAPES, `${String(number).padStart(6, '0')}.snapshot`);
}

/** Numbers of the tapes that are in a run's folder, ascending, those still written too. */
export function tapeNumbers(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(join(folder, TAPES));
  } catch (error) {
    throw runReadFailure(join(folder, TAPES), error);
  }
  return [...new Set(names.flatMap((name) => /^(\d{6,})\.tape(?:\.partial)?$/.exec(name)?.[1] ?? []).map(Number))].sort((a, b) => a - b);
}

/** Makes the folder of a new run below `root`. @throws RunError `denied`, `full` or `io`. */
export function makeRunFolder(root: string, nowMs?: number): { readonly id: string; readonly folder: string } {
  try {
    makeAll(root);
    for (;;) {
      const id = newRunId(nowMs);
      const folder = join(root, id);
      if (existsSync(folder)) continue;
      mkdirSync(folder, FOLDER_MODE);
      return { id, folder };
    }
  } catch (error) {
    throw runWriteFailure(root, error);
  }
}

/** As mkdirSync's `recursive`, which reports a read-only file system as a missing folder. */
function makeAll(path: string): void {
  try {
    mkdirSync(path, FOLDER_MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeAll(dirname(path));
    mkdirSync(path, FOLDER_MODE);
  }
}

/** Ids of the runs below `root`, oldest first. A root that is not there has none. @throws RunError `unreadable`. */
export function runIds(root: string): string[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (error) {
    const failure = runReadFailure(root, error);
    if (failure.kind === 'missing') return [];
    throw failure;
  }
  return names.filter((name) => isRunId(name) && existsSync(join(root, name, MANIFEST))).sort();
}

/**
 * The folder that a person means: `latest`, a run's id or the beginning of exactly one, or a folder.
 * @throws RunError `missing` with what there is.
 */
export function findRun(text: string, root: string = runsRoot()): string {
  const ids = runIds(root);
  if (text === 'latest') {
    const latest = ids.at(-1);
    if (latest === undefined) throw new RunError('missing', `there is no run in ${root}`);
    return join(root, latest);
  }
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) return resolve(text);
  const begun = /^\d/.test(text) ? ids.filter((id) => id.startsWith(text)) : [];
  if (begun.length === 1) return join(root, begun[0]!);
  if (begun.length > 1) throw new RunError('missing', `'${text}' begins ${begun.length} runs`, `one of: ${begun.slice(0, 5).join('  ')}`);
  throw new RunError('missing', `'${text}' is neither a folder nor a run in ${root}`, ids.length === 0 ? 'there are none' : `the latest is ${ids.at(-1)!}`);
}
