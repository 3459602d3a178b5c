import { RingError } from './errors.js';
import type { RingOperations } from './operations.js';

/**
 * The header, in 32-bit words. What one side writes and the other reads has a line of its own; lines are 128 bytes apart, because
 * processors fetch lines of 64 bytes in pairs.
 *
 * A cursor is one word: the low 20 bits are the position modulo 2^20, the high 12 bits the low bits of the epoch of the side that
 * owns it. So one compare-and-exchange both moves the cursor and proves that nobody took over.
 */
const LINE = 32;
export const MAGIC = 0;
export const SLOTS = 1;
export const SLOT_BYTES = 2;
/** The count of both cursors at the last renewal: how many half turns, and the rest. */
export const ORIGIN_HALF = 3;
export const ORIGIN_REST = 4;
/** The writer's cursor: everything before it is published. */
export const WRITER = LINE;
/** Where the last padding begins, tagged like a cursor; a multiple of the slots when there is none. */
export const PADDING = LINE + 1;
/** The reader's cursor: everything before it is free again. */
export const READER = 2 * LINE;
/** The whole epoch of the writer, and in which half turn of its 2^20 positions it is; likewise the reader's. */
export const WRITER_EPOCH = 3 * LINE;
export const WRITER_HALF = 3 * LINE + 1;
export const READER_EPOCH = 4 * LINE;
export const READER_HALF = 4 * LINE + 1;
/** The epoch of the reader while it sleeps, or is about to, until the writer's cursor moves; 0 while none does. Likewise the writer's. */
export const READER_ASLEEP = 5 * LINE;
export const WRITER_ASLEEP = 6 * LINE;
/** Records that found no room, low and high word. */
export const OVERFLOW_LOW = 7 * LINE;
export const OVERFLOW_HIGH = 7 * LINE + 1;
export const HEADER_BYTES = 8 * LINE * 4;

export const POSITION_BITS = 20;
export const POSITION_MASK = (1 << POSITION_BITS) - 1;
export const HALF = 1 << (POSITION_BITS - 1);
export const MOST_SLOTS = HALF;
const MOST_SLOT_BYTES = 1 << 20;
const RING_V1 = 0x31474e52; // "RNG1"

export const cursor = (epoch: number, position: number): number => (epoch << POSITION_BITS) | position;

/**
 * Memory for a ring of `slots` slots (a power of two, 2 to 524,288) of `slotBytes` bytes each (a multiple of 8, 64 unless told
 * otherwise). Keep slots x slotBytes within a core's second-level cache, some 1 MiB: a larger ring is slower, not faster.
 * @throws RangeError for sizes that are not so.
 */
export function createRing(options: { readonly slots: number; readonly slotBytes?: number }): SharedArrayBuffer {
  const { slots, slotBytes = 64 } = options;
  if (!validSlots(slots)) throw new RangeError(`slots must be a power of two from 2 to ${MOST_SLOTS}, not ${slots}`);
  if (!validSlotBytes(slotBytes)) throw new RangeError(`slotBytes must be a multiple of 8 from 8 to ${MOST_SLOT_BYTES}, not ${slotBytes}`);
  const memory = new SharedArrayBuffer(HEADER_BYTES + slots * slotBytes);
  const words = new Int32Array(memory, 0, HEADER_BYTES / 4);
  words[SLOTS] = slots;
  words[SLOT_BYTES] = slotBytes;
  Atomics.store(words, MAGIC, RING_V1);
  return memory;
}

const validSlots = (slots: number): boolean => Number.isInteger(slots) && slots >= 2 && slots <= MOST_SLOTS && (slots & (slots - 1)) === 0;
const validSlotBytes = (bytes: number): boolean => Number.isInteger(bytes) && bytes >= 8 && bytes <= MOST_SLOT_BYTES && bytes % 8 === 0;

/** The views of one side. */
export interface RingViews {
  readonly words: Int32Array;
  readonly slots: number;
  readonly slotBytes: number;
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly bytes: Uint8Array;
}

/** @throws RingError `not-a-ring` */
export function viewsOf(memory: SharedArrayBuffer): RingViews {
  if (!(memory instanceof SharedArrayBuffer) || memory.byteLength <= HEADER_BYTES) throw new RingError('not-a-ring', 'a ring lives in the SharedArrayBuffer that createRing returned');
  const words = new Int32Array(memory, 0, HEADER_BYTES / 4);
  const slots = words[SLOTS] as number;
  const slotBytes = words[SLOT_BYTES] as number;
  if (Atomics.load(words, MAGIC) !== RING_V1 || !validSlots(slots) || !validSlotBytes(slotBytes) || memory.byteLength !== HEADER_BYTES + slots * slotBytes) {
    throw new RingError('not-a-ring', `this memory of ${memory.byteLength} bytes was not made by createRing of this version`);
  }
  const length = slots * slotBytes;
  return {
    words, slots, slotBytes,
    F: new Float64Array(memory, HEADER_BYTES, length / 8),
    I: new Int32Array(memory, HEADER_BYTES, length / 4),
    bytes: new Uint8Array(memory, HEADER_BYTES, length),
  };
}

/** The count of the cursors at the last renewal. @throws RingError `corrupt` */
export function originOf(words: Int32Array, count: number, ops: RingOperations): number {
  const rest = ops.load(words, ORIGIN_REST);
  const origin = (ops.load(words, ORIGIN_HALF) >>> 0) * HALF + rest;
  if (rest < 0 || rest >= HALF || origin > count) throw new RingError('corrupt', `the ring was renewed at position ${origin} and is at ${count}`);
  return origin;
}

/** Only the owner of the memory calls it, between the sides it put out and those it will open. */
export function setOrigin(words: Int32Array, count: number, ops: RingOperations): void {
  ops.store(words, ORIGIN_HALF, Math.floor(count / HALF) | 0);
  ops.store(words, ORIGIN_REST, count % HALF);
}
