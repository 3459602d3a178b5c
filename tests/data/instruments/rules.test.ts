import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { quoteOf, statedSizes, symbolRules } from '../../../data/instruments/rules.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';

test('product, multiplier and settlement follow the naming rules', () => {
  for (const [venue, symbol, product, multiplier, settle] of [
    ['binance-spot', 'ETHBTC', 'spot', '1', 'BTC'],
    ['binance-spot', 'BTCFDUSD', 'spot', '1', 'FDUSD'],
    ['binance-usdm', 'BTCUSDT_251226', 'linear', '1', 'USDT'],
    ['binance-usdm', 'BTCUSDC', 'linear', '1', 'USDC'],
    ['binance-coinm', 'BTCUSD_PERP', 'inverse', '100', 'BTC'],
    ['binance-coinm', 'ETHUSD_210924', 'inverse', '10', 'ETH'],
    ['deribit', 'BTC-PERPETUAL', 'inverse', '1', 'BTC'],
    ['deribit', 'BTC-24SEP21', 'inverse', '1', 'BTC'],
    ['deribit', 'SOL_USDC-PERPETUAL', 'linear', '1', 'USDC'],
    ['deribit', 'MATIC_USDC-9MAR24-1d02-C', 'option', '1', 'USDC'],
    ['deribit', 'BTC-30JUL21-24000-P', 'option', '1', 'BTC'],
    ['gemini', 'BTCUSD', 'spot', '1', 'USD'],
  ] as const) assert.deepEqual(symbolRules(venue, symbol), { product, multiplier, settle, known: true }, symbol);
  assert.equal(symbolRules('deribit', 'BTC-FS-30SEP22_PERP').product, 'unknown');
  assert.equal(symbolRules('elsewhere', 'BTCUSD').known, false);
  assert.equal(quoteOf('DOTUSD'), 'USD');
  assert.equal(quoteOf('BTCTUSD'), 'TUSD');
  assert.equal(quoteOf('???'), '');
});

interface ExchangeInfo {
  readonly symbols: readonly {
    symbol: string; quoteAsset: string; marginAsset?: string; contractSize?: number; filters: readonly { filterType: string; tickSize?: string; stepSize?: string }[];
  }[];
}

test('the rules agree with the venues\' own exchangeInfo', (t) => {
  const files = [['binance-spot', 'cryptofeed_BINANCE.0.gz'], ['binance-usdm', 'binance_usdm_exchangeInfo_2025-11-26.json.gz'], ['binance-coinm', 'cryptofeed_BINANCE_DELIVERY.0.gz']] as const;
  const unquoted: string[] = [];
  for (const [venue, file] of files) {
    const path = sharedData('payloads', 'exchange-info', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const text = gunzipSync(readFileSync(path)).toString();
    // A cryptofeed dump has the address and a stamp before its one line of JSON.
    const { symbols } = JSON.parse(text.startsWith('http') ? text.slice(text.indexOf('{'), text.indexOf('\n')) : text) as ExchangeInfo;
    assert.ok(symbols.length > 20);
    for (const { symbol, quoteAsset, marginAsset, contractSize, filters } of symbols) {
      const rules = symbolRules(venue, symbol);
      // A symbol may bear no quote at all (IDOL on USD-M): then nothing is claimed, and nothing wrong either.
      if (rules.settle === '') unquoted.push(symbol);
      else assert.equal(rules.settle, venue === 'binance-spot' ? quoteAsset : marginAsset, `${venue} ${symbol}`);
      if (contractSize !== undefined) assert.equal(rules.multiplier, String(contractSize), symbol);
      const stated = statedSizes(venue, symbol);
      if (stated === undefined || venue !== 'binance-usdm') continue;
      const tick = filters.find(({ filterType }) => filterType === 'PRICE_FILTER')?.tickSize;
      const lot = filters.find(({ filterType }) => filterType === 'LOT_SIZE')?.stepSize;
      assert.deepEqual([Number(stated.tickSize), Number(stated.lotSize)], [Number(tick), Number(lot)], symbol);
    }
  }
  assert.deepEqual(unquoted, ['IDOL']);
});
