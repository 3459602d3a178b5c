import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CliError } from '../../../tools/cli/errors.js';
import { demoTape, type DemoMarket } from '../../../tools/demo/tape.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-demo-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const market: DemoMarket = { scenario: 'calm', seed: 3, minutes: 3, symbols: 1, rate: 0.2, compress: false };

describe('the demonstration\'s tape', () => {
  test('is made once and taken again while nothing changed', async () => {
    const first = await demoTape(join(folder, 'var'), market);
    assert.equal(first.made, true);
    const before = statSync(first.path).mtimeMs;
    const again = await demoTape(join(folder, 'var'), market);
    assert.deepEqual(again, { path: first.path, made: false });
    assert.equal(statSync(again.path).mtimeMs, before);
  });

  test('is made again when it is damaged, cut, missing, of other arguments or of another version', async () => {
    const { path } = await demoTape(join(folder, 'var'), market);
    const stamp = path.replace(/\.tape$/, '.made.json');
    const good = readFileSync(path);
    const spoil: (() => void)[] = [
      () => writeFileSync(path, good.subarray(0, good.length - 1)),
      () => {
        const flipped = Buffer.from(good);
        flipped[flipped.length >> 1]! ^= 1;
        writeFileSync(path, flipped);
      },
      () => rmSync(path),
      () => rmSync(stamp),
      () => writeFileSync(stamp, ''),
      () => writeFileSync(stamp, readFileSync(stamp, 'utf8').replace(/"version": "[^"]+"/, '"version": "0.0.1"')),
      () => writeFileSync(stamp, readFileSync(stamp, 'utf8').replace('"minutes": 3', '"minutes": 4')),
    ];
    for (const [index, damage] of spoil.entries()) {
      damage();
      assert.equal((await demoTape(join(folder, 'var'), market)).made, true, `spoil ${index}`);
      assert.deepEqual(readFileSync(path), good, `spoil ${index}`);
    }
    assert.equal((await demoTape(join(folder, 'var'), market)).made, false);
  });

  test('other markets lie beside it', async () => {
    const other = await demoTape(join(folder, 'var'), { ...market, seed: 4 });
    assert.equal(other.made, true);
    assert.equal((await demoTape(join(folder, 'var'), market)).made, false);
  });

  test('a folder that cannot be is one clear error', async () => {
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(demoTape(join(folder, 'file'), market), (error) => error instanceof CliError && error.exit === 'cannotWrite');
  });
});
