import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type ChildSpec, type StartChildResult, type Strategy, supervisor, type SupervisorSpec, worker } from '../../runtime/index.js';
import { child, root, run, started } from './support.js';

// Restarts that meet: two groups of one supervisor, a group and the end of one it waits for, a restart and the stop of the supervisor,
// and a strategy that changes in the middle of it.

const INTENSITY = { restarts: 20, withinMs: 1000 };
const after = (ms: number) => ({ backoff: { minMs: ms, maxMs: ms, jitter: 0 } });
const sup = (id: string, strategy: Strategy, children: readonly ChildSpec[], more: object = {}): SupervisorSpec => supervisor({ id, strategy, intensity: INTENSITY, children, ...more });
const top = (strategy: Strategy, children: readonly ChildSpec[]) => started(root(children, { strategy, intensity: INTENSITY }));
/** Takes 5 ms to stop: until it is killed. */
const slowStop = (id: string, more: object = {}): ChildSpec => child(id, { onStop: () => 'pending' }, { shutdown: 5, ...more });
/** Takes until it is told to be there. */
const slowStart = (id: string, more: object = {}): ChildSpec => ({
  ...worker({
    id, startDeadlineMs: 500,
    behaviour: {
      name: 'slow', version: 1, init: (ctx: ActorContext<string>) => { ctx.startLater(); return null; },
      step: (state: null, message: string, ctx: ActorContext<string>) => {
        if (message === 'ready') ctx.started();
        return state;
      },
    },
  }), ...more,
} as ChildSpec);
type Rig = ReturnType<typeof started>;
const states = (runtime: Rig, path = '/'): unknown => runtime.whichChildren(path)?.map(({ id, state }) => `${id} ${state}`);
const ready = (runtime: Rig, path: string): void => {
  runtime.send(path, 'ready');
  runtime.drain();
};

test('restForOne: the earlier of two groups that meet takes the other along, whichever began', () => {
  const runtime = top('restForOne', [child('x'), child('a', {}, after(10)), child('b'), slowStop('c')]);
  runtime.crash('/b');
  assert.deepEqual(states(runtime), ['x running', 'a running', 'b restarting', 'c stopping']);
  runtime.crash('/a');
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['x running', 'a restarting', 'b restarting', 'c restarting'], 'it is the back-off of a that counts');
  runtime.advanceTo(15_000);
  assert.deepEqual(states(runtime), ['x running', 'a running', 'b running', 'c running']);
  assert.equal(runtime.inspect('/x')?.incarnation, 1);
});

test('oneForAll that becomes oneForOne while a group waits: each comes back as soon as it can', () => {
  const runtime = top('oneForAll', [child('a'), child('b'), slowStop('c')]);
  runtime.crash('/a');
  assert.deepEqual(states(runtime), ['a restarting', 'b running', 'c stopping']);
  runtime.reconfigure('/', { strategy: 'oneForOne' });
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['a running', 'b running', 'c running']);
  assert.equal(runtime.inspect('/b')?.incarnation, 1, 'nobody took it along any more');
});

for (const [first, second] of [['a', 'b'], ['b', 'a']] as const) {
  test(`oneForAll that becomes oneForOne while ${first} waits and ${second} crashes: neither waits for the sibling that still stops, which comes back too`, () => {
    const runtime = top('oneForAll', [child('a'), child('b'), slowStop('c')]);
    runtime.crash(`/${first}`);
    runtime.reconfigure('/', { strategy: 'oneForOne' });
    runtime.crash(`/${second}`);
    assert.deepEqual(states(runtime), ['a running', 'b running', 'c stopping']);
    runtime.advanceTo(5_000);
    assert.deepEqual(states(runtime), ['a running', 'b running', 'c running']);
  });
}

test('a strategy that still takes the waiting ones along leaves them waiting', () => {
  const waiting = top('oneForAll', [child('a'), child('b'), slowStop('c')]);
  waiting.crash('/b');
  waiting.reconfigure('/', { strategy: 'restForOne' });
  assert.deepEqual(states(waiting), ['a running', 'b restarting', 'c stopping'], 'it waits for c');
  waiting.advanceTo(5_000);
  assert.deepEqual(states(waiting), ['a running', 'b running', 'c running']);

  const starting = top('oneForAll', [slowStart('a'), child('b')]);
  ready(starting, '/a');
  starting.crash('/a');
  assert.deepEqual(states(starting), ['a starting', 'b restarting']);
  starting.reconfigure('/', { strategy: 'restForOne' });
  assert.deepEqual(states(starting), ['a starting', 'b restarting'], 'b is started when a is there');
  starting.reconfigure('/', { strategy: 'oneForOne' });
  assert.deepEqual(states(starting), ['a starting', 'b running'], 'nobody is taken along any more');
  ready(starting, '/a');
  assert.deepEqual(states(starting), ['a running', 'b running']);
  assert.equal(starting.inspect('/b')?.incarnation, 2, 'started once');
});

test('a restart of its own that a group takes along leaves no timer', () => {
  const runtime = top('oneForOne', [child('a', {}, after(10)), child('b', {}, after(20))]);
  runtime.crash('/a');
  runtime.crash('/b');
  runtime.reconfigure('/', { strategy: 'oneForAll' });
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime), ['a running', 'b running']);
  assert.equal(runtime.counters().timers, 0);
});

test('a supervisor that starts stands still while a group covers the child it waited for, whatever the strategy becomes', () => {
  const runtime = top('oneForOne', []);
  runtime.startChild('/', sup('s', 'restForOne', [child('x'), child('a', {}, after(10)), slowStart('b'), child('z')]));
  runtime.crash('/s/a');
  assert.deepEqual(states(runtime, '/s'), ['x running', 'a restarting', 'b restarting', 'z stopped']);
  runtime.reconfigure('/s', { strategy: 'oneForAll' });
  assert.deepEqual(states(runtime, '/s'), ['x running', 'a restarting', 'b restarting', 'z stopped']);
  assert.deepEqual(states(runtime), ['s starting']);
  runtime.advanceTo(10_000);
  ready(runtime, '/s/b');
  assert.deepEqual(states(runtime, '/s'), ['x running', 'a running', 'b running', 'z running']);
  assert.deepEqual(states(runtime), ['s running']);
});

for (const booting of [false, true]) {
  test(`a group that waits for a supervisor that is ending by itself goes on when that one does not come back${booting ? ', while their supervisor is being started' : ''}`, () => {
    const inner = sup('g', 'oneForOne', [slowStop('x'), child('y', {}, { restart: 'transient', significant: true })], { autoShutdown: 'anySignificant', restart: 'transient' });
    const runtime = top('oneForOne', []);
    runtime.startChild('/', sup('s', 'oneForAll', [child('a'), inner, ...(booting ? [slowStart('late')] : [])]));
    run(runtime, '/s/g/y', (ctx) => { ctx.stop(); });
    runtime.crash('/s/a');
    const late = booting ? ['late restarting'] : [];
    assert.deepEqual(states(runtime, '/s'), ['a restarting', 'g stopping', ...late]);
    runtime.advanceTo(5_000);
    assert.deepEqual(states(runtime, '/s'), ['a running', 'g running', ...(booting ? ['late starting'] : [])]);
  });
}

test('a group that is about a child that is temporary now, or stops one that is, brings both back', () => {
  const failing = top('oneForAll', [child('a'), slowStop('b')]);
  failing.crash('/a');
  failing.reconfigure('/', { children: [child('a', {}, { restart: 'temporary' }), slowStop('b')] });
  failing.advanceTo(5_000);
  assert.deepEqual(states(failing), ['a running', 'b running']);

  const stopped = top('oneForAll', [child('a'), slowStop('b')]);
  stopped.crash('/a');
  stopped.reconfigure('/', { strategy: 'oneForOne', children: [child('a'), slowStop('b', { restart: 'temporary' })] });
  stopped.advanceTo(5_000);
  assert.deepEqual(states(stopped), ['a running', 'b running']);
});

test('who was started by hand while its group was coming back is left as it is', () => {
  const runtime = top('oneForAll', [child('a', {}, after(10)), child('b')]);
  runtime.crash('/a');
  runtime.startChild('/', child('n'));
  run(runtime, '/n', () => undefined);
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime), ['a running', 'b running', 'n running']);
  assert.equal(runtime.inspect('/n')?.incarnation, 1);
});

test('a temporary child that is known again and has nothing to do when its group starts it is forgotten', () => {
  let ignore = false;
  const runtime = top('oneForAll', [child('a', {}, after(10)), child('t', { onInit: (ctx: ActorContext<never>) => { if (ignore) ctx.ignore(); } } as never, { restart: 'temporary' })]);
  runtime.crash('/a');
  runtime.reconfigure('/', { intensity: INTENSITY });
  assert.deepEqual(states(runtime), ['a restarting', 't stopped']);
  ignore = true;
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime), ['a running']);
});

test('the child that spends the budget of its supervisor ends with its own reason', () => {
  const log: string[] = [];
  const runtime = top('oneForOne', [supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 }, restart: 'temporary', children: [child('a', { log }, { restore: 'lastGood' }), child('b', { log })] })]);
  log.length = 0;
  runtime.crash('/s/a');
  assert.deepEqual(log, ['-a error', '-b shutdown']);
});

test('a child of an actor that spends its budget is gone, and its siblings run on', () => {
  const runtime = top('oneForOne', [child('p')]);
  run(runtime, '/p', (ctx) => {
    ctx.spawn(child('k', {}, { restart: 'permanent' }));
    ctx.spawn(child('other', {}, { restart: 'permanent' }));
  });
  for (let n = 0; n < 4; n++) runtime.crash('/p/k');
  assert.equal(runtime.inspect('/p/k'), undefined);
  assert.deepEqual([runtime.inspect('/p/other')?.state, runtime.inspect('/p')?.incarnation], ['running', 1]);
});

test('a child that is put aside while the restart of another covers its siblings leaves them to that one', () => {
  const own = { quarantine: { restarts: 0, withinMs: 1000 } };
  const runtime = top('restForOne', [child('a', {}, after(10)), child('b'), child('q', {}, own)]);
  runtime.crash('/a');
  runtime.startChild('/', child('n', {}, own));
  runtime.crash('/n');
  assert.deepEqual(states(runtime), ['a restarting', 'b restarting', 'q restarting', 'n quarantined']);
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime), ['a running', 'b running', 'q running', 'n quarantined']);
});

test('a retry that waits for its slice is not made under a supervisor that has been asked to stop meanwhile', () => {
  const log: string[] = [];
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('a', { log, failStarts: (start) => start === 1 }), slowStop('b')])]);
  runtime.crash('/s/a');
  assert.deepEqual(states(runtime, '/s'), ['a restarting', 'b running']);
  log.length = 0;
  runtime.terminateChild('/', 's');
  runtime.drain();
  assert.deepEqual(states(runtime, '/s'), ['a restarting', 'b stopping']);
  assert.equal(runtime.counters().restarts, 1);
  runtime.advanceTo(5_000);
  assert.deepEqual([log, states(runtime)], [[], ['s stopped']]);
});

test('a start by hand that fails while its supervisor stops is one that was called off', () => {
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [])]);
  const told: StartChildResult[] = [];
  runtime.startChild('/s', slowStart('late'), (answer) => { told.push(answer); });
  runtime.startChild('/s', slowStop('b'));
  runtime.terminateChild('/', 's');
  assert.deepEqual(states(runtime, '/s'), ['late starting', 'b stopping']);
  runtime.crash('/s/late');
  assert.deepEqual(told, [{ ok: false, reason: { kind: 'stopping', path: '/s/late' } }]);
  assert.deepEqual(states(runtime, '/s'), ['late stopped', 'b stopping']);
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['s stopped']);
  assert.equal(runtime.counters().timers, 0);
  assert.equal(told.length, 1);
});

test('a start of a group that is finished while its supervisor stops starts nobody after it', () => {
  const log: string[] = [];
  const runtime = top('oneForOne', [sup('s', 'oneForAll', [slowStart('a'), child('b', { log })])]);
  // The boot of the tree has waited for a.
  ready(runtime, '/s/a');
  runtime.crash('/s/a');
  runtime.startChild('/s', slowStop('n'));
  log.length = 0;
  runtime.terminateChild('/', 's');
  assert.deepEqual(states(runtime, '/s'), ['a starting', 'b restarting', 'n stopping']);
  ready(runtime, '/s/a');
  assert.deepEqual(states(runtime, '/s'), ['a running', 'b restarting', 'n stopping']);
  assert.deepEqual(log, []);
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['s stopped']);
});

test('a child that ends while its supervisor stops ends there and then: with its hook, its own reason, its monitors told', () => {
  for (const mode of ['restart', 'terminate'] as const) {
    for (const restore of ['init', 'lastGood'] as const) {
      const log: string[] = [];
      const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('a', { log }, { restore }), slowStop('b')])]);
      runtime.monitor('/s/a', ({ reason }) => { log.push(`down ${reason.kind}`); });
      if (mode === 'restart') runtime.crash('/s');
      else runtime.terminateChild('/', 's');
      log.length = 0;
      runtime.crash('/s/a');
      // With a state to keep there is no end for a hook to see.
      const kept = mode === 'restart' && restore === 'lastGood';
      assert.deepEqual(log, kept ? ['down error'] : ['-a error', 'down error'], `${mode} ${restore}`);
      runtime.advanceTo(5_000);
      assert.deepEqual(log.slice(kept ? 1 : 2), mode === 'restart' ? (kept ? [] : ['+a']) : [], `${mode} ${restore}`);
    }
  }
});

test('a supervisor that gives up under one that gives up is taken into its stop, and both end', () => {
  const runtime = top('restForOne', [sup('n1', 'oneForOne', [sup('n0', 'oneForAll', [slowStop('w')])])]);
  runtime.crash('/n1');
  runtime.crash('/');
  assert.equal(runtime.tree()?.state, 'stopping');
  runtime.advanceTo(5_000);
  assert.equal(runtime.tree(), null);
  assert.deepEqual([runtime.counters().cells, runtime.counters().timers], [0, 0]);
});

test('terminating a child that is down does not carry on the start of a supervisor that is being stopped', () => {
  const runtime = top('oneForOne', []);
  runtime.startChild('/', sup('s', 'oneForOne', [child('p', {}, after(100)), slowStop('x'), child('a', {}, after(100)), slowStart('b')]));
  runtime.crash('/s/p');
  runtime.reconfigure('/s', { strategy: 'restForOne' });
  runtime.crash('/s/a');
  runtime.terminateChild('/', 's');
  assert.deepEqual(states(runtime, '/s'), ['p restarting', 'x stopping']);
  runtime.terminateChild('/s', 'p');
  assert.deepEqual(states(runtime), ['s stopping']);
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['s stopped']);
});

test('the tree shows why a supervisor that did not start again by hand has ended', () => {
  let refuse = false;
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('y', { failStarts: () => refuse })])]);
  runtime.terminateChild('/', 's');
  refuse = true;
  assert.equal(runtime.restartChild('/', 's').ok, false);
  const last = runtime.tree()?.children[0]?.lastExit;
  assert.equal(last?.kind === 'error' ? last.cause.message : last?.kind, 'child "y" did not start');
});

test('a start that its actor ended in its own init, and whose supervisor gives up before it is judged, leaves no deadline', () => {
  const runtime = top('oneForOne', []);
  const ends = (id: string, more: object): ChildSpec => worker({
    id, startDeadlineMs: 500,
    behaviour: {
      name: 'ends', version: 1,
      init: (ctx: ActorContext<string>) => { ctx.startLater(); ctx.exit({ kind: 'error', cause: { name: 'Told', message: id } }); return null; },
      step: (state: null) => state,
    }, ...more,
  });
  const inits = { onInit: (ctx: ActorContext<never>) => { ctx.exit({ kind: 'error', cause: { name: 'Told', message: 'at once' } }); } } as never;
  runtime.startChild('/', supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, restart: 'temporary', children: [child('a', inits), ends('late', {})] }));
  runtime.drain();
  assert.deepEqual(states(runtime), []);
  assert.equal(runtime.counters().timers, 0);
});
