import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Behaviour, createRuntime, type RuntimeOptions, supervisor, VirtualClock, worker, type WorkerSpec } from '../../runtime/index.js';

const takes: Behaviour<readonly number[], number, unknown> = {
  name: 'takes', version: 1, init: () => [],
  step: (taken, n) => {
    if (n < 0) throw new Error('told to die');
    return [...taken, n];
  },
};

function started(more: Partial<WorkerSpec<number>> = {}, options: RuntimeOptions = {}) {
  const runtime = createRuntime({ clock: new VirtualClock(0), ...options });
  const spec = { ...worker({ id: 'a', behaviour: takes, mailbox: { capacity: 16 } }), ...more } as WorkerSpec<number>;
  const answer = runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 9, withinMs: 1000 }, children: [spec] }));
  assert.ok(answer.ok);
  return runtime;
}

test('a source with credit fills the mailbox to the high mark, waits, goes on at the low mark, and nothing is lost', () => {
  const runtime = started({}, { sliceMessages: 1 });
  const waits: number[] = [];
  let next = 0;
  const queued = (): number => runtime.counters().queued;
  const intake = runtime.intake<number>('/a', { highMark: 8, lowMark: 3, onReady: () => { assert.equal(queued(), 3); pump(); } });
  const pump = (): void => {
    while (next < 100) {
      if (intake.offer(next) === 'wait') return void waits.push(queued());
      next++;
    }
  };
  pump();
  runtime.drain();
  const snapshot = runtime.snapshot('/a');
  assert.deepEqual(snapshot.ok && snapshot.snapshot.value, Array.from({ length: 100 }, (_, n) => n));
  assert.equal(waits.length, 19);
  assert.ok(waits.every((count) => count === 8));
  assert.equal(runtime.counters().deadLettered, 0);
});

test('the end of an incarnation gives the credit back: a source never waits for one that is down', () => {
  for (const onRestart of ['keep', 'drop', 'reject'] as const) {
    const runtime = started({ mailbox: { capacity: 4, onRestart }, backoff: { minMs: 10, maxMs: 10, jitter: 0 } });
    let ready = 0;
    const intake = runtime.intake<number>('/a', { onReady: () => { ready++; } });
    runtime.suspend('/a');
    for (let n = 0; n < 4; n++) assert.equal(intake.offer(n), 'delivered');
    assert.equal(intake.offer(4), 'wait');
    runtime.crash('/a');
    runtime.drain();
    assert.equal(ready, 0, `${onRestart}: it is not back yet`);
    assert.equal(intake.offer(4), 'wait');
    runtime.advanceTo(20_000);
    assert.equal(ready, 1, onRestart);
    assert.equal(intake.offer(4), 'delivered');
    runtime.suspend('/a');
    while (intake.offer(5) === 'delivered');
    runtime.terminateChild('/', 'a');
    assert.equal(ready, 2, `${onRestart}: terminated`);
    assert.equal(intake.offer(6), 'dead');
  }
});

test('marks are checked; an intake that is closed, or whose source throws, takes nothing more', () => {
  const runtime = started();
  for (const marks of [{ highMark: 0 }, { highMark: 4, lowMark: 4 }, { lowMark: -1 }, { highMark: NaN }]) {
    assert.throws(() => runtime.intake('/a', { ...marks, onReady: () => undefined }), RangeError);
  }
  const intake = runtime.intake<number>('/a', { highMark: 2, onReady: () => { throw new Error('source is broken'); } });
  while (intake.offer(1) === 'delivered');
  runtime.drain();
  assert.equal(intake.offer(1), 'dead');
  assert.equal(runtime.inspect('/a')?.incarnation, 1);
});

test('questions that go round in a circle are told while debugging, with everybody in it; a mere chain is not', () => {
  const asks: Behaviour<number, { to: string[] } | 'answered', unknown> = {
    name: 'asks', version: 1, init: () => 0,
    step: (state, message, ctx) => {
      if (message !== 'answered' && message.to.length > 0) ctx.ask(ctx.ref(message.to[0]!), { to: message.to.slice(1) }, 100, () => 'answered');
      return state + 1;
    },
  };
  const cycles: (readonly string[])[] = [];
  const runtime = createRuntime({ clock: new VirtualClock(0), onAskCycle: (paths) => { cycles.push(paths); throw new Error('of no matter'); } });
  runtime.start(supervisor({
    id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: ['a', 'b', 'c'].map((id) => worker({ id, behaviour: asks })),
  }));
  runtime.send('/a', { to: ['/b', '/c'] });
  runtime.drain();
  assert.deepEqual(cycles, []);
  runtime.send('/a', { to: ['/b', '/c', '/a'] });
  runtime.send('/b', { to: ['/b'] });
  runtime.drain();
  assert.deepEqual(cycles, [['/b', '/b'], ['/a', '/b', '/c', '/a']]);
  assert.equal(runtime.inspect('/a')?.incarnation, 1);
});
