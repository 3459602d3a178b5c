import { RingError } from './errors.js';
import {
  cursor, HALF, originOf, OVERFLOW_HIGH, OVERFLOW_LOW, PADDING, POSITION_MASK, READER, READER_ASLEEP, READER_EPOCH, READER_HALF,
  setOrigin, viewsOf, WRITER, WRITER_ASLEEP, WRITER_EPOCH, WRITER_HALF, type RingViews,
} from './layout.js';
import { machine, type RingOperations } from './operations.js';
import { LONGEST_SLEEP_MS, overflowsOf, raiseFlag, stale, takeOver, type SideWords, type TakenOver } from './take-over.js';

const WRITER_SIDE: SideWords = { name: 'writer', cursor: WRITER, epoch: WRITER_EPOCH, half: WRITER_HALF };
const READER_SIDE: SideWords = { name: 'reader', cursor: READER, epoch: READER_EPOCH, half: READER_HALF };

/**
 * The writing side. Claim slots, fill them in place through `F`, `I` or `bytes`, publish. Nothing here allocates after `open`.
 * Every method may throw RingError `stale-epoch`, when another writer was opened, or `corrupt`.
 */
export class RingWriter {
  /** Number of slots, a power of two. */
  readonly slots: number;
  /** Bytes a slot, a multiple of 8. */
  readonly slotBytes: number;
  /** Over the slots: slot k begins at F[k * slotBytes / 8]. */
  readonly F: Float64Array;
  /** Over the slots: slot k begins at I[k * slotBytes / 4]. */
  readonly I: Int32Array;
  /** Over the slots: slot k begins at bytes[k * slotBytes]. */
  readonly bytes: Uint8Array;

  private readonly words: Int32Array;
  private readonly ops: RingOperations;
  private readonly epoch: number;
  private readonly slotMask: number;
  /** Positions are modulo 2^20: published up to, claimed up to, and where the latest claim begins. */
  private position: number;
  private claimed: number;
  private start: number;
  /** The reader's position when last looked at. */
  private seenReader: number;
  /** Where the claims that are not published skip the ring's end, or -1; and the word of the last padding published. */
  private padFrom = -1;
  private padWord: number;
  private count: number;

  private constructor(views: RingViews, ops: RingOperations, taken: TakenOver) {
    this.words = views.words;
    this.slots = views.slots;
    this.slotBytes = views.slotBytes;
    this.F = views.F;
    this.I = views.I;
    this.bytes = views.bytes;
    this.ops = ops;
    this.slotMask = views.slots - 1;
    this.epoch = taken.epoch;
    this.position = taken.position;
    this.claimed = taken.position;
    this.start = taken.position;
    this.count = taken.count - originOf(views.words, taken.count, ops);
    this.padWord = this.takePadding();
    this.seenReader = taken.position;
    this.look();
  }

  /**
   * Takes over as the writer. An earlier writer, should it still run, cannot publish from here on; what it had claimed and not
   * published is invisible, for ever. Writing goes on where it published last, and what the reader has not read yet stays.
   * @throws RingError
   */
  static open(memory: SharedArrayBuffer, ops: RingOperations = machine): RingWriter {
    const views = viewsOf(memory);
    const writer = new RingWriter(views, ops, takeOver(views.words, WRITER_SIDE, ops));
    wakeAll(views.words, ops);
    return writer;
  }

  /**
   * Begins anew: the ring is empty, positions count from 0, and both sides that were open are out. For the owner of the memory,
   * before it opens, or lets others open, the new sides.
   * @throws RingError
   */
  static renew(memory: SharedArrayBuffer, ops: RingOperations = machine): void {
    const { words } = viewsOf(memory);
    const { count } = takeOver(words, WRITER_SIDE, ops);
    takeOver(words, READER_SIDE, ops, count);
    setOrigin(words, count, ops);
    wakeAll(words, ops);
  }

  /** Slot at which the latest claim begins. */
  get index(): number {
    return this.start & this.slotMask;
  }

  /** Slots published since the ring was created or renewed, padding included. */
  get written(): number {
    return this.count;
  }

  /** Slots the reader has released, in the same count. */
  consumed(): number {
    this.look();
    return this.count - ((this.position - this.seenReader) & POSITION_MASK);
  }

  /**
   * Claims `count` slots in a row and returns the slot of the first, or -1 when there is no room now. A claim that would run over the
   * ring's end begins at slot 0 instead; the slots it skips are padding, which the reader never sees. Claims add up until `publish`.
   * @throws RangeError when `count` is not a whole number from 1 to half the slots: more might never find room in a row.
   */
  claim(count: number): number {
    if (!(count >= 1 && count <= this.slots >>> 1) || count !== (count | 0)) throw new RangeError(`a claim is of 1 to ${this.slots >>> 1} slots, not ${count}`);
    const toEnd = this.slots - (this.claimed & this.slotMask);
    const padding = count > toEnd ? toEnd : 0;
    if (this.free() < padding + count) {
      this.look();
      if (this.free() < padding + count) return -1;
    }
    if (padding > 0) this.padFrom = this.claimed;
    this.start = (this.claimed + padding) & POSITION_MASK;
    this.claimed = (this.start + count) & POSITION_MASK;
    return this.start & this.slotMask;
  }

  /**
   * Claims as many slots as there are in a row at the next place, at most `count`, and returns how many: 0 when the ring is full. They
   * begin at `index`. For runs of records that may be split at the ring's end.
   * @throws RangeError when `count` is not a whole number of at least 1.
   */
  claimUpTo(count: number): number {
    if (!(count >= 1) || count !== (count | 0)) throw new RangeError(`a claim is of at least 1 slot, not ${count}`);
    const toEnd = this.slots - (this.claimed & this.slotMask);
    const wanted = count < toEnd ? count : toEnd;
    let free = this.free();
    if (free < wanted) {
      this.look();
      free = this.free();
      if (free === 0) return 0;
    }
    const got = free < wanted ? free : wanted;
    this.start = this.claimed;
    this.claimed = (this.start + got) & POSITION_MASK;
    return got;
  }

  /** Slots that single claims could have now. */
  room(): number {
    this.look();
    return this.free();
  }

  /** Makes everything claimed visible to the reader at once, and wakes it if it sleeps. */
  publish(): void {
    const from = this.position;
    const to = this.claimed;
    if (to === from) return;
    const { ops, words } = this;
    if (ops.load(words, WRITER_EPOCH) !== this.epoch) throw stale('writer');
    if (this.padFrom >= 0) this.setPadding(this.padFrom);
    // Every publish across the ring's end says whether there is padding: an old word would come true again 2^20 positions later.
    else if ((this.padWord & this.slotMask) !== 0 && ((from ^ to) & ~this.slotMask) !== 0) this.setPadding(0);
    const before = cursor(this.epoch, from);
    if (ops.compareExchange(words, WRITER, before, cursor(this.epoch, to)) !== before) throw this.fault();
    if (((from ^ to) & HALF) !== 0) this.turn();
    this.position = to;
    this.padFrom = -1;
    this.count += (to - from) & POSITION_MASK;
    if (ops.load(words, READER_ASLEEP) !== 0) ops.notify(words, WRITER);
  }

  /** Forgets what was claimed and not published. */
  abandon(): void {
    this.claimed = this.position;
    this.start = this.position;
    this.padFrom = -1;
  }

  /** Counts `count` records that found no room. @throws RangeError when it is not a whole number from 0 to 2^31 - 1. */
  overflow(count: number): void {
    if (!(count >= 0) || count !== (count | 0)) throw new RangeError(`records that found no room are counted from 0 to ${0x7fffffff}, not ${count}`);
    const low = this.ops.add(this.words, OVERFLOW_LOW, count) >>> 0;
    if (low + count > 0xffffffff) this.ops.add(this.words, OVERFLOW_HIGH, 1);
  }

  /** Records that found no room since the ring was created. */
  overflows(): number {
    return overflowsOf(this.words, this.ops);
  }

  /**
   * Waits until a claim of `count` would succeed: looks a bounded number of times, then sleeps. Blocks the thread; false after `timeoutMs`.
   * @throws RangeError as `claim`
   */
  waitForRoom(count: number, timeoutMs: number): boolean {
    if (!(count >= 1 && count <= this.slots >>> 1) || count !== (count | 0)) throw new RangeError(`a claim is of 1 to ${this.slots >>> 1} slots, not ${count}`);
    const { ops, words } = this;
    const toEnd = this.slots - (this.claimed & this.slotMask);
    const needed = count > toEnd ? toEnd + count : count;
    for (let spin = 0; spin <= ops.spins; spin += 1) {
      if (this.free() >= needed) return true;
      this.look();
    }
    const deadline = ops.nowMs() + timeoutMs;
    for (;;) {
      raiseFlag(words, WRITER_ASLEEP, WRITER_SIDE, this.epoch, ops);
      const seen = this.look();
      const room = this.free() >= needed;
      const leftMs = room ? 0 : deadline - ops.nowMs();
      if (leftMs > 0) ops.wait(words, READER, seen, Math.min(leftMs, LONGEST_SLEEP_MS));
      ops.compareExchange(words, WRITER_ASLEEP, this.epoch, 0);
      if (room) return true;
      if (!(leftMs > 0)) return false;
    }
  }

  private free(): number {
    return this.slots - ((this.claimed - this.seenReader) & POSITION_MASK);
  }

  /** Reads the reader's cursor afresh and returns it whole. */
  private look(): number {
    const word = this.ops.load(this.words, READER);
    const reader = word & POSITION_MASK;
    // Neither beyond what is published nor more than a ring behind what is claimed.
    const behind = (this.claimed - reader) & POSITION_MASK;
    if (behind > this.slots || behind < ((this.claimed - this.position) & POSITION_MASK) || this.ops.load(this.words, WRITER_EPOCH) !== this.epoch) throw this.fault();
    this.seenReader = reader;
    return word;
  }

  private setPadding(from: number): void {
    const word = cursor(this.epoch, from);
    if (this.ops.compareExchange(this.words, PADDING, this.padWord, word) !== this.padWord) throw this.fault();
    this.padWord = word;
  }

  /** Puts this epoch's tag on the padding, so that no earlier writer can change it. The reader may still have to cross it. */
  private takePadding(): number {
    const { ops, words } = this;
    for (;;) {
      const before = ops.load(words, PADDING);
      if (ops.load(words, WRITER_EPOCH) !== this.epoch) throw stale('writer');
      const word = cursor(this.epoch, before & POSITION_MASK);
      if (ops.compareExchange(words, PADDING, before, word) === before) return word;
    }
  }

  /** The cursor entered the next half of its positions. Exchanged, because a later writer may have found out by itself. */
  private turn(): void {
    const half = this.ops.load(this.words, WRITER_HALF);
    if ((half & 1) !== ((this.claimed & HALF) === 0 ? 0 : 1)) this.ops.compareExchange(this.words, WRITER_HALF, half, (half + 1) | 0);
  }

  private fault(): RingError {
    if (this.ops.load(this.words, WRITER_EPOCH) !== this.epoch) return stale('writer');
    return new RingError('corrupt', 'the header of the ring holds what no reader or writer put there');
  }
}

/** After a take-over: whoever sleeps looks again, for the side that was replaced may have died before it notified. */
function wakeAll(words: Int32Array, ops: RingOperations): void {
  ops.notify(words, WRITER);
  ops.notify(words, READER);
}

/** For the reader's module: the same take-over and waking for its side. */
export { READER_SIDE, wakeAll };
