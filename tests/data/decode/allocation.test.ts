import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('two million frames of every kind and market decoded into a batch cause no scavenge of a 1 MiB nursery', () => {
  const child = fileURLToPath(new URL('./allocation-child.js', import.meta.url));
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--max-semi-space-size=1', '--trace-gc', child], { encoding: 'utf8', env, timeout: 120_000 });
  assert.equal(status, 0, stderr);
  const [, during, frames, records] = /BEGIN\n([\s\S]*)END (\d+) frames (\d+) records/.exec(stdout) ?? [];
  assert.ok(Number(frames) >= 2_000_000 && Number(records) >= 2_000_000, stdout.slice(-300));
  assert.doesNotMatch(during ?? '', /Scavenge|Mark-Compact/);
});
