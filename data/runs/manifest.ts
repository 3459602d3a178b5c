import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { RunError, runReadFailure, runWriteFailure } from './error.js';
import { FILE_MODE, MANIFEST } from './folder.js';

export const RUN_FORMAT = 1;
/** A run.json that is longer is none of ours. */
const MAX_BYTES = 64 * 1024 * 1024;

const count = z.int().min(0);
const tapeShape = z.strictObject({
  /** Path in the run folder, or absolute where the run played a tape that lies elsewhere. */
  file: z.string().min(1),
  /** The run's records before its first, and its own number of them; the preamble is no part of either. */
  firstRecord: count,
  records: count,
  /** Records at its beginning that say how things stand there. */
  preamble: count,
  /** Retention has removed it. */
  removed: z.boolean(),
});

const manifestShape = z.strictObject({
  format: z.literal(RUN_FORMAT),
  id: z.string().min(1).max(64),
  kind: z.enum(['engine', 'replay', 'demo']),
  /** An engine's `paper`, `demo` or `live`; "" where there are none. */
  mode: z.string(),
  /** What ran: Faultline's version and Node's. */
  code: z.strictObject({ version: z.string(), node: z.string() }),
  /** Effective configuration of the tree and its digest. */
  config: z.unknown(),
  configDigest: z.string(),
  /** SHA-256 of boot.json, the value that the run began with; null where it needed none. */
  bootDigest: z.string().nullable(),
  /** Texts that only this run has, and that ids in its decisions are made with. */
  idMarks: z.array(z.string().min(1)),
  /** Whoever writes it, while it has no end. */
  pid: count,
  host: z.string(),
  startedAt: z.string(),
  /** Null while it runs, and for ever where it was killed. */
  endedAt: z.string().nullable(),
  exit: z.strictObject({ code: z.int(), reason: z.string() }).nullable(),
  tapes: z.array(tapeShape),
  decisions: z.strictObject({ count, digest: z.string() }).nullable(),
  /** What the tree asked of the world, and the digest of that; null where nobody wrote it down, or while the run goes on. */
  effects: z.strictObject({ count, digest: z.string() }).nullable().default(null),
  /** How a replay was asked for: what its decisions depend on besides tape and configuration. */
  replay: z.strictObject({ from: z.string().nullable(), to: z.string().nullable(), faults: z.array(z.string()), lanes: z.int().min(0).nullable(), partial: z.boolean() }).nullable(),
});

export type RunTape = z.infer<typeof tapeShape>;
/** What run.json says of a run. */
export type RunManifest = z.infer<typeof manifestShape>;

/** What a run is, told when it begins. */
export interface RunBeginning {
  readonly kind: RunManifest['kind'];
  /** An engine's `paper`, `demo` or `live`; "" where there are none. */
  readonly mode?: string;
  readonly version: string;
  readonly config: unknown;
  readonly configDigest: string;
  /** Texts that only this run has, and that ids in its decisions are made with; made of the run's id. Default: that itself. */
  readonly idMarks?: (id: string) => readonly string[];
  /** Tapes that the run plays, where they lie. */
  readonly plays?: readonly { readonly file: string; readonly records: number }[];
  readonly replay?: RunManifest['replay'];
}

/** run.json of a run that begins. `nowMs`: the wall's clock. */
export function beginManifest(id: string, beginning: RunBeginning, bootDigest: string | null, nowMs: number = Date.now()): RunManifest {
  const { kind, mode = '', version, config, configDigest, idMarks = () => [id], plays = [], replay = null } = beginning;
  return {
    format: RUN_FORMAT, id, kind, mode, code: { version, node: process.version }, config, configDigest, bootDigest, idMarks: [...idMarks(id)],
    pid: process.pid, host: hostname(), startedAt: new Date(nowMs).toISOString(), endedAt: null, exit: null,
    tapes: plays.map(({ file, records }) => ({ file, firstRecord: 0, records, preamble: 0, removed: false })), decisions: null, effects: null, replay,
  };
}

/** Writes run.json so that a reader sees the old one or the new one. @throws RunError. */
export function writeManifest(folder: string, manifest: RunManifest): void {
  writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Writes a file so that it is there whole or not at all, also after a loss of power. @throws RunError. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    const fd = openSync(`${path}.partial`, 'w', FILE_MODE);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.partial`, path);
  } catch (error) {
    throw runWriteFailure(path, error);
  }
}

/** @throws RunError `missing`, `unreadable`, `notARun`, `version` or `corrupt`. */
export function readManifest(folder: string): RunManifest {
  const path = join(folder, MANIFEST);
  const value = readJson(path);
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format !== 'number') throw new RunError('notARun', `${path}: is not of a run`);
  if (format > RUN_FORMAT) throw new RunError('version', `${path}: was written by a newer Faultline`, 'read it with that one');
  if (format !== RUN_FORMAT) throw new RunError('version', `${path}: was written by another Faultline (format ${format})`, 'read it with that one');
  const result = manifestShape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new RunError('corrupt', `${path}: ${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}`);
}

/** The JSON of a file of a run. @throws RunError `missing`, `unreadable` or `corrupt`. */
export function readJson(path: string): unknown {
  return parseJson(path, readText(path));
}

export function readText(path: string): string {
  try {
    // Looked at first: whoever lists a hundred runs must not read gigabytes, nor wait at a pipe, for one that is none.
    const about = statSync(path);
    if (about.size > MAX_BYTES) throw new RunError('corrupt', `${path}: is too long (${about.size} bytes)`);
    if (!about.isFile() && !about.isDirectory()) throw new RunError('unreadable', `${path}: is no file`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw runReadFailure(path, error);
  }
}

export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RunError('corrupt', `${path}: is no JSON`);
  }
}
