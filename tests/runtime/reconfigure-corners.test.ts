import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type ChildSpec, dynamicSupervisor, partitionedSupervisor, supervisor, type SupervisorReport, type SupervisorSpec, worker, type WorkerSpec } from '../../runtime/index.js';
import { child, root, run, started } from './support.js';

// What a supervisor becomes when it is reconfigured in the middle of something.

const INTENSITY = { restarts: 9, withinMs: 1000 };
const problems = (answer: { readonly ok: boolean; readonly reason?: unknown }): readonly string[] => (answer.reason as { problems?: readonly string[] }).problems ?? [];
const named = (id: string, name: string, more: object = {}): WorkerSpec => worker({ id, behaviour: { name, version: 1, init: () => ({ total: 0 }), step: (state: { total: number }) => state }, ...more } as never);
const sup = (id: string, children: readonly ChildSpec[], more: object = {}): SupervisorSpec => supervisor({ id, strategy: 'oneForOne', intensity: INTENSITY, children, ...more });
const slow = (id: string) => worker({
  id, startDeadlineMs: 10,
  behaviour: {
    name: 'slow', version: 1, init: (ctx: ActorContext<string>) => { ctx.startLater(); return null; },
    step: (state: null, message: string, ctx: ActorContext<string>) => { if (message === 'ready') ctx.started(); return state; },
  },
});
const heard = (runtime: ReturnType<typeof started>): string[] => {
  const seen: string[] = [];
  runtime.onReport((report: SupervisorReport) => { seen.push(report.kind === 'progress' ? `started ${report.started.id}` : `${report.context} ${report.offender.id} ${report.reason.kind}`); });
  return seen;
};

test('a change is refused with what is wrong with it and nothing else', () => {
  const runtime = started(root([sup('s', [child('x')])]));
  assert.deepEqual(problems(runtime.reconfigure('/s', { kind: 'dynamic', id: 's' } as never)), ["/s: a supervisor cannot become 'dynamic' while it runs"]);
  const both = problems(runtime.reconfigure('/s', { strategy: 'any', children: [dynamicSupervisor({ id: 'x', intensity: INTENSITY })] } as never));
  assert.equal(both.length, 1);
  assert.match(both[0]!, /strategy must be one of/);
  const books = started(root([partitionedSupervisor({ id: 'books', partitions: 1, intensity: INTENSITY, partition: { kind: 'dynamic', intensity: INTENSITY } })]));
  const { id: _id, ...partition } = child('x');
  assert.deepEqual(problems(books.reconfigure('/books', { partition } as never)), ['/books: its partitions cannot become of another kind while it runs']);
});

test('a supervisor that an actor or a dynamic supervisor has started can be reconfigured, and stays what it is by default', () => {
  const runtime = started(root([child('a'), dynamicSupervisor({ id: 'd', intensity: INTENSITY }), sup('outer', [child('x')])]));
  run(runtime, '/a', (ctx) => { ctx.spawn(sup('own', [child('x')]) as never); });
  assert.equal(runtime.reconfigure('/a/own', { strategy: 'oneForAll' }).ok, true);
  assert.equal(runtime.getChildSpec('/a', 'own')?.restart, 'temporary');
  assert.equal(runtime.startChild('/d', sup('in', [child('x')])).ok, true);
  assert.equal(runtime.reconfigure('/d/in', { strategy: 'oneForAll' }).ok, true);
  assert.equal(runtime.getChildSpec('/d', runtime.ref('/d/in'))?.restart, 'permanent');
  // One that is not in the specification of its parent does not take the place of one that is.
  runtime.startChild('/outer', sup('later', []));
  assert.equal(runtime.reconfigure('/outer/later', { strategy: 'oneForAll' }).ok, true);
  runtime.terminateChild('/', 'outer');
  runtime.restartChild('/', 'outer');
  assert.deepEqual(runtime.whichChildren('/outer')?.map(({ id }) => id), ['x']);
});

test('a parent that is started anew starts its supervisors with the flags they were given', () => {
  const runtime = started(root([sup('outer', [child('x'), sup('inner', [child('y')])])]));
  runtime.reconfigure('/outer/inner', { strategy: 'oneForAll', intensity: { restarts: 7, withinMs: 70 } });
  runtime.terminateChild('/', 'outer');
  runtime.restartChild('/', 'outer');
  const { strategy, intensity } = runtime.getChildSpec('/outer', 'inner') as { strategy?: string; intensity?: unknown };
  assert.deepEqual([strategy, intensity], ['oneForAll', { restarts: 7, withinMs: 70 }]);
});

test('a whole specification drops what it does not say, flags alone keep it', () => {
  const runtime = started(root([sup('s', [], { autoShutdown: 'anySignificant', shutdown: { force: 5 } })]));
  runtime.reconfigure('/s', { strategy: 'oneForAll' });
  assert.deepEqual(runtime.getChildSpec('/', 's'), { kind: 'supervisor', id: 's', strategy: 'oneForAll', intensity: INTENSITY, children: [], autoShutdown: 'anySignificant', shutdown: { force: 5 }, restart: 'permanent', significant: false });
  runtime.reconfigure('/s', { kind: 'supervisor', id: 's', strategy: 'oneForAll', intensity: INTENSITY, children: [] });
  assert.deepEqual(runtime.getChildSpec('/', 's'), { kind: 'supervisor', id: 's', strategy: 'oneForAll', intensity: INTENSITY, children: [], autoShutdown: 'never', shutdown: 'infinity', restart: 'permanent', significant: false });
});

test('a specification that is the same object replaces nothing, one started by hand neither', () => {
  const [a, b] = [child('a'), child('b')];
  const runtime = started(root([a]));
  runtime.startChild('/', b);
  assert.deepEqual(runtime.reconfigure('/', { children: [a, b] }), { ok: true, added: [], replaced: [], kept: [] });
});

test('a budget of its own can be given to a child that had none', () => {
  const runtime = started(root([child('a')]));
  assert.equal(runtime.reconfigure('/', { children: [child('a', {}, { quarantine: { restarts: 0, withinMs: 10 } })] }).ok, true);
  runtime.crash('/a');
  assert.equal(runtime.tree()?.children[0]?.state, 'quarantined');
});

test('a running child keeps its behaviour until it starts afresh, and the last one it was given counts', () => {
  const before = named('a', 'before');
  const runtime = started(root([before]));
  const name = (): string | undefined => runtime.tree()?.children[0]?.behaviour?.name;
  runtime.reconfigure('/', { children: [named('a', 'after')] });
  assert.equal(name(), 'before');
  runtime.crash('/a');
  assert.equal(name(), 'after');
  runtime.reconfigure('/', { children: [named('a', 'never')] });
  runtime.reconfigure('/', { children: [named('a', 'last')] });
  const spec = named('a', 'last');
  runtime.reconfigure('/', { children: [spec] });
  runtime.crash('/a');
  assert.equal(name(), 'last');
  runtime.reconfigure('/', { children: [named('a', 'wrong')] });
  runtime.reconfigure('/', { children: [{ ...spec }] });
  runtime.crash('/a');
  assert.equal(name(), 'last', 'a change that was taken back is none');
});

test('a child that comes back with its last good state keeps the behaviour of that state', () => {
  const lastGood = { restore: 'lastGood' as const, backoff: { minMs: 10, maxMs: 10, jitter: 0 } };
  const runtime = started(root([child('a', {}, lastGood)]));
  const name = (): string | undefined => runtime.tree()?.children[0]?.behaviour?.name;
  run(runtime, '/a', () => { throw new Error('first'); });
  run(runtime, '/a', () => { throw new Error('second'); });
  assert.equal(runtime.whichChildren('/')?.[0]?.state, 'restarting');
  runtime.reconfigure('/', { children: [named('a', 'after', lastGood)] });
  assert.equal(name(), 'programmable');
  runtime.advanceTo(100_000);
  assert.equal(runtime.whichChildren('/')?.[0]?.state, 'running');
  assert.equal(name(), 'programmable', 'it was resumed');
  runtime.terminateChild('/', 'a');
  runtime.restartChild('/', 'a');
  assert.equal(name(), 'after');
});

test('a mailbox takes the overflow it is given, and rejects where it is given none', () => {
  const runtime = started(root([child('a')]));
  runtime.reconfigure('/', { children: [child('a', {}, { mailbox: { capacity: 1, overflow: 'dropOldest' } })] });
  const fill = (): unknown[] => [1, 2].map((n) => runtime.send('/a', { type: 'add', n }));
  assert.deepEqual(fill(), ['delivered', 'delivered']);
  runtime.drain();
  runtime.reconfigure('/', { children: [child('a', {}, { mailbox: { capacity: 1 } })] });
  assert.deepEqual(fill(), ['delivered', 'full']);
});

test('a supervisor whose specification changes takes no mail afterwards either', () => {
  const runtime = started(root([sup('s', [child('x')])]));
  const before = runtime.send('/s', 'hello');
  runtime.terminateChild('/', 's');
  runtime.reconfigure('/', { children: [sup('s', [child('x'), child('y')])] });
  runtime.restartChild('/', 's');
  assert.equal(runtime.send('/s', 'hello'), before);
  runtime.drain();
  assert.deepEqual(runtime.whichChildren('/s')?.map(({ state }) => state), ['running', 'running']);
});

test('new flags while a supervisor starts again leave the order of its start alone', () => {
  const runtime = started(root([sup('s', [slow('first'), child('b')], {})]));
  runtime.send('/s/first', 'ready');
  runtime.drain();
  runtime.crash('/s');
  const states = (): unknown => runtime.whichChildren('/s')?.map(({ state }) => state);
  assert.deepEqual(states(), ['starting', 'restarting']);
  assert.equal(runtime.reconfigure('/s', { intensity: { restarts: 3, withinMs: 10 } }).ok, true);
  assert.deepEqual(states(), ['starting', 'restarting']);
  assert.deepEqual(runtime.reconfigure('/s', { children: [slow('first'), child('b'), child('c')] }), { ok: true, added: ['c'], replaced: ['first', 'b'], kept: [] });
  runtime.send('/s/first', 'ready');
  runtime.drain();
  assert.deepEqual(states(), ['running', 'running', 'stopped']);
});

test('who listens hears of a change of strategy that starts a sibling when the call returns', () => {
  const runtime = started(root([child('a', {}, { backoff: { minMs: 10, maxMs: 10, jitter: 0 } }), child('b')], { strategy: 'oneForAll' }));
  const seen = heard(runtime);
  runtime.crash('/a');
  runtime.reconfigure('/', { strategy: 'oneForOne' });
  assert.deepEqual(seen, ['child_terminated a error', 'started b']);
});

const books = (partitions: number, partition: object) => partitionedSupervisor({ id: 'books', partitions, intensity: INTENSITY, partition: partition as never });
const kind = ({ id: _id, ...rest }: { readonly id: string }): object => rest;

test('partitions are added and taken away only when they are all there', () => {
  const runtime = started(root([books(1, kind(slow('x')))]));
  assert.deepEqual(runtime.reconfigure('/books', { partitions: 2 }), { ok: false, reason: { kind: 'starting', path: '/books' } });
  runtime.send('/books/0', 'ready');
  runtime.drain();
  assert.deepEqual(runtime.reconfigure('/books', { partitions: 3 }), { ok: true, added: ['1', '2'], replaced: [], kept: [], stopped: [] });
  const states = (): unknown => runtime.whichChildren('/books')?.map(({ state }) => state);
  assert.deepEqual(states(), ['running', 'starting', 'starting']);
  runtime.send('/books/1', 'ready');
  runtime.drain();
  assert.deepEqual(states(), ['running', 'running', 'starting']);
  assert.equal(runtime.countChildren('/books')?.specs, 3);
  runtime.advanceTo(10_000);
  assert.deepEqual(states(), ['running', 'running', 'starting'], 'one that was late is tried again');
  assert.equal(runtime.counters().restarts, 1);
  runtime.send('/books/2', 'ready');
  runtime.kill('/books/2');
  runtime.drain();
  assert.deepEqual(states(), ['running', 'running', 'running'], 'what was queued for it is handled by the next');
});

test('what is queued for a new partition whose first start fails waits for the next', () => {
  const runtime = started(root([books(1, kind(slow('x')))]));
  runtime.send('/books/0', 'ready');
  runtime.drain();
  runtime.reconfigure('/books', { partitions: 2 });
  runtime.send('/books/1', 'ready');
  runtime.kill('/books/1');
  runtime.drain();
  assert.deepEqual(runtime.whichChildren('/books')?.map(({ state }) => state), ['running', 'running']);
});

test('a partition that drains its last messages has no free address yet', () => {
  const runtime = started(root([books(2, kind(child('x', { onStop: () => 'pending' }, { shutdown: 5 })))]));
  assert.deepEqual(runtime.reconfigure('/books', { partitions: 1 }), { ok: true, added: [], replaced: [], kept: [], stopped: ['1'] });
  assert.deepEqual(runtime.reconfigure('/books', { partitions: 2 }), { ok: false, reason: { kind: 'stopping', path: '/books/1' } });
  runtime.advanceTo(5_000);
  assert.equal(runtime.reconfigure('/books', { partitions: 2 }).ok, true);
});

test('when one new partition does not start, those before it are stopped in reverse, killed where they would take time, and their supervisor’s report is heard', () => {
  const log: string[] = [];
  let starts = 0;
  const partition = (pendingAt: string) => kind(worker({
    id: 'x', behaviour: {
      name: 'p', version: 1,
      init: () => { if (++starts > 3) throw new Error('no room'); return null; },
      step: (state: null) => state,
      stop: (_state: null, ctx: ActorContext<never>, reason: { kind: string }) => { log.push(`${ctx.path} ${reason.kind}`); return ctx.path === pendingAt ? 'pending' : undefined; },
    },
  } as never));
  for (const pendingAt of ['', '/books/1']) {
    starts = 0;
    log.length = 0;
    const runtime = started(root([books(1, partition(pendingAt))]));
    const seen = heard(runtime);
    const answer = runtime.reconfigure('/books', { partitions: 4 });
    assert.equal(!answer.ok && answer.reason.kind, 'start_failed');
    assert.deepEqual(seen.filter((line) => line.startsWith('start_error')), ['start_error 3 error']);
    assert.deepEqual(log, ['/books/2 shutdown', '/books/1 shutdown']);
    assert.deepEqual(runtime.whichChildren('/books')?.map(({ id, state }) => [id, state]), [['0', 'running']]);
    assert.equal(runtime.inspect('/books/1'), undefined);
    assert.equal(runtime.counters().cells, 3);
    assert.equal(runtime.counters().timers, 0);
  }
});

test('partitions that are too many are told to shut down, and are gone', () => {
  const log: string[] = [];
  const runtime = started(root([books(3, kind(child('x', { log })))]));
  log.length = 0;
  runtime.reconfigure('/books', { partitions: 1 });
  assert.deepEqual(log, ['-2 shutdown', '-1 shutdown']);
});

test('partitions take over a new template, those that are actors their mailbox at once', () => {
  const runtime = started(root([books(2, kind(child('x')))]));
  assert.deepEqual(runtime.reconfigure('/books', { partition: kind(child('x', {}, { mailbox: { capacity: 1 } })) } as never), { ok: true, added: [], replaced: ['0', '1'], kept: [], stopped: [] });
  assert.deepEqual([1, 2].map((n) => runtime.send('/books/1', { type: 'add', n })), ['delivered', 'full']);
  assert.deepEqual(runtime.getChildSpec('/', 'books'), { ...books(2, {}), partition: (runtime.getChildSpec('/', 'books') as { partition?: unknown }).partition, restart: 'permanent', significant: false });
});
