import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import type { OrderList } from '../../../../actors/exchange/spot/order.js';
import type { LegRequest } from '../../../../actors/exchange/spot/requests.js';
import { ANN, BTC, Desk, id, refusalOf, USDT } from './support.js';

const LIMIT_MAKER = (side: 'BUY' | 'SELL', price: string, quantity = '1'): LegRequest => ({ side, type: 'LIMIT_MAKER', price, quantity });
const STOP_LIMIT = (side: 'BUY' | 'SELL', stopPrice: string, price: string, quantity = '1'): LegRequest => ({ side, type: 'STOP_LOSS_LIMIT', stopPrice, price, quantity, timeInForce: 'GTC' });

function oco(desk: Desk, above: LegRequest, below: LegRequest): OrderList {
  return desk.venue.placeOco(ANN, { symbol: 'BTCUSDT', above, below, listClientOrderId: id('pair') }, desk.nowUs);
}
const states = (list: OrderList): string[] => list.orders.map((order) => `${order.orderType} ${order.status}${order.expiryReason === undefined ? '' : ` ${order.expiryReason}`}`);

describe('OCO', () => {
  it('locks once for both legs; the filled one ends the other', () => {
    const desk = new Desk();
    desk.print(60_000);
    const list = oco(desk, LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '59000', '58900'));
    assert.deepEqual(desk.balance(ANN, BTC), ['99.00000000', '1.00000000']);
    assert.deepEqual(desk.lines(ANN).map((line) => line.replace(/ \d+$/, '')), ['NEW NEW', 'NEW NEW', 'list EXEC_STARTED EXECUTING', 'outboundAccountPosition']);
    desk.forget();
    desk.agentTakes(BID, 0.4);
    assert.deepEqual(states(list), ['STOP_LOSS_LIMIT EXPIRED OCO_TRIGGER', 'LIMIT_MAKER PARTIALLY_FILLED']);
    assert.deepEqual(desk.balance(ANN, BTC), ['99.00000000', '0.60000000']);
    desk.agentTakes(BID, 0.6);
    assert.deepEqual(desk.lines(ANN).map((line) => line.replace(/ \d+$/, '')), [
      'TRADE PARTIALLY_FILLED', 'EXPIRED EXPIRED', 'outboundAccountPosition', 'TRADE FILLED', 'list ALL_DONE ALL_DONE', 'outboundAccountPosition',
    ]);
    desk.check();
  });

  it('ends the limit leg when the stop leg is triggered, and locks the dearer leg of a purchase', () => {
    const desk = new Desk();
    desk.print(60_000);
    const list = oco(desk, STOP_LIMIT('BUY', '61000', '61500'), LIMIT_MAKER('BUY', '59000'));
    assert.deepEqual(desk.balance(ANN, USDT), ['938500.00000000', '61500.00000000']);
    desk.print(61_000);
    assert.deepEqual(states(list), ['STOP_LOSS_LIMIT NEW', 'LIMIT_MAKER EXPIRED OCO_TRIGGER']);
    assert.deepEqual(desk.balance(ANN, USDT)[1], '61500.00000000');
    desk.check();
  });

  it('is canceled as a whole by either leg, by the list, and by cancelling all', () => {
    for (const way of ['leg', 'list', 'all']) {
      const desk = new Desk();
      desk.print(60_000);
      const list = oco(desk, LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '59000', '58900'));
      if (way === 'leg') desk.venue.cancel(ANN, { symbol: 'BTCUSDT', orderId: list.orders[1]!.orderId }, desk.nowUs);
      else if (way === 'list') desk.venue.cancelList(ANN, { symbol: 'BTCUSDT', clientId: 'pair' }, desk.nowUs);
      else desk.venue.cancelAll(ANN, 'BTCUSDT', desk.nowUs);
      assert.deepEqual(states(list), ['STOP_LOSS_LIMIT CANCELED', 'LIMIT_MAKER CANCELED'], way);
      assert.equal(list.statusType, 'ALL_DONE');
      assert.deepEqual(desk.balance(ANN, BTC), ['100.00000000', '0.00000000']);
      assert.equal(refusalOf(() => desk.venue.cancelList(ANN, { symbol: 'BTCUSDT', listId: list.listId }, desk.nowUs)), '-2011 Unknown order sent.');
    }
  });

  it('amends both legs together', () => {
    const desk = new Desk();
    desk.print(60_000);
    const list = oco(desk, LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '59000', '58900'));
    desk.venue.amend(ANN, { symbol: 'BTCUSDT', orderId: list.orders[1]!.orderId, newQty: '0.3', newClientOrderId: id('less') }, desk.nowUs);
    assert.deepEqual(list.orders.map((order) => order.lots), [30_000, 30_000]);
    assert.deepEqual(desk.balance(ANN, BTC), ['99.70000000', '0.30000000']);
    assert.ok(desk.lines(ANN).includes('list UPDATED EXECUTING'));
    desk.check();
  });

  it('refuses pairs that are none, or lie on the wrong side', () => {
    const desk = new Desk();
    desk.print(60_000);
    const refused = (above: LegRequest, below: LegRequest): string => refusalOf(() => oco(desk, above, below));
    assert.equal(refused(LIMIT_MAKER('SELL', '61000'), LIMIT_MAKER('SELL', '59000')), '-1168 At least one OCO order must be contingent.');
    assert.equal(refused(LIMIT_MAKER('BUY', '61000'), STOP_LIMIT('BUY', '59000', '59000')), '-1165 A limit order in a buy OCO must be below.');
    assert.equal(refused(STOP_LIMIT('SELL', '61000', '61000'), LIMIT_MAKER('SELL', '59000')), '-1166 A limit order in a sell OCO must be above.');
    assert.equal(refused(LIMIT_MAKER('SELL', '59500'), STOP_LIMIT('SELL', '59000', '59000')), '-2010 The relationship of the prices for the orders is not correct.');
    assert.equal(refused(LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '60500', '60500')), '-2010 The relationship of the prices for the orders is not correct.');
    assert.equal(refused(LIMIT_MAKER('SELL', '61000', '101'), STOP_LIMIT('SELL', '59000', '59000', '101')), '-2010 Account has insufficient balance for requested action.');
    assert.deepEqual([desk.balance(ANN, BTC), desk.venue.account(ANN).openListsByClientId.size, desk.lines(ANN).length], [['100.00000000', '0.00000000'], 0, 0]);
    oco(desk, LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '59000', '59000'));
    assert.equal(refused(LIMIT_MAKER('SELL', '61000'), STOP_LIMIT('SELL', '59000', '59000')), '-2010 Duplicate order sent.');
  });
});

describe('OTO and OTOCO', () => {
  const working: LegRequest = { side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '60000', quantity: '1' };
  const place = (desk: Desk, ...pending: [LegRequest] | [LegRequest, LegRequest]): OrderList => desk.venue.placeOto(ANN, { symbol: 'BTCUSDT', working, pending }, desk.nowUs);

  it('place the pending order when the working one is filled whole', () => {
    const desk = new Desk();
    const list = place(desk, { side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', price: '62000', quantity: '0.9' });
    assert.deepEqual([states(list), desk.balance(ANN, BTC)], [['LIMIT NEW', 'LIMIT PENDING_NEW'], ['100.00000000', '0.00000000']]);
    desk.agentTakes(ASK, 0.5);
    assert.deepEqual(states(list), ['LIMIT PARTIALLY_FILLED', 'LIMIT PENDING_NEW']);
    desk.agentTakes(ASK, 0.5);
    assert.deepEqual([states(list), desk.balance(ANN, BTC)], [['LIMIT FILLED', 'LIMIT NEW'], ['100.09900000', '0.90000000']]);
    desk.agentTakes(BID, 0.9);
    assert.deepEqual([states(list), list.statusType], [['LIMIT FILLED', 'LIMIT FILLED'], 'ALL_DONE']);
    desk.check();
  });

  it('expire the pending order with the working one, and as REJECTED when it cannot be paid', () => {
    const desk = new Desk();
    const canceled = place(desk, { side: 'SELL', type: 'MARKET', quantity: '1' });
    desk.venue.cancel(ANN, { symbol: 'BTCUSDT', orderId: canceled.working!.orderId }, desk.nowUs);
    assert.deepEqual(states(canceled), ['LIMIT CANCELED', 'MARKET CANCELED']);
    desk.quote(ASK, 60_000, 0.5);
    const ioc = desk.venue.placeOto(ANN, { symbol: 'BTCUSDT', working: { ...working, timeInForce: 'IOC' }, pending: [{ side: 'SELL', type: 'MARKET', quantity: '1' }] }, desk.nowUs);
    assert.deepEqual(states(ioc), ['LIMIT EXPIRED UNFILLED_IOC_QUANTITY_EXPIRED', 'MARKET EXPIRED OTO_PHASE_ONE_EXPIRED']);
    const poor = place(desk, { side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', price: '62000', quantity: '140' });
    desk.agentTakes(ASK, 1);
    assert.deepEqual([states(poor), poor.statusType], [['LIMIT FILLED', 'LIMIT EXPIRED REJECTED'], 'ALL_DONE']);
    desk.check();
  });

  it('end with a working order that ends while it is placed, legs that nobody could pay included', () => {
    const desk = new Desk();
    desk.place(ANN, { side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', price: '60000', quantity: '99.8' });
    desk.forget();
    const list = desk.venue.placeOto(ANN, {
      symbol: 'BTCUSDT', working: { ...working, stp: 'EXPIRE_TAKER' }, pending: [LIMIT_MAKER('SELL', '62000', '0.5'), STOP_LIMIT('SELL', '59000', '58900', '0.5')],
    }, desk.nowUs);
    assert.deepEqual(states(list), ['LIMIT EXPIRED_IN_MATCH', 'STOP_LOSS_LIMIT EXPIRED OTO_PHASE_ONE_EXPIRED', 'LIMIT_MAKER EXPIRED OTO_PHASE_ONE_EXPIRED']);
    assert.deepEqual(desk.lines(ANN).map((line) => line.replace(/ \d+$/, '')), [
      'NEW NEW', 'NEW PENDING_NEW', 'NEW PENDING_NEW', 'list EXEC_STARTED EXECUTING', 'TRADE_PREVENTION EXPIRED_IN_MATCH', 'EXPIRED EXPIRED', 'EXPIRED EXPIRED', 'list ALL_DONE ALL_DONE',
      'outboundAccountPosition',
    ]);
    desk.check();
  });

  it('let a pair loose: one leg ends the other', () => {
    const desk = new Desk();
    desk.print(60_500);
    const list = place(desk, LIMIT_MAKER('SELL', '62000', '0.5'), STOP_LIMIT('SELL', '59000', '58900', '0.5'));
    assert.deepEqual(states(list), ['LIMIT NEW', 'STOP_LOSS_LIMIT PENDING_NEW', 'LIMIT_MAKER PENDING_NEW']);
    desk.agentTakes(ASK, 1);
    assert.deepEqual([states(list), desk.balance(ANN, BTC)], [['LIMIT FILLED', 'STOP_LOSS_LIMIT NEW', 'LIMIT_MAKER NEW'], ['100.49900000', '0.50000000']]);
    desk.print(59_000);
    assert.deepEqual(states(list), ['LIMIT FILLED', 'STOP_LOSS_LIMIT NEW', 'LIMIT_MAKER EXPIRED OCO_TRIGGER']);
    desk.check();
  });

  it('expire the whole pair when one of it would trigger at once', () => {
    const desk = new Desk();
    const list = place(desk, LIMIT_MAKER('SELL', '62000', '0.5'), STOP_LIMIT('SELL', '61000', '60900', '0.5'));
    desk.agentTakes(ASK, 1);
    assert.deepEqual([states(list), desk.balance(ANN, BTC)[1]], [['LIMIT FILLED', 'STOP_LOSS_LIMIT EXPIRED REJECTED', 'LIMIT_MAKER EXPIRED REJECTED'], '0.00000000']);
    desk.check();
  });
});
