/**
 * The level book of one symbol under its venue's sequence rules (FORMULAS 4.6 "Book sync").
 *
 * SYNCING  no snapshot yet: diffs wait in a buffer.
 * LIVE     a snapshot was taken and every diff since follows the one before.
 * GAP      the sequence broke, a hole was recorded, a level was invalid or the book crossed. The levels are
 *          gone; diffs wait in the buffer for the next snapshot.
 * STALE    no depth message for too long while other records flow. The levels stay but nobody may read them;
 *          the next diff that follows makes the book LIVE again.
 *
 * A snapshot that a LIVE book gets replaces its levels: until its LAST record the book is `retaking`, still LIVE for whoever asks
 * for its state, and nobody may read its levels. One that breaks off makes a GAP.
 *
 * A message is a run of records FIRST … LAST. Every record ends in exactly one count: `applied` (taken, or
 * found old or repeated by a LIVE book), `refused` (a diff that was never applied because the book was not
 * LIVE, or a snapshot that did not fit), or it still waits in the buffer (`waiting`).
 *
 * Numbers of 64 bits are read where they are needed, as (array, index): an argument that is a double is an object
 * wherever the call is not inlined.
 */
import * as layout from '../../data/records/layout.js';
import type { BookStateName } from './messages.js';
import { BookSide } from './book-side.js';
import type { SideScale } from './book-side.js';
import { restoreFields, saveFields } from './state.js';
import type { Compact, State } from './state.js';

// Constants of this module's own: V8 does not fold imported ones, which would cost a tenth of the tick path.
const { AUX, EXCH_US, EXTRA, ID, KIND_MASK, PRICE, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F } = layout;
const { EMPTY: FLAG_EMPTY, FIRST: FLAG_FIRST, LAST: FLAG_LAST, SELL: FLAG_SELL } = layout.Flag;
const { DEPTH: KIND_DEPTH, SNAPSHOT: KIND_SNAPSHOT } = layout.Kind;
const F_SHIFT = 3;
const I_SHIFT = 4;

export const BookState = { SYNCING: 0, LIVE: 1, GAP: 2, STALE: 3 } as const;
const { GAP: BOOK_GAP, LIVE: BOOK_LIVE, STALE: BOOK_STALE, SYNCING: BOOK_SYNCING } = BookState;
export type BookState = (typeof BookState)[keyof typeof BookState];
export const BOOK_STATE_NAMES: readonly BookStateName[] = ['SYNCING', 'LIVE', 'GAP', 'STALE'];

/** What happens to the records of the message being read. */
const FATE_NONE = 0;
const FATE_APPLY = 1;
const FATE_OLD = 2;
const FATE_BUFFER = 3;
const FATE_REFUSE = 4;

/** Bits of a tag that the records of one message share. */
const SAME_MESSAGE = KIND_MASK | (-1 << SYMBOL_SHIFT);

/** Which bracket the first diff after a snapshot must satisfy. */
export type SequenceRule = 'spot' | 'futures';

/** Binance futures and options repeat the snapshot's last id in the first diff; every other venue starts after it. */
export function sequenceRuleOf(venue: string): SequenceRule {
  return venue === 'binance-usdm' || venue === 'binance-coinm' || venue === 'binance-options' ? 'futures' : 'spot';
}

/** Fields of the buffer: two views of the same bytes. */
const BUFFER = ['buffer', 'bufferI'];

export class Book implements Compact {
  readonly futures: boolean;
  readonly bids: BookSide;
  readonly asks: BookSide;
  state: BookState = BOOK_SYNCING;
  /** Final update id of the last message applied, or of the snapshot. */
  lastId = 0;
  /** The levels of a LIVE book are being replaced by a snapshot that is not whole yet. */
  retaking = false;
  /** Set by `take` when it ended a message that changed a LIVE book. */
  changed = false;
  /** Levels the last ended message set or removed (they count as events of 4.2.6). */
  changedLevels = 0;

  applied = 0;
  refused = 0;
  waiting = 0;
  /** Levels with an impossible price or quantity; they are among `applied` or `refused` too. */
  invalid = 0;
  crossed = 0;
  breaks = 0;
  snapshots = 0;
  /** Diff messages applied. */
  diffs = 0;

  private fate = 0;
  private openId = -1;
  private openKind = 0;
  private openLevels = 0;
  /** No diff was applied since the snapshot: the next one must bracket it. */
  private awaitsBracket = false;
  /** Id of a message that lost a record before its FIRST: never to be trusted. */
  private tornId = -1;
  private tornSnapshotId = -1;

  private buffer: Float64Array;
  private bufferI: Int32Array;
  private readonly bufferLimit: number;

  constructor(rule: SequenceRule, windowTicks: number, scale: SideScale, bufferRecords: number) {
    this.futures = rule === 'futures';
    this.bids = new BookSide(true, windowTicks, scale);
    this.asks = new BookSide(false, windowTicks, scale);
    this.bufferLimit = bufferRecords;
    this.buffer = new Float64Array(64 * WORDS_F);
    this.bufferI = new Int32Array(this.buffer.buffer);
  }

  /** Takes one DEPTH or SNAPSHOT record. */
  take(F: Float64Array, I: Int32Array, record: number): void {
    this.changed = false;
    const tag = I[(record << I_SHIFT) + TAG];
    if ((tag & KIND_MASK) === KIND_SNAPSHOT) this.takeSnapshot(F, I, record, tag);
    else this.takeDiff(F, I, record, tag);
  }

  /** A message is being read: the next record may continue it. */
  get open(): boolean {
    return this.openId >= 0;
  }

  /**
   * Applies the levels at [from, to) that plainly continue the message that `from - 1` belongs to: same message, same
   * stamps, next number, not its last record. Returns the first that does not. What `take` would do one by one.
   */
  takeLevels(F: Float64Array, I: Int32Array, from: number, to: number): number {
    if (this.fate !== FATE_APPLY) return from;
    const f0 = (from - 1) << F_SHIFT;
    const same = I[((from - 1) << I_SHIFT) + TAG] & SAME_MESSAGE;
    const id = F[f0 + ID];
    const recv = F[f0 + RECV_US];
    const exch = F[f0 + EXCH_US];
    let seq = F[f0 + SEQ];
    const { bids, asks } = this;
    let r = from;
    for (; r < to; r += 1) {
      const i = r << I_SHIFT;
      const f = r << F_SHIFT;
      const tag = I[i + TAG];
      seq += 1;
      if ((tag & (SAME_MESSAGE | FLAG_FIRST | FLAG_LAST | FLAG_EMPTY)) !== same
        || F[f + ID] !== id || F[f + SEQ] !== seq || F[f + RECV_US] !== recv || (recv === 0 && F[f + EXCH_US] !== exch)) break;
      const price = I[i + PRICE];
      const q = F[f + QTY];
      // What is impossible goes the long way.
      if (!(price > 0 && price < 2_147_483_647 && q >= 0 && q <= 9_007_199_254_740_992)) break;
      ((tag & FLAG_SELL) !== 0 ? asks : bids).set(price, F, f + QTY);
    }
    this.openLevels += r - from;
    this.applied += r - from;
    return r;
  }

  /** A hole in the depth stream was recorded. */
  gap(): void {
    if (this.openKind === KIND_SNAPSHOT) this.tornSnapshotId = this.openId;
    else if (this.openId >= 0) this.tornId = this.openId;
    this.closeMessage();
    this.break();
    this.dropBuffer();
  }

  /** Records before the next one were lost: a message that is open may lack a level. */
  hole(): void {
    if (this.openId >= 0) this.gap();
  }

  /** No depth message for too long. */
  stale(): void {
    if (this.state === BOOK_LIVE) this.state = BOOK_STALE;
  }

  /** The input has ended: what still waits was never applied. */
  finish(): void {
    this.dropBuffer();
  }

  /** Of the buffer, the records that wait in it. */
  packState(): State {
    return { ...saveFields(this, BUFFER), waitingRecords: this.buffer.slice(0, this.waiting * WORDS_F) };
  }

  unpackState(state: State): void {
    const { waitingRecords, ...fields } = state as State & { readonly waitingRecords: Float64Array };
    restoreFields(this, fields);
    let room = this.buffer.length;
    while (room < waitingRecords.length) room *= 2;
    if (room > this.buffer.length) this.buffer = new Float64Array(room);
    this.buffer.set(waitingRecords);
    this.bufferI = new Int32Array(this.buffer.buffer);
  }

  private takeDiff(F: Float64Array, I: Int32Array, record: number, tag: number): void {
    const id = F[(record << F_SHIFT) + ID];
    if ((tag & FLAG_FIRST) !== 0) this.openDiff(F, I, record);
    else if (id !== this.openId || this.openKind !== KIND_DEPTH) {
      if (this.openId < 0 && id === this.lastId && (this.state === BOOK_LIVE || this.state === BOOK_STALE)) {
        // A record of the last message, repeated or late: nothing newer was applied, so it may still be set.
        this.applied += 1;
        if ((tag & FLAG_EMPTY) === 0 && this.level(F, I, record, tag)) this.settle();
        return;
      }
      // A record without its beginning: its message is torn, and so is one that was open.
      this.tornId = id;
      this.closeMessage();
      this.break();
      this.dropBuffer();
      this.refused += 1;
      return;
    }
    switch (this.fate) {
      case FATE_APPLY:
        this.applied += 1;
        if ((tag & FLAG_EMPTY) === 0) {
          if (!this.level(F, I, record, tag)) return;
          this.openLevels += 1;
        }
        if ((tag & FLAG_LAST) !== 0) this.endDiff();
        return;
      case FATE_OLD:
        this.applied += 1;
        break;
      case FATE_BUFFER:
        this.keep(F, record);
        break;
      default:
        this.refused += 1;
    }
    if ((tag & FLAG_LAST) !== 0) this.closeMessage();
  }

  /** Decides the fate of the diff that begins here. */
  private openDiff(F: Float64Array, I: Int32Array, record: number): void {
    const id = F[(record << F_SHIFT) + ID];
    if (this.openId >= 0 && !(this.openId === id && this.openKind === KIND_DEPTH)) {
      // The message before never ended.
      this.break();
      this.dropBuffer();
    }
    this.openId = id;
    this.openKind = KIND_DEPTH;
    this.openLevels = 0;
    if (id === this.tornId) {
      this.fate = FATE_REFUSE;
      return;
    }
    if (this.state === BOOK_LIVE || this.state === BOOK_STALE) {
      const fits = this.verdict(F, I, record);
      if (fits !== 0) {
        this.fate = fits > 0 ? FATE_APPLY : FATE_OLD;
        return;
      }
      this.break();
    }
    this.fate = FATE_BUFFER;
  }

  /** 1: the diff that begins at `record` follows; -1: it is older than the book; 0: something is missing. */
  private verdict(F: Float64Array, I: Int32Array, record: number): number {
    const id = F[(record << F_SHIFT) + ID];
    const before = F[(record << F_SHIFT) + AUX];
    if (id === 0 && before === 0) return 1; // a venue without ids: nothing to check
    if (this.awaitsBracket) {
      if (this.futures) return id < this.lastId ? -1 : id - I[(record << I_SHIFT) + EXTRA] <= this.lastId || before === this.lastId ? 1 : 0;
      return id <= this.lastId ? -1 : before <= this.lastId ? 1 : 0;
    }
    if (before === this.lastId) return 1;
    return id <= this.lastId ? -1 : 0;
  }

  private endDiff(): void {
    this.lastId = this.openId;
    this.diffs += 1;
    this.awaitsBracket = false;
    this.changedLevels = this.openLevels;
    this.closeMessage();
    this.settle();
  }

  /** A message is whole: the book is LIVE unless it crossed. */
  private settle(): void {
    if (this.bids.best >= this.asks.best) {
      this.crossed += 1;
      this.break();
      return;
    }
    this.state = BOOK_LIVE;
    this.changed = true;
  }

  private takeSnapshot(F: Float64Array, I: Int32Array, record: number, tag: number): void {
    const id = F[(record << F_SHIFT) + ID];
    if ((tag & FLAG_FIRST) !== 0) this.openSnapshot(F, record);
    else if (id !== this.openId || this.openKind !== KIND_SNAPSHOT) {
      // A piece whose beginning is missing: what follows of this snapshot is not whole either, nor is an open diff.
      this.tornSnapshotId = id;
      if (this.openKind === KIND_DEPTH) this.gap();
      else if (this.retaking) this.break();
      this.closeMessage();
      this.refused += 1;
      return;
    }
    if (this.fate === FATE_APPLY) {
      this.applied += 1;
      if ((tag & FLAG_EMPTY) === 0) {
        if (!this.level(F, I, record, tag)) return;
        this.openLevels += 1;
      }
      if ((tag & FLAG_LAST) !== 0) this.endSnapshot();
      return;
    }
    if (this.fate === FATE_OLD) this.applied += 1;
    else this.refused += 1;
    if ((tag & FLAG_LAST) !== 0) this.closeMessage();
  }

  private openSnapshot(F: Float64Array, record: number): void {
    const id = F[(record << F_SHIFT) + ID];
    if (this.openId >= 0 && this.openKind === KIND_DEPTH) {
      // A diff that never ended.
      this.tornId = this.openId;
      this.break();
      this.dropBuffer();
    }
    // Its beginning may come twice in a row, but not in the middle.
    const again = this.openId === id && this.openKind === KIND_SNAPSHOT && this.openLevels > 1;
    // Half of one is nothing to go on from.
    if (this.retaking && (again || this.openId !== id)) this.break();
    this.openId = id;
    this.openKind = KIND_SNAPSHOT;
    this.openLevels = 0;
    if (again || id === this.tornSnapshotId) this.fate = FATE_REFUSE;
    else if (this.state === BOOK_LIVE && id !== 0 && id < this.lastId) this.fate = FATE_OLD;
    else if (this.state !== BOOK_LIVE && this.olderThanBuffer(F, record)) this.fate = FATE_REFUSE;
    else {
      this.fate = FATE_APPLY;
      this.bids.clear();
      this.asks.clear();
      // Until its LAST record nobody may read the half-taken levels.
      if (this.state === BOOK_LIVE) this.retaking = true;
      else if (this.state === BOOK_STALE) this.state = BOOK_SYNCING;
    }
  }

  private endSnapshot(): void {
    this.retaking = false;
    this.lastId = this.openId;
    this.awaitsBracket = true;
    this.snapshots += 1;
    this.changedLevels = 0;
    this.closeMessage();
    if (this.bids.best >= this.asks.best) {
      this.crossed += 1;
      this.break();
      this.dropBuffer();
      return;
    }
    this.state = BOOK_LIVE;
    this.changed = true;
    this.applyBuffer();
  }

  /** Would this snapshot leave a hole before the first waiting diff that it does not cover? */
  private olderThanBuffer(F: Float64Array, record: number): boolean {
    const id = F[(record << F_SHIFT) + ID];
    if (id === 0) return false;
    for (let r = 0; r < this.waiting; r += 1) {
      const u = this.buffer[(r << F_SHIFT) + ID];
      if (this.futures ? u < id : u <= id) continue;
      const before = this.buffer[(r << F_SHIFT) + AUX];
      return this.futures ? u - this.bufferI[(r << I_SHIFT) + EXTRA] > id && before !== id : before > id;
    }
    return false;
  }

  /** Replays the waiting diffs onto the snapshot just taken. */
  private applyBuffer(): void {
    const n = this.waiting;
    this.waiting = 0;
    let r = 0;
    while (r < n) {
      let end = r + 1;
      while (end < n && (this.bufferI[(end << I_SHIFT) + TAG] & FLAG_FIRST) === 0) end += 1;
      const fits = this.state !== BOOK_LIVE ? 0 : this.verdict(this.buffer, this.bufferI, r);
      if (fits > 0) {
        this.openId = this.buffer[(r << F_SHIFT) + ID];
        this.openKind = KIND_DEPTH;
        this.openLevels = 0;
        this.fate = FATE_APPLY;
        for (; r < end && this.openId >= 0; r += 1) {
          const tag = this.bufferI[(r << I_SHIFT) + TAG];
          this.applied += 1;
          if ((tag & FLAG_EMPTY) !== 0 || this.level(this.buffer, this.bufferI, r, tag)) {
            if ((tag & FLAG_EMPTY) === 0) this.openLevels += 1;
            if ((tag & FLAG_LAST) !== 0) this.endDiff();
          }
        }
        // Without its LAST this was a repeated first record; the whole message follows.
        if (this.openId >= 0) this.closeMessage();
      } else if (fits === 0 && this.state === BOOK_LIVE) {
        this.break();
      }
      this.refused += end - r;
      r = end;
    }
  }

  private keep(F: Float64Array, record: number): void {
    if (this.waiting === this.bufferLimit) {
      // Diffs before these could only serve a snapshot older still: begin anew with the next message.
      this.dropBuffer();
      this.fate = FATE_REFUSE;
      this.refused += 1;
      return;
    }
    const at = this.waiting * WORDS_F;
    if (at === this.buffer.length) {
      const larger = new Float64Array(this.buffer.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
      this.bufferI = new Int32Array(larger.buffer);
    }
    for (let w = 0; w < WORDS_F; w += 1) this.buffer[at + w] = F[(record << F_SHIFT) + w];
    this.waiting += 1;
  }

  /** Applies one level; an impossible one makes the book unfit, because the venue's own has changed there. */
  private level(F: Float64Array, I: Int32Array, record: number, tag: number): boolean {
    const price = I[(record << I_SHIFT) + PRICE];
    const at = (record << F_SHIFT) + QTY;
    if (!(price > 0 && price < 2_147_483_647 && F[at] >= 0 && F[at] <= 9_007_199_254_740_992)) {
      this.invalid += 1;
      this.closeMessage();
      this.break();
      return false;
    }
    ((tag & FLAG_SELL) !== 0 ? this.asks : this.bids).set(price, F, at);
    return true;
  }

  private closeMessage(): void {
    this.openId = -1;
    this.openKind = 0;
    this.fate = FATE_NONE;
  }

  private break(): void {
    this.retaking = false;
    if (this.state === BOOK_SYNCING && this.snapshots === 0) return;
    if (this.state !== BOOK_GAP) this.breaks += 1;
    this.state = BOOK_GAP;
    this.changed = false;
    this.bids.clear();
    this.asks.clear();
  }

  private dropBuffer(): void {
    this.refused += this.waiting;
    this.waiting = 0;
  }
}
