import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaintAbout } from '../../../tools/bench/main.js';
import { keepsFloor, measure, median } from '../../../tools/bench/measure.js';
import { runRow } from '../../../tools/bench/run.js';
import type { BenchRow } from '../../../tools/bench/row.js';
import { loadRow, rowIds } from '../../../tools/bench/rows/index.js';
import { scratch } from '../../data/tape/support.js';
import { projectRoot, runNode } from '../cli/run-node.js';

/** A row that returns given values slice after slice and notes who ran when. */
function scripted(better: 'higher' | 'lower', ours: number[], peers: number[], changes: Partial<BenchRow> = {}): BenchRow & { log: string[] } {
  const log: string[] = [];
  return {
    id: 'scripted/peer', unit: 'things/s', better, peer: 'peer 1.0', rounds: 5, slices: 2, log,
    prepare: () => void log.push('prepare'),
    ours: () => (log.push('ours'), ours.shift() ?? Number.NaN),
    peerRun: () => (log.push('peer'), peers.shift() ?? Number.NaN),
    close: () => void log.push('close'),
    ...changes,
  };
}

void test('slices alternate, the best of each round counts, and the median of the rounds is the value', async () => {
  const row = scripted('higher', [1, 10, 2, 20, 30, 3, 4, 40, 5, 50], [2, 1, 4, 2, 6, 3, 8, 4, 10, 5]);
  const result = await measure(row);
  assert.deepEqual(row.log, ['prepare', ...Array.from({ length: 10 }, () => ['ours', 'peer']).flat(), 'close']);
  assert.deepEqual(result.rounds, [{ ours: 10, peer: 2 }, { ours: 20, peer: 4 }, { ours: 30, peer: 6 }, { ours: 40, peer: 8 }, { ours: 50, peer: 10 }]);
  assert.deepEqual([result.value, result.peerValue, result.ratio], [30, 6, 5]);
  const lower = await measure(scripted('lower', [1, 10, 2, 20, 30, 3, 4, 40, 5, 50], [2, 1, 4, 2, 6, 3, 8, 4, 10, 5]));
  assert.deepEqual([lower.value, lower.peerValue, lower.ratio], [3, 3, 1]);
});

void test('other figures of a row come with it, asked after the last round', async () => {
  const row = scripted('higher', [1, 2], [1, 1], { rounds: 1 });
  const result = await measure({ ...row, also: () => (row.log.push('also'), { 'p50, us': 3 }) });
  assert.deepEqual(row.log.slice(-3), ['peer', 'also', 'close']);
  assert.deepEqual(result.also, { 'p50, us': 3 });
});

void test('a row that cannot be measured here says why and touches nothing', async () => {
  const row = scripted('lower', [], [], { absent: () => 'no Chromium', floor: 1, prepare: () => assert.fail('it was prepared') });
  const result = await measure(row);
  assert.deepEqual([result.value, result.skipped, keepsFloor(result), complaintAbout([result], true)], [null, 'no Chromium', undefined, undefined]);
});

void test('an absent peer is skipped with its reason, and ours is measured all the same', async () => {
  const row = scripted('higher', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [], { skip: () => 'no cc', floor: 0.5 });
  const result = await measure(row);
  assert.deepEqual([result.value, result.peerValue, result.ratio, result.skipped], [1, null, null, 'no cc']);
  assert.equal(keepsFloor(result), undefined);
  assert.ok(!row.log.includes('peer'));
});

void test('a slice that returns no number is an error, and the row is closed', async () => {
  const row = scripted('higher', [], []);
  await assert.rejects(measure(row), /NaN/);
  assert.equal(row.log.at(-1), 'close');
});

void test('a floor is a ratio to the peer, or the value where there is none, in the direction of better', async () => {
  const base = await measure(scripted('higher', [3, 3], [2, 2], { rounds: 1 }));
  assert.equal(keepsFloor({ ...base, floor: 1.5 }), true);
  assert.equal(keepsFloor({ ...base, floor: 1.51 }), false);
  assert.equal(keepsFloor({ ...base, floor: 1.51, better: 'lower' }), true);
  assert.equal(keepsFloor({ ...base, floor: null }), undefined);
  assert.equal(keepsFloor({ ...base, peer: null, ratio: null, peerValue: null, floor: 3, better: 'lower' }), true);
  assert.equal(keepsFloor({ ...base, peer: null, ratio: null, peerValue: null, floor: 2, better: 'lower' }), false);
  assert.equal(keepsFloor({ ...base, failed: 'it broke' }), false);
});

void test('a row that could not be measured is always a complaint, one below its floor only at the gate', async () => {
  const good = { ...await measure(scripted('higher', [3, 3], [2, 2], { rounds: 1 })), floor: 1.5 };
  const low = { ...good, id: 'low/peer', floor: 2 };
  const skipped = { ...low, peerValue: null, ratio: null, skipped: 'no cc' };
  const failed = { ...good, id: 'broken/peer', value: null, failed: 'it broke' };
  assert.equal(complaintAbout([good, low, skipped], false), undefined);
  assert.equal(complaintAbout([good, skipped], true), undefined);
  assert.match(complaintAbout([good, low], true) ?? '', /below their floor: low\/peer/);
  assert.match(complaintAbout([good, failed], false) ?? '', /could not be measured: broken\/peer/);
});

void test('one row from the command line to its JSON', async () => {
  const { code, stdout, stderr } = await runNode(join(projectRoot, 'dist/tools/bench/main.js'), ['--json', '--only', 'tape-raw/read-sync']);
  assert.equal(code, 0, stderr);
  const rows = JSON.parse(stdout) as Record<string, unknown>[];
  assert.equal(rows.length, 1);
  const { id, value, unit, better, peer, peerValue, ratio, rounds } = rows[0] as { [key: string]: unknown; value: number; peerValue: number; rounds: unknown[] };
  assert.deepEqual({ id, unit, better, peer }, { id: 'tape-raw/read-sync', unit: 'records/s', better: 'higher', peer: 'fs.readSync without checksums' });
  assert.ok(value > 100_000 && peerValue > value, `${value} ${peerValue}`);
  assert.equal(ratio, value / peerValue);
  assert.equal(rounds.length, 5);
});

void test('the median is that of the sorted values', () => {
  assert.equal(median([10, 9, 1]), 9);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

void test('a row that crashes, hangs or dies is a failed result with its reason', async (t) => {
  const folder = scratch(t);
  const row = scripted('higher', [], []);
  const script = (text: string): string => {
    const path = join(folder, `${text.length}.mjs`);
    writeFileSync(path, text);
    return path;
  };
  assert.match((await runRow(row, { script: script('throw new TypeError("no such field")') })).failed ?? '', /TypeError: no such field/);
  assert.match((await runRow(row, { script: script('setInterval(() => {}, 1000)'), limitMs: 300 })).failed ?? '', /longer than 0.3 s/);
  assert.match((await runRow(row, { script: script('process.kill(process.pid, "SIGKILL")') })).failed ?? '', /SIGKILL/);
  const result = await runRow({ ...row, nodeFlags: ['--max-semi-space-size=1'] }, { script: script('process.send({ id: process.argv[2], flags: process.execArgv })') });
  assert.deepEqual(result as unknown, { id: 'scripted/peer', flags: ['--expose-gc', '--max-semi-space-size=1'] });
});

void test('every registered row loads, calls itself by its id and has what a report needs', async () => {
  for (const id of rowIds) {
    const row = await loadRow(id);
    assert.equal(row.id, id);
    assert.match(id, /^[a-z0-9-]+(\/[a-z0-9.-]+)?$/);
    if (row.peer !== null) assert.equal(typeof row.peerRun, 'function', id);
  }
});

void test('the command lists its rows and refuses an unknown one', async () => {
  const main = join(projectRoot, 'dist/tools/bench/main.js');
  const listed = await runNode(main, ['--list', '--json']);
  assert.deepEqual([listed.code, JSON.parse(listed.stdout)], [0, rowIds]);
  const unknown = await runNode(main, ['--only', 'nothing/such']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /there is no benchmark 'nothing\/such'/);
});

void test('docs/bench.md describes every row, with its floor', async () => {
  const page = readFileSync(join(projectRoot, 'docs/bench.md'), 'utf8');
  for (const id of rowIds) {
    const line = page.split('\n').find((text) => text.startsWith(`| \`${id}\` |`));
    assert.ok(line !== undefined, `docs/bench.md has no line for ${id}`);
    const { floor } = await loadRow(id);
    const stated = /(\d[\d,.]*)? *\|[^|]*\|$/.exec(line)?.[1]?.replaceAll(',', '');
    assert.equal(stated === undefined ? undefined : Number(stated), floor, `the floor of ${id}`);
  }
});
