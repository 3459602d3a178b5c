import { RingError } from './errors.js';
import { cursor, HALF, originOf, PADDING, POSITION_MASK, READER, READER_ASLEEP, READER_EPOCH, READER_HALF, viewsOf, WRITER, WRITER_ASLEEP, type RingViews } from './layout.js';
import { machine, type RingOperations } from './operations.js';
import { LONGEST_SLEEP_MS, overflowsOf, raiseFlag, stale, takeOver, type TakenOver } from './take-over.js';
import { READER_SIDE, wakeAll } from './writer.js';

/**
 * The reading side. Ask how many slots are there, read them in place through `F`, `I` or `bytes`, release them. Nothing here
 * allocates after `open`, `waitAsync` excepted. Every method may throw RingError `stale-epoch`, when another reader was opened, or `corrupt`.
 */
export class RingReader {
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
  /** Positions are modulo 2^20: released up to, and the next slot to read, which is further on only across padding. */
  private released: number;
  private position: number;
  /** The writer's position and the last padding when last looked at. */
  private seenWriter: number;
  private seenPadding = 0;
  private count: number;
  private waiting = false;

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
    this.released = taken.position;
    this.position = taken.position;
    this.count = taken.count - originOf(views.words, taken.count, ops);
    this.seenWriter = taken.position;
    this.look();
  }

  /**
   * Takes over as the reader. An earlier reader, should it still run, cannot release from here on. Reading goes on at the first slot
   * that was not released: what the earlier one had read and not released is seen again.
   * @throws RingError
   */
  static open(memory: SharedArrayBuffer, ops: RingOperations = machine): RingReader {
    const views = viewsOf(memory);
    const reader = new RingReader(views, ops, takeOver(views.words, READER_SIDE, ops));
    wakeAll(views.words, ops);
    return reader;
  }

  /** The slot to read next; of meaning after `available` returned more than 0. */
  get index(): number {
    return this.position & this.slotMask;
  }

  /** Slots released since the ring was created or renewed, padding included. */
  get consumed(): number {
    return this.count;
  }

  /** Slots the writer has published, in the same count. */
  published(): number {
    this.look();
    return this.count + ((this.seenWriter - this.released) & POSITION_MASK);
  }

  /** How many slots in a row are there to read at `index`, at most `max`; 0 when there are none now. Asking again is free of effects. */
  available(max = this.slots): number {
    let ready = (this.seenWriter - this.position) & POSITION_MASK;
    if (ready === 0) {
      this.look();
      ready = (this.seenWriter - this.position) & POSITION_MASK;
      if (ready === 0) return 0;
    }
    let toEnd = this.slots - (this.position & this.slotMask);
    const toPadding = (this.seenPadding - this.position) & POSITION_MASK;
    if (toPadding < ready && (this.seenPadding & this.slotMask) !== 0) {
      if (toPadding === 0) {
        // A message follows its padding in the same publish.
        if (toEnd >= ready) throw this.fault();
        this.position = (this.position + toEnd) & POSITION_MASK;
        ready -= toEnd;
        toEnd = this.slots;
      } else ready = toPadding;
    }
    if (ready > toEnd) ready = toEnd;
    return ready < max ? ready : max;
  }

  /**
   * Frees the next `count` slots for the writer, and wakes it if it waits.
   * @throws RangeError when they are not among what `available` would return.
   */
  release(count: number): void {
    if (!(count >= 1) || count !== (count | 0) || count > ((this.seenWriter - this.position) & POSITION_MASK) || count > this.available(count)) {
      throw new RangeError(`cannot release ${count} slots: that many in a row are not there`);
    }
    const { ops, words } = this;
    const from = this.released;
    const to = (this.position + count) & POSITION_MASK;
    if (ops.load(words, READER_EPOCH) !== this.epoch) throw stale('reader');
    const before = cursor(this.epoch, from);
    if (ops.compareExchange(words, READER, before, cursor(this.epoch, to)) !== before) throw this.fault();
    if (((from ^ to) & HALF) !== 0) this.turn(to);
    this.released = to;
    this.position = to;
    this.count += (to - from) & POSITION_MASK;
    if (ops.load(words, WRITER_ASLEEP) !== 0) ops.notify(words, READER);
  }

  /**
   * False once another reader was opened or the ring renewed. While it is true after a batch was read, nothing of that batch had been
   * overwritten: what a reader does with the world outside can ask first.
   */
  current(): boolean {
    // An addition and not a load: on every processor it stays behind the reads of the slots.
    return this.ops.add(this.words, READER_EPOCH, 0) === this.epoch;
  }

  /**
   * Waits until there is something to read: looks a bounded number of times, then sleeps. Blocks the thread (a browser's main thread
   * may not); false after `timeoutMs`.
   */
  wait(timeoutMs: number): boolean {
    const { ops, words } = this;
    if (this.waiting) throw new Error('this reader already waits: a waitAsync is pending');
    for (let spin = 0; spin <= ops.spins; spin += 1) if (this.available(1) > 0) return true;
    const deadline = ops.nowMs() + timeoutMs;
    for (;;) {
      raiseFlag(words, READER_ASLEEP, READER_SIDE, this.epoch, ops);
      const seen = this.look();
      const ready = this.seenWriter !== this.position;
      const leftMs = ready ? 0 : deadline - ops.nowMs();
      if (leftMs > 0) ops.wait(words, WRITER, seen, Math.min(leftMs, LONGEST_SLEEP_MS));
      ops.compareExchange(words, READER_ASLEEP, this.epoch, 0);
      if (ready) return true;
      if (!(leftMs > 0)) return false;
    }
  }

  /**
   * Like `wait`, without blocking the thread and without looking first more than once. A pending `Atomics.waitAsync` does not keep Node's
   * event loop alive (nodejs/node#44409, #61941): hold something else that does, a server, a timer or a MessagePort. One at a time: a
   * second wait before the first has ended is refused.
   */
  async waitAsync(timeoutMs = Infinity): Promise<boolean> {
    if (this.waiting) throw new Error('this reader already waits: a waitAsync is pending');
    if (this.available(1) > 0) return true;
    this.waiting = true;
    try {
      return await this.sleepAsync(timeoutMs);
    } finally {
      this.waiting = false;
    }
  }

  private async sleepAsync(timeoutMs: number): Promise<boolean> {
    const { ops, words } = this;
    const deadline = ops.nowMs() + timeoutMs;
    for (;;) {
      raiseFlag(words, READER_ASLEEP, READER_SIDE, this.epoch, ops);
      const seen = this.look();
      const ready = this.seenWriter !== this.position;
      const leftMs = ready ? 0 : deadline - ops.nowMs();
      if (leftMs > 0) {
        const wait = ops.waitAsync(words, WRITER, seen, Math.min(leftMs, LONGEST_SLEEP_MS));
        if (wait.async) await wait.value;
      }
      ops.compareExchange(words, READER_ASLEEP, this.epoch, 0);
      if (ready) return true;
      if (!(leftMs > 0)) return false;
    }
  }

  /** Records for which the writer found no room since the ring was created. */
  overflows(): number {
    return overflowsOf(this.words, this.ops);
  }

  /** Reads the writer's cursor afresh and returns it whole. */
  private look(): number {
    const { ops, words } = this;
    const word = ops.load(words, WRITER);
    const writer = word & POSITION_MASK;
    if (((writer - this.released) & POSITION_MASK) > this.slots || ops.load(words, READER_EPOCH) !== this.epoch) throw this.fault();
    // A publish across the ring's end says before it moves the cursor whether there is padding. Short of the end the word means nothing.
    const crosses = ((writer - this.position) & POSITION_MASK) > this.slots - (this.position & this.slotMask);
    this.seenPadding = crosses ? ops.load(words, PADDING) & POSITION_MASK : 0;
    this.seenWriter = writer;
    return word;
  }

  /** The cursor entered the next half of its positions. Exchanged, because a later reader may have found out by itself. */
  private turn(to: number): void {
    const half = this.ops.load(this.words, READER_HALF);
    if ((half & 1) !== ((to & HALF) === 0 ? 0 : 1)) this.ops.compareExchange(this.words, READER_HALF, half, (half + 1) | 0);
  }

  private fault(): RingError {
    if (this.ops.load(this.words, READER_EPOCH) !== this.epoch) return stale('reader');
    return new RingError('corrupt', 'the header of the ring holds what no reader or writer put there');
  }
}
