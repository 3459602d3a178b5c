import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Behaviour, type ChildSpec, createRuntime, supervisor, worker } from '../../runtime/index.js';
import { child, root, run, started, stateOf } from './support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

test('the bound on timers holds within one turn too: keys that are started again or cancelled in it count once or not', () => {
  const runtime = started(root([child('a')]), { maxTimersPerActor: 4 });
  run(runtime, '/a', (ctx) => {
    for (let round = 0; round < 10; round++) for (const key of ['k0', 'k1', 'k2', 'k3']) ctx.startTimer(key, 1000, { type: 'add', n: 1 });
    ctx.cancelTimer('k3');
    ctx.startTimer('k4', 1000, { type: 'add', n: 1 });
  });
  assert.deepEqual(runtime.timers(10, '/a').map(({ key }) => key), ['k0', 'k1', 'k2', 'k4']);
  run(runtime, '/a', (ctx) => {
    ctx.cancelTimer('k0');
    for (const key of ['n0', 'n1']) ctx.startTimer(key, 1000, { type: 'add', n: 1 });
  });
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /already has 4 timers/);
});

test('effects without an answer are bounded per actor', () => {
  const runtime = started(root([child('a')]), { effects: { order: () => 'pending' } });
  for (let n = 0; n < 17; n++) run(runtime, '/a', (ctx) => { for (let k = 0; k < 1000; k++) ctx.effect('order', k); });
  assert.equal(runtime.inspect('/a')?.incarnation, 1);
  run(runtime, '/a', (ctx) => ctx.effect('order', null));
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /17000 effects of this actor have no answer yet/);
});

test('a deadline or a time that is no finite number is refused and harms no timer', () => {
  const runtime = started(root([child('a')], generous));
  for (const bad of [NaN, Infinity, -1]) {
    assert.throws(() => runtime.ask('/a', 'q', bad, () => undefined), RangeError);
    run(runtime, '/a', (ctx) => ctx.ask(ctx.self, 'q', bad, () => ({ type: 'add', n: 1 })));
    run(runtime, '/a', (ctx) => ctx.startTimer('k', bad, { type: 'add', n: 1 }));
  }
  for (const bad of [NaN, Infinity]) assert.throws(() => runtime.advanceTo(bad), RangeError);
  assert.equal(runtime.counters().deadLetters.poison, 6);
  assert.equal(runtime.nextTimerUs(), Infinity);
});

test('a tree has 256 levels at most: deeper is a start that fails, and what stands is stopped and killed whole', () => {
  const deeper: Behaviour<number, number, unknown> = {
    name: 'deeper', version: 1, init: () => 0,
    step: (refused, levels, ctx) => {
      const below = ctx.spawn(worker({ id: 'c', behaviour: deeper }));
      if (below.ok && levels > 0) ctx.send(below.ref, levels - 1);
      return below.ok ? refused : refused + 1;
    },
  };
  for (const end of ['stop', 'kill'] as const) {
    const runtime = started(root([worker({ id: 'c', behaviour: deeper })]));
    runtime.send('/c', 1000);
    runtime.drain();
    assert.equal(runtime.counters().cells, 257);
    assert.equal(runtime.inspect('/c'.repeat(256))?.value, 1);
    if (end === 'kill') runtime.kill('/c');
    assert.equal(runtime.stop(), true);
    assert.equal(runtime.counters().cells, 0);
  }
  let spec: ChildSpec = child('leaf');
  for (let level = 0; level < 5000; level++) spec = supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [spec] });
  const answer = createRuntime().start(spec);
  assert.ok(!answer.ok && answer.reason.kind === 'invalid_spec' && answer.reason.problems.some((problem) => problem.includes('256 levels')));
});

test('listeners hear of dead letters between turns, in order, but not of those they cause themselves', () => {
  const runtime = started(root([child('a'), child('b')]));
  const heard: unknown[] = [];
  runtime.onDeadLetter(({ message }) => {
    heard.push(message);
    runtime.send('/nobody', 'from the listener');
    runtime.terminateChild('/', 'a');
  });
  run(runtime, '/a', (ctx) => {
    ctx.send(ctx.ref('/nobody'), 1);
    ctx.send(ctx.ref('/nobody'), 2);
    ctx.spawn(child('kid'));
    ctx.startTimer('k', 5, { type: 'add', n: 1 });
  });
  assert.deepEqual(heard, [1, 2]);
  assert.equal(runtime.counters().deadLetters.no_such_actor, 4);
  assert.equal(stateOf(runtime, '/a'), 'stopped');
  assert.equal(runtime.inspect('/a/kid'), undefined);
  assert.equal(runtime.nextTimerUs(), Infinity);
  runtime.send('/nobody', 3);
  assert.deepEqual(heard, [1, 2, 3]);
});
