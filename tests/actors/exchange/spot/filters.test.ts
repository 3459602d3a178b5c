import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { mustParseAmount } from '../../../../actors/exchange/ledger/index.js';
import { AsOf } from '../../../../actors/exchange/rules.js';
import type { OrderRequest } from '../../../../actors/exchange/spot/requests.js';
import { ANN, BOB, BTC, Desk, id, refusalOf, USDT } from './support.js';

const GOOD: Partial<OrderRequest> = { timeInForce: 'GTC', price: '60000', quantity: '0.1' };
const refused = (desk: Desk, more: Partial<OrderRequest>): string => refusalOf(() => desk.place(ANN, { ...GOOD, ...more }));

describe('filters of a spot symbol', () => {
  it('hold prices and quantities to the symbol\'s grids and ranges', () => {
    const desk = new Desk({ spec: { maxPrice: '100000.00', maxQty: '50', marketMaxQty: '2' } });
    assert.equal(refused(desk, { price: '60000.001' }), '-1013 Filter failure: PRICE_FILTER');
    assert.equal(refused(desk, { price: '100000.01' }), '-1013 Filter failure: PRICE_FILTER');
    assert.equal(refused(desk, { price: '0' }), '-1013 Invalid price.');
    assert.equal(refused(desk, { type: 'STOP_LOSS_LIMIT', stopPrice: '60000.005' }), '-1013 Filter failure: PRICE_FILTER');
    assert.equal(refused(desk, { quantity: '0.000015' }), '-1013 Filter failure: LOT_SIZE');
    assert.equal(refused(desk, { quantity: '50.00001' }), '-1013 Filter failure: LOT_SIZE');
    assert.equal(refused(desk, { quantity: '0.00' }), '-1013 Invalid quantity.');
    assert.equal(refused(desk, { type: 'MARKET', quantity: '2.00001' }), '-1013 Filter failure: MARKET_LOT_SIZE');
    assert.equal(refused(desk, { icebergQty: '0.000005' }), '-1013 Filter failure: LOT_SIZE');
    assert.equal(refused(desk, { icebergQty: '0.0009' }), '-1013 Filter failure: ICEBERG_PARTS');
    assert.equal(refused(desk, { icebergQty: '0.2' }), '-2010 IcebergQty exceeds QTY.');
    assert.equal(refused(desk, { type: 'STOP_LOSS_LIMIT', stopPrice: '61000', trailingDelta: 9 }), '-1013 Filter failure: TRAILING_DELTA');
    assert.equal(refused(desk, { type: 'STOP_LOSS_LIMIT', stopPrice: '61000', trailingDelta: 2001 }), '-1013 Filter failure: TRAILING_DELTA');
    assert.equal(refused(desk, { trailingDelta: 100 }), '-1014 Unsupported order combination.');
    assert.equal(refused(desk, { strategyType: 999_999 }), '-1134 `strategyType` was less than 1000000.');
    assert.equal(desk.place(ANN, { ...GOOD, icebergQty: '0.001' }).order.status, 'NEW');
  });

  it('hold the value of an order to its range, of market orders by the reference price', () => {
    const desk = new Desk({ spec: { minNotional: '10', maxNotional: '1000000', applyMaxToMarket: true } });
    assert.equal(refused(desk, { quantity: '0.00016' }), '-1013 Filter failure: NOTIONAL');
    assert.equal(refused(desk, { quantity: '17' }), '-1013 Filter failure: NOTIONAL');
    assert.equal(refused(desk, { type: 'MARKET', quoteOrderQty: '9.99' }), '-1013 Filter failure: NOTIONAL');
    desk.print(60_000);
    assert.equal(refused(desk, { type: 'MARKET', quantity: '0.00016' }), '-1013 Filter failure: NOTIONAL');
    assert.equal(refused(desk, { type: 'MARKET', quantity: '17', side: 'SELL' }), '-1013 Filter failure: NOTIONAL');
  });

  it('hold one order of an account to its most of an asset, as base by quantity and as quote by value', () => {
    const desk = new Desk({ terms: new Map([[ANN, { maxAsset: new Map([[BTC, mustParseAmount('0.5')], [USDT, mustParseAmount('12000')]]) }]]) });
    desk.print(20_000);
    const most = '-1013 Filter failure: MAX_ASSET';
    assert.equal(refused(desk, { price: '20000', quantity: '0.50001' }), most);
    assert.equal(refused(desk, { price: '30000', quantity: '0.40001' }), most);
    assert.equal(refused(desk, { type: 'MARKET', side: 'SELL', quantity: '0.50001' }), most);
    assert.equal(refused(desk, { type: 'MARKET', quoteOrderQty: '12000.01' }), most);
    assert.equal(refusalOf(() => desk.venue.test(ANN, { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '30000', quantity: '0.5' }, desk.nowUs)), most);
    // On another symbol the quote counts and the base has no limit.
    desk.print(1000, 'ETHUSDT');
    assert.equal(refused(desk, { symbol: 'ETHUSDT', price: '1000', quantity: '12.0001' }), most);
    assert.equal(desk.place(ANN, { ...GOOD, symbol: 'ETHUSDT', price: '1000', quantity: '12' }).order.status, 'NEW');
    assert.equal(desk.place(ANN, { ...GOOD, price: '20000', quantity: '0.5' }).order.status, 'NEW');
    assert.equal(desk.place(BOB, { ...GOOD, price: '20000', quantity: '2' }).order.status, 'NEW', 'an account without the filter');
  });

  it('hold limit prices to a band around the reference price, by side', () => {
    const desk = new Desk({ spec: { bidMultiplierUp: '1.1', bidMultiplierDown: '0.5', askMultiplierUp: '2', askMultiplierDown: '0.9' } });
    assert.equal(desk.place(ANN, { ...GOOD, price: '500' }).order.status, 'NEW', 'no reference price yet');
    desk.print(60_000);
    const band = '-1013 Filter failure: PERCENT_PRICE_BY_SIDE';
    assert.equal(refused(desk, { price: '66000.01' }), band);
    assert.equal(refused(desk, { price: '29999.99' }), band);
    assert.equal(refused(desk, { side: 'SELL', price: '120000.01' }), band);
    assert.equal(refused(desk, { side: 'SELL', price: '53999.99' }), band);
    assert.equal(desk.place(ANN, { ...GOOD, price: '30000' }).order.status, 'NEW');
    assert.equal(desk.place(ANN, { ...GOOD, side: 'SELL', price: '120000' }).order.status, 'NEW');
  });

  it('took the weighted average before 2026-05-08, since then the mean of trades', () => {
    for (const [day, highest] of [['2026-05-07', '61000'], ['2026-05-08', '65000']] as const) {
      const desk = new Desk({ asOf: new AsOf(day), spec: { bidMultiplierUp: '1' } });
      // 61000 weighted by quantity, 65000 by number of trades.
      for (const [price, quantity] of [[60_000, 9], [70_000, 1]] as const) {
        desk.quote(ASK, price, quantity);
        desk.agentTakes(BID, quantity);
      }
      assert.equal(refused(desk, { price: `${highest}.01` }), '-1013 Filter failure: PERCENT_PRICE_BY_SIDE', day);
      assert.equal(desk.place(ANN, { ...GOOD, price: highest }).order.status, 'NEW', day);
    }
  });

  it('count open orders, conditional ones, lists and the position', () => {
    const desk = new Desk({ spec: { maxNumOrders: 3, maxNumAlgoOrders: 1, maxNumOrderLists: 0, maxPosition: '101' } });
    desk.print(60_000);
    const stop = { type: 'STOP_LOSS_LIMIT', side: 'SELL', stopPrice: '59000' } as const;
    desk.place(ANN, { ...GOOD, ...stop });
    assert.equal(refused(desk, stop), '-1013 Filter failure: MAX_NUM_ALGO_ORDERS');
    desk.place(ANN, { ...GOOD, quantity: '0.9' });
    assert.equal(refused(desk, { quantity: '0.10001' }), '-1013 Filter failure: MAX_POSITION');
    desk.venue.deposit(ANN, BTC, mustParseAmount('-10'), desk.nowUs);
    desk.place(ANN, GOOD);
    assert.equal(refused(desk, { clientOrderId: id('one-more') }), '-1013 Filter failure: MAX_NUM_ORDERS');
    desk.venue.cancelAll(ANN, 'BTCUSDT', desk.nowUs);
    assert.equal(refusalOf(() => desk.venue.placeOco(ANN, {
      symbol: 'BTCUSDT', above: { side: 'SELL', type: 'LIMIT_MAKER', price: '61000', quantity: '1' }, below: { side: 'SELL', type: 'STOP_LOSS', stopPrice: '59000', quantity: '1' },
    }, desk.nowUs)), '-1013 Filter failure: MAX_NUM_ORDER_LISTS');
  });

  it('refuse new orders but not cancels while the symbol is CANCEL_ONLY, and what the symbol does not allow', () => {
    const desk = new Desk({ spec: { allowedStp: ['EXPIRE_MAKER'], orderTypes: ['LIMIT'] } });
    const { order } = desk.place(ANN, GOOD);
    assert.equal(refused(desk, { stp: 'NONE' }), '-1013 This symbol does not allow the specified self-trade prevention mode.');
    assert.equal(refused(desk, { type: 'STOP_LOSS_LIMIT', stopPrice: '61000' }), '-2010 Stop loss limit orders are not supported for this symbol.');
    desk.market().symbol.status = 'CANCEL_ONLY';
    assert.equal(refused(desk, {}), '-1013 Market is closed.');
    assert.equal(desk.venue.cancel(ANN, { symbol: 'BTCUSDT', orderId: order.orderId }, desk.nowUs).order.status, 'CANCELED');
    assert.equal(refusalOf(() => desk.place(ANN, { ...GOOD, symbol: 'NOPE' })), '-1121 Invalid symbol.');
  });

  it('cancel only what is there and as it was meant', () => {
    const desk = new Desk();
    const { order } = desk.place(ANN, { ...GOOD, clientOrderId: id('x') });
    const cancel = (request: object): string => refusalOf(() => desk.venue.cancel(ANN, { symbol: 'BTCUSDT', ...request }, desk.nowUs));
    assert.equal(cancel({ orderId: 1234 }), '-2011 Unknown order sent.');
    assert.equal(cancel({ orderId: order.orderId, clientOrderId: 'y' }), '-2039 Client order ID is not correct for this order ID.');
    assert.equal(cancel({ orderId: order.orderId, restrictions: 'ONLY_PARTIALLY_FILLED' }), '-2011 Order was not canceled due to cancel restrictions.');
    assert.equal(refusalOf(() => desk.venue.cancelAll(ANN, 'ETHUSDT', desk.nowUs)), '-2011 Unknown order sent.');
    desk.venue.account(ANN).canTrade = false;
    assert.equal(refused(desk, {}), '-2010 This account may not place or cancel orders.');
  });
});
