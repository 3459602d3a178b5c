import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewOrder } from '../../../../actors/exchange/futures/usdm/index.js';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { ALICE, BOB, refusal, Stage, START_US } from './support.js';

describe('orders of USD-M futures', () => {
  test('a market order fills at the book’s prices, is told in order, and pays the taker’s fee; a maker pays his', () => {
    const stage = new Stage();
    const order = stage.place(ALICE, { quantity: '1.200', price: undefined });
    assert.equal(order.status, 'FILLED');
    assert.deepEqual(stage.log.take(), [
      '1001 NEW NEW', '1001 account ORDER BOTH BTCUSDT 1000', '1001 TRADE PARTIALLY_FILLED 1.000@60010.0', '1001 account ORDER BOTH BTCUSDT 1200', '1001 TRADE FILLED 0.200@60020.0',
    ]);
    // (60,010 + 0.2 x 60,020) x 0.0005
    assert.equal(stage.wallet(ALICE), '9963.99300000');
    stage.place(BOB, { side: 'SELL', price: '60010', quantity: '0.100' });
    stage.venue.takeForAgent('BTCUSDT', 0, 100, 600_100, stage.nowUs);
    assert.equal(stage.lots(BOB), -100);
    assert.equal(stage.wallet(BOB), '9998.79980000');
  });

  const good = { price: '59000', quantity: '0.010' };
  const refused: readonly [string, Partial<NewOrder>, string][] = [
    ['an unknown symbol', { ...good, symbol: 'NOPEUSDT' }, '-1121 Invalid symbol.'],
    ['a limit order without a time in force', { ...good, timeInForce: undefined }, "-1102 Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."],
    ['a limit order without a price', { type: 'LIMIT' }, "-1102 Mandatory parameter 'price' was not sent, was empty/null, or malformed."],
    ['an order without a quantity', { ...good, quantity: undefined }, "-1102 Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."],
    ['a market order with a price', { type: 'MARKET', price: '60000', timeInForce: undefined }, "-1106 Parameter 'price' sent when not required."],
    ['a price finer than the precision', { ...good, price: '59000.001' }, '-1111 Precision is over the maximum defined for this asset.'],
    ['a price off the tick', { ...good, price: '59000.05' }, '-4014 Price not increased by tick size.'],
    ['a price above the filter', { ...good, price: '99999999' }, '-4002 Price greater than max price.'],
    ['a price of nothing', { ...good, price: '0' }, '-4001 Price less than 0.'],
    ['a quantity finer than the precision', { ...good, quantity: '0.0101' }, '-1111 Precision is over the maximum defined for this asset.'],
    ['a quantity of nothing', { ...good, quantity: '0' }, '-4003 Quantity less than or equal to zero.'],
    ['a quantity above the filter', { ...good, quantity: '10001' }, '-4005 Quantity greater than max quantity.'],
    ['a market quantity above its own filter', { quantity: '1201' }, '-4005 Quantity greater than max quantity.'],
    ['a notional under the least', { ...good, quantity: '0.001' }, "-4164 Order's notional must be no smaller than 100 (unless you choose reduce only)."],
    ['a buy too far above the mark price', { ...good, price: '63000.1' }, "-4016 Limit price can't be higher than 63000.0."],
    ['a sell too far below it', { ...good, side: 'SELL', price: '56999.9' }, "-4024 Limit price can't be lower than 57000.0."],
    ['more than the margin', { ...good, quantity: '4.000' }, '-2019 Margin is insufficient.'],
    ['a side in one-way mode', { ...good, positionSide: 'LONG' }, "-4061 Order's position side does not match user's setting."],
    ['reduce-only without a position', { ...good, reduceOnly: true }, '-2022 ReduceOnly Order is rejected.'],
    ['post-only that would take', { price: '60010', timeInForce: 'GTX' }, '-5022 Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.'],
    ['fill-or-kill for more than there is', { price: '60010', quantity: '1.001', timeInForce: 'FOK' }, '-5021 Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history.'],
    ['a date too near', { ...good, timeInForce: 'GTD', goodTillDate: START_US / 1000 + 600_000 }, '-5040 The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)'],
    ['GTD without a date', { ...good, timeInForce: 'GTD' }, "-1102 Mandatory parameter 'goodTillDate' was not sent, was empty/null, or malformed."],
    ['a matched price and a price', { ...good, priceMatch: 'QUEUE' }, "-1106 Parameter 'price' sent when not required."],
    ['a matched price beyond the book', { type: 'LIMIT', priceMatch: 'OPPONENT_20' }, '-5041 No depth matches this BBO order'],
    ['closePosition on a plain order', { ...good, closePosition: true }, "-4136 Target strategy invalid for orderType 'LIMIT',closePosition 'true'"],
    ['a conditional order on the order endpoint', { type: 'STOP_MARKET', stopPrice: '59000', timeInForce: undefined }, '-4120 Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.'],
    ['a client id too long', { ...good, clientOrderId: 'x'.repeat(37) }, '-4015 Client order id length should be less than 36 chars'],
  ];
  for (const [what, order, wanted] of refused) {
    test(`${what} is refused, and nothing happens`, () => {
      const stage = new Stage();
      assert.equal(refusal(() => stage.place(ALICE, order)), wanted);
      assert.deepEqual(stage.log.take(), []);
      assert.equal(stage.venue.account(ALICE).hasOpenOrders, false);
      assert.equal(stage.venue.account(ALICE).history.orders.items.length, 0);
    });
  }

  test('a client’s name is taken while its order is open, and free again after', () => {
    const stage = new Stage();
    stage.place(ALICE, { ...good, clientOrderId: 'mine' });
    assert.equal(refusal(() => stage.place(ALICE, { ...good, clientOrderId: 'mine' })), '-4116 ClientOrderId is duplicated.');
    assert.equal(refusal(() => stage.place(BOB, { ...good, clientOrderId: 'mine' })), 'accepted');
    stage.venue.cancelOrder(ALICE, { symbol: 'BTCUSDT', clientOrderId: 'mine' }, stage.nowUs);
    assert.equal(refusal(() => stage.place(ALICE, { ...good, clientOrderId: 'mine' })), 'accepted');
    assert.equal(refusal(() => stage.venue.cancelOrder(ALICE, { symbol: 'ETHUSDT', clientOrderId: 'mine' }, stage.nowUs)), '-2011 Unknown order sent.');
    assert.equal(refusal(() => stage.venue.orders.find(stage.venue.account(ALICE), { symbol: 'BTCUSDT', orderId: 1 })), '-2013 Order does not exist.');
  });

  test('times in force: the rest of IOC expires, GTD expires at its second, a countdown cancels unless it is renewed', () => {
    const stage = new Stage();
    const ioc = stage.place(ALICE, { price: '60010', quantity: '1.500', timeInForce: 'IOC' });
    assert.deepEqual([ioc.status, ioc.filledLots, ioc.endReason], ['EXPIRED', 1000, 'ioc']);
    const gtd = stage.place(BOB, { ...good, timeInForce: 'GTD', goodTillDate: stage.nowUs / 1000 + 700_500 });
    assert.equal(gtd.terms.goodTillMs % 1000, 0);
    stage.wait(699);
    assert.equal(gtd.status, 'NEW');
    stage.wait(2);
    assert.equal(gtd.status, 'EXPIRED');
    const kept = stage.place(BOB, good);
    stage.venue.setCountdown(BOB, 'BTCUSDT', 10_000, stage.nowUs);
    stage.wait(9);
    stage.venue.setCountdown(BOB, 'BTCUSDT', 10_000, stage.nowUs);
    stage.wait(9);
    assert.equal(kept.status, 'NEW');
    stage.wait(2);
    assert.equal(kept.status, 'CANCELED');
  });

  test('a matched price is the book’s', () => {
    const stage = new Stage();
    assert.equal(stage.place(ALICE, { type: 'LIMIT', priceMatch: 'QUEUE_5' }).ticks, 599_500);
    assert.equal(stage.place(ALICE, { type: 'LIMIT', side: 'SELL', priceMatch: 'QUEUE' }).ticks, 600_100);
    assert.equal(stage.place(BOB, { type: 'LIMIT', priceMatch: 'OPPONENT' }).status, 'FILLED');
  });

  test('self-trade prevention ends orders as EXPIRED_IN_MATCH', () => {
    const stage = new Stage();
    const maker = stage.place(ALICE, { price: '60005' });
    const taker = stage.place(ALICE, { side: 'SELL', price: '60005', stp: 'EXPIRE_TAKER' });
    assert.deepEqual([maker.status, taker.status], ['NEW', 'EXPIRED_IN_MATCH']);
    stage.place(ALICE, { side: 'SELL', price: '60005', stp: 'EXPIRE_MAKER' });
    assert.equal(maker.status, 'EXPIRED_IN_MATCH');
  });

  test('reduce-only never opens: it is cut to the position, shrinks with it, and goes when it is gone', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '0.100' });
    const target = stage.place(ALICE, { side: 'SELL', price: '61000', quantity: '0.500', reduceOnly: true });
    assert.equal(target.lots, 100);
    assert.equal(refusal(() => stage.place(ALICE, { ...good, reduceOnly: true })), '-2022 ReduceOnly Order is rejected.');
    stage.log.take();
    stage.place(ALICE, { side: 'SELL', quantity: '0.060' });
    assert.equal(target.leavesLots, 40);
    assert.ok(stage.log.take().includes('1001 AMENDMENT NEW'));
    stage.place(ALICE, { side: 'SELL', quantity: '0.040' });
    assert.deepEqual([target.status, target.endReason], ['EXPIRED', 'reduce-only']);
  });

  test('an order that flips the position needs margin for what it opens alone', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '3.000' });
    // 3 BTC at 20x take 9,000 of 10,000; 6 BTC the other way leave 3 short again.
    assert.equal(refusal(() => stage.place(ALICE, { side: 'SELL', quantity: '7.000' })), '-2019 Margin is insufficient.');
    assert.equal(stage.place(ALICE, { side: 'SELL', quantity: '6.000' }).status, 'FILLED');
    assert.equal(stage.lots(ALICE), -3000);
  });

  test('modify moves price and quantity of a LIMIT order, and knows its own refusals', () => {
    const stage = new Stage();
    const order = stage.place(ALICE, { ...good, quantity: '0.100' });
    const name = { symbol: 'BTCUSDT', orderId: order.orderId, side: 'BUY' as const };
    const modify = (quantity: string, price: string): string => refusal(() => stage.venue.modifyOrder(ALICE, { ...name, quantity, price }, stage.nowUs));
    assert.equal(modify('0.100', '59000'), '-5027 No need to modify the order.');
    assert.equal(modify('0.100', '63001'), "-4016 Limit price can't be higher than 63000.0.");
    assert.equal(modify('9.000', '59000'), '-2019 Margin is insufficient.');
    assert.equal(modify('0.200', '59500'), 'accepted');
    assert.deepEqual([order.ticks, order.lots, order.status], [595_000, 200, 'NEW']);
    assert.equal(stage.holder(ALICE).bidNotional, order.reserved);
    stage.venue.takeForAgent('BTCUSDT', 1, 10_150, 595_000, stage.nowUs);
    const { filledLots } = order;
    assert.ok(filledLots > 0 && filledLots < 200);
    assert.equal(modify('0.001', '59500'), 'accepted');
    assert.equal(order.status, 'CANCELED');
    assert.equal(modify('0.100', '59000'), '-2013 Order does not exist.');
    assert.equal(stage.venue.account(ALICE).of(stage.venue.markets.get('BTCUSDT')!).bidNotional, 0n);
  });

  test('a modified order goes to the back of its queue, even when it only gets smaller', () => {
    const stage = new Stage();
    const [first, second] = [ALICE, BOB].map((id) => stage.place(id, { price: '59995', quantity: '0.100' }));
    stage.venue.modifyOrder(ALICE, { symbol: 'BTCUSDT', orderId: first!.orderId, side: 'BUY', quantity: '0.050', price: '59995' }, stage.nowUs);
    stage.venue.takeForAgent('BTCUSDT', 1, 100, 599_950, stage.nowUs);
    assert.deepEqual([first!.filledLots, second!.filledLots], [0, 100]);
  });

  test('hedge mode: LONG and SHORT apart, closing sides checked, reduceOnly not known', () => {
    const stage = new Stage();
    stage.venue.setDual(ALICE, true, stage.nowUs);
    assert.equal(refusal(() => stage.place(ALICE, good)), "-4061 Order's position side does not match user's setting.");
    assert.equal(refusal(() => stage.place(ALICE, { ...good, positionSide: 'LONG', reduceOnly: true })), "-1106 Parameter 'reduceonly' sent when not required.");
    stage.place(ALICE, { quantity: '0.100', positionSide: 'LONG' });
    stage.place(ALICE, { side: 'SELL', quantity: '0.200', positionSide: 'SHORT' });
    const { long, short } = stage.holder(ALICE);
    assert.deepEqual([long.lots, short.lots], [100, -200]);
    assert.equal(refusal(() => stage.place(ALICE, { side: 'SELL', quantity: '0.101', positionSide: 'LONG' })), '-2022 ReduceOnly Order is rejected.');
    stage.place(ALICE, { side: 'SELL', quantity: '0.100', positionSide: 'LONG' });
    stage.place(ALICE, { side: 'BUY', quantity: '0.050', positionSide: 'SHORT' });
    assert.deepEqual([long.lots, short.lots], [0, -150]);
    assert.equal(refusal(() => stage.venue.setDual(ALICE, false, stage.nowUs)), '-4068 Position side cannot be changed if there exists position.');
  });

  test('a maker’s rebate is paid by the fee account', () => {
    const stage = new Stage({ makerRate: '-0.0001' });
    stage.place(ALICE, { price: '59995', quantity: '1.000' });
    stage.venue.takeForAgent('BTCUSDT', 1, 1000, 599_950, stage.nowUs);
    assert.equal(stage.wallet(ALICE), '10005.99950000');
    assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
  });

  test('before 2025-12-09 a conditional order is an order, under one number for all its life', () => {
    const stage = new Stage({ asOf: new AsOf('2025-12-08') });
    stage.place(ALICE, { quantity: '0.100' });
    const stop = stage.venue.placeOrder(ALICE, { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', quantity: '0.100', stopPrice: '59000', workingType: 'MARK_PRICE', clientOrderId: 'sl' }, stage.nowUs);
    const account = stage.venue.account(ALICE);
    assert.deepEqual(stage.venue.orders.open(account).map(({ orderId }) => orderId), [stop.orderId]);
    assert.deepEqual(stage.venue.algos.open(account), []);
    stage.mark('58999');
    assert.equal(stage.lots(ALICE), 0);
    const found = stage.venue.orders.find(account, { symbol: 'BTCUSDT', clientOrderId: 'sl' });
    assert.deepEqual([found.orderId, found.terms.shownType, found.terms.origType], [stop.orderId, 'MARKET', 'STOP_MARKET']);
    assert.equal(stage.venue.orders.all(account, 'BTCUSDT').filter(({ orderId }) => orderId === stop.orderId).length, 1);
  });
});
