import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('eleven million records through the ring cause no scavenge of a 1 MiB nursery', () => {
  const child = fileURLToPath(new URL('./allocation-child.js', import.meta.url));
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--max-semi-space-size=1', '--trace-gc', child], { encoding: 'utf8', env, timeout: 120_000 });
  assert.equal(status, 0, stderr);
  const [, during, end] = /BEGIN\n([\s\S]*)END (\d+)/.exec(stdout) ?? [];
  assert.ok(Number(end) >= 11_000_000, `the records were read: ${stdout.slice(-300)}`);
  assert.doesNotMatch(during ?? '', /Scavenge|Mark-Compact/);
});
