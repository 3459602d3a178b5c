import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import {
  allocateBatch, AUX, BLOCK_RECORDS, EXCH_US, Flag, ID, Kind, LAYOUT_VERSION, PRICE, PRICE2, QTY, RECV_US, TAG, WORDS_F, WORDS_I, type Instrument,
} from '../../../data/records/index.js';
import { varFolder } from '../../../data/runs/index.js';
import { TapeReader, TapeWriter } from '../../../data/tape/index.js';
import { Random } from '../../fuzz/random.js';

const START_US = Date.UTC(2026, 0, 5) * 1000;
const INSTRUMENT: Instrument = {
  index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
};
/** One quote for so many trades. */
const QUOTE_EVERY = 5;

/**
 * A tape of `trades` trades, some 100 a second on a random walk, and a best quote for every fifth; kept in var/bench for the next time, because it takes
 * some seconds to make. The same bytes every time.
 */
export function chartTape(trades: number): string {
  const folder = join(varFolder(), 'bench');
  const path = join(folder, `chart-${trades}.tape`);
  const records = trades + Math.floor(trades / QUOTE_EVERY);
  if (existsSync(path) && isWhole(path, records)) return path;
  mkdirSync(folder, { recursive: true });
  // Made beside it, so that one that was interrupted is never taken for it.
  const made = `${path}.${process.pid}`;
  const writer = TapeWriter.create(made, { layoutVersion: LAYOUT_VERSION, instruments: [INSTRUMENT], clocks: { receive: 'made', exchange: 'made' }, origin: [{ file: `chart ${trades}`, sha256: '', bytes: 0, format: 'generator' }] });
  const random = new Random(7);
  const batch = allocateBatch(BLOCK_RECORDS);
  const { F, I } = batch;
  let at = START_US;
  let price = 600_000;
  let count = 0;
  const next = (): number => {
    if (count === BLOCK_RECORDS) {
      writer.append(batch, 0, count);
      count = 0;
    }
    F[count * WORDS_F + RECV_US] = at;
    F[count * WORDS_F + EXCH_US] = at;
    return count++;
  };
  for (let n = 0; n < trades; n += 1) {
    at += random.between(0, 20_000);
    price += random.between(-3, 3);
    const trade = next();
    F[trade * WORDS_F + ID] = n + 1;
    F[trade * WORDS_F + QTY] = random.between(1, 4000);
    F[trade * WORDS_F + AUX] = 0;
    I[trade * WORDS_I + PRICE] = price;
    I[trade * WORDS_I + PRICE2] = 0;
    I[trade * WORDS_I + TAG] = Kind.TRADE | (random.below(2) === 0 ? Flag.SELL : 0);
    if (n % QUOTE_EVERY !== QUOTE_EVERY - 1) continue;
    const quote = next();
    F[quote * WORDS_F + ID] = 0;
    F[quote * WORDS_F + QTY] = random.between(1, 9000);
    F[quote * WORDS_F + AUX] = random.between(1, 9000);
    I[quote * WORDS_I + PRICE] = price - random.between(1, 2);
    I[quote * WORDS_I + PRICE2] = price + random.between(0, 2);
    I[quote * WORDS_I + TAG] = Kind.BOOK_TICKER;
  }
  writer.append(batch, 0, count);
  writer.close();
  renameSync(made, path);
  return path;
}

function isWhole(path: string, records: number): boolean {
  try {
    const reader = TapeReader.open(path);
    reader.close();
    return reader.records === records;
  } catch {
    return false;
  }
}
