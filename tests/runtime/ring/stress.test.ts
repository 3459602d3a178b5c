import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { seededRandom } from './support.js';
import { createRing, RingReader, RingWriter } from '../../../runtime/ring/index.js';
import type { StressSide } from './stress-side.js';

// Two threads, as the machine schedules them: every word of every slot is checked, sides are killed anywhere and opened again, readers
// are replaced while they run. RING_STRESS_SECONDS=200 for the run that docs/ring.md reports.

const seconds = Number(process.env['RING_STRESS_SECONDS'] ?? '3');
const SEED = 20261121;

for (const { slots, slotBytes } of [{ slots: 4, slotBytes: 8 }, { slots: 64, slotBytes: 64 }, { slots: 4096, slotBytes: 64 }]) {
  test(`two threads, ${slots} slots of ${slotBytes} bytes, with kills`, { timeout: (seconds + 120) * 1000 }, async (t) => {
    const memory = createRing({ slots, slotBytes });
    const counts = new SharedArrayBuffer(32);
    const random = seededRandom(SEED + slots);
    let seed = 1;
    const alive = new Set<Promise<void>>();
    const failures: unknown[] = [];

    const start = async (side: 'reader' | 'writer'): Promise<{ worker: Worker; ended: Promise<void>; flags: Int32Array }> => {
      const control = new SharedArrayBuffer(12);
      seed += 1;
      const data: StressSide = { side, memory, control, counts, seed: Math.imul(seed, 0x9e3779b1) };
      const worker = new Worker(new URL('./stress-side.js', import.meta.url), { workerData: data });
      const ended = new Promise<void>((resolve) => {
        worker.once('error', (error) => failures.push(error));
        worker.once('exit', () => resolve());
      });
      alive.add(ended);
      void ended.then(() => alive.delete(ended));
      const flags = new Int32Array(control);
      while (Atomics.load(flags, 2) === 0 && failures.length === 0) await sleep(1);
      return { worker, ended, flags };
    };

    let writer = await start('writer');
    let reader = await start('reader');
    const end = Date.now() + seconds * 1000 / 3;
    let kills = 0;
    let replaced = 0;
    while (Date.now() < end && failures.length === 0) {
      await sleep(random() * 120);
      const what = random();
      if (what < 0.4) {
        await writer.worker.terminate();
        writer = await start('writer');
        kills += 1;
      } else if (what < 0.8) {
        await reader.worker.terminate();
        reader = await start('reader');
        kills += 1;
      } else {
        const old = reader;
        reader = await start('reader');
        await old.ended;
        replaced += 1;
      }
    }
    Atomics.store(writer.flags, 0, 1);
    await writer.ended;
    Atomics.store(reader.flags, 1, 1);
    await reader.ended;
    await Promise.all(alive);
    assert.deepEqual(failures, []);
    const written = RingWriter.open(memory).written;
    assert.equal(RingReader.open(memory).consumed, written, 'everything that was published was read');
    const [checked = 0, messages = 0, batches = 0, stale = 0] = new Float64Array(counts);
    assert.ok(checked > 1_000, `${checked} slots were checked`);
    assert.equal(stale, replaced, 'every reader that was replaced was told');
    t.diagnostic(`${checked} slots checked in ${batches} batches of ${messages} messages, ${kills} kills, ${replaced} readers replaced while they ran`);
  });
}
