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
const root = projectRoot();

/** Titles of the tests in a source file, as patterns: what a template fills in may be anything. */
function titles(file: string): RegExp[] {
  const found: RegExp[] = [];
  for (const match of readFileSync(file, 'utf8').matchAll(/\btest\((?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g)) {
    const title = (match[1] ?? match[2] ?? '').replaceAll(/\\(.)/g, '$1');
    // A `${…}` may hold braces and quotes of its own, but no closing brace that ends a title here.
    const pattern = title.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+');
    found.push(new RegExp(`^${pattern}$`));
  }
  return found;
}

for (const [page, least] of [['semantics.md', 110], ['lanes.md', 15]] as const) {
  test(`every guarantee in docs/${page} names a test that exists`, () => {
    const lines = readFileSync(join(root, 'docs', page), 'utf8').split('\n')
      .filter((line) => line.startsWith('- ') || /^\| .*\]\(/.test(line))
      .map((line) => line.replace(/ \|$/, ''));
    assert.ok(lines.length >= least, `${lines.length} guarantees`);
    for (const line of lines) {
      const link = /\]\((?<file>[^)]+)\): `(?<name>[^`]+)`$/.exec(line)?.groups;
      assert.ok(link, `no test is named in: ${line}`);
      const file = join(root, 'docs', link['file']!);
      assert.ok(existsSync(file), `${file} is not there`);
      assert.ok(titles(file).some((title) => title.test(link['name']!)), `${link['file']} has no test "${link['name']}"`);
    }
  });
}

test('the programs in docs/runtime.md print what the page says', () => {
  const page = readFileSync(join(root, 'docs/runtime.md'), 'utf8');
  const programs = [...page.matchAll(/```js\n([\s\S]*?)```\s*It prints:\s*```text\n([\s\S]*?)```/g)];
  assert.ok(programs.length >= 4, `${programs.length} programs`);
  for (const [, program, printed] of programs) {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program ?? ''], { cwd: root, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.equal(stdout, printed);
  }
});
