import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { expectedFigures } from './expected.js';
import { imported } from './support.js';

for (const [file, venue, symbol] of [
  ['klines/binance_spot_BTCUSDT_1d_2024-07_2026-07_fullfields.csv.gz', 'binance-spot', 'BTCUSDT'],
  ['klines/binance_spot_BTCUSDT_1m_2024-07-26_2024-08-25.csv.gz', 'binance-spot', 'BTCUSDT'],
  ['klines/binance_usdm_BTCUSDT_1h-futures.csv.gz', 'binance-usdm', 'BTCUSDT'],
  ['klines/binance_usdm_BTCUSDT_1h-mark.csv.gz', 'binance-usdm', 'BTCUSDT'],
  ['klines/binance_usdm_ETHUSDT_1h-futures.csv.gz', 'binance-usdm', 'ETHUSDT'],
  ['klines/binance_usdm_ETHUSDT_1h-mark.csv.gz', 'binance-usdm', 'ETHUSDT'],
  ['pine-parity/ETHUSDT_1h_parity.csv.gz', 'binance-usdm', 'ETHUSDT'],
  ['pine-parity/pineforge/ohlcv_ETH-USDT-USDT_15m_warmup6m.csv.gz', 'binance-usdm', 'ETHUSDT'],
] as const) {
  test(`${file}: bars as they were measured`, async (t) => {
    const path = sharedData(file);
    const expected = expectedFigures()?.klines[file];
    if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report, rows } = await imported({ inputs: [path], venue, symbols: [symbol] });
    const bars = rows.filter((row) => row.kind === 'candle');
    assert.equal(bars.length, expected.rows);
    assert.equal(report.kinds['gap'] ?? 0, expected.gaps);
    const seconds = expected.step_ms / 1000;
    assert.ok(bars.every((bar) => bar.extra === seconds));
    assert.equal(bars[0]!.exchangeUs, expected.first_ms * 1000 + seconds * 1e6);
    assert.equal(bars.at(-1)!.exchangeUs, expected.last_ms * 1000 + seconds * 1e6);
    const tick = Number(report.instruments[0]!.tickSize);
    const low = bars.reduce((best, bar) => (bar.low < best.low ? bar : best));
    const high = bars.reduce((best, bar) => (bar.price2 > best.price2 ? bar : best));
    // Mark prices have eight decimals and are rounded to a tick that fits; the others are exact.
    const tolerance = file.includes('mark') ? tick / 2 : 1e-9;
    assert.ok(Math.abs(low.low * tick - expected.min) <= tolerance * 1.0001, `${low.low * tick}`);
    assert.ok(Math.abs(high.price2 * tick - expected.max) <= tolerance * 1.0001, `${high.price2 * tick}`);
    assert.equal(low.exchangeUs, expected.min_at_ms * 1000 + seconds * 1e6);
    assert.equal(high.exchangeUs, expected.max_at_ms * 1000 + seconds * 1e6);
    assert.equal(report.rounded.roundedPrices > 0, file.includes('mark'));
    assert.ok(bars.every((bar) => bar.low <= Math.min(bar.price, bar.close) && bar.price2 >= Math.max(bar.price, bar.close)));
  });
}

for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
  test(`${symbol} funding rates: found by auto although they look like bars`, async (t) => {
    const file = `klines/binance_usdm_${symbol}_1h-funding_rate.csv.gz`;
    const path = sharedData(file);
    const expected = expectedFigures()?.klines[file];
    if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report, rows } = await imported({ inputs: [path], venue: 'binance-usdm', symbols: [symbol] });
    assert.equal(report.inputs[0]!.format, 'funding-csv');
    assert.deepEqual(report.kinds, { funding: expected.rows });
    const rates = rows.map((row) => row.quantity);
    assert.equal(Math.min(...rates), Math.round(expected.min * 1e8));
    assert.equal(Math.max(...rates), Math.round(expected.max * 1e8));
    assert.equal(rows[0]!.exchangeUs, expected.first_ms * 1000);
    assert.equal(rows[rates.indexOf(Math.min(...rates))]!.exchangeUs, expected.min_at_ms * 1000);
  });
}

test('bookDepth: 28,790 bands, the row with a leading blank among them', async (t) => {
  const path = sharedData('crash-20251010', 'BTCUSDT-bookDepth-2025-10-10.csv.gz');
  const expected = expectedFigures()?.['bookDepth_BTCUSDT_2025-10-10'];
  if (path === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { rows } = await imported({ inputs: [path], venue: 'binance-usdm' });
  assert.equal(rows.length, expected.rows);
  const lowest = rows.filter((row) => row.extra === -500).reduce((best, row) => (row.aux < best.aux ? row : best));
  assert.equal(lowest.aux, Math.round(expected.minus5pct_notional_min * 100));
  assert.equal(new Date(lowest.exchangeUs / 1000).toISOString().slice(0, 19).replace('T', ' '), expected.minus5pct_min_at);
  assert.equal(rows.filter((row) => row.exchangeUs === Date.UTC(2025, 9, 10, 21, 34, 32) * 1000).length, 10);
});

test('mark and index price klines out of their zips, several days as one tape', async (t) => {
  const marks = ['09', '10', '11'].map((day) => sharedData('crash-20251010', `BTCUSDT-markPriceKlines-5m-2025-10-${day}.zip`));
  const index = ['09', '10'].map((day) => sharedData('crash-20251010', `BTCUSD_PERP-indexOrMark-1m-2025-10-${day}.zip`));
  if (marks.includes(undefined) || index.includes(undefined)) return t.skip(SHARED_DATA_ABSENT);
  const mark = await imported({ inputs: marks as string[], venue: 'binance-usdm' });
  assert.deepEqual(mark.report.kinds, { candle: 3 * 288 });
  const tick = Number(mark.report.instruments[0]!.tickSize);
  assert.equal((Math.min(...mark.rows.map((row) => row.low)) * tick).toFixed(2), '101877.69');
  assert.ok(mark.rows.every((row) => row.extra === 300 && row.id === 0), 'samples are not trades');
  const coin = await imported({ inputs: index as string[], venue: 'binance-coinm' });
  assert.deepEqual(coin.report.kinds, { candle: 2 * 1440 });
  const low = coin.rows.reduce((best, row) => (row.low < best.low ? row : best));
  assert.equal((low.low * Number(coin.report.instruments[0]!.tickSize)).toFixed(2), '102497.49');
  assert.equal(new Date(low.exchangeUs / 1000).toISOString(), '2025-10-10T21:21:00.000Z');
});

test('a recorded closed kline message becomes a bar', async (t) => {
  const path = sharedData('payloads', 'kline_1m_recorded_sample.json');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { rows } = await imported({ inputs: [path], venue: 'binance-usdm' });
  const [bar] = rows;
  assert.equal(rows.length, 1);
  assert.deepEqual([bar!.price, bar!.price2, bar!.low, bar!.close, bar!.quantity, bar!.extra, bar!.id], [649_708, 649_709, 649_694, 649_694, 9090, 60, 194]);
  assert.equal(bar!.exchangeUs, 1_786_173_360_000_000);
});

test('TradingView and Lean bars beside indicator columns', async (t) => {
  const eurusd = sharedData('indicators', 'pynecore-tradingview', 'strategy_ohlcv.csv.gz');
  const quoted = sharedData('indicators', 'pynecore-tradingview', 'bb.csv');
  const lean = sharedData('indicators', 'lean', 'spy_ppo.txt');
  if (eurusd === undefined || quoted === undefined || lean === undefined) return t.skip(SHARED_DATA_ABSENT);
  const bars = await imported({ inputs: [eurusd], venue: 'fx', symbols: ['EURUSD'] });
  assert.equal(bars.rows.length, 23_054);
  // 2022-01-02T17:00:00-05:00,1.13734,1.1376,1.13673,1.13744,2451
  const [first] = bars.rows;
  assert.deepEqual([first!.price, first!.price2, first!.low, first!.close, first!.quantity, first!.extra], [113_734, 113_760, 113_673, 113_744, 2451, 3600]);
  assert.equal(first!.exchangeUs, Date.UTC(2022, 0, 2, 23) * 1000);
  assert.equal((await imported({ inputs: [quoted], venue: 'fx', symbols: ['EURUSD'] })).rows.length, 150);
  const spy = await imported({ inputs: [lean], venue: 'arca', symbols: ['SPY'] });
  assert.equal(spy.rows.length, 500);
  assert.equal(spy.rows[0]!.extra, 86_400);
  // Exchanges that close have no gaps at week-ends.
  assert.equal(spy.report.sequence.gaps, 0);
});

test('files that hold no market data are refused with one clear line', async (t) => {
  const refused = ['INDEX.md', 'expected.json', 'indicators/tulip/atoz.txt', 'indicators/lean/spy_ema.csv', 'indicators/pynecore-tradingview/strategy_rsi_trades.csv.gz', 'pine-parity/specs.json', 'pine-parity/tradingview-lists-alphadogs/MOM_2026-02-26_8c458e9c.csv.gz', 'payloads/exchange-info/binance_usdm_exchangeInfo_2025-11-26.json.gz', 'payloads/nautilus-tardis/btcusdt-instrument.txt', 'MANIFEST.sha256'];
  const paths = refused.map((file) => sharedData(file));
  if (paths.includes(undefined)) return t.skip(SHARED_DATA_ABSENT);
  for (const path of paths as string[]) {
    await assert.rejects(imported({ inputs: [path], venue: 'binance-usdm', symbols: ['BTCUSDT'] }), (error: Error) => error.name === 'ImportError' && !error.message.includes('\n'), path);
  }
});
