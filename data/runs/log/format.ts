/**
 * The bytes of a run log, little-endian.
 *
 * ```
 * head    magic (8), version (u32), length of the run's id (u32), the id (ASCII), CRC-32 of all before (u32)
 * entry*  length of the payload (u32), CRC-32 of length and payload (u32), payload
 * payload kind (u8), records before it (double), engine clock µs (double), JSON (UTF-8)
 * ```
 *
 * Every entry's CRC-32 starts from that of the head, so that an entry of another run does not pass. Nothing is allocated from a length before
 * that length was checked.
 */
import { crc32 } from 'node:zlib';

/** First byte not ASCII, then a line end: a transfer in text mode breaks it visibly. */
export const RUN_LOG_MAGIC = Buffer.from([0x89, 0x46, 0x4c, 0x52, 0x55, 0x4e, 0x4c, 0x0a]);
export const RUN_LOG_VERSION = 1;
export const MAX_ID_BYTES = 64;
/** Longest head: magic, version, length, id, checksum. */
export const MAX_HEAD_BYTES = 8 + 4 + 4 + MAX_ID_BYTES + 4;
/** Length and checksum before each payload. */
export const FRAME_BYTES = 8;
/** Kind, records and clock before the JSON. */
export const POSITION_BYTES = 17;
/** An answer of the venue is bounded well below; a longer entry is a forgery. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What the tree is told from outside: one message for one actor. */
export interface RunInput {
  readonly to: string;
  readonly message: { readonly type: string; readonly [key: string]: JsonValue };
}

/**
 * What the host did by itself:
 * `position`  all before it was written: where a killed run is known to have been;
 * `tape`      tape `number` begins here with `preamble` records of its own, which say how the books stand and are no part of the run's stream;
 * `control`   an operator changed the tree over the control socket: a write verb that was carried out;
 * `order`     lanes' edges were merged here: an entry of the merge order (actors/market/lanes/order.ts);
 * `end`       the run ended by itself, with the process's `code`.
 */
export type RunMark =
  | { readonly mark: 'position' }
  | { readonly mark: 'tape'; readonly number: number; readonly preamble: number }
  | { readonly mark: 'control'; readonly method: string; readonly params: JsonValue }
  | { readonly mark: 'order'; readonly entry: JsonValue }
  | { readonly mark: 'end'; readonly code: number; readonly reason: string };

/** Where in the run something happened: after so many records of the run's tapes, at this engine clock, µs. Neither ever decreases. */
export interface RunPosition {
  readonly records: number;
  readonly clockUs: number;
}

export type RunLogEntry =
  | (RunPosition & { readonly kind: 'input'; readonly input: RunInput })
  | (RunPosition & { readonly kind: 'mark'; readonly mark: RunMark });

export const EntryKind = { INPUT: 1, MARK: 2 } as const;

export function encodeHead(id: string): { readonly bytes: Buffer; readonly seed: number } {
  const name = Buffer.from(id, 'latin1');
  if (name.length < 1 || name.length > MAX_ID_BYTES) throw new RangeError(`an id of ${name.length} bytes`);
  const bytes = Buffer.alloc(16 + name.length + 4);
  RUN_LOG_MAGIC.copy(bytes);
  bytes.writeUInt32LE(RUN_LOG_VERSION, 8);
  bytes.writeUInt32LE(name.length, 12);
  name.copy(bytes, 16);
  const seed = crc32(bytes.subarray(0, 16 + name.length));
  bytes.writeUInt32LE(seed, 16 + name.length);
  return { bytes, seed };
}

export type RunLogHead =
  | { readonly ok: true; readonly id: string; readonly bytes: number; readonly seed: number }
  | { readonly ok: false; readonly reason: 'notARun' | 'version' | 'cut' | 'corrupt' };

/** Reads a head from the first bytes of a file, {@link MAX_HEAD_BYTES} or all there are. */
export function decodeHead(bytes: Buffer): RunLogHead {
  if (bytes.length < 8) return { ok: false, reason: bytes.equals(RUN_LOG_MAGIC.subarray(0, bytes.length)) ? 'cut' : 'notARun' };
  if (!bytes.subarray(0, 8).equals(RUN_LOG_MAGIC)) return { ok: false, reason: 'notARun' };
  if (bytes.length < 16) return { ok: false, reason: 'cut' };
  if (bytes.readUInt32LE(8) > RUN_LOG_VERSION) return { ok: false, reason: 'version' };
  const length = bytes.readUInt32LE(12);
  if (length < 1 || length > MAX_ID_BYTES || bytes.readUInt32LE(8) !== RUN_LOG_VERSION) return { ok: false, reason: 'corrupt' };
  if (bytes.length < 20 + length) return { ok: false, reason: 'cut' };
  const seed = crc32(bytes.subarray(0, 16 + length));
  if (bytes.readUInt32LE(16 + length) !== seed) return { ok: false, reason: 'corrupt' };
  return { ok: true, id: bytes.toString('latin1', 16, 16 + length), bytes: 20 + length, seed };
}

/** Writes the frame of an entry into `target` at `at` where `json` (already there, at `at + FRAME_BYTES + POSITION_BYTES`) is `jsonBytes` long. */
export function sealFrame(target: Buffer, at: number, kind: number, { records, clockUs }: RunPosition, jsonBytes: number, seed: number): number {
  const payloadBytes = POSITION_BYTES + jsonBytes;
  const payload = at + FRAME_BYTES;
  target.writeUInt32LE(payloadBytes, at);
  target.writeUInt8(kind, payload);
  target.writeDoubleLE(records, payload + 1);
  target.writeDoubleLE(clockUs, payload + 9);
  const lengthCrc = crc32(target.subarray(at, at + 4), seed);
  target.writeUInt32LE(crc32(target.subarray(payload, payload + payloadBytes), lengthCrc), at + 4);
  return FRAME_BYTES + payloadBytes;
}

/** The checksum that a frame's first 4 bytes and its payload must have. */
export function frameCrc(frame: Buffer, payload: Buffer, seed: number): number {
  return crc32(payload, crc32(frame.subarray(0, 4), seed));
}

/** The entry of a payload whose checksum holds, or what is wrong with it. */
export function decodePayload(payload: Buffer, before: RunPosition): RunLogEntry | string {
  if (payload.length < POSITION_BYTES) return 'is too short';
  const kind = payload.readUInt8(0);
  const records = payload.readDoubleLE(1);
  const clockUs = payload.readDoubleLE(9);
  if (!Number.isSafeInteger(records) || records < before.records) return `comes after ${records} records, the one before it after ${before.records}`;
  if (!(clockUs >= before.clockUs && clockUs <= Number.MAX_SAFE_INTEGER)) return `is of engine clock ${clockUs}, the one before it of ${before.clockUs}`;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8', POSITION_BYTES));
  } catch {
    return 'is no JSON';
  }
  if (kind === EntryKind.INPUT) return isInput(value) ? { kind: 'input', records, clockUs, input: value } : 'is no input';
  if (kind === EntryKind.MARK) return isMark(value) ? { kind: 'mark', records, clockUs, mark: value } : 'is a mark that this version does not know';
  return `is of kind ${kind}, which this version does not know`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInput(value: unknown): value is RunInput {
  return isObject(value) && typeof value['to'] === 'string' && isObject(value['message']) && typeof value['message']['type'] === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMark(value: unknown): value is RunMark {
  if (!isObject(value)) return false;
  switch (value['mark']) {
    case 'position': return true;
    case 'tape': return isCount(value['number']) && isCount(value['preamble']);
    case 'control': return typeof value['method'] === 'string' && 'params' in value;
    case 'order': return 'entry' in value;
    case 'end': return Number.isSafeInteger(value['code']) && typeof value['reason'] === 'string';
    default: return false;
  }
}
