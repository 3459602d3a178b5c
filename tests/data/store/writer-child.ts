/**
 * A process that writes rows until it is killed or its disk is full: argv = folder, first number, PostgreSQL's address or ''.
 * It prints `acked N` after every flush that held row N, and how it ended.
 */
import { writeSync } from 'node:fs';
import { PostgresMirror, RecordStore, StoreFailure } from '../../../data/store/index.js';

const [dir, from, url] = process.argv.slice(2) as [string, string, string];
const store = RecordStore.open({ dir, nowUs: () => Date.now() * 1000 });
const mirror = url === '' ? null : new PostgresMirror({ store, url, account: 'test', maxBackOffMs: 500 });
mirror?.start();
try {
  for (let n = Number(from); ; n += 1) {
    store.write([
      { table: 'orders', key: `order-${n}`, row: { n, state: 'new', price: '61234.10' } },
      { table: 'orders', key: `order-${n - 1}`, row: { n: n - 1, state: 'filled', price: '61234.10' } },
      { table: 'fills', key: `fill-${n}`, row: { n, filler: 'x'.repeat(200) } },
    ]);
    await store.flushed();
    writeSync(1, `acked ${n}\n`);
  }
} catch (thrown) {
  if (!(thrown instanceof StoreFailure)) throw thrown;
  writeSync(1, `failed ${thrown.code}\n`);
  await mirror?.stop(0);
  await store.close();
  process.exit(11);
}
