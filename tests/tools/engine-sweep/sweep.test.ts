import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from '../../../tools/engine-sweep/sweep.js';

/** A busy machine may take its time to place a stop; what never gets one is found all the same. */
const NAKED_MS = 60_000;

test('an engine that is killed anywhere comes back to what the venue has: eight deaths', { timeout: 500_000 }, async () => {
  const { problems, points, random, fills } = await sweep({ points: 7, random: 1, seed: '1', broken: null, workers: 1, placement: 'inline', product: 'usdm', state: null, nakedMs: NAKED_MS });
  assert.deepEqual(problems, []);
  assert.deepEqual([points, random], [7, 1]);
  assert.ok(fills > 0, 'nothing was traded');
});

test('… and one whose market comes by sockets of its lanes: two', { timeout: 500_000 }, async () => {
  const { problems, points, random, fills } = await sweep({ points: 1, random: 1, seed: '1', broken: null, workers: 1, placement: 'socket', product: 'usdm', state: null, nakedMs: NAKED_MS });
  assert.deepEqual(problems, []);
  assert.deepEqual([points, random], [1, 1]);
  assert.ok(fills > 0, 'nothing was traded');
});

test('an order that is sent again under another name is found', { skip: process.env['FAULTLINE_LONG'] === '1' ? false : 'FAULTLINE_LONG is not 1', timeout: 500_000 }, async () => {
  const { doubled } = await sweep({ points: 2, random: 0, seed: '3', broken: 'resend', workers: 1, placement: 'inline', product: 'usdm', state: null, nakedMs: NAKED_MS });
  assert.ok(doubled > 0);
});
