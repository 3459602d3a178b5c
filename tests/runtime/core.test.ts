import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, type ExitReason, VirtualClock, worker } from '../../runtime/index.js';
import { child, type Command, root, run, started, stateOf, throwAnything, total } from './support.js';

test('messages of one sender are handled in order and the state is the fold of the steps', () => {
  const seen: number[] = [];
  const behaviour = {
    name: 'collect', version: 1,
    init: () => 0,
    step: (sum: number, n: number) => { seen.push(n); return sum + n; },
  };
  const runtime = started(root([worker({ id: 'a', behaviour })]));
  const ref = runtime.ref<number>('/a');
  for (let n = 1; n <= 1000; n++) assert.equal(runtime.send(ref, n), 'delivered');
  assert.equal(runtime.drain(), 1000);
  assert.deepEqual(seen, Array.from({ length: 1000 }, (_, i) => i + 1));
  assert.equal(runtime.inspect('/a')?.value, 500_500);
});

test('an actor with a long queue does not keep the others from their turn', () => {
  const order: string[] = [];
  const behaviour = (name: string) => ({ name, version: 1, init: () => null, step: () => { order.push(name); return null; } });
  const runtime = started(root([worker({ id: 'long', behaviour: behaviour('long') }), worker({ id: 'short', behaviour: behaviour('short') })]), { sliceMessages: 10 });
  for (let n = 0; n < 100; n++) runtime.send('/long', n);
  runtime.send('/short', 1);
  runtime.drain();
  assert.equal(order.indexOf('short'), 10);
});

test('a turn that throws leaves no send, timer, effect, child, publication or subscription behind', () => {
  const effects: unknown[] = [];
  const published: unknown[] = [];
  const runtime = started(root([child('a'), child('b')]), { effects: { note: (payload: string) => void effects.push(payload) } });
  runtime.subscribe('news', (message) => published.push(message));
  run(runtime, '/a', (ctx) => {
    assert.equal(ctx.send(ctx.ref('/b'), { type: 'add', n: 1 }), 'delivered');
    ctx.startTimer('t', 5, { type: 'add', n: 1 });
    ctx.effect('note', 'never');
    ctx.publish('news', 1);
    ctx.subscribe('news');
    assert.equal(ctx.register('name'), true);
    assert.equal(ctx.spawn(child('kid')).ok, true);
    throw new Error('after all that');
  });
  runtime.publish('news', 2);
  runtime.advanceTo(1_000_000);
  assert.equal(total(runtime, '/b'), 0);
  assert.equal(total(runtime, '/a'), 0);
  assert.deepEqual(effects, []);
  assert.deepEqual(published, [2]);
  assert.equal(runtime.inspect('/a/kid'), undefined);
  assert.equal(runtime.inspect('name'), undefined);
  assert.equal(runtime.deadLetters().at(-1)?.reason, 'poison');
  assert.equal(runtime.deadLetters().at(-1)?.cause?.message, 'after all that');
});

test('effects run after the turn, in order; one that throws comes back as a message and crashes nobody', () => {
  const order: string[] = [];
  const told: unknown[] = [];
  const behaviour = {
    name: 'e', version: 1, init: () => null,
    step: (state: null, message: { type: string }, ctx: import('../../runtime/index.js').ActorContext) => {
      if (message.type === 'runtime.effect_failed') told.push(message);
      else {
        ctx.effect('ok', 1);
        ctx.effect('bad', 2);
        ctx.effect('ok', 3);
        order.push('step');
      }
      return state;
    },
  };
  const keys: string[] = [];
  const runtime = started(root([worker({ id: 'a', behaviour })]), {
    effects: {
      ok: (n: number, call) => { order.push(`ok ${n}`); keys.push(call.key); },
      bad: () => throwAnything('not even an error'),
    },
  });
  runtime.send('/a', { type: 'go' });
  runtime.drain();
  assert.deepEqual(order, ['step', 'ok 1', 'ok 3']);
  assert.equal(told.length, 1);
  assert.deepEqual((told[0] as { cause: { name: string; message: string } }).cause, { name: 'NonErrorThrown', message: 'not even an error', path: '/a', incarnation: 1 });
  assert.equal(new Set(keys).size, 2);
  assert.equal(runtime.tree()?.children[0]?.restarts, 0);
});

test('an effect nobody provides is a clear crash of the actor that asks for it', () => {
  const runtime = started(root([child('a')]), { effects: { note: () => undefined } });
  run(runtime, '/a', (ctx) => ctx.effect('nope', 1));
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /no effect "nope".*it has: note/);
});

test('an address outlives restarts; each life has its own incarnation number', () => {
  const runtime = started(root([child('a')]));
  const ref = runtime.ref<Command>('/a');
  runtime.send(ref, { type: 'add', n: 2 });
  runtime.drain();
  runtime.crash('/a');
  assert.equal(runtime.inspect('/a')?.incarnation, 2);
  assert.equal(runtime.send(ref, { type: 'add', n: 5 }), 'delivered');
  runtime.drain();
  assert.equal(total(runtime, '/a'), 5);
});

test('a reference taken before its actor exists works once it does', () => {
  const runtime = started(root([]));
  const ref = runtime.ref<Command>('/late');
  assert.equal(runtime.send(ref, { type: 'add', n: 1 }), 'dead');
  assert.equal(runtime.startChild('/', child('late')).ok, true);
  assert.equal(runtime.send(ref, { type: 'add', n: 1 }), 'delivered');
});

test('ids and random numbers of a throwing turn are drawn again; fresh starts draw from a new stream', () => {
  const drawn: (readonly [string, number])[] = [];
  const runtime = started(root([child('a', {}, { restore: 'lastGood' })], { intensity: { restarts: 100, withinMs: 1 } }));
  const draw = (fail: boolean) => run(runtime, '/a', (ctx) => {
    drawn.push([ctx.nextId(), ctx.random()]);
    if (fail) throw new Error('no');
  });
  draw(false);
  draw(true);
  draw(false);
  assert.deepEqual(drawn[1], drawn[2]);
  assert.notDeepEqual(drawn[0], drawn[1]);
  const other = started(root([child('a')]));
  const fresh: string[] = [];
  run(other, '/a', (ctx) => void fresh.push(ctx.nextId()));
  other.crash('/a');
  run(other, '/a', (ctx) => void fresh.push(ctx.nextId()));
  assert.equal(new Set(fresh).size, 2);
});

test('an error that nobody handles ends at the root and is reported once, with its whole chain', () => {
  const ends: ExitReason[] = [];
  const runtime = createRuntime({ clock: new VirtualClock(), onFatal: (reason) => void ends.push(reason) });
  runtime.start(root([child('a')], { intensity: { restarts: 0, withinMs: 1000 } }));
  runtime.send('/a', { type: 'die', why: 'plain text' });
  runtime.drain();
  assert.equal(ends.length, 1);
  const reason = ends[0]!;
  assert.equal(reason.kind, 'error');
  assert.equal(reason.kind === 'error' && reason.cause.name, 'IntensityExceeded');
  assert.equal(reason.kind === 'error' && reason.cause.cause?.message, 'plain text');
  assert.equal(runtime.tree(), null);
  assert.equal(stateOf(runtime, '/a'), undefined);
});

test('the same seed and inputs give the same trace hash; another seed another one', () => {
  const hashOf = (seed: string): string => {
    const runtime = started(root([child('a'), child('b')]), { seed });
    for (let n = 0; n < 50; n++) run(runtime, '/a', (ctx) => ctx.startTimer(`k${n}`, ctx.random() * 10, { type: 'add', n }));
    run(runtime, '/a', (ctx) => { if (ctx.random() < 0.5) ctx.send(ctx.ref('/b'), { type: 'add', n: 1 }); });
    runtime.advanceTo(1_000_000);
    return runtime.trace().hash();
  };
  assert.equal(hashOf('x'), hashOf('x'));
  assert.notEqual(hashOf('x'), hashOf('y'));
});

test('an effect cannot move the clock or run turns inside the turn that asked for it', () => {
  const seen: unknown[] = [];
  const runtime: ReturnType<typeof started> = started(root([child('a'), child('b')]), {
    effects: {
      drain: () => { seen.push(runtime.drain(), runtime.step()); },
      advance: () => runtime.advanceTo(1e9),
    },
  });
  run(runtime, '/a', (ctx) => { ctx.send(ctx.ref('/b'), { type: 'add', n: 1 }); ctx.effect('drain', null); ctx.effect('advance', null); });
  assert.deepEqual(seen, [0, false]);
  assert.equal(runtime.nowUs(), 0);
  assert.equal(runtime.counters().faults, 1);
  assert.equal(total(runtime, '/b'), 1);
});

test('an async effect is in flight until its promise settles; a rejection is a failed effect, of an older life a dead letter', async () => {
  const told: unknown[] = [];
  const behaviour = {
    name: 'e', version: 1, init: () => null,
    step: (state: null, message: { type: string }, ctx: import('../../runtime/index.js').ActorContext) => {
      if (message.type === 'runtime.effect_failed') told.push((message as unknown as { cause: { message: string } }).cause.message);
      else ctx.effect(message.type, null);
      return state;
    },
  };
  let reject: (why: Error) => void = () => undefined;
  const runtime = started(root([worker({ id: 'a', behaviour })]), {
    effects: {
      good: async () => { await Promise.resolve(); },
      bad: () => new Promise((_, no) => { reject = no; }),
    },
  });
  const inFlight = (): number => {
    const taken = runtime.snapshot('/a');
    return taken.ok ? taken.snapshot.effects.length : -1;
  };
  runtime.send('/a', { type: 'good' });
  runtime.send('/a', { type: 'bad' });
  runtime.drain();
  assert.equal(inFlight(), 2);
  await new Promise(setImmediate);
  assert.equal(inFlight(), 1);
  reject(new Error('refused'));
  await new Promise(setImmediate);
  runtime.drain();
  assert.deepEqual(told, ['refused']);
  assert.equal(inFlight(), 0);
  runtime.send('/a', { type: 'bad' });
  runtime.drain();
  runtime.kill('/a');
  reject(new Error('too late'));
  await new Promise(setImmediate);
  runtime.drain();
  assert.deepEqual(told, ['refused']);
  assert.equal(runtime.deadLetters().at(-1)?.reason, 'stale');
});
