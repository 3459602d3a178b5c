import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildSpec, dynamicSupervisor, supervisor, validateSpec, worker } from '../../runtime/index.js';
import { MemoryJournal } from '../../runtime/journal/index.js';
import { RestartWindow } from '../../runtime/supervision/window.js';
import { child, root, started, total } from './support.js';

// Written against mutants that the cases of OTP's suite do not notice.

const problems = (answer: { readonly ok: boolean; readonly reason?: unknown }): readonly string[] => (answer.reason as { problems?: readonly string[] }).problems ?? [];

test('what cannot be reconfigured is said with its place, and nothing changes', () => {
  const runtime = started(root([child('a'), supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('x')] })]));
  assert.deepEqual(problems(runtime.reconfigure('/', null as never)), ['/: what to change is an object of flags or a whole specification, not null']);
  assert.deepEqual(problems(runtime.reconfigure('/', 7 as never)), ['/: what to change is an object of flags or a whole specification, not number']);
  assert.deepEqual(problems(runtime.reconfigure('/s', { kind: 'dynamic', id: 's', intensity: { restarts: 1, withinMs: 1 } } as never))[0], "/s: a supervisor cannot become 'dynamic' while it runs");
  assert.deepEqual(problems(runtime.reconfigure('/s', { id: 't' } as never)), ["/s: the id cannot change to 't': it is the address"]);
  assert.deepEqual(problems(runtime.reconfigure('/s', { children: [dynamicSupervisor({ id: 'x', intensity: { restarts: 1, withinMs: 1 } })] })), ['/s/x: a worker cannot become a dynamic; terminate and delete it first']);
  assert.deepEqual(runtime.whichChildren('/s')?.map(({ id, state }) => [id, state]), [['x', 'running']]);
  const slow = started(root([child('slow', { onStop: () => 'pending' }, { shutdown: 5 })]));
  slow.stop();
  assert.deepEqual(slow.reconfigure('/', { intensity: { restarts: 1, withinMs: 1 } }), { ok: false, reason: { kind: 'stopping', path: '/' } });
});

test('a new specification brings its mailbox at once, and its behaviour to a child that is stopped', () => {
  const other = { name: 'other', version: 2, init: () => ({ total: 100 }), step: (state: { total: number }) => state };
  const runtime = started(root([child('a', {}, { mailbox: { capacity: 1, overflow: 'reject' } }), child('stopped'), child('down', {}, { backoff: { minMs: 9, maxMs: 9, jitter: 0 } })]));
  runtime.terminateChild('/', 'stopped');
  runtime.crash('/down');
  runtime.reconfigure('/', { children: [
    child('a', {}, { mailbox: { capacity: 4, overflow: 'conflate', conflateKey: ((message: { n: number }) => message.n) as never } }),
    worker({ id: 'stopped', behaviour: other }), worker({ id: 'down', behaviour: other }),
  ] });
  assert.deepEqual(runtime.tree()?.children.map(({ behaviour }) => behaviour?.name), ['programmable', 'other', 'other']);
  for (const n of [1, 2, 1, 3, 2]) assert.equal(runtime.send('/a', { type: 'add', n }), 'delivered');
  assert.equal(runtime.counters().conflated, 2);
  runtime.drain();
  assert.equal(total(runtime, '/a'), 6);
  runtime.reconfigure('/', { children: [child('a'), worker({ id: 'stopped', behaviour: other }), worker({ id: 'down', behaviour: other })] });
  for (let n = 0; n < 1024; n++) assert.equal(runtime.send('/a', { type: 'add', n: 0 }), 'delivered');
  assert.equal(runtime.send('/a', { type: 'add', n: 0 }), 'full');
  assert.equal(runtime.counters().conflated, 2);
  runtime.restartChild('/', 'stopped');
  runtime.advanceTo(9_000);
  assert.deepEqual(runtime.whichChildren('/')?.map(({ state }) => state), ['running', 'running', 'running']);
  assert.equal(total(runtime, '/stopped'), 100);
  assert.equal(total(runtime, '/down'), 100);
});

test('restarts of the past count against a child\'s new budget of its own', () => {
  const spec = (restarts: number) => child('a', {}, { quarantine: { restarts, withinMs: 1000 } });
  const runtime = started(root([spec(5), child('b')]));
  runtime.crash('/a');
  runtime.crash('/a');
  runtime.reconfigure('/', { children: [spec(2), child('b')] });
  assert.equal(runtime.tree()?.children[0]?.state, 'running');
  runtime.crash('/a');
  assert.equal(runtime.tree()?.children[0]?.state, 'quarantined');
});

test('a restarted parent begins with the flags its supervisor was given while it ran', () => {
  const runtime = started(root([
    supervisor({ id: 'outer', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [
      child('before'), supervisor({ id: 'inner', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [child('x')] }),
    ] }),
  ]));
  runtime.reconfigure('/outer/inner', { strategy: 'oneForAll', intensity: { restarts: 7, withinMs: 70 } });
  runtime.crash('/outer');
  const spec = runtime.getChildSpec('/outer', 'inner') as { strategy: string; intensity: unknown };
  assert.deepEqual([spec.strategy, spec.intensity], ['oneForAll', { restarts: 7, withinMs: 70 }]);
  assert.equal(runtime.getChildSpec('/outer', 'before')?.kind, 'worker');
});

test('a window keeps the latest restarts when its budget changes', () => {
  const window = new RestartWindow(3, 10);
  assert.equal(window.withBudget(3, 10), window);
  for (const stamp of [1, 2, 3]) assert.equal(window.exceeded(stamp * 1000), false);
  const wider = window.withBudget(4, 10);
  assert.notEqual(wider, window);
  assert.deepEqual([4, 5].map((stamp) => wider.exceeded(stamp * 1000)), [false, true], 'three have been counted');
  const narrower = window.withBudget(1, 10);
  assert.equal(narrower.exceeded(13_001), false, 'the second to last is the stamp of 3, more than 10 ms ago');
  assert.equal(window.withBudget(1, 10).exceeded(13_000), true, 'both ends are included');
  assert.equal(window.withBudget(3, 1).exceeded(4_000), false);
  assert.equal(window.withBudget(3, 2).exceeded(4_000), false);
  assert.equal(window.withBudget(3, 3).exceeded(4_000), true);
  const full = new RestartWindow(1, 100);
  for (const stamp of [1, 2, 3, 4, 5]) full.exceeded(stamp * 1000);
  assert.deepEqual([6, 7].map((stamp) => full.withBudget(2, 2).exceeded(stamp * 1000)), [true, false]);
  full.clear();
  assert.equal(full.exceeded(6_000), false);
});

test('answers about children that are not there name the path as one writes it', () => {
  const runtime = started(root([child('a'), dynamicSupervisor({ id: 'd', intensity: { restarts: 1, withinMs: 1 }, maxChildren: 0 }), supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [] })]));
  const why = (answer: { readonly ok: boolean; readonly reason?: unknown }) => answer.reason;
  assert.deepEqual(why(runtime.terminateChild('/', 'no')), { kind: 'not_found', path: '/no' });
  assert.deepEqual(why(runtime.terminateChild('/s', 'no')), { kind: 'not_found', path: '/s/no' });
  assert.deepEqual(why(runtime.restartChild('/', 'no')), { kind: 'not_found', path: '/no' });
  assert.deepEqual(why(runtime.deleteChild('/s', 'no')), { kind: 'not_found', path: '/s/no' });
  assert.deepEqual(why(runtime.terminateChild('/nowhere', 'no')), { kind: 'not_found', path: '/nowhere' });
  assert.deepEqual(why(runtime.restartChild('/nowhere', 'no')), { kind: 'not_found', path: '/nowhere' });
  assert.deepEqual(why(runtime.startChild('/d', child('x'))), { kind: 'max_children', limit: 0 });
  assert.equal(runtime.terminateChild('/d', runtime.ref('/d/gone')).ok, true);
  assert.deepEqual(why(runtime.terminateChild('/d', runtime.ref('/dd/gone'))), { kind: 'not_found', path: '/dd/gone' });
  assert.deepEqual(why(runtime.terminateChild('/d', runtime.ref('/a'))), { kind: 'not_found', path: '/a' });
  assert.deepEqual(runtime.whichChildren('/a'), []);
  assert.deepEqual(runtime.countChildren('/a'), { specs: 0, active: 0, supervisors: 0, workers: 0 });
  assert.deepEqual(runtime.countChildren('/d'), { specs: 0, active: 0, supervisors: 0, workers: 0 });
  assert.equal(runtime.getChildSpec('/nowhere', 'x'), undefined);
  assert.equal(runtime.getChildSpec('/a', 'x'), undefined);
  assert.deepEqual(runtime.getChildSpec('/', 'd'), { kind: 'dynamic', id: 'd', intensity: { restarts: 1, withinMs: 1 }, maxChildren: 0, restart: 'permanent', significant: false });
});

test('a durable child that is stopped goes on writing down its turns under the behaviour it is given', () => {
  const adder = (factor: number) => ({ name: 'adder', version: 1, init: () => 0, step: (sum: number, n: number) => sum + factor * n });
  const durable = (factor: number) => worker({ id: 'a', behaviour: adder(factor), durable: { log: 'inputs' } });
  const journal = new MemoryJournal();
  const runtime = started(root([durable(1)]), { journal });
  runtime.send('/a', 1);
  runtime.drain();
  runtime.terminateChild('/', 'a');
  assert.equal(runtime.reconfigure('/', { children: [durable(10)] }).ok, true);
  assert.equal(runtime.restartChild('/', 'a').ok, true);
  runtime.send('/a', 2);
  runtime.drain();
  const value = runtime.inspect('/a')?.value;
  const after = started(root([durable(10)]), { journal: journal.survivor() });
  assert.deepEqual([value, after.inspect('/a')?.value], [21, 21]);
});

test('a tree that is too deep is a problem of its own kind', () => {
  let spec: ChildSpec = child('leaf');
  for (let level = 0; level < 300; level++) spec = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [spec] });
  assert.deepEqual(validateSpec(spec).map(({ code }) => code), ['too_deep']);
});

test('a supervisor that is down takes new flags, and tells of no partitions; a child that had a budget of its own may have none', () => {
  const quarantined = child('x', {}, { quarantine: { restarts: 1, withinMs: 1 } });
  const runtime = started(root([supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, backoff: { minMs: 5, maxMs: 5, jitter: 0 }, children: [quarantined] })]));
  assert.deepEqual(runtime.reconfigure('/s', { children: [child('x')] }), { ok: true, added: [], replaced: ['x'], kept: [] });
  runtime.crash('/s');
  assert.deepEqual(runtime.reconfigure('/s', { strategy: 'oneForAll' }), { ok: true, added: [], replaced: [], kept: [] });
});
