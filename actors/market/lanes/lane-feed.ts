/**
 * A lane, seen from the main loop: its input since the last checkpoint, how far it is, and the answers nobody has merged.
 *
 * The thread behind it may die and come back: `connect` gives it new rings, and it goes on from its checkpoint through
 * the input kept here. Positions count the slots of its input from the beginning of the run; they survive restarts.
 */
import { EXCH_US, RECV_US, SEQ, TAG } from '../../../data/records/layout.js';
import type { Edge } from '../kernel-port.js';
import type { KernelSnapshot } from '../snapshot.js';
import { answerPosition, answerSlots, takeAnswer } from './answers.js';
import type { KernelFacts } from '../facts.js';
import type { LanePost } from './lane.js';
import { LaneTape } from './lane-tape.js';
import type { SlotSink } from './lane-tape.js';
import { FIRST_MARK, Mark, putMark } from './marks.js';

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
  readonly slots: number;
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

  /** Threads in a row that failed without having got further than those before; who starts them looks. */
  futile = 0;

  private readonly checkpointEvery: number;
  private readonly owns: (symbol: number) => boolean;
  private furthest = 0;
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
  /** Positions by which posts that were asked for come, in order. */
  private readonly postsDue: number[] = [];
  /** Position the latest facts are of. */
  private factsAt = -1;
  /** Sequence number of the record taken out last; -1 before the first. */
  lastSkipped = -1;
  /** Position of what the connected thread says it could not take; -1 while it has not said so. */
  private threwAt = -1;

  /** `owns`: whether a symbol is one of the lane's. */
  constructor(checkpointEvery: number, owns: (symbol: number) => boolean = () => true) {
    this.checkpointEvery = checkpointEvery;
    this.owns = owns;
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
   * The thread is gone. Answers that were not merged will be given again. `threw`: it says that it did; when it had posted
   * which input its kernel could not take, that one is taken out, for it would throw again. Records only, and controls: a lane
   * that cannot take other marks is of no use. `failed`: nobody wanted its end.
   */
  disconnect(threw = false, failed = threw): void {
    const { connection, tape, skipped } = this;
    if (connection === null) return;
    // A checkpoint may have come before the end did.
    this.poll();
    if (threw) this.hear();
    const stoodAt = this.stoodAt();
    const sound = this.broken === null;
    this.connection = null;
    this.taken = tape.begin;
    this.missed = stoodAt - tape.begin;
    this.lastSlots = connection.inbox.slots;
    this.broken = null;
    this.arrived = null;
    this.answers.length = 0;
    // An injected fault: once it has been ended for it, it has had it.
    if (stoodAt < tape.end && this.kindAt(stoodAt) === Mark.STALL) this.replace(stoodAt, Mark.CLOCK);
    if (threw && this.threwAt >= tape.begin && this.threwAt < tape.end) this.skip(this.threwAt);
    this.threwAt = -1;
    const reached = sound ? stoodAt : this.merged;
    if (this.skipped > skipped || reached >= this.furthest + FURTHER) {
      this.furthest = reached;
      this.futile = 0;
    } else if (failed || !sound) this.futile += 1;
  }

  /** Position of the slot the ending thread stood at; `tape.end` where its ring does not say any more. */
  private stoodAt(): number {
    try {
      return Math.max(this.tape.begin, this.consumed);
    } catch {
      return this.tape.end;
    }
  }

  private kindAt(position: number): number {
    const { slots, at } = this.tape.slot(position);
    return slots.I[at * 16 + TAG]! & 0xff;
  }

  private skip(position: number): void {
    const kind = this.kindAt(position);
    if (kind >= FIRST_MARK && kind !== Mark.CONTROL) return;
    if (kind < FIRST_MARK) {
      const { slots, at } = this.tape.slot(position);
      this.skipped += 1;
      this.lastSkipped = slots.F[at * 8 + SEQ]!;
    }
    this.replace(position, Mark.SKIP, kind);
  }

  /** Puts a mark in the place of what stands at `position`; a record's stamp stays with it. */
  private replace(position: number, mark: number, kind = 0): void {
    const { slots, at } = this.tape.slot(position);
    const { F } = slots;
    const recv = F[at * 8 + RECV_US]!;
    const stamp = kind === Mark.CONTROL ? 0 : recv > 0 ? recv : F[at * 8 + EXCH_US]!;
    putMark(slots, at, mark, F[at * 8 + SEQ]!, stamp < 9e15 ? stamp : 0, kind);
  }

  /** A record of the stream. */
  record(F: Float64Array, I: Int32Array, record: number, ordinal: number): void {
    this.tape.append(F, I, record, ordinal);
    this.statistics.records += 1;
  }

  /** A mark before the record `ordinal`. */
  mark(kind: number, ordinal: number, seq: number, value = 0, extra = 0): void {
    this.tape.mark(ordinal, (slots, at) => putMark(slots, at, kind, seq, value, extra));
    if (kind === Mark.FINISH || kind === Mark.FACTS) this.postsDue.push(this.tape.end);
  }

  /** Sends what there is and fits; asks for a checkpoint when one is due. */
  send(): void {
    const { connection, tape, statistics } = this;
    if (connection === null) return;
    if (tape.end - this.lastRequest >= this.checkpointEvery && this.checkpointDue === Infinity) this.requestCheckpoint();
    if (this.sent === tape.end || this.broken !== null) return;
    let occupancy: number;
    try {
      this.sent = tape.copyTo(connection.inbox, this.sent);
      occupancy = (this.sent - this.consumed) / connection.inbox.slots;
    } catch (thrown) {
      this.broken = `its ring is unsound: ${messageOf(thrown)}`;
      return;
    }
    statistics.occupancySum += occupancy;
    statistics.looks += 1;
    if (occupancy > statistics.occupancyMax) statistics.occupancyMax = occupancy;
  }

  /** Its state was asked for and has not come. */
  get awaitsCheckpoint(): boolean {
    return this.checkpointDue !== Infinity;
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
      if (taken >= this.checkpointDue || taken >= this.postsDue[0]!) this.receive();
    } catch (thrown) {
      this.broken = `its answers are unsound: ${messageOf(thrown)}`;
      return;
    }
    if (this.arrived !== null) this.adopt(this.arrived);
  }

  private read(outbox: FeedOutbox): void {
    // What was there when we came is not more than a ring; a lane that goes on writing must not keep us.
    let total = 0;
    for (let count = outbox.available(); count > 0 && total < outbox.slots; count = outbox.available()) {
      const { index } = outbox;
      let read = 0;
      while (read < count) {
        const slots = answerSlots(outbox, index + read);
        if (!(slots > 0 && slots <= count - read)) throw new Error(`${slots} slots of ${count - read}`);
        const position = answerPosition(outbox, index + read);
        this.expect(position);
        const edge = takeAnswer(outbox, index + read, this.owns);
        this.expectSeq(position, edge.seq);
        this.answers.push({ position, edge });
        read += slots;
      }
      outbox.release(read);
      total += read;
    }
  }

  /** @throws Error when no answer to the input at `position` can come next. */
  private expect(position: number): void {
    const { answers, sent, merged } = this;
    const least = answers.at(-1)?.position ?? Math.max(merged, this.tape.begin);
    if (!(Number.isInteger(position) && position >= least && position < sent)) throw new Error(`an answer to input ${position}, where ${least} to ${sent - 1} could have one`);
    if (answers.length >= MOST_ANSWERS && answers.at(-MOST_ANSWERS)!.position === position) throw new Error(`more than ${MOST_ANSWERS} answers to input ${position}`);
  }

  /** A record's edges have its number, whatever number that is. @throws Error when they have another. */
  private expectSeq(position: number, seq: number): void {
    const { slots, at } = this.tape.slot(position);
    if (this.kindAt(position) < FIRST_MARK && !Object.is(seq, slots.F[at * 8 + SEQ])) throw new Error(`an edge at sequence number ${seq}, where the record has ${slots.F[at * 8 + SEQ]}`);
  }

  /**
   * Takes the checkpoint that arrived, unless an answer to what came before it still waits or may not have been read: a
   * restart must give it again.
   */
  private adopt({ position, snapshot }: Checkpoint): void {
    const first = this.answers[0];
    if (position > this.taken || (first !== undefined && first.position < position)) return;
    this.arrived = null;
    this.checkpoint = snapshot;
    this.tape.forget(position);
    if (position >= this.checkpointDue) this.checkpointDue = Infinity;
  }

  /** As `receive`, of a thread that is gone already. */
  private hear(): void {
    try {
      this.receive();
    } catch (thrown) {
      this.broken = `its posts are unsound: ${messageOf(thrown)}`;
    }
  }

  private receive(): void {
    const { connection } = this;
    if (connection === null) return;
    for (let post = connection.receive(); post !== undefined; post = connection.receive()) {
      if (!isPost(post) || !(post.position >= this.tape.begin && post.position <= this.sent)) throw new Error('it posted what no lane posts');
      switch (post.type) {
        case 'checkpoint':
          this.arrived = post;
          break;
        case 'threw':
          this.threwAt = post.position;
          break;
        case 'facts':
          while (this.postsDue[0]! <= post.position) this.postsDue.shift();
          this.finished ||= post.finished;
          // A lane that was restarted says again what it said before.
          if (post.position < this.factsAt) break;
          this.facts = post.facts;
          this.factsAt = post.position;
          break;
      }
    }
  }
}

/** Slots by which a thread must get further than the last one that counted, or it was in vain. */
const FURTHER = 1024;
/** Answers to one input; the most a record raises is some for every order at the venue. */
const MOST_ANSWERS = 65_536;

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

function isPost(post: unknown): post is LanePost {
  if (typeof post !== 'object' || post === null || !('type' in post) || !('position' in post) || !Number.isInteger(post.position)) return false;
  switch (post.type) {
    case 'checkpoint': return 'snapshot' in post && typeof post.snapshot === 'object' && post.snapshot !== null;
    case 'facts': return 'facts' in post && typeof post.facts === 'object' && post.facts !== null;
    default: return post.type === 'threw';
  }
}
