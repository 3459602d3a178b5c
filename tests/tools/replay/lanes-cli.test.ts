import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplayResult } from '../../../tools/replay/run.js';
import { replayTape } from '../../../tools/replay/run.js';
import { crashTape, slim } from '../../support/lane-tapes.js';
import { writeTape } from '../../support/replay-tape.js';
import { command } from '../../support/shell.js';
import { faultline } from '../cli/run-node.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-lanes-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const tape = at('four.tape');

interface Failure {
  readonly error: { readonly exit: string; readonly message: string; readonly fix: string | null };
}
async function refused(args: readonly string[], code: number, message: RegExp, fix: RegExp): Promise<void> {
  const outcome = await command(['replay', tape, '--json', ...args]);
  assert.equal(outcome.code, code, outcome.stderr);
  const { error } = JSON.parse(outcome.stdout) as Failure;
  assert.match(error.message, message);
  assert.match(error.fix ?? '', fix);
}
async function report(...args: readonly string[]): Promise<ReplayResult> {
  const { code, stdout, stderr } = await command(['replay', tape, '--json', ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as ReplayResult;
}

describe('faultline replay with lanes', () => {
  let inline: ReplayResult;
  before(async () => {
    writeTape(slim(crashTape(), 16), tape);
    inline = await report('--inline');
  });

  test('--lanes gives the digest of --inline, and a row for every lane', async () => {
    assert.deepEqual([inline.placement, inline.lanes, inline.spareLanes], ['inline', [], 0]);
    const lanes = await report('--lanes', '2');
    assert.equal(lanes.digest, inline.digest);
    assert.ok(inline.decisions > 50);
    assert.equal(lanes.placement, 'ring');
    for (const row of lanes.lanes) {
      assert.deepEqual(Object.keys(row).sort(), ['lane', 'lastFailure', 'longestStallMs', 'occupancy', 'path', 'records', 'recordsPerSecond', 'restarts', 'symbols']);
      assert.ok(row.records > 1000 && row.recordsPerSecond > 0 && row.longestStallMs >= 0 && row.longestStallMs <= lanes.wallMs);
      assert.ok(row.occupancy.mean > 0 && row.occupancy.mean <= row.occupancy.max && row.occupancy.max <= 1);
      assert.deepEqual([row.restarts, row.lastFailure], [0, null]);
    }
    assert.deepEqual(lanes.lanes.map(({ lane, path, symbols }) => [lane, path, symbols]), [
      [0, '/market/lanes/0', ['BTCUSDT', 'SOLUSDT']], [1, '/market/lanes/1', ['ETHUSDT', 'BNBUSDT']],
    ]);
  });

  test('more lanes than symbols: spare lanes are not started, and both reports say so', async () => {
    const lanes = await report('--lanes', '7');
    assert.equal(lanes.digest, inline.digest);
    assert.deepEqual([lanes.lanes.length, lanes.spareLanes], [4, 3]);
    const { stdout } = await command(['replay', tape, '--lanes', '5', '--fault', 'kill-lane:2@5000']);
    assert.match(stdout, /^Lanes$/m);
    assert.match(stdout, /\/market\/lanes\/3 +│? *BNBUSDT/);
    assert.match(stdout, /last failure of lane 2: killed: by --fault kill-lane/);
    assert.match(stdout, /1 lane was not started: no symbol was left for it/);
  });

  test('options that make no sense are refused with the way out', async () => {
    for (const lanes of ['0', 'x', '-1', '2.5', '99', '']) await refused(['--lanes', lanes], 2, /--lanes '.*' is not a number of threads/, /1 to 64; --inline for none/);
    await refused(['--lanes', '2', '--inline'], 2, /--lanes and --inline exclude each other/, /^/);
    await refused(['--lanes', '2', '--fault', 'kill-lane:5@0'], 2, /lane 5 is not started/, /one of: 0 {2}1/);
    await refused(['--lanes', '9', '--fault', 'stall-lane:5@0+10'], 2, /lane 5 is not started/, /one of: 0 {2}1 {2}2 {2}3/);
    await refused(['--inline', '--fault', 'kill-lane:0@0'], 2, /this replay has no lanes/, /add --lanes N/);
    await refused(['--lanes', '2', '--fault', 'poison:/market/lanes/1@5'], 2, /a lane's actor gets no messages/, /kill-lane:I@N ends its thread/);
    await refused(['--lanes', '2', '--fault', 'kill-lane:@0'], 2, /none of the known forms/, /kill-lane:I@N/);
  });

  test('[lanes] of the configuration places the kernel; the command line goes before it', async () => {
    const config = at('lanes.toml');
    writeFileSync(config, '[lanes]\nplacement = "ring"\ncount = 3\ninboxSlots = 16\nassign = { BTCUSDT = 2, BNBUSDT = 2 }\n');
    const placed = await report('--config', config);
    assert.equal(placed.digest, inline.digest);
    assert.deepEqual(placed.lanes.map(({ symbols }) => symbols), [['ETHUSDT'], ['SOLUSDT'], ['BTCUSDT', 'BNBUSDT']]);
    assert.equal((await report('--config', config, '--inline')).placement, 'inline');
    await refused(['--config', config, '--lanes', '2'], 2, /lanes\.assign puts BTCUSDT on lane 2, but there are 2: lanes 0 to 1/, /\[lanes\.assign\]/);
    writeFileSync(config, '[lanes]\nplacement = "ring"\ncount = 2\nassign = { DOGEUSDT = 0 }\n');
    await refused(['--config', config], 2, /lanes\.assign names DOGEUSDT, which is not among the symbols: BTCUSDT, /, /\[lanes\.assign\]/);
    writeFileSync(config, '[lanes]\nplacement = "threads"\ninboxSlots = 3\n');
    const bad = await command(['replay', tape, '--config', config]);
    assert.equal(bad.code, 78);
    assert.match(bad.stderr, /lanes\.placement/);
    assert.match(bad.stderr, /lanes\.inboxSlots.*power of two/);
  });

  test('--out writes the same decisions, and the rows into report.json', async () => {
    await report('--inline', '--out', at('inline'));
    await report('--lanes', '2', '--fault', 'kill-lane:1@5500', '--fault', 'stall-lane:0@3000+50', '--out', at('lanes'));
    for (const file of ['decisions.jsonl', 'trades.csv', 'states.csv']) assert.equal(readFileSync(join(at('lanes'), file), 'utf8'), readFileSync(join(at('inline'), file), 'utf8'), file);
    const written = JSON.parse(readFileSync(join(at('lanes'), 'report.json'), 'utf8')) as ReplayResult;
    assert.deepEqual(written.lanes.map(({ restarts }) => restarts), [0, 1]);
  });

  test('lanes that cannot start end the command with code 10, soon, and with the reason', async () => {
    const config = at('no-room.toml');
    // No thread of Node begins within so short a time.
    writeFileSync(config, '[lanes]\nplacement = "ring"\ncount = 2\nstartTimeoutMs = 100\nmemoryMb = 32\n');
    const bin = at('slow-threads.cjs');
    writeFileSync(bin, "if (!require('node:worker_threads').isMainThread) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);\n");
    const beganMs = performance.now();
    const { code, stdout, stderr } = await faultline(['replay', tape, '--json', '--config', config], { env: { NODE_OPTIONS: `--require ${bin}` } });
    assert.equal(code, 10, stderr);
    const given = JSON.parse(stdout) as ReplayResult;
    assert.match(JSON.stringify(given.gaveUp), /came no further; the last one: lane \d: not ready in time: after 100 ms/);
    assert.ok(performance.now() - beganMs < 30_000);
    const human = await faultline(['replay', tape, '--config', config], { env: { NODE_OPTIONS: `--require ${bin}` } });
    assert.equal(human.code, 10);
    assert.match(human.stdout, /the root supervisor gave up: .*not ready in time/);
  });

  test('the live view shows prices of symbols that are in lanes', async () => {
    let text = '';
    const screen = { columns: 140, rows: 40, isTTY: true, write: (part: string) => void (text += part) } as unknown as NodeJS.WriteStream;
    const shown = await replayTape({ tape, faults: [], lanes: 2, live: screen, speed: 600 });
    assert.equal(shown.digest, inline.digest);
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT']) assert.match(text, new RegExp(`${symbol} .*\\d+\\.\\d+ +spread`), symbol);
    assert.match(text, /lanes {2}supervisor/);
  });

  for (const [signal, code, word] of [['SIGINT', 130, 'interrupted'], ['SIGTERM', 143, 'terminated']] as const) {
    test(`${signal} in the middle ends the command within a second, with code ${code} and whole lines`, async () => {
      const out = at(`cut-${word}`);
      let sentMs = 0;
      const outcome = await faultline(['replay', tape, '--lanes', '2', '--speed', '3', '--from', '+8m', '--out', out], {
        onStart: (child) => void (async () => {
          while (!readdirSync(folder).includes(`cut-${word}`) && child.exitCode === null) await sleep(20);
          await sleep(400);
          sentMs = performance.now();
          child.kill(signal);
        })(),
      });
      // A second on a machine with nothing else to do; more than a minute if it went on.
      assert.ok(performance.now() - sentMs < 15_000, `${performance.now() - sentMs} ms`);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, new RegExp(`^faultline: ${word}; what was complete is kept\\n$`));
      assert.deepEqual(readdirSync(out), ['decisions.jsonl.partial']);
      const lines = readFileSync(join(out, 'decisions.jsonl.partial'), 'utf8').split('\n');
      assert.equal(lines.pop(), '');
      for (const line of lines) JSON.parse(line);
    });
  }
});
