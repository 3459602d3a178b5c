import type { BookView } from '../../actors/market/index.js';
import { allocateBatch, EXCH_US, Flag, ID, Kind, PRICE, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../data/records/index.js';

/** A book that knows how far it has come. */
export interface SnapshotSource extends BookView {
  readonly index: number;
  readonly book: { readonly lastId: number } | null;
}

const SIDES = ['bid', 'ask'] as const;

/**
 * The books that are LIVE as snapshot records stamped `clockUs`: a kernel that begins with them and goes on with what follows has the same
 * books. Of a book that is not there is nothing: it waits for the venue's snapshot, as it did.
 */
export function bookRecords(symbols: readonly SnapshotSource[], clockUs: number): RecordBatch {
  const live = symbols.filter((symbol) => symbol.live && symbol.book !== null);
  const levels = live.map((symbol) => SIDES.flatMap((side) => levelsOf(symbol, side)));
  const batch = allocateBatch(levels.reduce((sum, of) => sum + of.length, 0));
  for (const [n, symbol] of live.entries()) {
    const own = levels[n]!;
    for (const [k, { sell, ticks, lots }] of own.entries()) {
      const f = batch.length * WORDS_F;
      const i = batch.length * WORDS_I;
      batch.F[f + RECV_US] = clockUs;
      batch.F[f + EXCH_US] = clockUs;
      batch.F[f + ID] = symbol.book!.lastId;
      batch.F[f + QTY] = lots;
      batch.I[i + PRICE] = ticks;
      batch.I[i + TAG] = Kind.SNAPSHOT | sell | (k === 0 ? Flag.FIRST : 0) | (k === own.length - 1 ? Flag.LAST : 0) | (symbol.index << SYMBOL_SHIFT);
      batch.length += 1;
    }
  }
  return batch;
}

function levelsOf(symbol: BookView, side: 'bid' | 'ask'): { readonly sell: number; readonly ticks: number; readonly lots: number }[] {
  const levels = [];
  const sell = side === 'ask' ? Flag.SELL : 0;
  for (let ticks = symbol.nextPrice(side, 0); ticks !== 0; ticks = symbol.nextPrice(side, ticks)) levels.push({ sell, ticks, lots: symbol.lotsAt(side, ticks) });
  return levels;
}
