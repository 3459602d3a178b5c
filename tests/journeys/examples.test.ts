import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { projectRoot } from '../tools/cli/run-node.js';

// The examples of README.md and docs/: every block marked ```sh or ```js is run as a reader would, a page's blocks one after the
// other in one folder. A block that is only to be read (installation, the whole test run, minutes of work) is marked ```console.
// A ```js block must print what its own comments say, `console.log(x); // 2`, or the ```text block that follows it.

/** The blocks of one language of a page, with the line they begin at. */
function blocks(page: string, language: 'sh' | 'js' | 'text'): { readonly line: number; readonly script: string }[] {
  const found: { line: number; script: string }[] = [];
  let script: string[] | undefined;
  let line = 0;
  readFileSync(join(projectRoot, page), 'utf8').split('\n').forEach((text, index) => {
    if (script === undefined && text === `\`\`\`${language}`) {
      script = [];
      line = index + 2;
    } else if (script !== undefined && text === '```') {
      found.push({ line, script: script.join('\n') });
      script = undefined;
    } else script?.push(text);
  });
  assert.equal(script, undefined, `${page}: a block that does not end`);
  return found;
}

const pages = ['README.md', ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))].sort();

/** A folder that looks like the checkout, so that what an example writes lands beside it and not in it. */
function playground(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-examples-'));
  for (const entry of readdirSync(projectRoot)) {
    if (entry !== 'var' && entry !== '.git' && !entry.endsWith('.tape')) symlinkSync(join(projectRoot, entry), join(folder, entry));
  }
  mkdirSync(join(folder, '.bin'));
  const npx = join(folder, '.bin', 'npx');
  writeFileSync(npx, `#!/bin/sh\n[ "$1" = faultline ] || { echo "npx: only faultline here" >&2; exit 1; }\nshift\nexec "${process.execPath}" "${projectRoot}/bin/faultline.js" "$@"\n`);
  chmodSync(npx, 0o755);
  return folder;
}

describe('the examples of the documentation run', () => {
  const folders: string[] = [];
  after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  let examples = 0;
  for (const page of pages) {
    const found = blocks(page, 'sh');
    const programs = blocks(page, 'js');
    if (found.length + programs.length === 0) continue;
    examples += found.length + programs.length;
    test(`${page}: ${found.length + programs.length}`, () => {
      const folder = playground();
      folders.push(folder);
      // Names of processes are unique in a run folder, and other tests may run at the same time.
      const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${join(folder, '.bin')}:${process.env['PATH']}`, FAULTLINE_RUN_DIR: join(folder, '.run') };
      delete env['NODE_TEST_CONTEXT'];
      delete env['FAULTLINE_CONFIG'];
      for (const { line, script } of found) {
        const { status, stderr, stdout, error } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env, encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 28 });
        // What was cut off may well have ended with 0.
        assert.equal(error, undefined, `${page}:${line}: does not end`);
        assert.equal(status, 0, `${page}:${line}: ended with ${status}\n${script}\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
      }
      for (const { line, script } of programs) {
        writeFileSync(join(folder, 'example.mjs'), script);
        const { stderr, stdout } = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
        const commented = [...script.matchAll(/console\.log\(.*\);\s*\/\/ (.+)$/gm)].map(([, text]) => text);
        const promised = commented.length > 0 ? commented : blocks(page, 'text').find((block) => block.line > line)?.script.split('\n');
        assert.deepEqual(stdout.trimEnd().split('\n'), promised, `${page}:${line}\n${stderr.slice(-2000)}`);
      }
    });
  }
  test('there are some', () => assert.ok(examples > 0));
});
