import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Rest } from '../../../runtime/lanes/rest.js';

/** A thread whose clock the test moves. */
function stand(everyMs: number) {
  const thread = { now: 0, idle: 0, rests: [] as number[], nowMs: () => thread.now, idleMs: () => thread.idle, sleep: () => void thread.rests.push((thread.now += 0.06)) };
  const rest = new Rest(everyMs, thread);
  /** Works so long, and looks as often as it can. */
  const work = (ms: number): void => {
    for (let done = 0; done < ms; done += 0.05) {
      thread.now += 0.05;
      rest.look();
    }
  };
  const idle = (ms: number): void => {
    thread.now += ms;
    thread.idle += ms;
  };
  return { thread, rest, work, idle };
}

test('who is busy rests every so often, and not before', () => {
  const { thread, work } = stand(0.5);
  work(0.4);
  assert.equal(thread.rests.length, 0);
  work(4.8);
  assert.ok(thread.rests.length >= 8 && thread.rests.length <= 10, `${thread.rests.length} rests in 5 ms`);
});

test('whose loop waits now and then never rests: others get the core anyway', () => {
  const { thread, work, idle } = stand(0.5);
  for (let frame = 0; frame < 1000; frame += 1) {
    work(0.05);
    idle(0.05);
  }
  assert.deepEqual(thread.rests, []);
  // A loop that finds something each time it looks has waited a few hundred nanoseconds and left no core.
  for (let frame = 0; frame < 100; frame += 1) {
    work(0.1);
    idle(0.0003);
  }
  assert.ok(thread.rests.length >= 15, `${thread.rests.length} rests in 10 ms`);
});

test('who slept begins anew, and who is to rest never does not', () => {
  const slept = stand(0.5);
  for (let k = 0; k < 100; k += 1) {
    slept.work(0.3);
    slept.rest.slept();
  }
  assert.deepEqual(slept.thread.rests, []);
  const never = stand(0);
  never.work(100);
  assert.deepEqual(never.thread.rests, []);
});

test('a thread rests for a moment of the wall clock', () => {
  const rest = new Rest(1e-6);
  const before = performance.now();
  rest.look();
  assert.ok(performance.now() > before);
});
