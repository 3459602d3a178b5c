import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationMs } from '../../../tools/cli/duration.js';
import { CliError } from '../../../tools/cli/errors.js';

test('durations: with a unit, or plain in the unit of the option', () => {
  assert.deepEqual(['500ms', '2s', '0.5m', '1h', '7d'].map((text) => durationMs(text, 's')), [500, 2000, 30_000, 3_600_000, 604_800_000]);
  assert.deepEqual([durationMs('2', 's'), durationMs('2', 'ms'), durationMs('0.25', 's')], [2000, 2, 250]);
  for (const text of ['', ' ', '-1', '1e3', '2 s', '2S', 's', '.5s', '1.s', 'NaN', '0x10', '5min']) {
    assert.throws(() => durationMs(text, 's'), (error) => error instanceof CliError && error.exit === 'usage' && error.fix!.includes('500ms'), text);
  }
});
