/**
 * The bytes of a tape, little-endian throughout.
 *
 * ```
 * preamble   32 bytes   magic, container version, length and CRC-32 of the header text, own CRC-32
 * header     JSON, padded with spaces to a multiple of 64 bytes
 * block*     64-byte block header, then the payload
 * index      48 bytes a block            ┐ written at close; a tape without them is readable up to
 * end mark   64 bytes                    ┘ its last complete block
 * ```
 *
 * Every CRC-32 of a block and of the end mark starts from the CRC-32 of the header text, so that a block copied from
 * another tape does not pass. Nothing is allocated from a length before that length was checked.
 */
import { crc32 } from 'node:zlib';
import { BLOCK_RECORDS, RECORD_BYTES } from '../records/index.js';

/** First byte not ASCII, then a line end, as in PNG: a transfer in text mode breaks it visibly. */
export const TAPE_MAGIC = Buffer.from([0x89, 0x46, 0x4c, 0x54, 0x41, 0x50, 0x45, 0x0a]);
export const CONTAINER_VERSION = 1;
export const PREAMBLE_BYTES = 32;
/** 65,536 instruments need some 16 MiB. */
export const MAX_HEADER_BYTES = 32 * 1024 * 1024;
export const BLOCK_HEADER_BYTES = 64;
export const BLOCK_PAYLOAD_BYTES = BLOCK_RECORDS * RECORD_BYTES;
export const INDEX_ENTRY_BYTES = 48;
export const END_MARK_BYTES = 64;
/** A tape of this many blocks would hold 1 TiB; a larger count is a forgery. */
export const MAX_BLOCKS = 16_777_216;

export const BLOCK_MAGIC = 0x314b4c42; // 'BLK1'
export const INDEX_MAGIC = 0x31584449; // 'IDX1'
export const END_MAGIC = 0x31444e45; // 'END1'

/** How a payload is stored. Values are on disk. */
export const Codec = { RAW: 0, COLUMNS: 1 } as const;
export type Codec = (typeof Codec)[keyof typeof Codec];
export const CODEC_NAMES = ['raw', 'columns'] as const;

/** What a block says of itself; see {@link BlockHeaderView} for the offsets. */
export interface BlockInfo {
  /** 0, 1, 2 … */
  number: number;
  /** Byte of the file at which the block header begins. */
  offset: number;
  records: number;
  codec: Codec;
  /** Bytes of the payload in the file. */
  storedBytes: number;
  firstSeq: number;
  /** Clock of the tape (µs, running maximum of the stamps) at the first and at the last record. */
  firstUs: number;
  lastUs: number;
}

if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error('faultline tapes need a little-endian machine');

/**
 * A block header in memory, read and written field by field without allocating.
 *
 * | bytes | field         | | bytes | field |
 * | ----- | ------------- |-| ----- | ----- |
 * | 0-3   | magic `BLK1`  | | 24-31 | first SEQ (double) |
 * | 4-7   | block number  | | 32-39 | clock at the first record, µs (double) |
 * | 8-11  | records       | | 40-47 | clock at the last record, µs (double) |
 * | 12-15 | codec         | | 48-51 | CRC-32 of the stored payload |
 * | 16-19 | stored bytes  | | 52-59 | 0 |
 * | 20-23 | raw bytes     | | 60-63 | CRC-32 of bytes 0-59 |
 */
export class BlockHeaderView {
  readonly bytes: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #signed: Uint8Array;

  /** Views the 64 bytes of `buffer` at `offset` (a multiple of 8). */
  constructor(buffer: ArrayBuffer = new ArrayBuffer(BLOCK_HEADER_BYTES), offset = 0) {
    this.bytes = new Uint8Array(buffer, offset, BLOCK_HEADER_BYTES);
    this.#signed = new Uint8Array(buffer, offset, BLOCK_HEADER_BYTES - 4);
    this.#u32 = new Uint32Array(buffer, offset, BLOCK_HEADER_BYTES / 4);
    this.#f64 = new Float64Array(buffer, offset, BLOCK_HEADER_BYTES / 8);
  }

  get magic(): number { return this.#u32[0]; }
  get number(): number { return this.#u32[1]; }
  get records(): number { return this.#u32[2]; }
  get codec(): number { return this.#u32[3]; }
  get storedBytes(): number { return this.#u32[4]; }
  get rawBytes(): number { return this.#u32[5]; }
  get firstSeq(): number { return this.#f64[3]; }
  get firstUs(): number { return this.#f64[4]; }
  get lastUs(): number { return this.#f64[5]; }
  get payloadCrc(): number { return this.#u32[12]; }

  /** Fills every field; the CRC of the header is computed here. */
  write(info: Omit<BlockInfo, 'offset'>, payloadCrc: number, seed: number): void {
    const u32 = this.#u32;
    u32.fill(0);
    u32[0] = BLOCK_MAGIC;
    u32[1] = info.number;
    u32[2] = info.records;
    u32[3] = info.codec;
    u32[4] = info.storedBytes;
    u32[5] = info.records * RECORD_BYTES;
    this.#f64[3] = info.firstSeq;
    this.#f64[4] = info.firstUs;
    this.#f64[5] = info.lastUs;
    u32[12] = payloadCrc;
    u32[15] = crc32(this.#signed, seed);
  }

  /** What is wrong with the header as the one of block `number`, or undefined. Only a header that passes may be believed. */
  problem(number: number, seed: number): string | undefined {
    if (this.magic !== BLOCK_MAGIC) return 'does not begin with a block header';
    if (this.#u32[15] !== crc32(this.#signed, seed)) return 'has a header whose checksum does not match';
    if (this.number !== number) return `is numbered ${this.number}`;
    if (this.records < 1 || this.records > BLOCK_RECORDS) return `claims ${this.records} records`;
    if (this.rawBytes !== this.records * RECORD_BYTES) return `claims ${this.rawBytes} bytes for ${this.records} records`;
    if (this.codec === Codec.RAW ? this.storedBytes !== this.rawBytes : this.storedBytes < 1 || this.storedBytes >= this.rawBytes) {
      return `claims ${this.storedBytes} stored bytes for ${this.records} records`;
    }
    if (this.codec !== Codec.RAW && this.codec !== Codec.COLUMNS) return `uses codec ${this.codec}, which this version does not know`;
    if (!Number.isSafeInteger(this.firstSeq) || this.firstSeq < 0) return 'has an impossible sequence number';
    if (!(this.firstUs >= 0 && this.lastUs >= this.firstUs && this.lastUs <= Number.MAX_SAFE_INTEGER)) return 'has impossible stamps';
    return undefined;
  }
}

/** The end mark: what the whole tape holds, and where its index is. */
export interface EndMark {
  blocks: number;
  records: number;
  indexOffset: number;
  firstUs: number;
  lastUs: number;
  /** Records whose stamp lay before the clock of the tape. */
  backwardStamps: number;
  indexCrc: number;
}

export function encodeEndMark(end: EndMark, seed: number): Buffer {
  const bytes = Buffer.alloc(END_MARK_BYTES);
  bytes.writeUInt32LE(END_MAGIC, 0);
  bytes.writeUInt32LE(end.blocks, 4);
  bytes.writeDoubleLE(end.records, 8);
  bytes.writeDoubleLE(end.indexOffset, 16);
  bytes.writeDoubleLE(end.firstUs, 24);
  bytes.writeDoubleLE(end.lastUs, 32);
  bytes.writeDoubleLE(end.backwardStamps, 40);
  bytes.writeUInt32LE(end.indexCrc, 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60), seed), 60);
  return bytes;
}

/** The end mark in `bytes`, or undefined when they are not one. `fileBytes` bounds what it may claim. */
export function decodeEndMark(bytes: Buffer, seed: number, fileBytes: number): EndMark | undefined {
  if (bytes.length !== END_MARK_BYTES || bytes.readUInt32LE(0) !== END_MAGIC) return undefined;
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60), seed)) return undefined;
  const end: EndMark = {
    blocks: bytes.readUInt32LE(4),
    records: bytes.readDoubleLE(8),
    indexOffset: bytes.readDoubleLE(16),
    firstUs: bytes.readDoubleLE(24),
    lastUs: bytes.readDoubleLE(32),
    backwardStamps: bytes.readDoubleLE(40),
    indexCrc: bytes.readUInt32LE(48),
  };
  if (end.blocks > MAX_BLOCKS || !Number.isSafeInteger(end.records) || !Number.isSafeInteger(end.indexOffset)) return undefined;
  return end.indexOffset + indexBytes(end.blocks) + END_MARK_BYTES === fileBytes ? end : undefined;
}

/** Bytes of an index of `blocks` entries: a lead of 16 (magic, count, 0, 0) and the entries. */
export function indexBytes(blocks: number): number {
  return 16 + blocks * INDEX_ENTRY_BYTES;
}

export function encodeIndex(blocks: readonly BlockInfo[]): Buffer {
  const bytes = Buffer.alloc(indexBytes(blocks.length));
  bytes.writeUInt32LE(INDEX_MAGIC, 0);
  bytes.writeUInt32LE(blocks.length, 4);
  let at = 16;
  for (const block of blocks) {
    bytes.writeDoubleLE(block.offset, at);
    bytes.writeDoubleLE(block.firstSeq, at + 8);
    bytes.writeDoubleLE(block.firstUs, at + 16);
    bytes.writeDoubleLE(block.lastUs, at + 24);
    bytes.writeUInt32LE(block.records, at + 32);
    bytes.writeUInt32LE(block.codec, at + 36);
    bytes.writeUInt32LE(block.storedBytes, at + 40);
    at += INDEX_ENTRY_BYTES;
  }
  return bytes;
}

/** The entries of an index whose CRC-32 was checked; undefined when they contradict each other. */
export function decodeIndex(bytes: Buffer, firstOffset: number): BlockInfo[] | undefined {
  if (bytes.readUInt32LE(0) !== INDEX_MAGIC) return undefined;
  const count = bytes.readUInt32LE(4);
  if (bytes.length !== indexBytes(count)) return undefined;
  const blocks: BlockInfo[] = [];
  let offset = firstOffset;
  let seq = 0;
  for (let number = 0; number < count; number += 1) {
    const at = 16 + number * INDEX_ENTRY_BYTES;
    const codec = bytes.readUInt32LE(at + 36);
    const block: BlockInfo = {
      number,
      offset: bytes.readDoubleLE(at),
      firstSeq: bytes.readDoubleLE(at + 8),
      firstUs: bytes.readDoubleLE(at + 16),
      lastUs: bytes.readDoubleLE(at + 24),
      records: bytes.readUInt32LE(at + 32),
      codec: codec === Codec.COLUMNS ? Codec.COLUMNS : Codec.RAW,
      storedBytes: bytes.readUInt32LE(at + 40),
    };
    if (block.offset !== offset || block.firstSeq !== seq || block.records < 1 || block.records > BLOCK_RECORDS) return undefined;
    if (block.storedBytes < 1 || block.storedBytes > block.records * RECORD_BYTES) return undefined;
    offset += BLOCK_HEADER_BYTES + block.storedBytes;
    seq += block.records;
    blocks.push(block);
  }
  return blocks;
}
