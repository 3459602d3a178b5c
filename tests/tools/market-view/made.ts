import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  allocateBatch, AUX, EXCH_US, Flag, Kind, LAYOUT_VERSION, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch,
} from '../../../data/records/index.js';
import type { TapeHeader } from '../../../data/tape/index.js';

/** µs of the first record that tests make; a whole second. */
export const START_US = 1_767_621_600_000_000;

export const instrument = (index: number, symbol: string): Instrument => ({ index, symbol, venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] });

export const headerOf = (instruments: readonly Instrument[]): TapeHeader => ({ layoutVersion: LAYOUT_VERSION, instruments: [...instruments], clocks: { receive: 'test', exchange: 'test' }, origin: [] });

export interface MadeRecord {
  readonly kind: 'trade' | 'quote' | 'liquidation';
  readonly atUs: number;
  readonly symbol?: number;
  readonly priceTicks: number;
  /** Of a quote the best ask. */
  readonly askTicks?: number;
  readonly lots?: number;
  readonly sell?: boolean;
}

const KINDS = { trade: Kind.TRADE, quote: Kind.BOOK_TICKER, liquidation: Kind.LIQUIDATION };

/** Records in a batch, numbered from 0. */
export function batchOf(records: readonly MadeRecord[]): RecordBatch {
  const batch = allocateBatch(records.length);
  const { F, I } = batch;
  records.forEach(({ kind, atUs, symbol = 0, priceTicks, askTicks = priceTicks + 1, lots = 1, sell = false }, n) => {
    const f = n * WORDS_F;
    const i = n * WORDS_I;
    F[f + SEQ] = n;
    F[f + RECV_US] = atUs;
    F[f + EXCH_US] = atUs;
    F[f + QTY] = lots;
    I[i + PRICE] = priceTicks;
    if (kind === 'quote') {
      F[f + AUX] = lots;
      I[i + PRICE2] = askTicks;
    }
    I[i + TAG] = KINDS[kind] | (sell ? Flag.SELL : 0) | (symbol << SYMBOL_SHIFT);
  });
  batch.length = records.length;
  return batch;
}

export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-market-view-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
