import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instrument } from '../../data/records/index.js';
import { instanceNames, planLanes } from '../../supervisors/index.js';

const NAMES = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT', 'XRPUSDT', 'ADAUSDT', 'DOTUSDT'] as const;
const instrument = (symbol: string, index: number, venue = 'x'): Instrument => ({
  index, symbol, venue, product: 'spot', tickSize: '0.01', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
});
const some = (count: number): Instrument[] => NAMES.slice(0, count).map((name, index) => instrument(name, index));
const namesOf = (instruments: readonly Instrument[], plan: ReturnType<typeof planLanes>): string[][] => {
  const names = instanceNames(instruments);
  return plan.lanes.map((lane) => lane.instruments.map(({ index }) => names.get(index)!));
};

test('symbols go to the lanes in turn; a lane without one is spare', () => {
  assert.deepEqual(namesOf(some(5), planLanes(some(5), { count: 2, assign: {} })), [['BTCUSDT', 'SOLUSDT', 'XRPUSDT'], ['ETHUSDT', 'BNBUSDT']]);
  const wide = planLanes(some(2), { count: 5, assign: {} });
  assert.deepEqual([wide.lanes.map(({ id }) => id), wide.spare], [[0, 1], 3]);
});

test('a symbol goes where the configuration says, the others where there are fewest', () => {
  const plan = planLanes(some(5), { count: 3, assign: { ETHUSDT: 2, SOLUSDT: 2 } });
  assert.deepEqual(namesOf(some(5), plan), [['BTCUSDT', 'XRPUSDT'], ['BNBUSDT'], ['ETHUSDT', 'SOLUSDT']]);
  const apart = planLanes(some(2), { count: 4, assign: { BTCUSDT: 3, ETHUSDT: 1 } });
  assert.deepEqual([apart.lanes.map(({ id }) => id), apart.assignment, apart.spare], [[1, 3], [1, 0], 2]);
});

test('symbols of two venues are assigned by their full names', () => {
  const both = [instrument('BTCUSDT', 0, 'one'), instrument('BTCUSDT', 1, 'two')];
  assert.deepEqual(namesOf(both, planLanes(both, { count: 2, assign: { 'BTCUSDT@two': 0 } })), [['BTCUSDT@two'], ['BTCUSDT@one']]);
  assert.throws(() => planLanes(both, { count: 2, assign: { BTCUSDT: 0 } }), /names BTCUSDT, which is not among the symbols: BTCUSDT@one, BTCUSDT@two/);
});

test('symbols that are called like what every object has are dealt as others are', () => {
  const odd = ['constructor', 'toString', '__proto__'].map((symbol, index) => instrument(symbol, index));
  assert.deepEqual(namesOf(odd, planLanes(odd, { count: 2, assign: { toString: 0 } })), [['toString', '__proto__'], ['constructor']]);
});

test('a lane or a symbol that is not there is refused', () => {
  assert.throws(() => planLanes(some(3), { count: 2, assign: { BTCUSDT: 2 } }), { name: 'RangeError', message: 'lanes.assign puts BTCUSDT on lane 2, but there are 2: lanes 0 to 1' });
  assert.throws(() => planLanes(some(3), { count: 1, assign: { BTCUSDT: 2 } }), /but there is one: lane 0$/);
  assert.throws(() => planLanes(some(3), { count: 2, assign: { DOGEUSDT: 0 } }), /DOGEUSDT, which is not among the symbols/);
});

test('without symbols one lane is there for strangers', () => {
  const plan = planLanes([], { count: 3, assign: {} });
  assert.deepEqual([plan.lanes, plan.assignment, plan.spare], [[{ id: 0, instruments: [] }], [], 2]);
});

test('every symbol has one lane, and no lane without assignments has two symbols more than another', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: NAMES.length }), fc.integer({ min: 1, max: 9 }), fc.dictionary(fc.constantFrom(...NAMES), fc.nat(8)), (symbols, count, wishes) => {
      const assign = Object.fromEntries(Object.entries(wishes).filter(([name, lane]) => lane < count && NAMES.indexOf(name as typeof NAMES[number]) < symbols));
      const { lanes, assignment, spare } = planLanes(some(symbols), { count, assign });
      assert.equal(lanes.length + spare, count);
      assert.deepEqual(lanes.flatMap(({ instruments }) => instruments.map(({ index }) => index)).sort((a, b) => a - b), some(symbols).map(({ index }) => index));
      for (const [k, { id, instruments }] of lanes.entries()) {
        assert.ok(instruments.length > 0);
        for (const { index, symbol } of instruments) {
          assert.equal(assignment[index], k);
          if (assign[symbol] !== undefined) assert.equal(id, assign[symbol]);
        }
      }
      const sizes = lanes.map(({ instruments }) => instruments.length);
      if (Object.keys(assign).length === 0) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1 && (spare === 0 || Math.max(...sizes) === 1));
    }),
  );
});
