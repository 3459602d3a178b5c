import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoUs, parseTimeUs } from '../../../tools/replay/time.js';

const START_US = Date.UTC(2025, 9, 10, 21) * 1000;

test('every form of a time argument names the same instant', () => {
  const expected = Date.UTC(2025, 9, 10, 21, 10) * 1000;
  for (const text of ['2025-10-10T21:10:00Z', '2025-10-10T21:10:00', '2025-10-10T23:10:00+02:00', '1760130600', '1760130600000', '1760130600000000', '+10m', '+600s']) {
    assert.equal(parseTimeUs(text, '--from', START_US), expected, text);
  }
});

test('what is not a time is refused by name', () => {
  assert.throws(() => parseTimeUs('noon', '--from', START_US), { name: 'CliError', message: /--from 'noon'/ });
});

test('a stamp keeps its microseconds', () => {
  assert.equal(isoUs(START_US + 123_456), '2025-10-10T21:00:00.123456Z');
});
