import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, dynamicSupervisor, type ExitReason, supervisor, WallClock } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from './support.js';

test('stop: reverse start order through the whole tree, children before their supervisor', () => {
  const log: string[] = [];
  const runtime = started(root([
    child('a', { log }),
    supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('b', { log }), child('c', { log })] }),
    child('d', { log }),
  ]));
  runtime.monitor('/s', () => void log.push('s down'));
  log.length = 0;
  assert.equal(runtime.stop(), true);
  assert.deepEqual(log, ['-d shutdown', '-c shutdown', '-b shutdown', 's down', '-a shutdown']);
  assert.equal(runtime.stop(), true, 'stopping twice is fine');
});

test('a stop hook that answers pending gets its time and may still exchange messages; what comes before it waits', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('slow', { log, onStop: () => 'pending' })]));
  log.length = 0;
  assert.equal(runtime.stop(), false);
  assert.deepEqual(log, ['-slow shutdown']);
  assert.equal(stateOf(runtime, '/slow'), 'stopping');
  runtime.send('/slow', { type: 'end' });
  runtime.drain();
  assert.deepEqual(log, ['-slow shutdown', '-a shutdown']);
  assert.equal(runtime.tree(), null);
});

test('a child that never answers is killed when its time is up, on the runtime\'s clock', () => {
  const log: string[] = [];
  const downs: string[] = [];
  const runtime = started(root([child('a', { log }), child('stuck', { onStop: () => 'pending' }, { shutdown: 100 })]));
  runtime.monitor('/stuck', ({ reason }) => void downs.push(reason.kind));
  runtime.stop();
  runtime.advanceTo(99_999);
  assert.equal(stateOf(runtime, '/stuck'), 'stopping');
  runtime.advanceTo(100_000);
  assert.deepEqual(downs, ['killed']);
  assert.equal(runtime.tree(), null);
  assert.deepEqual(log, ['+a', '-a shutdown']);
});

test('infinity waits; brutal does not even ask', () => {
  const log: string[] = [];
  const runtime = started(root([child('b', { log }, { shutdown: 'brutal' }), child('i', { log, onStop: () => 'pending' }, { shutdown: 'infinity' })]));
  log.length = 0;
  runtime.stop();
  runtime.advanceTo(1e15);
  assert.equal(stateOf(runtime, '/i'), 'stopping');
  runtime.send('/i', { type: 'end' });
  runtime.drain();
  assert.deepEqual(log, ['-i shutdown'], 'no hook for the brutal one');
  assert.equal(runtime.tree(), null);
});

test('the children of a dynamic supervisor stop side by side: the slowest decides, capped by its time', () => {
  const runtime = started(root([dynamicSupervisor({ id: 'd', intensity: { restarts: 1, withinMs: 1 } })]));
  for (let n = 0; n < 10; n++) runtime.startChild('/d', child(`c${n}`, { onStop: () => 'pending' }, { shutdown: 100 }));
  runtime.stop();
  runtime.advanceTo(100_000);
  assert.equal(runtime.tree(), null);
});

test('a supervisor whose subtree may be cut off is, after its time', () => {
  const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, shutdown: { force: 50 }, children: [child('i', { onStop: () => 'pending' }, { shutdown: 'infinity' })] });
  const runtime = started(root([inner]));
  runtime.stop();
  runtime.advanceTo(50_000);
  assert.equal(runtime.tree(), null);
  assert.equal(runtime.counters().cells, 0);
});

test('a group restart waits for a sibling that takes time to stop, then starts all in order', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('slow', { log, onStop: () => 'pending' }, { shutdown: 100 }), child('c', { log })], { strategy: 'oneForAll' }));
  log.length = 0;
  runtime.crash('/a');
  assert.deepEqual(log, ['-a error', '-c shutdown', '-slow shutdown']);
  runtime.advanceTo(100_000);
  assert.deepEqual(log.slice(3), ['+a', '+slow', '+c']);
  assert.equal(stateOf(runtime, '/slow'), 'running');
});

test('kill runs no user code, in the actor or under it, and the supervisor sees killed', () => {
  const log: string[] = [];
  const reasons: string[] = [];
  const runtime = started(root([child('a', { log, onInit: (ctx) => void ctx.spawn(child('kid', { log })) }, { restart: 'temporary' })]));
  runtime.monitor('/a', ({ reason }) => void reasons.push(reason.kind));
  log.length = 0;
  runtime.kill('/a');
  assert.deepEqual(reasons, ['killed']);
  assert.deepEqual(log.filter((entry) => entry.startsWith('-a')), []);
  assert.equal(runtime.inspect('/a/kid'), undefined);
});

test('a stop hook that throws harms nobody; what it sent is not sent; it runs at most once', () => {
  const log: string[] = [];
  const runtime = started(root([child('a'), child('b', { log, onStop: (ctx) => { ctx.send(ctx.ref('/a'), { type: 'add', n: 1 }); throw new Error('hook'); } }, { restart: 'temporary' })]));
  runtime.terminateChild('/', 'b');
  assert.deepEqual(log, ['+b', '-b shutdown']);
  assert.equal(runtime.counters().faults, 1);
  assert.equal(runtime.counters().queued, 0);
  const polite = started(root([child('a'), child('b', { onStop: (ctx) => void ctx.send(ctx.ref('/a'), { type: 'add', n: 1 }) }, { restart: 'temporary' })]));
  polite.terminateChild('/', 'b');
  assert.equal(polite.counters().queued, 1);
});

test('an actor that stops itself completes its turn first', () => {
  const runtime = started(root([child('a', {}, { restart: 'temporary' }), child('b')]));
  run(runtime, '/a', (ctx) => { ctx.stop('bye'); ctx.send(ctx.ref('/b'), { type: 'add', n: 1 }); });
  assert.equal((runtime.inspect('/b')?.value as { total: number } | undefined)?.total, 1);
});

test('coordinated shutdown: phases in order, once, a failing task named and not in the way', async () => {
  const order: string[] = [];
  const log: string[] = [];
  let fatal = 0;
  const runtime = createRuntime({ clock: new WallClock(), onFatal: () => { fatal++; } });
  runtime.start(root([child('a', { log })]));
  runtime.run();
  runtime.onShutdown('flush-logs', 'logs', () => void order.push('logs'));
  runtime.onShutdown('stop-intake', 'sockets', async () => { await Promise.resolve(); order.push('sockets'); });
  runtime.onShutdown('persist', 'journal', () => { throw new Error('disk'); });
  const first = runtime.shutdown({ reason: 'test' });
  assert.equal(runtime.shutdown(), first, 'asking twice is asking once');
  assert.equal(runtime.onShutdown('persist', 'late', () => undefined), false);
  const report = await first;
  assert.deepEqual(order, ['sockets', 'logs']);
  assert.deepEqual(log, ['+a', '-a shutdown']);
  assert.equal(report.completed, true);
  assert.deepEqual(report.failed.map(({ phase, task, cause }) => [phase, task, cause.message]), [['persist', 'journal', 'disk']]);
  assert.equal(fatal, 0);
});

test('coordinated shutdown: one overall deadline, then everything is fenced', async () => {
  const runtime = createRuntime({ clock: new WallClock() });
  runtime.start(root([child('a', { onStop: () => 'pending' }, { shutdown: 'infinity' })]));
  runtime.run();
  runtime.onShutdown('flush-logs', 'logs', () => undefined);
  const report = await runtime.shutdown({ deadlineMs: 20 });
  assert.equal(report.completed, false);
  assert.deepEqual(report.skipped, [{ phase: 'flush-logs', task: 'logs' }]);
  assert.equal(runtime.tree(), null);
});

test('a second request does not wait', async () => {
  const runtime = createRuntime({ clock: new WallClock() });
  runtime.start(root([child('a', { onStop: () => 'pending' }, { shutdown: 'infinity' })]));
  runtime.run();
  void runtime.shutdown({ deadlineMs: 60_000 });
  const report = await runtime.shutdown({ now: true });
  assert.equal(report.completed, false);
  assert.equal(runtime.tree(), null);
});

test('the end of the root is reported once even when its stop took time', () => {
  const ends: ExitReason[] = [];
  const runtime = createRuntime({ onFatal: (reason) => void ends.push(reason) });
  runtime.start(root([child('a'), child('slow', { onStop: () => 'pending' }, { shutdown: 100 })], { intensity: { restarts: 0, withinMs: 1 } }));
  runtime.crash('/a');
  assert.deepEqual(ends, []);
  runtime.advanceTo(100_000);
  assert.equal(ends.length, 1);
  assert.equal(runtime.tree(), null);
});

test('a bystander of a restart that has to be killed comes back with its queue, whether brutally or when its time is up', () => {
  for (const [shutdown, ms] of [['brutal', 0], [100, 100]] as const) {
    const b = child('b', { onStop: () => 'pending' }, { shutdown });
    const runtime = started(root([child('a'), b], { strategy: 'oneForAll' }));
    runtime.send('/b', { type: 'add', n: 2 });
    runtime.crash('/a');
    runtime.send('/b', { type: 'add', n: 3 });
    runtime.advanceTo(ms * 1000);
    assert.equal(stateOf(runtime, '/b'), 'running');
    assert.equal(total(runtime, '/b'), shutdown === 'brutal' ? 5 : 0, 'what it handled while it drained is gone with that life');
    assert.deepEqual(runtime.deadLetters(), []);
  }
});
