import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sweep } from '../../../tools/engine-sweep/sweep.js';

/** A busy machine may take its time to place a stop; what never gets one is found all the same. */
const NAKED_MS = 60_000;

describe('an engine that is killed anywhere comes back to what the venue has', () => {
  // An exchange each: five deaths leave request weight enough for everybody.
  for (const seed of ['1', '2']) {
    test(`five deaths of seed ${seed}`, { timeout: 500_000 }, async () => {
      const { problems, points, random, fills } = await sweep({ points: 4, random: 1, seed, broken: null, state: null, nakedMs: NAKED_MS });
      assert.deepEqual(problems, []);
      assert.deepEqual([points, random], [4, 1]);
      assert.ok(fills > 0, 'nothing was traded');
    });
  }
});

test('an order that is sent again under another name is found', { skip: process.env['FAULTLINE_LONG'] === '1' ? false : 'FAULTLINE_LONG is not 1', timeout: 500_000 }, async () => {
  const { doubled } = await sweep({ points: 2, random: 0, seed: '3', broken: 'resend', state: null, nakedMs: NAKED_MS });
  assert.ok(doubled > 0);
});
