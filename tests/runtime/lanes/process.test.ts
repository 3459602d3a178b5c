import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode } from '../../tools/cli/run-node.js';

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));

const LEAVING: readonly (readonly [string, string])[] = [
  ['no lane', 'left\n'],
  ['stopped lane', 'left\n'],
  ['killed lane', 'left\n'],
  ['running lane', 'still here\nleft\n'],
  ['hung lane and process.exit', 'left\n'],
];
for (const [what, printed] of LEAVING) {
  test(`a process with an open pool and ${what} ends when it should`, async () => {
    const { code, stdout, stderr } = await runNode(program('leave'), [what]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: printed, stderr: '' });
  });
}

/** Enough for what stays behind to show; `FAULTLINE_LONG=1` starts more. */
const LANES = process.env['FAULTLINE_LONG'] === '1' ? 400 : 80;

test('lanes started and ended in every way leave no thread, handle, memory or unhandled error behind', async () => {
  const { code, stdout, stderr } = await runNode(program('soak'), [String(LANES)]);
  assert.equal(code, 0, stderr);
  const left = JSON.parse(stdout) as Readonly<Record<string, number>> & { readonly faults: readonly string[]; readonly addons: readonly string[] };
  assert.deepEqual(left.faults, []);
  assert.deepEqual(left.addons, [], 'piscina has an optional native add-on that nothing here may load');
  assert.equal(left['poolThreads'], 0);
  assert.ok(left['threads']! <= 0, `${left['threads']} threads more than before: ${stdout}`);
  assert.ok(left['resources']! <= 0, stdout);
  assert.ok(left['collected']! >= left['started']! - 4, `lanes that are gone are not collected: ${stdout}`);
  assert.ok(left['heapGrown']! < 2_000_000, stdout);
  assert.ok(left['sharedGrown']! < 2_000_000, stdout);
});
