import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { command as faultline } from '../support/shell.js';

const scratch = mkdtempSync(join(tmpdir(), 'faultline-config-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};

interface Check {
  readonly ok: boolean;
  readonly digest: string | null;
  readonly problems: readonly { readonly line: number; readonly column: number; readonly key: string; readonly nearest: string | null }[];
}
interface Show {
  readonly config: { readonly trading: { readonly detector: { readonly maxTransitionsPerMinute: number } } };
  readonly digest: string;
  readonly file: string | null;
  readonly sources: Readonly<Record<string, string>>;
}

describe('faultline config check', () => {
  test('a good file is ok, exit 0', async () => {
    const path = file('good.toml', '[trading.detector]\nmaxTransitionsPerMinute = 4\n');
    const { code, stdout, stderr } = await faultline(['config', 'check', path, '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    const report = JSON.parse(stdout) as Check;
    assert.equal(report.ok, true);
    assert.match(report.digest ?? '', /^[0-9a-f]{64}$/);
  });

  test('a bad file names every problem with its place, exit 78', async () => {
    const path = file('bad.toml', '[trading.detector]\nmaxTransitionsPerMinute = 4000\nmaxTransitionPerMinute = 4\n');
    const { code, stdout, stderr } = await faultline(['config', 'check', path]);
    assert.deepEqual([code, stdout], [78, '']);
    assert.equal(
      stderr,
      [
        `faultline: ${path}:2:27: trading.detector.maxTransitionsPerMinute: expected an integer from 2 to 1000, found 4000`,
        `faultline: ${path}:3:1: trading.detector.maxTransitionPerMinute: expected a key of [trading.detector], found an unknown key; the nearest valid key is trading.detector.maxTransitionsPerMinute`,
        '  fix: every key, its meaning and its default: config/faultline.toml',
        '',
      ].join('\n'),
    );
    const json = await faultline(['config', 'check', path, '--json']);
    assert.equal(json.code, 78);
    const report = JSON.parse(json.stdout) as Check;
    assert.equal(report.ok, false);
    assert.deepEqual(report.problems.map(({ line, column, key, nearest }) => [line, column, key, nearest]), [
      [2, 27, 'trading.detector.maxTransitionsPerMinute', null],
      [3, 1, 'trading.detector.maxTransitionPerMinute', 'trading.detector.maxTransitionsPerMinute'],
    ]);
  });

  test('what is no text file is refused in one line, exit 78', async () => {
    mkdirSync(join(scratch, 'folder'));
    for (const [path, found] of [
      [join(scratch, 'none.toml'), 'no such file'],
      [join(scratch, 'folder'), 'a folder'],
      [file('binary.toml', Uint8Array.of(0x61, 0xff, 0xfe)), 'bytes that are not UTF-8 text'],
      [file('huge.toml', '#'.repeat((1 << 20) + 1)), '1048577 bytes, which is more than a configuration has (1048576)'],
      ['/dev/zero', 'a device'],
    ] as const) {
      const { code, stderr } = await faultline(['config', 'check', path]);
      assert.equal(code, 78);
      assert.ok(stderr.startsWith(`faultline: ${path}:1:1: expected a TOML file, found ${found}\n`), stderr);
    }
  });

  test('the file may come from FAULTLINE_CONFIG; without one it is a usage error', async () => {
    const path = file('env.toml', '');
    assert.equal((await faultline(['config', 'check'], { env: { FAULTLINE_CONFIG: path } })).code, 0);
    assert.equal((await faultline(['config', 'check'], { env: { FAULTLINE_CONFIG: '' } })).code, 2);
  });
});

describe('faultline config show', () => {
  test('says of every value where it comes from', async () => {
    const path = file('show.toml', '\n[trading.detector]\nmaxTransitionsPerMinute = 4\n');
    const { code, stdout } = await faultline(['config', 'show', '--config', path, '--json']);
    assert.equal(code, 0);
    const shown = JSON.parse(stdout) as Show;
    assert.equal(shown.config.trading.detector.maxTransitionsPerMinute, 4);
    assert.equal(shown.sources['trading.detector.maxTransitionsPerMinute'], `${path}:3`);
    assert.equal(shown.sources['trading.detector.dwellSeconds'], 'default');
    assert.equal(shown.file, path);
  });

  test('without a file everything is a default, and the table names every key', async () => {
    const json = JSON.parse((await faultline(['config', 'show', '--json'])).stdout) as Show;
    assert.deepEqual([...new Set(Object.values(json.sources))], ['default']);
    const { stdout } = await faultline(['config', 'show']);
    for (const key of Object.keys(json.sources)) assert.ok(stdout.includes(key), key);
    assert.ok(stdout.includes(json.digest));
  });
});
