/**
 * Sees to it that a market message that comes over several connections, or twice over one, is taken once, and that a hole in the venue's own
 * numbering leaves a gap record. Books, trades and quotes are told apart by the venue's ids; forced orders and marks, which have none, by what they say.
 */
import {
  AUX, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument,
} from '../../../data/records/index.js';

export interface GuardCounts {
  /** Records that had come before. */
  duplicates: number;
  /** Gap records written, and the ids that they say are missing. */
  gaps: number;
  missing: number;
  /** Quotes of one update id that two connections told differently. */
  disagreements: number;
}

/** What is to be done with a message: nothing, take it, or write a gap record before it. */
export const Verdict = { DROP: 0, TAKE: 1, GAP_BEFORE: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** So many messages in a row that seem to have come before, for so long with none that went on, are a new numbering of the venue's. */
const NEW_NUMBERING_US = 10_000_000;
const NEW_NUMBERING_MESSAGES = 16;
const KINDS = 16;

export class StreamGuard {
  readonly counts: GuardCounts = { duplicates: 0, gaps: 0, missing: 0, disagreements: 0 };
  readonly #linked: readonly boolean[];
  /** By symbol and kind: last id taken (0 none), and when. */
  readonly #ids: Float64Array;
  readonly #takenUs: Float64Array;
  /** Messages dropped since. */
  readonly #dropped: Float64Array;
  /** By symbol: last quotes (bid, bid lots, ask, ask lots), and what the last forced order and mark said. */
  readonly #quotes: Float64Array;
  readonly #said: Float64Array;
  #lastId = 0;
  #missing = 0;

  constructor(instruments: readonly Instrument[]) {
    this.#linked = instruments.map(({ venue }) => venue !== 'binance-spot');
    const count = instruments.length;
    this.#ids = new Float64Array(count * KINDS);
    this.#takenUs = new Float64Array(count * KINDS);
    this.#dropped = new Float64Array(count * KINDS);
    this.#quotes = new Float64Array(count * 4);
    this.#said = new Float64Array(count * KINDS * 4);
  }

  /** Goes on from the last ids that another guard took, by symbol and kind, at `nowUs`; 0 for none. */
  resume(ids: Float64Array, nowUs: number): void {
    this.#ids.set(ids);
    ids.forEach((id, cell) => void (this.#takenUs[cell] = id === 0 ? 0 : nowUs));
  }

  /** Judges the message whose `records` records begin at `at`. After GAP_BEFORE, {@link writeGap} says what is missing. */
  judge(F: Float64Array, I: Int32Array, at: number, records: number): Verdict {
    const tag = I[at * WORDS_I + TAG]!;
    const kind = tag & KIND_MASK;
    const symbol = tag >>> SYMBOL_SHIFT;
    switch (kind) {
      case Kind.TRADE:
      case Kind.AGG_TRADE:
      case Kind.DEPTH:
        return this.#numbered(F, at, records, symbol, kind);
      case Kind.BOOK_TICKER:
        return this.#quote(F, I, at, symbol);
      case Kind.LIQUIDATION:
      case Kind.MARK:
      case Kind.CANDLE:
        return this.#unnumbered(F, I, at, symbol, kind);
      default:
        return Verdict.TAKE;
    }
  }

  /** Writes the gap record that the last verdict asked for at record `at`; `by` is the record where the hole showed. */
  writeGap(F: Float64Array, I: Int32Array, at: number, by: number): void {
    const tag = I[by * WORDS_I + TAG]!;
    const kind = tag & KIND_MASK;
    const f = at * WORDS_F;
    const i = at * WORDS_I;
    const from = by * WORDS_F;
    const first = kind === Kind.DEPTH ? F[from + ID]! - I[by * WORDS_I + EXTRA]! : F[from + ID]!;
    const recvUs = F[from + RECV_US]!;
    const exchUs = F[from + EXCH_US]!;
    F.fill(0, f, f + WORDS_F);
    F[f + RECV_US] = recvUs;
    F[f + EXCH_US] = exchUs;
    F[f + ID] = this.#lastId;
    F[f + QTY] = this.#missing;
    F[f + AUX] = first;
    I[i + TAG] = Kind.GAP | (tag & ~0xffff);
    I[i + EXTRA] = kind;
  }

  #numbered(F: Float64Array, at: number, records: number, symbol: number, kind: number): Verdict {
    const f = at * WORDS_F;
    const id = F[f + ID]!;
    const cell = symbol * KINDS + kind;
    const last = this.#ids[cell]!;
    const nowUs = F[f + RECV_US]!;
    if (id === 0) return Verdict.TAKE;
    if (last !== 0 && id <= last && this.#seen(cell, nowUs)) {
      this.counts.duplicates += records;
      return Verdict.DROP;
    }
    this.#take(cell, id, nowUs);
    if (last === 0) return Verdict.TAKE;
    const missing = id <= last ? 1 : kind === Kind.DEPTH ? this.#missingDiffs(symbol, last, F[f + AUX]!) : id - last - 1;
    if (missing === 0) return Verdict.TAKE;
    this.#lastId = last;
    this.#missing = missing;
    this.counts.gaps += 1;
    this.counts.missing += missing;
    return Verdict.GAP_BEFORE;
  }

  /** A message with an id that is not new: it has come before, unless the numbering has begun anew. */
  #seen(cell: number, nowUs: number): boolean {
    this.#dropped[cell]! += 1;
    return this.#dropped[cell]! < NEW_NUMBERING_MESSAGES || nowUs - this.#takenUs[cell]! < NEW_NUMBERING_US;
  }

  #take(cell: number, id: number, nowUs: number): void {
    this.#ids[cell] = id;
    this.#takenUs[cell] = nowUs;
    this.#dropped[cell] = 0;
  }

  /** Update ids between two diffs; of a linked stream nobody knows how many, so 1. */
  #missingDiffs(symbol: number, last: number, previous: number): number {
    if (this.#linked[symbol]!) return previous === last ? 0 : 1;
    // A diff that begins before the end of the last and goes beyond it leaves no hole.
    return previous <= last ? 0 : previous - last;
  }

  #quote(F: Float64Array, I: Int32Array, at: number, symbol: number): Verdict {
    const f = at * WORDS_F;
    const i = at * WORDS_I;
    const id = F[f + ID]!;
    const cell = symbol * KINDS + Kind.BOOK_TICKER;
    const last = this.#ids[cell]!;
    const quotes = this.#quotes;
    const q = symbol * 4;
    const nowUs = F[f + RECV_US]!;
    if (id !== 0 && id <= last && this.#seen(cell, nowUs)) {
      const same = quotes[q] === I[i + PRICE]! && quotes[q + 1] === F[f + QTY]! && quotes[q + 2] === I[i + PRICE2]! && quotes[q + 3] === F[f + AUX]!;
      if (id === last && !same) this.counts.disagreements += 1;
      this.counts.duplicates += 1;
      return Verdict.DROP;
    }
    this.#take(cell, id, nowUs);
    quotes[q] = I[i + PRICE]!;
    quotes[q + 1] = F[f + QTY]!;
    quotes[q + 2] = I[i + PRICE2]!;
    quotes[q + 3] = F[f + AUX]!;
    return Verdict.TAKE;
  }

  /** What says the same at the same exchange time as the one before it, or is older, is that one again. */
  #unnumbered(F: Float64Array, I: Int32Array, at: number, symbol: number, kind: number): Verdict {
    const f = at * WORDS_F;
    const i = at * WORDS_I;
    const said = this.#said;
    const cell = (symbol * KINDS + kind) * 4;
    const exchUs = F[f + EXCH_US]!;
    const again = exchUs === said[cell] && F[f + QTY] === said[cell + 1] && I[i + PRICE] === said[cell + 2] && (I[i + TAG]! & Flag.SELL) === said[cell + 3];
    if (again || (exchUs !== 0 && exchUs < said[cell]! && this.#seen(symbol * KINDS + kind, F[f + RECV_US]!))) {
      this.counts.duplicates += 1;
      return Verdict.DROP;
    }
    this.#take(symbol * KINDS + kind, 0, F[f + RECV_US]!);
    said[cell] = exchUs;
    said[cell + 1] = F[f + QTY]!;
    said[cell + 2] = I[i + PRICE]!;
    said[cell + 3] = I[i + TAG]! & Flag.SELL;
    return Verdict.TAKE;
  }
}
