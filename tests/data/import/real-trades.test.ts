import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXCH_US, EXTRA, Flag, ID, Kind, PRICE, QTY, RECV_US, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../data/records/index.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { expectedFigures, type ExpectedTrades } from './expected.js';
import { kindOf } from './slow-book.js';
import { imported, importedTape } from './support.js';

const CRASH_FILES = [
  { file: 'binance-delivery_trades_2025-10-10_DOTUSD_PERP.csv.gz', venue: 'binance-coinm', symbol: 'DOTUSD_PERP', product: 'inverse', multiplier: '10', settle: 'DOT' },
  { file: 'binance_trades_2025-10-10_POLUSDT.csv.gz', venue: 'binance-spot', symbol: 'POLUSDT', product: 'spot', multiplier: '1', settle: 'USDT' },
  { file: 'gemini_trades_2025-10-10_BTCUSD.csv.gz', venue: 'gemini', symbol: 'BTCUSD', product: 'spot', multiplier: '1', settle: 'USD' },
] as const;

/** Figures of the trades on a tape, in the terms of expected.json. */
class TradeFigures {
  rows = 0;
  sells = 0;
  gaps = 0;
  missing = 0;
  late = 0;
  maxLatencyUs = 0;
  firstUs = 0;
  lastUs = 0;
  min = Infinity;
  max = -Infinity;
  minUs = 0;
  maxUs = 0;
  lots = 0;
  peak = 0;
  #second = -1;
  #inSecond = 0;

  take(batch: RecordBatch, record: number): void {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const { F, I } = batch;
    if (kindOf(batch, record) === Kind.GAP) {
      this.gaps += 1;
      this.missing += F[f + QTY]!;
      assert.ok(I[i + EXTRA] === Kind.TRADE || I[i + EXTRA] === Kind.AGG_TRADE);
      return;
    }
    const us = F[f + EXCH_US]!;
    const price = I[i + PRICE]!;
    if (this.rows === 0) this.firstUs = us;
    this.lastUs = us;
    this.rows += 1;
    if ((I[i + TAG]! & Flag.SELL) !== 0) this.sells += 1;
    if (price < this.min) { this.min = price; this.minUs = us; }
    if (price > this.max) { this.max = price; this.maxUs = us; }
    this.lots += F[f + QTY]!;
    if (F[f + RECV_US]! > 0) {
      const latencyUs = F[f + RECV_US]! - us;
      if (latencyUs > 500_000) this.late += 1;
      this.maxLatencyUs = Math.max(this.maxLatencyUs, latencyUs);
    }
    const second = Math.floor(us / 1e6);
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1;
    this.#second = second;
    this.peak = Math.max(this.peak, this.#inSecond);
  }

  compare(expected: ExpectedTrades, tickSize: string, lotSize: string): void {
    const iso = (us: number): string => new Date(Math.floor(us / 1000)).toISOString();
    assert.equal(this.rows, expected.rows);
    assert.equal(this.sells, expected.sell_rows);
    assert.equal(iso(this.firstUs), expected.first);
    assert.equal(iso(this.lastUs), expected.last);
    assert.equal((this.min * Number(tickSize)).toFixed(8), expected.min_price.toFixed(8));
    assert.equal((this.max * Number(tickSize)).toFixed(8), expected.max_price.toFixed(8));
    assert.equal(iso(this.minUs), expected.min_at);
    assert.equal(iso(this.maxUs), expected.max_at);
    assert.equal(this.peak, expected.peak_msgs_per_s);
    assert.ok(Math.abs(this.lots * Number(lotSize) - expected.base_volume) < 1e-10 * expected.base_volume, `${this.lots * Number(lotSize)} ≠ ${expected.base_volume}`);
  }
}

for (const { file, venue, symbol, product, multiplier, settle } of CRASH_FILES) {
  test(`the crash day in ${file} comes out as it was measured, gaps included`, async (t) => {
    const path = sharedData('crash-20251010', file);
    const expected = expectedFigures();
    if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
    const figures = new TradeFigures();
    const { report, header } = await importedTape({ inputs: [path], venue, symbols: [symbol] }, (batch, record) => figures.take(batch, record));
    const [instrument] = header.instruments;
    assert.equal(instrument!.product, product);
    assert.equal(instrument!.multiplier, multiplier);
    assert.equal(instrument!.settle, settle);
    figures.compare(expected.trades_crash_20251010.find((entry) => entry.file === file)!, instrument!.tickSize, instrument!.lotSize);
    const quality = expected.crash_feed_quality[file]!;
    // Gemini's ids skip by design: no rule, no gaps.
    assert.equal(figures.gaps, venue === 'gemini' ? 0 : quality.id_gaps);
    assert.equal(figures.missing, venue === 'gemini' ? 0 : quality.missing_ids);
    assert.equal(report.sequence.missing, figures.missing);
    assert.equal(figures.late, quality.latency_ms.rows_over_500ms);
    assert.equal(Math.round(figures.maxLatencyUs / 100) / 10, quality.latency_ms.max);
    assert.deepEqual(header.clocks, { receive: 'recorder', exchange: 'venue' });
    assert.deepEqual(header.origin, [{ file, sha256: createHash('sha256').update(readFileSync(path)).digest('hex'), bytes: readFileSync(path).length, format: 'tardis-csv' }]);
  });
}

test('aggTrades of the public archive come out as they were measured, from their zip', async (t) => {
  const path = sharedData('trades-normal', 'BTCUSDC-aggTrades-2025-10-04.zip');
  const expected = expectedFigures();
  if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
  const figures = new TradeFigures();
  const { header } = await importedTape({ inputs: [path], venue: 'binance-spot' }, (batch, record) => figures.take(batch, record));
  const [instrument] = header.instruments;
  assert.equal(instrument!.symbol, 'BTCUSDC');
  assert.equal(instrument!.tickSize, '0.01');
  assert.deepEqual(header.clocks, { receive: 'none', exchange: 'venue' });
  figures.compare(expected.trades_normal[0]!, instrument!.tickSize, instrument!.lotSize);
  assert.equal(figures.gaps, 0);
});

test('the ATOM sell of 2025-10-10 is found by auto and comes out whole', async (t) => {
  const path = sharedData('crash-20251010', 'ATOMUSDT_spot_flash_sell_sequence.csv');
  const expected = expectedFigures();
  if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path], venue: 'binance-spot', symbols: ['ATOMUSDT'] });
  assert.equal(report.inputs[0]!.format, 'generic-csv');
  assert.equal(rows.length, expected.atom_sequence.rows);
  const { tickSize, lotSize } = report.instruments[0]!;
  assert.equal(rows[0]!.price * Number(tickSize), expected.atom_sequence.first_price);
  assert.equal(rows.at(-1)!.price * Number(tickSize), expected.atom_sequence.last_price);
  assert.ok(rows.every((row) => row.kind === 'aggTrade' && row.sell && row.exchangeUs === rows[0]!.exchangeUs));
  const quantity = rows.reduce((sum, row) => sum + row.quantity, 0) * Number(lotSize);
  const quote = rows.reduce((sum, row) => sum + row.quantity * row.price, 0) * Number(lotSize) * Number(tickSize);
  assert.ok(Math.abs(quantity - expected.atom_sequence.qty) < 1e-6);
  assert.ok(Math.abs(quote - expected.atom_sequence.quote) < 1e-6);
});

const LASOTA = 'lasota_test_positive_binance_trade_stream';
for (const [file, venue, trades] of [
  [`${LASOTA}_spot_trxusdt_04-03-2025.csv.gz`, 'binance-spot', 10_000],
  [`${LASOTA}_usd_m_futures_trxusdt_04-03-2025.csv.gz`, 'binance-usdm', 9_999],
  [`${LASOTA}_coin_m_futures_trxusd_perp_04-03-2025.csv.gz`, 'binance-coinm', 10_000],
] as const) {
  test(`${file} has ${trades} trades and no gap`, async (t) => {
    const path = sharedData('orderbook-csv', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report } = await imported({ inputs: [path], venue });
    assert.deepEqual(report.kinds, { trade: trades });
    // USD-M used one id for no trade: no record, and no gap either.
    assert.equal(report.ignored['empty trade (an id without a trade)'] ?? 0, 10_000 - trades);
    assert.equal(report.sequence.gaps, 0);
  });
}

test('the trade that the author of the negative file took out shows as a gap of one', async (t) => {
  const path = sharedData('orderbook-csv', 'lasota_test_negative_binance_trade_stream_spot_trxusdt_04-03-2025.csv.gz');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path], venue: 'binance-spot' });
  const gap = rows.find((row) => row.kind === 'gap');
  assert.deepEqual([report.sequence.gaps, report.sequence.missing, report.sequence.repeatedIds], [1, 1, 1]);
  assert.deepEqual([gap!.id, gap!.aux, gap!.quantity, gap!.extra], [348_656_871, 348_656_873, 1, Kind.TRADE]);
});

test('recorded forceOrder messages become liquidations at their average price', async (t) => {
  const path = sharedData('payloads', 'forceOrder_recorded_samples.ndjson');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path], venue: 'binance-usdm' });
  const { instruments } = report;
  const seen = rows.map((row) => [instruments[row.symbol]!.symbol, row.sell ? 'long' : 'short', row.price * Number(instruments[row.symbol]!.tickSize), row.quantity * Number(instruments[row.symbol]!.lotSize)] as const);
  const wanted = [
    ['IOTXUSDT', 'long', 0.06669, 3661], ['BTCUSDT', 'long', 34738.38, 0.029], ['ETHUSDT', 'long', 2704.51, 0.036],
    ['STGUSDT', 'long', 0.1355, 5], ['ONEUSDT', 'long', 0.0024582, 401_929], ['COTIUSDT', 'short', 0.021912, 288_183],
  ] as const;
  assert.equal(seen.length, wanted.length);
  for (const [k, [symbol, side, price, quantity]] of wanted.entries()) {
    assert.deepEqual(seen[k]!.slice(0, 2), [symbol, side]);
    assert.ok(Math.abs(seen[k]![2] - price) < 1e-9 && Math.abs(seen[k]![3] - quantity) < 1e-9, `${symbol}: ${seen[k]!.join(' ')}`);
  }
  assert.ok(rows.every((row) => row.kind === 'liquidation' && row.exchangeUs > 0));
});

test('ids keep their 16 digits where the venue has such', async (t) => {
  const path = sharedData('crash-20251010', 'gemini_trades_2025-10-10_BTCUSD.csv.gz');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  let first = 0;
  await importedTape({ inputs: [path] }, (batch, record) => (first ||= batch.F[record * WORDS_F + ID]!));
  assert.equal(first, 1_713_679_388_902_077);
});
