import { allocateBatch, BLOCK_RECORDS, EXCH_US, Flag, RECV_US, SEQ, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import type { RecordBatch } from '../../data/records/index.js';
import { isActorFault } from './fault-spec.js';
import type { ActorFault, Fault, RecordFault } from './fault-spec.js';

/** Where records come from: a tape reader, or anything that fills a batch from index 0 and answers 0 at the end. */
export interface RecordSource {
  next(batch: RecordBatch): number;
}

/** A stretch of input: records of a batch, and the actor faults that strike before certain of them. */
export interface InputChunk {
  readonly batch: RecordBatch;
  /** Ascending by `before` (an index into the batch, or its length). */
  readonly strikes: { readonly before: number; readonly fault: ActorFault }[];
}

interface Delayed {
  readonly dueUs: number;
  readonly words: Float64Array;
}

/**
 * The door: hands on what the tape holds, with the asked faults done to it, and numbers every input anew. A
 * dropped record keeps its number (nobody receives it), an injected duplicate gets one of its own.
 *
 * Where no fault is near, blocks pass untouched.
 */
export class FaultedSource {
  /** Inputs so far: records of the tape, and injected duplicates. */
  inputs = 0;
  /** Inputs that were dropped by a fault. */
  dropped = 0;

  readonly #source: RecordSource;
  readonly #records: RecordFault[];
  readonly #actors: ActorFault[];
  readonly #raw = allocateBatch(BLOCK_RECORDS);
  readonly #out: InputChunk;
  readonly #delayed: Delayed[] = [];
  #tapePosition = 0;
  #shiftUs = 0;
  #held: Float64Array | undefined;
  #clockUs = 0;
  #nextRecordFault = 0;
  #nextActorFault = 0;
  #ended = false;

  constructor(source: RecordSource, faults: readonly Fault[]) {
    this.#source = source;
    const byPosition = (a: Fault, b: Fault): number => a.at - b.at;
    this.#records = faults.filter((fault): fault is RecordFault => !isActorFault(fault)).sort(byPosition);
    this.#actors = faults.filter(isActorFault).sort(byPosition);
    // One tape record can leave at most one duplicate, and everything delayed can come due at once.
    const delays = this.#records.filter((fault) => fault.kind === 'delay').length;
    this.#out = { batch: allocateBatch(2 * BLOCK_RECORDS + delays + 2), strikes: [] };
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
    const end = this.#tapePosition + count;
    const fault = this.#records[this.#nextRecordFault];
    if (fault !== undefined && fault.at < end) return false;
    // A drop that began in an earlier block may reach into this one.
    return !this.#records.some((f) => f.kind === 'drop' && f.at < this.#tapePosition && f.at + f.count > this.#tapePosition);
  }

  #passOn(count: number): InputChunk {
    const raw = this.#raw;
    const renumber = this.inputs !== this.#tapePosition;
    for (let r = 0; renumber && r < count; r++) raw.F[r * WORDS_F + SEQ] = this.inputs + r;
    raw.length = count;
    const strikes = this.#out.strikes;
    for (let fault = this.#actors[this.#nextActorFault]; fault !== undefined && fault.at < this.#tapePosition + count; ) {
      strikes.push({ before: Math.max(0, fault.at - this.#tapePosition), fault });
      fault = this.#actors[++this.#nextActorFault];
    }
    this.inputs += count;
    this.#tapePosition += count;
    return { batch: raw, strikes };
  }

  #rewrite(count: number): InputChunk {
    const out = this.#out;
    out.batch.length = 0;
    for (let r = 0; r < count; r++) {
      const position = this.#tapePosition++;
      for (let fault = this.#actors[this.#nextActorFault]; fault !== undefined && fault.at <= position; ) {
        out.strikes.push({ before: out.batch.length, fault });
        fault = this.#actors[++this.#nextActorFault];
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
    }
    while (this.#records[this.#nextRecordFault] !== undefined && this.#records[this.#nextRecordFault]!.at <= position) {
      this.#nextRecordFault++;
    }
    if (dropped) {
      this.inputs++;
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
    this.#clockUs = Math.max(this.#clockUs, arrivalUs);
    while (this.#delayed[0] !== undefined && this.#delayed[0].dueUs < this.#clockUs) this.#put(this.#delayed.shift()!.words, false);
  }

  #put(words: Float64Array, injected: boolean): void {
    const { batch } = this.#out;
    const at = batch.length++;
    batch.F.set(words, at * WORDS_F);
    batch.F[at * WORDS_F + SEQ] = this.inputs++;
    if (injected) batch.I[at * WORDS_I + TAG] = batch.I[at * WORDS_I + TAG]! | Flag.INJECTED;
  }

  #finish(): InputChunk | undefined {
    this.#ended = true;
    const out = this.#out;
    out.batch.length = 0;
    if (this.#held !== undefined) this.#put(this.#held, false);
    this.#held = undefined;
    for (const delayed of this.#delayed.splice(0)) this.#put(delayed.words, false);
    for (const fault of this.#actors.slice(this.#nextActorFault)) out.strikes.push({ before: out.batch.length, fault });
    this.#nextActorFault = this.#actors.length;
    return out.batch.length > 0 || out.strikes.length > 0 ? out : undefined;
  }
}

/** When a record arrived: its receive stamp, or its exchange stamp where nobody noted one. */
export function arrivalOf(words: Float64Array): number {
  return words[RECV_US]! > 0 ? words[RECV_US]! : words[EXCH_US]!;
}
