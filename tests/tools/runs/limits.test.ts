import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../config/index.js';
import { DEFAULT_RETENTION } from '../../../data/runs/index.js';
import { retentionOf, runLimits } from '../../../tools/runs/limits.js';

void test('the configuration says what of runs and tapes is kept', () => {
  const { config } = parseConfig('[engine.run]\ntapeRecords = 2048\nkeepTapeMiB = 3\nkeepTapeDays = 0.5\nkeepRuns = 7\nkeepRunDays = 9\nkeepRunsMiB = 11\nleastFreeMiB = 13\n', 'test');
  assert.deepEqual(runLimits(config.engine.run), {
    tapeRecords: 2048, keepTapeBytes: 3 * 1024 ** 2, keepTapeMs: 43_200_000, leastFreeBytes: 13 * 1024 ** 2, retention: { runs: 7, days: 9, bytes: 11 * 1024 ** 2 },
  });
  assert.deepEqual(retentionOf(parseConfig('', 'test').config.engine.run), DEFAULT_RETENTION);
  assert.throws(() => parseConfig('[engine.run]\nkeepRuns = 0\n', 'test'), /keepRuns/);
});
