import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type ChildSpec, dynamicSupervisor, partitionedSupervisor, type StartChildResult, supervisor, type SupervisorReport, type SupervisorSpec, worker } from '../../runtime/index.js';
import { child, crashAfter, root, run, started } from './support.js';

// Children that are started, stopped and restarted by hand while a group restart or a start is under way.

const INTENSITY = { restarts: 9, withinMs: 1000 };
const after = (ms: number) => ({ backoff: { minMs: ms, maxMs: ms, jitter: 0 } });
const sup = (id: string, children: readonly ChildSpec[], more: object = {}): SupervisorSpec => supervisor({ id, strategy: 'oneForOne', intensity: INTENSITY, children, ...more });
const slow = (id: string, more: object = {}): ChildSpec => ({
  ...worker({
    id, startDeadlineMs: 50,
    behaviour: {
      name: 'slow', version: 1, init: (ctx: ActorContext<string>) => { ctx.startLater(); return null; },
      step: (state: null, message: string, ctx: ActorContext<string>) => {
        if (message === 'ready') ctx.started();
        if (message === 'twice') { ctx.started(1); ctx.started(2); }
        if (message === 'kid') ctx.spawn(child('kid', {}, { restart: 'permanent' }));
        return state;
      },
    },
  }), ...more,
} as ChildSpec);
type Rig = ReturnType<typeof started>;
const states = (runtime: Rig, path = '/'): unknown => runtime.whichChildren(path)?.map(({ id, state }) => `${id} ${state}`);
const heard = (runtime: Rig): string[] => {
  const seen: string[] = [];
  runtime.onReport((report: SupervisorReport) => { seen.push(report.kind === 'progress' ? `started ${report.started.id}` : `${report.context} ${report.offender.id} ${report.reason.kind}`); });
  return seen;
};
const why = (answer: { readonly ok: boolean; readonly reason?: unknown }): unknown => answer.reason;

test('no child is started under a supervisor that is stopping', () => {
  const runtime = started(root([child('a', { onStop: () => 'pending' }, { shutdown: 5 })]));
  runtime.stop();
  assert.deepEqual(why(runtime.startChild('/', child('b'))), { kind: 'stopping', path: '/' });
});

test('the template of a dynamic supervisor is for actors only', () => {
  const runtime = started(root([dynamicSupervisor({ id: 'd', intensity: INTENSITY, template: { restart: 'transient', mailbox: { capacity: 1 } } })]));
  assert.equal(runtime.startChild('/d', sup('s', [])).ok, true);
  assert.equal(runtime.getChildSpec('/d', runtime.ref('/d/s'))?.restart, 'permanent');
});

test('a significant child is refused by a supervisor that does not say what its end means', () => {
  const runtime = started(root([]));
  assert.equal(runtime.startChild('/', child('a', {}, { restart: 'transient', significant: true })).ok, false);
});

test('what a call from outside did is reported when it returns', () => {
  const runtime = started(root([child('a', { failStarts: (start) => start === 1 }), sup('s', [])]));
  const seen = heard(runtime);
  runtime.startChild('/', sup('bad', [child('x', { failStarts: () => true })]));
  assert.deepEqual(seen.splice(0), ['start_error x error']);
  runtime.terminateChild('/', 'a');
  runtime.restartChild('/', 'a');
  assert.equal(runtime.restartChild('/', 'a').ok, true);
  assert.deepEqual(seen.splice(0), ['started a']);
  runtime.startChild('/', child('b'));
  assert.deepEqual(seen.splice(0), ['started b']);
  // A restart by hand that fails in the children.
  let refuse = false;
  runtime.startChild('/', sup('t', [child('y', { failStarts: () => refuse })]));
  runtime.terminateChild('/', 't');
  seen.length = 0;
  refuse = true;
  assert.equal(runtime.restartChild('/', 't').ok, false);
  assert.deepEqual(seen, ['start_error y error']);
});

test('who listens for dead letters has those of a terminated child when the call returns', () => {
  const runtime = started(root([child('a')]));
  const dead: string[] = [];
  runtime.onDeadLetter(({ reason }) => { dead.push(reason); });
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.terminateChild('/', 'a');
  assert.deepEqual(dead, ['stopped']);
});

test('a start by hand that is called off leaves the group alone that is coming back meanwhile', () => {
  const runtime = started(root([child('a', {}, after(10)), child('b')], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  runtime.startChild('/', slow('late'));
  assert.deepEqual(states(runtime), ['a restarting', 'b restarting', 'late starting']);
  runtime.terminateChild('/', 'late');
  assert.deepEqual(states(runtime), ['a restarting', 'b restarting', 'late stopped']);
  runtime.advanceTo(10_000);
  assert.deepEqual((states(runtime) as string[]).slice(0, 2), ['a running', 'b running']);
});

test('a mailbox that drops at a restart says stopped where the start was by hand, at boot as well', () => {
  const reasons = (go: (runtime: Rig) => void): unknown => {
    const runtime = started(root([child('x')]));
    go(runtime);
    return runtime.deadLetters().map(({ reason }) => reason);
  };
  const dropping = slow('s', { mailbox: { onRestart: 'drop' } });
  assert.deepEqual(reasons((runtime) => { runtime.startChild('/', dropping); runtime.send('/s', 'x'); runtime.kill('/s'); }), ['stopped']);
  assert.deepEqual(reasons((runtime) => { runtime.startChild('/', sup('g', [dropping])); runtime.send('/g/s', 'x'); runtime.kill('/g/s'); }), ['stopped']);
});

test('what is queued for a child whose restart does not finish waits for the next', () => {
  const runtime = started(root([slow('s')], { intensity: INTENSITY }));
  runtime.send('/s', 'ready');
  runtime.drain();
  runtime.crash('/s');
  assert.deepEqual(states(runtime), ['s starting']);
  runtime.send('/s', 'ready');
  runtime.kill('/s');
  runtime.drain();
  assert.deepEqual(states(runtime), ['s running']);
  assert.deepEqual(runtime.deadLetters(), []);
});

test('a child that is terminated while it waits for a sibling to stop stays down, and the sibling with it', () => {
  const runtime = started(root([child('a'), child('b', { onStop: () => 'pending' }, { shutdown: 5 })], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  assert.deepEqual(states(runtime), ['a restarting', 'b stopping']);
  runtime.terminateChild('/', 'a');
  runtime.advanceTo(20_000);
  assert.deepEqual(states(runtime), ['a stopped', 'b stopped']);
});

test('a sibling with a restart of its own comes back when the one before it is terminated', () => {
  const runtime = started(root([child('b', {}, after(10)), child('c')], { strategy: 'restForOne' }));
  runtime.crash('/b');
  runtime.startChild('/', child('n', {}, after(20)));
  runtime.crash('/n');
  assert.deepEqual(states(runtime), ['b restarting', 'c restarting', 'n restarting']);
  runtime.terminateChild('/', 'b');
  assert.deepEqual(states(runtime), ['b stopped', 'c stopped', 'n restarting']);
  runtime.advanceTo(30_000);
  assert.deepEqual(states(runtime), ['b stopped', 'c stopped', 'n running']);
});

test('a sibling that was to come back with its state is told to shut down when the restart is called off', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', {}, after(10)), child('b', { log }, { restore: 'lastGood' })], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  log.length = 0;
  runtime.terminateChild('/', 'a');
  assert.deepEqual(log, ['-b shutdown']);
  assert.deepEqual(states(runtime), ['a stopped', 'b stopped']);
});

test('a temporary child that is known again and ignores its start is forgotten; any other is kept', () => {
  let ignore = false;
  const wish = { onInit: (ctx: ActorContext<never>) => { if (ignore) ctx.ignore(); } } as never;
  const runtime = started(root([child('t', wish, { restart: 'temporary' }), child('p', wish)]));
  runtime.kill('/t');
  assert.deepEqual(runtime.reconfigure('/', { intensity: INTENSITY }), { ok: true, added: ['t'], replaced: [], kept: [] });
  assert.equal(runtime.restartChild('/', 't').ok, true);
  assert.deepEqual(states(runtime), ['t running', 'p running']);
  runtime.kill('/t');
  runtime.terminateChild('/', 'p');
  runtime.reconfigure('/', { intensity: INTENSITY });
  ignore = true;
  assert.deepEqual([runtime.restartChild('/', 't'), runtime.restartChild('/', 'p')].map((answer) => answer.ok && answer.ignored), [true, true]);
  assert.deepEqual(states(runtime), ['p stopped']);
});

test('what is done from outside happens at the time of the clock', () => {
  let now = 1_000;
  const runtime = started(root([child('a')]), { clock: { virtual: false, nowUs: () => now } });
  now = 5_000;
  runtime.startChild('/', child('b'));
  assert.equal(runtime.trace().list().findLast(({ kind }) => kind === 'start')?.atUs, 5_000);
});

test('the specification of a partitioned supervisor is shown with its defaults', () => {
  const books = partitionedSupervisor({ id: 'books', partitions: 1, intensity: INTENSITY, partition: { kind: 'dynamic', intensity: INTENSITY } });
  const runtime = started(root([books]));
  assert.deepEqual(runtime.getChildSpec('/', 'books'), { ...books, restart: 'permanent', significant: false });
});

test('an actor whose own start is not finished has its children restarted all the same', () => {
  const runtime = started(root([]));
  runtime.startChild('/', slow('s'));
  runtime.send('/s', 'kid');
  runtime.drain();
  runtime.crash('/s/kid');
  assert.equal(runtime.inspect('/s/kid')?.incarnation, 2);
  assert.equal(runtime.counters().faults, 0);
  assert.deepEqual(states(runtime), ['s starting']);
});

test('who asked is told of a start without a word as it is, and only once however often it is finished', () => {
  const runtime = started(root([]));
  const told: StartChildResult[] = [];
  for (const id of ['a', 'b']) runtime.startChild('/', slow(id), (answer) => { told.push(answer); });
  runtime.send('/a', 'ready');
  runtime.send('/b', 'twice');
  runtime.drain();
  assert.deepEqual(told, [{ ok: true, ref: runtime.ref('/a') }, { ok: true, ref: runtime.ref('/b'), info: 1 }]);
  assert.equal('info' in told[0]!, false);
});

test('a boot that stands still for a group restart is not driven on by the end of another child', () => {
  const runtime = started(root([]));
  runtime.startChild('/', sup('s', [child('x'), child('a', {}, after(10)), slow('b')], { strategy: 'restForOne' }));
  runtime.crash('/s/a');
  assert.deepEqual(states(runtime, '/s'), ['x running', 'a restarting', 'b restarting']);
  runtime.terminateChild('/s', 'x');
  assert.deepEqual(states(runtime), ['s starting']);
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime, '/s'), ['x stopped', 'a running', 'b starting']);
  runtime.send('/s/b', 'ready');
  runtime.drain();
  assert.deepEqual(states(runtime), ['s running']);
});

test('children of a tree that does not start end with the cause, and the report names it', () => {
  const runtime = started(root([]));
  const causes: unknown[] = [];
  runtime.onReport((report) => { if (report.kind === 'failure' && report.reason.kind === 'error') causes.push([report.offender.id, report.reason.cause.message]); });
  runtime.startChild('/', sup('s', [child('a', { failStarts: () => true })]));
  assert.deepEqual(causes, [['a', 'start refused']]);
});

test('a child of a restarting group that ends by itself while the group waits, ends there', () => {
  const runtime = started(root([child('a'), child('t', {}, { restart: 'temporary' }), child('b', { onStop: () => 'pending' }, { shutdown: 5 })], { strategy: 'oneForAll' }));
  runtime.crash('/a');
  runtime.kill('/t');
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime), ['a running', 'b running']);
});

test('a supervisor that is being restarted while its children stop slowly takes each end as it comes', () => {
  const log: string[] = [];
  const make = (more: object): Rig => started(root([sup('s', [child('a', { log }, more), child('b', { log, onStop: () => 'pending' }, { shutdown: 5 })])], { intensity: INTENSITY }));
  for (const end of ['kill', 'crash'] as const) {
    for (const mode of ['restart', 'terminate'] as const) {
      const runtime = make({});
      if (mode === 'restart') runtime.crash('/s');
      else runtime.terminateChild('/', 's');
      assert.deepEqual(states(runtime, '/s'), ['a running', 'b stopping'], mode);
      runtime[end]('/s/a');
      runtime.advanceTo(5_000);
      if (mode === 'restart') assert.deepEqual(states(runtime, '/s'), ['a running', 'b running'], end);
      else assert.deepEqual(states(runtime), ['s stopped'], end);
      assert.equal(runtime.counters().faults, 0);
    }
  }
});

test('a restart that keeps its state, made under a parent that stops and comes back, goes on from that state', () => {
  const runtime = started(root([sup('s', [child('a', {}, { restore: 'lastGood' }), child('b', { onStop: () => 'pending' }, { shutdown: 5 })])], { intensity: INTENSITY }));
  runtime.send('/s/a', { type: 'add', n: 7 });
  runtime.drain();
  runtime.crash('/s');
  runtime.crash('/s/a');
  runtime.advanceTo(5_000);
  assert.deepEqual(states(runtime, '/s'), ['a running', 'b running']);
  assert.deepEqual(runtime.inspect('/s/a')?.value, { total: 7 });
  runtime.terminateChild('/', 's');
  runtime.crash('/s/a');
  runtime.advanceTo(10_000);
  assert.deepEqual(states(runtime), ['s stopped']);
});

test('the back-off of a restart names no message and takes a timer that is gone with the supervisor', () => {
  const runtime = started(root([sup('s', [child('a', {}, after(10)), child('b')], { strategy: 'oneForAll' })]));
  runtime.crash('/s/a');
  assert.equal(runtime.counters().timers, 1);
  runtime.terminateChild('/', 's');
  assert.equal(runtime.counters().timers, 0);
  assert.deepEqual(states(runtime), ['s stopped']);
});

test('the time after which attempts begin anew is in milliseconds, on both sides of it', () => {
  const runtime = started(root([child('a', {}, { backoff: { minMs: 10, maxMs: 1000, jitter: 0, resetAfterMs: 2000 } })], { intensity: { restarts: 99, withinMs: 1 } }));
  assert.deepEqual([crashAfter(runtime, '/a', 1), crashAfter(runtime, '/a', 1999), crashAfter(runtime, '/a', 2000)], [10_000, 20_000, 10_000]);
});

test('a child of an actor that cannot be started again is judged as an exit of its own, until its budget is spent', () => {
  const runtime = started(root([child('p')]));
  let starts = 0;
  run(runtime, '/p', (ctx) => { ctx.spawn(child('k', { failStarts: () => starts++ > 0 }, { restart: 'permanent' })); });
  runtime.crash('/p/k');
  runtime.drain();
  assert.equal(starts, 4, 'three restarts are the budget of a spawned child');
  assert.equal(runtime.inspect('/p/k')?.state ?? 'gone', 'gone');
});

test('any significant child closes its supervisor, the other significant ones running or not', () => {
  const significant = { restart: 'transient', significant: true } as const;
  for (const [autoShutdown, left] of [['anySignificant', []], ['allSignificant', ['s running']]] as const) {
    const runtime = started(root([sup('s', [child('a', {}, significant), child('b', {}, significant)], { autoShutdown, restart: 'temporary' })]));
    run(runtime, '/s/a', (ctx) => { ctx.stop(); });
    assert.deepEqual(states(runtime), left);
  }
});
