import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amountText, durationText, timeLabels, timeText, valueText } from '../../../tools/ui/wire/market-text.js';

const NOON_US = Date.UTC(2026, 0, 5, 12) * 1000;

test('labels of time never touch, whatever the span and the width, and lie in the span', () => {
  fc.assert(fc.property(
    fc.double({ min: -9e15, max: 9e15, noNaN: true }), fc.double({ min: 1, max: 1.8e16, noNaN: true }), fc.integer({ min: 1, max: 4000 }), fc.double({ min: 4, max: 12, noNaN: true }),
    (fromUs, span, widthPx, charPx) => {
      const toUs = fromUs + span;
      const { at, texts } = timeLabels(fromUs, toUs, widthPx, charPx);
      assert.equal(at.length, texts.length);
      assert.ok(at.length <= widthPx / (10 * charPx) + 1);
      let end = -Infinity;
      texts.forEach((text, n) => {
        assert.ok(at[n]! >= fromUs && at[n]! <= toUs);
        const half = (Math.max(...text.split('\n').map((line) => line.length)) * charPx) / 2;
        const middle = ((at[n]! - fromUs) / (toUs - fromUs)) * widthPx;
        assert.ok(middle - half >= end, `${JSON.stringify(text)} touches the one before`);
        end = middle + half;
      });
    },
  ), { numRuns: 500 });
});

test('labels are as fine as a microsecond, and nothing is said of a span that is none', () => {
  const { texts } = timeLabels(NOON_US + 1, NOON_US + 9, 1200, 7);
  assert.deepEqual(texts.slice(0, 2), ['12:00:00.000001\n2026-01-05', '12:00:00.000002']);
  assert.deepEqual(timeLabels(NOON_US, NOON_US + 3600e6, 400, 7).texts.slice(0, 2), ['12:00\n2026-01-05', '12:15']);
  assert.deepEqual(timeLabels(NOON_US, NOON_US + 30 * 86400e6, 800, 7).texts.length >= 4, true);
  for (const [from, to] of [[5, 5], [9, 3], [Number.NaN, 3], [0, Infinity]] as const) assert.deepEqual(timeLabels(from, to, 800, 7).at, []);
});

test('prices and quantities are written exactly', () => {
  assert.deepEqual(
    [amountText(603_050, '0.1'), amountText(603_050.5, '0.1'), amountText(1, '0.00000001'), amountText(7, '5'), amountText(2_147_483_647, '0.25'), amountText(-3, '0.001'), amountText(Number.NaN, '0.1'), amountText(3, 'x')],
    ['60305.0', '60305.05', '0.00000001', '35', '536870911.75', '-0.003', '–', '–'],
  );
  assert.equal(amountText(Number.MAX_SAFE_INTEGER, '0.001'), '9007199254740.991');
  assert.deepEqual([timeText(NOON_US + 120), timeText(NOON_US), timeText(Infinity)], ['2026-01-05 12:00:00.00012', '2026-01-05 12:00:00', '?']);
  assert.deepEqual([durationText(9), durationText(1500), durationText(90e6), durationText(3600e6), durationText(90_000e6)], ['9 µs', '1.5 ms', '1 min 30 s', '1 h', '1 d 1 h']);
  assert.deepEqual([valueText(0.000012), valueText(-0.85), valueText(Number.NaN), valueText(0)], ['1.20e-5', '-0.85', '–', '0']);
});
