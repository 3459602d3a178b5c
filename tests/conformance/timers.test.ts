import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Runtime, worker } from '../../runtime/index.js';
import { child, type Command, root, run, started, total } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

function add(n: number): Command {
  return { type: 'add', n };
}

/** A timer of /a has fired and waits in its mailbox, unhandled: the actor is suspended. */
function fired(n: number, more: object = {}): Runtime {
  const runtime = started(root([child('a', {}, more)], generous));
  run(runtime, '/a', (ctx) => ctx.startTimer('k', 10, add(n)));
  runtime.suspend('/a');
  return runtime;
}

test('a key that is started again is another generation: the message of the first, already in the mailbox, is not handled', () => {
  const runtime = fired(1);
  runtime.send<Command>('/a', { type: 'do', run: (ctx) => ctx.startTimer('k', 10, add(100)) });
  runtime.advanceTo(10_000);
  assert.equal(runtime.tree()?.children[0]?.mailbox, 2, 'the command, then the timer that fired');
  runtime.resume('/a');
  runtime.drain();
  assert.deepEqual([total(runtime, '/a'), runtime.counters().deadLetters.stale_timer], [0, 1]);
  runtime.advanceTo(20_000);
  assert.equal(total(runtime, '/a'), 100);
});

test('cancelled and started again under the same key, twice: only the last generation is handled', () => {
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => {
    for (const n of [1, 10, 100]) {
      ctx.startTimer('k', 10, add(n));
      assert.equal(ctx.cancelTimer('k'), true);
    }
    ctx.startTimer('k', 10, add(1000));
  });
  runtime.advanceTo(100_000);
  assert.equal(total(runtime, '/a'), 1000);
  assert.equal(runtime.counters().deadLettered, 0, 'one that never fired leaves nothing behind');
});

test('the same key in two actors is two timers', () => {
  const runtime = started(root([child('a'), child('b')]));
  for (const path of ['/a', '/b']) run(runtime, path, (ctx) => ctx.startTimer('k', 10, add(1)));
  run(runtime, '/a', (ctx) => assert.equal(ctx.cancelTimer('k'), true));
  runtime.advanceTo(10_000);
  assert.deepEqual([total(runtime, '/a'), total(runtime, '/b')], [0, 1]);
});

test('a restart with init cancels all timers, also one whose message waits in a mailbox that is kept', () => {
  const runtime = fired(1);
  run(runtime, '/a', () => undefined);
  runtime.advanceTo(10_000);
  runtime.crash('/a');
  runtime.drain();
  assert.deepEqual([total(runtime, '/a'), runtime.counters().deadLetters.stale_timer, runtime.counters().timers], [0, 1, 0]);
});

test('a restart with the last good state keeps them: the one that waits is handled, the others keep their due time', () => {
  const runtime = fired(1, { restore: 'lastGood' });
  runtime.resume('/a');
  run(runtime, '/a', (ctx) => ctx.startTimer('later', 50, add(10)));
  runtime.suspend('/a');
  runtime.advanceTo(10_000);
  runtime.crash('/a');
  runtime.drain();
  assert.equal(total(runtime, '/a'), 1);
  assert.equal(runtime.nextTimerUs(), 50_000);
});

test('a stop, a kill and a termination leave no timer armed', () => {
  for (const end of ['stop', 'kill', 'terminate'] as const) {
    const runtime = started(root([child('a', {}, { restart: 'temporary' })]));
    run(runtime, '/a', (ctx) => { for (let n = 0; n < 5; n++) ctx.startTimer(`k${n}`, 10 * n, add(1)); });
    if (end === 'terminate') runtime.terminateChild('/', 'a');
    else if (end === 'kill') runtime.kill('/a');
    else runtime.stop();
    assert.equal(runtime.counters().timers, 0, end);
  }
});

test('a draining actor may arm timers for its last exchange', () => {
  const runtime = started(root([child('a', { onStop: (ctx) => { ctx.startTimer('last', 5, { type: 'end' }); return 'pending'; } }, { shutdown: 100 })]));
  runtime.terminateChild('/', 'a');
  runtime.advanceTo(4_999);
  assert.equal(runtime.inspect('/a')?.state, 'stopping');
  runtime.advanceTo(5_000);
  assert.equal(runtime.inspect('/a')?.state, 'stopped');
});

test('fixed rate counts from the due time, fixed delay from the turn: with a slow driver one keeps its beat and the other drifts', () => {
  const beats: Record<string, number[]> = { rate: [], delay: [] };
  const beating = (kind: 'rate' | 'delay') => worker({
    id: kind,
    behaviour: {
      name: kind, version: 1,
      init: (ctx: ActorContext<number>): null => { ctx.startTimerAt('beat', 10_000, 10_000); return null; },
      step: (state: null, dueUs: number, ctx: ActorContext<number>): null => {
        beats[kind]!.push(ctx.nowUs());
        const next = kind === 'rate' ? dueUs + 10_000 : ctx.nowUs() + 10_000;
        ctx.startTimerAt('beat', next, next);
        return state;
      },
    },
  });
  const runtime = started(root([beating('rate'), beating('delay')]));
  for (const kind of ['rate', 'delay']) runtime.suspend(`/${kind}`);
  runtime.advanceTo(13_000);
  for (const kind of ['rate', 'delay']) runtime.resume(`/${kind}`);
  runtime.advanceTo(45_000);
  assert.deepEqual(beats, { rate: [13_000, 20_000, 30_000, 40_000], delay: [13_000, 23_000, 33_000, 43_000] });
});

test('a delay of a hundred days is kept to the microsecond', () => {
  const runtime = started(root([child('a')]));
  const ms = 100 * 86_400_000;
  run(runtime, '/a', (ctx) => ctx.startTimer('far', ms, add(1)));
  runtime.advanceTo(ms * 1000 - 1);
  assert.equal(total(runtime, '/a'), 0);
  runtime.advanceTo(ms * 1000);
  assert.equal(total(runtime, '/a'), 1);
});
