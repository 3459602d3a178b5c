import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { RunError, runReadFailure } from '../error.js';
import { decodeHead, decodePayload, FRAME_BYTES, frameCrc, MAX_HEAD_BYTES, MAX_PAYLOAD_BYTES, POSITION_BYTES, type RunLogEntry, type RunPosition } from './format.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * How a log ends. `whole` with its `end` mark; `open` after a whole entry, without one; `cut` within an entry; `damaged` at an entry that does not
 * hold. Everything before `goodBytes` holds.
 */
export interface RunLogEnd {
  readonly kind: 'whole' | 'open' | 'cut' | 'damaged';
  readonly goodBytes: number;
  readonly problem: string | null;
}

/** A place between two entries of a log. */
export interface RunLogPlace {
  readonly byte: number;
  readonly position: RunPosition;
  readonly entries: number;
}

/** Reads a run log entry by entry, also one that is still being written. It hands out nothing that is not whole, and never throws for what is in the file. */
export class RunLogReader {
  readonly path: string;
  readonly id: string;
  readonly #fd: number;
  readonly #seed: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Byte of the file at which the chunk begins, and how far in it we are. */
  #chunkAt: number;
  #at = 0;
  #position: RunPosition = { records: 0, clockUs: 0 };
  #entries = 0;
  #end: RunLogEnd | undefined;
  #closed = false;

  /**
   * Begins at the first entry, or where another reader of the same log stood.
   * @throws RunError `missing`, `unreadable`, `notARun`, `version` or `corrupt` (not even the head holds).
   */
  constructor(path: string, from?: RunLogPlace) {
    this.path = path;
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      throw runReadFailure(path, error);
    }
    try {
      const head = decodeHead(readAt(fd, 0, MAX_HEAD_BYTES));
      if (!head.ok) throw headFailure(path, head.reason);
      this.id = head.id;
      this.#seed = head.seed;
      this.#chunkAt = head.bytes;
      this.#fd = fd;
      if (from !== undefined) {
        this.#chunkAt = from.byte;
        this.#position = from.position;
        this.#entries = from.entries;
      }
    } catch (error) {
      closeSync(fd);
      throw runReadFailure(path, error);
    }
  }

  /** Entries handed out. */
  get entries(): number {
    return this.#entries;
  }

  /** Before the next entry. */
  get place(): RunLogPlace {
    return { byte: this.#chunkAt + this.#at, position: this.#position, entries: this.#entries };
  }

  /** How the log ends; undefined before `next` has come there. */
  get end(): RunLogEnd | undefined {
    return this.#end;
  }

  /** The next whole entry; undefined at the end, of which `end` tells. @throws RunError `unreadable` when the disk does. */
  next(): RunLogEntry | undefined {
    if (this.#closed) throw new RunError('closed', `${this.path}: its reader is closed`);
    if (this.#end !== undefined && this.#end.kind !== 'open' && this.#end.kind !== 'cut') return undefined;
    this.#end = undefined;
    if (!this.#have(FRAME_BYTES)) return this.#ends(this.#left() === 0 ? 'open' : 'cut', this.#left() === 0 ? null : 'ends within the head of an entry');
    const length = this.#chunk.readUInt32LE(this.#at);
    if (length < POSITION_BYTES || length > MAX_PAYLOAD_BYTES) return this.#ends('damaged', `claims ${length} bytes`);
    // Asked of the file before anything is allocated for it.
    if (this.#fileBytes() < this.#chunkAt + this.#at + FRAME_BYTES + length) return this.#ends('cut', 'ends within an entry');
    if (!this.#have(FRAME_BYTES + length)) return this.#ends('cut', 'ends within an entry');
    const frame = this.#chunk.subarray(this.#at, this.#at + FRAME_BYTES);
    const payload = this.#chunk.subarray(this.#at + FRAME_BYTES, this.#at + FRAME_BYTES + length);
    if (frame.readUInt32LE(4) !== frameCrc(frame, payload, this.#seed)) return this.#ends('damaged', 'has a checksum that does not match');
    const entry = decodePayload(payload, this.#position);
    if (typeof entry === 'string') return this.#ends('damaged', entry);
    this.#at += FRAME_BYTES + length;
    this.#position = entry;
    this.#entries += 1;
    if (entry.kind === 'mark' && entry.mark.mark === 'end') this.#ends('whole', null);
    return entry;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  #ends(kind: RunLogEnd['kind'], problem: string | null): undefined {
    const goodBytes = this.#chunkAt + this.#at;
    this.#end = { kind, goodBytes, problem: problem === null ? null : `${this.path}: entry ${this.#entries} at byte ${goodBytes} ${problem}` };
    return undefined;
  }

  #left(): number {
    return this.#chunk.length - this.#at;
  }

  #fileBytes(): number {
    try {
      return fstatSync(this.#fd).size;
    } catch (error) {
      throw runReadFailure(this.path, error);
    }
  }

  /** True when the chunk holds `bytes` from where we are. */
  #have(bytes: number): boolean {
    if (this.#left() >= bytes) return true;
    const rest = this.#chunk.subarray(this.#at);
    this.#chunkAt += this.#at;
    this.#at = 0;
    try {
      const more = readAt(this.#fd, this.#chunkAt + rest.length, Math.max(CHUNK_BYTES, bytes - rest.length));
      this.#chunk = rest.length === 0 ? more : Buffer.concat([rest, more]);
    } catch (error) {
      throw runReadFailure(this.path, error);
    }
    return this.#chunk.length >= bytes;
  }
}

function readAt(fd: number, position: number, most: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, fstatSync(fd).size - position)));
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

function headFailure(path: string, reason: 'notARun' | 'version' | 'cut' | 'corrupt'): RunError {
  switch (reason) {
    case 'notARun': return new RunError('notARun', `${path}: is not a run log`);
    case 'version': return new RunError('version', `${path}: was written by a newer Faultline`, 'read it with that one');
    case 'cut': return new RunError('corrupt', `${path}: is cut within its head`);
    case 'corrupt': return new RunError('corrupt', `${path}: has a head that does not hold`);
  }
}
