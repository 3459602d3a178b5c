import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecimalGrid, parseDecimal } from '../../../data/instruments/decimal.js';
import { ExactNumber, StepSize } from '../../../data/import/exact-number.js';
import { parseStampText, stampUsOf } from '../../../data/import/stamps.js';

const digits = fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), maxLength: 12 });
const decimals = fc.tuple(fc.constantFrom('', '-', '+'), digits, fc.option(digits), fc.option(fc.integer({ min: -9, max: 9 })))
  .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`);

test('a number that is read has exactly the value of its text, or is refused', () => {
  const number = new ExactNumber();
  fc.assert(fc.property(decimals, (text) => {
    const expected = parseDecimal(text);
    if (!number.parseText(text)) {
      // Refused: not a number at all, or more digits than a double holds.
      if (expected !== undefined) assert.ok(text.replaceAll(/[^0-9]/g, '').length > 14 || /e/.test(text), text);
      return;
    }
    assert.ok(expected !== undefined, text);
    assert.equal(BigInt(number.units) * 10n ** BigInt(expected.scale), expected.units * 10n ** BigInt(number.scale), text);
  }), { numRuns: 5000 });
});

test('what is not a number is refused', () => {
  const number = new ExactNumber();
  for (const text of ['', ' ', '.', '-', '+', 'e5', 'NaN', 'Infinity', '-Infinity', '0x10', '1e', '1e+', '1.2.3', '1,5', '1 2', '--1', '1e9999', '١', '9007199254740993', '0.00000000000000000000000000000000001', 'null', '1_000']) {
    assert.equal(number.parseText(text), false, text);
  }
});

test('steps agree with exact arithmetic and never round', () => {
  const number = new ExactNumber();
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2_000_000_000 }), fc.integer({ min: 0, max: 8 }), fc.constantFrom('0.1', '0.10', '0.5', '0.25', '0.05', '1', '0.00000001', '10', '0.0005'),
    (units, scale, size) => {
      const text = (units / 10 ** scale).toFixed(scale);
      assert.ok(number.parseText(text));
      assert.equal(new StepSize(size).steps(number), new DecimalGrid(size).toSteps(text), `${text} in steps of ${size}`);
    },
  ), { numRuns: 5000 });
});

test('sizes that are no sizes are refused', () => {
  for (const size of ['0', '-1', '', 'NaN', '1e-30', 'x', '99999999999999999999']) assert.throws(() => new StepSize(size), RangeError, size);
});

test('the unit of a stamp is told by its magnitude', () => {
  const us = Date.UTC(2025, 9, 10, 21, 20, 37) * 1000 + 689_043;
  for (const text of ['1760131237689043', '1760131237689043000', '1760131237689043999', '1760131237.689043', '1760131237.6890439', '1760131237689.043', '2025-10-10T21:20:37.689043Z', '2025-10-10 21:20:37.689043', '2025-10-10T23:20:37.689043+02:00', '2025-10-10T14:20:37.689043-0700', ' 1760131237689043 ', '2025-10-10 21:20:37.689043 UTC']) {
    assert.equal(parseStampText(text), us, text);
  }
  assert.equal(parseStampText('1760131237'), Math.floor(us / 1e6) * 1e6);
  assert.equal(parseStampText('1760131237689'), Math.floor(us / 1e3) * 1e3);
  assert.equal(parseStampText('2/22/2013 12:00:00 AM'), Date.UTC(2013, 1, 22) * 1000);
  assert.equal(parseStampText('2/22/2013 1:14:41 PM'), Date.UTC(2013, 1, 22, 13, 14, 41) * 1000);
  assert.equal(parseStampText('1988-02-29'), Date.UTC(1988, 1, 29) * 1000);
  assert.equal(stampUsOf(1_760_131_237_689), us - 43);
});

test('what is no time is refused', () => {
  for (const text of ['', 'now', '-1', '99999999999999999999', '2025-13-01', '2025-02-30', '2025-10-10 25:00:00', '5000-01-01', 'NaN', '1e12', '13/13/2020', '2025-10-10T21:20:37 +99', '1760131237689.', '..']) {
    const us = parseStampText(text);
    assert.ok(Number.isNaN(us) || text === '1760131237689.', `${text} → ${us}`);
  }
  assert.ok(Number.isNaN(stampUsOf(-5)));
  assert.ok(Number.isNaN(stampUsOf(Number.NaN)));
  assert.ok(Number.isNaN(stampUsOf(Infinity)));
});
