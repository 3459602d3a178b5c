import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { faultline, projectRoot, runNode } from '../cli/run-node.js';

const supported = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
const program = join(projectRoot, 'dist/tools/matrix/main.js');

interface Matrix {
  readonly ok: boolean;
  readonly rows: readonly { readonly node: string; readonly tape: string; readonly lanes: number; readonly decisions: string; readonly records: number }[];
}

describe('npm run matrix', { skip: !supported && 'no Node packages for this platform' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-matrix-test-'));
  const tape = join(folder, 'small.tape');
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(async () => {
    const { code, stderr } = await faultline(['market', 'generate', '--scenario', 'volatile', '--minutes', '1', '--rate', '0.1', '--out', tape]);
    assert.equal(code, 0, stderr);
  });

  /** Puts a Node into the cache that is this one, except for what `twist` (a sed command) makes of its output where its arguments hold `when`. */
  function cachedNode(version: string, twist: string, when = ''): void {
    const bin = join(folder, 'faultline/nodes', `node-${process.platform}-${process.arch}-${version}`, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; exit; fi\ncase "$*" in *"${when}"*) ;; *) exec "${process.execPath}" "$@";; esac\n"${process.execPath}" "$@" | sed '${twist}'\n`);
    chmodSync(join(bin, 'node'), 0o755);
  }
  const matrix = (...args: string[]): ReturnType<typeof runNode> => runNode(program, args, { env: { XDG_CACHE_HOME: folder } });

  test('equal digests are exit 0, a row inline and one in lanes for every Node', async () => {
    cachedNode('30.0.1', '');
    const { code, stdout } = await matrix(tape, '--nodes', '30.0.1', '--json');
    assert.equal(code, 0);
    const { ok, rows } = JSON.parse(stdout) as Matrix;
    assert.equal(ok, true);
    assert.deepEqual(rows.map(({ node, lanes }) => [node, lanes]), [process.versions.node, '30.0.1'].flatMap((node) => [[node, 0], [node, 2]]));
    assert.equal(new Set(rows.map(({ decisions }) => decisions)).size, 1);
    assert.match(rows[0]!.decisions, /^[0-9a-f]{64}$/);
  });

  test('a digest that differs on one Node is exit 6', async () => {
    cachedNode('30.0.2', 's/"digest": "[0-9a-f]*"/"digest": "beef"/');
    const { code, stdout } = await matrix(tape, '--nodes', 'v30.0.1,30.0.2');
    assert.equal(code, 6);
    assert.match(stdout, /30\.0\.2 +small\.tape +2 +- +beef/);
    assert.match(stdout, /different: a digest depends on the Node or on the lanes/);
  });

  test('a digest that differs in lanes is exit 6', async () => {
    cachedNode('30.0.4', 's/"digest": "[0-9a-f]*"/"digest": "beef"/', '--lanes');
    const { code, stdout } = await matrix(tape, '--nodes', '30.0.4');
    assert.equal(code, 6);
    assert.match(stdout, /30\.0\.4 +small\.tape +2 +- +beef/);
    assert.doesNotMatch(stdout, /inline +- +beef/);
  });

  test('a version that is not exact, and a tape that is none, are refused', async () => {
    const loose = await matrix(tape, '--nodes', '22');
    assert.deepEqual([loose.code, loose.stdout], [2, '']);
    assert.match(loose.stderr, /'22' is not an exact version like/);
    const noTape = await matrix(join(folder, 'none.tape'), '--nodes', '30.0.1');
    assert.notEqual(noTape.code, 0);
    assert.match(noTape.stderr, /none\.tape/);
  });
});
