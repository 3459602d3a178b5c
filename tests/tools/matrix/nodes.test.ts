import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { CliError } from '../../../tools/cli/errors.js';
import { nodeBinary, nodesFolder } from '../../../tools/matrix/nodes.js';

const supported = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

describe('Nodes of other versions', { skip: !supported && 'no Node packages for this platform' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-nodes-'));
  const cache = join(folder, 'cache');
  const realPath = process.env['PATH'];
  after(() => {
    process.env['PATH'] = realPath;
    rmSync(folder, { recursive: true, force: true });
  });

  /** An npm whose registry has one version, a script that says `says` when it is asked for its version. */
  function registry(version: string, says: string): void {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh
# npm pack NAME@VERSION --json --pack-destination DIR
case "$2" in *@${version}) ;; *) echo "npm error code ETARGET" >&2; exit 1;; esac
mkdir -p "$5/make/package/bin"
printf '#!/bin/sh\\necho ${says}\\n' > "$5/make/package/bin/node"
chmod +x "$5/make/package/bin/node"
tar -czf "$5/node.tgz" -C "$5/make" package
rm -r "$5/make"
echo '[{"filename":"node.tgz"}]'
echo fetched >> "${folder}/fetches"
`,
    );
    chmodSync(join(bin, 'npm'), 0o755);
    process.env['PATH'] = `${bin}:${realPath}`;
  }

  beforeEach(() => rmSync(cache, { recursive: true, force: true }));

  test('are fetched once, then taken from the cache', async () => {
    registry('30.1.2', 'v30.1.2');
    const notes: string[] = [];
    const binary = await nodeBinary('30.1.2', (text) => notes.push(text), cache);
    assert.ok(binary.startsWith(cache) && existsSync(binary));
    assert.match(notes.join(), /^fetching node-linux-(x64|arm64)@30\.1\.2$/);
    rmSync(join(folder, 'bin'), { recursive: true });
    assert.equal(await nodeBinary('30.1.2', (text) => notes.push(text), cache), binary);
    assert.equal(notes.length, 1);
    assert.deepEqual(readdirSync(cache).filter((name) => name.startsWith('.')), [], 'no parts are left');
  });

  test('a version the registry has not is one clear error, and leaves nothing', async () => {
    registry('30.1.2', 'v30.1.2');
    await assert.rejects(nodeBinary('30.9.9', () => {}, cache), (error) => error instanceof CliError && error.exit === 'cannotRead' && /30\.9\.9: npm error code ETARGET/.test(error.message));
    assert.deepEqual(readdirSync(cache), []);
  });

  test('a binary that is not what it should be is refused, and not kept', async () => {
    registry('30.1.2', 'v29.0.0');
    await assert.rejects(nodeBinary('30.1.2', () => {}, cache), /does not run here: v29\.0\.0/);
    assert.deepEqual(readdirSync(cache), []);
  });

  test('two who fetch the same at once both get it', async () => {
    registry('30.1.2', 'v30.1.2');
    const [one, two] = await Promise.all([nodeBinary('30.1.2', () => {}, cache), nodeBinary('30.1.2', () => {}, cache)]);
    assert.equal(one, two);
    assert.ok(existsSync(one));
  });

  test('lie outside the checkout', () => {
    assert.equal(nodesFolder({ XDG_CACHE_HOME: '/c' }), '/c/faultline/nodes');
    assert.match(nodesFolder({}), /\.cache\/faultline\/nodes$/);
  });
});
