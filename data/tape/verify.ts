import { closeSync, fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { allocateBatch, BLOCK_RECORDS, KIND_MASK, KIND_NAMES, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../records/index.js';
import { TapeClock } from './clock.js';
import { decodeColumns } from './columns.js';
import { TapeError, readFailure } from './error.js';
import {
  BLOCK_HEADER_BYTES, BLOCK_PAYLOAD_BYTES, BlockHeaderView, Codec, decodeEndMark, encodeIndex, END_MARK_BYTES, INDEX_MAGIC, indexBytes, PREAMBLE_BYTES, type BlockInfo,
} from './format.js';
import { openTapeFile } from './open.js';
import { decodeHeader, decodePreamble } from './header.js';

/** The verdict on a tape. */
export interface TapeVerdict {
  readonly ok: boolean;
  /** Records of the blocks that hold, from the beginning to the first that does not. */
  readonly goodRecords: number;
  /** Bytes from the beginning that hold: the whole file, or up to the end of the last good block (or header). */
  readonly goodBytes: number;
  /** What is wrong right after them. */
  readonly problem?: string;
}

/**
 * Reads the whole file and says exactly what of it is good.
 * @throws TapeError `missing` or `unreadable` when it cannot be read at all; anything else is a verdict.
 */
export function verifyTape(path: string): TapeVerdict {
  const steps = verifySteps(path);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** {@link verifyTape} in steps, for a caller that shows progress: yields the good bytes so far, block by block. */
export function* verifySteps(path: string): Generator<number, TapeVerdict> {
  const fd = openTapeFile(path);
  try {
    return yield* new Verification(path, fd).run();
  } catch (error) {
    throw readFailure(path, error);
  } finally {
    closeSync(fd);
  }
}

class Verification {
  readonly #path: string;
  readonly #fd: number;
  readonly #fileBytes: number;
  #good = 0;
  #records = 0;
  readonly #blocks: BlockInfo[] = [];
  readonly #clock = new TapeClock();

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
    this.#fileBytes = fstatSync(fd).size;
  }

  *run(): Generator<number, TapeVerdict> {
    let seed: number;
    let symbols: number;
    try {
      const { headerBytes, crc } = decodePreamble(this.#path, this.#bytes(PREAMBLE_BYTES, 0));
      if (PREAMBLE_BYTES + headerBytes > this.#fileBytes) return this.#bad('is cut within its header');
      symbols = decodeHeader(this.#path, this.#bytes(headerBytes, PREAMBLE_BYTES), crc).instruments.length;
      seed = crc;
      this.#good = PREAMBLE_BYTES + headerBytes;
    } catch (error) {
      if (error instanceof TapeError && error.kind !== 'unreadable') return this.#bad(error.message.replace(`${this.#path}: `, ''));
      throw error;
    }
    const head = new BlockHeaderView();
    const batch = allocateBatch(BLOCK_RECORDS);
    const payload = new Uint8Array(BLOCK_PAYLOAD_BYTES);
    const rawTarget = new Uint8Array(batch.F.buffer);
    for (;;) {
      const rest = this.#fileBytes - this.#good;
      if (rest === 0) return this.#bad('has no end mark: it was cut there, or is still being written');
      const number = this.#blocks.length;
      const got = this.#fill(head.bytes, BLOCK_HEADER_BYTES, this.#good);
      if (got >= 4 && head.magic === INDEX_MAGIC) return this.#end(seed);
      if (got < BLOCK_HEADER_BYTES) return this.#bad(`is cut within the header of block ${number}`);
      const problem = head.problem(number, seed);
      if (problem !== undefined) return this.#bad(`block ${number} ${problem}`);
      if (head.firstSeq !== this.#records) return this.#bad(`block ${number} begins with record ${head.firstSeq}, not ${this.#records}`);
      if (BLOCK_HEADER_BYTES + head.storedBytes > rest) return this.#bad(`is cut within block ${number}`);
      const target = head.codec === Codec.RAW ? rawTarget : payload;
      this.#fill(target, head.storedBytes, this.#good + BLOCK_HEADER_BYTES);
      const stored = target.subarray(0, head.storedBytes);
      if (crc32(stored, seed) !== head.payloadCrc) return this.#bad(`block ${number} has a payload whose checksum does not match`);
      if (head.codec === Codec.COLUMNS && !decodeColumns(stored, batch.F, batch.I, head.records, head.firstSeq)) {
        return this.#bad(`block ${number} cannot be unpacked`);
      }
      const wrong = this.#checkRecords(batch.F, batch.I, head, symbols);
      if (wrong !== undefined) return this.#bad(`block ${number} ${wrong}`);
      this.#blocks.push({
        number, offset: this.#good, records: head.records, codec: head.codec === Codec.COLUMNS ? Codec.COLUMNS : Codec.RAW,
        storedBytes: head.storedBytes, firstSeq: head.firstSeq, firstUs: head.firstUs, lastUs: head.lastUs,
      });
      this.#records += head.records;
      this.#good += BLOCK_HEADER_BYTES + head.storedBytes;
      yield this.#good;
    }
  }

  /** Checks what the checksums cannot: that records are records and the header's stamps are theirs. */
  #checkRecords(F: Float64Array, I: Int32Array, head: BlockHeaderView, symbols: number): string | undefined {
    for (let k = 0; k < head.records; k += 1) {
      const tag = I[k * WORDS_I + TAG];
      const kind = tag & KIND_MASK;
      if (F[k * WORDS_F + SEQ] !== head.firstSeq + k) return `has record ${head.firstSeq + k} under another number`;
      if (kind < 1 || kind >= KIND_NAMES.length) return `has a record of unknown kind ${kind}`;
      if (tag >>> SYMBOL_SHIFT >= symbols) return `has a record of instrument ${tag >>> SYMBOL_SHIFT}, which the header does not name`;
      this.#clock.observe(F, k * WORDS_F);
      if (k === 0 && this.#clock.nowUs !== head.firstUs) return 'has a first stamp that is not its own';
    }
    return this.#clock.nowUs === head.lastUs ? undefined : 'has a last stamp that is not its own';
  }

  #end(seed: number): TapeVerdict {
    const rest = this.#fileBytes - this.#good;
    const expected = indexBytes(this.#blocks.length) + END_MARK_BYTES;
    if (rest < expected) return this.#bad('is cut within its index or end mark');
    if (rest > expected) return this.#bad(`has ${rest - expected} bytes too many behind its last block`);
    const end = decodeEndMark(this.#bytes(END_MARK_BYTES, this.#fileBytes - END_MARK_BYTES), seed, this.#fileBytes);
    if (end === undefined) return this.#bad('has a damaged end mark');
    const index = this.#bytes(indexBytes(this.#blocks.length), this.#good);
    if (crc32(index, seed) !== end.indexCrc || !index.equals(encodeIndex(this.#blocks))) return this.#bad('has a damaged index');
    if (end.records !== this.#records || end.blocks !== this.#blocks.length || end.backwardStamps !== this.#clock.backwardStamps
      || end.firstUs !== this.#clock.startUs || end.lastUs !== this.#clock.nowUs) {
      return this.#bad('has an end mark that does not agree with its blocks');
    }
    return { ok: true, goodRecords: this.#records, goodBytes: this.#fileBytes };
  }

  #bad(problem: string): TapeVerdict {
    return { ok: false, goodRecords: this.#records, goodBytes: this.#good, problem };
  }

  /** Up to `length` bytes at `position`; the file bounds what is allocated. */
  #bytes(length: number, position: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.#fileBytes - position)));
    return bytes.subarray(0, this.#fill(bytes, bytes.length, position));
  }

  #fill(target: Uint8Array, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const got = readSync(this.#fd, target, done, length - done, position + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }
}
