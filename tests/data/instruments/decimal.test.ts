import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDecimal, DecimalGrid, formatDecimal, normalizeDecimal, parseDecimal } from '../../../data/instruments/decimal.js';

void test('decimal strings are read exactly, and nothing else is', () => {
  const cases: [string, bigint, number][] = [
    ['0', 0n, 0], ['0.10', 10n, 2], ['-3', -3n, 0], ['+3', 3n, 0], ['.5', 5n, 1], ['5.', 5n, 0], ['1e-8', 1n, 8], ['1.5E3', 1500n, 0], ['12345678901234567890.123456789', 12345678901234567890123456789n, 9],
  ];
  for (const [text, units, scale] of cases) assert.deepEqual(parseDecimal(text), { units, scale }, text);
  for (const text of ['', '.', '-', '1,5', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '1e', 'e5', '1e9999', '1e-99999', '--1', '1.2.3', '٣', '9'.repeat(65)]) {
    assert.equal(parseDecimal(text), undefined, text);
  }
});

void test('reading what was printed gives the value back', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 20 }), (units, scale) => {
    assert.deepEqual(parseDecimal(formatDecimal(units, scale)), { units, scale });
    assert.equal(compareDecimal(normalizeDecimal({ units, scale }), { units, scale }), 0);
  }));
});

const sizes = fc.constantFrom('0.01', '0.1', '1', '0.00000001', '0.5', '0.25', '5', '10', '0.10', '2.5', '0.0000000000001', '1e-8', '123456789');

/** Whole multiples by BigInt alone. */
function slowSteps(text: string, size: string): number {
  const a = parseDecimal(text);
  const b = parseDecimal(size);
  if (a === undefined || b === undefined) return Number.NaN;
  const scale = Math.max(a.scale, b.scale);
  const top = a.units * 10n ** BigInt(scale - a.scale);
  const bottom = b.units * 10n ** BigInt(scale - b.scale);
  if (top % bottom !== 0n) return Number.NaN;
  const steps = Number(top / bottom);
  return Number.isSafeInteger(steps) ? steps : Number.NaN;
}

void test('steps of a grid are exact: any multiple there and back, anything else NaN', () => {
  fc.assert(fc.property(sizes, fc.maxSafeInteger(), (size, steps) => {
    const grid = new DecimalGrid(size);
    assert.equal(grid.toSteps(grid.toDecimal(steps)), steps === 0 ? 0 : steps);
  }), { numRuns: 2000 });
  const digits = fc.stringMatching(/^-?\d{0,12}\.?\d{0,12}$/);
  fc.assert(fc.property(sizes, fc.oneof(digits, fc.string()), (size, text) => {
    const steps = new DecimalGrid(size).toSteps(text);
    const expected = slowSteps(text, size);
    assert.ok(steps === expected || (Number.isNaN(steps) && Number.isNaN(expected)), `${text} / ${size}: ${steps}, ${expected}`);
  }), { numRuns: 20_000 });
});

void test('amounts beyond what a record holds, and prices off the grid, are NaN', () => {
  assert.ok(Number.isNaN(new DecimalGrid('0.01').toSteps('0.015')));
  assert.ok(Number.isNaN(new DecimalGrid('0.00000001').toSteps('99999999999.00000001')));
  assert.equal(new DecimalGrid('0.00000001').toSteps('90071992.54740991'), Number.MAX_SAFE_INTEGER);
  assert.equal(new DecimalGrid('0.10').toSteps('115023.40000000'), 1_150_234);
  assert.equal(new DecimalGrid('0.10').toDecimal(1_150_234), '115023.40');
  assert.equal(new DecimalGrid('0.1').toDecimal(-1), '-0.1');
});

void test('a size that is not positive is refused', () => {
  for (const size of ['0', '-1', '', 'x', 'NaN', '0.000']) assert.throws(() => new DecimalGrid(size), RangeError);
});
