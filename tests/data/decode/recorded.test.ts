import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BinanceMarket } from '../../../data/decode/index.js';
import type { Instrument } from '../../../data/records/index.js';
import { plainBytes } from '../import/support.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { Pair } from './compare.js';

function instrument(index: number, symbol: string, venue: BinanceMarket, tickSize: string, lotSize: string): Instrument {
  return { index, symbol, venue, product: 'unknown', tickSize, lotSize, multiplier: '1', settle: '', inferred: [] };
}

const FRAMES = 30_000;
const LETTER_W = 119;

const RECORDINGS = [
  ['hftbacktest_usdm_btcusdt_20240808.gz', 'binance-usdm', [['BTCUSDT', '0.10', '0.001']]],
  ['hftbacktest_spot_btcusdt_20240808.gz', 'binance-spot', [['BTCUSDT', '0.01', '0.000001']]],
  ['cryptofeed_BINANCE_FUTURES.ws.1.0.gz', 'binance-usdm', [['SUSHIUSDT', '0.0010', '1'], ['AKROUSDT', '0.00001', '1'], ['KEEPUSDT', '0.0001', '1'], ['CTKUSDT', '0.00100', '1']]],
  ['cryptofeed_BINANCE_DELIVERY.ws.1.0.gz', 'binance-coinm', [['BCHUSD_PERP', '0.01', '1'], ['ETHUSD_210924', '0.01', '1'], ['TRXUSD_PERP', '0.00001', '1'], ['LINKUSD_PERP', '0.001', '1']]],
] as const;

for (const [file, market, symbols] of RECORDINGS) {
  test(`${file}: every recorded frame gives the records of JSON.parse, and market data needs no JSON.parse`, async (t) => {
    const path = sharedData('orderbook-ws', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const pair = new Pair(market, symbols.map(([symbol, tick, lot], index) => instrument(index, symbol, market, tick, lot)));
    const bytes = await plainBytes(path);
    let frames = 0;
    for (let at = 0, end = bytes.indexOf(10); end >= 0 && frames < FRAMES; at = end + 1, end = bytes.indexOf(10, at)) {
      const from = bytes.indexOf(123, at);
      if (from < 0 || from > end || bytes[at] === LETTER_W) continue;
      frames += 1;
      const { outcome } = pair.check(bytes.subarray(from, end));
      const head = bytes.toString('latin1', from, from + 60);
      // Bars, whole books of REST and symbols that were not asked for are the slow path's.
      if (outcome !== 'fast') assert.ok(outcome === 'ignored' || /"stream":"\w+@kline|^\{"lastUpdateId"/.test(head), `${outcome}: ${head}`);
    }
    assert.ok(frames > 1000);
    assert.ok(pair.decoder.counts.fast > 500);
  });
}
