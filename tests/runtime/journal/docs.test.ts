import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

test('the program in docs/journal.md prints what the page says', () => {
  const root = projectRoot();
  const page = readFileSync(join(root, 'docs/journal.md'), 'utf8');
  const program = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const printed = /```text\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.equal(stdout, printed);
});

test('importing faultline/runtime loads neither LMDB nor its encoder', () => {
  const program = "const { createRuntime } = await import('faultline/runtime'); const { createRequire } = await import('node:module'); "
    + "const loaded = process.report.getReport().sharedObjects.filter((name) => /lmdb|msgpackr/.test(name)); console.log(typeof createRuntime, loaded.length);";
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: projectRoot(), encoding: 'utf8' });
  assert.equal(stdout, 'function 0\n');
});
