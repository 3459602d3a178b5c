import { RingError } from './errors.js';
import { cursor, HALF, OVERFLOW_HIGH, OVERFLOW_LOW, POSITION_BITS, POSITION_MASK } from './layout.js';
import type { RingOperations } from './operations.js';

/** The words of one side: its cursor, its epoch, its half turn. */
export interface SideWords {
  readonly name: 'reader' | 'writer';
  readonly cursor: number;
  readonly epoch: number;
  readonly half: number;
}

export interface TakenOver {
  readonly epoch: number;
  /** Position modulo 2^20. */
  readonly position: number;
  /** Position since the ring was created. */
  readonly count: number;
}

export const stale = (name: string): RingError =>
  new RingError('stale-epoch', `another ${name} was opened on this ring, or the ring was renewed: this ${name} is out, and what it did last had no effect`);

/**
 * Makes the caller the one that owns a side: from the exchange on, no publish or release of an earlier owner takes effect.
 * `count`, where given, is where the cursor is put; it stays where it is otherwise.
 */
export function takeOver(words: Int32Array, side: SideWords, ops: RingOperations, moveTo?: number): TakenOver {
  let epoch = 0;
  while (epoch === 0) epoch = (ops.add(words, side.epoch, 1) + 1) | 0;
  for (;;) {
    const before = ops.load(words, side.cursor);
    // Between this look and the exchange a later owner may come: then the exchange fails, and the next look says so.
    if (ops.load(words, side.epoch) !== epoch) throw stale(side.name);
    const position = moveTo === undefined ? before & POSITION_MASK : moveTo % (POSITION_MASK + 1);
    if (ops.compareExchange(words, side.cursor, before, cursor(epoch, position)) !== before) continue;
    return { epoch, position, count: countOf(words, side, ops, position, moveTo) };
  }
}

/**
 * The whole count of a cursor. An owner stores its half turn after the cursor that began it, and may die between the two: then the
 * parity of the half turn does not fit the position, and the true one is the next.
 */
function countOf(words: Int32Array, side: SideWords, ops: RingOperations, position: number, moveTo: number | undefined): number {
  for (;;) {
    const stored = ops.load(words, side.half);
    const parity = position >>> (POSITION_BITS - 1);
    const half = moveTo === undefined ? (stored + ((stored & 1) === parity ? 0 : 1)) | 0 : Math.floor(moveTo / HALF) | 0;
    if (half === stored || ops.compareExchange(words, side.half, stored, half) === stored) return (half >>> 0) * HALF + (position & (HALF - 1));
  }
}

/**
 * Says that this side sleeps, so that the other notifies it. Only who raised a flag lowers it: the other side cannot know whether what
 * it sees is the sleep it has just ended or the next. A side that was replaced cannot raise it: it would cover its successor's.
 */
export function raiseFlag(words: Int32Array, flag: number, side: SideWords, epoch: number, ops: RingOperations): void {
  for (;;) {
    const before = ops.load(words, flag);
    if (ops.load(words, side.epoch) !== epoch) throw stale(side.name);
    if (ops.compareExchange(words, flag, before, epoch) === before) return;
  }
}

/** Sleeps end by themselves after this, so that a counterpart that died between its cursor and its notification holds nobody for ever. */
export const LONGEST_SLEEP_MS = 1_000;

/** Records that found no room since the ring was created. */
export function overflowsOf(words: Int32Array, ops: RingOperations): number {
  for (;;) {
    const high = ops.load(words, OVERFLOW_HIGH);
    const low = ops.load(words, OVERFLOW_LOW);
    if (ops.load(words, OVERFLOW_HIGH) === high) return (high >>> 0) * 2 ** 32 + (low >>> 0);
  }
}
