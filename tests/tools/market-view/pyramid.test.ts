import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { doubles, floats, ints } from '../../../tools/market-view/columns.js';
import { Envelope, Sums } from '../../../tools/market-view/pyramid.js';

const stretches = (length: number): fc.Arbitrary<readonly [number, number]> => fc.tuple(fc.nat(length), fc.nat(length)).map(([a, b]) => (a < b ? [a, b] : [b, a]));
const columns = fc.integer({ min: 0, max: 1500 }).chain((length) => fc.tuple(
  fc.array(fc.oneof({ weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) }, { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 2 ** 31 - 1, -(2 ** 31)) }), { minLength: length, maxLength: length }),
  fc.array(stretches(length), { minLength: 1, maxLength: 12 }),
  fc.nat(length),
));

test('least and greatest of any stretch are those of its values, and so are their places, also while the column grows', () => {
  fc.assert(fc.property(columns, fc.boolean(), ([values, asked, early], zeroIsNone) => {
    const column = doubles();
    const envelope = new Envelope(column, zeroIsNone);
    values.forEach((value, at) => {
      column.push(value);
      if (at === early) envelope.find(0, at + 1);
    });
    for (const [from, to] of asked) {
      envelope.find(from, to);
      const there = values.slice(from, to).filter((value) => !Number.isNaN(value) && !(zeroIsNone && value === 0));
      assert.equal(envelope.least, there.length === 0 ? Number.NaN : Math.min(...there));
      assert.equal(envelope.greatest, there.length === 0 ? Number.NaN : Math.max(...there));
      for (const [at, value] of [[envelope.leastAt, envelope.least], [envelope.greatestAt, envelope.greatest]] as const) {
        if (there.length === 0) assert.equal(at, -1);
        else assert.ok(at >= from && at < to && values[at] === value);
      }
    }
  }), { numRuns: 150 });
});

test('sums of a stretch by sign are exact, and a huge value outside it does not disturb them', () => {
  fc.assert(fc.property(columns, ([values, asked]) => {
    const column = doubles();
    const bought = new Sums(column, 1);
    const sold = new Sums(column, -1);
    column.push(Number.MAX_SAFE_INTEGER);
    for (const value of values) column.push(Number.isNaN(value) ? 0 : value);
    for (const [from, to] of asked) {
      const there = values.slice(from, to).filter((value) => !Number.isNaN(value));
      assert.equal(bought.sum(from + 1, to + 1), there.reduce((sum, value) => sum + Math.max(0, value), 0));
      assert.equal(sold.sum(from + 1, to + 1), there.reduce((sum, value) => sum + Math.max(0, -value), 0));
    }
  }), { numRuns: 150 });
});

test('a spike among a million values is found in a few steps', () => {
  for (const column of [ints(), floats()]) {
    const envelope = new Envelope(column);
    for (let n = 0; n < 1_000_000; n += 1) column.push(n === 700_001 ? -9 : n % 7);
    envelope.find(3, 999_998);
    assert.deepEqual([envelope.least, envelope.leastAt, envelope.greatest], [-9, 700_001, 6]);
  }
});
