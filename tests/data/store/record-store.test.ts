import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { RecordStore, STORE_TABLES, type StoredValue, type StoreRow, type StoreTable } from '../../../data/store/index.js';

const WRITER = fileURLToPath(new URL('./writer-child.js', import.meta.url));

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'faultline-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let clockUs = 1_700_000_000_000_000;
const open = (): RecordStore => RecordStore.open({ dir: join(folder, 'store'), nowUs: () => (clockUs += 10) });
const order = (key: string, state: string): StoreRow => ({ table: 'orders', key, row: { state } });

describe('the record', () => {
  test('is for its user alone, also in a folder that was made before', async () => {
    const dir = join(folder, 'store');
    const before = process.umask(0);
    try {
      mkdirSync(dir, 0o777);
      await open().close();
    } finally {
      process.umask(before);
    }
    assert.deepEqual(['', 'data.mdb', 'lock.mdb'].map((name) => (statSync(join(dir, name)).mode & 0o777).toString(8)), ['700', '600', '600']);
    await RecordStore.read(dir).close();
  });

  test('what a run begins with is found by an index, also of a record that was written without one', async () => {
    const stands = (store: RecordStore): unknown => STORE_TABLES.flatMap((table) => [...store.rows(table)].filter((row) => table === 'snapshots' || row.row['open'] === true));
    const of = (table: StoreTable, key: string, isOpen: boolean | null): StoreRow => ({ table, key, row: isOpen === null ? {} : { open: isOpen } });
    let store = open();
    store.write([of('trades', 'a', true), of('orders', 'a', true), of('orders', 'b', true), of('orders', 'c', false), of('snapshots', 's', null), of('fills', 'f', null)]);
    await store.flushed();
    store.write([of('orders', 'b', false), of('orders', 'c', true), of('trades', 'a', false)]);
    await store.close();
    store = open();
    assert.deepEqual(store.openRows().map(({ table, key }) => `${table} ${key}`), ['orders a', 'orders c', 'snapshots s']);
    assert.deepEqual(store.openRows(), stands(store));
    await store.close();
    // As an older program leaves it.
    const root = openLmdb({ path: join(folder, 'store'), noSubdir: false, maxDbs: 4 });
    const index = root.openDB<true, [string, string]>('open', { encoding: 'json' });
    await Promise.all([root.openDB('meta', { encoding: 'msgpack' }).put('openUpTo', 3), index.remove(['orders', 'a']), index.put(['orders', 'b'], true)]);
    await root.close();
    const reader = RecordStore.read(join(folder, 'store'));
    assert.deepEqual(reader.openRows(), stands(reader));
    await reader.close();
    store = open();
    assert.deepEqual(store.openRows().map(({ table, key }) => `${table} ${key}`), ['orders a', 'orders c', 'snapshots s']);
    await store.close();
  });

  test('keeps the latest row of a key over a restart, in the order it was written', async () => {
    const store = open();
    store.write([order('a', 'new'), order('b', 'new'), { table: 'fills', key: 'a', row: { lots: 3 } }]);
    await store.flushed();
    store.write([order('a', 'filled')]);
    await store.close();
    const again = open();
    assert.deepEqual([...again.rows('orders')].map(({ key, row }) => [key, row]), [['a', { state: 'filled' }], ['b', { state: 'new' }]]);
    assert.deepEqual(again.since(0, 10).map(({ table, key }) => `${table}/${key}`), ['orders/b', 'fills/a', 'orders/a']);
    assert.equal(again.id, store.id);
    const { seq } = again.get('orders', 'a')!;
    again.write([order('c', 'new')]);
    await again.flushed();
    assert.equal(again.get('orders', 'c')!.seq, seq + 1);
    assert.equal(again.get('orders', 'nobody'), undefined);
    await again.close();
    assert.throws(() => again.write([order('d', 'new')]), { name: 'StoreFailure', code: 'closed' });
  });

  test('a flush holds what was written before it, also while other batches are under way', async () => {
    const store = open();
    for (let round = 0; round < 50; round += 1) {
      store.write([order('same', `${round}`), order(`${round}`, 'new')]);
      if (round % 3 === 0) await Promise.resolve();
      if (round % 7 === 0) {
        await store.flushed();
        assert.equal(store.get('orders', 'same')!.row['state'], `${round}`);
      }
    }
    await store.close();
  });

  test('a process beside it reads each commit and leaves the lock file as it is; a second one in this process is refused', async (t) => {
    const store = open();
    store.write([order('a', '0')]);
    await store.flushed();
    const program = `import { RecordStore } from ${JSON.stringify(new URL('../../../data/store/index.js', import.meta.url).href)};
      const store = RecordStore.read(process.argv[1]);
      const tell = () => console.log(JSON.stringify([...store.rows('orders')]));
      process.stdin.on('data', () => setImmediate(tell)).on('end', () => void store.close());
      tell();`;
    // A reader that writes in here takes back what was committed beside it. This process stands still meanwhile: it notes its own reads there.
    const rows = [...store.rows('orders')];
    const before = readFileSync(join(folder, 'store/lock.mdb'));
    const args = ['--input-type=module', '-e', program, join(folder, 'store')];
    assert.deepEqual(JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).stdout), rows);
    assert.ok(readFileSync(join(folder, 'store/lock.mdb')).equals(before));
    const reader = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => reader.kill('SIGKILL'));
    const lines = createInterface(reader.stdout)[Symbol.asyncIterator]();
    assert.deepEqual(JSON.parse((await lines.next()).value as string), rows);
    // By a lock file of its own it would see every second one.
    for (const state of ['1', '2', '3']) {
      store.write([order('a', state)]);
      await store.flushed();
      // Within a millisecond of its last look a reader still has that look's view.
      let seen: unknown;
      for (let k = 0; k < 100 && !isDeepStrictEqual(seen, [...store.rows('orders')]); k += 1) {
        reader.stdin.write('look');
        seen = JSON.parse((await lines.next()).value as string);
      }
      assert.deepEqual(seen, [...store.rows('orders')]);
    }
    reader.stdin.end();
    assert.equal((await once(reader, 'exit'))[0], 0);
    assert.throws(open, { name: 'StoreFailure', code: 'io', message: /is open in this process already/ });
    await store.close();
  });

  test('a process beside it finds what is open by the index also when rows came since it opened', async () => {
    const store = open();
    const of = (key: string, isOpen: boolean): StoreRow => ({ table: 'orders', key, row: { open: isOpen } });
    store.write([of('a', true), of('b', true)]);
    await store.flushed();
    const index = new URL('../../../data/store/index.js', import.meta.url).href;
    // Where every row is read, it says so.
    const program = `import { RecordStore } from ${JSON.stringify(index)};
      const store = RecordStore.read(process.argv[1]); process.stdout.write('open ');
      process.stdin.once('data', async () => {
        store.rows = () => { throw new Error('every row was read'); };
        process.stdout.write(store.openRows().map(({ key }) => key).join()); await store.close(); process.exit();
      });`;
    const reader = spawn(process.execPath, ['--input-type=module', '-e', program, join(folder, 'store')], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    for await (const text of reader.stdout.setEncoding('utf8')) {
      said += text as string;
      if (said !== 'open ') continue;
      for (const row of [of('a', false), of('c', true)]) {
        store.write([row]);
        await store.flushed();
      }
      reader.stdin.write('go');
    }
    assert.equal(said, 'open b,c');
    await store.close();
  });

  test('rows that are no JSON, unknown tables and bad keys are refused whole', async () => {
    const store = open();
    const bad: unknown[] = [
      { table: 'elsewhere', key: 'a', row: {} }, { table: 'orders', key: '', row: {} }, { table: 'orders', key: 'x'.repeat(201), row: {} }, { table: 'orders', key: 'a\0b', row: {} }, { table: 'orders', key: '\ud800', row: {} },
      { table: 'orders', key: 'a', row: null }, { table: 'orders', key: 'a', row: { at: NaN } }, { table: 'orders', key: 'a', row: { at: 1n } }, { table: 'orders', key: 'a', row: { at: new Map() } },
      { table: 'orders', key: 'a', row: { at: [undefined] } },
    ];
    for (const row of bad) assert.throws(() => store.write([order('good', 'new'), row as StoreRow]), { name: 'StoreFailure', code: 'value' });
    await store.flushed();
    assert.equal(store.get('orders', 'good'), undefined);
    await store.close();
  });

  test('what is no record is refused and left alone', async () => {
    writeFileSync(join(folder, 'data.mdb'), 'something else entirely'.repeat(1000));
    assert.throws(() => RecordStore.read(folder), { name: 'StoreFailure', code: 'corrupt' });
    assert.throws(() => RecordStore.read(join(folder, 'nowhere')), { code: 'format' });
  });

  test('any JSON comes back as it went in', async () => {
    const store = open();
    await fc.assert(fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), fc.jsonValue({ stringUnit: 'binary' }) as fc.Arbitrary<StoredValue>), async (row) => {
      const plain = JSON.parse(JSON.stringify(row)) as StoreRow['row'];
      store.write([{ table: 'snapshots', key: 'k', row: plain }]);
      await store.flushed();
      assert.deepEqual(store.get('snapshots', 'k')!.row, plain);
    }), { numRuns: 60, examples: [[{ a: '\ud800', __proto__x: '\0' }]] });
    await store.close();
  });
});

/** Runs the writer under a limit on the size of its files; `after` gets every number it acknowledges. */
async function write(from: number, fileKib: number | 'unlimited', after: (acked: number, kill: () => void) => void): Promise<{ acked: number; said: string; code: number | null }> {
  const child = spawn('bash', ['-c', `ulimit -f ${fileKib}; exec "$0" "$@"`, process.execPath, WRITER, join(folder, 'store'), `${from}`, ''], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let acked = from - 1;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const last = [...said.matchAll(/acked (\d+)\n/g)].at(-1);
    if (last !== undefined) after((acked = Number(last[1])), () => child.kill('SIGKILL'));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const last = [...said.matchAll(/acked (\d+)\n/g)].at(-1);
  return { acked: last === undefined ? acked : Number(last[1]), said, code };
}

async function check(acked: number): Promise<void> {
  const store = open();
  for (let n = 1; n <= acked; n += 1) {
    const row = store.get('orders', `order-${n}`)?.row;
    assert.equal(row?.['n'], n, `order ${n} of ${acked} is there`);
    if (n < acked) assert.equal(row['state'], 'filled');
    assert.equal(store.get('fills', `fill-${n}`)?.row['n'], n);
  }
  const seqs = store.since(0, 1_000_000).map(({ seq }) => seq);
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
  assert.equal(seqs.length, [...store.rows('orders')].length + [...store.rows('fills')].length, 'each row has one number');
  await store.close();
}

describe('the record and the end of its process', () => {
  test('SIGKILL at any moment loses nothing that was acknowledged, five lives long', async () => {
    let from = 1;
    for (let life = 1; life <= 5; life += 1) {
      const target = from + 7 * life;
      const { acked } = await write(from, 'unlimited', (n, kill) => n >= target && kill());
      await check(acked);
      from = acked + 1;
    }
  });

  test('a disk that takes no more is a failure with a code, and what was acknowledged is there', async () => {
    const { acked, said, code } = await write(1, 256, () => undefined);
    assert.match(said, /failed io\n$/);
    assert.equal(code, 11);
    assert.ok(acked > 0);
    await check(acked);
    const again = await write(acked + 1, 'unlimited', (n, kill) => n >= acked + 10 && kill());
    assert.ok(again.acked >= acked + 10);
  });
});
