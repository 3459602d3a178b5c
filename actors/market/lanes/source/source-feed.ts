/**
 * A lane that has a source of its own, seen from the main loop: what it has said since its last checkpoint, answers nobody has merged, and what is on its way to it.
 *
 * What it says comes through one ring in one order, so its input is known here as it took it: the next thread of the lane begins at the checkpoint and takes the rest
 * again. Positions count the slots of that input from the beginning of the run.
 */
import * as layout from '../../../../data/records/layout.js';
import type { Edge } from '../../kernel-port.js';
import type { KernelFacts } from '../../facts.js';
import type { KernelSnapshot } from '../../snapshot.js';
import { answerPosition, answerSlots, takeAnswer } from '../answers.js';
import type { LanePost } from '../lane.js';
import type { FeedInbox, FeedOutbox, WaitingAnswer } from '../lane-feed.js';
import { LaneTape } from '../lane-tape.js';
import { controlPart, controlSlots, FIRST_MARK, Mark, putMark, putTextPart } from '../marks.js';
import { FIRST_SAID as SAID_FROM, Said } from './said.js';
import type { NumberedControl } from './source-lane.js';

// V8 does not fold imported constants.
const { EXCH_US, EXTRA, KIND_MASK, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } = layout;
const FIRST_SAID = SAID_FROM;

/** What whoever merges makes of what a lane says. */
export interface SourceListener {
  /** Records [from, to) of (F, I), whole messages in one or more calls: writes them to the run; returns the number of the first in the whole stream. */
  records(F: Float64Array, I: Int32Array, from: number, to: number): number;
  /** A control took effect here; returns the number of the next record of the whole stream. */
  placed(number: number, clockUs: number, symbol: number): number;
  text(text: string): void;
}

export interface SourceConnection {
  readonly inbox: FeedInbox;
  readonly outbox: FeedOutbox;
  receive(): unknown;
}

/** Slots by which a thread must get further than the last one that counted, or it was in vain. */
const FURTHER = 1024;
const MOST_ANSWERS = 65_536;

export class SourceFeed {
  /** Its input since the last checkpoint; the ordinal of a slot is the place of the record in the whole stream. */
  readonly tape = new LaneTape();
  readonly answers: WaitingAnswer[] = [];
  checkpoint: KernelSnapshot | null = null;
  facts: KernelFacts | null = null;
  skipped = 0;
  lastSkipped = -1;
  /** What was wrong with what it said: its thread must go. */
  broken: string | null = null;
  /** Answers to inputs before this position are merged. */
  merged = 0;
  /** Of every input before this position the answers are here. */
  taken = 0;
  /** Threads in a row that failed without having got further than those before. */
  futile = 0;

  private readonly listener: SourceListener;
  private readonly checkpointEvery: number;
  private readonly owns: (symbol: number) => boolean;
  private connection: SourceConnection | null = null;
  /** What was sent of the tape, and up to where it is to be: what earlier threads took. */
  private sent = 0;
  private until = 0;
  /** What else is on its way to the thread. */
  private letters = new LaneTape();
  private lettersSent = 0;
  /** Controls that did not take effect yet, by number. */
  private readonly controls = new Map<number, NumberedControl>();
  /** Position and number of those that did, and whose answers may come. */
  private readonly placed: { readonly position: number; readonly number: number }[] = [];
  private text = '';
  /** Texts that were heard and not yet told. */
  private readonly texts: string[] = [];
  private lastRequest = 0;
  private requested = false;
  private arrived: Extract<LanePost, { readonly type: 'checkpoint' }> | null = null;
  private threwAt = -1;
  private furthest = 0;

  constructor(listener: SourceListener, checkpointEvery: number, owns: (symbol: number) => boolean) {
    this.listener = listener;
    this.checkpointEvery = checkpointEvery;
    this.owns = owns;
  }

  get connected(): boolean {
    return this.connection !== null;
  }

  /** A thread that begins at `tape.begin` with `checkpoint`, and at `tape.end` with its source. */
  connect(connection: SourceConnection): void {
    this.connection = connection;
    this.sent = this.tape.begin;
    this.until = this.tape.end;
    this.taken = this.tape.begin;
    this.letters = new LaneTape();
    this.lettersSent = 0;
    // What was on its way when the thread ended; what its source was asked for, and records for it, went with the source.
    for (const control of this.controls.values()) this.write(JSON.stringify(control), Mark.CONTROL_PART, Mark.CONTROL);
    this.send();
  }

  /** The thread is gone: what it had said is heard first. As LaneFeed's. */
  disconnect(threw = false, failed = threw): void {
    const { connection, tape, skipped } = this;
    if (connection === null) return;
    this.poll();
    const sound = this.broken === null;
    this.connection = null;
    this.broken = null;
    this.arrived = null;
    this.requested = false;
    this.text = '';
    this.answers.length = 0;
    while (this.placed.length > 0 && this.placed[0]!.position < this.merged) this.placed.shift();
    if (threw && this.threwAt >= tape.begin && this.threwAt < tape.end) this.skip(this.threwAt);
    this.threwAt = -1;
    if (this.skipped > skipped || tape.end >= this.furthest + FURTHER) {
      this.furthest = tape.end;
      this.futile = 0;
    } else if (failed || !sound) this.futile += 1;
  }

  control(control: NumberedControl): void {
    this.controls.set(control.number, control);
    if (this.connection !== null) this.write(JSON.stringify(control), Mark.CONTROL_PART, Mark.CONTROL);
  }

  /** A text for who keeps the lane's source; false where there is none now. */
  ask(text: string): boolean {
    if (this.connection === null) return false;
    this.write(text, Mark.ASK_PART, Mark.ASK);
    return true;
  }

  /** Records [from, to), whole messages that the lane is to take as if its source had brought them; false where there is no thread now. */
  offer(F: Float64Array, I: Int32Array, from: number, to: number): boolean {
    if (this.connection === null) return false;
    for (let at = from; at < to; at += 1) this.letters.append(F, I, at, 0);
    this.send();
    return true;
  }

  requestFacts(): void {
    if (this.connection !== null) this.letter(Mark.FACTS);
  }

  /** Sends what there is and fits. */
  send(): void {
    const { connection, tape, letters } = this;
    if (connection === null || this.broken !== null) return;
    try {
      if (this.sent < this.until) this.sent = tape.copyTo(connection.inbox, this.sent);
      if (this.sent < this.until) return;
      if (tape.end - this.lastRequest >= this.checkpointEvery && !this.requested) {
        this.requested = true;
        this.lastRequest = tape.end;
        this.letter(Mark.CHECKPOINT, false);
      }
      if (this.lettersSent === letters.end) return;
      this.lettersSent = letters.copyTo(connection.inbox, this.lettersSent);
      letters.forget(this.lettersSent);
    } catch (thrown) {
      this.broken = `its ring is unsound: ${messageOf(thrown)}`;
    }
  }

  /** Hears what the lane has said; what no lane says is noted in `broken`, and nothing more is heard. */
  poll(): void {
    const { connection } = this;
    if (connection === null || this.broken !== null) return;
    try {
      this.hear(connection.outbox);
    } catch (thrown) {
      this.broken = `what it says is unsound: ${messageOf(thrown)}`;
      return;
    }
    if (this.arrived !== null) this.adopt(this.arrived);
    this.send();
    // Who hears a text may look at us again.
    for (let text = this.texts.shift(); text !== undefined; text = this.texts.shift()) this.listener.text(text);
  }

  /** The first answers that may be merged are taken: those to one input, into `edges`. Number of the control that raised them, -1 for a record. */
  takeFirst(edges: Edge[]): number {
    const { position } = this.answers[0]!;
    let taken = 0;
    while (this.answers[taken]?.position === position) edges.push(this.answers[taken++]!.edge);
    this.answers.splice(0, taken);
    this.merged = position + 1;
    while (this.placed.length > 0 && this.placed[0]!.position < position) this.placed.shift();
    return this.placed[0]?.position === position ? this.placed[0].number : -1;
  }

  private letter(kind: number, send = true): void {
    this.letters.mark(0, (slots, at) => putMark(slots, at, kind, 0));
    if (send) this.send();
  }

  private write(text: string, more: number, last: number): void {
    const parts = controlSlots(text);
    for (let part = 0; part < parts; part += 1) this.letters.mark(0, (slots, at) => putTextPart(slots, at, text, part, more, last));
    this.send();
  }

  private hear(outbox: FeedOutbox): void {
    // What was there when we came is not more than a ring; a lane that goes on saying must not keep us.
    let total = 0;
    for (let count = outbox.available(); count > 0 && total < outbox.slots; count = outbox.available()) {
      const { index } = outbox;
      const { I } = outbox;
      const end = index + count;
      for (let at = index; at < end;) {
        let stop = at;
        while (stop < end && (I[stop * WORDS_I + TAG]! & KIND_MASK) < FIRST_SAID) stop += 1;
        if (stop === at) at += this.sentence(outbox, at, end - at);
        else {
          this.records(outbox.F, I, at, stop);
          at = stop;
        }
      }
      outbox.release(count);
      total += count;
    }
  }

  /** Takes what begins at slot `at`, of `count` there are; returns how many slots that was. */
  private sentence({ F, I }: FeedOutbox, at: number, count: number): number {
    const number = F[at * WORDS_F + SEQ]!;
    switch (I[at * WORDS_I + TAG]!) {
      case Said.ANSWER:
        return 1 + this.answer({ F, I }, at + 1, count - 1);
      case Said.CONTROL:
        this.place(number, F[at * WORDS_F + RECV_US]!);
        return 1;
      case Said.TAKEN:
        if (!(number >= this.taken && number <= this.tape.end)) throw new Error(`position ${number} between ${this.taken} and ${this.tape.end}`);
        this.taken = number;
        return 1;
      case Said.POSTED:
        this.receive();
        return 1;
      case Said.THREW:
        this.threwAt = number;
        return 1;
      case Said.TEXT_PART:
      case Said.TEXT: {
        const text = this.text + controlPart({ F, I, U: unitsOf(F) }, at);
        if (text.length > MOST_TEXT) throw new Error('a text without end');
        const whole = I[at * WORDS_I + TAG] === Said.TEXT;
        this.text = whole ? '' : text;
        if (whole) this.texts.push(text);
        return 1;
      }
      default:
        throw new Error(`a slot of kind ${I[at * WORDS_I + TAG]}`);
    }
  }

  private records(F: Float64Array, I: Int32Array, from: number, to: number): void {
    for (let at = from, symbol = -1; at < to; at += 1) {
      const its = I[at * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
      if (its !== symbol && !this.owns(its)) throw new Error('a record that is not the lane\'s');
      symbol = its;
    }
    this.tape.appendRun(I, from, to, this.listener.records(F, I, from, to));
  }

  private place(number: number, clockUs: number): void {
    const found = this.controls.get(number);
    if (found === undefined) throw new Error(`control ${number} was not sent`);
    this.controls.delete(number);
    const ordinal = this.listener.placed(number, clockUs, found.control.symbol);
    const text = JSON.stringify(found);
    const parts = controlSlots(text);
    const next = this.nextNumber();
    for (let part = 0; part < parts; part += 1) this.tape.mark(ordinal, (slots, at) => putTextPart(slots, at, text, part, Mark.CONTROL_PART, Mark.CONTROL));
    // As the lane numbered it: after its last record.
    this.tape.mark(ordinal, (slots, at) => putMark(slots, at, Mark.PLACED, next, clockUs));
    this.placed.push({ position: this.tape.end - 1, number });
  }

  /** The lane's number for its next record. */
  private nextNumber(): number {
    const { tape } = this;
    for (let position = tape.end - 1; position >= tape.begin; position -= 1) {
      const { slots, at } = tape.slot(position);
      const kind = slots.I[at * WORDS_I + TAG]! & 0xff;
      const isControl = kind === Mark.PLACED || (kind === Mark.SKIP && slots.I[at * WORDS_I + EXTRA] === Mark.CONTROL);
      if (isControl) return slots.F[at * WORDS_F + SEQ]!;
      if (kind < FIRST_MARK || kind === Mark.SKIP) return slots.F[at * WORDS_F + SEQ]! + 1;
    }
    return (this.checkpoint?.seq ?? -1) + 1;
  }

  private answer(slots: { readonly F: Float64Array; readonly I: Int32Array }, at: number, count: number): number {
    const taken = count > 0 ? answerSlots(slots, at) : NaN;
    if (!(taken > 0 && taken <= count)) throw new Error(`an answer of ${taken} slots of ${count}`);
    const position = answerPosition(slots, at);
    const { answers, tape } = this;
    const least = answers.at(-1)?.position ?? Math.max(this.merged, tape.begin);
    if (!(Number.isInteger(position) && position >= least && position < tape.end)) throw new Error(`an answer to input ${position}, where ${least} to ${tape.end - 1} could have one`);
    if (answers.length >= MOST_ANSWERS && answers.at(-MOST_ANSWERS)!.position === position) throw new Error(`more than ${MOST_ANSWERS} answers to input ${position}`);
    // The lane has its own numbers; everybody else has those of the run.
    answers.push({ position, edge: takeAnswer(slots, at, this.owns, tape.ordinalAt(position)) });
    return taken;
  }

  private receive(): void {
    const post = this.connection!.receive();
    if (!isPost(post) || !(post.position >= this.tape.begin && post.position <= this.tape.end)) throw new Error('it posted what no lane posts');
    if (post.type === 'facts') this.facts = post.facts;
    else this.arrived = post;
  }

  private adopt({ position, snapshot }: Extract<LanePost, { readonly type: 'checkpoint' }>): void {
    const first = this.answers[0];
    // An answer to what came before it may be lost with the thread: a restart must give it again.
    if (first !== undefined && first.position < position) return;
    this.arrived = null;
    this.requested = false;
    this.checkpoint = snapshot;
    this.tape.forget(position);
  }

  /** Takes out the record, or the control, at a position, which made the kernel throw. */
  private skip(position: number): void {
    const { slots, at } = this.tape.slot(position);
    const { F, I } = slots;
    const kind = I[at * WORDS_I + TAG]! & 0xff;
    if (kind === Mark.PLACED) putMark(slots, at, Mark.SKIP, F[at * WORDS_F + SEQ]!, 0, Mark.CONTROL);
    if (kind >= FIRST_MARK) return;
    this.skipped += 1;
    this.lastSkipped = this.tape.ordinalAt(position);
    const recv = F[at * WORDS_F + RECV_US]!;
    const stamp = recv > 0 ? recv : F[at * WORDS_F + EXCH_US]!;
    putMark(slots, at, Mark.SKIP, F[at * WORDS_F + SEQ]!, stamp < 9e15 ? stamp : 0);
  }
}

const MOST_TEXT = 1 << 22;
const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

let units: Uint16Array = new Uint16Array(0);
/** The same memory as code units; the last ring's is kept. */
function unitsOf(F: Float64Array): Uint16Array {
  if (units.buffer !== F.buffer || units.byteOffset !== F.byteOffset) units = new Uint16Array(F.buffer, F.byteOffset, F.length * 4);
  return units;
}

function isPost(post: unknown): post is Exclude<LanePost, { readonly type: 'threw' }> {
  if (typeof post !== 'object' || post === null || !('type' in post) || !('position' in post) || !Number.isInteger(post.position)) return false;
  if (post.type === 'checkpoint') return 'snapshot' in post && typeof post.snapshot === 'object' && post.snapshot !== null;
  return post.type === 'facts' && 'facts' in post && typeof post.facts === 'object' && post.facts !== null;
}
