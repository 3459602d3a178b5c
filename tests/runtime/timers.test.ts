import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRuntime, WallClock, type ActorContext, worker } from '../../runtime/index.js';
import { Timer, TimerHeap } from '../../runtime/clock/timer-heap.js';
import { child, type Command, root, run, started, total } from './support.js';

test('timers fire in the order (due, sequence), each at its own due time', () => {
  const fired: string[] = [];
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => {
    const note = (name: string): Command => ({ type: 'do', run: (inner) => void fired.push(`${name}@${inner.nowUs()}`) });
    ctx.startTimer('c', 30, note('c'));
    ctx.startTimer('a', 10, note('a'));
    ctx.startTimer('b', 10, note('b'));
    ctx.startTimer('half', 0.5, note('half'));
  });
  runtime.advanceTo(1_000_000);
  assert.deepEqual(fired, ['half@500', 'a@10000', 'b@10000', 'c@30000']);
  assert.equal(runtime.nowUs(), 1_000_000);
});

test('a timer armed by a timer counts from the due time, not from the end of the advance', () => {
  const runtime = started(root([child('a')]));
  const chain = (left: number): Command => ({ type: 'do', run: (ctx) => { if (left > 0) ctx.startTimer('next', 10, chain(left - 1)); else ctx.send(ctx.self, { type: 'add', n: ctx.nowUs() }); } });
  runtime.send('/a', chain(10));
  runtime.advanceTo(1_000_000);
  assert.equal(total(runtime, '/a'), 100_000);
});

test('starting a key again replaces its timer; cancelling says whether there was one', () => {
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => {
    ctx.startTimer('k', 10, { type: 'add', n: 1 });
    assert.equal(ctx.cancelTimer('k'), true, 'a timer of this very turn');
    assert.equal(ctx.cancelTimer('k'), false);
    ctx.startTimer('k', 10, { type: 'add', n: 10 });
    ctx.startTimer('k', 20, { type: 'add', n: 100 });
  });
  assert.equal(runtime.counters().timers, 1);
  runtime.advanceTo(50_000);
  assert.equal(total(runtime, '/a'), 100);
  run(runtime, '/a', (ctx) => assert.equal(ctx.cancelTimer('k'), false, 'it has been handled'));
});

test('a timer cancelled while its message waits in the mailbox is not handled: stale_timer', () => {
  const backoff = { minMs: 10, maxMs: 10, jitter: 0 };
  const runtime = started(root([child('a', {}, { restore: 'lastGood', backoff })], { intensity: { restarts: 10, withinMs: 1 } }));
  run(runtime, '/a', (ctx) => ctx.startTimer('k', 1, { type: 'add', n: 1 }));
  runtime.crash('/a');
  runtime.crash('/a');
  let was: boolean | undefined;
  runtime.send<Command>('/a', { type: 'do', run: (ctx) => { was = ctx.cancelTimer('k'); } });
  runtime.advanceTo(5_000);
  assert.equal(runtime.tree()?.children[0]?.mailbox, 2, 'the message, then the timer that fired');
  runtime.advanceTo(20_000);
  assert.equal(was, true);
  assert.equal(total(runtime, '/a'), 0);
  assert.equal(runtime.counters().deadLetters.stale_timer, 1);
});

test('a timer of an earlier life never reaches the next one', () => {
  const runtime = started(root([child('b', {}, { backoff: { minMs: 10, maxMs: 10, jitter: 0 } })]));
  run(runtime, '/b', (ctx) => ctx.startTimer('k', 11, { type: 'add', n: 1 }));
  runtime.crash('/b');
  runtime.advanceTo(10_000);
  run(runtime, '/b', (ctx) => assert.equal(ctx.cancelTimer('k'), false));
  runtime.advanceTo(60_000);
  assert.equal(total(runtime, '/b'), 0);
});

test('a bad delay or too many timers is a clear crash', () => {
  const runtime = started(root([child('a', {}, { restore: 'lastGood' })], { intensity: { restarts: 10, withinMs: 1 } }), { maxTimersPerActor: 3 });
  for (const delay of [NaN, -1]) run(runtime, '/a', (ctx) => ctx.startTimer('k', delay, { type: 'add', n: 1 }));
  for (let n = 0; n < 4; n++) run(runtime, '/a', (ctx) => ctx.startTimer(`k${n}`, 1, { type: 'add', n: 1 }));
  assert.deepEqual(runtime.deadLetters().map((letter) => letter.cause?.name), ['RangeError', 'RangeError', 'RangeError']);
  assert.match(runtime.deadLetters()[2]?.cause?.message ?? '', /already has 3 timers/);
});

test('the heap gives timers in (due, seq) order under any mix of adding, taking and cancelling', () => {
  fc.assert(fc.property(fc.array(fc.record({ what: fc.constantFrom('add', 'add', 'pop', 'cancel'), due: fc.nat({ max: 20 }), which: fc.nat() }), { maxLength: 200 }), (steps) => {
    const heap = new TimerHeap();
    let live: Timer[] = [];
    steps.forEach(({ what, due, which }, seq) => {
      if (what === 'add') {
        const timer = new Timer(due, seq, null, '', null, { run: () => undefined });
        heap.add(timer);
        live.push(timer);
        live.sort((a, b) => a.dueUs - b.dueUs || a.seq - b.seq);
      } else if (what === 'pop') {
        assert.equal(heap.pop(), live.shift());
      } else if (live.length > 0) {
        const [gone] = live.splice(which % live.length, 1);
        assert.equal(heap.remove(gone!), true);
        assert.equal(heap.remove(gone!), false);
      }
      assert.equal(heap.size, live.length);
      assert.equal(heap.nextUs(), live[0]?.dueUs ?? Infinity);
    });
    live = [];
  }), { numRuns: 300, seed: 5 });
});

test('on the wall clock timers fire in order and the loop sleeps in between', async () => {
  const fired: string[] = [];
  await new Promise<void>((done) => {
    const behaviour = {
      name: 'w', version: 1,
      init: (ctx: ActorContext<string>) => { ctx.startTimer('b', 15, 'b'); ctx.startTimer('a', 5, 'a'); ctx.startTimer('far', 2 ** 33, 'far'); return ctx.nowUs(); },
      step: (begun: number, message: string, ctx: ActorContext<string>) => {
        fired.push(message);
        if (message === 'b') {
          assert.ok(ctx.nowUs() - begun >= 15_000, 'never early');
          ctx.effect('done', null);
        }
        return begun;
      },
    };
    const runtime = createRuntime({ clock: new WallClock(), effects: { done: () => { runtime.stop(); done(); } } });
    assert.equal(runtime.start(worker({ id: 'a', behaviour })).ok, true);
    runtime.run();
  });
  assert.deepEqual(fired, ['a', 'b']);
});

test('on the wall clock a message from outside wakes the loop', async () => {
  const runtime = createRuntime({ clock: new WallClock() });
  runtime.start(child('a'));
  runtime.run();
  await new Promise((done) => setImmediate(done));
  const answer = await new Promise((done) => runtime.ask('/a', { type: 'do', run: (ctx: ActorContext) => ctx.reply(7) }, 1000, done));
  assert.deepEqual(answer, { ok: true, value: 7 });
  runtime.stop();
  assert.equal(runtime.counters().timers, 0);
});
