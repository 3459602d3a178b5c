import assert from 'node:assert/strict';
import test from 'node:test';
import { CallerCredits } from '../../../../actors/exchange/deribit/credits.js';

test('a pool of 50 000 pays 100 calls at once, then 20 a second', () => {
  const credits = new CallerCredits();
  let now = 1e12;
  for (let call = 0; call < 100; call++) assert.equal(credits.pay('public/ticker', now), 0);
  assert.equal(credits.pay('public/ticker', now), 50_000);
  now += 1e6;
  for (let call = 0; call < 20; call++) assert.equal(credits.pay('public/test', now), 0);
  assert.ok(credits.pay('public/test', now) > 0);
});

test('orders draw on the matching pool: 20 at once, then 5 a second, and leave the other pool alone', () => {
  const credits = new CallerCredits();
  const now = 1e12;
  for (let call = 0; call < 20; call++) assert.equal(credits.pay('private/buy', now), 0);
  assert.equal(credits.pay('private/sell', now), 200_000);
  assert.equal(credits.pay('public/ticker', now), 0);
  assert.equal(credits.pay('private/cancel', now + 200_000), 0);
});

test('get_instruments has a limit of its own', () => {
  const credits = new CallerCredits();
  for (let call = 0; call < 50; call++) assert.equal(credits.pay('public/get_instruments', 0), 0);
  assert.equal(credits.pay('public/get_instruments', 0), 1e6);
});
