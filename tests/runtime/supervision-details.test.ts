import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dynamicSupervisor, supervisor, worker, type TraceEvent } from '../../runtime/index.js';
import { child, crashAfter, root, run, started } from './support.js';

// What only the flight recorder, the counters or a text tell. Most of these were written against mutants that nothing else noticed.

const events = (runtime: ReturnType<typeof started>, kind: TraceEvent['kind']) => runtime.trace().list().filter((event) => event.kind === kind);

test('the trace tells of a back-off with its delay in microseconds, and every restart is counted once', () => {
  const runtime = started(root([child('a', {}, { backoff: { minMs: 4, maxMs: 100, jitter: 0, resetAfterMs: 1000 } })]));
  runtime.crash('/a');
  assert.deepEqual(events(runtime, 'backoff').map(({ detail }) => detail), [4_000]);
  assert.equal(events(runtime, 'backoff')[0]?.cell, runtime.tree()?.children[0]?.cell);
  assert.equal(runtime.counters().restarts, 1);
  runtime.advanceTo(4_000);
  runtime.crash('/a');
  assert.deepEqual(events(runtime, 'backoff').map(({ detail }) => detail), [4_000, 8_000]);
  assert.equal(runtime.counters().restarts, 2);
});

test('a run shorter than resetAfterMs does not begin the back-off anew, one that long does', () => {
  const runtime = started(root([child('a', {}, { backoff: { minMs: 2, maxMs: 64, jitter: 0, resetAfterMs: 20 } })], { intensity: { restarts: 50, withinMs: 1 } }));
  assert.deepEqual([crashAfter(runtime, '/a', 1), crashAfter(runtime, '/a', 10), crashAfter(runtime, '/a', 19), crashAfter(runtime, '/a', 20), crashAfter(runtime, '/a', 1)], [2_000, 4_000, 8_000, 2_000, 4_000]);
});

test('the trace tells that a supervisor gave up after one restart more than its budget, and the cause says so in words', () => {
  let why: unknown;
  const runtime = started(root([child('a')], { intensity: { restarts: 2, withinMs: 5000 } }), { onFatal: (reason) => { why = reason; } });
  for (let n = 0; n < 3; n++) runtime.crash('/a', new Error('no feed'));
  assert.deepEqual(events(runtime, 'giveUp').map(({ detail }) => detail), [3]);
  const { kind, cause } = why as { kind: string; cause: { name: string; message: string; path: string; incarnation: number; cause: { message: string } } };
  assert.equal(kind, 'error');
  assert.equal(cause.name, 'IntensityExceeded');
  assert.equal(cause.message, 'child "a" failed: more than 2 restarts within 5000 ms');
  assert.equal(cause.path, '/');
  assert.equal(cause.incarnation, 1);
  assert.equal(cause.cause.message, 'no feed');
});

test('the trace tells of a quarantine with the restarts that led to it', () => {
  const runtime = started(root([child('a', {}, { quarantine: { restarts: 1, withinMs: 1000 } })]));
  runtime.crash('/a');
  runtime.crash('/a');
  assert.deepEqual(events(runtime, 'quarantine').map(({ cell, detail }) => [cell, detail]), [[runtime.tree()?.children[0]?.cell, 1]]);
  assert.equal(runtime.tree()?.children[0]?.state, 'quarantined');
  assert.equal(runtime.counters().restarts, 1);
});

test('a supervisor that its significant children have closed ends with shutdown, and says why', () => {
  for (const autoShutdown of ['anySignificant', 'allSignificant'] as const) {
    let why: unknown;
    const runtime = started(root([child('a', {}, { restart: 'transient', significant: true }), child('b')], { autoShutdown }), { onFatal: (reason) => { why = reason; } });
    run(runtime, '/a', (ctx) => ctx.stop());
    assert.deepEqual(why, { kind: 'shutdown', info: 'significant children ended' });
    assert.equal(runtime.tree(), null);
  }
});

test('a parent that does not ask about its children is told nothing when one ends', () => {
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => { ctx.spawn(child('kid')); });
  const before = runtime.counters().sent;
  runtime.kill('/a/kid');
  assert.equal(runtime.counters().sent, before);
  assert.equal(runtime.tree()?.children[0]?.mailbox, 0);
});

test('a child that takes time to stop after it was terminated leaves nothing behind if it is temporary or dynamic', () => {
  const slow = { onStop: () => 'pending' as const };
  const runtime = started(root([
    child('permanent', slow, { shutdown: 5 }), child('temporary', slow, { shutdown: 5, restart: 'temporary' }), dynamicSupervisor({ id: 'd', intensity: { restarts: 1, withinMs: 1 } }),
  ]));
  runtime.startChild('/d', child('x', slow, { shutdown: 5 }));
  runtime.terminateChild('/', 'permanent');
  runtime.terminateChild('/', 'temporary');
  runtime.terminateChild('/d', runtime.ref('/d/x'));
  assert.deepEqual(runtime.whichChildren('/')?.map(({ id, state }) => [id, state]), [['permanent', 'stopping'], ['temporary', 'stopping'], ['d', 'running']]);
  runtime.advanceTo(5_000);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ id, state }) => [id, state]), [['permanent', 'stopped'], ['d', 'running']]);
  assert.deepEqual(runtime.whichChildren('/d'), []);
});

test('a restart that an administrator made while another attempt was due is not made again', () => {
  let refuse = true;
  const starts: number[] = [];
  const runtime = started(root([child('a', { failStarts: (start) => start > 0 && refuse, onInit: (ctx) => { starts.push(ctx.incarnation); } })], { intensity: { restarts: 9, withinMs: 1000 } }));
  runtime.crash('/a');
  assert.equal(runtime.whichChildren('/')?.[0]?.state, 'restarting');
  refuse = false;
  runtime.terminateChild('/', 'a');
  assert.equal(runtime.restartChild('/', 'a').ok, true);
  const restarts = runtime.counters().restarts;
  runtime.drain();
  runtime.advanceTo(1_000_000);
  assert.equal(runtime.counters().restarts, restarts);
  assert.deepEqual(starts, [1, 3]);
});

test('a child that could not be started again ends with the cause of its start', () => {
  const runtime = started(root([
    supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1000 }, restart: 'temporary', children: [child('a', { failStarts: (start) => start > 0 })] }),
  ]));
  let why: unknown;
  runtime.monitor('/s', ({ reason }) => { why = reason; });
  runtime.crash('/s/a');
  const node = runtime.tree()?.children[0]?.children[0];
  assert.equal(node?.state, 'restarting');
  assert.equal(node?.lastExit?.kind === 'error' && node.lastExit.cause.message, 'start refused');
  runtime.drain();
  const { cause } = why as { cause: { cause: { message: string } } };
  assert.equal(cause.cause.message, 'start refused');
});

test('a worker that is restarted by its parent worker after a failed start is judged again', () => {
  let ended: unknown;
  let starts = 0;
  const kid = { name: 'kid', version: 1, init: () => { if (starts++ > 0) throw new Error(`start ${starts}`); return null; }, step: (state: null) => state };
  const parent = {
    name: 'parent', version: 1,
    init: (ctx: { spawn(spec: unknown): unknown }) => { ctx.spawn(worker({ id: 'kid', behaviour: kid, restart: 'permanent', quarantine: { restarts: 2, withinMs: 1000 } })); return null; },
    step: (state: null, message: unknown) => { ended = message; return state; },
    childExit: (id: string, reason: { kind: string }) => [id, reason.kind],
  };
  const runtime = started(root([worker({ id: 'a', behaviour: parent as never })]));
  runtime.crash('/a/kid');
  runtime.drain();
  assert.equal(starts, 3);
  assert.deepEqual(ended, ['kid', 'error']);
  assert.equal(runtime.inspect('/a/kid'), undefined);
});

test('terminating a child that is down for the sake of another calls off its own restart only; nothing is left armed', () => {
  const log: string[] = [];
  const runtime = started(root([
    child('slow', { log, onStop: () => 'pending' }, { shutdown: 5 }), child('failing', { log }, { backoff: { minMs: 10, maxMs: 10, jitter: 0 } }), child('other', { log }),
  ], { strategy: 'oneForAll' }));
  runtime.crash('/failing');
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['stopping', 'restarting', 'restarting']);
  assert.equal(runtime.terminateChild('/', 'other').ok, true);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['stopping', 'restarting', 'stopped']);
  runtime.advanceTo(5_000);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['restarting', 'restarting', 'stopped']);
  runtime.advanceTo(15_000);
  assert.equal(runtime.whichChildren('/')?.[1]?.state, 'running');
  runtime.crash('/failing');
  runtime.advanceTo(20_000);
  runtime.terminateChild('/', 'other');
  runtime.fence();
  assert.equal(runtime.counters().timers, 0);
});

test('a temporary child that took time to stop for a group restart is gone when it has stopped, whatever the group still waits for', () => {
  const slow = (shutdown: number) => [{ onStop: () => 'pending' as const }, { shutdown, restart: 'temporary' as const }] as const;
  const runtime = started(root([child('quick', ...slow(5)), child('failing'), child('late', { onStop: () => 'pending' }, { shutdown: 50 })], { strategy: 'oneForAll' }));
  runtime.crash('/failing');
  runtime.terminateChild('/', 'quick');
  runtime.advanceTo(5_000);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ id, state }) => [id, state]), [['failing', 'restarting'], ['late', 'stopping']]);
  runtime.advanceTo(50_000);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ id, state }) => [id, state]), [['failing', 'running'], ['late', 'running']]);
});

test('a supervisor that is being stopped starts no child again by hand', () => {
  const runtime = started(root([child('slow', { onStop: () => 'pending' }, { shutdown: 5 }), child('other')]));
  runtime.terminateChild('/', 'other');
  runtime.crash('/');
  assert.equal(runtime.tree()?.state, 'stopping');
  const answer = runtime.restartChild('/', 'other');
  assert.equal(!answer.ok && answer.reason.kind, 'stopping');
  assert.equal(runtime.whichChildren('/')?.[1]?.state, 'stopped');
  runtime.advanceTo(5_000);
  assert.equal(runtime.tree(), null);
});
