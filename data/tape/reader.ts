import { closeSync, fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { BLOCK_RECORDS, WORDS_F, WORDS_I, type RecordBatch } from '../records/index.js';
import { TapeClock } from './clock.js';
import { decodeColumns } from './columns.js';
import { TapeError, readFailure } from './error.js';
import {
  BLOCK_HEADER_BYTES, BLOCK_PAYLOAD_BYTES, BlockHeaderView, Codec, decodeEndMark, decodeIndex, END_MARK_BYTES, INDEX_MAGIC, indexBytes,
  MAX_BLOCKS, PREAMBLE_BYTES, type BlockInfo, type EndMark,
} from './format.js';
import { openTapeFile } from './open.js';
import { decodeHeader, decodePreamble, type TapeHeader } from './header.js';

export interface TapeReaderOptions {
  /**
   * Open a tape without its end mark too: one that is being written, or was cut. The reader hands out complete blocks
   * and, called again at the end, those that have been added since.
   */
  readonly partial?: boolean;
}

/**
 * Reads a tape in order, at most one block at a time, straight into the caller's batch. Every block's checksums are
 * verified. Reading raw blocks allocates nothing.
 */
export class TapeReader {
  readonly path: string;
  readonly header: TapeHeader;
  readonly #fd: number;
  readonly #seed: number;
  readonly #partial: boolean;
  readonly #blocks: BlockInfo[] = [];
  readonly #head = new BlockHeaderView();
  readonly #packed = new Uint8Array(BLOCK_PAYLOAD_BYTES);
  #end: EndMark | undefined;
  /** Where the block after the last known one begins. */
  #nextOffset: number;
  #records = 0;
  #block = 0;
  /** Set by seekUs until the block is read: its records before this clock are left out. */
  #skipBeforeUs = 0;
  #target: RecordBatch | undefined;
  #targetBytes: Uint8Array = new Uint8Array(0);
  #closed = false;

  private constructor(path: string, fd: number, partial: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#partial = partial;
    const fileBytes = fstatSync(fd).size;
    const preamble = readUpTo(path, fd, PREAMBLE_BYTES, 0);
    const { headerBytes, crc } = decodePreamble(path, preamble);
    if (PREAMBLE_BYTES + headerBytes > fileBytes) throw new TapeError('cut', `${path}: is cut within its header`);
    this.header = decodeHeader(path, readUpTo(path, fd, headerBytes, PREAMBLE_BYTES), crc);
    this.#seed = crc;
    this.#nextOffset = PREAMBLE_BYTES + headerBytes;
    this.#end = this.#readEndMark(fileBytes);
    if (this.#end !== undefined) this.#loadIndex(this.#end);
    else if (partial) this.#follow();
    else throw this.#withoutEnd(fileBytes);
  }

  /** @throws TapeError `missing`, `unreadable`, `notATape`, `version`, `cut` or `corrupt`. */
  static open(path: string, options: TapeReaderOptions = {}): TapeReader {
    const fd = openTapeFile(path);
    try {
      return new TapeReader(path, fd, options.partial ?? false);
    } catch (error) {
      closeSync(fd);
      throw readFailure(path, error);
    }
  }

  /** Records of the tape; of a partial one, those in the complete blocks seen so far. */
  get records(): number {
    return this.#records;
  }

  /** True when the end mark was found: nothing will be added. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Records whose stamp lay before the clock, as counted when the tape was written; undefined without an end mark. */
  get backwardStamps(): number | undefined {
    return this.#end?.backwardStamps;
  }

  /** The blocks known so far, in order. */
  blocks(): readonly Readonly<BlockInfo>[] {
    return this.#blocks;
  }

  /**
   * Fills `batch` from index 0 with at most one block and sets its length; 0 = end (of a growing tape: for now).
   * The batch must have room for BLOCK_RECORDS records.
   * @throws TapeError `corrupt`, `cut` or `unreadable`. After one, the reader stays at the bad block.
   */
  next(batch: RecordBatch): number {
    if (this.#closed) throw new TapeError('closed', `${this.path}: its reader is closed`);
    if (batch !== this.#target) this.#adopt(batch);
    for (;;) {
      if (this.#block >= this.#blocks.length) {
        if (this.#end === undefined) this.#follow();
        if (this.#block >= this.#blocks.length) {
          batch.length = 0;
          return 0;
        }
      }
      const count = this.#read(this.#blocks[this.#block], batch);
      this.#block += 1;
      const kept = this.#skipBeforeUs > 0 ? this.#dropBefore(batch, count) : count;
      if (kept > 0) {
        batch.length = kept;
        return kept;
      }
    }
  }

  /** Goes to the first record at which the clock of the tape is `us` or later; next() continues there. */
  seekUs(us: number): void {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle].lastUs < us) low = middle + 1;
      else high = middle;
    }
    this.#block = low;
    this.#skipBeforeUs = us;
  }

  /** Goes to the block that has record `number` of the tape, or to the end where none has; answers with the number of the record that next() continues with. */
  seekRecord(number: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle].firstSeq + this.#blocks[middle].records <= number) low = middle + 1;
      else high = middle;
    }
    this.#block = low;
    this.#skipBeforeUs = 0;
    return this.#blocks[low]?.firstSeq ?? this.#records;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  #adopt(batch: RecordBatch): void {
    if (batch.F.length < BLOCK_RECORDS * WORDS_F) throw new RangeError(`a batch for reading needs room for ${BLOCK_RECORDS} records`);
    this.#target = batch;
    this.#targetBytes = new Uint8Array(batch.F.buffer, batch.F.byteOffset, BLOCK_PAYLOAD_BYTES);
  }

  /** Reads and checks one block into the batch at index 0; returns its records. */
  #read(block: BlockInfo, batch: RecordBatch): number {
    const raw = block.codec === Codec.RAW;
    const stored = block.storedBytes;
    this.#fill(this.#head.bytes, BLOCK_HEADER_BYTES, block.offset, block);
    const problem = this.#head.problem(block.number, this.#seed);
    if (problem !== undefined) throw this.#corrupt(block, problem);
    if (this.#head.records !== block.records || this.#head.storedBytes !== stored || this.#head.firstSeq !== block.firstSeq || this.#head.codec !== block.codec) {
      throw this.#corrupt(block, 'does not agree with the index');
    }
    const target = raw ? this.#targetBytes : this.#packed;
    this.#fill(target, stored, block.offset + BLOCK_HEADER_BYTES, block);
    const whole = stored === target.length ? target : target.subarray(0, stored);
    if (crc32(whole, this.#seed) !== this.#head.payloadCrc) throw this.#corrupt(block, 'has a payload whose checksum does not match');
    if (!raw && !decodeColumns(whole, batch.F, batch.I, block.records, block.firstSeq)) throw this.#corrupt(block, 'cannot be unpacked');
    return block.records;
  }

  #fill(target: Uint8Array, length: number, position: number, block: BlockInfo): void {
    let done = 0;
    try {
      while (done < length) {
        const got = readSync(this.#fd, target, done, length - done, position + done);
        if (got === 0) throw new TapeError('cut', `${this.path}: is cut within block ${block.number}, at byte ${position + done}`, repairHint(this.path));
        done += got;
      }
    } catch (error) {
      throw readFailure(this.path, error);
    }
  }

  #dropBefore(batch: RecordBatch, count: number): number {
    const clock = new TapeClock();
    clock.nowUs = this.#head.firstUs;
    let first = 0;
    // The clock at the first record of a block is in its header; it may owe it to an earlier record.
    while (first < count) {
      clock.observe(batch.F, first * WORDS_F);
      if (clock.nowUs >= this.#skipBeforeUs) break;
      first += 1;
    }
    if (first < count) this.#skipBeforeUs = 0;
    if (first > 0) batch.I.copyWithin(0, first * WORDS_I, count * WORDS_I);
    return count - first;
  }

  #readEndMark(fileBytes: number): EndMark | undefined {
    if (fileBytes < this.#nextOffset + indexBytes(0) + END_MARK_BYTES) return undefined;
    return decodeEndMark(readUpTo(this.path, this.#fd, END_MARK_BYTES, fileBytes - END_MARK_BYTES), this.#seed, fileBytes);
  }

  #loadIndex(end: EndMark): void {
    const bytes = readUpTo(this.path, this.#fd, indexBytes(end.blocks), end.indexOffset);
    const blocks = crc32(bytes, this.#seed) === end.indexCrc ? decodeIndex(bytes, this.#nextOffset) : undefined;
    const last = blocks?.at(-1);
    const records = last === undefined ? 0 : last.firstSeq + last.records;
    const endsAt = last === undefined ? this.#nextOffset : last.offset + BLOCK_HEADER_BYTES + last.storedBytes;
    if (blocks === undefined || records !== end.records || endsAt !== end.indexOffset) {
      if (!this.#partial) throw new TapeError('corrupt', `${this.path}: its index is damaged`, repairHint(this.path));
      this.#follow();
      return;
    }
    for (const block of blocks) this.#blocks.push(block);
    this.#records = records;
    this.#nextOffset = endsAt;
  }

  /** Takes up the complete blocks beyond the last known one, by their headers. */
  #follow(): void {
    const fileBytes = fstatSync(this.#fd).size;
    while (this.#nextOffset + BLOCK_HEADER_BYTES <= fileBytes && this.#blocks.length < MAX_BLOCKS) {
      const number = this.#blocks.length;
      readFully(this.path, this.#fd, this.#head.bytes, this.#nextOffset);
      if (this.#head.magic === INDEX_MAGIC) {
        this.#end ??= this.#readEndMark(fileBytes);
        return;
      }
      const problem = this.#head.problem(number, this.#seed) ?? (this.#head.firstSeq === this.#records ? undefined : `begins with record ${this.#head.firstSeq}, not ${this.#records}`);
      // A block that does not hold ends what can be read; next() never reaches it, verify says what is wrong with it.
      if (problem !== undefined || this.#nextOffset + BLOCK_HEADER_BYTES + this.#head.storedBytes > fileBytes) return;
      this.#blocks.push({
        number,
        offset: this.#nextOffset,
        records: this.#head.records,
        codec: this.#head.codec === Codec.COLUMNS ? Codec.COLUMNS : Codec.RAW,
        storedBytes: this.#head.storedBytes,
        firstSeq: this.#head.firstSeq,
        firstUs: this.#head.firstUs,
        lastUs: this.#head.lastUs,
      });
      this.#nextOffset += BLOCK_HEADER_BYTES + this.#head.storedBytes;
      this.#records += this.#head.records;
    }
  }

  #withoutEnd(fileBytes: number): TapeError {
    return new TapeError('cut', `${this.path}: has no end mark within its ${fileBytes} bytes: it is cut, damaged at its end, or still being written`, repairHint(this.path));
  }

  #corrupt(block: BlockInfo, problem: string): TapeError {
    return new TapeError('corrupt', `${this.path}: block ${block.number} at byte ${block.offset} ${problem}`, repairHint(this.path));
  }
}

function repairHint(path: string): string {
  return `faultline tape verify ${path} says what is good; faultline tape repair ${path} --out FILE saves it`;
}

/** Up to `length` bytes at `position`; fewer at the end of the file. The caller has bounded `length`. */
function readUpTo(path: string, fd: number, length: number, position: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readFully(path, fd, bytes, position));
}

function readFully(path: string, fd: number, bytes: Uint8Array, position: number): number {
  let done = 0;
  try {
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, position + done);
      if (got === 0) break;
      done += got;
    }
  } catch (error) {
    throw readFailure(path, error);
  }
  return done;
}
