import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildSpec, createRuntime, dynamicSupervisor, type ExitReason, type RestartType, type Runtime, type Strategy, supervisor, VirtualClock } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from './support.js';

const ids = ['a', 'b', 'c'] as const;

/** End an actor in each way an incarnation can end by itself. */
const ends: Readonly<Record<string, (runtime: Runtime, path: string) => void>> = {
  normal: (runtime, path) => { runtime.send(path, { type: 'end' }); runtime.drain(); },
  error: (runtime, path) => { runtime.send(path, { type: 'die' }); runtime.drain(); },
  killed: (runtime, path) => void runtime.kill(path),
};

function incarnations(runtime: Runtime, at = '/'): (number | undefined)[] {
  return ids.map((id) => runtime.inspect(`${at}${id}`)?.incarnation);
}

for (const restart of ['permanent', 'transient', 'temporary'] satisfies RestartType[]) {
  for (const how of Object.keys(ends)) {
    const again = restart === 'permanent' || (restart === 'transient' && how !== 'normal');
    test(`a ${restart} child that ends ${how} is ${again ? 'started again' : restart === 'temporary' ? 'forgotten' : 'kept stopped'}`, () => {
      const runtime = started(root([child('a', {}, { restart })]));
      ends[how]!(runtime, '/a');
      if (again) {
        assert.equal(stateOf(runtime, '/a'), 'running');
        assert.equal(runtime.inspect('/a')?.incarnation, 2);
      } else if (restart === 'temporary') {
        assert.equal(runtime.inspect('/a'), undefined);
        assert.equal(runtime.startChild('/', child('a')).ok, true, 'the id is free again');
      } else {
        assert.equal(stateOf(runtime, '/a'), 'stopped');
        assert.equal(runtime.restartChild('/', 'a').ok, true, 'a manual restart works');
        assert.equal(stateOf(runtime, '/a'), 'running');
      }
    });
  }
}

const expected: Readonly<Record<Strategy, readonly string[]>> = {
  oneForOne: ['-b error', '+b'],
  restForOne: ['-b error', '-c shutdown', '+b', '+c'],
  oneForAll: ['-b error', '-c shutdown', '-a shutdown', '+a', '+b', '+c'],
};
for (const strategy of Object.keys(expected) as Strategy[]) {
  test(`${strategy}: stop in reverse order, start in order, and no one else`, () => {
    const log: string[] = [];
    const runtime = started(root(ids.map((id) => child(id, { log })), { strategy }));
    assert.deepEqual(log.splice(0), ['+a', '+b', '+c']);
    runtime.crash('/b');
    assert.deepEqual(log.splice(0), expected[strategy]);
    assert.equal(runtime.stop(), true);
    assert.deepEqual(log, ['-c shutdown', '-b shutdown', '-a shutdown']);
  });

  test(`${strategy}: one restart is counted for the group, one more than the budget within the window ends the supervisor`, () => {
    const reasons: ExitReason[] = [];
    const runtime = createRuntime({ clock: new VirtualClock(0), onFatal: (reason) => void reasons.push(reason) });
    runtime.start(root(ids.map((id) => child(id)), { strategy, intensity: { restarts: 2, withinMs: 1000 } }));
    runtime.crash('/b');
    runtime.advanceTo(500_000);
    runtime.crash('/b');
    runtime.advanceTo(1_000_001);
    runtime.crash('/b');
    assert.equal(reasons.length, 0, 'the first one has left the window');
    runtime.advanceTo(1_500_000);
    runtime.crash('/b', new Error('the last straw'));
    const seen: readonly ExitReason[] = reasons.slice();
    assert.equal(seen.length, 1, 'the window includes both its ends');
    const reason = seen[0];
    assert.equal(reason?.kind === 'error' && reason.cause.name, 'IntensityExceeded');
    assert.equal(reason?.kind === 'error' && reason.cause.cause?.message, 'the last straw');
    assert.equal(runtime.tree(), null);
    assert.equal(runtime.counters().timers, 0);
  });
}

test('restarts spaced wider than the window never escalate', () => {
  const runtime = started(root([child('a')], { intensity: { restarts: 1, withinMs: 100 } }));
  for (let n = 1; n <= 50; n++) {
    runtime.crash('/a');
    runtime.advanceTo(n * 100_001);
  }
  assert.equal(stateOf(runtime, '/a'), 'running');
  assert.equal(runtime.inspect('/a')?.incarnation, 51);
});

test('intensity 0: the first failure escalates', () => {
  const runtime = started(root([supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [child('a')] })]));
  runtime.crash('/s/a');
  assert.equal(runtime.inspect('/s')?.incarnation, 2);
  assert.equal(runtime.inspect('/s/a')?.incarnation, 1, 'a fresh address in a fresh subtree');
});

test('giving up is an abnormal exit: a transient supervisor that gave up is started again', () => {
  const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, restart: 'transient', children: [child('a')] });
  const runtime = started(root([inner]));
  runtime.crash('/s/a');
  assert.equal(stateOf(runtime, '/s'), 'running');
  assert.equal(runtime.inspect('/s')?.incarnation, 2);
});

test('escalation through several levels keeps the whole chain of causes', () => {
  let end: ExitReason | undefined;
  const runtime = createRuntime({ onFatal: (reason) => { end = reason; } });
  const level = (id: string, children: ChildSpec[]) => supervisor({ id, strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children });
  runtime.start(level('root', [level('s1', [level('s2', [child('a')])])]));
  runtime.crash('/s1/s2/a', new TypeError('deep'));
  const names: string[] = [];
  for (let cause = end?.kind === 'error' ? end.cause : undefined; cause !== undefined; cause = cause.cause) names.push(`${cause.name} ${cause.path}`);
  assert.deepEqual(names, ['IntensityExceeded /', 'IntensityExceeded /s1', 'IntensityExceeded /s1/s2', 'TypeError /s1/s2/a']);
});

test('after a subtree restart static children return and dynamic ones do not', () => {
  const dyn = dynamicSupervisor({ id: 'dyn', intensity: { restarts: 1, withinMs: 1000 } });
  const inner = supervisor({ id: 's', strategy: 'oneForAll', intensity: { restarts: 5, withinMs: 1000 }, children: [child('a'), dyn] });
  const runtime = started(root([inner]));
  assert.equal(runtime.startChild('/s/dyn', child('x')).ok, true);
  runtime.crash('/s/a');
  assert.equal(stateOf(runtime, '/s/a'), 'running');
  assert.equal(stateOf(runtime, '/s/dyn'), 'running');
  assert.equal(runtime.inspect('/s/dyn/x'), undefined);
});

test('a temporary bystander of a group restart is stopped and not started again', () => {
  const runtime = started(root([child('a'), child('b', {}, { restart: 'temporary' }), child('c')], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  assert.deepEqual(incarnations(runtime), [2, undefined, 2]);
});

test('a failed start at boot stops those already started in reverse and says why, cause included', () => {
  const log: string[] = [];
  const runtime = createRuntime();
  const answer = runtime.start(root([child('a', { log }), supervisor({
    id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('b', { log }), child('bad', { failStarts: () => true })],
  })]));
  assert.equal(answer.ok, false);
  assert.deepEqual(log, ['+a', '+b', '-b shutdown', '-a shutdown']);
  const names: string[] = [];
  for (let cause = !answer.ok && answer.reason.kind === 'start_failed' ? answer.reason.cause : undefined; cause !== undefined; cause = cause.cause) names.push(cause.message);
  assert.deepEqual(names, ['child "s" did not start', 'child "bad" did not start', 'start refused']);
  assert.equal(runtime.tree(), null);
  assert.equal(runtime.counters().cells, 0);
});

test('a restart that keeps failing exhausts the window and takes sibling and supervisor down', () => {
  const log: string[] = [];
  const runtime = createRuntime();
  runtime.start(root([child('a', { failStarts: (start) => start > 0 }), child('b', { log })]));
  runtime.crash('/a');
  assert.equal(stateOf(runtime, '/a'), 'restarting');
  runtime.drain();
  assert.equal(runtime.tree(), null);
  assert.deepEqual(log, ['+b', '-b shutdown']);
  assert.equal(runtime.ended?.kind, 'error');
});

for (const strategy of ['oneForOne', 'restForOne', 'oneForAll'] satisfies Strategy[]) {
  test(`${strategy}: between two attempts to start others get their turn and the administrator an answer`, () => {
    const runtime = started(root([child('a'), child('b', { failStarts: (start) => start > 0 }), child('c')], { strategy, intensity: { restarts: 100, withinMs: 1000 } }));
    runtime.crash('/b');
    assert.equal(stateOf(runtime, '/b'), 'restarting');
    runtime.step();
    assert.equal(stateOf(runtime, '/b'), 'restarting');
    assert.deepEqual(runtime.countChildren('/'), { specs: 3, active: strategy === 'oneForOne' ? 2 : 1, supervisors: 0, workers: 3 });
    assert.deepEqual(runtime.startChild('/', child('b')), { ok: false, reason: { kind: 'already_present', path: '/b' } });
    assert.deepEqual(runtime.restartChild('/', 'b'), { ok: false, reason: { kind: 'restarting', path: '/b' } });
    assert.deepEqual(runtime.deleteChild('/', 'b'), { ok: false, reason: { kind: 'restarting', path: '/b' } });
    assert.deepEqual(runtime.terminateChild('/', 'b'), { ok: true });
    runtime.drain();
    assert.equal(stateOf(runtime, '/b'), 'stopped', 'terminating cancels the attempt');
    assert.equal(runtime.stop(), true);
  });
}

test('oneForAll: when the second child does not start again, the first is stopped again before the next attempt', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('b', { log, failStarts: (start) => start === 1 }), child('c', { log })], { strategy: 'oneForAll' }));
  log.length = 0;
  runtime.crash('/c');
  runtime.drain();
  assert.deepEqual(log, ['-c error', '-b shutdown', '-a shutdown', '+a', '-a shutdown', '+a', '+b', '+c']);
});

test('restForOne: the next attempt goes on at the failing child, those before it stay up', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('b', { log, failStarts: (start) => start === 1 }), child('c', { log })], { strategy: 'restForOne' }));
  log.length = 0;
  runtime.crash('/a');
  runtime.drain();
  assert.deepEqual(log, ['-a error', '-c shutdown', '-b shutdown', '+a', '+b', '+c']);
});

test('restForOne: an earlier child that crashes while later ones wait becomes one group with them', () => {
  const log: string[] = [];
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([child('a', { log }), child('b', { log }, { backoff }), child('c', { log })], { strategy: 'restForOne' }));
  log.length = 0;
  runtime.crash('/b');
  assert.deepEqual([stateOf(runtime, '/b'), stateOf(runtime, '/c')], ['restarting', 'restarting']);
  runtime.advanceTo(50_000);
  runtime.crash('/a');
  assert.deepEqual(log, ['-b error', '-c shutdown', '-a error', '+a', '+b', '+c']);
  runtime.advanceTo(1_000_000);
  assert.deepEqual(incarnations(runtime), [2, 2, 2], 'the old wait is over');
});

test('two children that crash in the same turn are both brought back once', () => {
  const runtime = started(root(ids.map((id) => child(id)), { strategy: 'oneForAll', intensity: { restarts: 1, withinMs: 1000 } }), {
    effects: { crash: (path: string) => void runtime.crash(path) },
  });
  run(runtime, '/c', (ctx) => {
    ctx.effect('crash', '/a');
    ctx.effect('crash', '/b');
  });
  assert.equal(stateOf(runtime, '/a'), 'running');
  assert.equal(stateOf(runtime, '/b'), 'running');
});

test('back-off: doubling delays within [minMs, maxMs], full jitter from the seed, a stable run starts anew', () => {
  const delaysOf = (seed: string, jitter: number): number[] => {
    const runtime = started(root([child('a', {}, { backoff: { minMs: 10, maxMs: 80, jitter, resetAfterMs: 1000 } })], { intensity: { restarts: 1000, withinMs: 1 } }), { seed });
    const delays: number[] = [];
    for (let n = 0; n < 6; n++) {
      runtime.crash('/a');
      assert.equal(stateOf(runtime, '/a'), 'restarting');
      delays.push(runtime.nextTimerUs() - runtime.nowUs());
      runtime.advanceTo(runtime.nextTimerUs());
      assert.equal(stateOf(runtime, '/a'), 'running');
    }
    runtime.advanceTo(runtime.nowUs() + 1_000_000);
    runtime.crash('/a');
    delays.push(runtime.nextTimerUs() - runtime.nowUs());
    return delays;
  };
  assert.deepEqual(delaysOf('x', 0), [10_000, 20_000, 40_000, 80_000, 80_000, 80_000, 10_000]);
  const jittered = delaysOf('x', 1);
  assert.deepEqual(delaysOf('x', 1), jittered);
  assert.notDeepEqual(delaysOf('y', 1), jittered);
  for (const delay of jittered) assert.ok(delay >= 10_000 && delay <= 80_000);
});

test('back-off: attempts that do not even start go on doubling; a throw inside a mutable turn after a stable run begins anew', () => {
  const backoff = { minMs: 10, maxMs: 1000, jitter: 0, resetAfterMs: 15 };
  const runtime = started(root([child('a', { failStarts: (start) => start > 0 && start < 4, mutable: true }, { backoff })], { intensity: { restarts: 1000, withinMs: 1 } }));
  const delays: number[] = [];
  runtime.crash('/a');
  while (stateOf(runtime, '/a') === 'restarting') {
    delays.push(runtime.nextTimerUs() - runtime.nowUs());
    runtime.advanceTo(runtime.nextTimerUs());
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000]);
  runtime.advanceTo(runtime.nowUs() + 15_000);
  ends['error']!(runtime, '/a');
  assert.equal(runtime.nextTimerUs() - runtime.nowUs(), 10_000);
});

test('terminating the child a group waits for leaves the rest of the group stopped, not in between', () => {
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([child('a'), child('b', {}, { backoff }), child('c')], { strategy: 'restForOne' }));
  runtime.crash('/b');
  assert.deepEqual(runtime.terminateChild('/', 'b'), { ok: true });
  assert.deepEqual(ids.map((id) => stateOf(runtime, `/${id}`)), ['running', 'stopped', 'stopped']);
  assert.equal(runtime.counters().timers, 0);
  assert.equal(runtime.restartChild('/', 'c').ok, true);
});

test('messages sent during back-off are kept, dropped or refused as the specification says', () => {
  const backoff = { minMs: 10, maxMs: 10, jitter: 0 };
  const specs = (['keep', 'drop', 'reject'] as const).map((onRestart) => child(onRestart, {}, { backoff, mailbox: { onRestart } }));
  const runtime = started(root(specs));
  const answers = specs.map(({ id }) => {
    runtime.crash(`/${id}`);
    return runtime.send(`/${id}`, { type: 'add', n: 1 });
  });
  assert.deepEqual(answers, ['delivered', 'dead', 'full']);
  runtime.advanceTo(20_000);
  assert.deepEqual(specs.map(({ id }) => total(runtime, `/${id}`)), [1, 0, 0]);
  assert.equal(runtime.counters().deadLetters.restarting_drop, 2);
});

test('a child with a budget of its own is put aside instead of taking the supervisor along', () => {
  const runtime = started(root([child('a', {}, { quarantine: { restarts: 2, withinMs: 1000 } }), child('b')], { intensity: { restarts: 0, withinMs: 1000 } }));
  for (let n = 0; n < 3; n++) runtime.crash('/a');
  assert.equal(stateOf(runtime, '/a'), 'quarantined');
  assert.equal(runtime.inspect('/b')?.incarnation, 1);
  assert.equal(runtime.restartChild('/', 'a').ok, true);
  assert.equal(stateOf(runtime, '/a'), 'running');
});

test('stop: a child that ends by itself while its turn has not come is neither started again nor in the way', () => {
  const log: string[] = [];
  for (const restart of ['permanent', 'transient', 'temporary'] satisfies RestartType[]) {
    log.length = 0;
    const runtime: Runtime = started(root([
      child('a', { log }, { restart }),
      child('b', { log, onStop: () => void runtime.crash('/a') }),
    ]));
    assert.equal(runtime.stop(), true);
    assert.equal(runtime.tree(), null);
    assert.equal(log.filter((entry) => entry === '+a').length, 1);
    assert.equal(log.filter((entry) => entry.startsWith('-a')).length, 1);
  }
});

// Significant children (EEP-56).
const session = (autoShutdown: 'never' | 'anySignificant' | 'allSignificant', children: ChildSpec[], strategy: Strategy = 'oneForOne') =>
  started(root([supervisor({ id: 's', strategy, intensity: { restarts: 9, withinMs: 1000 }, autoShutdown, restart: 'temporary', children })]));

for (const restart of ['transient', 'temporary'] satisfies RestartType[]) {
  for (const mode of ['anySignificant', 'allSignificant'] as const) {
    test(`${mode}: ${restart} children that end by themselves close the supervisor, others never do`, () => {
      const runtime = session(mode, [child('a', {}, { restart, significant: true }), child('b', {}, { restart, significant: true }), child('c', {}, { restart })]);
      ends['normal']!(runtime, '/s/c');
      assert.equal(stateOf(runtime, '/s'), 'running');
      assert.deepEqual(runtime.terminateChild('/s', 'b'), { ok: true });
      assert.equal(stateOf(runtime, '/s'), 'running', 'being terminated does not trigger');
      if (restart === 'transient') assert.equal(runtime.restartChild('/s', 'b').ok, true);
      else assert.equal(runtime.startChild('/s', child('b', {}, { restart, significant: true })).ok, true);
      if (restart === 'transient') {
        ends['error']!(runtime, '/s/a');
        assert.equal(stateOf(runtime, '/s/a'), 'running', 'a crash of a transient child is a restart');
      }
      ends[restart === 'transient' ? 'normal' : 'error']!(runtime, '/s/a');
      if (mode === 'allSignificant') {
        assert.equal(stateOf(runtime, '/s'), 'running', 'one significant child is left');
        ends['normal']!(runtime, '/s/b');
      }
      assert.equal(runtime.inspect('/s'), undefined);
    });
  }
}

test('being stopped by a sibling\'s group restart does not trigger an automatic shutdown', () => {
  for (const strategy of ['oneForAll', 'restForOne'] satisfies Strategy[]) {
    for (const mode of ['anySignificant', 'allSignificant'] as const) {
      const runtime = session(mode, [child('a'), child('b', {}, { restart: 'temporary', significant: true })], strategy);
      runtime.crash('/s/a');
      assert.equal(stateOf(runtime, '/s'), 'running');
      assert.equal(runtime.inspect('/s/b'), undefined);
    }
  }
});

test('the automatic shutdown of a significant sub-supervisor goes on to its parent', () => {
  const inner = supervisor({
    id: 'inner', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, autoShutdown: 'anySignificant', restart: 'transient', significant: true,
    children: [child('a', {}, { restart: 'transient', significant: true })],
  });
  const runtime = session('anySignificant', [inner, child('b')]);
  ends['normal']!(runtime, '/s/inner/a');
  assert.equal(runtime.inspect('/s'), undefined);
});

test('a dynamic supervisor shuts itself down as well', () => {
  const runtime = started(root([dynamicSupervisor({ id: 'd', intensity: { restarts: 1, withinMs: 1 }, autoShutdown: 'allSignificant', restart: 'temporary' })]));
  for (const id of ['x', 'y']) runtime.startChild('/d', child(id, {}, { restart: 'transient', significant: true }));
  ends['normal']!(runtime, '/d/x');
  assert.equal(stateOf(runtime, '/d'), 'running');
  ends['normal']!(runtime, '/d/y');
  assert.equal(runtime.inspect('/d'), undefined);
});

test('restForOne: a restart that waits for a later sibling to stop takes it along when that sibling crashes meanwhile', () => {
  for (const restart of ['permanent', 'transient'] as const) {
    const b = child('b', { onStop: () => 'pending' });
    const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, restart, children: [child('x'), b] });
    const runtime = started(root([child('a'), inner, child('c')], { strategy: 'restForOne', intensity: { restarts: 9, withinMs: 1000 } }));
    // s gives up and needs time to stop; a crashes meanwhile and would stop s as well.
    runtime.crash('/s/x');
    assert.equal(stateOf(runtime, '/s'), 'stopping');
    runtime.crash('/a');
    assert.equal(stateOf(runtime, '/a'), 'restarting');
    run(runtime, '/s/b', (ctx) => ctx.stop());
    assert.deepEqual(['/a', '/s', '/c'].map((path) => stateOf(runtime, path)), ['running', 'running', 'running']);
  }
});

test('restForOne: terminating a child whose restart waits for a sibling to stop leaves that sibling stopped, not half way', () => {
  const slow = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('x'), child('y', { onStop: () => 'pending' })] });
  const runtime = started(root([child('a'), slow, child('c')], { strategy: 'restForOne' }));
  runtime.crash('/a');
  assert.deepEqual(['/a', '/s', '/c'].map((path) => stateOf(runtime, path)), ['restarting', 'stopping', 'restarting']);
  assert.equal(runtime.terminateChild('/', 'a').ok, true);
  run(runtime, '/s/y', (ctx) => ctx.stop());
  assert.deepEqual(['/a', '/s', '/c'].map((path) => stateOf(runtime, path)), ['stopped', 'stopped', 'stopped']);
  assert.deepEqual(runtime.whichChildren('/s'), []);
  for (const id of ['a', 's', 'c']) assert.equal(runtime.restartChild('/', id).ok, true);
  assert.equal(stateOf(runtime, '/s/x'), 'running');
});

test('a change of strategy in the middle of a group restart starts those whom nobody takes along any more', () => {
  const b = { fails: false };
  const runtime = started(root([child('a'), child('b', { failStarts: () => b.fails }), child('c')], { strategy: 'oneForAll', intensity: { restarts: 99, withinMs: 1000 } }));
  b.fails = true;
  runtime.crash('/b');
  assert.deepEqual(['/a', '/b', '/c'].map((path) => stateOf(runtime, path)), ['running', 'restarting', 'restarting']);
  assert.equal(runtime.reconfigure('/', { strategy: 'oneForOne' }).ok, true);
  assert.deepEqual(['/a', '/b', '/c'].map((path) => stateOf(runtime, path)), ['running', 'restarting', 'running']);
  b.fails = false;
  runtime.drain();
  assert.deepEqual(['/a', '/b', '/c'].map((path) => stateOf(runtime, path)), ['running', 'running', 'running']);
});

test('a child that is put aside in the middle of its restart does not keep down the siblings it took along', () => {
  for (const strategy of ['restForOne', 'oneForAll'] as const) {
    const b = child('b', { failStarts: (start) => start > 0 }, { quarantine: { restarts: 2, withinMs: 60_000 } });
    const runtime = started(root([child('a'), b, child('c')], { strategy }));
    runtime.crash('/b');
    runtime.drain();
    assert.deepEqual(['/a', '/b', '/c'].map((path) => stateOf(runtime, path)), ['running', 'quarantined', 'running'], strategy);
  }
});
