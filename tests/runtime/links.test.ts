import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActorContext, AskResult, Down, ExitReason } from '../../runtime/index.js';
import { worker } from '../../runtime/index.js';
import { child, type Command, root, run, started, stateOf, total } from './support.js';

/** An actor that keeps every message it gets. */
const witness = (seen: Down[]) => ({
  name: 'witness', version: 1, init: () => null,
  step: (state: null, message: Down | { type: 'do'; run: (ctx: ActorContext) => void }, ctx: ActorContext) => {
    if (message.type === 'do') message.run(ctx as ActorContext);
    else seen.push(message);
    return state;
  },
});

test('a monitor tells exactly once, with the reason and the incarnation that ended', () => {
  const seen: Down[] = [];
  const runtime = started(root([child('a'), worker({ id: 'w', behaviour: witness(seen) })]));
  let token = 0;
  run(runtime, '/w', (ctx) => { token = ctx.monitor(ctx.ref('/a')); });
  runtime.crash('/a', new Error('first'));
  runtime.drain();
  runtime.crash('/a', new Error('second'));
  runtime.drain();
  assert.equal(seen.length, 1);
  assert.deepEqual([seen[0]?.token, seen[0]?.path, seen[0]?.incarnation, seen[0]?.reason.kind], [token, '/a', 1, 'error']);
});

test('monitoring who is not there tells at once: noproc', () => {
  const seen: Down[] = [];
  const runtime = started(root([child('gone', {}, { restart: 'transient' }), worker({ id: 'w', behaviour: witness(seen) })]));
  runtime.terminateChild('/', 'gone');
  run(runtime, '/w', (ctx) => {
    ctx.monitor(ctx.ref('/nobody'));
    ctx.monitor(ctx.ref('/gone'));
  });
  assert.deepEqual(seen.map((down) => down.reason.kind), ['noproc', 'noproc']);
});

test('after demonitor nothing comes, not even a notice that was already queued', () => {
  const seen: Down[] = [];
  const runtime = started(root([child('a'), child('b'), worker({ id: 'w', behaviour: witness(seen) })]));
  let tokens: number[] = [];
  run(runtime, '/w', (ctx) => { tokens = [ctx.monitor(ctx.ref('/a')), ctx.monitor(ctx.ref('/b'))]; });
  run(runtime, '/w', (ctx) => ctx.demonitor(tokens[0]!));
  runtime.crash('/a');
  runtime.drain();
  assert.equal(seen.length, 0);
});

test('names are free before anyone hears that their holder is down', () => {
  const seen: unknown[] = [];
  const runtime = started(root([child('a', {}, { restart: 'temporary' })]));
  run(runtime, '/a', (ctx) => assert.equal(ctx.register('the name'), true));
  assert.equal(runtime.inspect('the name')?.path, '/a');
  runtime.monitor('/a', () => void seen.push(runtime.inspect('the name')));
  runtime.kill('/a');
  assert.deepEqual(seen, [undefined]);
});

test('a name has one holder; it is free again when the holder ends; sending to a name finds the holder of the moment', () => {
  const runtime = started(root([child('a', {}, { restart: 'temporary' }), child('b')]));
  const byName = runtime.ref<Command>('n');
  run(runtime, '/a', (ctx) => assert.equal(ctx.register('n'), true));
  run(runtime, '/b', (ctx) => assert.equal(ctx.register('n'), false));
  runtime.send(byName, { type: 'add', n: 1 });
  runtime.send('/a', { type: 'end' });
  runtime.drain();
  run(runtime, '/b', (ctx) => assert.equal(ctx.register('n'), true));
  assert.equal(runtime.send(byName, { type: 'add', n: 2 }), 'delivered');
  runtime.drain();
  assert.equal(total(runtime, '/b'), 2);
});

test('a publication reaches every subscriber in the order they subscribed, and no one who has ended', () => {
  const order: string[] = [];
  const runtime = started(root(['a', 'b', 'c'].map((id) => child(id, {}, { restart: 'temporary' }))));
  for (const path of ['/c', '/a', '/b']) run(runtime, path, (ctx) => ctx.subscribe('t'));
  runtime.kill('/a');
  runtime.publish('t', { type: 'do', run: (ctx: ActorContext) => void order.push(ctx.path) });
  runtime.drain();
  assert.deepEqual(order, ['/c', '/b']);
});

test('an observer that throws is taken off and disturbs nobody', () => {
  const seen: unknown[] = [];
  const runtime = started(root([child('a')]));
  runtime.subscribe('t', () => { throw new Error('slow socket'); });
  runtime.subscribe('t', (message) => seen.push(message));
  run(runtime, '/a', (ctx) => { ctx.publish('t', 1); ctx.publish('t', 2); });
  assert.deepEqual(seen, [1, 2]);
  assert.equal(runtime.counters().faults, 1);
  assert.equal(stateOf(runtime, '/a'), 'running');
});

function asking(target: (ctx: ActorContext<Command>) => void, deadlineMs: number, before: (runtime: ReturnType<typeof started>) => void = () => undefined): AskResult<unknown>[] {
  const results: AskResult<unknown>[] = [];
  const runtime = started(root([child('a'), child('b', {}, { restart: 'temporary' }), child('full', {}, { mailbox: { capacity: 1 } })]));
  before(runtime);
  run(runtime, '/a', (ctx) => ctx.ask(ctx.ref('/b'), { type: 'do', run: target }, deadlineMs, (result) => {
    results.push(result);
    return { type: 'add', n: 1 };
  }));
  runtime.advanceTo(10_000_000);
  assert.equal(total(runtime, '/a'), 1, 'exactly one outcome');
  assert.equal(runtime.counters().timers, 0);
  return results;
}

test('ask: the reply comes back as a message, once, even if there are two', () => {
  assert.deepEqual(asking((ctx) => { ctx.reply(1); ctx.reply(2); }, 1000), [{ ok: true, value: 1 }]);
});

test('ask: no reply within the deadline is a timeout', () => {
  assert.deepEqual(asking(() => undefined, 1000), [{ ok: false, reason: 'timeout' }]);
});

test('ask: a target that crashes over the question fails it at once', () => {
  assert.deepEqual(asking(() => { throw new Error('x'); }, 1_000_000_000), [{ ok: false, reason: 'down' }]);
});

test('ask: a target that is not there fails it at once', () => {
  assert.deepEqual(asking(() => undefined, 1000, (runtime) => void runtime.kill('/b')), [{ ok: false, reason: 'dead' }]);
});

test('ask: a target that stops with the question in its mailbox fails it', () => {
  const results: AskResult<unknown>[] = [];
  const runtime = started(root([child('b', {}, { restart: 'temporary' })]));
  runtime.ask('/b', { type: 'do', run: (ctx: ActorContext) => ctx.reply(1) }, 1000, (result) => void results.push(result));
  runtime.terminateChild('/', 'b');
  runtime.drain();
  assert.deepEqual(results, [{ ok: false, reason: 'down' }]);
});

test('ask: a full mailbox says so', () => {
  const results: AskResult<unknown>[] = [];
  const runtime = started(root([child('b', {}, { mailbox: { capacity: 1 } })]));
  runtime.send('/b', { type: 'add', n: 1 });
  runtime.ask('/b', 1, 1000, (result) => void results.push(result));
  assert.deepEqual(results, [{ ok: false, reason: 'full' }]);
});

test('a reply that comes too late, or to nobody, is a dead letter', () => {
  const runtime = started(root([child('a'), child('b')]), { sliceMessages: 1 });
  run(runtime, '/a', (ctx) => ctx.ask(ctx.ref('/b'), { type: 'do', run: (other: ActorContext<Command>) => other.reply('late') }, 0, () => ({ type: 'add', n: 1 })));
  run(runtime, '/b', (ctx) => ctx.reply('unasked'));
  assert.deepEqual(runtime.deadLetters().filter((letter) => letter.reason === 'late_reply').map((letter) => letter.message), ['unasked']);
  const slow = started(root([child('a'), child('b', {}, { backoff: { minMs: 50, maxMs: 50, jitter: 0 } })]));
  slow.crash('/b');
  run(slow, '/a', (ctx) => ctx.ask(ctx.ref('/b'), { type: 'do', run: (other: ActorContext<Command>) => other.reply('late') }, 10, () => ({ type: 'add', n: 1 })));
  slow.advanceTo(100_000);
  assert.equal(total(slow, '/a'), 1);
  assert.deepEqual(slow.deadLetters().map((letter) => [letter.reason, letter.message]), [['late_reply', 'late']]);
});

test('an outcome for an earlier life of the asker is a dead letter, not a message of the new one', () => {
  const runtime = started(root([child('a'), child('b', {}, { backoff: { minMs: 50, maxMs: 50, jitter: 0 } })]));
  runtime.crash('/b');
  run(runtime, '/a', (ctx) => ctx.ask(ctx.ref('/b'), { type: 'do', run: (other: ActorContext<Command>) => other.reply('old') }, 1000, () => ({ type: 'add', n: 1 })));
  runtime.crash('/a');
  runtime.advanceTo(10_000_000);
  assert.equal(total(runtime, '/a'), 0);
  assert.equal(runtime.counters().deadLetters.late_reply, 1);
});

test('a child spawned by a worker is stopped before the worker\'s own stop hook, and its end is told by childExit', () => {
  const log: string[] = [];
  const told: [string, ExitReason][] = [];
  const behaviour = {
    name: 'parent', version: 1,
    init: (ctx: ActorContext<Command>) => { ctx.spawn(child('kid', { log })); ctx.spawn(child('second', { log })); return null; },
    step: (state: null, _message: unknown) => state,
    childExit: (id: string, reason: ExitReason) => { told.push([id, reason]); return undefined; },
    stop: () => { log.push('-parent'); },
  };
  const runtime = started(root([worker({ id: 'p', behaviour })]));
  runtime.send('/p/kid', { type: 'end', output: 'done' });
  runtime.drain();
  assert.deepEqual(told, [['kid', { kind: 'normal', output: 'done' }]]);
  runtime.stop();
  assert.deepEqual(log, ['+kid', '+second', '-kid normal', '-second shutdown', '-parent']);
});

test('a spawned child that asks to be restarted is, within three times in five seconds', () => {
  const runtime = started(root([child('p', { onInit: (ctx) => void ctx.spawn(child('kid', {}, { restart: 'permanent' })) })]));
  for (let n = 0; n < 3; n++) runtime.crash('/p/kid');
  assert.equal(runtime.inspect('/p/kid')?.incarnation, 4);
  runtime.crash('/p/kid');
  assert.equal(runtime.inspect('/p/kid'), undefined);
  assert.equal(stateOf(runtime, '/p'), 'running');
});

test('a notice that demonitor takes back from the queue is not counted as sent', () => {
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => {
    // Told at once, and before this turn is over.
    const token = ctx.monitor(ctx.ref('/nobody'));
    ctx.demonitor(token);
  });
  const { sent, handled, queued, deadLettered } = runtime.counters();
  assert.equal(sent, handled + queued + deadLettered);
});
