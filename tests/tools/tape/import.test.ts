import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FORMATS } from '../../../data/import/index.js';
import { partialPath, TapeReader, verifyTape } from '../../../data/tape/index.js';
import { SAMPLES } from '../../data/import/samples.js';
import { scratch } from '../../data/tape/support.js';
import { command } from '../../support/shell.js';
import { faultline, projectRoot } from '../cli/run-node.js';

const sample = SAMPLES[0]!;

void test('tape import makes a tape that verifies, and says what it made', async (t) => {
  const folder = scratch(t);
  const [input, out] = [join(folder, sample.name), join(folder, 'made.tape')];
  writeFileSync(input, sample.text);
  const first = await command(['tape', 'import', '--format', 'auto', '--symbol', 'BTCUSDT', '--venue', 'binance-spot', '--out', out, input, '--json']);
  assert.equal(first.code, 0, first.stderr);
  const report = JSON.parse(first.stdout) as Record<string, unknown>;
  assert.equal(report['records'], sample.records);
  assert.deepEqual(report['kinds'], { trade: 3 });
  assert.equal(report['badRows'], 0);
  assert.deepEqual(verifyTape(out), { ok: true, goodRecords: 3, goodBytes: readFileSync(out).length });
  const again = await command(['tape', 'import', '--format', 'tardis-csv', '--out', out, input]);
  assert.equal(again.code, 5);
  assert.match(again.stderr, /exists already/);
  const bytes = readFileSync(out);
  const replaced = await command(['tape', 'import', '--format', 'tardis-csv', '--overwrite', '--out', out, input]);
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.match(replaced.stdout, /3 records/);
  assert.deepEqual(readFileSync(out), bytes, 'the same input makes the same bytes');
});

void test('a bad row ends with code 3, names its place, and leaves nothing behind; skipping it is said', async (t) => {
  const folder = scratch(t);
  const [input, out] = [join(folder, 'rows.csv'), join(folder, 'made.tape')];
  writeFileSync(input, `${sample.text}binance,BTCUSDT,1760000000000009,1760000000500009,9,buy,0,1\n`);
  const refused = await command(['tape', 'import', '--format', 'auto', '--venue', 'binance-spot', '--out', out, input]);
  assert.equal(refused.code, 3);
  assert.ok(refused.stderr.includes(`${input}:5: a price of 0\n`), refused.stderr);
  assert.match(refused.stderr, /fix: .*--skip-bad-rows/);
  assert.deepEqual(readdirSync(folder), ['rows.csv']);
  const skipped = await command(['tape', 'import', '--format', 'auto', '--venue', 'binance-spot', '--skip-bad-rows', '--out', out, input]);
  assert.equal(skipped.code, 0);
  assert.match(skipped.stderr, /1 bad rows were left out:\n.*rows\.csv:5: a price of 0/);
  assert.equal(verifyTape(out).goodRecords, 3);
});

void test('wrong command lines and unreadable files have their codes', async (t) => {
  const folder = scratch(t);
  const [input, out] = [join(folder, sample.name), join(folder, 'made.tape')];
  writeFileSync(input, sample.text);
  for (const [code, pattern, ...args] of [
    [2, /no format "nonsense"/, '--format', 'nonsense', '--out', out, input],
    [2, /--tick-size "0" is not a positive/, '--format', 'auto', '--tick-size', '0', '--out', out, input],
    [2, /--symbol names no symbol/, '--format', 'auto', '--symbol', ' ,', '--out', out, input],
    [2, /required option/, '--format', 'auto', input],
    [2, /missing required argument/, '--format', 'auto', '--out', out],
    [2, /is also an input/, '--format', 'auto', '--overwrite', '--out', input, input],
    [3, /DOGEUSDT does not occur/, '--format', 'auto', '--symbol', 'DOGEUSDT', '--out', out, input],
    [3, /import is for binance-usdm/, '--format', 'auto', '--venue', 'binance-usdm', '--out', out, input],
    [4, /there is no such file/, '--format', 'auto', '--venue', 'x', '--out', out, join(folder, 'absent')],
    [4, /is a folder/, '--format', 'auto', '--venue', 'x', '--out', out, folder],
    [5, /its folder does not exist/, '--format', 'auto', '--out', join(folder, 'absent', 'a.tape'), input],
  ] as const) {
    const { code: actual, stderr } = await command(['tape', 'import', ...args]);
    assert.match(stderr, pattern);
    assert.equal(actual, code, stderr);
    assert.equal(existsSync(out), false);
  }
});

void test('Ctrl-C while writing ends with 130; the complete blocks stay readable', async (t) => {
  const folder = scratch(t);
  const [input, out] = [join(folder, 'BTCUSDT-aggTrades-2025-10-10.csv'), join(folder, 'made.tape')];
  let text = '';
  for (let k = 1; k <= 600_000; k += 1) text += `${k},100.${k % 90 + 10},0.5,${k},${k},${1_760_000_000_000 + k},true\n`;
  writeFileSync(input, text);
  const run = await faultline(['tape', 'import', '--format', 'auto', '--venue', 'binance-usdm', '--out', out, input], {
    onStart: (child) => {
      const watch = setInterval(() => {
        if (!existsSync(partialPath(out))) return;
        clearInterval(watch);
        child.kill('SIGINT');
      }, 2);
      child.on('exit', () => clearInterval(watch));
    },
  });
  assert.equal(run.code, 130, run.stderr);
  assert.equal(existsSync(out), false);
  if (existsSync(partialPath(out))) {
    const reader = TapeReader.open(partialPath(out), { partial: true });
    assert.ok(reader.records > 0 && reader.records < 600_000);
    reader.close();
  }
});

void test('tape formats lists every format, once for people and once as JSON', async () => {
  const json = await command(['tape', 'formats', '--json']);
  const listed = JSON.parse(json.stdout) as { id: string; title: string; kinds: string[] }[];
  assert.deepEqual(listed.map(({ id }) => id), FORMATS.map(({ id }) => id));
  const human = await command(['tape', 'formats']);
  for (const { id } of FORMATS) assert.ok(human.stdout.includes(id), id);
  const page = readFileSync(join(projectRoot, 'docs/importing.md'), 'utf8');
  for (const { id } of FORMATS) assert.ok(page.includes(`\`${id}\``), `docs/importing.md does not explain ${id}`);
});
