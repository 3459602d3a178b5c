import {
  allocateBatch, BLOCK_RECORDS, EXCH_US, Flag, Losses, MOST_LOSS_GAPS, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I,
} from '../../data/records/index.js';
import type { RecordBatch } from '../../data/records/index.js';
import { isStrike } from './fault-spec.js';
import type { Fault, RecordFault, StrikeFault } from './fault-spec.js';

/** Where records come from: a tape reader, or anything that fills a batch from index 0 and answers 0 at the end. */
export interface RecordSource {
  next(batch: RecordBatch): number;
}

/** A stretch of input: records of a batch, and the faults that strike actors or lanes before certain of them. */
export interface InputChunk {
  readonly batch: RecordBatch;
  /** Index of its first record; default 0. */
  readonly from?: number;
  /** Ascending by `before` (an index into the batch, or its length). */
  readonly strikes: { readonly before: number; readonly fault: StrikeFault }[];
}

/** What a session takes its input from, stretch by stretch. */
export interface InputSource {
  /** The next stretch, or undefined where there is none: no more, or, of an `endless` source, none now. */
  next(): InputChunk | undefined;
  readonly endless?: boolean;
  /** Inputs handed out or dropped so far; those that were dropped, and those that an overflow took, are among them. */
  readonly inputs: number;
  readonly dropped: number;
  readonly lost: number;
}

/** A ring that is full for the next `left` records of a symbol. */
interface Overflow {
  readonly symbol: number;
  left: number;
}

interface Loss {
  readonly losses: Losses;
  /** The last record lost. */
  readonly last: Float64Array;
}

interface Delayed {
  readonly dueUs: number;
  readonly words: Float64Array;
}

/**
 * The door: hands on what the tape holds, with the asked faults done to it, and numbers every input anew. A
 * dropped record keeps its number (nobody receives it), an injected duplicate gets one of its own.
 *
 * A record goes first through the faults of the line (drop, clock, delay, swap, dup) and then, if it arrives, into its
 * symbol's ring. One that finds the ring full gets no number: the gap records that tell of it do, so that the loss
 * concerns nobody but its symbol.
 *
 * Where no fault is near, blocks pass untouched.
 */
export class FaultedSource implements InputSource {
  /** Inputs so far: records of the tape, injected duplicates, and gap records of overflows. */
  inputs = 0;
  /** Inputs that were dropped by a fault. */
  dropped = 0;
  /** Inputs that an overflow took. Gap records tell of them. */
  lost = 0;

  readonly #source: RecordSource;
  readonly #records: RecordFault[];
  readonly #strikes: StrikeFault[];
  readonly #raw = allocateBatch(BLOCK_RECORDS);
  readonly #out: InputChunk;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #hasDelays: boolean;
  readonly #delayed: Delayed[] = [];
  readonly #overflows: Overflow[] = [];
  readonly #losses = new Map<number, Loss>();
  #tapePosition = 0;
  /** The next sequence number. */
  #seq = 0;
  #shiftUs = 0;
  #held: Float64Array | undefined;
  #clockUs = 0;
  #nextRecordFault = 0;
  #nextStrike = 0;
  #ended = false;

  /** `names` of symbols by index, for faults that name one. @throws Error when a fault names a symbol that is not among them. */
  constructor(source: RecordSource, faults: readonly Fault[], names: ReadonlyMap<number, string> = new Map()) {
    this.#source = source;
    this.#symbols = new Map([...names].map(([index, name]) => [name, index]));
    const byPosition = (a: Fault, b: Fault): number => a.at - b.at;
    this.#records = faults.filter((fault): fault is RecordFault => !isStrike(fault)).sort(byPosition);
    this.#strikes = faults.filter(isStrike).sort(byPosition);
    for (const fault of this.#records) {
      if (fault.kind === 'overflow' && !this.#symbols.has(fault.symbol)) throw new Error(`there is no symbol ${fault.symbol}`);
    }
    // One tape record can leave at most one duplicate, everything delayed can come due at once, every loss be over.
    const delays = this.#records.filter((fault) => fault.kind === 'delay').length;
    this.#hasDelays = delays > 0;
    const overflows = this.#records.filter((fault) => fault.kind === 'overflow').length;
    this.#out = { batch: allocateBatch(2 * BLOCK_RECORDS + delays + 2 + overflows * MOST_LOSS_GAPS), strikes: [] };
  }

  /** The next stretch of input, or undefined at the end. The chunk is reused by the next call. */
  next(): InputChunk | undefined {
    const out = this.#out;
    out.strikes.length = 0;
    if (this.#ended) return undefined;
    const count = this.#source.next(this.#raw);
    if (count === 0) return this.#finish();
    return this.#isQuiet(count) ? this.#passOn(count) : this.#rewrite(count);
  }

  #isQuiet(count: number): boolean {
    if (this.#shiftUs !== 0 || this.#delayed.length > 0 || this.#held !== undefined) return false;
    if (this.#overflows.length > 0 || this.#losses.size > 0) return false;
    const end = this.#tapePosition + count;
    const fault = this.#records[this.#nextRecordFault];
    if (fault !== undefined && fault.at < end) return false;
    // A drop that began in an earlier block may reach into this one.
    return !this.#records.some((f) => f.kind === 'drop' && f.at < this.#tapePosition && f.at + f.count > this.#tapePosition);
  }

  #passOn(count: number): InputChunk {
    const raw = this.#raw;
    const renumber = this.#seq !== this.#tapePosition;
    for (let r = 0; renumber && r < count; r++) raw.F[r * WORDS_F + SEQ] = this.#seq + r;
    raw.length = count;
    // When what is delayed comes due must not depend on how many blocks were quiet before.
    for (let r = 0; this.#hasDelays && r < count; r++) this.#arrived(arrivalOf(raw.F, r * WORDS_F));
    const strikes = this.#out.strikes;
    for (let fault = this.#strikes[this.#nextStrike]; fault !== undefined && fault.at < this.#tapePosition + count; ) {
      strikes.push({ before: Math.max(0, fault.at - this.#tapePosition), fault });
      fault = this.#strikes[++this.#nextStrike];
    }
    this.inputs += count;
    this.#seq += count;
    this.#tapePosition += count;
    return { batch: raw, strikes };
  }

  #rewrite(count: number): InputChunk {
    const out = this.#out;
    out.batch.length = 0;
    for (let r = 0; r < count; r++) {
      const position = this.#tapePosition++;
      for (let fault = this.#strikes[this.#nextStrike]; fault !== undefined && fault.at <= position; ) {
        out.strikes.push({ before: out.batch.length, fault });
        fault = this.#strikes[++this.#nextStrike];
      }
      this.#take(position, this.#raw.F.subarray(r * WORDS_F, (r + 1) * WORDS_F));
    }
    return out;
  }

  #take(position: number, words: Float64Array): void {
    let dropped = false;
    let duplicated = false;
    let swapped = false;
    let delayMs = 0;
    for (const fault of this.#records) {
      if (fault.at > position) break;
      if (fault.kind === 'drop') dropped ||= position < fault.at + fault.count;
      else if (fault.at !== position) continue;
      else if (fault.kind === 'dup') duplicated = true;
      else if (fault.kind === 'swap') swapped = true;
      else if (fault.kind === 'delay') delayMs += fault.ms;
      else if (fault.kind === 'clock') this.#shiftUs += fault.ms * 1000;
      else if (fault.kind === 'overflow') this.#overflows.push({ symbol: this.#symbols.get(fault.symbol)!, left: fault.count });
    }
    while (this.#records[this.#nextRecordFault] !== undefined && this.#records[this.#nextRecordFault]!.at <= position) {
      this.#nextRecordFault++;
    }
    if (dropped) {
      this.inputs++;
      this.#seq++;
      this.dropped++;
      return;
    }
    const arrivalUs = arrivalOf(words) + this.#shiftUs;
    if (this.#shiftUs !== 0) words[RECV_US] = arrivalUs;
    if (delayMs > 0) {
      const copy = words.slice();
      copy[RECV_US] = arrivalUs + delayMs * 1000;
      this.#delay({ dueUs: arrivalUs + delayMs * 1000, words: copy });
      if (duplicated) this.#put(words, true);
      return;
    }
    if (swapped && this.#held === undefined) {
      this.#held = words.slice();
      return;
    }
    this.#releaseDelayed(arrivalUs);
    this.#put(words, false);
    if (duplicated) this.#put(words, true);
    if (this.#held !== undefined) {
      const held = this.#held;
      this.#held = undefined;
      this.#put(held, false);
    }
  }

  #delay(delayed: Delayed): void {
    const at = this.#delayed.findIndex((other) => other.dueUs > delayed.dueUs);
    this.#delayed.splice(at < 0 ? this.#delayed.length : at, 0, delayed);
  }

  /** Delayed records arrive before the first record that arrives later than they do. */
  #releaseDelayed(arrivalUs: number): void {
    this.#arrived(arrivalUs);
    while (this.#delayed[0] !== undefined && this.#delayed[0].dueUs < this.#clockUs) this.#put(this.#delayed.shift()!.words, false);
  }

  #arrived(us: number): void {
    if (us > this.#clockUs) this.#clockUs = us;
  }

  #put(words: Float64Array, injected: boolean): void {
    const { batch } = this.#out;
    batch.F.set(words, batch.length * WORDS_F);
    if ((this.#overflows.length > 0 || this.#losses.size > 0) && this.#overflow(words)) return;
    if (injected) batch.I[batch.length * WORDS_I + TAG]! |= Flag.INJECTED;
    this.#number(1);
  }

  /** The record at the end of the batch meets its ring: true when it is lost, else what was lost before it is told first. */
  #overflow(words: Float64Array): boolean {
    const { batch } = this.#out;
    const symbol = batch.I[batch.length * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
    let full = false;
    for (const overflow of this.#overflows) {
      if (overflow.symbol !== symbol) continue;
      overflow.left--;
      full = true;
    }
    const loss = this.#losses.get(symbol);
    if (!full) {
      if (loss !== undefined) this.#tell(loss, words);
      batch.F.set(words, batch.length * WORDS_F);
      return false;
    }
    for (let k = this.#overflows.length - 1; k >= 0; k--) if (this.#overflows[k]!.left === 0) this.#overflows.splice(k, 1);
    const { losses, last } = loss ?? { losses: new Losses(symbol), last: new Float64Array(WORDS_F) };
    losses.add(batch.I, batch.length);
    last.set(words);
    this.#losses.set(symbol, { losses, last });
    this.inputs++;
    this.lost++;
    return true;
  }

  /** Says what a symbol lost, with the stamps of the record at which that is known. */
  #tell({ losses }: Loss, words: Float64Array): void {
    const { batch } = this.#out;
    this.#number(losses.tell(batch.F, batch.I, batch.length, words, 0, Flag.INJECTED));
    this.#losses.delete(losses.symbol);
  }

  /** Takes the next `count` records of the batch in as inputs. */
  #number(count: number): void {
    const { batch } = this.#out;
    for (const end = batch.length + count; batch.length < end; batch.length++) batch.F[batch.length * WORDS_F + SEQ] = this.#seq++;
    this.inputs += count;
  }

  #finish(): InputChunk | undefined {
    this.#ended = true;
    const out = this.#out;
    out.batch.length = 0;
    if (this.#held !== undefined) this.#put(this.#held, false);
    this.#held = undefined;
    for (const delayed of this.#delayed.splice(0)) this.#put(delayed.words, false);
    for (const loss of [...this.#losses.values()]) this.#tell(loss, loss.last);
    for (const fault of this.#strikes.slice(this.#nextStrike)) out.strikes.push({ before: out.batch.length, fault });
    this.#nextStrike = this.#strikes.length;
    return out.batch.length > 0 || out.strikes.length > 0 ? out : undefined;
  }
}

/** When a record arrived: its receive stamp, or its exchange stamp where nobody noted one. */
export function arrivalOf(words: Float64Array, at = 0): number {
  return words[at + RECV_US]! > 0 ? words[at + RECV_US]! : words[at + EXCH_US]!;
}
