/** Builds records by hand, for tests of the kernel. */
import { AUX, EXCH_US, EXTRA, Flag, ID, Kind, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/layout.js';
import type { Instrument } from '../../../data/records/instrument.js';

export interface Rec {
  kind: number;
  flags?: number;
  symbol?: number;
  recv?: number;
  exch?: number;
  id?: number;
  qty?: number;
  aux?: number;
  price?: number;
  price2?: number;
  extra?: number;
  seq?: number;
}

export interface Records { F: Float64Array; I: Int32Array; n: number }

export function records(list: readonly Rec[], firstSeq = 0): Records {
  const F = new Float64Array(list.length * WORDS_F);
  const I = new Int32Array(F.buffer);
  list.forEach((r, k) => {
    const f = k * WORDS_F;
    const i = k * WORDS_I;
    F[f + SEQ] = r.seq ?? firstSeq + k;
    F[f + RECV_US] = r.recv ?? 0;
    F[f + EXCH_US] = r.exch ?? 0;
    F[f + ID] = r.id ?? 0;
    F[f + QTY] = r.qty ?? 0;
    F[f + AUX] = r.aux ?? 0;
    I[i + PRICE] = r.price ?? 0;
    I[i + PRICE2] = r.price2 ?? 0;
    I[i + EXTRA] = r.extra ?? 0;
    I[i + TAG] = r.kind | (r.flags ?? 0) | ((r.symbol ?? 0) << SYMBOL_SHIFT);
  });
  return { F, I, n: list.length };
}

export type Level = readonly [side: 'bid' | 'ask', price: number, lots: number];

/** One depth message (spot ids: first..u, before = first - 1) or snapshot as its records. */
export function message(kind: typeof Kind.DEPTH | typeof Kind.SNAPSHOT, u: number, before: number, levels: readonly Level[], more: Partial<Rec> = {}): Rec[] {
  if (levels.length === 0) return [{ kind, flags: Flag.FIRST | Flag.LAST | Flag.EMPTY, id: u, aux: before, extra: u - before - 1, ...more }];
  return levels.map(([side, price, qty], k) => ({
    kind,
    flags: (side === 'ask' ? Flag.SELL : 0) | (k === 0 ? Flag.FIRST : 0) | (k === levels.length - 1 ? Flag.LAST : 0),
    id: u, aux: kind === Kind.SNAPSHOT ? 0 : before, extra: kind === Kind.SNAPSHOT ? 0 : u - before - 1, price, qty, ...more,
  }));
}

export function instrument(more: Partial<Instrument> = {}): Instrument {
  return {
    index: 0, symbol: 'TESTUSDT', venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.001', multiplier: '1',
    settle: 'USDT', inferred: [], ...more,
  };
}
