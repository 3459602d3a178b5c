import { ID, Kind, KIND_MASK, AUX, EXCH_US, RECV_US, SEQ, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';

/** Beyond any id on a generated tape. */
const ID_SPAN = 1e10;

/**
 * Reads a tape over and over as one long one: each pass continues the sequence numbers, stamps and ids of the pass
 * before, and begins with the tape's own snapshot. Allocates nothing.
 */
export class EndlessTape {
  readonly #reader: TapeReader;
  readonly #spanUs: number;
  #pass = 0;

  constructor(path: string) {
    this.#reader = TapeReader.open(path);
    const blocks = this.#reader.blocks();
    const startUs = blocks[0]?.firstUs ?? 0;
    const endUs = blocks[blocks.length - 1]?.lastUs ?? 0;
    this.#spanUs = Math.ceil(endUs - startUs) + 1_000_000;
  }

  get header(): TapeReader['header'] {
    return this.#reader.header;
  }

  /** As TapeReader.next, but never 0 (an empty tape aside). */
  next(batch: RecordBatch): number {
    let count = this.#reader.next(batch);
    if (count === 0) {
      this.#pass += 1;
      this.#reader.seekUs(0);
      count = this.#reader.next(batch);
    }
    if (this.#pass > 0) this.#shift(batch, count);
    return count;
  }

  close(): void {
    this.#reader.close();
  }

  #shift({ F, I }: RecordBatch, count: number): void {
    const seq = this.#pass * this.#reader.records;
    const us = this.#pass * this.#spanUs;
    const id = this.#pass * ID_SPAN;
    for (let k = 0; k < count; k += 1) {
      const f = k * WORDS_F;
      const kind = I[k * WORDS_I + TAG] & KIND_MASK;
      F[f + SEQ] += seq;
      if (F[f + RECV_US] > 0) F[f + RECV_US] += us;
      if (F[f + EXCH_US] > 0) F[f + EXCH_US] += us;
      if (kind <= Kind.SNAPSHOT) F[f + ID] += id;
      if (kind === Kind.DEPTH) F[f + AUX] += id;
    }
  }
}
