/**
 * A lane that has a source of its own (sockets), on its own side. A record goes to the main loop's run log first, then to the kernel: one that finds no room there does
 * not reach the kernel either, and both see the same gap record. Its input is what it says itself, in that order: records, and controls where it met them. So the
 * main loop knows the whole input of the kernel, a replay can take it again, and so can the next thread of this lane.
 */
import { allocateBatch, Flag, Kind, KIND_MASK, KIND_NAMES, Losses, MOST_LOSS_GAPS } from '../../../../data/records/index.js';
import * as layout from '../../../../data/records/layout.js';
import { matcherHolding } from '../../../venue/matcher.js';
import type { Control } from '../../control-queue.js';
import { symbolFacts } from '../../facts.js';
import { MarketKernel } from '../../kernel.js';
import { packEdge, type PackedEdge, putAnswer } from '../answers.js';
import type { LaneInbox, LaneInput, LanePost } from '../lane.js';
import { controlPart, controlSlots, FIRST_MARK as MARKS_FROM, Mark, putTextPart } from '../marks.js';
import { putSaid, Said } from './said.js';

// V8 does not fold imported constants.
const { EXCH_US, EXTRA, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } = layout;
const FIRST_MARK = MARKS_FROM;

export interface SourceLaneInput extends LaneInput {
  /** End of the input that is known already: what comes up to there was said by an earlier thread. */
  readonly until: number;
}

/** A control as it is sent to a lane. */
export interface NumberedControl {
  readonly number: number;
  readonly control: Control | Retell;
}
/** Tell the machines afresh: the kernel's actor began anew. `symbol` is any of the lane's. */
export interface Retell {
  readonly type: 'retell';
  readonly symbol: number;
}

/** The writing end of the ring to the main loop. */
export interface SourceOutbox {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly slots: number;
  readonly index: number;
  readonly written: number;
  claim(count: number): number;
  claimUpTo(count: number): number;
  publish(): void;
  room(): number;
}

export interface SourceSurroundings {
  readonly inbox: LaneInbox;
  readonly outbox: SourceOutbox;
  post(message: LanePost): void;
  /** The main loop is to look. */
  ring(): void;
  /** A text that the main loop sent to who keeps the source. */
  asked(text: string): void;
  /** The lane knows what the threads before it knew: from here on the source may be taken. */
  caughtUp(): void;
  /** Between pieces of work: whoever else needs the core may have it for a moment. */
  rest(): void;
}

/** Slots that wait for room in the ring: written when there is. */
interface Waiting {
  readonly slots: number;
  write(at: number): void;
}

const STRETCH = 256;
/** Records between two chances for others to have the core. */
const RECORDS_A_PIECE = 8;
/** Share of the ring that fills before the main loop is woken for records alone. */
const WAKE_SHARE = 4;

export class SourceLane {
  readonly kernel: MarketKernel;
  /** Position of the next slot of its input. */
  position: number;
  /** Records that found no room, or that no tape can hold. */
  lost = 0;
  private readonly around: SourceSurroundings;
  private readonly inU: Uint16Array;
  private readonly outU: Uint16Array;
  private readonly own: readonly boolean[];
  private readonly answered: number;
  private readonly until: number;
  private caught = false;
  /** Number of the next record. */
  private number: number;
  private text = '';
  private lastUs = 0;
  /** Records of an offered message that is not whole yet. */
  private offered = allocateBatch(4096);
  private readonly waiting: Waiting[] = [];
  private readonly losses: (Losses | undefined)[] = [];
  private losing = 0;
  private readonly gaps = allocateBatch(MOST_LOSS_GAPS);
  private woken = 0;
  /** Edges were published since the main loop was woken last. */
  private raised = false;

  constructor(input: SourceLaneInput, around: SourceSurroundings) {
    const { venue, instruments } = input;
    this.around = around;
    this.kernel = new MarketKernel(instruments, ({ index }) => input.params[index]!, {
      stream: 'part', ...(venue === undefined ? {} : { makeMatcher: (symbol: number) => matcherHolding(venue, symbol, input.holdings) }),
    });
    if (input.checkpoint !== null) this.kernel.restore(input.checkpoint);
    const own: boolean[] = [];
    for (const { index } of instruments) own[index] = true;
    this.own = own;
    this.position = input.from;
    this.answered = input.answered;
    this.until = input.until;
    this.number = this.kernel.seq + 1;
    this.inU = new Uint16Array(around.inbox.F.buffer, around.inbox.F.byteOffset, around.inbox.F.length * 4);
    this.outU = new Uint16Array(around.outbox.F.buffer, around.outbox.F.byteOffset, around.outbox.F.length * 4);
    this.catchUp();
  }

  // ---------------------------------------------------------------- its source

  /** Records [from, to) have come, whole messages with stamps of the engine clock: numbers them (in place), says them, takes them. */
  take(F: Float64Array, I: Int32Array, from: number, to: number): void {
    if (this.waiting.length > 0) this.settle();
    this.raiseStamps(F, from, to);
    for (let at = from; at < to;) {
      // The room for all of them, or else message by message.
      const all = this.losing === 0 && this.waiting.length === 0 && this.around.outbox.room() >= to - at && this.sound(F, I, at, to);
      const end = all ? to : endOfMessage(I, at, to);
      if (all || (this.sound(F, I, at, end) && this.told(F, I, at) && this.fits(end - at))) this.hand(F, I, at, end);
      else this.lose(I, at, end);
      at = end;
    }
    this.wake();
  }

  /** Says a text to the main loop. */
  say(text: string): void {
    const parts = controlSlots(text);
    for (let part = 0; part < parts; part += 1) this.put(1, (at) => putTextPart(this.out(), at, text, part, Said.TEXT_PART, Said.TEXT));
    this.around.outbox.publish();
    this.around.ring();
  }

  /** What waits for room and has it. To be called now and then. */
  settle(): void {
    const { outbox, ring } = this.around;
    if (this.waiting.length === 0) return;
    let written = 0;
    for (; written < this.waiting.length; written += 1) {
      const { slots, write } = this.waiting[written]!;
      const at = outbox.claim(slots);
      if (at < 0) break;
      write(at);
    }
    this.waiting.splice(0, written);
    outbox.publish();
    ring.call(this.around);
  }

  // ---------------------------------------------------------------- its inbox

  /** Takes what the main loop has sent; false when it has sent nothing. */
  drain(): boolean {
    this.settle();
    const { inbox } = this.around;
    const count = inbox.available(STRETCH);
    if (count === 0) return false;
    const { I, index } = inbox;
    const end = index + count;
    for (let slot = index; slot < end;) {
      let stop = slot;
      while (stop < end && (I[stop * WORDS_I + TAG]! & 0xff) < FIRST_MARK) stop += 1;
      if (stop === slot) this.mark(slot++);
      else if (this.caught) {
        this.offer(slot, stop);
        slot = stop;
      } else slot = this.again(slot, Math.min(stop, slot + this.until - this.position));
      this.catchUp();
    }
    inbox.release(count);
    this.around.outbox.publish();
    return true;
  }

  /** Takes again what an earlier thread took; returns the first slot not taken. */
  private again(from: number, to: number): number {
    const { F, I } = this.around.inbox;
    const { kernel } = this;
    for (let at = from; at < to;) {
      const next = this.run(F, I, at, to);
      this.position += next - at - 1;
      this.answer();
      this.position += 1;
      at = next;
    }
    this.number = F[(to - 1) * WORDS_F + SEQ]! + 1;
    this.lastUs = Math.max(this.lastUs, kernel.clockUs);
    this.say_(Said.TAKEN, this.position);
    return to;
  }

  private catchUp(): void {
    if (this.caught || this.position < this.until) return;
    this.caught = true;
    this.lastUs = Math.max(this.lastUs, this.kernel.clockUs);
    this.around.caughtUp();
  }

  private mark(slot: number): void {
    const { F, I } = this.around.inbox;
    const { kernel } = this;
    const kind = I[slot * WORDS_I + TAG]! & 0xff;
    switch (kind) {
      case Mark.CONTROL_PART:
        this.text += this.part(slot);
        if (!this.caught) this.position += 1;
        return;
      case Mark.CONTROL:
        this.text += this.part(slot);
        if (this.caught) this.control();
        else this.position += 1;
        return;
      case Mark.PLACED: {
        const { control } = JSON.parse(this.taken()) as NumberedControl;
        this.apply(control, F[slot * WORDS_F + SEQ]!, F[slot * WORDS_F + RECV_US]!, this.position);
        this.answer();
        this.position += 1;
        this.say_(Said.TAKEN, this.position);
        return;
      }
      case Mark.SKIP:
        if (I[slot * WORDS_I + EXTRA] === Mark.CONTROL) this.text = '';
        else {
          kernel.raiseClock(F[slot * WORDS_F + RECV_US]!);
          kernel.hole();
          this.number = F[slot * WORDS_F + SEQ]! + 1;
        }
        this.position += 1;
        return;
      case Mark.ASK_PART:
        this.text += this.part(slot);
        return;
      case Mark.ASK:
        this.text += this.part(slot);
        this.around.asked(this.taken());
        return;
      case Mark.CHECKPOINT:
        this.around.post({ type: 'checkpoint', position: this.position, snapshot: kernel.snapshot() });
        this.say_(Said.POSTED);
        return;
      case Mark.FACTS:
        this.around.post({ type: 'facts', position: this.position, facts: { counters: kernel.counters(), symbols: kernel.symbols.map(symbolFacts) }, finished: false });
        this.say_(Said.POSTED);
        return;
      default:
        throw new Error(`no such mark: ${kind}`);
    }
  }

  private part(slot: number): string {
    const { F, I } = this.around.inbox;
    return controlPart({ F, I, U: this.inU }, slot);
  }

  private taken(): string {
    const { text } = this;
    this.text = '';
    return text;
  }

  /** A control takes effect here, after what was taken. */
  private control(): void {
    const text = this.taken();
    const { control, number } = JSON.parse(text) as NumberedControl;
    const { clockUs } = this.kernel;
    this.put(1, (at) => putSaid(this.out(), at, Said.CONTROL, number, clockUs));
    // Its text and the mark of its place are the input.
    const placed = this.position + controlSlots(text);
    this.apply(control, this.number, clockUs, placed);
    this.position = placed;
    this.answer();
    this.position += 1;
    this.say_(Said.TAKEN, this.position);
  }

  private apply(control: NumberedControl['control'], seq: number, clockUs: number, position: number): void {
    try {
      if (control.type === 'retell') this.kernel.retell();
      else this.kernel.applyControl(control, seq, clockUs);
    } catch (thrown) {
      this.threw(position);
      throw thrown;
    }
  }

  /** The last that is heard of this thread: what its successor is not to take. */
  private threw(position: number): void {
    this.say_(Said.THREW, position);
    this.around.outbox.publish();
    this.around.ring();
  }

  /** Records that the main loop has of elsewhere (a snapshot): taken when their message is whole. */
  private offer(from: number, to: number): void {
    const { I } = this.around.inbox;
    for (let slot = from; slot < to; slot += 1) {
      const { length } = this.offered;
      if (length * WORDS_F === this.offered.F.length) this.offered = grown(this.offered);
      this.offered.I.set(I.subarray(slot * WORDS_I, (slot + 1) * WORDS_I), length * WORDS_I);
      this.offered.length += 1;
      if (!isLast(I, slot)) continue;
      this.take(this.offered.F, this.offered.I, 0, this.offered.length);
      this.offered.length = 0;
    }
  }

  // ---------------------------------------------------------------- what it says

  private hand(F: Float64Array, I: Int32Array, from: number, to: number): void {
    const { outbox } = this.around;
    for (let f = from * WORDS_F + SEQ; f < to * WORDS_F; f += WORDS_F) F[f] = this.number++;
    for (let at = from; at < to;) {
      const count = outbox.claimUpTo(to - at);
      copy(I, at, outbox.I, outbox.index, count);
      at += count;
    }
    // With the run log before it is with the kernel.
    outbox.publish();
    let raised = false;
    for (let at = from; at < to;) {
      const next = this.run(F, I, at, Math.min(to, at + RECORDS_A_PIECE));
      if (this.kernel.edges.length === 0) {
        this.position += next - at;
      } else {
        this.position += next - at - 1;
        this.answer();
        this.position += 1;
        raised = true;
      }
      at = next;
      this.around.rest();
    }
    if (!raised) return;
    this.say_(Said.TAKEN, this.position);
    outbox.publish();
    this.raised = true;
  }

  private run(F: Float64Array, I: Int32Array, from: number, to: number): number {
    try {
      return this.kernel.run(F, I, from, to);
    } catch (thrown) {
      this.threw(this.position + this.kernel.position - from);
      throw thrown;
    }
  }

  /** Sends the kernel's edges as answers to the input at `position`. */
  private answer(): void {
    const { edges } = this.kernel;
    if (edges.length === 0) return;
    const { position } = this;
    if (position >= this.answered) {
      for (const edge of edges) this.sayAnswer(packEdge(edge), position);
    }
    this.kernel.clearEdges();
  }

  private sayAnswer(packed: PackedEdge, position: number): void {
    const { outbox } = this.around;
    const at = this.waiting.length > 0 ? -1 : outbox.claim(packed.slots + 1);
    if (at < 0) {
      this.waiting.push({ slots: packed.slots + 1, write: (later) => writeAnswer(outbox, later, position, packed) });
      return;
    }
    writeAnswer(outbox, at, position, packed);
  }

  private say_(kind: number, number = 0): void {
    this.put(1, (at) => putSaid(this.around.outbox, at, kind, number));
  }

  /** Writes slots in a row, now or when there is room; to be published. */
  private put(slots: number, write: (at: number) => void): void {
    const at = this.waiting.length > 0 ? -1 : this.around.outbox.claim(slots);
    if (at >= 0) write(at);
    else this.waiting.push({ slots, write });
  }

  private out(): { readonly F: Float64Array; readonly I: Int32Array; readonly U: Uint16Array } {
    return { F: this.around.outbox.F, I: this.around.outbox.I, U: this.outU };
  }

  /** Once a chunk: for edges at once, for records alone when there are many. */
  private wake(): void {
    const { outbox } = this.around;
    if (!this.raised && outbox.written - this.woken < outbox.slots / WAKE_SHARE) return;
    this.raised = false;
    this.woken = outbox.written;
    this.around.ring();
  }

  // ---------------------------------------------------------------- losses

  private fits(records: number): boolean {
    return this.waiting.length === 0 && this.around.outbox.room() >= records;
  }

  /** Whether nothing of the symbol is lost and not told of; tells it, if there is room, with the stamps of the record that comes next. */
  private told(F: Float64Array, I: Int32Array, by: number): boolean {
    const losses = this.losing > 0 ? this.losses[I[by * WORDS_I + TAG]! >>> SYMBOL_SHIFT] : undefined;
    if (losses === undefined || losses.total === 0) return true;
    if (!this.fits(MOST_LOSS_GAPS)) return false;
    this.losing -= 1;
    this.hand(this.gaps.F, this.gaps.I, 0, losses.tell(this.gaps.F, this.gaps.I, 0, F, by));
    return true;
  }

  private lose(I: Int32Array, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      this.lost += 1;
      const symbol = I[at * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
      if (this.own[symbol] !== true) continue;
      const losses = (this.losses[symbol] ??= new Losses(symbol));
      if (losses.total === 0) this.losing += 1;
      losses.add(I, at);
    }
  }

  /** Records that a tape can hold, of symbols of this lane. */
  private sound(F: Float64Array, I: Int32Array, from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) {
      const tag = I[at * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      const exchUs = F[at * WORDS_F + EXCH_US]!;
      if (kind < 1 || kind >= KIND_NAMES.length || this.own[tag >>> SYMBOL_SHIFT] !== true || !(exchUs >= 0 && exchUs <= Number.MAX_SAFE_INTEGER)) return false;
    }
    return true;
  }

  /** Receive stamps ascend; one that is no time becomes the one before it. */
  private raiseStamps(F: Float64Array, from: number, to: number): void {
    let floor = this.lastUs;
    for (let f = from * WORDS_F + RECV_US; f < to * WORDS_F; f += WORDS_F) {
      const stamp = F[f]!;
      if (stamp >= floor && stamp <= Number.MAX_SAFE_INTEGER) floor = stamp;
      else F[f] = floor;
    }
    this.lastUs = floor;
  }
}

function writeAnswer(outbox: SourceOutbox, at: number, position: number, packed: PackedEdge): void {
  putSaid(outbox, at, Said.ANSWER);
  putAnswer(outbox, at + 1, position, packed);
}

function isLast(I: Int32Array, record: number): boolean {
  const tag = I[record * WORDS_I + TAG]!;
  const kind = tag & KIND_MASK;
  return (kind !== Kind.DEPTH && kind !== Kind.SNAPSHOT) || (tag & Flag.LAST) !== 0;
}

/** The first record after the message that begins at `from`. */
function endOfMessage(I: Int32Array, from: number, to: number): number {
  let at = from;
  while (at < to - 1 && !isLast(I, at)) at += 1;
  return at + 1;
}

function copy(from: Int32Array, record: number, to: Int32Array, slot: number, count: number): void {
  if (count >= 8) {
    to.set(from.subarray(record * WORDS_I, (record + count) * WORDS_I), slot * WORDS_I);
    return;
  }
  // A view costs more than a few words.
  for (let word = 0, s = record * WORDS_I, t = slot * WORDS_I; word < count * WORDS_I; word += 1) to[t + word] = from[s + word]!;
}

function grown(batch: ReturnType<typeof allocateBatch>): ReturnType<typeof allocateBatch> {
  const larger = allocateBatch(batch.F.length / WORDS_F * 2);
  larger.I.set(batch.I);
  larger.length = batch.length;
  return larger;
}
