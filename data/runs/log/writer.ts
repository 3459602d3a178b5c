import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { RunError, runWriteFailure } from '../error.js';
import { FILE_MODE } from '../folder.js';
import { encodeHead, EntryKind, FRAME_BYTES, MAX_PAYLOAD_BYTES, POSITION_BYTES, sealFrame, type RunInput, type RunMark, type RunPosition } from './format.js';

const BUFFER_BYTES = 256 * 1024;

/**
 * Writes a run log. `input` and `mark` put their entry into a buffer, at once; `flush` hands what is in it to the system, which survives the
 * process; `sync` has it on the disk, which survives the machine.
 */
export class RunLogWriter {
  readonly path: string;
  readonly #fd: number;
  readonly #seed: number;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #pending = 0;
  /** Bytes in the file that end with a whole entry. */
  #written = 0;
  #entries = 0;
  #records = 0;
  #clockUs = 0;
  #state: 'open' | 'closed' | 'failed' = 'open';

  /** Begins the log of run `id`; refuses where one is. @throws RunError. */
  constructor(path: string, id: string) {
    const { bytes, seed } = encodeHead(id);
    this.path = path;
    this.#seed = seed;
    try {
      this.#fd = openSync(path, 'wx', FILE_MODE);
    } catch (error) {
      throw runWriteFailure(path, error);
    }
    this.#write(bytes, bytes.length);
  }

  /** Entries so far. */
  get entries(): number {
    return this.#entries;
  }

  /** Bytes so far, those in the buffer included. */
  get bytes(): number {
    return this.#written + this.#pending;
  }

  /**
   * Appends an input. What it returns has been through the log's own text and is what the tree is to be given: a replay reads the same, down to
   * the order of keys.
   * @throws RunError `input` for a message that is no JSON (nothing is written), `full`, `denied`, `io` or `closed`.
   */
  input(at: RunPosition, input: { readonly to: string; readonly message: object }): RunInput {
    const text = jsonOf(input);
    this.#append(EntryKind.INPUT, at, text);
    return JSON.parse(text) as RunInput;
  }

  /** Appends a mark. @throws RunError. */
  mark(at: RunPosition, mark: RunMark): void {
    this.#append(EntryKind.MARK, at, jsonOf(mark));
  }

  /** Everything so far survives the death of the process. @throws RunError. */
  flush(): void {
    this.#mustBeOpen();
    if (this.#pending === 0) return;
    const length = this.#pending;
    this.#pending = 0;
    this.#write(this.#buffer, length);
  }

  /** Everything so far survives the loss of power. @throws RunError. */
  sync(): void {
    this.flush();
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      this.#fail();
      throw runWriteFailure(this.path, error);
    }
  }

  /** @throws RunError when the rest cannot be written. */
  close(): void {
    if (this.#state !== 'open') return;
    this.sync();
    this.#state = 'closed';
    closeSync(this.#fd);
  }

  /** Gives up what is in the buffer. Safe to call at any time. */
  abort(): void {
    if (this.#state === 'open') this.#fail();
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new RunError('closed', `${this.path}: its writer is ${this.#state}`);
  }

  #append(kind: number, at: RunPosition, text: string): void {
    this.#mustBeOpen();
    if (!(Number.isSafeInteger(at.records) && at.records >= this.#records && at.clockUs >= this.#clockUs && at.clockUs <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`${this.path}: an entry after ${at.records} records at ${at.clockUs} follows one after ${this.#records} at ${this.#clockUs}`);
    }
    const room = FRAME_BYTES + POSITION_BYTES;
    // A code unit of UTF-16 is at most three bytes of UTF-8.
    const most = room + 3 * text.length;
    if (this.#pending + most > this.#buffer.length) {
      const needed = room + Buffer.byteLength(text);
      if (needed - FRAME_BYTES > MAX_PAYLOAD_BYTES) throw new RunError('input', `${this.path}: an entry of ${needed} bytes is longer than a run log takes`);
      if (this.#pending + needed > this.#buffer.length) this.flush();
      if (needed > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(needed + BUFFER_BYTES);
    }
    const jsonBytes = this.#buffer.write(text, this.#pending + room, 'utf8');
    this.#pending += sealFrame(this.#buffer, this.#pending, kind, at, jsonBytes, this.#seed);
    this.#entries += 1;
    this.#records = at.records;
    this.#clockUs = at.clockUs;
  }

  #write(bytes: Uint8Array, length: number): void {
    try {
      for (let done = 0; done < length; ) done += writeSync(this.#fd, bytes, done, length - done, this.#written + done);
    } catch (error) {
      this.#fail();
      throw runWriteFailure(this.path, error);
    }
    this.#written += length;
  }

  #fail(): void {
    this.#state = 'failed';
    try {
      // What is left of a write that did not fit; a reader leaves it out anyway.
      ftruncateSync(this.#fd, this.#written);
    } catch {
      // Then the reader does it.
    }
    closeSync(this.#fd);
  }
}

function jsonOf(value: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new RunError('input', `an entry that is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text === undefined) throw new RunError('input', 'an entry that is no JSON');
  return text;
}
