import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { TapeReader, TapeWriter, type TapeHeader, type TapeSummary, type TapeWriterOptions } from '../../../data/tape/index.js';
import {
  allocateBatch, AUX, BLOCK_RECORDS, EXCH_US, EXTRA, Flag, ID, Kind, PRICE, PRICE2, QTY, RECORD_BYTES, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I,
  type Instrument, type RecordBatch,
} from '../../../data/records/index.js';

export const START_US = 1_760_130_000_000_000;

/** A folder that goes when the test ends. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-tape-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function instrument(index: number, changes: Partial<Instrument> = {}): Instrument {
  return {
    index, symbol: `SYM${index}USDT`, venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
    ...changes,
  };
}

export function header(instruments: readonly Instrument[] = [instrument(0), instrument(1)]): TapeHeader {
  return {
    layoutVersion: 1, instruments, clocks: { receive: 'recorder', exchange: 'venue' },
    origin: [{ file: 'made-up.csv', sha256: 'ab'.repeat(32), bytes: 123, format: 'test' }],
  };
}

/** One record as plain values; absent fields are 0. */
export interface Row {
  kind?: number;
  symbol?: number;
  flags?: number;
  recvUs?: number;
  exchUs?: number;
  id?: number;
  qty?: number;
  aux?: number;
  price?: number;
  price2?: number;
  extra?: number;
}

export function batchOf(rows: readonly Row[]): RecordBatch {
  const batch = allocateBatch(Math.max(rows.length, 1));
  rows.forEach((row, k) => {
    const f = k * WORDS_F;
    const i = k * WORDS_I;
    batch.F[f + RECV_US] = row.recvUs ?? 0;
    batch.F[f + EXCH_US] = row.exchUs ?? 0;
    batch.F[f + ID] = row.id ?? 0;
    batch.F[f + QTY] = row.qty ?? 0;
    batch.F[f + AUX] = row.aux ?? 0;
    batch.I[i + PRICE] = row.price ?? 0;
    batch.I[i + TAG] = (row.kind ?? Kind.TRADE) | (row.flags ?? 0) | ((row.symbol ?? 0) << SYMBOL_SHIFT);
    batch.I[i + PRICE2] = row.price2 ?? 0;
    batch.I[i + EXTRA] = row.extra ?? 0;
  });
  batch.length = rows.length;
  return batch;
}

/** A plausible stream: trades and depth messages of two symbols, 1 ms apart, with odd prices now and then. */
export function sampleRows(count: number, seed = 1): Row[] {
  const rows: Row[] = [];
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  for (let k = 0; k < count; k += 1) {
    const recvUs = START_US + k * 1000 + random(900);
    rows.push(k % 3 === 0
      ? { kind: Kind.TRADE, symbol: k % 2, flags: random(2) === 0 ? Flag.SELL : 0, recvUs, exchUs: recvUs - 3000 - random(50), id: 5_000_000_000 + k, qty: 1 + random(100_000), price: 11_502_300 + random(200) }
      : { kind: Kind.DEPTH, symbol: k % 2, flags: (k % 3 === 1 ? Flag.FIRST : Flag.LAST) | (random(2) === 0 ? Flag.SELL : 0), recvUs, exchUs: recvUs - 2000, id: 90_000_000_000 + k, aux: 89_999_999_990 + k, qty: random(4) * 1000, price: 11_502_300 + random(5000), extra: random(30) });
  }
  return rows;
}

export function writeTape(path: string, rows: readonly Row[], options: TapeWriterOptions = {}, about: TapeHeader = header()): TapeSummary {
  const writer = TapeWriter.create(path, about, options);
  const batch = batchOf(rows);
  writer.append(batch, 0, rows.length);
  return writer.close();
}

/** The bytes of every record that a reader hands out, in order. */
export function readAll(reader: TapeReader): Buffer {
  const batch = allocateBatch(BLOCK_RECORDS);
  const parts: Buffer[] = [];
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    parts.push(Buffer.from(new Uint8Array(batch.F.buffer, 0, count * RECORD_BYTES)));
  }
  return Buffer.concat(parts);
}

export function readTape(path: string, partial = false): Buffer {
  const reader = TapeReader.open(path, { partial });
  try {
    return readAll(reader);
  } finally {
    reader.close();
  }
}

/** The bytes that `rows` must come back as: theirs, with sequence numbers from 0. */
export function expectedBytes(rows: readonly Row[]): Buffer {
  const batch = batchOf(rows);
  for (let k = 0; k < rows.length; k += 1) batch.F[k * WORDS_F] = k;
  return Buffer.from(new Uint8Array(batch.F.buffer, 0, rows.length * RECORD_BYTES));
}

/** Records with any value that a tape accepts, extremes included. */
export const anyRow: fc.Arbitrary<Row> = fc.record({
  kind: fc.integer({ min: 1, max: 11 }),
  symbol: fc.integer({ min: 0, max: 1 }),
  flags: fc.integer({ min: 0, max: 31 }).map((bits) => bits << 8),
  recvUs: fc.oneof(fc.constant(0), fc.integer({ min: START_US, max: START_US + 10_000_000 }), fc.maxSafeNat(), fc.double({ min: 0, max: 1e15, noNaN: true })),
  exchUs: fc.oneof(fc.constant(0), fc.integer({ min: START_US, max: START_US + 10_000_000 })),
  id: fc.oneof(fc.maxSafeInteger(), fc.double()),
  qty: fc.oneof(fc.nat(), fc.double(), fc.constantFrom(Number.NaN, -0, Infinity, -Infinity, 2 ** 53)),
  aux: fc.oneof(fc.nat(), fc.double()),
  price: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  price2: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  extra: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
});
