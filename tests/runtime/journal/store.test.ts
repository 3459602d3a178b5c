import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { open } from 'lmdb';
import { JournalFailure, openJournal, readJournal, type TurnEntry } from '../../../runtime/journal/index.js';
import { kinds, snapshotOf, temporaryFolder, turnEntry } from './support.js';

const failsWith = (code: string, pattern: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof JournalFailure, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

test('what was appended and flushed is there when the journal is opened again, with every kind of value', async (t) => {
  const dir = temporaryFolder(t);
  const message = {
    big: -(2n ** 100n), map: new Map<unknown, unknown>([[1, { x: 1 }], ['k', new Set([1])]]), date: new Date(5), floats: new Float64Array([1, NaN, 0.1]),
    bytes: new Uint8Array([1, 2]), missing: undefined, none: null, infinite: -Infinity, deep: [[{ a: [undefined] }]], longs: new BigInt64Array([-5n]),
  };
  const first = await openJournal({ dir });
  first.append(first.prepare(turnEntry({ turn: 0, phase: 'start', input: null })));
  first.appendSnapshot(first.prepareSnapshot(snapshotOf('/a', { value: message })));
  const position = first.append(first.prepare(turnEntry({ input: ['message', message], ops: [['effect', 'order', message], ['timer', 'k', -5, message]] })));
  await first.flushed();
  assert.equal(first.durable, position + 1);
  await first.close();

  const again = await openJournal({ dir });
  const history = again.history('/a');
  assert.deepEqual(history?.snapshot.value, message);
  assert.deepEqual(history?.entries.map((entry) => entry.position), [position], 'only what is younger than the snapshot');
  const entry = history?.entries[0]?.entry;
  assert.deepEqual(entry, turnEntry({ input: ['message', message], ops: [['effect', 'order', message], ['timer', 'k', -5, message]] }));
  assert.equal(again.history('/b'), null);
  await again.close();
});

test('every life of a journal goes on at the position where the last one ended', async (t) => {
  const dir = temporaryFolder(t);
  for (let life = 0; life < 4; life++) {
    const journal = await openJournal({ dir });
    if (life === 0) journal.appendSnapshot(journal.prepareSnapshot(snapshotOf('/a')));
    for (let turn = 1; turn <= 3; turn++) assert.equal(journal.append(journal.prepare(turnEntry({ turn: life * 3 + turn }))), life * 3 + turn);
    await journal.flushed();
    assert.deepEqual(journal.history('/a')?.entries.map(({ position, entry }) => [position, (entry as TurnEntry).turn]), Array.from({ length: life * 3 + 3 }, (_, at) => [at + 1, at + 1]));
    await journal.close();
  }
  const reader = readJournal(dir);
  assert.deepEqual([...reader.entries()].map(({ position }) => position), Array.from({ length: 13 }, (_, at) => at));
  assert.deepEqual([...reader.verify()], []);
  await reader.close();
});

test('an actor finds sends to it, inputs and outcomes for it, and nothing else, before and after they are on disk', async (t) => {
  const dir = temporaryFolder(t);
  const journal = await openJournal({ dir });
  for (const path of ['/a', '/b']) {
    journal.append(journal.prepare(turnEntry({ actor: path, turn: 0, phase: 'start', input: null })));
    journal.appendSnapshot(journal.prepareSnapshot(snapshotOf(path)));
  }
  journal.append(journal.prepare(turnEntry({ actor: '/a', ops: [['send', '/b', 1], ['send', '/b', 2]] })));
  journal.append(journal.prepare({ kind: 'input', actor: '/b', atUs: 1, source: 'feed', seq: 7, message: 'x' }));
  journal.append(journal.prepare({ kind: 'outcome', actor: '/a', atUs: 2, key: '/a#1:1.0', status: 'done', message: undefined }));
  journal.append(journal.prepare({ kind: 'release', atUs: 2, upTo: 4 }));
  const seen = (): string[][] => ['/a', '/b'].map((path) => kinds(journal.history(path)?.entries ?? []));
  assert.deepEqual(seen(), [['turn', 'outcome'], ['turn', 'input']]);
  await journal.flushed();
  assert.deepEqual(seen(), [['turn', 'outcome'], ['turn', 'input']]);
  assert.equal(journal.lastInput('feed'), 7);
  assert.equal(journal.lastInput('other'), -1);
  await journal.close();
  const again = await openJournal({ dir });
  assert.deepEqual(['/a', '/b'].map((path) => kinds(again.history(path)?.entries ?? [])), [['turn', 'outcome'], ['turn', 'input']]);
  assert.equal(again.lastInput('feed'), 7);
  const epoch = again.nextEpoch();
  assert.ok(epoch > 1_000_000_000, 'epochs do not begin anew when somebody deletes a journal');
  await again.close();
});

test('entries of a burst are one batch, and the next batch collects while one is being flushed', async (t) => {
  const points: string[] = [];
  const journal = await openJournal({ dir: temporaryFolder(t), onPoint: (at) => points.push(at) });
  const flushed: number[] = [];
  journal.listen({ flushed: (durable) => flushed.push(durable), failed: (failure) => assert.fail(failure) });
  for (let turn = 1; turn <= 1000; turn++) journal.append(journal.prepare(turnEntry({ turn })));
  await Promise.resolve();
  for (let turn = 1001; turn <= 1500; turn++) journal.append(journal.prepare(turnEntry({ turn })));
  await journal.flushed();
  assert.deepEqual(flushed, [1000, 1500]);
  assert.deepEqual(points, ['before-batch', 'committed', 'flushed', 'before-batch', 'committed', 'flushed']);
  await journal.close();
});

test('a second writer is refused with the number of the first, readers are not; the journal is free again after close and after SIGKILL', async (t) => {
  const dir = temporaryFolder(t);
  const module = new URL('../../../runtime/journal/index.js', import.meta.url).href;
  const script = `import { openJournal } from ${JSON.stringify(module)};
    const journal = await openJournal({ dir: ${JSON.stringify(dir)} });
    for (let turn = 1; turn <= 10; turn++) journal.append(journal.prepare({ kind: 'turn', actor: '/a', atUs: 1, turn, incarnation: 1, phase: 'step',
      input: ['message', turn], events: null, ops: [], calls: 0, answers: [], ids: 0, random: null }));
    await journal.flushed();
    // Stands still from here on: it notes its own reads in the lock file.
    setTimeout(() => { console.log('ready'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }, 20);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  // Who writes in here takes back what the first commits meanwhile.
  const lock = readFileSync(join(dir, 'lock.mdb'));
  await assert.rejects(openJournal({ dir }), failsWith('owned', new RegExp(`process ${child.pid}`)));
  const reader = readJournal(dir);
  assert.equal(reader.info().owner?.pid, child.pid);
  assert.equal([...reader.entries()].length, 10);
  await reader.close();
  assert.ok(readFileSync(join(dir, 'lock.mdb')).equals(lock));
  child.kill('SIGKILL');
  await ended;
  const journal = await openJournal({ dir });
  await assert.rejects(openJournal({ dir }), failsWith('owned', /this process/));
  await journal.close();
  const looked = readJournal(dir);
  assert.equal(looked.info().owner, null);
  assert.deepEqual([...looked.verify()], []);
  await looked.close();
});

test('a journal of another format, a foreign database and a damaged file are refused and left as they were', async (t) => {
  for (const [meta, pattern] of [
    [{ kind: 'faultline journal', format: 99, createdUs: 0 }, /format 99, written by a newer version/],
    [{ kind: 'faultline journal', format: 0, createdUs: 0 }, /format 0; this version reads format 1 only. It was left as it is/],
    [{ kind: 'cookbook' }, /no Faultline journal/],
  ] as const) {
    const dir = temporaryFolder(t);
    const root = open<unknown, string>({ path: dir, noSubdir: false, maxDbs: 8 });
    await root.openDB<unknown, string>('meta', { encoding: 'msgpack' }).put('meta', meta);
    await root.close();
    const before = readFileSync(join(dir, 'data.mdb'));
    await assert.rejects(openJournal({ dir }), failsWith('format', pattern));
    assert.throws(() => readJournal(dir), failsWith('format', pattern));
    assert.ok(before.equals(readFileSync(join(dir, 'data.mdb'))), 'not a byte has changed');
  }
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'data.mdb'), Buffer.alloc(40_960, 'no database '));
  await assert.rejects(openJournal({ dir }), failsWith('corrupt', /cannot be opened/));
  assert.throws(() => readJournal(join(dir, 'nowhere')), failsWith('not_found', /no journal/));
});

test('a journal that was being made when its process was killed is made anew', async (t) => {
  const empty = temporaryFolder(t);
  writeFileSync(join(empty, 'data.mdb'), '');
  await (await openJournal({ dir: empty })).close();
  const half = temporaryFolder(t);
  const root = open<unknown, string>({ path: half, noSubdir: false, maxDbs: 8 });
  root.openDB('meta', { encoding: 'msgpack' });
  root.openDB('log', { encoding: 'binary' });
  await root.close();
  const journal = await openJournal({ dir: half });
  journal.append(journal.prepare(turnEntry()));
  await journal.close();
  const again = await openJournal({ dir: half });
  assert.equal(again.durable, 1);
  await again.close();
});

test('a damaged entry is found when the journal is opened, and by verify, with its position', async (t) => {
  const dir = temporaryFolder(t);
  const journal = await openJournal({ dir });
  journal.append(journal.prepare(turnEntry({ turn: 0, phase: 'start', input: null })));
  journal.appendSnapshot(journal.prepareSnapshot(snapshotOf('/a')));
  await journal.flushed();
  for (let turn = 1; turn <= 5; turn++) journal.append(journal.prepare(turnEntry({ turn, input: ['message', `needle ${turn}`] })));
  await journal.close();
  const file = join(dir, 'data.mdb');
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf('needle 3'); at >= 0; at = bytes.indexOf('needle 3', at + 1)) bytes.write('noodle 3', at);
  writeFileSync(file, bytes);
  await assert.rejects(openJournal({ dir }), failsWith('corrupt', /entry 4: checksum/));
  const reader = readJournal(dir);
  const damage = [...reader.verify()];
  assert.deepEqual(damage[0]?.kind, 'entry');
  assert.equal((damage[0] as { position: number }).position, 4);
  assert.deepEqual([...reader.entries()].map(({ position }) => position), [0, 1, 2, 3]);
  await reader.close();
});

test('entries nobody needs go by age and by size; needed ones stay however old', async (t) => {
  const dir = temporaryFolder(t);
  let now = 1e15;
  const journal = await openJournal({ dir, nowUs: () => now, retention: { maxAgeMs: 1000, maxBytes: 50_000 } });
  const fill = async (path: string, text: string): Promise<void> => {
    for (let batch = 0; batch < 10; batch++) {
      for (let turn = 0; turn < 10; turn++) journal.append(journal.prepare(turnEntry({ actor: path, atUs: now, input: ['message', text] })));
      await journal.flushed();
    }
  };
  const first = (): number => {
    const reader = readJournal(dir);
    const { first: position } = reader.info();
    void reader.close();
    return position;
  };
  journal.appendSnapshot(journal.prepareSnapshot(snapshotOf('/a')));
  await fill('/a', 'x'.repeat(1000));
  assert.equal(first(), 0, '100 kB, all needed');
  journal.appendSnapshot(journal.prepareSnapshot(snapshotOf('/a')));
  await journal.flushed();
  await journal.flushed();
  // What is old goes after the flush.
  const until = async (holds: () => boolean): Promise<void> => {
    for (const endMs = performance.now() + 20_000; !holds() && performance.now() < endMs; ) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(() => first() > 0 && journal.size <= 61_000);
  const afterSize = first();
  assert.ok(afterSize > 0 && afterSize < 100, `by size: ${afterSize}`);
  assert.ok(journal.size <= 61_000, `${journal.size} bytes`);
  now += 2e6;
  journal.appendSnapshot(journal.prepareSnapshot(snapshotOf('/a')));
  await journal.flushed();
  await until(() => first() >= 100);
  assert.ok(first() >= 100, 'by age');
  assert.deepEqual(journal.history('/a')?.entries, []);
  await journal.close();
  const again = await openJournal({ dir });
  assert.deepEqual(again.history('/a')?.entries, []);
  await again.close();
});

test('what cannot be written is refused by name and leaves no trace', async (t) => {
  const journal = await openJournal({ dir: temporaryFolder(t) });
  const circular: unknown[] = [];
  circular.push(circular);
  assert.throws(() => journal.prepare(turnEntry({ input: ['message', () => 1] })), failsWith('value', /turn 1 of \/a cannot be written.*function/));
  assert.throws(() => journal.prepare(turnEntry({ input: ['message', circular] })), failsWith('value', /circular/));
  assert.throws(() => journal.prepare(turnEntry({ input: ['message', Symbol('s')] })), failsWith('value', /symbol/));
  assert.equal(journal.append(journal.prepare(turnEntry({}))), 0);
  await journal.close();
});
