import { tradesAroundTheClock } from '../instruments/rules.js';
import { PLACEHOLDER } from './record-sink.js';
import {
  allocateBatch, AUX, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch,
} from '../records/index.js';

/** Where finished records go; a TapeWriter is one. */
export interface RecordWriter {
  append(batch: RecordBatch, from: number, to: number): void;
}

/** What the guard saw in the venue's sequences. */
export interface SequenceCounts {
  /** GAP records written. */
  gaps: number;
  /** Ids missing in them; a broken link of a linked stream counts 1. */
  missing: number;
  /** Ids that came again or went back. */
  repeatedIds: number;
  /** Depth diffs that begin before the end of the one before and go beyond it. */
  overlaps: number;
  /** Snapshots without a stamp for which no diff told the place. */
  unplacedSnapshots: number;
}

/** What one input says of the ids in its records. */
export interface SequenceRules {
  /** Trade and aggregate ids are consecutive per symbol. */
  readonly consecutiveTrades: boolean;
}

interface SymbolState {
  trade: number;
  aggTrade: number;
  depth: number;
  snapshot: number;
  readonly barEndUs: Map<number, number>;
  /** A snapshot without a stamp that waits for the diff it goes before. */
  held: RecordBatch | undefined;
}

/**
 * Passes records on in order, and writes a GAP record before the one that shows a hole in the venue's own sequence:
 * - trades and aggregate trades of venues with consecutive ids: QTY ids are missing;
 * - depth diffs whose AUX is neither the last diff's ID nor that of a snapshot since: on streams that count every id
 *   (spot) QTY ids are missing, on linked ones (pu, prev_change_id) how many is not known and QTY is 1;
 * - bars of a venue that never closes: QTY bars are missing, ID and AUX are the µs between which they would lie.
 * A snapshot without any stamp is kept back until the first diff beyond its id and goes directly before it, with that
 * diff's stamps.
 */
export class SequenceGuard {
  readonly counts: SequenceCounts = { gaps: 0, missing: 0, repeatedIds: 0, overlaps: 0, unplacedSnapshots: 0 };
  readonly #writer: RecordWriter;
  readonly #instruments: readonly Instrument[];
  readonly #states: SymbolState[];
  readonly #gap = allocateBatch(1);

  constructor(instruments: readonly Instrument[], writer: RecordWriter) {
    this.#instruments = instruments;
    this.#writer = writer;
    this.#states = instruments.map(() => ({ trade: 0, aggTrade: 0, depth: 0, snapshot: 0, barEndUs: new Map(), held: undefined }));
  }

  /** Records [from, to) of `batch`, whole messages only. */
  append(batch: RecordBatch, from: number, to: number, rules: SequenceRules): void {
    const { F, I } = batch;
    let written = from;
    for (let record = from; record < to; record += 1) {
      const f = record * WORDS_F;
      const tag = I[record * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      const state = this.#states[tag >>> SYMBOL_SHIFT]!;
      let last = 0;
      let missing = 0;
      if (kind === Kind.TRADE || kind === Kind.AGG_TRADE) {
        const id = F[f + ID]!;
        if (!rules.consecutiveTrades || id === 0) continue;
        last = kind === Kind.TRADE ? state.trade : state.aggTrade;
        if (id <= last) {
          this.counts.repeatedIds += 1;
          continue;
        }
        if (kind === Kind.TRADE) state.trade = id;
        else state.aggTrade = id;
        if (last === 0 || id === last + 1) continue;
        missing = id - last - 1;
        this.#gapBefore(batch, record, written, last, id, missing, kind);
        written = record;
      } else if (kind === PLACEHOLDER) {
        this.#writer.append(batch, written, record);
        written = record + 1;
        if (F[f + ID]! === state.trade + 1) state.trade += 1;
      } else if (kind === Kind.DEPTH && (tag & Flag.FIRST) !== 0) {
        if (state.held !== undefined && F[f + ID]! > state.held.F[ID]!) {
          this.#writer.append(batch, written, record);
          written = record;
          this.#release(state, F[f + RECV_US]!, F[f + EXCH_US]!);
        }
        last = state.depth;
        missing = this.#missingDepth(state, F[f + ID]!, F[f + AUX]!, I[record * WORDS_I + EXTRA]!, tag >>> SYMBOL_SHIFT);
        if (missing === 0) continue;
        this.#gapBefore(batch, record, written, last, F[f + ID]! - I[record * WORDS_I + EXTRA]!, missing, kind);
        written = record;
      } else if (kind === Kind.SNAPSHOT && (tag & Flag.FIRST) !== 0) {
        state.snapshot = F[f + ID]!;
        if (F[f + RECV_US] !== 0 || F[f + EXCH_US] !== 0) continue;
        this.#writer.append(batch, written, record);
        const end = messageEnd(batch, record, to);
        this.#hold(state, batch, record, end);
        record = end - 1;
        written = end;
      } else if (kind === Kind.CANDLE && tradesAroundTheClock(this.#instruments[tag >>> SYMBOL_SHIFT]!.venue)) {
        const stepUs = I[record * WORDS_I + EXTRA]! * 1e6;
        const startUs = F[f + EXCH_US]! - stepUs;
        last = state.barEndUs.get(stepUs) ?? 0;
        if (F[f + EXCH_US]! <= last) {
          this.counts.repeatedIds += 1;
          continue;
        }
        state.barEndUs.set(stepUs, F[f + EXCH_US]!);
        missing = last === 0 ? 0 : Math.floor((startUs - last) / stepUs);
        if (missing < 1) continue;
        this.#gapBefore(batch, record, written, last, startUs, missing, kind);
        written = record;
      }
    }
    this.#writer.append(batch, written, to);
  }

  /** After the last record: counts the snapshots that found no place. */
  end(): void {
    for (const state of this.#states) if (state.held !== undefined) this.counts.unplacedSnapshots += 1;
  }

  #missingDepth(state: SymbolState, id: number, previous: number, span: number, symbol: number): number {
    const last = state.depth;
    if (id <= last) {
      this.counts.repeatedIds += 1;
      return 0;
    }
    state.depth = id;
    if (last === 0 || previous === last || previous === state.snapshot) return 0;
    const { venue } = this.#instruments[symbol]!;
    const counted = venue === 'binance-spot' || (venue !== 'binance-usdm' && venue !== 'binance-coinm' && venue !== 'deribit' && previous === id - span - 1);
    if (counted && previous < last) {
      this.counts.overlaps += 1;
      return 0;
    }
    return counted ? previous - last : 1;
  }

  #gapBefore(batch: RecordBatch, record: number, written: number, last: number, next: number, missing: number, kind: number): void {
    this.#writer.append(batch, written, record);
    const { F, I } = this.#gap;
    F.fill(0);
    F[RECV_US] = batch.F[record * WORDS_F + RECV_US]!;
    F[EXCH_US] = batch.F[record * WORDS_F + EXCH_US]!;
    F[ID] = last;
    F[AUX] = next;
    F[QTY] = missing;
    I[EXTRA] = kind;
    I[TAG] = Kind.GAP | ((batch.I[record * WORDS_I + TAG]! >>> SYMBOL_SHIFT) << SYMBOL_SHIFT);
    this.#gap.length = 1;
    this.#writer.append(this.#gap, 0, 1);
    this.counts.gaps += 1;
    this.counts.missing += missing;
  }

  #hold(state: SymbolState, batch: RecordBatch, from: number, to: number): void {
    if (state.held !== undefined) this.counts.unplacedSnapshots += 1;
    const held = allocateBatch(to - from);
    held.F.set(batch.F.subarray(from * WORDS_F, to * WORDS_F));
    held.length = to - from;
    state.held = held;
  }

  #release(state: SymbolState, receivedUs: number, exchangeUs: number): void {
    const held = state.held!;
    state.held = undefined;
    for (let record = 0; record < held.length; record += 1) {
      held.F[record * WORDS_F + RECV_US] = receivedUs;
      held.F[record * WORDS_F + EXCH_US] = exchangeUs;
    }
    this.#writer.append(held, 0, held.length);
  }
}

/** Index after the last record of the message that begins at `record`. */
export function messageEnd(batch: RecordBatch, record: number, limit: number): number {
  const kind = batch.I[record * WORDS_I + TAG]! & KIND_MASK;
  let at = record;
  if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) {
    while (at < limit - 1 && (batch.I[at * WORDS_I + TAG]! & Flag.LAST) === 0) at += 1;
  }
  return at + 1;
}
