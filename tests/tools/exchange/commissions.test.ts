import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BID } from '../../../actors/exchange/book/index.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import { EnginePort } from '../../../tools/exchange/product/engine-port.js';
import { Accounts, demoAccounts, demoBalances } from '../../../tools/exchange/accounts/accounts.js';
import { type OpenedExchange, openExchange } from '../../support/open-exchange.js';
import { Trader } from './spot/trader.js';
import { RawClient } from './usdm/raw-client.js';

let opened: OpenedExchange;
before(async () => {
  const [first, second, ...both] = await demoAccounts(4, 1, demoBalances([{ base: 'BTC', startPrice: 60_000 }]));
  const commissions = { spot: { maker: '-0.0001', taker: '0.002' }, usdm: { maker: '-0.0002', taker: '0.0003' } };
  const spotTerms = { tradeGroupId: 7, maxAsset: { BTC: '15', USDT: '1000000' } };
  opened = await openExchange({ accounts: new Accounts([{ ...first!, commissions }, second!, ...both.map((one) => ({ ...one, spotTerms }))]) });
});
after(() => opened.close());

test('an account with commissions of its own pays them, and is paid its rebate, on spot and on USD-M', async () => {
  const spot = new Trader(opened);
  const bought = await spot.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.00100' });
  const fills = bought.json['fills'] as readonly { readonly qty: string; readonly commission: string }[];
  assert.ok(fills.length > 0, bought.text);
  for (const { qty, commission } of fills) assert.equal(Number(commission).toFixed(8), (Number(qty) * 0.002).toFixed(8));
  // In one turn of the engine, so that the crowd does nothing between: one joins the best offer, the other takes all of it.
  const resting = await new EnginePort<SpotVenue>(opened.exchange.runtime, 'spot', 1).ask((venue, nowUs) => {
    const { symbol, matcher } = venue.market('BTCUSDT');
    const ticks = matcher.book.bestAsk;
    const price = symbol.price(ticks);
    const { order } = venue.place(spot.key.account, { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT_MAKER', quantity: '0.00100', price }, nowUs);
    const { lots } = matcher.quote(BID, Number.MAX_SAFE_INTEGER, ticks);
    venue.place(new Trader(opened, 'hmac', 1).key.account, { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'IOC', quantity: symbol.quantity(lots), price }, nowUs);
    return order.orderId;
  });
  const made = ((await spot.call('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: resting })).json as unknown as readonly Readonly<Record<string, string>>[])[0]!;
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
    { filterType: 'MAX_ASSET', asset: 'BTC', limit: '15.00000000' }, { filterType: 'MAX_ASSET', asset: 'USDT', limit: '1000000.00000000' },
  ]);
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', selfTradePreventionMode: 'TRANSFER' };
  const tooMuch = await one.call('POST', '/api/v3/order', { ...order, quantity: '15.00001', price: '60000' });
  assert.deepEqual([tooMuch.code, tooMuch.msg], [-1013, 'Filter failure: MAX_ASSET']);
  // In one turn of the engine, so that the crowd does nothing between: one takes what is offered at the touch and rests with the rest; the other meets that.
  const [maker, taker] = await new EnginePort<SpotVenue>(opened.exchange.runtime, 'spot', 1).ask((venue, nowUs) => {
    const { symbol, matcher: { book } } = venue.market('BTCUSDT');
    const price = symbol.price(book.bestAsk);
    const limit = { symbol: 'BTCUSDT', type: 'LIMIT', timeInForce: 'GTC', price, stp: 'TRANSFER' } as const;
    const resting = venue.place(one.key.account, { ...limit, side: 'BUY', quantity: symbol.quantity(book.lotsAt(book.bestAsk) + 1000) }, nowUs);
    return [resting.order.orderId, venue.place(other.key.account, { ...limit, side: 'SELL', quantity: symbol.quantity(100) }, nowUs).order.orderId] as const;
  });
  const met = (await other.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: taker })).json;
  assert.deepEqual([met['status'], met['tradeGroupId']], ['EXPIRED_IN_MATCH', 7]);
  for (const who of [one, other]) {
    const [match] = JSON.parse((await who.call('GET', '/api/v3/myPreventedMatches', { symbol: 'BTCUSDT', preventedMatchId: met['preventedMatchId'] as number })).text) as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual([match!['makerOrderId'], match!['takerOrderId'], match!['tradeGroupId'], match!['selfTradePreventionMode']], [maker, taker, 7, 'TRANSFER']);
  }
  assert.deepEqual(opened.defects, []);
});
