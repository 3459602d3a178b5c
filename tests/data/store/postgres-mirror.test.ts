import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type MirrorState, PostgresMirror, RecordStore, STORE_TABLES } from '../../../data/store/index.js';
import { noPostgres, TestPostgres } from '../../support/postgres.js';

const WRITER = fileURLToPath(new URL('./writer-child.js', import.meta.url));
const missing = noPostgres();

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 10))) if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
}

describe('the mirror in PostgreSQL', { skip: missing === undefined ? false : `skipped: ${missing}` }, () => {
  let postgres: TestPostgres;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'faultline-mirror-'));
    postgres = await TestPostgres.start();
  });
  after(async () => {
    await postgres.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (name: string): RecordStore => RecordStore.open({ dir: join(folder, name), nowUs: () => Date.now() * 1000 });

  async function query<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query<R>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every row of the store stands in the database under the account, and nothing else does. */
  async function same(store: RecordStore, account: string): Promise<void> {
    for (const table of STORE_TABLES) {
      const there = await query<{ key: string; seq: string; row: unknown }>(`SELECT key, seq, row FROM faultline.${table} WHERE account = $1 ORDER BY seq`, [account]);
      const here = [...store.rows(table)].sort((a, b) => a.seq - b.seq).map(({ key, seq, row }) => ({ key, seq: `${seq}`, row }));
      assert.deepEqual(there, here, table);
    }
  }

  test('rows arrive, replaced ones are replaced, awkward text survives', async () => {
    const store = open('rows');
    const mirror = new PostgresMirror({ store, url: postgres.url, account: 'rows' });
    const awkward = 'tab\there, line\nthere, back\\slash, "quoted", \u{1f600}, \\N';
    store.write([{ table: 'orders', key: 'a b\\c', row: { text: awkward, price: '0.000000010', nested: [1, null, { deep: true }] } }, { table: 'trades', key: 't', row: { pnl: '-12.5' } }]);
    mirror.start();
    await store.flushed();
    store.write([{ table: 'trades', key: 't', row: { pnl: '-13' } }]);
    await store.flushed();
    assert.equal(await mirror.stop(30_000), true);
    await same(store, 'rows');
    await store.close();
  });

  test('NUL and half surrogates, which PostgreSQL cannot hold, are replaced and do not stop the rest', async () => {
    const store = open('odd');
    const mirror = new PostgresMirror({ store, url: postgres.url, account: 'odd' });
    mirror.start();
    store.write([{ table: 'orders', key: 'a', row: { 'n\0': 'a\0b\ud800c' } }, { table: 'orders', key: 'b', row: {} }]);
    await store.flushed();
    assert.equal(await mirror.stop(30_000), true);
    assert.deepEqual(await query('SELECT key, row FROM faultline.orders WHERE account = $1 ORDER BY key', ['odd']), [{ key: 'a', row: { 'n�': 'a�b�c' } }, { key: 'b', row: {} }]);
    await store.close();
  });

  test('another account with the same keys, and a record made anew, take nobody else’s place', async () => {
    const stores = ['one', 'two'].map((name) => open(name));
    for (const [at, store] of stores.entries()) {
      const mirror = new PostgresMirror({ store, url: postgres.url, account: `account-${at}` });
      store.write([{ table: 'orders', key: 'same', row: { at } }]);
      await store.flushed();
      mirror.start();
      assert.equal(await mirror.stop(30_000), true);
    }
    const anew = open('anew');
    const mirror = new PostgresMirror({ store: anew, url: postgres.url, account: 'account-0' });
    anew.write([{ table: 'orders', key: 'same', row: { at: 'anew' } }]);
    await anew.flushed();
    mirror.start();
    assert.equal(await mirror.stop(30_000), true);
    assert.deepEqual(await query('SELECT account, row FROM faultline.orders WHERE key = $1 ORDER BY account', ['same']), [{ account: 'account-0', row: { at: 'anew' } }, { account: 'account-1', row: { at: 1 } }]);
    for (const store of [...stores, anew]) await store.close();
  });

  test('SIGKILL to either side, three times each: the same rows in the end', { timeout: 240_000 }, async () => {
    let from = 1;
    const live = async (strike: (acked: number, kill: () => void) => void): Promise<void> => {
      const child = spawn(process.execPath, [WRITER, join(folder, 'kills'), `${from}`, postgres.url], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'close');
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const last = [...said.matchAll(/acked (\d+)\n/g)].at(-1);
        if (last === undefined) return;
        from = Number(last[1]) + 1;
        strike(from - 1, () => child.kill('SIGKILL'));
      });
      await ended;
    };
    for (let round = 1; round <= 3; round += 1) {
      const begun = from;
      let down: Promise<void> = Promise.resolve();
      let struck = false;
      await live((acked, kill) => {
        // The database dies under the writer, which goes on; some rows later the writer dies too.
        if (!struck && acked >= begun + 10 * round) {
          struck = true;
          down = postgres.kill().then(() => postgres.up());
        }
        if (acked >= begun + 40 * round) kill();
      });
      await down;
    }
    const store = open('kills');
    assert.ok([...store.rows('orders')].length >= 100);
    const mirror = new PostgresMirror({ store, url: postgres.url, account: 'test' });
    mirror.start();
    assert.equal(await mirror.stop(60_000), true);
    await same(store, 'test');
    await store.close();
  });

  test('a database that comes back from a backup gets the rest again', async () => {
    const store = open('backup');
    const mirror = new PostgresMirror({ store, url: postgres.url, account: 'backup' });
    mirror.start();
    for (let n = 0; n < 20; n += 1) store.write([{ table: 'orders', key: `${n}`, row: { n } }]);
    await store.flushed();
    assert.equal(await mirror.stop(30_000), true);
    await query('DELETE FROM faultline.orders WHERE account = $1 AND seq > 5', ['backup']);
    await query('UPDATE faultline.mirrored SET seq = 5 WHERE account = $1', ['backup']);
    const later = new PostgresMirror({ store, url: postgres.url, account: 'backup' });
    later.start();
    assert.equal(await later.stop(30_000), true);
    await same(store, 'backup');
    await store.close();
  });

  test('a newer schema is refused, and left alone', async () => {
    await query('INSERT INTO faultline.migrations (version, name) VALUES (999, $1)', ['of tomorrow']);
    const store = open('newer');
    const mirror = new PostgresMirror({ store, url: postgres.url, account: 'newer', maxBackOffMs: 50 });
    mirror.start();
    await until('the refusal', () => mirror.state.lastProblem !== null);
    assert.match(mirror.state.lastProblem!, /version 999 of the mirror's schema, this program knows \d+: run the newer program/);
    await mirror.stop(0);
    await query('DELETE FROM faultline.migrations WHERE version = 999');
    await store.close();
  });
});

test('without a database the mirror waits, says so without the password, and holds nobody up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-mirror-'));
  // A port that takes the connection and says nothing sensible.
  const nonsense = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve));
  const { port } = nonsense.address() as { port: number };
  const store = RecordStore.open({ dir: folder, nowUs: () => Date.now() * 1000 });
  const states: MirrorState[] = [];
  const mirror = new PostgresMirror({ store, url: `postgres://user:hunter%402@127.0.0.1:${port}/db`, account: 'a', maxBackOffMs: 20, onState: (state) => states.push(state) });
  mirror.start();
  store.write([{ table: 'orders', key: 'a', row: {} }]);
  await store.flushed();
  await until('a word', () => mirror.state.lastProblem !== null);
  assert.equal(mirror.state.connected, false);
  assert.equal(mirror.state.behindRows, 1);
  assert.ok(states.length > 0);
  assert.doesNotMatch(JSON.stringify([states, mirror.state]), /hunter/);
  assert.equal(await mirror.stop(0), false);
  await store.close();
  nonsense.close();
  rmSync(folder, { recursive: true, force: true });
});
