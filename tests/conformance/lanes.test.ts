/** Worker lanes as children: a thread is held to the rules every child is held to. The threads are real, the clock of the tree is virtual. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ChildSpec, createRuntime, formatReport, type Runtime, supervisor, type SupervisorReport, type SupervisorSpec, VirtualClock } from '../../runtime/index.js';
import { LaneHost, type LaneThread } from '../../runtime/lanes/index.js';
import type { Script as LaneScript } from '../runtime/lanes/programs/scripted.js';
import { poolFor, put, scripted, take, until } from '../runtime/lanes/support.js';
import { child, Script, tag } from './support.js';

interface Rig {
  readonly runtime: Runtime;
  readonly host: LaneHost;
  readonly log: string[];
  readonly reports: SupervisorReport[];
  thread(): LaneThread;
  answers(n: number): Promise<number[]>;
  states(): string[];
}

/** Children a, lane (thread 0) and c under `/s`; starts and ends are logged, those of the thread as `+thread`. */
function rig(t: TestContext, more: Partial<SupervisorSpec>, laneOptions: Parameters<LaneHost['worker']>[2] = {}, script: LaneScript = { on13: 'throw' }): Rig {
  const log: string[] = [];
  const reports: SupervisorReport[] = [];
  const pool = poolFor(t, { threads: 1 });
  const host = new LaneHost({
    pool,
    specOf: (_lane, incarnation) => scripted({ plus: incarnation, ...script }),
    onStarted: () => void log.push('+thread'),
    onDown: (_lane, end) => void log.push(`-thread ${end.kind === 'failed' ? end.failure.kind : end.kind}`),
  });
  const runtime = createRuntime({ clock: new VirtualClock(0), effects: host.effects });
  host.attach(runtime);
  runtime.onReport((report) => void reports.push(report));
  const children: ChildSpec[] = [child('a', new Script({ log })), host.worker('lane', 0, laneOptions), child('c', new Script({ log }))];
  const spec = { id: 's', strategy: 'oneForOne' as const, intensity: { restarts: 2, withinMs: 60_000 }, children, ...more };
  const answer = runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [supervisor(spec)] }));
  assert.ok(answer.ok, JSON.stringify(answer));
  t.after(() => runtime.fence());
  const thread = (): LaneThread => {
    const present = host.thread(0);
    assert.ok(present !== null);
    return present;
  };
  return {
    runtime, host, log, reports, thread,
    answers: (n) => { put(thread(), n); return take(pool, thread(), 1); },
    states: () => (runtime.whichChildren('/s') ?? []).map((info) => (info.state === 'running' ? `${info.id}#${runtime.inspect(info.path)?.incarnation}` : `${info.id} ${info.state}`)),
  };
}

const GROUPS = {
  oneForOne: [['-thread threw', '+thread'], ['a#1', 'lane#2', 'c#1']],
  restForOne: [['-thread threw', '-c shutdown', '+thread', '+c'], ['a#1', 'lane#2', 'c#2']],
  oneForAll: [['-thread threw', '-c shutdown', '-a shutdown', '+a', '+thread', '+c'], ['a#2', 'lane#2', 'c#2']],
} as const;

for (const strategy of Object.keys(GROUPS) as (keyof typeof GROUPS)[]) {
  test(`${strategy}: a thread that fails takes along whom the strategy says, in order, and comes back`, async (t) => {
    const { runtime, log, reports, thread, answers, states } = rig(t, { strategy });
    assert.deepEqual(log.splice(0), ['+a', '+thread', '+c'], 'started in order');
    reports.length = 0;
    put(thread(), 13);
    await until(() => states().includes('lane#2') && states().includes(GROUPS[strategy][1][2]));
    const [events, after] = GROUPS[strategy];
    // The thread was down before its supervisor heard of it; the rest is in the supervisor's order.
    assert.deepEqual(log, events);
    assert.deepEqual(states(), after);
    assert.deepEqual(await answers(40), [42], 'the second incarnation answers');
    assert.equal(runtime.counters().restarts, 1);
    const [first] = reports;
    assert.ok(first?.kind === 'failure' && first.context === 'child_terminated' && first.offender.id === 'lane');
    assert.match(formatReport(first, { singleLine: true }), /^Supervisor: \/s\. Context: child_terminated\. Reason: LaneFailed: lane 0: threw: RangeError: thrown on purpose/);
  });
}

test('as a bystander of a group restart a thread ends in good order and a new one begins', async (t) => {
  const { runtime, log, answers, states } = rig(t, { strategy: 'oneForAll' });
  assert.deepEqual(await answers(1), [2]);
  log.length = 0;
  runtime.crash('/s/a');
  assert.deepEqual(states(), ['a#2', 'lane#2', 'c#2']);
  assert.deepEqual(log, ['-a error', '-c shutdown', '-thread stopped', '+a', '+thread', '+c']);
  assert.deepEqual(await answers(1), [3]);
});

test('a temporary lane is forgotten when its thread fails, and its id is free', async (t) => {
  const { runtime, host, thread, states } = rig(t, {}, { restart: 'temporary' });
  put(thread(), 13);
  await until(() => states().length === 2);
  assert.deepEqual(states(), ['a#1', 'c#1']);
  assert.equal(host.thread(0), null);
  assert.equal(tag(runtime.startChild('/s', host.worker('lane', 0))), 'ok');
});

test('the budget is used up by threads as by actors, and the cause reaches the top', async (t) => {
  const { runtime, log } = rig(t, { intensity: { restarts: 2, withinMs: 60_000 } }, {}, { start: 'throw' });
  await until(() => runtime.ended !== null);
  assert.equal(log.filter((line) => line === '+thread').length, 3);
  const reason = runtime.ended;
  assert.ok(reason?.kind === 'error');
  assert.equal(reason.cause.cause?.name, 'IntensityExceeded');
  assert.match(JSON.stringify(reason), /lane 0: threw/);
  assert.equal(runtime.counters().cells, 0);
});

test('a lane with a budget of its own is put aside and leaves its siblings alone', async (t) => {
  const { host, states } = rig(t, { strategy: 'oneForOne' }, { quarantine: { restarts: 1, withinMs: 60_000 } }, { start: 'throw' });
  await until(() => states().includes('lane quarantined'));
  assert.deepEqual(states(), ['a#1', 'lane quarantined', 'c#1']);
  assert.equal(host.thread(0), null);
});

test('a lane waits out its back-off without a thread; terminating it meanwhile calls the restart off', async (t) => {
  const { runtime, host, log, thread, states } = rig(t, {}, { backoff: { minMs: 1000, maxMs: 1000, jitter: 0 } });
  put(thread(), 13);
  await until(() => states().includes('lane restarting'));
  assert.equal(host.thread(0), null);
  runtime.advanceTo(1_000_000);
  assert.deepEqual(states(), ['a#1', 'lane#2', 'c#1']);
  put(thread(), 13);
  await until(() => states().includes('lane restarting'));
  assert.equal(tag(runtime.restartChild('/s', 'lane')), 'restarting');
  assert.equal(tag(runtime.deleteChild('/s', 'lane')), 'restarting');
  assert.equal(tag(runtime.terminateChild('/s', 'lane')), 'ok');
  const threads = log.filter((line) => line === '+thread').length;
  runtime.advanceTo(100_000_000);
  assert.equal(log.filter((line) => line === '+thread').length, threads);
  assert.equal(host.thread(0), null);
});

test('a lane is administered as any child is, and a deleted one leaves no thread', async (t) => {
  const { runtime, host, log, answers, states } = rig(t, {});
  assert.equal(tag(runtime.startChild('/s', host.worker('lane', 0))), 'already_started');
  assert.equal(tag(runtime.deleteChild('/s', 'lane')), 'running');
  assert.equal(tag(runtime.terminateChild('/s', 'lane')), 'ok');
  assert.equal(log.at(-1), '-thread stopped');
  assert.equal(tag(runtime.startChild('/s', host.worker('lane', 0))), 'already_present');
  assert.equal(tag(runtime.restartChild('/s', 'lane')), 'ok');
  assert.deepEqual(states(), ['a#1', 'lane#2', 'c#1']);
  assert.deepEqual(await answers(1), [3]);
  assert.equal(tag(runtime.terminateChild('/s', 'lane')), 'ok');
  assert.equal(tag(runtime.deleteChild('/s', 'lane')), 'ok');
  assert.deepEqual(states(), ['a#1', 'c#1']);
  assert.equal(host.thread(0), null);
  log.length = 0;
  assert.equal(runtime.stop(), true);
  assert.deepEqual(log, ['-c shutdown', '-a shutdown']);
});
