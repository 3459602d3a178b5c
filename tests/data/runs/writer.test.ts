import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Kind } from '../../../data/records/index.js';
import { findRun, RunReader, RunWriter } from '../../../data/runs/index.js';
import { TapeReader, verifyTape } from '../../../data/tape/index.js';
import { BEGINNING, scratch, START_US, trades, wordsOf } from './support.js';

const child = fileURLToPath(new URL('./writer-child.js', import.meta.url));
const prices = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, k) => `t${from + k}`);

void test('a run is read in the order in which it was written, over several tapes', (t) => {
  const root = scratch(t);
  const run = RunWriter.create(root, BEGINNING, { tapeRecords: 4 });
  assert.equal(run.rotationDue, false);
  run.append(trades(0, 3), 0, 3);
  run.input(START_US + 5000, { to: '/a', message: { type: 'x' } });
  run.append(trades(3, 3), 0, 3);
  assert.equal(run.rotationDue, true);
  run.rotate(START_US + 6000, trades(100, 2, Kind.SNAPSHOT));
  assert.equal(run.rotationDue, false, 'a preamble is no part of what makes a tape long');
  run.input(START_US + 6000, { to: '/b', message: { type: 'y' } });
  run.append(trades(6, 2), 0, 2);
  run.decision('{"a":1}', 'd1');
  const manifest = run.close(START_US + 9000, { code: 0, reason: 'stop' });
  const { words, end } = wordsOf(run.folder);
  assert.deepEqual(words, ['[tape]', ...prices(1, 3), '/a:x@5000', ...prices(4, 6), '[tape]', '[position]', '/b:y@6000', ...prices(7, 8), '[end]']);
  assert.deepEqual(end, { whole: true, problem: null, records: 8, clockUs: START_US + 9000, entries: 6 });
  assert.deepEqual(manifest.tapes, [
    { file: 'tapes/000000.tape', firstRecord: 0, records: 6, preamble: 0, removed: false },
    { file: 'tapes/000001.tape', firstRecord: 6, records: 2, preamble: 2, removed: false },
  ]);
  const reader = RunReader.open(run.id, root);
  assert.deepEqual(reader.manifest, manifest);
  assert.deepEqual(reader.boot(), BEGINNING.boot);
  assert.deepEqual(reader.decisions(), ['{"a":1}']);
  // The second tape alone begins with how the books stand.
  const tape = TapeReader.open(join(run.folder, 'tapes/000001.tape'));
  assert.equal(tape.records, 4);
  tape.close();
  assert.ok(verifyTape(join(run.folder, 'tapes/000000.tape')).ok);
});

void test('a run is for its user alone, whatever the process gives to new files', (t) => {
  const before = process.umask(0);
  try {
    const root = join(scratch(t), 'var', 'runs');
    const run = RunWriter.create(root, { ...BEGINNING, boot: { a: 1 } }, { tapeRecords: 2 });
    run.append(trades(0, 2), 0, 2);
    run.rotate(START_US + 6000, trades(100, 1, Kind.SNAPSHOT), new Uint8Array(8));
    run.close(START_US + 9000, { code: 0, reason: 'stop' });
    const modes = ['', ...readdirSync(run.folder, { recursive: true }).map(String)].map((name) => {
      const at = statSync(join(run.folder, name));
      return `${name === '' ? '.' : name} ${at.isDirectory() ? 'folder' : 'file'} ${(at.mode & 0o777).toString(8)}`;
    });
    assert.ok(modes.length >= 9, modes.join('\n'));
    assert.deepEqual(modes.filter((line) => !line.endsWith(' folder 700') && !line.endsWith(' file 600')), []);
    assert.equal(statSync(root).mode & 0o777, 0o700);
  } finally {
    process.umask(before);
  }
});

void test('a boot value can be made of the run’s id; the tree is given what a replay will read', (t) => {
  const run = RunWriter.create(scratch(t), { ...BEGINNING, boot: (id) => ({ run: id, zero: -0 }) });
  run.close(0, { code: 0, reason: '' });
  assert.deepEqual(run.boot, { run: run.id, zero: 0 });
  assert.deepEqual(RunReader.open(run.folder).boot(), run.boot);
});

void test('latest, an id, the beginning of one and a folder find a run; anything else says what there is', (t) => {
  const root = scratch(t);
  assert.throws(() => findRun('latest', root), { kind: 'missing' });
  const [first, second] = [1, 2].map((day) => RunWriter.create(root, BEGINNING, { nowMs: Date.UTC(2026, 0, day) }));
  for (const run of [first!, second!]) run.close(0, { code: 0, reason: '' });
  assert.equal(findRun('latest', root), second!.folder);
  assert.equal(findRun(first!.id, root), first!.folder);
  assert.equal(findRun('20260102', root), second!.folder);
  assert.equal(findRun(first!.folder, root), first!.folder);
  assert.throws(() => findRun('2026', root), { kind: 'missing', message: /begins 2 runs/ });
  assert.throws(() => findRun('nonsense', root), { kind: 'missing', fix: `the latest is ${second!.id}` });
  assert.throws(() => RunReader.open(root, root), { kind: 'missing' }, 'a folder without run.json');
});

void test('what another hand changed is found out', (t) => {
  const root = scratch(t);
  const run = RunWriter.create(root, BEGINNING);
  run.close(0, { code: 0, reason: '' });
  appendFileSync(join(run.folder, 'boot.json'), ' ');
  assert.throws(() => RunReader.open(run.folder).boot(), { kind: 'corrupt' });
  const path = join(run.folder, 'run.json');
  const text = readFileSync(path, 'utf8');
  for (const [written, kind] of [['{', 'corrupt'], ['{"format":2}', 'version'], ['{"format":0}', 'version'], ['[]', 'notARun'], [text.replace('"engine"', '"motor"'), 'corrupt']] as const) {
    writeFileSync(path, written);
    assert.throws(() => RunReader.open(run.folder), { name: 'RunError', kind }, written.slice(0, 20));
  }
});

void test('a run without its end is read as far as tapes and log are common', (t) => {
  const root = scratch(t);
  const run = RunWriter.create(root, BEGINNING);
  run.append(trades(0, 5), 0, 5);
  run.input(START_US, { to: '/a', message: { type: 'x' } });
  run.flush(START_US + 7000);
  run.append(trades(5, 5), 0, 5);
  run.input(START_US + 8000, { to: '/a', message: { type: 'lost' } });
  run.abort();
  const { words, end } = wordsOf(run.folder);
  assert.deepEqual(words, ['[tape]', ...prices(1, 5), '/a:x@4000', '[position]']);
  assert.equal(end.whole, false);
  assert.match(end.problem!, /no end mark/);
  assert.equal(end.clockUs, START_US + 7000);
  // The log is on the disk and the last block of the tape is not.
  const tape = join(run.folder, 'tapes/000000.tape.partial');
  truncateSync(tape, statSync(tape).size - 10);
  const torn = wordsOf(run.folder);
  assert.deepEqual(torn.words, ['[tape]']);
  assert.match(torn.end.problem!, /tapes end after 0 records, the log goes on after 5/);
  rmSync(tape);
  assert.throws(() => wordsOf(run.folder), { kind: 'missing' });
});

void test('flushing what has not changed writes nothing', (t) => {
  const run = RunWriter.create(scratch(t), BEGINNING);
  run.append(trades(0, 1), 0, 1);
  run.flush(START_US);
  const { entries } = run;
  run.flush(START_US);
  run.sync(START_US);
  assert.equal(run.entries, entries);
  run.flush(START_US + 1);
  assert.equal(run.entries, entries + 1, 'time that passed is news: a timer may have been due');
  run.close(START_US + 1, { code: 0, reason: '' });
});

void test('a record that no tape can hold is refused, and those before it are there', (t) => {
  const run = RunWriter.create(scratch(t), BEGINNING);
  const batch = trades(0, 3);
  batch.F[2 * 8 + 1] = NaN;
  assert.throws(() => run.append(batch, 0, 3), { name: 'RunError', kind: 'input' });
  assert.equal(run.records, 2);
  run.close(START_US, { code: 0, reason: '' });
  assert.equal(wordsOf(run.folder).end.records, 2);
});

void test('too little free space ends a run while it can still write, and begins none', (t) => {
  const root = scratch(t);
  assert.throws(() => RunWriter.create(root, BEGINNING, { free: () => 10, leastFreeBytes: 11 }), { kind: 'lowSpace' });
  assert.deepEqual(readdirSync(root), [], 'and leaves no folder behind');
  let free = 100;
  const run = RunWriter.create(root, BEGINNING, { free: () => free, leastFreeBytes: 100 });
  free = 99;
  const batch = trades(0, 50_000);
  assert.throws(() => {
    for (;;) run.append(batch, 0, 50_000);
  }, { kind: 'lowSpace' });
  const { records } = run;
  run.close(START_US + 50_000_000, { code: 5, reason: 'lowSpace' });
  const { end } = wordsOf(run.folder);
  assert.ok(end.whole);
  assert.equal(end.records, records);
});

void test('inputs, effects and decisions count too: a run without any record ends before the disk is full', (t) => {
  const text = 'x'.repeat(100_000);
  const ways: readonly ((run: RunWriter, at: number) => unknown)[] = [
    (run, at) => run.input(START_US + at, { to: '/a', message: { type: text } }), (run) => run.effect(text, 'd'), (run) => run.decision(text, 'd'),
  ];
  for (const [way, write] of ways.entries()) {
    let free = 100;
    const run = RunWriter.create(scratch(t), BEGINNING, { free: () => free, leastFreeBytes: 100 });
    free = 99;
    let written = 0;
    assert.throws(() => {
      for (; written < 200; written += 1) {
        write(run, written);
        run.flush(START_US + written);
      }
    }, { kind: 'lowSpace' }, `way ${way}`);
    // The disk is looked at every four MiB.
    assert.ok(written >= 30 && written < 60, `way ${way}: ${written} of 100 kB`);
    run.close(START_US + 1000, { code: 5, reason: 'lowSpace' });
    assert.ok(wordsOf(run.folder).end.whole);
  }
});

void test('old tapes of a run go when they are more than it may keep', (t) => {
  const run = RunWriter.create(scratch(t), BEGINNING, { keepTapeBytes: 1 });
  for (let k = 0; k < 3; k += 1) {
    run.append(trades(k, 1), 0, 1);
    run.rotate(START_US + k, trades(0, 0));
  }
  const { tapes } = run.close(START_US + 9000, { code: 0, reason: '' });
  assert.deepEqual(tapes.map(({ removed }) => removed), [true, true, true, false]);
  assert.deepEqual(tapes.map(({ file }) => existsSync(join(run.folder, file))), [false, false, false, true]);
  assert.throws(() => wordsOf(run.folder), { kind: 'missing' });
});

void test('SIGKILL at any moment leaves what was flushed', async (t) => {
  for (let life = 0; life < 3; life += 1) {
    const root = scratch(t);
    const writer = spawn(process.execPath, [child, root, '300'], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => writer.kill('SIGKILL'));
    let safe = [0, 0, 0];
    const lines = createInterface({ input: writer.stdout });
    let rounds = 0;
    lines.on('line', (line) => {
      safe = line.split(' ').map(Number);
      rounds += 1;
      if (rounds === 10 + life * 37) writer.kill('SIGKILL');
    });
    await once(lines, 'close');
    assert.ok(rounds >= 10);
    const { words, end } = wordsOf(findRun('latest', root));
    assert.equal(end.whole, false);
    assert.ok(end.records >= safe[0]!);
    assert.deepEqual(words.filter((word) => word.startsWith('t')), prices(1, end.records));
    const inputs = words.filter((word) => word.startsWith('/a:i'));
    assert.ok(inputs.length >= safe[1]!);
    assert.deepEqual(inputs.map((word) => Number(/i(\d+)/.exec(word)![1])), inputs.map((_, k) => k));
    const decisions = RunReader.open('latest', root).decisions();
    assert.ok(decisions.length >= safe[2]!);
    assert.ok(decisions.length <= inputs.length, 'no decision without its cause');
    assert.deepEqual(decisions, decisions.map((_, k) => `{"n":${k}}`));
  }
});

void test('a full disk is told as one', (t) => {
  const root = scratch(t);
  // The shell's limit gives EFBIG where a full disk gives ENOSPC.
  const { stderr, stdout } = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 64; exec "$0" "$@"`, process.execPath, child, root, '2000'], { encoding: 'utf8' });
  assert.match(stderr, /^kind: full$/m);
  const [records] = stdout.trim().split('\n').at(-1)!.split(' ').map(Number);
  assert.ok(wordsOf(findRun('latest', root)).end.records >= records!);
});
