import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OrderRequest } from '../../../../actors/exchange/spot/requests.js';
import { ANN, BOB, BTC, CAT, Desk, id, USDT } from './support.js';

const group = { tradeGroupId: 1 };
/** Ann and Bob are of one group, Cat is of none. */
const together = (): Desk => new Desk({ terms: new Map([[ANN, group], [BOB, group]]) });
const sell: Partial<OrderRequest> = { side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', price: '20000', quantity: '0.6' };
const buy: Partial<OrderRequest> = { ...sell, side: 'BUY' };

describe('accounts of one trade group', () => {
  it('transfer what they would have traded when both orders say so: the example of the venue (scenario H)', () => {
    const desk = together();
    const { order: maker } = desk.place(ANN, { ...buy, stp: 'TRANSFER' });
    const before = [desk.balance(ANN, BTC), desk.balance(ANN, USDT), desk.balance(BOB, BTC), desk.balance(BOB, USDT)];
    assert.deepEqual(before, [['100.00000000', '0.00000000'], ['988000.00000000', '12000.00000000'], ['100.00000000', '0.00000000'], ['1000000.00000000', '0.00000000']]);
    desk.forget();
    const { order: taker, fills, prevented } = desk.place(BOB, { ...sell, quantity: '0.2', stp: 'TRANSFER' });
    assert.deepEqual([taker.status, fills.length, taker.filledLots, taker.preventedTotal], ['EXPIRED_IN_MATCH', 0, 0, 20_000]);
    assert.deepEqual([maker.status, maker.filledLots, maker.preventedTotal], ['NEW', 0, 20_000]);
    assert.deepEqual(prevented.map(({ mode, takerLots, makerLots }) => [mode, takerLots, makerLots]), [['TRANSFER', 20_000, 20_000]]);
    // 0.2 BTC and 4000 USDT change hands, and nobody pays a commission.
    assert.deepEqual([desk.balance(ANN, BTC), desk.balance(ANN, USDT)], [['100.20000000', '0.00000000'], ['988000.00000000', '8000.00000000']]);
    assert.deepEqual([desk.balance(BOB, BTC), desk.balance(BOB, USDT)], [['99.80000000', '0.00000000'], ['1004000.00000000', '0.00000000']]);
    assert.deepEqual(desk.lines(ANN), [`TRADE_PREVENTION NEW ${maker.orderId}`, 'outboundAccountPosition']);
    const [report] = desk.told.get(ANN)!;
    assert.deepEqual([report!['u'], report!['U'], report!['A'], report!['B'], report!['pL'], report!['pY'], report!['t']], [1, taker.orderId, '0.20000000', '0.20000000', '20000.00000000', '4000.00000000', -1]);
    assert.equal(desk.market().matcher.lastTicks, 0, 'it is no trade');
    for (const who of [ANN, BOB]) assert.equal(desk.venue.account(who).on(desk.market()).prevented.length, 1, 'both can look it up');
    desk.check();
  });

  it('only decrement when the resting order says otherwise, or both orders are of one account', () => {
    for (const [owner, stp] of [[BOB, 'EXPIRE_MAKER'], [ANN, 'TRANSFER']] as const) {
      const desk = together();
      const { order: maker } = desk.place(ANN, { ...buy, stp: owner === ANN ? 'TRANSFER' : stp });
      const { order: taker, prevented } = desk.place(owner, { ...sell, quantity: '0.2', stp: 'TRANSFER' });
      assert.deepEqual([taker.status, maker.status, maker.preventedTotal], ['EXPIRED_IN_MATCH', 'NEW', 20_000]);
      assert.equal(prevented[0]!.mode, owner === ANN ? 'TRANSFER' : 'DECREMENT');
      assert.deepEqual([desk.balance(ANN, BTC), desk.balance(ANN, USDT)], [['100.00000000', '0.00000000'], ['992000.00000000', '8000.00000000']]);
      assert.deepEqual(desk.balance(BOB, USDT), ['1000000.00000000', '0.00000000']);
      desk.check();
    }
  });

  it('do not trade with each other in any mode, and do with others', () => {
    const desk = together();
    const { order: resting } = desk.place(ANN, buy);
    const other = desk.place(CAT, { ...buy, price: '19999', quantity: '1' });
    const { order } = desk.place(BOB, { ...sell, price: '19999', quantity: '0.5', stp: 'EXPIRE_MAKER' });
    assert.deepEqual([resting.status, order.status, other.order.status], ['EXPIRED_IN_MATCH', 'FILLED', 'PARTIALLY_FILLED']);
    desk.place(ANN, buy);
    assert.equal(desk.place(BOB, { ...sell, stp: 'EXPIRE_TAKER' }).order.status, 'EXPIRED_IN_MATCH');
    assert.equal(desk.place(CAT, sell).order.status, 'FILLED', 'an account of no group');
    desk.check();
  });

  it('pay a market order by its sweep, and end the other leg of a pair whose leg was transferred in part', () => {
    const desk = together();
    const list = desk.venue.placeOco(ANN, {
      symbol: 'BTCUSDT',
      above: { side: 'SELL', type: 'LIMIT_MAKER', quantity: '1', price: '20000', stp: 'TRANSFER', clientOrderId: id('above') },
      below: { side: 'SELL', type: 'STOP_LOSS_LIMIT', quantity: '1', stopPrice: '19000', price: '18900', timeInForce: 'GTC', stp: 'TRANSFER', clientOrderId: id('below') },
    }, desk.nowUs);
    const { order } = desk.place(BOB, { side: 'BUY', type: 'MARKET', quantity: '0.4', stp: 'TRANSFER' });
    assert.equal(order.status, 'EXPIRED_IN_MATCH');
    assert.deepEqual(list.orders.map(({ status, preventedTotal }) => [status, preventedTotal]), [['EXPIRED', 0], ['NEW', 40_000]]);
    assert.deepEqual([desk.balance(ANN, BTC), desk.balance(BOB, BTC)], [['99.00000000', '0.60000000'], ['100.40000000', '0.00000000']]);
    assert.deepEqual([desk.balance(ANN, USDT), desk.balance(BOB, USDT)], [['1008000.00000000', '0.00000000'], ['992000.00000000', '0.00000000']]);
    desk.check();
  });
});
