import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { ANN, BOB, Desk, USDT } from './support.js';

const OUT = 'EXECUTION_RULE_PRICE_RANGE_EXCEEDED';
const priceRange = { bidLimitMultUp: '1.1000', bidLimitMultDown: '0.9000', askLimitMultUp: '1.1000', askLimitMultDown: '0.9500' };

/** Trades at 20000, and offers within and beyond the range. */
function deskAt(spec: object = { priceRange }, asOf = new AsOf()): Desk {
  const desk = new Desk({ spec, asOf });
  desk.print(20_000);
  for (const [price, lots] of [[21_000, 1], [22_000, 1], [22_000.01, 1], [23_000, 5]] as const) desk.quote(ASK, price, lots);
  for (const [price, lots] of [[19_000, 1], [18_999.99, 1]] as const) desk.quote(BID, price, lots);
  return desk;
}

describe('the price range execution rule', () => {
  it('ends a taker at the first price outside, with what it has by then', () => {
    const desk = deskAt();
    const { order, fills } = desk.place(ANN, { type: 'MARKET', quantity: '3' });
    assert.deepEqual([order.status, order.expiryReason, fills.map(({ ticks }) => ticks)], ['EXPIRED', OUT, [2_100_000, 2_200_000]]);
    assert.equal(desk.told.get(ANN)!.find((event) => event['x'] === 'EXPIRED')!['eR'], OUT);
    assert.deepEqual(desk.balance(ANN, USDT), ['957000.00000000', '0.00000000'], 'nothing stays locked');
    desk.check();
  });

  it('does so with limit orders of any time in force, by side', () => {
    const desk = deskAt();
    const sold = desk.place(ANN, { side: 'SELL', timeInForce: 'GTC', price: '18000', quantity: '2' });
    assert.deepEqual([sold.order.status, sold.order.expiryReason, sold.order.filledLots], ['EXPIRED', OUT, 100_000]);
    const fok = deskAt().place(ANN, { timeInForce: 'FOK', price: '23000', quantity: '2.5' });
    assert.deepEqual([fok.order.status, fok.order.expiryReason, fok.order.filledLots], ['EXPIRED', 'UNFILLED_FOK_ORDER_EXPIRED', 0], 'all or nothing of what may be had');
    const within = deskAt().place(ANN, { timeInForce: 'GTC', price: '22000', quantity: '3' });
    assert.deepEqual([within.order.status, within.order.filledLots], ['PARTIALLY_FILLED', 200_000], 'a limit within the range rests');
  });

  it('sets the limits when an order begins to take, for as long as it takes', () => {
    const desk = deskAt();
    // Its own first fills move the mean, and its limits not: from 20000 alone 22000 is the highest.
    const { fills } = desk.place(ANN, { type: 'MARKET', quantity: '2.5' });
    assert.equal(fills.length, 2);
    // The next one's limits are of the new mean, 21000: 23100.
    assert.equal(desk.place(BOB, { type: 'MARKET', quantity: '1' }).order.status, 'FILLED');
  });

  it('holds for an order that rested and is triggered or moved only when it takes', () => {
    const desk = deskAt();
    const resting = desk.place(ANN, { timeInForce: 'GTC', price: '17000', quantity: '1' });
    desk.agentTakes(ASK, 3);
    assert.equal(resting.order.status, 'FILLED', 'a maker trades at its price');
    const stop = deskAt();
    const { order } = stop.place(ANN, { type: 'STOP_LOSS', quantity: '3', stopPrice: '20500' });
    stop.agentTakes(BID, 0.5);
    assert.deepEqual([order.status, order.expiryReason], ['EXPIRED', OUT]);
  });

  it('is not enforced without a reference price, without the multiplier, or before there were such rules', () => {
    const fresh = new Desk({ spec: { priceRange } });
    fresh.quote(ASK, 90_000, 1);
    assert.equal(fresh.place(ANN, { type: 'MARKET', quantity: '1' }).order.status, 'FILLED');
    for (const desk of [deskAt({ priceRange: { askLimitMultDown: '0.9500' } }), deskAt({}), deskAt({ priceRange }, new AsOf('2026-03-08'))]) {
      assert.equal(desk.place(ANN, { type: 'MARKET', quantity: '3' }).order.status, 'FILLED');
    }
  });
});
