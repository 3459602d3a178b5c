import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FallFinder } from '../../../tools/detection/true-start.js';

const SECOND_US = 1_000_000;

function find(trades: readonly (readonly [number, number])[]): { start: number; confirmed: number } | undefined {
  const finder = new FallFinder();
  for (const [second, ticks] of trades) finder.trade(second * SECOND_US, ticks);
  return finder.found && { start: finder.found.startUs / SECOND_US, confirmed: finder.found.confirmedUs / SECOND_US };
}

test('the start is the high from which the price first falls 3 % within 60 s', () => {
  assert.deepEqual(find([[0, 1000], [10, 1010], [20, 1000], [30, 979], [40, 900]]), { start: 10, confirmed: 30 });
});

test('a fall that takes longer than the window is none', () => {
  assert.equal(find([[0, 1000], [30, 985], [60, 971], [90, 956]]), undefined);
});

test('of equal highs the latest counts', () => {
  assert.deepEqual(find([[0, 1000], [5, 1000], [9, 960]]), { start: 5, confirmed: 9 });
});

test('it agrees with a search over every pair of trades', () => {
  const trades = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 900, max: 1100 })), { maxLength: 60 });
  fc.assert(
    fc.property(trades, (steps) => {
      let second = 0;
      const series = steps.map(([gap, ticks]) => [(second += gap), ticks] as const);
      let expected: { start: number; confirmed: number } | undefined;
      for (let j = 0; j < series.length && expected === undefined; j++) {
        const window = series.slice(0, j + 1).filter(([at]) => at > series[j]![0] - 60);
        const high = Math.max(...window.map(([, ticks]) => ticks));
        if (series[j]![1] <= high * 0.97) expected = { start: window.findLast(([, ticks]) => ticks === high)![0], confirmed: series[j]![0] };
      }
      assert.deepEqual(find(series), expected);
    }),
  );
});
