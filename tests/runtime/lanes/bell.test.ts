import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Bell } from '../../../runtime/lanes/index.js';
import { PATIENCE_MS } from './support.js';

test('what was rung after the value was read is not waited for, and the answer says so', async () => {
  const bell = Bell.create();
  const seen = bell.value;
  bell.ring();
  assert.equal(bell.wait(seen, PATIENCE_MS), true);
  assert.equal(await bell.waitAsync(seen, PATIENCE_MS), true);
  assert.notEqual(bell.value, seen);
});

test('a wait in which nobody rings ends with false after its time', async () => {
  const bell = Bell.create();
  const from = performance.now();
  assert.equal(bell.wait(bell.value, 30), false);
  assert.equal(await bell.waitAsync(bell.value, 30), false);
  assert.ok(performance.now() - from >= 55);
});

test('a bell is opened on the memory of another, and on no other memory', () => {
  const bell = Bell.create();
  const other = Bell.open(bell.memory);
  const seen = bell.value;
  other.ring();
  assert.notEqual(bell.value, seen);
  assert.throws(() => Bell.open(new SharedArrayBuffer(8)), RangeError);
});

test('one ring wakes all who wait without blocking', async () => {
  const bell = Bell.create();
  const waits = [1, 2, 3].map(() => bell.waitAsync(bell.value, PATIENCE_MS));
  setTimeout(() => bell.ring(), 10);
  assert.deepEqual(await Promise.all(waits), [true, true, true]);
});

// Two threads that take turns: one lost wake-up and a wait takes its whole time.
for (const way of ['blocking', 'asynchronously'] as const) {
  test(`no ring is lost between two threads that answer each other, waiting ${way}`, async (t) => {
    const rounds = 20_000;
    const [ping, pong] = [Bell.create(), Bell.create()];
    const worker = new Worker(new URL('./programs/echo-bell.js', import.meta.url), { workerData: { ping: ping.memory, pong: pong.memory, rounds } });
    t.after(() => worker.terminate());
    for (let round = 0; round < rounds; round++) {
      const seen = pong.value;
      ping.ring();
      const rung = way === 'blocking' ? pong.wait(seen, PATIENCE_MS) : await pong.waitAsync(seen, PATIENCE_MS);
      assert.ok(rung, `round ${round}`);
    }
  });
}

test('who listens is called at once, after every ring and now and then, until he is not any more; the loop turns meanwhile', async () => {
  const bell = Bell.create();
  let calls = 0;
  let turned = false;
  let heard = (): void => undefined;
  const called = (times: number): Promise<void> => new Promise((resolve) => {
    heard = () => void (calls >= times && resolve());
    heard();
  });
  // Whoever rings while he listens is called again, and keeps the loop from nothing.
  const stop = bell.listen(() => {
    calls += 1;
    if (!turned && calls < 1_000_000) bell.ring();
    heard();
  }, 5);
  assert.equal(calls, 1);
  await new Promise((resolve) => setTimeout(resolve, 1));
  turned = true;
  assert.ok(calls > 1 && calls < 1_000_000);
  const another = called(calls + 1);
  bell.ring();
  await another;
  // Nobody rings.
  await called(calls + 2);
  await stop();
  const last = calls;
  bell.ring();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(calls, last);
});
