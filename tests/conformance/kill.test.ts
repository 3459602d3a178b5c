import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type EffectCall, supervisor, worker } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

test('a kill runs no user code, deepest first, and everything the incarnation owned is gone before anyone hears of it', () => {
  const log: string[] = [];
  const runtime = started(root([
    child('b'),
    child('a', { log, onStop: () => void log.push('hook'), onInit: (ctx) => {
      ctx.register('alpha');
      ctx.subscribe('news');
      ctx.startTimer('t', 10, { type: 'add', n: 1 });
      ctx.monitor(ctx.ref('/b'));
      ctx.ask(ctx.ref('/b'), { type: 'add', n: 1 }, 100, () => ({ type: 'add', n: 1 }));
      ctx.spawn(child('kid', { log, onStop: () => void log.push('hook') }));
    } }, { restart: 'temporary' }),
  ]));
  const downs: string[] = [];
  for (const path of ['/a', '/a/kid']) {
    runtime.monitor(path, ({ reason }) => downs.push(`${path} ${reason.kind} name ${runtime.inspect('alpha') === undefined ? 'free' : 'held'} timers ${runtime.counters().timers}`));
  }
  log.length = 0;
  runtime.kill('/a');
  assert.deepEqual(log, []);
  assert.deepEqual(downs, ['/a/kid killed name held timers 2', '/a killed name free timers 0']);
  runtime.publish('news', { type: 'add', n: 1 });
  runtime.drain();
  assert.equal(runtime.counters().timers, 0);
});

test('the late result of an effect of a killed incarnation is dead: stale, never a message of the next one', () => {
  const calls: EffectCall[] = [];
  const runtime = started(root([child('a')], generous), { effects: { order: (_payload: unknown, call: EffectCall) => { calls.push(call); return 'pending'; } } });
  run(runtime, '/a', (ctx) => ctx.effect('order', null));
  runtime.kill('/a');
  calls[0]!.reply({ type: 'add', n: 1 });
  runtime.drain();
  assert.deepEqual([total(runtime, '/a'), runtime.counters().deadLetters.stale], [0, 1]);
  run(runtime, '/a', (ctx) => ctx.effect('order', null));
  assert.notEqual(calls[0]!.key, calls[1]!.key);
  calls[1]!.reply({ type: 'add', n: 2 });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 2);
});

test('a killed asker hears nothing more, in this life or the next', () => {
  const heard: unknown[] = [];
  const behaviour = {
    name: 'q', version: 1,
    init: (): null => null,
    step: (state: null, message: unknown, ctx: ActorContext): null => {
      if (message === 'ask') ctx.ask(ctx.ref('/t'), { type: 'do', run: (other: ActorContext) => other.reply(1) }, 50, (result) => result);
      else heard.push(message);
      return state;
    },
  };
  const runtime = started(root([child('t'), worker({ id: 'q', behaviour })], generous));
  runtime.suspend('/t');
  runtime.send('/q', 'ask');
  runtime.drain();
  runtime.kill('/q');
  runtime.resume('/t');
  runtime.advanceTo(100_000);
  assert.deepEqual([heard, runtime.counters().deadLetters.late_reply], [[], 1]);
});

test('what a completed turn had sent is delivered; what was queued for the killed one waits for the next, by its specification', () => {
  const runtime = started(root([child('a'), child('b'), child('c', {}, { mailbox: { onRestart: 'drop' } })], generous));
  run(runtime, '/a', (ctx) => ctx.send(ctx.ref('/b'), { type: 'add', n: 1 }));
  for (const path of ['/a', '/c']) {
    runtime.send(path, { type: 'add', n: 10 });
    runtime.kill(path);
  }
  runtime.drain();
  assert.deepEqual([total(runtime, '/b'), total(runtime, '/a'), total(runtime, '/c')], [1, 10, 0]);
});

test('a kill from an effect of the actor itself takes hold before its next message', () => {
  let killed: boolean | undefined;
  const runtime = started(root([child('a', {}, { restart: 'temporary' })]), { effects: { end: () => { killed = runtime.kill('/a'); } } });
  runtime.send('/a', { type: 'do', run: (ctx: ActorContext) => ctx.effect('end', null) });
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.drain();
  assert.equal(killed, true);
  assert.deepEqual(runtime.deadLetters().map(({ reason }) => reason), ['stopped']);
});

test('a killed actor that keeps its last good state resumes it: the fence is around the incarnation, not the state', () => {
  const runtime = started(root([child('a', {}, { restore: 'lastGood' })], generous));
  runtime.send('/a', { type: 'add', n: 3 });
  runtime.drain();
  runtime.kill('/a');
  assert.deepEqual([total(runtime, '/a'), runtime.inspect('/a')?.incarnation], [3, 2]);
});

test('suspended, draining and backing-off actors can be fenced too', () => {
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([
    child('suspended', {}, { restart: 'temporary' }), child('draining', { onStop: () => 'pending' }, { shutdown: 'infinity' }), child('waiting', {}, { backoff }),
  ], generous));
  runtime.suspend('/suspended');
  assert.equal(runtime.kill('/suspended'), true);
  assert.equal(runtime.inspect('/suspended'), undefined);
  runtime.terminateChild('/', 'draining');
  assert.equal(runtime.kill('/draining'), true);
  assert.equal(stateOf(runtime, '/draining'), 'stopped');
  runtime.crash('/waiting');
  assert.equal(runtime.kill('/waiting'), false, 'there is no incarnation to kill');
  runtime.fence();
  assert.equal(runtime.tree(), null);
  assert.equal(runtime.counters().timers, 0);
});

test('killing a supervisor fences everything under it: no stop hook runs, and what comes back has its last good state or begins anew', () => {
  const log: string[] = [];
  const inner = supervisor({
    id: 'inner', strategy: 'oneForOne', intensity: { restarts: 3, withinMs: 1000 },
    children: [child('keeps', { log }, { restore: 'lastGood' }), child('fresh', { log })],
  });
  const runtime = started(root([supervisor({
    id: 'top', strategy: 'oneForAll', intensity: { restarts: 3, withinMs: 1000 },
    children: [inner, child('slow', { log, onStop: () => 'pending' }), child('gone', { log }, { restart: 'temporary' })],
  })], generous));
  for (const path of ['/top/inner/keeps', '/top/inner/fresh', '/top/slow']) runtime.send(path, { type: 'add', n: 5 });
  runtime.drain();
  log.length = 0;
  runtime.kill('/top');
  runtime.drain();
  assert.deepEqual(log, ['+fresh', '+slow', '+gone'], 'a supervisor that begins anew starts all it specifies');
  assert.deepEqual(['/top/inner/keeps', '/top/inner/fresh', '/top/slow'].map((path) => total(runtime, path)), [5, 0, 0]);
  assert.equal(runtime.inspect('/top')?.incarnation, 2);
});
