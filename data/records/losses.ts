import { AUX, EXCH_US, EXTRA, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from './layout.js';

/** The stream that a record belongs to, as a gap record names it: snapshots repair the depth stream, a gap tells of another's. */
function streamOf(I: Int32Array, record: number): number {
  const i = record * WORDS_I;
  const kind = I[i + TAG]! & KIND_MASK;
  const stream = kind === Kind.GAP ? I[i + EXTRA]! & KIND_MASK : kind;
  return stream === Kind.SNAPSHOT ? Kind.DEPTH : stream;
}

/**
 * Writes at record `at` of (F, I) a gap record: `count` records of one stream (a Kind) of `symbol` were lost on our side, so
 * no ids are known. It carries the stamps of record `by` of `stamps`, where the loss was noticed: the clocks go where that
 * record takes them, and no further. `flags` as in TAG. SEQ is 0, for whoever numbers it.
 */
export function lossGap(
  F: Float64Array, I: Int32Array, at: number, symbol: number, stream: number, count: number, stamps: Float64Array, by: number, flags = 0,
): void {
  const f = at * WORDS_F;
  const i = at * WORDS_I;
  const recvUs = stamps[by * WORDS_F + RECV_US]!;
  const exchUs = stamps[by * WORDS_F + EXCH_US]!;
  F[f + SEQ] = 0;
  F[f + RECV_US] = recvUs;
  F[f + EXCH_US] = exchUs;
  F[f + ID] = 0;
  F[f + QTY] = count;
  F[f + AUX] = 0;
  I[i + PRICE] = 0;
  I[i + TAG] = Kind.GAP | flags | (symbol << SYMBOL_SHIFT);
  I[i + PRICE2] = 0;
  I[i + EXTRA] = stream;
}

/** The most gap records that one loss can need: one a stream. */
export const MOST_LOSS_GAPS = KIND_MASK + 1;

/** Records of one symbol that were lost in a row, by stream. */
export class Losses {
  readonly symbol: number;
  /** Records lost. */
  total = 0;
  readonly #counts = new Float64Array(MOST_LOSS_GAPS);

  constructor(symbol: number) {
    this.symbol = symbol;
  }

  /** Counts the record as lost. */
  add(I: Int32Array, record: number): void {
    this.#counts[streamOf(I, record)]! += 1;
    this.total += 1;
  }

  /** Writes one gap record a stream that lost any, from record `at` of (F, I) on; returns how many, at most MOST_LOSS_GAPS. Then nothing is lost. */
  tell(F: Float64Array, I: Int32Array, at: number, stamps: Float64Array, by: number, flags = 0): number {
    let written = 0;
    for (let stream = 0; stream < MOST_LOSS_GAPS && this.total > 0; stream += 1) {
      const count = this.#counts[stream]!;
      if (count === 0) continue;
      lossGap(F, I, at + written, this.symbol, stream, count, stamps, by, flags);
      written += 1;
      this.#counts[stream] = 0;
    }
    this.total = 0;
    return written;
  }
}
