import assert from 'node:assert/strict';
import test from 'node:test';
import { ASK } from '../../../../actors/exchange/book/index.js';
import { code, openVenue, place, quote } from './venue.js';

test('orders that the platform has no use for are refused with its codes', () => {
  const { venue, alice } = openVenue();
  const stop = { direction: 'sell', type: 'stop_market', trigger: 'last_price' } as const;
  assert.equal(code(() => place(venue, alice, { type: 'market_limit' })), 11_030, 'nobody to trade with');
  assert.equal(code(() => place(venue, alice, { ...stop, triggerPrice: 58_000.3 })), 10_044);
  assert.equal(code(() => place(venue, alice, { postOnly: true, timeInForce: 'immediate_or_cancel' })), 11_047);
  for (let at = 0; at < 100; at++) assert.equal(code(() => place(venue, alice, { ...stop, triggerPrice: 50_000 + at })), 'accepted');
  assert.equal(code(() => place(venue, alice, { ...stop, triggerPrice: 50_100 })), 11_035);
});

test('an order that has been filled is told so when it is cancelled, and is not cut below what is filled', () => {
  const { venue, alice } = openVenue();
  quote(venue, 'BTC-PERPETUAL', ASK, 60_000, 100);
  const partly = place(venue, alice, { amount: 300 }).order['order_id'] as string;
  const edit = (amount: number): unknown => venue.call(venue.nowUs, () => venue.orders.edit(alice, partly, { amount }));
  assert.equal(code(() => edit(100)), 10_021);
  quote(venue, 'BTC-PERPETUAL', ASK, 60_100, 100);
  const whole = place(venue, alice, { amount: 100, price: 60_100 }).order['order_id'] as string;
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.orders.cancel(alice, whole))), 11_008);
});

test('a locked platform takes no orders and says so on platform_state', () => {
  const { venue, alice, notices } = openVenue();
  const open = place(venue, alice, { price: 59_500 }).order['order_id'] as string;
  assert.deepEqual(venue.call(venue.nowUs, () => venue.channels.open('platform_state', undefined)).first, { locked: false });
  venue.lock(true);
  assert.deepEqual(notices.filter(({ channel }) => channel === 'platform_state').map(({ data }) => data), [{ locked: true }]);
  assert.equal(code(() => place(venue, alice, { price: 59_000 })), 11_051);
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.orders.edit(alice, open, { amount: 200 }))), 11_051);
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.orders.cancel(alice, open))), 'accepted');
  venue.lock(false);
  assert.equal(code(() => place(venue, alice, { price: 59_000 })), 'accepted');
});

test('an index is told when it moves', () => {
  const { venue, notices } = openVenue();
  const channel = 'deribit_price_index.btc_usd';
  const { first } = venue.call(venue.nowUs, () => venue.channels.open(channel, undefined)) as { readonly first: Readonly<Record<string, unknown>> };
  assert.deepEqual([first['price'], first['index_name']], [60_000, 'btc_usd']);
  venue.setIndex('BTC', 60_123.45);
  venue.advance(venue.nowUs + 1e6);
  assert.deepEqual(notices.filter((notice) => notice.channel === channel).map(({ data }) => (data as { readonly price: number }).price), [60_123.45]);
});
