import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AllocationMode, AllocationResult } from './programs/allocation.js';

const PROGRAM = fileURLToPath(new URL('./programs/allocation.js', import.meta.url));

async function run(mode: AllocationMode): Promise<AllocationResult> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=1', '--expose-gc', PROGRAM, mode], { timeout: 240_000 });
  return JSON.parse(stdout) as AllocationResult;
}

/** Two symbols tell how things stand every 200,000 records: their edges are the only objects, with the lanes' checkpoints. */
for (const mode of ['live', 'ordered'] as const) {
  test(`2 million records from bytes through rings to the ${mode} merge: no scavenge of a nursery of 1 MiB`, async () => {
    let result = await run(mode);
    // What the compiler has not come to optimise yet allocates, and on a busy machine it comes late: once more, then. An object a
    // record would be there every time.
    for (let again = 0; again < 2 && result.scavenges > 0; again += 1) result = await run(mode);
    assert.ok(result.records >= 2_000_000);
    assert.equal(result.scavenges, 0);
    // It did its work: by bytes alone, nothing lost, every record taken by a kernel with a live book.
    assert.deepEqual([result.others, result.lost, result.gapped], [0, 0, 0]);
    assert.ok(result.fast > 400_000 && result.taken > result.records, JSON.stringify(result));
    assert.ok(result.edges >= 15 && result.edges <= 40 && result.checkpoints >= 1, JSON.stringify(result));
  });
}

test('an object a record would be noticed', async () => {
  assert.ok((await run('wasteful')).scavenges > 10);
});
