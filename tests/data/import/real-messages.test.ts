import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { imported } from './support.js';

// Kinds are counted by hand in the files: a diff or snapshot is as many records as it has levels.
for (const [file, venue, kinds] of [
  ['tardis-node/binance_messages.json', 'binance-spot', { trade: 2, bookTicker: 1, depth: 13, snapshot: 12, gap: 1 }],
  ['tardis-node/binance_futures_messages.json', 'binance-usdm', { trade: 3, aggTrade: 1, bookTicker: 1, depth: 3, snapshot: 3, liquidation: 1, markPrice: 3, gap: 1 }],
  ['tardis-node/binance_delivery_messages.json', 'binance-coinm', { trade: 2, bookTicker: 1, depth: 2, snapshot: 2, liquidation: 1, markPrice: 1, gap: 1 }],
  ['tardis-node/deribit_messages.json', 'deribit', { trade: 4, bookTicker: 10, depth: 5, snapshot: 9, liquidation: 2, markPrice: 10, gap: 2 }],
  ['tardis-node/binance_european_options_messages.json', 'european-options', { trade: 2 }],
  ['nautilus-deribit/ws_trades.json', 'deribit', { trade: 2 }],
  ['nautilus-deribit/ws_book_snapshot.json', 'deribit', { snapshot: 10 }],
  ['nautilus-deribit/ws_book_delta.json', 'deribit', { depth: 4 }],
  ['nautilus-deribit/ws_book_grouped_snapshot.json', 'deribit', { snapshot: 20 }],
  ['nautilus-deribit/ws_quote.json', 'deribit', { bookTicker: 1 }],
  ['nautilus-deribit/ws_ticker.json', 'deribit', { bookTicker: 1, markPrice: 1 }],
  ['nautilus-deribit/http_get_last_trades.json', 'deribit', { trade: 10 }],
  ['nautilus-deribit/http_get_order_book.json', 'deribit', { snapshot: 40 }],
  ['nautilus-binance/futures_market_data_json_mark_price_stream.json', 'binance-usdm', { markPrice: 1 }],
  ['nautilus-binance/futures_market_data_json_liquidation_stream.json', 'binance-usdm', { liquidation: 1 }],
  ['nautilus-binance-integration/ws_spot_agg_trade.json', 'binance-spot', { aggTrade: 1 }],
  ['nautilus-binance-integration/ws_spot_ticker_book.json', 'binance-spot', { bookTicker: 1 }],
  ['nautilus-binance-integration/ws_futures_depth_update.json', 'binance-usdm', { depth: 10 }],
  ['nautilus-binance-integration/http_futures_market_funding_rate.json', 'binance-usdm', { funding: 2 }],
  ['nautilus-binance-integration/http_futures_market_premium_index.json', 'binance-usdm', { markPrice: 1 }],
  ['nautilus-binance-integration/http_futures_market_book_ticker.json', 'binance-usdm', { bookTicker: 1 }],
] as const) {
  test(`${file}: every message of market data becomes its records`, async (t) => {
    const path = sharedData('payloads', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report } = await imported({ inputs: [path], venue });
    assert.deepEqual(report.kinds, kinds);
    assert.equal(report.badRows, 0);
  });
}

// Replies that name no symbol need --symbol.
for (const [file, venue, symbol, kind] of [
  ['nautilus-binance-integration/http_spot_market_agg_trades.json', 'binance-spot', 'BTCUSDT', 'aggTrade'],
  ['nautilus-binance-integration/http_spot_market_trades.json', 'binance-spot', 'BTCUSDT', 'trade'],
  ['nautilus-binance-integration/http_spot_market_klines.json', 'binance-spot', 'BTCUSDT', 'candle'],
  ['nautilus-deribit/http_get_tradingview_chart_data.json', 'deribit', 'btc-perpetual', 'candle'],
] as const) {
  test(`${file}: a reply without a symbol takes the one that is asked for`, async (t) => {
    const path = sharedData('payloads', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report, rows } = await imported({ inputs: [path], venue, symbols: [symbol] });
    assert.ok(rows.length >= 2 && rows.every((row) => row.kind === kind));
    assert.equal(report.instruments[0]!.symbol, symbol.toUpperCase());
    await assert.rejects(imported({ inputs: [path], venue }), /names a symbol/);
  });
}

test('the futures sample: values of each message', async (t) => {
  const path = sharedData('payloads', 'tardis-node/binance_futures_messages.json');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path], venue: 'binance-usdm', symbols: ['BTCUSDT'] });
  const { tickSize, lotSize } = report.instruments[0]!;
  const [agg] = rows;
  // The aggregate of 2019 has no id: none is made up.
  assert.deepEqual([agg!.kind, agg!.id, agg!.aux, agg!.extra, agg!.sell], ['aggTrade', 0, 181_349, 1, false]);
  assert.equal((agg!.price * Number(tickSize)).toFixed(2), '10223.74');
  const liquidation = rows.find((row) => row.kind === 'liquidation')!;
  assert.equal(liquidation.sell, false, 'a BUY order liquidates a short');
  assert.equal((liquidation.price * Number(tickSize)).toFixed(2), '4706.04');
  assert.equal((liquidation.quantity * Number(lotSize)).toFixed(3), '0.014');
  const marks = rows.filter((row) => row.kind === 'markPrice');
  assert.deepEqual(marks.map((row) => [row.quantity, row.aux, row.extra, row.id]), [
    [829_134_697_815, 0, 10_000, 1_569_916_800_000_000],
    [1_185_756_000_000, 1_185_186_949_091, 15_640, 1_597_564_800_000_000],
  ]);
});

test('the Deribit sample: liquidations of makers and takers, snapshots with and without a type', async (t) => {
  const path = sharedData('payloads', 'tardis-node/deribit_messages.json');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path], venue: 'deribit' });
  assert.deepEqual(rows.filter((row) => row.kind === 'liquidation').map((row) => row.sell), [true, true], 'the taker who sold, the maker against a buyer');
  assert.deepEqual(rows.filter((row) => row.kind === 'snapshot' && row.first).map((row) => row.id), [1_776_289_261, 1_232_767_964]);
  assert.equal(report.ignored['price of a combination below 0'], 1);
});
