import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneError } from '../../../runtime/lanes/index.js';
import { blockUntil, poolFor, put, read, scripted, take, until } from './support.js';

test('a lane answers through its rings, posts past them, and ends when asked', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted({ plus: 100, on13: 'ask-to-know' }, { inboxSlots: 64, outboxSlots: 32 }));
  await thread.ready;
  assert.equal(thread.state, 'running');
  assert.ok((thread.readyAfterMs ?? 0) > 0);
  put(thread, 1, 2, 13);
  assert.deepEqual(await take(pool, thread, 3), [101, 102, 113]);
  assert.deepEqual(thread.receive(), { stopping: false, argument: 64_000_032 });
  assert.equal(thread.receive(), undefined);
  thread.stop();
  assert.equal(thread.state, 'stopping');
  assert.deepEqual(await thread.ended, { kind: 'stopped' });
  assert.equal(thread.state, 'ended');
  assert.equal(thread.receive(), 'stopped');
});

test('what is put into the inbox before the thread is ready is not lost', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted({ start: 'slow-start', plus: 1 }));
  put(thread, 5, 6);
  assert.equal(thread.state, 'starting');
  assert.deepEqual(await take(pool, thread, 2), [6, 7]);
});

test('a loop that does not turn can start, feed, read, and see the end of lanes', (t) => {
  const pool = poolFor(t);
  const threads = [0, 1].map((lane) => pool.start(scripted({ plus: 1000 * lane }, { name: `lane ${lane}` })));
  const answers: number[][] = [[], []];
  for (const thread of threads) put(thread, 1, 2, 3);
  blockUntil(pool, () => {
    threads.forEach((thread, lane) => answers[lane]?.push(...read(thread)));
    return answers.every((got) => got.length === 3);
  });
  assert.deepEqual(answers, [[1, 2, 3], [1001, 1002, 1003]]);
  const [first, second] = threads as [typeof threads[0], typeof threads[0]];
  first.stop();
  blockUntil(pool, () => first.poll() !== null);
  assert.deepEqual(first.end, { kind: 'stopped' });
  const successor = pool.start(scripted({ plus: 7 }));
  put(successor, 1);
  const got: number[] = [];
  blockUntil(pool, () => got.push(...read(successor)) > 0);
  assert.deepEqual(got, [8]);
  second.kill();
  assert.equal(second.state, 'ended');
});

test('the same thread takes the next lane after an orderly stop, with fresh memory', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const first = pool.start(scripted({ plus: 1 }));
  put(first, 1);
  assert.deepEqual(await take(pool, first, 1), [2]);
  first.stop();
  await first.ended;
  await until(() => pool.idleThreads === 1);
  const second = pool.start(scripted({ plus: 2 }));
  await second.ready;
  put(second, 1);
  assert.deepEqual(await take(pool, second, 1), [3]);
  assert.notEqual(second.inbox.bytes.buffer, first.inbox.bytes.buffer);
  assert.equal(pool.threads, 1);
});

test('a thread that was asked to stop as soon as it was ready is used again too', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  for (let start = 0; start < 3; start++) {
    const thread = pool.start(scripted());
    await thread.ready;
    thread.stop();
    assert.deepEqual(await thread.ended, { kind: 'stopped' });
    await until(() => pool.idleThreads === 1);
    assert.equal(pool.threads, 1);
  }
});

test('more lanes than threads are refused; one that is stopping no longer counts', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const first = pool.start(scripted());
  assert.throws(() => pool.start(scripted({}, { name: 'lane 1' })), /lane 1 cannot start: all 1 threads/);
  first.stop();
  const second = pool.start(scripted());
  await second.ready;
  assert.throws(() => pool.start(scripted({}, { inboxSlots: 3 })), RangeError);
});

test('ready is rejected with what made the lane end', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted({ start: 'throw' }, { name: 'lane 7' }));
  await assert.rejects(thread.ready, (error: unknown) => {
    assert.ok(error instanceof LaneError);
    assert.equal(error.failure.kind, 'threw');
    assert.match(error.message, /^lane 7: threw: RangeError: thrown on purpose$/);
    return true;
  });
});

test('after close nothing starts, and closing again is the same closing', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted());
  const closing = pool.close();
  assert.equal(pool.close(), closing);
  await closing;
  assert.deepEqual(thread.end, { kind: 'stopped' });
  assert.throws(() => pool.start(scripted()), /closed/);
});

test('the bell rings after every drain, or only after answers where the owner wants no more', async (t) => {
  for (const [rings, expected] of [['drains', 4], ['answers', 1]] as const) {
    const pool = poolFor(t);
    const thread = pool.start(scripted({}, { rings }));
    await thread.ready;
    const before = pool.bell.value;
    // Each by itself, so that each is a drain.
    for (const n of [-1, -2, -3, 5]) {
      put(thread, n);
      await until(() => thread.inbox.consumed() === thread.inbox.written);
    }
    assert.deepEqual(await take(pool, thread, 1), [5]);
    thread.stop();
    await thread.ended;
    // Two more: what its stop posted, and its end.
    assert.equal(pool.bell.value - before, expected + 2, rings);
  }
});

test('a lane that pauses after every drain answers all the same', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted({ plus: 1 }, { pauseEveryMs: 1e-6, rings: 'answers' }));
  const numbers = Array.from({ length: 200 }, (_, k) => 100 + k);
  for (const n of numbers) put(thread, n);
  assert.deepEqual(await take(pool, thread, 200), numbers.map((n) => n + 1));
});
