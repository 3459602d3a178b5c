import { allocateBatch, BLOCK_RECORDS, SEQ, WORDS_F, type RecordBatch } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import type { Fault } from '../replay/fault-spec.js';
import { FaultedSource, type InputChunk, type InputSource } from '../replay/faulted-source.js';

/** A tape as a replay takes it, from any input on, that can be told to end within a stretch. */
export class TapeSource implements InputSource {
  readonly endless = true;
  /** The tape has no more. */
  exhausted = false;
  /** Nothing is handed out from this input on. */
  endAt = Infinity;
  inputs: number;
  readonly #tape: TapeReader;
  readonly #source: Plain | FaultedSource;
  #chunk: InputChunk | undefined;

  /** @throws TapeError. */
  constructor(path: string, partial: boolean, faults: readonly Fault[], from = 0) {
    this.#tape = TapeReader.open(path, { partial });
    this.inputs = from;
    if (faults.length === 0) {
      this.#source = new Plain(this.#tape, from);
      return;
    }
    this.#source = new FaultedSource(this.#tape, faults, instanceNames(this.#tape.header.instruments));
    // What faults did to earlier records they may still do to later ones.
    while (this.#source.inputs < from && this.#source.next() !== undefined);
  }

  get instruments(): TapeReader['header']['instruments'] {
    return this.#tape.header.instruments;
  }
  get dropped(): number {
    return this.#source.dropped;
  }
  get lost(): number {
    return this.#source.lost;
  }
  /** Something strikes between the stretch that was handed out last and the next. */
  get strikesLast(): boolean {
    return this.#chunk?.strikes.some(({ before }) => before >= this.#chunk!.batch.length) ?? false;
  }

  next(): InputChunk | undefined {
    this.#chunk = undefined;
    if (this.inputs >= this.endAt) return undefined;
    const chunk = this.#source.next();
    if (chunk === undefined) {
      this.exhausted = true;
      return undefined;
    }
    this.#chunk = chunk;
    this.inputs = this.#source.inputs;
    const { F, length } = chunk.batch;
    if (length === 0 || F[(length - 1) * WORDS_F + SEQ]! < this.endAt) return chunk;
    let kept = length;
    while (kept > 0 && F[(kept - 1) * WORDS_F + SEQ]! >= this.endAt) kept -= 1;
    this.inputs -= length - kept;
    chunk.batch.length = kept;
    return { ...chunk, strikes: chunk.strikes.filter(({ before }) => before < kept) };
  }

  close(): void {
    this.#tape.close();
  }
}

/** Without faults a tape's records are numbered already, and any block can be the first. */
class Plain implements InputSource {
  readonly dropped = 0;
  readonly lost = 0;
  inputs = 0;
  readonly #tape: TapeReader;
  readonly #batch: RecordBatch = allocateBatch(BLOCK_RECORDS);
  readonly #first: number;

  constructor(tape: TapeReader, first: number) {
    this.#tape = tape;
    this.#first = first;
    this.inputs = tape.seekRecord(first);
  }

  next(): InputChunk | undefined {
    const count = this.#tape.next(this.#batch);
    if (count === 0) return undefined;
    const begin = this.inputs;
    for (let at = 0; at < count; at += 1) this.#batch.F[at * WORDS_F + SEQ] = begin + at;
    this.inputs += count;
    return { batch: this.#batch, strikes: [], ...(begin < this.#first ? { from: this.#first - begin } : {}) };
  }
}
