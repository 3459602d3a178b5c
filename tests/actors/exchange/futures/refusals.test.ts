import assert from 'node:assert/strict';
import { test } from 'node:test';
import { futuresSymbol } from '../../../../actors/exchange/futures/usdm/index.js';
import { ALICE, refusal, Stage } from './support.js';

/** A tick and a step that are no powers of ten, one order and one conditional one at a time. */
const NARROW = futuresSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.5', stepSize: '0.005', minNotional: '5', maxNumOrders: 1, maxNumAlgoOrders: 1 });

test('prices and quantities below the first step, and between steps', () => {
  const stage = new Stage({ symbols: [{ spec: NARROW, startPrice: '60000' }] });
  const order = { price: '59000', quantity: '0.010' };
  for (const [code, more] of [[-4013, { price: '0.1' }], [-4014, { price: '59000.1' }], [-4004, { quantity: '0.001' }], [-4023, { quantity: '0.011' }]] as const) {
    assert.equal(refusal(() => stage.place(ALICE, { ...order, ...more })).split(' ')[0], String(code));
  }
});

test('no more orders, and no more conditional ones, than the symbol takes', () => {
  const stage = new Stage({ symbols: [{ spec: NARROW, startPrice: '60000' }] });
  stage.place(ALICE, { price: '59000', quantity: '0.010' });
  assert.equal(refusal(() => stage.place(ALICE, { price: '58000', quantity: '0.010' })), '-2025 Reach max open order limit.');
  const stop = { side: 'BUY', quantity: '0.010', stopPrice: '61000' } as const;
  stage.algo(ALICE, stop);
  assert.equal(refusal(() => stage.algo(ALICE, { ...stop, stopPrice: '62000' })), '-4045 Reach max stop order limit.');
});

test('a market order is refused when the best price is out of bounds already', () => {
  const stage = new Stage();
  stage.clearBook();
  stage.fillBook(500_000, 640_000);
  assert.equal(refusal(() => stage.place(ALICE, { quantity: '0.010' })), "-4131 The counterparty's best price does not meet the PERCENT_PRICE filter limit.");
});

test('only limit orders are changed, and not without end', () => {
  const stage = new Stage();
  const order = stage.place(ALICE, { price: '59000', quantity: '0.010' });
  order.amends = 10_000;
  const change = { symbol: 'BTCUSDT', orderId: order.orderId, side: 'BUY', quantity: '0.020', price: '59000' } as const;
  assert.equal(refusal(() => stage.venue.modifyOrder(ALICE, change, stage.nowUs)), '-5026 Exceed maximum modify order limit.');
});
