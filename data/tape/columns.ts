/**
 * The compressing codec of a block: its records turned into columns, each column into the bytes that differ, and the
 * whole deflated. Lossless for any bit pattern: a column of doubles that are not all small integers is stored as it is.
 *
 * Raw form, before deflate: nine columns, in the order of {@link LANES}; each is one mode byte and, by mode:
 * - 0-8 (delta) or 16-24 (plain): a base (double), then mode & 15 byte planes of the zigzag value of every record,
 *   which is the difference to the record before (delta) or to the base (plain);
 * - 32: the words of the column as they are, in 4 or 8 byte planes.
 * SEQ is not stored: it counts up from the block's first.
 */
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  AUX, BLOCK_RECORDS, EXCH_US, EXTRA, ID, PRICE, PRICE2, QTY, RECORD_BYTES, RECV_US, SEQ, TAG, WORDS_F, WORDS_I,
} from '../records/index.js';

const LANES = [
  { wide: true, word: RECV_US }, { wide: true, word: EXCH_US }, { wide: true, word: ID }, { wide: true, word: QTY }, { wide: true, word: AUX },
  { wide: false, word: PRICE }, { wide: false, word: TAG }, { wide: false, word: PRICE2 }, { wide: false, word: EXTRA },
] as const;

/** Differences of integers up to here, zigzagged, stay exact in a double. */
const MAX_INTEGER = 2 ** 51;
const DELTA = 0;
const PLAIN = 16;
const BITS = 32;
const TWO_32 = 4_294_967_296;

/** Compared with other levels in docs/tape.md. */
const DEFLATE_LEVEL = 1;

/** No encoded block is longer than this: nine mode bytes and bases over the bare words. */
const MAX_ENCODED_BYTES = LANES.length * 9 + BLOCK_RECORDS * RECORD_BYTES;

const values = new Float64Array(BLOCK_RECORDS);
/** Values of at most three planes, which the engine handles as small integers. */
const small = new Int32Array(BLOCK_RECORDS);
const encoded = Buffer.alloc(MAX_ENCODED_BYTES);
const base = new Float64Array(1);
const baseBytes = new Uint8Array(base.buffer);

/** Bytes that hold an integer of 0 … 2^53. */
function planesOf(value: number): number {
  let planes = 0;
  for (let rest = value; rest >= 1; rest /= 256) planes += 1;
  return planes;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Loads a column into `values`; false when it holds anything but integers that take part in differences. */
function loadIntegers(words: Float64Array | Int32Array, stride: number, word: number, count: number): boolean {
  for (let k = 0, at = word; k < count; k += 1, at += stride) {
    const value = words[at];
    if (!(Math.abs(value) <= MAX_INTEGER) || Math.floor(value) !== value || (value === 0 && 1 / value < 0)) return false;
    values[k] = value;
  }
  return true;
}

/** Replaces `values` by zigzag differences, to the record before or to the base, whichever is smaller in all. */
function takeDifferences(count: number): { mode: number; planes: number } {
  const first = values[0];
  let deltaSum = 0;
  let plainSum = 0;
  let deltaMax = 0;
  let plainMax = 0;
  for (let k = 1; k < count; k += 1) {
    const delta = zigzag(values[k] - values[k - 1]);
    const plain = zigzag(values[k] - first);
    deltaSum += delta;
    plainSum += plain;
    if (delta > deltaMax) deltaMax = delta;
    if (plain > plainMax) plainMax = plain;
  }
  if (deltaSum < plainSum) {
    for (let k = count - 1; k > 0; k -= 1) values[k] = zigzag(values[k] - values[k - 1]);
    values[0] = 0;
    return { mode: DELTA, planes: planesOf(deltaMax) };
  }
  for (let k = 0; k < count; k += 1) values[k] = zigzag(values[k] - first);
  return { mode: PLAIN, planes: planesOf(plainMax) };
}

function writePlanes(at: number, count: number, planes: number): number {
  if (planes <= 3) {
    for (let k = 0; k < count; k += 1) small[k] = values[k];
    for (let plane = 0; plane < planes; plane += 1) {
      const to = at + plane * count;
      const shift = 8 * plane;
      for (let k = 0; k < count; k += 1) encoded[to + k] = small[k] >>> shift;
    }
    return at + planes * count;
  }
  for (let k = 0; k < count; k += 1) {
    const value = values[k];
    const high = Math.floor(value / TWO_32);
    const low = value - high * TWO_32;
    for (let plane = 0; plane < planes; plane += 1) {
      encoded[at + plane * count + k] = plane < 4 ? low >>> (8 * plane) : high >>> (8 * (plane - 4));
    }
  }
  return at + planes * count;
}

/** Writes the columns of `count` records (F, I from index 0) into `encoded`; returns how many bytes they are. */
function layOut(F: Float64Array, I: Int32Array, count: number): number {
  let at = 0;
  for (const { wide, word } of LANES) {
    const words = wide ? F : I;
    const stride = wide ? WORDS_F : WORDS_I;
    if (loadIntegers(words, stride, word, count)) {
      base[0] = values[0];
      const { mode, planes } = takeDifferences(count);
      encoded[at] = mode + planes;
      encoded.set(baseBytes, at + 1);
      at = writePlanes(at + 9, count, planes);
    } else {
      encoded[at] = BITS;
      at += 1;
      const bytes = new Uint8Array(words.buffer, words.byteOffset);
      for (let plane = 0; plane < 8; plane += 1) {
        for (let k = 0; k < count; k += 1) encoded[at + k] = bytes[k * RECORD_BYTES + word * 8 + plane];
        at += count;
      }
    }
  }
  return at;
}

/** The columns of `count` records (F, I from index 0), deflated. */
export function encodeColumns(F: Float64Array, I: Int32Array, count: number): Buffer {
  return deflateRawSync(encoded.subarray(0, layOut(F, I, count)), { level: DEFLATE_LEVEL });
}

/** As {@link encodeColumns}, deflated by a thread of the pool; null when it could not be. The records may change meanwhile. */
export function encodeColumnsLater(F: Float64Array, I: Int32Array, count: number, done: (packed: Buffer | null) => void): void {
  deflateRaw(Buffer.from(encoded.subarray(0, layOut(F, I, count))), { level: DEFLATE_LEVEL }, (error, packed) => done(error === null ? packed : null));
}

/**
 * Restores `count` records into (F, I) from index 0; false when `stored` is not what {@link encodeColumns} makes.
 * Never writes past `count` records and never inflates more than a block can hold.
 */
export function decodeColumns(stored: Uint8Array, F: Float64Array, I: Int32Array, count: number, firstSeq: number): boolean {
  let raw: Buffer;
  try {
    raw = inflateRawSync(stored, { maxOutputLength: MAX_ENCODED_BYTES, chunkSize: 65_536 });
  } catch {
    return false;
  }
  const bytes = new Uint8Array(F.buffer, F.byteOffset);
  let at = 0;
  for (const { wide, word } of LANES) {
    if (at >= raw.length) return false;
    const mode = raw[at];
    at += 1;
    if (mode === BITS) {
      if (!wide || at + 8 * count > raw.length) return false;
      for (let plane = 0; plane < 8; plane += 1) {
        for (let k = 0; k < count; k += 1) bytes[k * RECORD_BYTES + word * 8 + plane] = raw[at + k];
        at += count;
      }
      continue;
    }
    const planes = mode & 15;
    if (planes > 7 || (mode !== DELTA + planes && mode !== PLAIN + planes) || at + 8 + planes * count > raw.length) return false;
    for (let k = 0; k < 8; k += 1) baseBytes[k] = raw[at + k];
    at += 8;
    restore(raw, at, count, planes, mode < PLAIN);
    // Two loops: one store that serves both kinds of array is several times slower.
    if (wide) for (let k = 0, to = word; k < count; k += 1, to += WORDS_F) F[to] = values[k];
    else for (let k = 0, to = word; k < count; k += 1, to += WORDS_I) I[to] = values[k];
    at += planes * count;
  }
  for (let k = 0, to = SEQ; k < count; k += 1, to += WORDS_F) F[to] = firstSeq + k;
  return at === raw.length;
}

/** Reads one column's byte planes into `values`, undoing zigzag and the differences against `base`. */
function restore(raw: Buffer, at: number, count: number, planes: number, delta: boolean): void {
  const first = base[0];
  if (planes === 0) {
    values.fill(first, 0, count);
    return;
  }
  if (planes > 3) readWidePlanes(raw, at, count, planes);
  else readNarrowPlanes(raw, at, count, planes);
  if (delta) {
    let value = first;
    for (let k = 0; k < count; k += 1) {
      value += values[k];
      values[k] = value;
    }
  } else {
    for (let k = 0; k < count; k += 1) values[k] += first;
  }
}

function readNarrowPlanes(raw: Buffer, at: number, count: number, planes: number): void {
  const second = at + count;
  const third = second + count;
  if (planes === 1) {
    for (let k = 0; k < count; k += 1) {
      const word = raw[at + k];
      values[k] = (word >>> 1) ^ -(word & 1);
    }
  } else if (planes === 2) {
    for (let k = 0; k < count; k += 1) {
      const word = raw[at + k] | (raw[second + k] << 8);
      values[k] = (word >>> 1) ^ -(word & 1);
    }
  } else {
    for (let k = 0; k < count; k += 1) {
      const word = raw[at + k] | (raw[second + k] << 8) | (raw[third + k] << 16);
      values[k] = (word >>> 1) ^ -(word & 1);
    }
  }
}

function readWidePlanes(raw: Buffer, at: number, count: number, planes: number): void {
  for (let k = 0; k < count; k += 1) {
    let high = 0;
    for (let plane = planes - 1; plane >= 4; plane -= 1) high = (high << 8) | raw[at + plane * count + k];
    const low = (raw[at + k] | (raw[at + count + k] << 8) | (raw[at + 2 * count + k] << 16) | (raw[at + 3 * count + k] << 24)) >>> 0;
    const value = high * TWO_32 + low;
    values[k] = (low & 1) === 0 ? value / 2 : -(value + 1) / 2;
  }
}
