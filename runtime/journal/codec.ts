import { crc32 } from 'node:zlib';
import { checksum } from './checksum.js';
import { type ActorSnapshot, type JournalEntry, KIND_CODES, type TurnInput, type TurnOp } from './entry.js';
import { JournalFailure } from './failure.js';
import { MOST_RESERVED, notWritable, pack, packPlain, unpack, unpackPlain } from './pack.js';
import { NO_PLACE, NOT_PLAIN, PlainWriter } from './plain-writer.js';
import type { PreparedEntry } from './port.js';

/**
 * An entry as bytes, little endian:
 *
 *      0  u32  length of the whole entry
 *      4  u32  CRC-32 of everything behind this field
 *      8  u8   kind (see KIND_CODES)
 *      9  u8   1: objects are plain maps (there is no Map in the body); 0: objects are records
 *     10  u16  number of targets
 *     12  u32  number of the actor, 0 for none
 *     16  f64  stamp, µs since the epoch
 *     24  f64  turn; `upTo` of a release
 *     32  u32  numbers of the durable actors it sends to, one for each target
 *          …   body: MessagePack, a list by kind
 *
 * The header is enough to tell whom an entry concerns.
 */
export const HEADER_BYTES = 32;
export const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
const MAX_TARGETS = 0xffff;

/** Which number stands for which path. Number 0 is nobody. */
export interface ActorNumbers {
  numberOf(path: string): number;
  pathOf(number: number): string | undefined;
}

export type EntryProblemCode = 'short' | 'length' | 'checksum' | 'kind' | 'actor' | 'body' | 'shape';
export interface EntryProblem {
  readonly code: EntryProblemCode;
  readonly message: string;
}

export type DecodedEntry = { readonly ok: true; readonly entry: JournalEntry } | { readonly ok: false; readonly problem: EntryProblem };

const KINDS = Object.keys(KIND_CODES) as (keyof typeof KIND_CODES)[];
const PLAIN = 1;
const NO_TARGETS: readonly number[] = [];
const PHASES = ['start', 'step', 'stop', 'wake', 'upgrade'] as const;
const STATUSES = ['replied', 'done', 'failed'] as const;

const writer = new PlainWriter();

export function encodeEntry(entry: JournalEntry, actors: ActorNumbers): PreparedEntry {
  const targets = entry.kind === 'turn' ? targetsOf(entry.ops, actors) : NO_TARGETS;
  if (targets.length > MAX_TARGETS) throw new JournalFailure('value', `${describe(entry)} sends to ${targets.length} durable actors; the most is ${MAX_TARGETS}`);
  const start = HEADER_BYTES + 4 * targets.length;
  let bytes: Buffer;
  let view: DataView;
  /** Of the entry in `view`. */
  let from = 0;
  let place = NO_PLACE;
  let flags = PLAIN;
  try {
    const body = bodyOf(entry);
    from = writer.begin(start);
    const end = writer.write(body, from + start);
    if (end === NOT_PLAIN) {
      const reserved = start <= MOST_RESERVED ? start : 0;
      let packed = packPlain(body, reserved);
      if (packed === null) {
        flags = 0;
        packed = pack(body, reserved);
      }
      bytes = reserved === start ? packed : Buffer.concat([Buffer.alloc(start), packed]);
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      from = 0;
    } else {
      view = writer.view;
      place = writer.place;
      bytes = writer.take(end);
    }
  } catch (thrown) {
    throw notWritable(describe(entry), thrown);
  }
  const { length } = bytes;
  if (length > MAX_ENTRY_BYTES) throw new JournalFailure('value', `${describe(entry)} takes ${length} bytes; the most is ${MAX_ENTRY_BYTES}`);
  view.setUint32(from, length, true);
  view.setUint16(from + 8, KIND_CODES[entry.kind] + 256 * flags, true);
  view.setUint16(from + 10, targets.length, true);
  view.setUint32(from + 12, entry.kind === 'release' ? 0 : actors.numberOf(entry.actor), true);
  view.setFloat64(from + 16, entry.atUs, true);
  view.setFloat64(from + 24, entry.kind === 'release' ? entry.upTo : 'turn' in entry ? entry.turn : 0, true);
  for (let at = 0; at < targets.length; at++) view.setUint32(from + HEADER_BYTES + 4 * at, targets[at]!, true);
  view.setUint32(from + 4, checksum(view, from + 8, from + length), true);
  return { bytes, place, entry };
}

/** What the header alone says; a problem where bytes are missing or damaged. */
export interface EntryHeader {
  readonly length: number;
  readonly kind: keyof typeof KIND_CODES;
  readonly actor: number;
  readonly atUs: number;
  readonly turn: number;
  readonly targets: readonly number[];
}

/** Reads and checks the entry at `offset`, without its body. Never throws. */
export function readHeader(bytes: Uint8Array, offset = 0): { readonly ok: true; readonly header: EntryHeader } | { readonly ok: false; readonly problem: EntryProblem } {
  const left = bytes.length - offset;
  if (left < HEADER_BYTES) return problem('short', `${left} bytes are left; an entry has at least ${HEADER_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, left);
  const length = view.getUint32(0, true);
  if (length < HEADER_BYTES || length > MAX_ENTRY_BYTES) return problem('length', `an entry cannot have ${length} bytes`);
  if (length > left) return problem('short', `the entry says it has ${length} bytes; ${left} are there`);
  const written = view.getUint32(4, true);
  const actual = crc32(bytes.subarray(offset + 8, offset + length));
  if (written !== actual) return problem('checksum', `checksum ${hex(actual)}, written down as ${hex(written)}`);
  const code = view.getUint8(8);
  const kind = KINDS.find((name) => KIND_CODES[name] === code);
  if (kind === undefined) return problem('kind', `no entry is of kind ${code}`);
  const count = view.getUint16(10, true);
  if (HEADER_BYTES + 4 * count > length) return problem('length', `${count} targets do not fit into ${length} bytes`);
  const targets: number[] = [];
  for (let at = 0; at < count; at++) targets.push(view.getUint32(HEADER_BYTES + 4 * at, true));
  return { ok: true, header: { length, kind, actor: view.getUint32(12, true), atUs: view.getFloat64(16, true), turn: view.getFloat64(24, true), targets } };
}

/** Reads one whole entry. Any bytes give an entry or a named problem. */
export function decodeEntry(bytes: Uint8Array, actors: Pick<ActorNumbers, 'pathOf'>, offset = 0): DecodedEntry {
  const read = readHeader(bytes, offset);
  if (!read.ok) return read;
  const { header } = read;
  let body: unknown;
  try {
    const packed = bytes.subarray(offset + HEADER_BYTES + 4 * header.targets.length, offset + header.length);
    body = bytes[offset + 9] === PLAIN ? unpackPlain(packed) : unpack(packed);
  } catch (thrown) {
    return problem('body', `the body cannot be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (!Array.isArray(body)) return problem('shape', 'the body is no list');
  if (!Number.isFinite(header.atUs) || !Number.isInteger(header.turn)) return problem('shape', 'stamp or turn is no number');
  if (header.kind === 'release') return { ok: true, entry: { kind: 'release', atUs: header.atUs, upTo: header.turn } };
  const actor = actors.pathOf(header.actor);
  if (actor === undefined) return problem('actor', `there is no actor number ${header.actor}`);
  const entry = entryOf(header, actor, body);
  return entry === null ? problem('shape', `the body is not that of a ${header.kind}`) : { ok: true, entry };
}

function bodyOf(entry: JournalEntry): unknown[] {
  switch (entry.kind) {
    case 'turn': return [
      PHASES.indexOf(entry.phase), entry.incarnation, entry.input, entry.events, entry.ops, entry.calls, entry.answers, entry.ids, entry.random,
    ];
    case 'failed': return [entry.input, entry.cause];
    case 'input': return [entry.source, entry.seq, entry.message];
    case 'outcome': return [entry.key, STATUSES.indexOf(entry.status), entry.message];
    case 'snapshot':
    case 'release': return [];
  }
}

function entryOf(header: EntryHeader, actor: string, body: readonly unknown[]): JournalEntry | null {
  const { atUs, turn } = header;
  switch (header.kind) {
    case 'turn': {
      const [phase, incarnation, input, events, ops, calls, answers, ids, random] = body;
      const name = PHASES[phase as number];
      if (name === undefined || !isCount(incarnation) || !(input === null || isInput(input)) || !(events === null || Array.isArray(events))) return null;
      if (!Array.isArray(ops) || !ops.every(isOp) || !Array.isArray(answers) || !answers.every(isAnswer)) return null;
      if (!isCount(calls) || !isCount(ids) || !(random === null || isGenerator(random))) return null;
      return { kind: 'turn', actor, atUs, turn, incarnation, phase: name, input, events, ops, calls, answers, ids, random };
    }
    case 'failed': {
      const [input, cause] = body;
      return isInput(input) && typeof cause === 'string' ? { kind: 'failed', actor, atUs, turn, input, cause } : null;
    }
    case 'input': {
      const [source, seq, message] = body;
      return typeof source === 'string' && typeof seq === 'number' ? { kind: 'input', actor, atUs, source, seq, message } : null;
    }
    case 'outcome': {
      const [key, status, message] = body;
      const name = STATUSES[status as number];
      return typeof key === 'string' && name !== undefined ? { kind: 'outcome', actor, atUs, key, status: name, message } : null;
    }
    case 'snapshot': return { kind: 'snapshot', actor, atUs, turn };
    case 'release': return null;
  }
}

const TEXT = (value: unknown): boolean => typeof value === 'string';
const COUNT = (value: unknown): boolean => isCount(value);
const DUE = (value: unknown): boolean => typeof value === 'number' && value > -Infinity;
const ANY = (): boolean => true;
const INPUTS: Readonly<Record<TurnInput[0], readonly ((value: unknown) => boolean)[]>> = {
  journal: [COUNT, COUNT], message: [ANY], timer: [TEXT, ANY], answer: [TEXT, ANY], request: [ANY], child: [TEXT, ANY], down: [COUNT, ANY],
  stash: [COUNT], system: [ANY],
};
const OPS: Readonly<Record<TurnOp[0], readonly ((value: unknown) => boolean)[]>> = {
  send: [TEXT, ANY], effect: [TEXT, ANY], timer: [TEXT, DUE, ANY], cancel: [TEXT], ask: [TEXT, ANY], topic: [TEXT], name: [TEXT],
  watch: [COUNT, TEXT], unwatch: [COUNT], child: [TEXT], nochild: [TEXT], stash: [ANY], unstash: [],
};

function matches(value: unknown, shapes: Readonly<Record<string, readonly ((value: unknown) => boolean)[]>>): boolean {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !Object.hasOwn(shapes, value[0])) return false;
  const shape = shapes[value[0]]!;
  return value.length === shape.length + 1 && shape.every((check, at) => check(value[at + 1]));
}

function isInput(value: unknown): value is TurnInput {
  return matches(value, INPUTS);
}

function isOp(value: unknown): value is TurnOp {
  return matches(value, OPS);
}

function isAnswer(value: unknown): value is readonly [number, unknown] {
  return Array.isArray(value) && value.length === 2 && isCount(value[0]);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isGenerator(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === 4 && value.every((word) => Number.isInteger(word));
}

function targetsOf(ops: readonly TurnOp[], actors: ActorNumbers): readonly number[] {
  if (ops.length === 0) return NO_TARGETS;
  const targets: number[] = [];
  for (const op of ops) if (op[0] === 'send') targets.push(actors.numberOf(op[1]));
  return targets;
}

/** A snapshot as bytes: u32 length, u32 CRC-32 of the rest, f64 position, body. */
const SNAPSHOT_HEADER_BYTES = 16;

/** The bytes still need their position: see `placeSnapshot`. */
export function encodeSnapshot(snapshot: ActorSnapshot): Uint8Array {
  try {
    const bytes = pack(snapshot, SNAPSHOT_HEADER_BYTES);
    bytes.writeUInt32LE(bytes.length, 0);
    return bytes;
  } catch (thrown) {
    throw notWritable(`the snapshot of ${snapshot.path}`, thrown);
  }
}

/** Writes the position and the checksum over all. */
export function placeSnapshot(bytes: Uint8Array, position: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setFloat64(8, position, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
}

export type DecodedSnapshot =
  | { readonly ok: true; readonly snapshot: ActorSnapshot; readonly position: number }
  | { readonly ok: false; readonly problem: EntryProblem };

/** The position alone, checksum included, for an index. */
export function readSnapshotPosition(bytes: Uint8Array): { readonly ok: true; readonly position: number } | { readonly ok: false; readonly problem: EntryProblem } {
  if (bytes.length < SNAPSHOT_HEADER_BYTES) return problem('short', `a snapshot has at least ${SNAPSHOT_HEADER_BYTES} bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== bytes.length) return problem('length', `the snapshot says it has ${view.getUint32(0, true)} bytes; ${bytes.length} are there`);
  const written = view.getUint32(4, true);
  const actual = crc32(bytes.subarray(8));
  if (written !== actual) return problem('checksum', `checksum ${hex(actual)}, written down as ${hex(written)}`);
  const position = view.getFloat64(8, true);
  return isCount(position) ? { ok: true, position } : problem('shape', 'the position is no number');
}

export function decodeSnapshot(bytes: Uint8Array): DecodedSnapshot {
  const read = readSnapshotPosition(bytes);
  if (!read.ok) return read;
  let body: unknown;
  try {
    body = unpack(bytes.subarray(SNAPSHOT_HEADER_BYTES));
  } catch (thrown) {
    return problem('body', `the snapshot cannot be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (!isSnapshot(body)) return problem('shape', 'the body is not that of a snapshot');
  return { ok: true, snapshot: body, position: read.position };
}

function isSnapshot(value: unknown): value is ActorSnapshot {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  const behaviour = fields['behaviour'] as { name?: unknown; version?: unknown } | null | undefined;
  return fields['format'] === 1 && typeof fields['path'] === 'string' && (fields['log'] === 'inputs' || fields['log'] === 'events')
    && typeof behaviour?.name === 'string' && typeof behaviour.version === 'number'
    && ['atUs', 'epoch', 'turn', 'incarnation', 'ids'].every((key) => typeof fields[key] === 'number')
    && ['timers', 'deferred', 'effects', 'asks', 'topics', 'names', 'watching', 'children', 'queue'].every((key) => Array.isArray(fields[key]))
    && (fields['random'] === null || isGenerator(fields['random']));
}

function problem(code: EntryProblemCode, message: string): { readonly ok: false; readonly problem: EntryProblem } {
  return { ok: false, problem: { code, message } };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function describe(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'turn': return `turn ${entry.turn} of ${entry.actor}`;
    case 'failed': return `the failed turn ${entry.turn} of ${entry.actor}`;
    case 'input': return `input ${entry.seq} of ${entry.source} for ${entry.actor}`;
    case 'outcome': return `the outcome of effect ${entry.key}`;
    case 'snapshot': return `the snapshot mark of ${entry.actor}`;
    case 'release': return 'a release';
  }
}
