/**
 * A lane, seen from the main loop: its input since the last checkpoint, how far it is, and the answers nobody has merged.
 *
 * The thread behind it may die and come back: `connect` gives it new rings, and it goes on from its checkpoint through
 * the input kept here. Positions count the slots of its input from the beginning of the run; they survive restarts.
 */
import { TAG } from '../../../data/records/layout.js';
import type { Edge } from '../kernel-port.js';
import type { KernelSnapshot } from '../snapshot.js';
import { answerPosition, answerSlots, takeAnswer } from './answers.js';
import type { KernelFacts } from '../facts.js';
import type { LanePost } from './lane.js';
import { LaneTape } from './lane-tape.js';
import type { SlotSink } from './lane-tape.js';
import { Mark, putMark } from './marks.js';

/** The writing end of a lane's input. */
export interface FeedInbox extends SlotSink {
  readonly slots: number;
  /** Slots the lane has taken since it was connected. */
  consumed(): number;
}
/** The reading end of a lane's answers. */
export interface FeedOutbox {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly index: number;
  available(max?: number): number;
  release(count: number): void;
}
/** A lane's thread, as far as the merge needs it. */
export interface LaneConnection {
  readonly inbox: FeedInbox;
  readonly outbox: FeedOutbox;
  /** The next message it posted, without waiting. */
  receive(): unknown;
}

/** An answer that waits for its turn. */
export interface WaitingAnswer {
  readonly position: number;
  readonly edge: Edge;
}

type Checkpoint = Extract<LanePost, { readonly type: 'checkpoint' }>;

/** Figures for the report. */
export interface FeedStatistics {
  /** Records handed to the lane. */
  records: number;
  /** Share of the ring that was full, summed over looks, and the greatest. */
  occupancySum: number;
  looks: number;
  occupancyMax: number;
}

export class LaneFeed {
  readonly tape = new LaneTape();
  readonly statistics: FeedStatistics = { records: 0, occupancySum: 0, looks: 0, occupancyMax: 0 };
  /** Answers that were read and not merged, in order. */
  readonly answers: WaitingAnswer[] = [];
  /** State before position `tape.begin`. */
  checkpoint: KernelSnapshot | null = null;
  /** Latest facts, and whether they are those of a finished lane. */
  facts: KernelFacts | null = null;
  finished = false;
  /** Records that made the kernel throw, taken out of its input. */
  skipped = 0;
  /** What was wrong with its answers: its thread must go. */
  broken: string | null = null;
  /** Answers to inputs before this position are merged. */
  merged = 0;
  /**
   * Position of the next slot it had to take before its answers were last read: of everything earlier, the answers are
   * here. What it took before a restart and has not again counts as not taken.
   */
  taken = 0;

  private readonly checkpointEvery: number;
  private connection: LaneConnection | null = null;
  /** Position at which the connected thread began, and up to which it was sent its input. */
  private origin = 0;
  private sent = 0;
  private lastRequest = 0;
  private checkpointDue = Infinity;
  private arrived: Checkpoint | null = null;
  /** What a restarted lane has to take again, and where it will have done so; slots of the last ring. */
  private missed = 0;
  private caughtUpAt = 0;
  private lastSlots = 0;
  private postsDue = Infinity;

  constructor(checkpointEvery: number) {
    this.checkpointEvery = checkpointEvery;
  }

  get connected(): boolean {
    return this.connection !== null;
  }

  /** Position of the next slot it will take, at this moment. */
  private get consumed(): number {
    return this.connection === null ? this.tape.begin : this.origin + this.connection.inbox.consumed();
  }

  /** Everything handed to it was taken. */
  get idle(): boolean {
    return this.taken === this.tape.end;
  }

  /** A thread that begins at `tape.begin` with `checkpoint`. */
  connect(connection: LaneConnection): void {
    this.connection = connection;
    this.origin = this.tape.begin;
    this.sent = this.tape.begin;
    this.taken = this.tape.begin;
    this.missed = this.tape.end - this.tape.begin;
    this.caughtUpAt = this.tape.end;
    this.send();
  }

  /**
   * The thread is gone. Answers that were not merged will be given again. `threw`: a record made its kernel throw; it is
   * the first one that was not taken, and is taken out of the input, for it would do so again. A stall that it died over
   * is over.
   */
  disconnect(threw = false): void {
    if (this.connection === null) return;
    // A checkpoint may have come before the end did.
    this.poll();
    const taken = this.consumed;
    this.connection = null;
    this.taken = this.tape.begin;
    this.broken = null;
    this.arrived = null;
    this.answers.length = 0;
    if (taken >= this.tape.end) return;
    const { slots, at } = this.tape.slot(taken);
    if ((slots.I[at * 16 + TAG]! & 0xff) === Mark.STALL) putMark(slots, at, Mark.STALL, slots.F[at * 8]!);
    else if (threw) {
      putMark(slots, at, Mark.SKIP, slots.F[at * 8]!);
      this.skipped += 1;
    }
  }

  /** A record of the stream. */
  record(F: Float64Array, I: Int32Array, record: number, ordinal: number): void {
    this.tape.append(F, I, record, ordinal);
    this.statistics.records += 1;
  }

  /** A mark before the record `ordinal`. */
  mark(kind: number, ordinal: number, seq: number, value = 0, extra = 0): void {
    this.tape.mark(ordinal, (slots, at) => putMark(slots, at, kind, seq, value, extra));
    if (kind === Mark.FINISH || kind === Mark.FACTS) this.postsDue = Math.min(this.postsDue, this.tape.end);
  }

  /** Sends what there is and fits; asks for a checkpoint when one is due. */
  send(): void {
    const { connection, tape, statistics } = this;
    if (connection === null) return;
    if (tape.end - this.lastRequest >= this.checkpointEvery && this.checkpointDue === Infinity) this.requestCheckpoint();
    if (this.sent === tape.end) return;
    this.sent = tape.copyTo(connection.inbox, this.sent);
    const occupancy = (this.sent - this.consumed) / connection.inbox.slots;
    statistics.occupancySum += occupancy;
    statistics.looks += 1;
    if (occupancy > statistics.occupancyMax) statistics.occupancyMax = occupancy;
  }

  /** Asks for the state at the end of the input so far. */
  requestCheckpoint(): void {
    const { tape } = this;
    const ordinal = tape.end > tape.begin ? tape.ordinalAt(tape.end - 1) : 0;
    this.mark(Mark.CHECKPOINT, ordinal, 0);
    this.lastRequest = tape.end;
    this.checkpointDue = tape.end;
  }

  /** Whether `slots` more may wait for it: in its ring, and `more` beyond while it is down or has not caught up with what it missed. */
  fits(slots: number, more: number): boolean {
    const end = this.tape.end + slots;
    // How far it was when last heard of will do, mostly.
    if (this.connection !== null && end - this.taken <= this.connection.inbox.slots) return true;
    const taken = this.consumed;
    if (this.connection === null) return end - taken <= this.lastSlots + this.missed + more;
    if (this.missed > 0 && taken >= this.caughtUpAt) this.missed = 0;
    return end - taken <= this.connection.inbox.slots + (this.missed > 0 ? this.missed + more : 0);
  }

  /** Reads what the lane has said; what no lane says is noted in `broken`, and nothing more is read. */
  poll(): void {
    const { connection } = this;
    if (connection === null || this.broken !== null) return;
    try {
      // First how far it is, then what it said: the other way round an answer could come between.
      const taken = this.consumed;
      this.read(connection.outbox);
      this.taken = taken;
      if (taken >= this.checkpointDue || taken >= this.postsDue) this.receive();
    } catch (thrown) {
      this.broken = `its answers are unsound: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return;
    }
    if (this.arrived !== null) this.adopt(this.arrived);
  }

  private read(outbox: FeedOutbox): void {
    for (let count = outbox.available(); count > 0; count = outbox.available()) {
      const { index } = outbox;
      let read = 0;
      while (read < count) {
        const slots = answerSlots(outbox, index + read);
        if (!(slots > 0 && slots <= count - read)) throw new Error(`${slots} slots of ${count - read}`);
        this.answers.push({ position: answerPosition(outbox, index + read), edge: takeAnswer(outbox, index + read) });
        read += slots;
      }
      outbox.release(read);
    }
  }

  /** Takes the checkpoint that arrived, unless an answer to what came before it still waits: a restart must give it again. */
  private adopt({ position, snapshot }: Checkpoint): void {
    const first = this.answers[0];
    if (first !== undefined && first.position < position) return;
    this.arrived = null;
    this.checkpoint = snapshot;
    this.tape.forget(position);
    if (position >= this.checkpointDue) this.checkpointDue = Infinity;
  }

  private receive(): void {
    for (let post = this.connection!.receive() as LanePost | undefined; post !== undefined; post = this.connection!.receive() as LanePost | undefined) {
      if (post.type === 'checkpoint') {
        this.arrived = post;
      } else {
        this.facts = post.facts;
        this.finished ||= post.finished;
        if (post.position >= this.postsDue) this.postsDue = Infinity;
      }
    }
  }
}
