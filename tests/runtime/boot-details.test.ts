import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type StartChildResult, supervisor, worker } from '../../runtime/index.js';
import { child, root, started } from './support.js';

// A start that takes time, of a whole supervisor: who is told, what, and once.

const slow = (id: string) => worker({
  id, startDeadlineMs: 10,
  behaviour: {
    name: 'slow', version: 1,
    init: (ctx: ActorContext<string>) => { ctx.startLater(); return null; },
    step: (state: null, message: string, ctx: ActorContext<string>) => {
      if (message === 'ready') ctx.started('warm');
      if (message === 'kid') ctx.spawn(child('kid'));
      if (message === 'fail') throw new Error('no feed');
      return state;
    },
  },
});
const group = (restart: 'permanent' | 'temporary' = 'permanent') => supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, restart, children: [child('first'), slow('slow'), child('last')] });

test('who starts a supervisor that ends by itself, and is stopped over that, is told that it was called off', () => {
  for (const over of ['stop', 'terminate'] as const) {
    const runtime = started(root([supervisor({ id: 'top', strategy: 'oneForOne', intensity: { restarts: 9, withinMs: 1 }, children: [] })]));
    const told: StartChildResult[] = [];
    const draining = worker({ ...slow('slow'), behaviour: { ...slow('slow').behaviour, stop: () => 'pending' as const }, shutdown: 5 } as never);
    runtime.startChild('/top', supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [draining] }), (result) => { told.push(result); });
    runtime.crash('/top/s');
    assert.deepEqual(told, []);
    if (over === 'stop') runtime.stop();
    else runtime.terminateChild('/top', 's');
    assert.deepEqual(told, [{ ok: false, reason: { kind: 'stopping', path: '/top/s' } }]);
    runtime.advanceTo(10_000);
    assert.equal(told.length, 1);
    assert.equal(runtime.counters().timers, 0);
  }
});

test('who starts a supervisor is told once that it is there, when its slow child is', () => {
  const runtime = started(root([]));
  const told: StartChildResult[] = [];
  const answer = runtime.startChild('/', group(), (result) => { told.push(result); });
  assert.equal(answer.ok && answer.pending, true);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['starting']);
  assert.deepEqual(runtime.whichChildren('/s')?.map(({ state }) => state), ['running', 'starting', 'stopped']);
  runtime.drain();
  assert.equal(told.length === 0, true);
  runtime.send('/s/slow', 'ready');
  runtime.drain();
  const [result, ...more] = told;
  assert.equal(more.length, 0);
  assert.equal(result?.ok === true && result.ref.path, '/s');
  assert.deepEqual(runtime.whichChildren('/s')?.map(({ state }) => state), ['running', 'running', 'running']);
  assert.equal(runtime.counters().timers, 0);
});

test('who starts a supervisor is told once that it did not start, with the cause of its slow child, and nothing is left', () => {
  for (const fault of ['fail', 'kill', 'late'] as const) {
    const runtime = started(root([]));
    const told: StartChildResult[] = [];
    runtime.startChild('/', group(), (result) => { told.push(result); });
    runtime.send('/s/slow', 'kid');
    if (fault === 'fail') runtime.send('/s/slow', 'fail');
    runtime.drain();
    if (fault === 'kill') runtime.kill('/s/slow');
    if (fault === 'late') runtime.advanceTo(10_000);
    assert.equal(told.length, 1, fault);
    const [result] = told;
    assert.ok(result !== undefined && !result.ok && result.reason.kind === 'start_failed');
    const { cause } = result.reason;
    assert.equal(cause.name, 'StartFailed');
    assert.equal(cause.message, 'child "slow" did not start');
    if (fault === 'fail') assert.equal(cause.cause?.message, 'no feed');
    if (fault === 'kill') assert.deepEqual([cause.cause?.name, cause.cause?.message], ['StartFailed', 'it ended before its start was finished']);
    assert.deepEqual(runtime.whichChildren('/'), [], fault);
    assert.equal(runtime.counters().cells, 1, fault);
    assert.equal(runtime.counters().timers, 0);
    assert.equal(runtime.counters().faults, 0);
    const exit = runtime.trace().list().filter(({ kind }) => kind === 'exit').at(-1);
    assert.equal(exit?.detail, 3);
  }
});

test('who starts a worker that takes time is told with what it was started with, or why it was not', () => {
  const runtime = started(root([]));
  const told: StartChildResult[] = [];
  runtime.startChild('/', slow('a'), (result) => { told.push(result); });
  runtime.startChild('/', slow('b'), (result) => { told.push(result); });
  runtime.startChild('/', slow('c'));
  runtime.send('/a', 'ready');
  runtime.send('/b', 'fail');
  runtime.send('/c', 'ready');
  runtime.drain();
  assert.equal(told.length, 2);
  assert.ok(told[0]!.ok && told[0]!.info === 'warm');
  assert.ok(!told[1]!.ok && told[1]!.reason.kind === 'start_failed' && told[1]!.reason.cause.message === 'no feed');
  assert.deepEqual(runtime.whichChildren('/')?.map(({ id, state }) => [id, state]), [['a', 'running'], ['c', 'running']]);
  assert.equal(runtime.counters().faults, 0);
});

test('a boot that goes on leaves alone who was started by hand meanwhile and is quarantined', () => {
  const runtime = started(root([slow('a'), child('b', {}, { quarantine: { restarts: 0, withinMs: 1 } }), child('c')]));
  assert.equal(runtime.restartChild('/', 'b').ok, true);
  runtime.crash('/b');
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['starting', 'quarantined', 'stopped']);
  runtime.send('/a', 'ready');
  runtime.drain();
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['running', 'quarantined', 'running']);
  assert.equal(runtime.tree()?.state, 'running');
  assert.equal(runtime.restartChild('/', 'b').ok, true);
});
