import * as layout from '../records/layout.js';
import * as slots from './number-lexer.js';
import type { FrameParser } from './frame-parser.js';

// V8 folds a constant of this module, and loads an imported one from memory each time: half of the time of a diff.
const { SEQ, RECV_US, EXCH_US, ID, QTY, AUX, PRICE, TAG, PRICE2, EXTRA, WORDS_F, WORDS_I, SYMBOL_SHIFT } = layout;
const { FIRST_ID, IDENTITY, LAST_ID, PREVIOUS_ID, PRICE_1, PRICE_2, QUANTITY_1, QUANTITY_2, RATE, TIME } = slots;
const { SELL, FIRST, LAST, EMPTY } = layout.Flag;
const { TRADE, AGG_TRADE, BOOK_TICKER, DEPTH, SNAPSHOT, LIQUIDATION } = layout.Kind;

const INT32_MAX = 2_147_483_647;

/** How many records the frame makes that `parser` has read. */
export function recordsOf(parser: FrameParser): number {
  if (parser.kind !== DEPTH && parser.kind !== SNAPSHOT) return 1;
  const levels = parser.bids + parser.asks;
  return levels === 0 ? 1 : levels;
}

/**
 * Writes the frame that `parser` has read as records from slot `at` on, every word of them, sequence number 0. There
 * must be room for {@link recordsOf}. The receive stamp is element 0 of `recvUs`.
 */
export function writeRecords(parser: FrameParser, recvUs: Float64Array, F: Float64Array, I: Int32Array, at: number): void {
  const { kind } = parser;
  if (kind === DEPTH || kind === SNAPSHOT) return writeLevels(parser, recvUs, F, I, at);
  const { values } = parser;
  const f = at * WORDS_F;
  const i = at * WORDS_I;
  F[f + SEQ] = 0;
  F[f + RECV_US] = recvUs[0]!;
  F[f + EXCH_US] = values[TIME]!;
  F[f + ID] = values[IDENTITY]!;
  F[f + QTY] = values[QUANTITY_1]!;
  I[i + TAG] = kind | parser.sell | (parser.symbol << SYMBOL_SHIFT);
  if (kind === AGG_TRADE) {
    F[f + AUX] = values[FIRST_ID]!;
    I[i + PRICE] = values[PRICE_1]!;
    I[i + PRICE2] = 0;
    const trades = values[LAST_ID]! - values[FIRST_ID]! + 1;
    I[i + EXTRA] = trades > INT32_MAX ? INT32_MAX : trades;
  } else if (kind === BOOK_TICKER) {
    F[f + AUX] = values[QUANTITY_2]!;
    I[i + PRICE] = values[PRICE_1]!;
    I[i + PRICE2] = values[PRICE_2]!;
    I[i + EXTRA] = 0;
  } else if (kind === TRADE) {
    F[f + AUX] = 0;
    I[i + PRICE] = values[PRICE_1]!;
    I[i + PRICE2] = 0;
    I[i + EXTRA] = 0;
  } else if (kind === LIQUIDATION) {
    F[f + ID] = 0;
    F[f + AUX] = 0;
    I[i + PRICE] = values[PRICE_2]!;
    I[i + PRICE2] = 0;
    I[i + EXTRA] = 0;
  } else {
    F[f + QTY] = values[PRICE_1]!;
    F[f + AUX] = values[PRICE_2]!;
    I[i + PRICE] = 0;
    I[i + PRICE2] = 0;
    I[i + EXTRA] = values[RATE]!;
  }
}

function writeLevels(parser: FrameParser, recvUs: Float64Array, F: Float64Array, I: Int32Array, at: number): void {
  const { values, bids, prices, quantities } = parser;
  const levels = bids + parser.asks;
  const count = levels === 0 ? 1 : levels;
  const diff = parser.kind === DEPTH;
  const base = parser.kind | (parser.symbol << SYMBOL_SHIFT);
  const received = recvUs[0]!;
  const exchange = values[TIME]!;
  const id = values[LAST_ID]!;
  const previous = diff ? values[PREVIOUS_ID]! : 0;
  const span = diff ? Math.min(INT32_MAX, id - values[FIRST_ID]!) : 0;
  let f = at * WORDS_F;
  let i = at * WORDS_I;
  for (let level = 0; level < count; level += 1) {
    F[f + SEQ] = 0;
    F[f + RECV_US] = received;
    F[f + EXCH_US] = exchange;
    F[f + ID] = id;
    F[f + QTY] = quantities[level]!;
    F[f + AUX] = previous;
    I[i + PRICE] = prices[level]!;
    I[i + TAG] = level < bids ? base : base | SELL;
    I[i + PRICE2] = 0;
    I[i + EXTRA] = span;
    f += WORDS_F;
    i += WORDS_I;
  }
  const first = at * WORDS_I + TAG;
  if (levels === 0) {
    F[at * WORDS_F + QTY] = 0;
    I[at * WORDS_I + PRICE] = 0;
    I[first] = base | EMPTY;
  }
  I[first]! |= FIRST;
  I[first + (count - 1) * WORDS_I]! |= LAST;
}
