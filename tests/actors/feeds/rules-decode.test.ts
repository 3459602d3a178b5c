import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../actors/engine/io.js';
import { changedFields, decodeBrackets, decodeRules } from '../../../actors/feeds/rules/decode.js';
import type { Instrument } from '../../../data/records/index.js';
import { openExchange, type OpenedExchange } from '../../support/open-exchange.js';

const instrument = (venue: string, symbol: string, tickSize: string, lotSize: string): Instrument => ({
  index: 0, symbol, venue, product: 'spot', tickSize, lotSize, multiplier: '1', settle: 'USDT', inferred: [],
});

describe('the rules of instruments', () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange();
  });
  after(() => opened.close());
  const ask = async (product: 'spot' | 'usdm' | 'options', path: string): Promise<Json> => (await (await fetch(opened.origins[product].rest + path)).json()) as Json;

  test('are read from spot exchangeInfo in ticks and lots of the run', async () => {
    const decoded = decodeRules('spot', await ask('spot', '/api/v3/exchangeInfo'), [instrument('binance-spot', 'BTCUSDT', '0.01', '0.00001'), { ...instrument('binance-spot', 'NOUSDT', '1', '1'), index: 1 }]);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.problems, []);
    const [btc, none] = decoded.rules.instruments;
    assert.equal(btc!.status, 'TRADING');
    assert.equal(btc!.priceStepTicks, 1);
    assert.equal(btc!.minPriceTicks, 1);
    assert.equal(btc!.limit.stepLots, 1);
    assert.equal(btc!.limit.minLots, 1);
    assert.equal(btc!.market.stepLots, 1);
    assert.ok(btc!.market.maxLots > 0 && btc!.market.maxLots <= btc!.limit.maxLots);
    assert.equal(Number(btc!.minNotional), 5);
    assert.ok(btc!.percentPrice !== null && Number(btc!.percentPrice.buyUp) > 1);
    assert.ok(btc!.orderLists && btc!.maxOrders > 0 && btc!.maxAlgoOrders > 0);
    assert.equal(btc!.quote, 'USDT');
    assert.equal(none!.status, 'GONE');
    assert.ok(decoded.rules.limits.some(({ kind, limit }) => kind === 'REQUEST_WEIGHT' && limit === 6000));
    assert.ok(decoded.rules.venueMs > 0);
  });

  test('are read from USD-M exchangeInfo, and a finer or coarser grid of the run shows', async () => {
    const body = await ask('usdm', '/fapi/v1/exchangeInfo');
    const of = (tick: string, lot: string) => {
      const decoded = decodeRules('usdm', body, [instrument('binance-usdm', 'BTCUSDT', tick, lot)]);
      assert.ok(decoded.ok);
      return decoded.rules.instruments[0]!;
    };
    const own = of('0.10', '0.001');
    assert.deepEqual([own.priceStepTicks, own.limit.stepLots, own.settle, own.maxAlgoOrders > 0, own.triggerProtect !== ''], [1, 1, 'USDT', true, true]);
    assert.ok(own.orderTypes.includes('STOP_MARKET') && own.timeInForce.includes('GTX'));
    assert.equal(of('0.01', '0.0001').priceStepTicks, 10);
    assert.equal(of('0.01', '0.0001').limit.minLots, own.limit.minLots * 10);
    assert.equal(of('1', '0.001').priceStepTicks, 0, 'a tick of 0.10 is no multiple of 1');
    assert.deepEqual(changedFields(own, of('0.01', '0.001')).filter((key) => key === 'minNotional'), []);
    assert.ok(changedFields(own, { ...own, status: 'CANCEL_ONLY' }).includes('status'));
  });

  test('are read from exchangeInfo of options', async () => {
    const body = (await ask('options', '/eapi/v1/exchangeInfo')) as { readonly optionSymbols: readonly { readonly symbol: string; readonly filters: readonly { readonly tickSize?: string; readonly stepSize?: string }[] }[] };
    const { symbol, filters } = body.optionSymbols[0]!;
    const decoded = decodeRules('options', body as unknown as Json, [instrument('binance-options', symbol, filters[0]!.tickSize!, filters[1]!.stepSize!)]);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.problems, []);
    const rules = decoded.rules.instruments[0]!;
    assert.deepEqual([rules.status, rules.priceStepTicks, rules.limit.stepLots, rules.orderTypes, rules.settle], ['TRADING', 1, 1, ['LIMIT'], 'USDT']);
    assert.ok(rules.deliveryMs > Date.now());
  });

  test('of brackets are read from leverageBracket', () => {
    const rows = [
      { bracket: 2, initialLeverage: 100, notionalCap: 250000, notionalFloor: 50000, maintMarginRatio: 0.005, cum: 50 },
      { bracket: 1, initialLeverage: 125, notionalCap: 50000, notionalFloor: 0, maintMarginRatio: 0.004, cum: 0 },
    ];
    const found = decodeBrackets([{ symbol: 'BTCUSDT', brackets: rows }, { symbol: 'BAD', brackets: [{ bracket: 1 }] }, 7])!;
    assert.deepEqual([...found.keys()], ['BTCUSDT']);
    assert.deepEqual(found.get('BTCUSDT')!.map(({ maxLeverage, maintenanceRate }) => [maxLeverage, maintenanceRate]), [[125, '0.004'], [100, '0.005']]);
    assert.equal(decodeBrackets({}), null);
  });

  test('never throw, whatever the answer is, and a symbol that cannot be read is told and left out', async () => {
    const btc = [instrument('binance-usdm', 'BTCUSDT', '0.10', '0.001')];
    fc.assert(fc.property(fc.constantFrom('spot', 'usdm', 'options'), fc.jsonValue(), (product, body) => void decodeRules(product as 'spot', body as Json, btc)), { numRuns: 300 });
    const whole = (await ask('usdm', '/fapi/v1/exchangeInfo')) as { symbols: Record<string, Json>[] };
    const at = whole.symbols.findIndex(({ symbol }) => symbol === 'BTCUSDT');
    fc.assert(fc.property(fc.constantFrom(...Object.keys(whole.symbols[at]!)), fc.jsonValue(), (key, value) => {
      const symbols = [{ ...whole.symbols[at]!, [key]: value as Json }];
      const decoded = decodeRules('usdm', { ...whole, symbols } as unknown as Json, btc);
      assert.ok(decoded.ok);
      assert.equal(decoded.problems.length + decoded.rules.instruments.length, 1);
    }), { numRuns: 300 });
    fc.assert(fc.property(fc.nat(7), fc.constantFrom('tickSize', 'stepSize', 'minQty', 'notional', 'limit', 'maxPrice'), fc.jsonValue(), (which, key, value) => {
      const symbol = structuredClone(whole.symbols[at]!);
      const filters = symbol['filters'] as Record<string, Json>[];
      filters[which % filters.length]![key] = value as Json;
      const decoded = decodeRules('usdm', { ...whole, symbols: [symbol] } as unknown as Json, btc);
      assert.ok(decoded.ok);
      assert.equal(decoded.problems.length + decoded.rules.instruments.length, 1);
    }), { numRuns: 300 });
    const bad = decodeRules('usdm', { symbols: [{ ...whole.symbols[at]!, filters: [{ filterType: 'PRICE_FILTER', tickSize: 'much' }, { filterType: 'LOT_SIZE' }] }] } as unknown as Json, btc);
    assert.ok(bad.ok);
    assert.match(bad.problems[0]!, /^BTCUSDT: tickSize/);
  });
});
