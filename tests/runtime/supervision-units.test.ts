import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionedSupervisor, partitionOf, supervisor } from '../../runtime/index.js';
import { resetAfterMs } from '../../runtime/supervision/backoff.js';
import { policyOf, wantsRestart } from '../../runtime/supervision/policy.js';
import { CoordinatedShutdown } from '../../runtime/supervision/shutdown.js';
import { SpecMemory } from '../../runtime/supervision/spec-memory.js';
import { RestartWindow } from '../../runtime/supervision/window.js';
import { child, root, started } from './support.js';

// The small parts of supervision by themselves: their corners are hard to reach through a tree.

test('a specification without input that was found valid is not looked through again; any other is', () => {
  const memory = new SpecMemory();
  const spec = child('a');
  assert.deepEqual(memory.problems(spec), []);
  const known = memory.problems(spec);
  assert.deepEqual(known, []);
  assert.equal(memory.problems(spec), known);
  const withInput = child('b', {}, { input: 7 } as never);
  memory.problems(withInput);
  assert.notEqual(memory.problems(withInput), known);
  assert.equal(memory.problems(spec), known, 'the one that was known still is');
  for (const wrong of [child(''), { kind: 'worker' }]) {
    assert.ok(memory.problems(wrong).length > 0);
    assert.ok(memory.problems(wrong).length > 0, 'it does not become right by being looked at twice');
  }
});

test('children of one specification share a policy, unless it holds a budget of their own, an input, or the parent is of another kind', () => {
  const memory = new SpecMemory();
  const spec = child('a', {}, { restart: 'transient' });
  const first = memory.policyOf(spec, false);
  assert.equal(memory.policyOf(spec, false), first);
  const other = child('b', {}, { restart: 'temporary' });
  assert.notEqual(memory.policyOf(other, false), first);
  assert.equal(memory.policyOf(other, false).restart, 'temporary');
  const plain = child('c');
  assert.equal(memory.policyOf(plain, false).restart, 'permanent');
  assert.equal(memory.policyOf(plain, true).restart, 'temporary', 'spawned by a worker');
  assert.equal(memory.policyOf(plain, true), memory.policyOf(plain, true));
  for (const own of [child('d', {}, { quarantine: { restarts: 1, withinMs: 1 } }), child('e', {}, { input: 1 } as never)]) {
    assert.notEqual(memory.policyOf(own, false), memory.policyOf(own, false));
  }
});

test('a temporary child has no count of restarts, whatever its specification says, and is never restarted', () => {
  assert.equal(policyOf(child('a', {}, { restart: 'temporary', quarantine: { restarts: 1, withinMs: 1 } }), false).quarantine, null);
  assert.equal(policyOf(child('a'), true).quarantine, null);
  assert.equal(policyOf(child('a'), true).restart, 'temporary');
  assert.notEqual(policyOf(child('a', {}, { restart: 'permanent' }), true).quarantine, null);
  assert.equal(policyOf(supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [], shutdown: { force: 7 } }), false).shutdownMs, 7);
  assert.deepEqual((['permanent', 'transient', 'temporary'] as const).map((restart) => wantsRestart(restart, { kind: 'normal' })), [true, false, false]);
  assert.equal(wantsRestart('temporary', { kind: 'killed' }), false);
});

test('attempts begin anew after half of what the shortest and the longest delay are together', () => {
  assert.equal(resetAfterMs({ minMs: 10, maxMs: 30, jitter: 0 }), 20);
  assert.equal(resetAfterMs({ minMs: 10, maxMs: 30, jitter: 0, resetAfterMs: 1 }), 1);
});

test('a window with another budget has counted what the old one counted, no more and no less', () => {
  const one = new RestartWindow(5, 1000);
  one.exceeded(1);
  assert.equal(one.withBudget(2, 1000).exceeded(2), false, 'the second of two');
  const late = new RestartWindow(3, 1);
  late.exceeded(10_000);
  assert.equal(late.withBudget(1, 1).exceeded(10_500), true, 'the stamp itself was taken over');
  const many = new RestartWindow(1, 1);
  for (let n = 0; n < 9; n++) many.exceeded(n * 10_000);
  assert.deepEqual([3, 4].map((limit) => many.withBudget(limit, 1000).exceeded(90_000)), [false, false], 'it holds two, however many there were');
  const wide = one.withBudget(5, 2000);
  assert.deepEqual([wide.limit, wide.withinUs], [5, 2_000_000]);
  const high = one.withBudget(6, 1000);
  assert.deepEqual([high.limit, high.withinUs], [6, 1_000_000]);
  assert.equal(one.withBudget(5, 1000), one);
  assert.equal(new RestartWindow(1, 1).withBudget(2, 1).exceeded(0), false, 'one that has counted nothing');
});

test('the step of a key is by the whole of the 32-bit range', () => {
  // Where the range less two would answer with another partition.
  assert.equal(partitionOf(116, 65_536), 45_351);
});

test('a key has an address while its partitions are down, and is the actor itself while they are up', () => {
  const { id: _id, ...partition } = child('x');
  const runtime = started(root([partitionedSupervisor({ id: 'books', partitions: 3, intensity: { restarts: 1, withinMs: 1 }, partition: partition as never })]));
  const at = partitionOf('BTC', 3);
  const alive = runtime.route('/books', 'BTC');
  assert.equal(alive, runtime.ref(`/books/${at}`));
  runtime.terminateChild('/', 'books');
  assert.equal(runtime.route('/books', 'BTC')?.path, `/books/${at}`);
  assert.notEqual(runtime.route('/books', 'BTC'), alive);
});

test('a shutdown takes tasks until it begins, runs the tree down once in its phase, and leaves no timer behind', async () => {
  await new Promise((resolve) => { setImmediate(resolve); });
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const shutdown = new CoordinatedShutdown();
  assert.equal(shutdown.begun, false);
  const ran: string[] = [];
  assert.equal(shutdown.add('stop-intake', 'intake', () => { ran.push('intake'); }), true);
  assert.equal(shutdown.add('flush-logs', 'logs', () => { ran.push('logs'); }), true);
  const end = shutdown.begin('asked', 60_000, () => { ran.push('tree'); return Promise.resolve(); }, () => { ran.push('fence'); });
  assert.equal(shutdown.begun, true);
  assert.equal(shutdown.add('flush-logs', 'late', () => { ran.push('late'); }), false);
  assert.deepEqual(await end, { reason: 'asked', completed: true, failed: [], skipped: [] });
  assert.deepEqual(ran, ['intake', 'tree', 'logs', 'fence']);
  assert.ok(timers() <= before);
});

test('a shutdown that is cut short names the tasks that did not end, and only those', async () => {
  const shutdown = new CoordinatedShutdown();
  shutdown.add('stop-intake', 'done', () => undefined);
  shutdown.add('drain', 'hangs', () => new Promise<void>(() => undefined));
  shutdown.add('persist', 'never begun', () => undefined);
  const end = shutdown.begin('asked', 60_000, () => Promise.resolve(), () => undefined);
  await new Promise((resolve) => { setImmediate(resolve); });
  shutdown.hurry();
  const { completed, skipped } = await end;
  assert.equal(completed, false);
  assert.deepEqual(skipped, [{ phase: 'drain', task: 'hangs' }, { phase: 'persist', task: 'never begun' }]);
});
