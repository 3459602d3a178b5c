import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIO_NAMES, type MarketTruth } from '../../../actors/generator/index.js';
import { TapeReader, partialPath, verifyTape } from '../../../data/tape/index.js';
import type { GenerateResult } from '../../../tools/market/generate.js';
import type { MarketStatistics } from '../../../tools/market/statistics.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { command } from '../../support/shell.js';
import { projectRoot, runNode, type Outcome } from '../cli/run-node.js';

const bin = join(projectRoot, 'bin/faultline.js');
const scratch = mkdtempSync(join(tmpdir(), 'faultline-market-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const market = (...args: string[]): Promise<Outcome> => command(['market', ...args]);
const path = (name: string): string => join(scratch, name);

describe('faultline market generate', () => {
  test('writes a whole tape and its truth, says so as JSON, and writes the same bytes again', async () => {
    const first = path('a.tape');
    const args = ['generate', '--scenario', 'calm', '--seed', '4', '--minutes', '1', '--json'];
    const { code, stdout } = await market(...args, '--out', first);
    assert.equal(code, 0);
    const result = JSON.parse(stdout) as GenerateResult;
    assert.deepEqual([result.out, result.truthFile], [first, path('a.truth.json')]);
    const verdict = verifyTape(first);
    assert.ok(verdict.ok && verdict.goodRecords === result.records && result.records > 5000);
    const truth = JSON.parse(readFileSync(path('a.truth.json'), 'utf8')) as MarketTruth & { tape: { records: number; digest: string } };
    assert.deepEqual([truth.scenario, truth.seed, truth.minutes, truth.tape], ['calm', 4, 1, { records: result.records, digest: result.digest }]);
    const reader = TapeReader.open(first);
    assert.equal(reader.header.instruments[0]!.symbol, 'BTCUSDT');
    reader.close();

    const again = await runNode(bin, ['market', ...args, '--out', path('b.tape')]);
    assert.equal((JSON.parse(again.stdout) as GenerateResult).digest, result.digest);
    assert.ok(readFileSync(path('b.tape')).equals(readFileSync(first)));
    assert.ok(readFileSync(path('b.truth.json')).equals(readFileSync(path('a.truth.json'))));

    const packed = JSON.parse((await market(...args, '--compress', '--out', path('c.tape'))).stdout) as GenerateResult;
    assert.equal(packed.digest, result.digest);
    assert.ok(packed.bytes < result.bytes / 4);
    assert.ok(readFileSync(path('c.truth.json')).equals(readFileSync(path('a.truth.json'))));
  });

  test('refuses to overwrite the tape or the truth unless told to', async () => {
    const out = path('kept.tape');
    const args = ['generate', '--scenario', 'calm', '--minutes', '1', '--out', out];
    writeFileSync(path('kept.truth.json'), 'mine');
    const refused = await market(...args);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /kept\.truth\.json: exists already\n {2}fix: .*--overwrite/);
    assert.ok(!existsSync(out));
    rmSync(path('kept.truth.json'));
    writeFileSync(out, 'mine');
    assert.equal((await market(...args)).code, 5);
    assert.equal(readFileSync(out, 'utf8'), 'mine');
    assert.ok(!existsSync(path('kept.truth.json')));
    assert.equal((await market(...args, '--overwrite')).code, 0);
    assert.ok(verifyTape(out).ok && existsSync(path('kept.truth.json')));
  });

  for (const [what, args, message] of [
    ['an unknown scenario', ['--scenario', 'boom'], /--scenario boom: no such scenario\n {2}fix: choose one of: calm, volatile, flash-crash/],
    ['too short a crash', ['--scenario', 'flash-crash', '--minutes', '2'], /--minutes 2: flash-crash takes 3 to 1440 minutes.*\n {2}fix: pass --minutes 3 or more/],
    ['too long a tape', ['--scenario', 'calm', '--minutes', '1e9'], /--minutes 1e9: not a number/],
    ['minutes of no number', ['--scenario', 'calm', '--minutes', 'ten'], /--minutes ten: not a number/],
    ['no symbols', ['--scenario', 'calm', '--symbols', '0'], /--symbols 0: not a whole number from 1 to 10/],
    ['too many symbols', ['--scenario', 'calm', '--symbols', '11'], /--symbols 11/],
    ['a broken seed', ['--scenario', 'calm', '--seed', '1.5'], /--seed 1\.5: not a whole number/],
    ['a negative seed', ['--scenario', 'calm', '--seed=-1'], /--seed -1: not a number/],
    ['no flow at all', ['--scenario', 'calm', '--rate', '0'], /--rate 0: not from 0\.1 to 20/],
    ['no scenario', [], /required option '--scenario <name>' not specified/],
  ] as const) {
    test(`${what} is one clear line, exit 2, and nothing is written`, async () => {
      const { code, stdout, stderr } = await market('generate', ...args, '--out', path('bad.tape'));
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.deepEqual(readdirSync(scratch).filter((file) => file.startsWith('bad')), []);
    });
  }

  test('a folder that is not there is exit 5 and leaves nothing', async () => {
    const { code, stderr } = await market('generate', '--scenario', 'calm', '--minutes', '1', '--out', path('nowhere/x.tape'));
    assert.equal(code, 5);
    assert.match(stderr, /its folder does not exist/);
  });

  test('Ctrl-C ends it with 130; what was complete stays readable under .partial and neither tape nor truth appears', async () => {
    const folder = path('interrupted');
    mkdirSync(folder);
    const out = join(folder, 'long.tape');
    const child = spawn(process.execPath, [bin, 'market', 'generate', '--scenario', 'volatile', '--minutes', '1000', '--symbols', '4', '--out', out], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (!(existsSync(partialPath(out)) && statSync(partialPath(out)).size > 500_000)) await sleep(10);
    child.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    assert.equal(code, 130);
    assert.ok(!existsSync(out) && !existsSync(join(folder, 'long.truth.json')));
    const reader = TapeReader.open(partialPath(out), { partial: true });
    assert.ok(reader.records > 1000);
    reader.close();
  });
});

describe('faultline market scenarios and stats', () => {
  test('scenarios are all listed, for people and as JSON', async () => {
    const { code, stdout } = await market('scenarios');
    assert.equal(code, 0);
    for (const name of SCENARIO_NAMES) assert.match(stdout, new RegExp(`^${name} `, 'm'));
    const all = JSON.parse((await market('scenarios', '--json')).stdout) as { name: string }[];
    assert.deepEqual(all.map((it) => it.name), [...SCENARIO_NAMES]);
  });

  test('stats measures a tape, whole or a window of it; nothing measurable is null in JSON', async () => {
    const out = path('stats.tape');
    await market('generate', '--scenario', 'calm', '--seed', '9', '--minutes', '2', '--out', out);
    const whole = JSON.parse((await market('stats', out, '--json')).stdout) as MarketStatistics[];
    const part = JSON.parse((await market('stats', out, '--from', '+30s', '--to', '+60s', '--json')).stdout) as MarketStatistics[];
    assert.equal(whole.length, 1);
    assert.ok(Math.abs(whole[0]!.seconds - 120) < 2 && Math.abs(part[0]!.seconds - 30) < 2);
    assert.ok(part[0]!.depthTop20.p50 > 100_000, 'the book is known although its snapshot lies before the window');
    const empty = JSON.parse((await market('stats', out, '--from', '+1h', '--json')).stdout) as MarketStatistics[];
    assert.equal(empty[0]!.spreadBps.p50, null);
    const { stdout } = await market('stats', out);
    assert.match(stdout, /^BTCUSDT on binance-usdm, 120 s\n/);
    assert.match(stdout, /one-tick spread: 9\d\.\d % of the time/);
  });

  test('of a real recording it says what an independent computation (numpy, from the raw JSON) says', async (t) => {
    const recording = sharedData('orderbook-ws', 'hftbacktest_usdm_btcusdt_20240808.gz');
    if (recording === undefined) {
      t.skip(SHARED_DATA_ABSENT);
      return;
    }
    const out = path('real.tape');
    const made = await runNode(bin, ['tape', 'import', '--format', 'hftbacktest', '--symbol', 'BTCUSDT', '--venue', 'binance-usdm', '--out', out, recording]);
    assert.equal(made.code, 0, made.stderr);
    const [it] = JSON.parse((await market('stats', out, '--json')).stdout) as [MarketStatistics];
    const near = (actual: number, expected: number, share = 0.01): void => assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * share, `${actual}, expected ${expected}`);
    near(it.rates.trades * it.seconds, 21_313, 1e-9);
    near(it.rates.bestQuotes * it.seconds, 66_089, 1e-9);
    near(it.rates.diffs * it.seconds, 6551, 1e-9);
    near(it.oneTickShare.byMessage, 0.9417, 0.001);
    near(it.tradeSize.p50, 0.016);
    near(it.tradeTail, 1.727);
    near(it.orderSize.p50, 0.03);
    near(it.orderSize.max, 69.718);
    near(it.signAutocorrelation[0]!, 0.199);
    near(it.signAutocorrelation[3]!, 0.118);
    near(it.returns.rmsBps, 1.2088, 0.02);
    near(it.returns.kurtosis, 25.85, 0.02);
    near(it.depthTop20.p50, (475_017 + 530_658) / 2, 0.06);
  });

  test('a file that is no tape and a time that is no time are refused', async () => {
    writeFileSync(path('no.tape'), 'hello');
    assert.equal((await market('stats', path('no.tape'))).code, 3);
    assert.equal((await market('stats', path('missing.tape'))).code, 4);
    assert.equal((await market('stats', path('stats.tape'), '--from', 'noon')).code, 2);
  });
});
