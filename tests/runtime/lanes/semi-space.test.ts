import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LanePool } from '../../../runtime/lanes/index.js';

const PROGRAM = `const { parentPort } = require('node:worker_threads');
parentPort.postMessage(require('node:v8').getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);`;

async function youngBytes(): Promise<number> {
  const [bytes] = (await once(new Worker(PROGRAM, { eval: true }), 'message')) as [number];
  return bytes;
}

test('threads begin with the young generation that their pool was asked for', async () => {
  const before = await youngBytes();
  const pool = new LanePool({ threads: 1, semiSpaceMb: 8 });
  assert.ok(before < 8 << 20, `${before} bytes`);
  assert.ok((await youngBytes()) >= 8 << 20);
  await pool.close();
});
