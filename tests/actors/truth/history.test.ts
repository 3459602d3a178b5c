import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Difference } from '../../../actors/truth/differences.js';
import { type ToldDifference, withSettled, withTold } from '../../../actors/truth/history.js';

const balance = (asset: string): Difference => ({ kind: 'balanceMismatch', asset, local: '1', withFills: '1', venue: '2', difference: '1', cause: 'unexplained', action: { do: 'setBalance', asset, total: '2' } });
const short = (all: readonly ToldDifference[]): unknown[] => all.map(({ about, toldMs, settledMs }) => [about, toldMs, settledMs]);

test('a difference stands from the reading that told it to the first that does not find it', () => {
  let all = withTold([], [balance('BTC'), balance('USDT')], 10);
  assert.deepEqual(short(all), [['BTC', 10, null], ['USDT', 10, null]]);
  all = withTold(all, [balance('USDT'), balance('USDT')], 20);
  assert.deepEqual(short(all), [['BTC', 10, null], ['USDT', 10, null]], 'what stands is not told twice');
  all = withSettled(all, [balance('USDT')], 30);
  assert.deepEqual(short(all), [['BTC', 10, 30], ['USDT', 10, null]]);
  all = withTold(withSettled(all, [], 40), [balance('BTC')], 50);
  assert.deepEqual(short(all), [['BTC', 10, 30], ['USDT', 10, 40], ['BTC', 50, null]], 'found again it is another');
});

test('only so many are remembered, and those that stand before those that are settled', () => {
  let all: readonly ToldDifference[] = [];
  for (let k = 0; k < 400; k += 1) {
    all = withTold(all, [balance(`S${k}`)], k);
    if (k >= 10) all = withSettled(all, Array.from({ length: 10 }, (_, n) => balance(`S${n}`)), k);
  }
  assert.equal(all.length, 40);
  assert.deepEqual(all.filter(({ settledMs }) => settledMs === null).map(({ about }) => about), Array.from({ length: 10 }, (_, n) => `S${n}`));
  assert.equal(all.at(-1)!.about, 'S399');
  assert.ok(withTold([], Array.from({ length: 500 }, (_, n) => balance(`${n}`)), 1).length <= 100);
});
