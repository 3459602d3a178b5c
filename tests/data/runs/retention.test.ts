import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_RETENTION, isBeingWritten, runIds, RunWriter, tidyRuns } from '../../../data/runs/index.js';
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
