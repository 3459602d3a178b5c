import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type ChildSpec, type EffectCall, type ExitReason, type StartChildResult, type Strategy, supervisor, type SupervisorReport, type SupervisorSpec, worker } from '../../runtime/index.js';
import { child, root, run, started, total } from './support.js';

// Written against mutants of the core's starts and stops that nothing else notices.

const INTENSITY = { restarts: 20, withinMs: 1000 };
const after = (ms: number) => ({ backoff: { minMs: ms, maxMs: ms, jitter: 0 } });
const sup = (id: string, strategy: Strategy, children: readonly ChildSpec[], more: object = {}): SupervisorSpec => supervisor({ id, strategy, intensity: INTENSITY, children, ...more });
const top = (strategy: Strategy, children: readonly ChildSpec[], options: object = {}) => started(root(children, { strategy, intensity: INTENSITY }), options);
const slowStop = (id: string, more: object = {}): ChildSpec => child(id, { onStop: () => 'pending' }, { shutdown: 5, ...more });
const slowStart = (id: string): ChildSpec => worker({
  id, behaviour: { name: 'slow', version: 1, init: (ctx: ActorContext<string>) => { ctx.startLater(); return null; }, step: (state: null) => state },
});
type Rig = ReturnType<typeof started>;
const states = (runtime: Rig, path = '/'): unknown => runtime.whichChildren(path)?.map(({ id, state }) => `${id} ${state}`);
const watched = (runtime: Rig, ...paths: readonly string[]): string[] => {
  const seen: string[] = [];
  for (const path of paths) runtime.monitor(path, ({ reason, incarnation }) => { seen.push(`${path}#${incarnation} ${reason.kind}`); });
  return seen;
};

test('the trace says how each incarnation ended: 0 normal, 1 shutdown, 2 killed, 3 error', () => {
  const exits = (go: (runtime: Rig) => void, ...children: readonly ChildSpec[]): number[] => {
    const runtime = top('oneForAll', children);
    const before = runtime.trace().count;
    go(runtime);
    return runtime.trace().list().filter(({ seq, kind }) => seq >= before && kind === 'exit').map(({ detail }) => detail);
  };
  const kept = child('b', {}, { restore: 'lastGood' });
  assert.deepEqual(exits((runtime) => run(runtime, '/a', (ctx) => { ctx.stop(); }), child('a', {}, { restart: 'transient' })), [0]);
  assert.deepEqual(exits((runtime) => runtime.terminateChild('/', 'a'), child('a')), [1]);
  assert.deepEqual(exits((runtime) => runtime.kill('/a'), child('a', {}, { restart: 'temporary' })), [2]);
  assert.deepEqual(exits((runtime) => runtime.terminateChild('/', 'a'), child('a', {}, { shutdown: 'brutal' })), [2]);
  assert.deepEqual(exits((runtime) => runtime.crash('/a'), child('a'), kept), [3, 1], 'a bystander that keeps its state');
  assert.deepEqual(exits((runtime) => runtime.startChild('/', child('c', { failStarts: () => true }))), [3]);
  assert.deepEqual(exits((runtime) => runtime.startChild('/', child('c', { onInit: (ctx) => { ctx.ignore(); } }))), [0]);
  assert.deepEqual(exits((runtime) => {
    runtime.terminateChild('/', 'a');
    run(runtime, '/a', (ctx) => { ctx.exit({ kind: 'error', cause: { name: 'Told', message: 'while draining' } }); });
  }, slowStop('a')), [3, 3], 'its own end, and that of the stop');
});

test('the tree shows how a child ended last: killed, ignored, not started', () => {
  let start: 'ok' | 'throw' | 'ignore' = 'ok';
  const runtime = top('oneForOne', [child('a', { failStarts: () => start === 'throw', onInit: (ctx) => { if (start === 'ignore') ctx.ignore(); } }, { shutdown: 'brutal' })]);
  const last = (): string | undefined => runtime.tree()?.children[0]?.lastExit?.kind;
  runtime.terminateChild('/', 'a');
  assert.equal(last(), 'killed');
  start = 'throw';
  const answer = runtime.restartChild('/', 'a');
  assert.deepEqual(!answer.ok && answer.reason.kind === 'start_failed' ? answer.reason.cause.during : null, { type: 'init', turn: 0 });
  assert.equal(last(), 'error');
  start = 'ignore';
  runtime.restartChild('/', 'a');
  assert.equal(last(), 'normal');
});

test('what an init that ignores its start has asked for does not happen, then or later', () => {
  const runtime = top('oneForOne', [child('b')]);
  runtime.startChild('/', child('a', { onInit: (ctx) => { ctx.send(ctx.ref('/b'), { type: 'add', n: 5 }); ctx.ignore(); } }));
  run(runtime, '/b', () => undefined);
  assert.equal(total(runtime, '/b'), 0);
});

test('who watches a bystander that keeps its state is told of each restart, at once', () => {
  const runtime = top('oneForAll', [child('a', {}, after(10)), child('b', {}, { restore: 'lastGood' })]);
  const seen = watched(runtime, '/b');
  runtime.crash('/a');
  assert.deepEqual(seen, ['/b#1 shutdown']);
});

test('who has for ever to stop has no deadline: actors and supervisors', () => {
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('a', { onStop: () => 'pending' }, { shutdown: 'infinity' })])]);
  runtime.terminateChild('/', 's');
  assert.deepEqual(states(runtime), ['s stopping']);
  assert.deepEqual([runtime.counters().timers, runtime.nextTimerUs()], [0, Infinity]);
});

test('an actor that crashes while it is asked to stop is reported', () => {
  const runtime = top('oneForOne', [slowStop('a')]);
  const seen: string[] = [];
  runtime.onReport((report: SupervisorReport) => { if (report.kind === 'failure') seen.push(`${report.context} ${report.offender.id} ${report.reason.kind}`); });
  runtime.terminateChild('/', 'a');
  runtime.crash('/a');
  assert.deepEqual(seen, ['shutdown_error a error']);
});

test('a restart that waits is called off when the supervisor ends by itself and takes time', () => {
  const log: string[] = [];
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('a', { log }, after(3)), slowStop('b')])]);
  runtime.crash('/s/a');
  runtime.crash('/s');
  log.length = 0;
  runtime.advanceTo(4_000);
  assert.deepEqual([log, states(runtime, '/s')], [[], ['a restarting', 'b stopping']]);
  runtime.advanceTo(5_000);
  assert.deepEqual([log, states(runtime, '/s')], [['+a'], ['a running', 'b running']]);
});

test('killing a supervisor ends each incarnation under it, of those that keep their state as well, and once', () => {
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [child('kept', {}, { restore: 'lastGood' }), child('anew'), child('down', {}, { restore: 'lastGood', ...after(10) })])]);
  for (const id of ['kept', 'anew', 'down']) run(runtime, `/s/${id}`, () => undefined);
  runtime.send('/s/kept', { type: 'add', n: 3 });
  runtime.send('/s/down', { type: 'add', n: 4 });
  runtime.drain();
  runtime.crash('/s/down');
  runtime.crash('/s/down');
  const seen = watched(runtime, '/s/kept', '/s/anew');
  runtime.kill('/s');
  assert.deepEqual(seen.sort(), ['/s/anew#1 killed', '/s/kept#1 killed']);
  runtime.advanceTo(50_000);
  assert.deepEqual([total(runtime, '/s/kept'), total(runtime, '/s/anew'), total(runtime, '/s/down')], [3, 0, 4]);
  assert.equal(runtime.inspect('/s/kept')?.incarnation, 2);
});

test('a start under way that is killed with its supervisor is called off: its caller is told, its deadline is gone', () => {
  const runtime = top('oneForOne', [sup('s', 'oneForOne', [], { restart: 'temporary' })]);
  const told: StartChildResult[] = [];
  runtime.startChild('/s', slowStart('late'), (answer) => { told.push(answer); });
  runtime.kill('/s');
  assert.deepEqual(told, [{ ok: false, reason: { kind: 'stopping', path: '/s/late' } }]);
  assert.deepEqual([runtime.counters().timers, states(runtime)], [0, []]);
});

test('an actor that is killed takes its children with it unasked, whether it comes back or not', () => {
  for (const restart of ['permanent', 'temporary'] as const) {
    const log: string[] = [];
    const runtime = top('oneForOne', [child('p', { log }, { restart })]);
    run(runtime, '/p', (ctx) => { ctx.spawn(child('kid', { log })); });
    log.length = 0;
    runtime.kill('/p');
    assert.deepEqual(log, restart === 'permanent' ? ['+p'] : [], restart);
    // The same, by a crash, asks both.
    if (restart === 'temporary') continue;
    run(runtime, '/p', (ctx) => { ctx.spawn(child('kid', { log })); });
    log.length = 0;
    runtime.crash('/p');
    assert.deepEqual(log, ['-kid shutdown', '-p error', '+p']);
  }
});

test('who has ended gets no publication, not even as a dead letter', () => {
  const runtime = top('oneForOne', [child('a', {}, { restart: 'temporary' }), child('b')]);
  for (const path of ['/a', '/b']) run(runtime, path, (ctx) => { ctx.subscribe('news'); });
  runtime.kill('/a');
  runtime.crash('/b');
  runtime.publish('news', { type: 'add', n: 1 });
  runtime.drain();
  assert.deepEqual([runtime.deadLetters(), total(runtime, '/b'), runtime.counters().handled], [[], 0, 2]);
});

test('a notice that waits for one that ends is stale', () => {
  const runtime = top('oneForOne', [child('w'), child('a')]);
  run(runtime, '/w', (ctx) => { ctx.monitor(ctx.ref('/a')); });
  runtime.suspend('/w');
  runtime.kill('/a');
  runtime.kill('/w');
  assert.deepEqual(runtime.deadLetters().map(({ reason, path }) => `${reason} ${path}`), ['stale /w']);
});

test('the next life is given first what the last one had set aside', () => {
  const seen: number[] = [];
  const behaviour = {
    name: 'aside', version: 1, init: () => null,
    step: (state: null, n: number, ctx: ActorContext<number>) => {
      if (n < 0) throw new Error('told to');
      if (n === 1 && ctx.incarnation === 1) ctx.stash();
      else seen.push(n);
      return state;
    },
  };
  const runtime = top('oneForOne', [worker({ id: 'a', behaviour })]);
  for (const n of [1, -1, 2]) runtime.send('/a', n);
  runtime.drain();
  assert.deepEqual(seen, [1, 2]);
});

test('what a stop hook has asked for before it threw does not happen later either', () => {
  const runtime = top('oneForOne', [child('a', { onStop: (ctx) => { ctx.send(ctx.ref('/b'), { type: 'add', n: 7 }); throw new Error('hook'); } }), child('b')]);
  runtime.terminateChild('/', 'a');
  run(runtime, '/b', (ctx) => { ctx.send(ctx.self, { type: 'add', n: 1 }); });
  assert.equal(total(runtime, '/b'), 1);
  assert.equal(runtime.counters().faults, 1);
});

test('the idempotency key of an effect of a start tells a recovered start from a fresh one', () => {
  const keys: string[] = [];
  const effects = { note: (_payload: unknown, call: EffectCall) => { keys.push(call.key); } };
  const behaviour = {
    name: 'k', version: 1,
    init: (ctx: ActorContext<never>) => { ctx.effect('note', 1); return 0; },
    step: (state: number) => state,
    restore: (data: unknown, ctx: ActorContext<never>) => { ctx.effect('note', 2); return data as number; },
  };
  const first = top('oneForOne', [worker({ id: 'a', behaviour })], { effects });
  const taken = first.snapshot('/a');
  assert.ok(taken.ok);
  top('oneForOne', [worker({ id: 'a', behaviour })], { effects, recover: (path: string) => (path === '/a' ? taken.snapshot : null) });
  assert.equal(keys.length, 2);
  assert.match(keys[0]!, /^\/a#\d+:0\.0$/);
  assert.match(keys[1]!, /^\/a#\d+:0r2\.0$/);
});

test('a monitor of a tree that stops hears shutdown of the root, and why of one that gives up', () => {
  const ended = (go: (runtime: Rig) => void): ExitReason[] => {
    const reasons: ExitReason[] = [];
    const runtime = top('oneForOne', [child('a')], { onFatal: (reason: ExitReason) => { reasons.push(reason); } });
    go(runtime);
    return reasons;
  };
  assert.deepEqual(ended((runtime) => runtime.exit('/', { kind: 'shutdown', info: 'asked' })), [{ kind: 'shutdown', info: 'asked' }]);
  assert.deepEqual(ended((runtime) => runtime.kill('/')).map(({ kind }) => kind), ['killed']);
});
