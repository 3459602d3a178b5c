import { closeSync, existsSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, linkSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  BLOCK_RECORDS, EXCH_US, KIND_MASK, KIND_NAMES, RECORD_BYTES, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch,
} from '../records/index.js';
import { TapeClock } from './clock.js';
import { encodeColumns, encodeColumnsLater } from './columns.js';
import { TapeError, writeFailure } from './error.js';
import { BLOCK_HEADER_BYTES, BLOCK_PAYLOAD_BYTES, BlockHeaderView, Codec, encodeEndMark, encodeIndex, type BlockInfo } from './format.js';
import { encodeHeader, type TapeHeader } from './header.js';

/** What a finished tape holds. */
export interface TapeSummary {
  readonly path: string;
  readonly records: number;
  readonly blocks: number;
  readonly bytes: number;
  /** Clock of the tape at its first and last record, µs; 0 for a tape without stamps. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** Records whose stamp lay before the clock. */
  readonly backwardStamps: number;
}

export interface TapeWriterOptions {
  /** Store blocks as deflated columns where that is smaller. Default true: docs/tape.md has the figures. */
  readonly compress?: boolean;
  /**
   * Full blocks are deflated by a thread of the pool and written when that is done, in their order: who appends does not wait for it. A
   * flush does, for those under way. Default false.
   */
  readonly packLater?: boolean;
  /** Permissions of the file. Default: what the process gives to new files. */
  readonly mode?: number;
  /** Replace a file of that name at close. Default false: create() and close() refuse. */
  readonly overwrite?: boolean;
  /** Name of the file until close(). Default {@link partialPath}. */
  readonly writeTo?: string;
}

/** The name under which a tape is written until it is closed. */
export function partialPath(path: string): string {
  return `${path}.partial`;
}

/** Blocks that may wait to be deflated by others. */
const MOST_WAITING = 8;

/** Room for a block: header and payload side by side, so that a raw block is one write. */
class BlockRoom {
  readonly bytes = new Uint8Array(BLOCK_HEADER_BYTES + BLOCK_PAYLOAD_BYTES);
  readonly header = new BlockHeaderView(this.bytes.buffer, 0);
  readonly F = new Float64Array(this.bytes.buffer, BLOCK_HEADER_BYTES);
  readonly I = new Int32Array(this.bytes.buffer, BLOCK_HEADER_BYTES);
}

/** A block that is full and not yet in the file. */
interface WaitingBlock {
  readonly room: BlockRoom;
  readonly info: Pick<BlockInfo, 'records' | 'firstSeq' | 'firstUs' | 'lastUs'>;
  /** Undefined while it is being deflated; null when that failed. */
  packed: Buffer | null | undefined;
}

/**
 * Writes a tape block by block to `<path>.partial`, which becomes `<path>` at close(). Whatever ends the process, the
 * blocks written by then are readable with `TapeReader.open(partialPath(path), {partial: true})`.
 */
export class TapeWriter {
  readonly path: string;
  readonly header: TapeHeader;
  readonly #fd: number;
  readonly #seed: number;
  readonly #compress: boolean;
  readonly #overwrite: boolean;
  readonly #partial: string;
  readonly #symbols: number;
  readonly #packLater: boolean;
  #room = new BlockRoom();
  readonly #freeRooms: BlockRoom[] = [];
  readonly #waiting: WaitingBlock[] = [];
  readonly #clock = new TapeClock();
  readonly #blocks: BlockInfo[] = [];
  #pending = 0;
  #pendingFirstUs = 0;
  #offset: number;
  #records = 0;
  #state: 'open' | 'closed' | 'failed' = 'open';
  /** A block that was written behind the caller's back could not be: the next one who writes hears of it. */
  #failure: TapeError | undefined;

  private constructor(path: string, fd: number, header: TapeHeader, seed: number, offset: number, options: TapeWriterOptions) {
    this.path = path;
    this.header = header;
    this.#fd = fd;
    this.#seed = seed;
    this.#offset = offset;
    this.#symbols = header.instruments.length;
    this.#compress = options.compress ?? true;
    this.#packLater = this.#compress && (options.packLater ?? false);
    this.#overwrite = options.overwrite ?? false;
    this.#partial = options.writeTo ?? partialPath(path);
  }

  /**
   * Begins a tape. A `.partial` file that an earlier run left behind is replaced.
   * @throws TapeError `header`, `exists`, `full`, `denied` or `io`.
   */
  static create(path: string, header: TapeHeader, options: TapeWriterOptions = {}): TapeWriter {
    const { bytes, crc } = encodeHeader(header);
    if (options.overwrite !== true && existsSync(path)) throw alreadyThere(path);
    const partial = options.writeTo ?? partialPath(path);
    let fd: number;
    try {
      // A writer that still holds the old file keeps its own inode; this one never shares bytes with it.
      rmSync(partial, { force: true });
      fd = openSync(partial, 'wx+', options.mode);
    } catch (error) {
      throw writeFailure(path, error);
    }
    const writer = new TapeWriter(path, fd, header, crc, bytes.length, options);
    writer.#write(bytes, bytes.length, 0);
    return writer;
  }

  /** Records appended so far, those of the unfinished block included. */
  get records(): number {
    return this.#records;
  }

  /** Blocks that are in the file, readable by others. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /**
   * Appends the records `from` (inclusive) to `to` (exclusive) of `batch`, giving them the next sequence numbers in the
   * tape (the batch is not changed).
   * @throws TapeError `record` for a record that no tape can hold; those before it are appended. `full`, `denied` or
   *   `io` when a block cannot be written; the complete blocks stay readable and the writer is at its end.
   */
  append(batch: RecordBatch, from: number, to: number): void {
    this.#mustBeOpen();
    if (!(from >= 0 && to <= batch.F.length / WORDS_F)) throw new RangeError(`records ${from} to ${to} of a batch of ${batch.F.length / WORDS_F}`);
    for (let at = from; at < to;) {
      const wanted = Math.min(to - at, BLOCK_RECORDS - this.#pending);
      const sound = this.#countSound(batch, at, wanted);
      this.#take(batch, at, sound);
      at += sound;
      if (this.#pending === BLOCK_RECORDS) {
        if (this.#packLater) this.#pack();
        else this.flush();
      }
      if (sound < wanted) throw this.#refusal(batch, at);
    }
  }

  /** Copies `count` records, for which the block has room, and numbers them. */
  #take(batch: RecordBatch, from: number, count: number): void {
    if (count === 0) return;
    const { F, I } = this.#room;
    const clock = this.#clock;
    const target = this.#pending * WORDS_I;
    // Copied as integers: a double may carry any bit pattern.
    if (count < 8) {
      const source = from * WORDS_I;
      for (let word = 0; word < count * WORDS_I; word += 1) I[target + word] = batch.I[source + word];
    } else {
      I.set(batch.I.subarray(from * WORDS_I, (from + count) * WORDS_I), target);
    }
    let f = this.#pending * WORDS_F;
    if (this.#pending === 0) {
      clock.observe(F, f);
      this.#pendingFirstUs = clock.nowUs;
      F[f + SEQ] = this.#records;
      f += WORDS_F;
    }
    for (let seq = this.#records + (this.#pending === 0 ? 1 : 0); seq < this.#records + count; seq += 1, f += WORDS_F) {
      F[f + SEQ] = seq;
      clock.observe(F, f);
    }
    this.#pending += count;
    this.#records += count;
  }

  /** Writes the unfinished block, so that a reader of the growing file sees every record; costs a short block. */
  flush(): void {
    this.#mustBeOpen();
    this.#writeWaiting(0);
    if (this.#pending === 0) return;
    const info = this.#endBlock();
    const { F, I } = this.#room;
    this.#writeBlock(this.#room, info, this.#compress ? encodeColumns(F, I, info.records) : null);
  }

  /** Has the full block deflated; what is appended meanwhile goes into another. */
  #pack(): void {
    const block: WaitingBlock = { room: this.#room, info: this.#endBlock(), packed: undefined };
    this.#waiting.push(block);
    this.#room = this.#freeRooms.pop() ?? new BlockRoom();
    encodeColumnsLater(block.room.F, block.room.I, block.info.records, (packed) => {
      block.packed = packed;
      if (this.#state !== 'open') return;
      try {
        while (this.#waiting.length > 0 && this.#waiting[0]!.packed !== undefined) this.#writeWaiting(this.#waiting.length - 1);
      } catch (error) {
        this.#failure = error instanceof TapeError ? error : writeFailure(this.path, error);
      }
    });
    this.#writeWaiting(MOST_WAITING);
  }

  /** Writes the oldest blocks that wait, until `left` do; one that is not deflated yet is here and now. */
  #writeWaiting(left: number): void {
    while (this.#waiting.length > left) {
      const { room, info, packed } = this.#waiting.shift()!;
      this.#writeBlock(room, info, packed === undefined ? encodeColumns(room.F, room.I, info.records) : packed);
      this.#freeRooms.push(room);
    }
  }

  /** What the block says of itself that has been filled so far; nothing is pending after it. */
  #endBlock(): WaitingBlock['info'] {
    const records = this.#pending;
    this.#pending = 0;
    return { records, firstSeq: this.#records - records, firstUs: this.#pendingFirstUs, lastUs: this.#clock.nowUs };
  }

  /** Appends a block to the file: deflated where that is smaller. */
  #writeBlock(room: BlockRoom, { records, firstSeq, firstUs, lastUs }: WaitingBlock['info'], packed: Buffer | null): void {
    const smaller = packed !== null && packed.length < records * RECORD_BYTES;
    const storedBytes = smaller ? packed.length : records * RECORD_BYTES;
    const payload = room.bytes.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + storedBytes);
    if (smaller) payload.set(packed);
    const info: BlockInfo = {
      number: this.#blocks.length, offset: this.#offset, records, codec: smaller ? Codec.COLUMNS : Codec.RAW, storedBytes, firstSeq, firstUs, lastUs,
    };
    room.header.write(info, crc32(payload, this.#seed), this.#seed);
    this.#write(room.bytes, BLOCK_HEADER_BYTES + storedBytes, this.#offset);
    this.#offset += BLOCK_HEADER_BYTES + storedBytes;
    this.#blocks.push(info);
  }

  /** As {@link flush}, and what is written survives a loss of power. @throws TapeError `full`, `denied` or `io`. */
  sync(): void {
    this.flush();
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      this.#fail();
      throw writeFailure(this.path, error);
    }
  }

  /**
   * Writes the last block, the index and the end mark, and gives the file its name.
   * @throws TapeError `exists`, `full`, `denied` or `io`; the .partial file stays.
   */
  close(): TapeSummary {
    this.flush();
    const index = encodeIndex(this.#blocks);
    const end = encodeEndMark({
      blocks: this.#blocks.length,
      records: this.#records,
      indexOffset: this.#offset,
      firstUs: this.#clock.startUs,
      lastUs: this.#clock.nowUs,
      backwardStamps: this.#clock.backwardStamps,
      indexCrc: crc32(index, this.#seed),
    }, this.#seed);
    const tail = Buffer.concat([index, end]);
    this.#write(tail, tail.length, this.#offset);
    try {
      fsyncSync(this.#fd);
      this.#giveName();
    } catch (error) {
      this.#fail();
      throw writeFailure(this.path, error);
    }
    closeSync(this.#fd);
    this.#state = 'closed';
    return {
      path: this.path,
      records: this.#records,
      blocks: this.#blocks.length,
      bytes: this.#offset + tail.length,
      firstUs: this.#clock.startUs,
      lastUs: this.#clock.nowUs,
      backwardStamps: this.#clock.backwardStamps,
    };
  }

  /** Gives up: the .partial file stays with its complete blocks, or goes when it has none. Safe to call at any time. */
  abort(): void {
    if (this.#state === 'open') this.#fail();
  }

  #mustBeOpen(): void {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    if (this.#state !== 'open') throw new TapeError('closed', `${this.path}: its writer is ${this.#state}`);
  }

  /** How many of the `count` records from `from` can be on a tape, up to the first that cannot. */
  #countSound({ F, I }: RecordBatch, from: number, count: number): number {
    const symbols = this.#symbols;
    for (let k = 0, f = from * WORDS_F, i = from * WORDS_I + TAG; k < count; k += 1, f += WORDS_F, i += WORDS_I) {
      const tag = I[i];
      const kind = tag & KIND_MASK;
      if (kind < 1 || kind >= KIND_NAMES.length || tag >>> SYMBOL_SHIFT >= symbols || !isStamp(F[f + RECV_US]) || !isStamp(F[f + EXCH_US])) return k;
    }
    return count;
  }

  /** The error for a record that {@link #countSound} stopped at. */
  #refusal({ F, I }: RecordBatch, record: number): TapeError {
    const tag = I[record * WORDS_I + TAG];
    const kind = tag & KIND_MASK;
    const symbol = tag >>> SYMBOL_SHIFT;
    const reason = kind < 1 || kind >= KIND_NAMES.length ? `has kind ${kind}`
      : symbol >= this.#symbols ? `names instrument ${symbol} of ${this.#symbols}`
      : `has a stamp that is not a time (${F[record * WORDS_F + RECV_US]}, ${F[record * WORDS_F + EXCH_US]})`;
    return new TapeError('record', `${this.path}: record ${this.#records} ${reason}`);
  }

  #write(bytes: Uint8Array, length: number, position: number): void {
    let done = 0;
    try {
      while (done < length) done += writeSync(this.#fd, bytes, done, length - done, position + done);
    } catch (error) {
      this.#fail();
      throw writeFailure(this.path, error);
    }
  }

  /** Ends the writer; the file is cut back to its complete blocks where the system allows. */
  #fail(): void {
    this.#state = 'failed';
    try {
      if (this.#blocks.length === 0 && this.#ownsPartial()) rmSync(this.#partial, { force: true });
      else ftruncateSync(this.#fd, this.#offset);
    } catch {
      // A reader skips an incomplete block anyway.
    }
    closeSync(this.#fd);
  }

  #ownsPartial(): boolean {
    const ours = fstatSync(this.#fd);
    const named = statSync(this.#partial, { throwIfNoEntry: false });
    return named !== undefined && named.ino === ours.ino && named.dev === ours.dev;
  }

  #giveName(): void {
    const partial = this.#partial;
    if (!this.#ownsPartial()) {
      throw new TapeError('io', `${partial}: another program replaced it while it was written`, 'write each tape from one program at a time');
    }
    if (this.#overwrite) {
      renameSync(partial, this.path);
      return;
    }
    try {
      // Unlike rename, link refuses when the name is taken meanwhile.
      linkSync(partial, this.path);
      rmSync(partial);
    } catch (error) {
      if (existsSync(this.path)) throw alreadyThere(this.path);
      // Some file systems have no links.
      if (error instanceof Error && 'code' in error && (error.code === 'EPERM' || error.code === 'ENOTSUP' || error.code === 'ENOSYS')) renameSync(partial, this.path);
      else throw error;
    }
  }
}

function alreadyThere(path: string): TapeError {
  return new TapeError('exists', `${path}: exists already`, 'choose another name, or pass --overwrite');
}

/** Whole or fractional µs since the epoch, or 0. */
function isStamp(us: number): boolean {
  return us >= 0 && us <= Number.MAX_SAFE_INTEGER;
}
