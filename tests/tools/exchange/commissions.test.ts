import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Accounts, demoAccounts, demoBalances } from '../../../tools/exchange/accounts/accounts.js';
import { type OpenedExchange, openExchange } from '../../support/open-exchange.js';
import { Trader } from './spot/trader.js';
import { RawClient } from './usdm/raw-client.js';

let opened: OpenedExchange;
before(async () => {
  const [first, second, ...both] = await demoAccounts(4, 1, demoBalances([{ base: 'BTC', startPrice: 60_000 }]));
  const commissions = { spot: { maker: '-0.0001', taker: '0.002' }, usdm: { maker: '-0.0002', taker: '0.0003' } };
  const spotTerms = { tradeGroupId: 7, maxAsset: { BTC: '5', USDT: '1000000' } };
  opened = await openExchange({ accounts: new Accounts([{ ...first!, commissions }, second!, ...both.map((one) => ({ ...one, spotTerms }))]) });
});
after(() => opened.close());

test('an account with commissions of its own pays them, and is paid its rebate, on spot and on USD-M', async () => {
  const spot = new Trader(opened);
  const bought = await spot.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.00100' });
  const fills = bought.json['fills'] as readonly { readonly qty: string; readonly commission: string }[];
  assert.ok(fills.length > 0, bought.text);
  for (const { qty, commission } of fills) assert.equal(Number(commission).toFixed(8), (Number(qty) * 0.002).toFixed(8));
  const { askPrice } = (await (await fetch(`${opened.origins.spot.rest}/api/v3/ticker/bookTicker?symbol=BTCUSDT`)).json()) as { readonly askPrice: string };
  const resting = await spot.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.00100', price: askPrice });
  assert.equal(resting.status, 200, resting.text);
  // More than is offered anywhere near.
  await new Trader(opened, 'hmac', 1).call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '12' });
  const made = ((await spot.call('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: resting.json['orderId'] as number })).json as unknown as readonly Readonly<Record<string, string>>[])[0]!;
  assert.deepEqual([made['isMaker'], Number(made['commission']).toFixed(6)], [true, (-Number(made['quoteQty']) * 0.0001).toFixed(6)]);
  const futures = new RawClient(opened);
  const rates = await futures.ok('GET', '/fapi/v1/commissionRate', { symbol: 'BTCUSDT' });
  assert.deepEqual([rates['makerCommissionRate'], rates['takerCommissionRate']], ['-0.0002', '0.0003']);
  const account = (await spot.call('GET', '/api/v3/account')).json['commissionRates'] as Readonly<Record<string, string>>;
  assert.deepEqual([account['maker'], account['taker']], ['-0.00010000', '0.00200000']);
  const other = await new RawClient(opened, 1).ok('GET', '/fapi/v1/commissionRate', { symbol: 'BTCUSDT' });
  assert.deepEqual(opened.defects, []);
  assert.deepEqual([other['makerCommissionRate'], other['takerCommissionRate']], ['0.0002', '0.0005']);
});

test('accounts of a trade group are told so, do not trade with each other, and are held to the filters of their assets', async () => {
  const [one, other] = [new Trader(opened, 'hmac', 2), new Trader(opened, 'hmac', 3)];
  assert.equal((await one.call('GET', '/api/v3/account')).json['tradeGroupId'], 7);
  assert.equal((await new Trader(opened).call('GET', '/api/v3/account')).json['tradeGroupId'], undefined);
  assert.deepEqual((await one.call('GET', '/api/v3/myFilters', { symbol: 'BTCUSDT' })).json['assetFilters'], [
    { filterType: 'MAX_ASSET', asset: 'BTC', limit: '5.00000000' }, { filterType: 'MAX_ASSET', asset: 'USDT', limit: '1000000.00000000' },
  ]);
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', selfTradePreventionMode: 'TRANSFER' };
  const tooMuch = await one.call('POST', '/api/v3/order', { ...order, quantity: '5.00001', price: '60000' });
  assert.deepEqual([tooMuch.code, tooMuch.msg], [-1013, 'Filter failure: MAX_ASSET']);
  // One takes what is offered at the touch and rests with far more; the other meets that, unless the crowd was faster.
  for (let tries = 0; ; tries += 1) {
    assert.ok(tries < 12, 'the crowd took every resting order');
    const { askPrice: price } = (await (await fetch(`${opened.origins.spot.rest}/api/v3/ticker/bookTicker?symbol=BTCUSDT`)).json()) as { readonly askPrice: string };
    const resting = await one.call('POST', '/api/v3/order', { ...order, quantity: '5', price });
    const met = await other.call('POST', '/api/v3/order', { ...order, side: 'SELL', quantity: '0.00100', price });
    await one.call('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' });
    await other.call('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' });
    if (met.json['status'] !== 'EXPIRED_IN_MATCH') continue;
    assert.equal(met.json['tradeGroupId'], 7);
    const { orderId } = resting.json as { readonly orderId: number };
    for (const who of [one, other]) {
      const [match] = JSON.parse((await who.call('GET', '/api/v3/myPreventedMatches', { symbol: 'BTCUSDT', preventedMatchId: met.json['preventedMatchId'] as number })).text) as readonly Readonly<Record<string, unknown>>[];
      assert.deepEqual([match!['makerOrderId'], match!['tradeGroupId'], match!['selfTradePreventionMode']], [orderId, 7, 'TRANSFER']);
    }
    break;
  }
  assert.deepEqual(opened.defects, []);
});
