import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { allocateBatch } from '../../../data/records/index.js';
import { DEFAULT_RETENTION, isBeingWritten, RunReader, runIds, RunWriter, tapeNumbers, tidyRuns, type RunWriterOptions } from '../../../data/runs/index.js';
import { writeManifest } from '../../../data/runs/manifest.js';
import { BEGINNING, scratch, trades } from './support.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 30);

/** Runs of one day each, the last of them today. */
function runsOf(root: string, count: number): RunWriter[] {
  return Array.from({ length: count }, (_, k) => {
    const run = RunWriter.create(root, BEGINNING, { nowMs: NOW_MS - (count - 1 - k) * DAY_MS });
    run.append(trades(0, 10), 0, 10);
    return run;
  });
}

void test('the oldest runs go first, by number, days or bytes', (t) => {
  for (const retention of [{ ...DEFAULT_RETENTION, runs: 2 }, { ...DEFAULT_RETENTION, days: 1.5 }]) {
    const root = scratch(t);
    const runs = runsOf(root, 5);
    for (const run of runs) run.close(0, { code: 0, reason: '' }, NOW_MS);
    const ids = runs.map(({ id }) => id);
    assert.deepEqual(tidyRuns(root, retention, NOW_MS), ids.slice(0, 3).reverse());
    assert.deepEqual(runIds(root), ids.slice(3));
    assert.deepEqual(tidyRuns(root, { ...DEFAULT_RETENTION, bytes: 1 }, NOW_MS), ids.slice(3).reverse());
  }
  assert.deepEqual(tidyRuns(join(scratch(t), 'nothing')), []);
});

void test('a run that is being written stays, one that was killed does not', (t) => {
  const root = scratch(t);
  const [killed, running] = runsOf(root, 2) as [RunWriter, RunWriter];
  killed.abort();
  // No process has this id.
  writeManifest(killed.folder, { ...killed.manifest, pid: 2 ** 30 });
  assert.equal(isBeingWritten(killed.manifest), true);
  assert.deepEqual(tidyRuns(root, { runs: 0, days: 0, bytes: 0 }, NOW_MS + DAY_MS), [killed.id]);
  running.close(0, { code: 0, reason: '' });
  assert.deepEqual(tidyRuns(root, { runs: 0, days: 0, bytes: 0 }, NOW_MS + DAY_MS), [running.id]);
});

void test('what is not a run is left alone, a removal that was cut short is finished', (t) => {
  const root = scratch(t);
  const id = '20200101T000000000Z-0000';
  mkdirSync(join(root, 'mine'));
  mkdirSync(join(root, id));
  writeFileSync(join(root, id, 'run.json'), 'not of ours');
  mkdirSync(join(root, `.removed-${id}`));
  tidyRuns(root, { runs: 0, days: 0, bytes: 0 });
  assert.deepEqual(readdirSync(root).sort(), [id, 'mine']);
  assert.ok(existsSync(join(root, id, 'run.json')));
});

/** A run of ten tapes; those whose numbers `snapshots` has begin with a snapshot. A tape takes an hour. */
function tapesOf(root: string, options: RunWriterOptions, snapshots: readonly number[]): RunReader {
  let wallMs = NOW_MS;
  const run = RunWriter.create(root, BEGINNING, { nowMs: NOW_MS, wallMs: () => wallMs, ...options });
  for (let tape = 1; tape < 10; tape += 1) {
    run.append(trades(tape * 100, 100), 0, 100);
    wallMs += 3_600_000;
    run.rotate(run.clockUs, allocateBatch(0), snapshots.includes(tape) ? Buffer.from(`tape ${tape}`) : undefined);
  }
  run.close(run.clockUs, { code: 0, reason: '' });
  return RunReader.open(run.folder);
}

void test('old tapes go by bytes and by age, with their snapshots; what comes after the last snapshot stays', (t) => {
  const all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const whole = tapesOf(scratch(t), {}, all);
  assert.deepEqual(whole.startable(), [0, ...all]);
  assert.equal(whole.snapshot(3).toString(), 'tape 3');

  // At the last rotation tapes 0 to 8 are finished, 8 just now.
  const aged = tapesOf(scratch(t), { keepTapeMs: 3 * 3_600_000 }, all);
  assert.deepEqual(tapeNumbers(aged.folder), [5, 6, 7, 8, 9]);
  assert.deepEqual(aged.startable(), [5, 6, 7, 8, 9]);
  assert.deepEqual(aged.manifest.tapes.map(({ removed }) => removed), [true, true, true, true, true, false, false, false, false, false]);
  assert.deepEqual(readdirSync(join(aged.folder, 'tapes')).filter((name) => name.endsWith('.snapshot')).length, 5);

  const few = tapesOf(scratch(t), { keepTapeBytes: 1 }, all);
  assert.deepEqual(tapeNumbers(few.folder), [9]);
  assert.deepEqual(few.startable(), [9]);

  const kept = tapesOf(scratch(t), { keepTapeBytes: 1, keepTapeMs: 1 }, [4]);
  assert.deepEqual(tapeNumbers(kept.folder), [4, 5, 6, 7, 8, 9]);
  assert.deepEqual(kept.startable(), [4]);
  // Where none can be begun with, nothing is kept for it.
  assert.deepEqual(tapesOf(scratch(t), { keepTapeBytes: 1 }, []).startable(), []);
  // One that another hand took away: what lies before the hole is no place to begin.
  rmSync(join(whole.folder, 'tapes/000006.tape'));
  assert.deepEqual(whole.startable(), [7, 8, 9]);
});

void test('a run that goes on takes older runs away when it begins a tape, and does not wait for it', async (t) => {
  const root = scratch(t);
  const [old] = runsOf(root, 1) as [RunWriter];
  old.close(0, { code: 0, reason: '' });
  let wallMs = NOW_MS;
  const run = RunWriter.create(root, BEGINNING, { nowMs: NOW_MS, wallMs: () => wallMs, retention: { ...DEFAULT_RETENTION, days: 2 } });
  run.append(trades(0, 10), 0, 10);
  run.rotate(run.clockUs, allocateBatch(0));
  assert.deepEqual(runIds(root), [old.id, run.id].sort());
  wallMs += 3 * DAY_MS;
  run.append(trades(10, 10), 0, 10);
  run.rotate(run.clockUs, allocateBatch(0));
  assert.deepEqual(runIds(root), [run.id], 'itself it never takes away');
  // Nothing of it has been deleted within the call: who trades must not wait for a disk.
  const doomed = join(root, `.removed-${old.id}`);
  assert.ok(existsSync(join(doomed, 'run.log')));
  const deadlineMs = Date.now() + 60_000;
  while (existsSync(doomed) && Date.now() < deadlineMs) await setTimeout(5);
  assert.equal(existsSync(doomed), false);
  run.close(run.clockUs, { code: 0, reason: '' });
});
