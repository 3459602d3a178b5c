import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../../config/index.js';
import { RunReader, snapshotFile } from '../../../data/runs/index.js';
import { writeManifest } from '../../../data/runs/manifest.js';
import { Pause } from '../../../actors/market/messages.js';
import { diffRuns } from '../../../tools/runs/compare.js';
import { digestOfLines } from '../../../tools/runs/decided.js';
import { liveVsReplay } from '../../../tools/runs/live-vs-replay.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape } from '../../support/replay-tape.js';
import { recordRun, scratch } from './record.js';

const tape = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 2, rate: 0.03 });
const detector = '/market/detectors/BTCUSDT';
const pauseAt = (records: number): ReadonlyMap<number, { to: string; message: { type: string } }> =>
  new Map([[records, { to: detector, message: { type: 'pause', bit: Pause.MANUAL, on: true } }], [records + 5000, { to: detector, message: { type: 'pause', bit: Pause.MANUAL, on: false } }]]);
const middle = Math.floor(tape.records / 2);

void test('a run’s replay makes the run’s decisions, over several tapes, with inputs', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER, tapeRecords: 9000, inputs: pauseAt(middle) });
  const { decisions, effects, tapes } = RunReader.open(folder).manifest;
  assert.ok(decisions!.count > 20, `${decisions!.count} decisions`);
  assert.ok(effects!.count > 20, `${effects!.count} effects`);
  assert.ok(tapes.length > 2);
  const asked = { equal: true, liveDigest: effects!.digest, replayDigest: effects!.digest };
  const whole = { equal: true, liveDigest: decisions!.digest, replayDigest: decisions!.digest, firstDifference: null, whole: true, problem: null };
  assert.deepEqual(await liveVsReplay(folder), { ...whole, decisions: decisions!.count, effects: { ...asked, count: effects!.count }, from: 0, skipped: 0 });

  // From where a later tape begins it decides the rest, to the digest of all.
  const starts = RunReader.open(folder).startable();
  assert.deepEqual(starts, tapes.map((_, number) => number));
  const skips = new Set<number>();
  for (const from of [starts[Math.floor(starts.length / 2)]!, starts.at(-1)!]) {
    const { skipped, decisions: compared, effects: others, ...rest } = await liveVsReplay(folder, { from });
    assert.deepEqual({ ...rest, from }, { ...whole, from });
    assert.equal(skipped + compared, decisions!.count);
    assert.ok(others!.equal && others!.liveDigest === effects!.digest && others!.replayDigest === effects!.digest);
    skips.add(skipped);
  }
  assert.ok(skips.size > 1, 'decisions lie between');
});

void test('a run whose first tapes are gone is replayed from the first that is left, and what cannot be begun with is said', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER, tapeRecords: 9000, keepTapeBytes: 1_900_000, inputs: pauseAt(middle) });
  const reader = RunReader.open(folder);
  const removed = reader.manifest.tapes.findIndex((each) => !each.removed);
  assert.ok(removed > 0);
  assert.deepEqual(reader.startable()[0], removed);
  const { equal, whole, from, skipped, decisions } = await liveVsReplay(folder);
  assert.deepEqual({ equal, whole, from }, { equal: true, whole: true, from: removed });
  assert.equal(skipped + decisions, reader.manifest.decisions!.count);
  await assert.rejects(liveVsReplay(folder, { from: 0 }), { kind: 'missing', message: /no replay can begin with tape 0/, fix: new RegExp(`it can with ${removed}`) });

  const snapshot = join(folder, snapshotFile(removed));
  const bytes = readFileSync(snapshot);
  bytes[bytes.length - 7]! ^= 1;
  writeFileSync(snapshot, bytes);
  await assert.rejects(liveVsReplay(folder), { kind: 'corrupt', message: /is damaged/ });
  rmSync(snapshot);
  assert.equal((await liveVsReplay(folder)).from, removed + 1);
  for (const number of reader.startable()) rmSync(join(folder, snapshotFile(number)));
  await assert.rejects(liveVsReplay(folder), { kind: 'missing', message: /no replay can begin with any tape that is left/ });
});

void test('a replay that decides the same and would ask something else of the world is found', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER });
  const { manifest } = RunReader.open(folder);
  const path = join(folder, 'effects.jsonl');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const at = lines.findIndex((line) => line.includes('"effect":"store.write"'));
  lines[at] = lines[at]!.replace(/"digest":"./, '"digest":"x');
  writeFileSync(path, `${lines.join('\n')}\n`);
  await assert.rejects(liveVsReplay(folder), { kind: 'corrupt', message: /its effects are not the/ });
  writeManifest(folder, { ...manifest, effects: { count: lines.length, digest: digestOfLines(lines, lines.length) } });
  const { equal, firstDifference, effects, liveDigest, replayDigest } = await liveVsReplay(folder);
  assert.equal(equal, false);
  assert.equal(liveDigest, replayDigest, 'the decisions are the same');
  assert.equal(effects!.equal, false);
  assert.equal(firstDifference!.index, at);
  assert.equal(firstDifference!.live.effect!.effect, 'store.write');
  assert.notDeepEqual(firstDifference!.live.effect!.payload, firstDifference!.replay.effect!.payload);
});

void test('how the market came in pieces changes no decision', (t) => {
  const root = scratch(t);
  const [a, b] = [1024, 13].map((piece) => recordRun(root, tape, { config: EAGER, piece }));
  const { runs, between, ...diff } = diffRuns(a!, b!);
  assert.deepEqual(diff, { equal: true, index: null, a: null, b: null });
  assert.deepEqual([between!.code, between!.config], [null, []]);
  assert.ok(runs.every((line) => /engine paper, Faultline .* decisions$/.test(line)), runs.join());
});

void test('without one of its inputs the replay would decide otherwise: the log is what makes them equal', async (t) => {
  const root = scratch(t);
  const [paused, not] = [recordRun(root, tape, { config: EAGER, inputs: pauseAt(middle) }), recordRun(root, tape, { config: EAGER })];
  const diff = diffRuns(paused, not);
  assert.equal(diff.equal, false);
  assert.equal(diff.a!.cause!.input?.message.type, 'pause');
  assert.match(diff.a!.cause!.text, /input .* pause to \/market\/detectors\/BTCUSDT/);
  assert.equal(diff.b!.cause!.input, null);
  assert.equal(typeof diff.a!.cause!.record!['symbol'], 'string');
});

void test('what an operator did to the tree over the control socket is done again', async (t) => {
  const root = scratch(t);
  const plain = recordRun(root, tape, { config: EAGER });
  for (const at of [middle, middle + 700]) {
    const changes = new Map([
      [at, { method: 'suspend', params: { path: '/market/kernel' } }], [at + 4000, { method: 'resume', params: { path: '/market/kernel' } }],
      [at + 5000, { method: 'terminate', params: { path: detector } }], [at + 9000, { method: 'restart', params: { path: detector } }],
      [at + 9500, { method: 'restart', params: { path: '/trading/account' } }],
    ]);
    const folder = recordRun(root, tape, { config: EAGER, changes });
    assert.equal(diffRuns(plain, folder).equal, false, 'it matters');
    const { equal, whole, decisions } = await liveVsReplay(folder);
    assert.deepEqual({ equal, whole }, { equal: true, whole: true });
    assert.ok(decisions > 20);
  }
});

void test('an operator’s upgrade cannot be done again: a run is compared up to it, and that is said', async (t) => {
  const root = scratch(t);
  const folder = recordRun(root, tape, { config: EAGER, changes: new Map([[middle, { method: 'upgrade', params: { path: detector } }]]) });
  const { equal, whole, problem, decisions } = await liveVsReplay(folder);
  assert.deepEqual({ equal, whole }, { equal: true, whole: false });
  assert.match(problem!, /upgrade at .* cannot be done again/);
  assert.ok(decisions < RunReader.open(folder).decisions().length);
});

void test('a run that was killed is compared as far as it is common, whatever was lost with it', async (t) => {
  const root = scratch(t);
  let compared = 0;
  for (const lost of [1, 3000, 20_000]) {
    let flushed = false;
    const folder = recordRun(root, tape, {
      config: EAGER, inputs: pauseAt(1000),
      dies: (records, run) => {
        if (records > tape.records - 100 - lost && !flushed) {
          run.flush(run.clockUs);
          flushed = true;
        }
        return records > tape.records - 100;
      },
    });
    const { equal, whole, problem, decisions } = await liveVsReplay(folder);
    assert.deepEqual({ equal, whole }, { equal: true, whole: false });
    assert.match(problem!, /no end mark/);
    assert.equal(decisions, RunReader.open(folder).decisions().length);
    compared += decisions;
  }
  assert.ok(compared > 60);
});

void test('a disk that lost power may have kept decisions and not what led to them', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER, dies: (records, run) => {
    run.flush(run.clockUs);
    return records > tape.records - 100;
  } });
  const path = join(folder, 'run.log');
  truncateSync(path, statSync(path).size / 2);
  const { equal, whole, decisions } = await liveVsReplay(folder);
  assert.deepEqual({ equal, whole }, { equal: true, whole: false });
  assert.ok(decisions > 0 && decisions < RunReader.open(folder).decisions().length);
});

void test('another configuration is found out at the first decision that it changes', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER });
  const { manifest } = RunReader.open(folder);
  const other = { ...EAGER, trading: { ...EAGER.trading, score: { ...EAGER.trading.score, goodScore: 60 } } };
  writeManifest(folder, { ...manifest, config: other, configDigest: digestOf(other) });
  const { equal, liveDigest, replayDigest, firstDifference } = await liveVsReplay(folder);
  assert.equal(equal, false);
  assert.notEqual(liveDigest, replayDigest);
  assert.notDeepEqual(firstDifference!.live.decision, firstDifference!.replay.decision);
  assert.match(firstDifference!.live.cause!.text, /^record \d+ /);
});

void test('a run that ended by itself and is damaged is refused, and so are decisions that it did not make', async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER });
  const lines = join(folder, 'decisions.jsonl');
  const text = readFileSync(lines, 'utf8');
  writeFileSync(lines, text.replace('"atUs":1', '"atUs":2'));
  await assert.rejects(liveVsReplay(folder), { name: 'RunError', kind: 'corrupt', message: /its decisions are not the/ });
  writeFileSync(lines, text);
  const log = join(folder, 'run.log');
  truncateSync(log, statSync(log).size - 1);
  await assert.rejects(liveVsReplay(folder), { name: 'RunError', kind: 'corrupt', message: /ended by itself, and is damaged/ });
});
