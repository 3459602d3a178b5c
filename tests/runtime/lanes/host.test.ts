import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRuntime, type Runtime, supervisor, VirtualClock, WallClock } from '../../../runtime/index.js';
import { type LaneEnd, LaneHost, type LanePool, type LanePoolOptions, type LaneStatus, type LaneThread } from '../../../runtime/lanes/index.js';
import type { Script } from './programs/scripted.js';
import { blockUntil, poolFor, put, read, scripted, take, until } from './support.js';

interface Rig {
  readonly runtime: Runtime;
  readonly host: LaneHost;
  readonly pool: LanePool;
  readonly log: string[];
  readonly downs: LaneEnd[];
  present(lane: number): LaneThread;
}

interface RigOptions {
  readonly lanes?: number;
  readonly restarts?: number;
  readonly wall?: boolean;
  readonly pool?: Partial<LanePoolOptions>;
  readonly script?: (lane: number, incarnation: number) => Script;
}

/** A tree `/lanes/0 …` whose starts and ends are logged as `+lane.incarnation` and `-lane.incarnation`. */
function rig(t: TestContext, options: RigOptions = {}): Rig {
  const { lanes = 2, restarts = 5, script = (lane) => ({ plus: lane * 100 }) } = options;
  const pool = poolFor(t, { threads: lanes, ...options.pool });
  const log: string[] = [];
  const downs: LaneEnd[] = [];
  const host = new LaneHost({
    pool,
    specOf: (lane, incarnation) => scripted(script(lane, incarnation), { name: `lane ${lane}` }),
    onStarted: (lane, _thread, incarnation) => void log.push(`+${lane}.${incarnation}`),
    onDown: (lane, end, incarnation) => {
      log.push(`-${lane}.${incarnation}`);
      downs.push(end);
    },
  });
  const runtime = createRuntime({ clock: options.wall === true ? new WallClock() : new VirtualClock(0), seed: 'lanes', effects: host.effects });
  host.attach(runtime);
  const children = Array.from({ length: lanes }, (_, lane) => host.worker(String(lane), lane));
  const answer = runtime.start(supervisor({
    id: 'root', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1000 },
    children: [supervisor({ id: 'lanes', strategy: 'oneForOne', intensity: { restarts, withinMs: 60_000 }, children })],
  }));
  assert.ok(answer.ok, JSON.stringify(answer));
  if (options.wall === true) runtime.run();
  t.after(() => runtime.fence());
  return {
    runtime, host, pool, log, downs,
    present(lane) {
      const thread = host.thread(lane);
      assert.ok(thread !== null, `lane ${lane} has a thread`);
      return thread;
    },
  };
}

const statusOf = (runtime: Runtime, lane: number): LaneStatus => runtime.inspect(`/lanes/${lane}`)?.value as LaneStatus;

test('lanes are children of a supervisor: each starts a thread, a stop of the tree stops them', async (t) => {
  const { runtime, host, pool, log, present } = rig(t);
  assert.deepEqual(log, ['+0.1', '+1.1']);
  const threads = [present(0), present(1)];
  put(present(1), 5);
  assert.deepEqual(await take(pool, present(1), 1), [105]);
  assert.equal(statusOf(runtime, 1).state, 'running');
  assert.equal(runtime.stop(), true);
  assert.deepEqual(log, ['+0.1', '+1.1', '-1.1', '-0.1']);
  assert.equal(host.thread(0), null);
  assert.deepEqual(await Promise.all(threads.map((thread) => thread.ended)), [{ kind: 'stopped' }, { kind: 'stopped' }]);
});

test('a thread that fails crashes its actor; the supervisor restarts that lane and no other, and everything says why', async (t) => {
  const { runtime, pool, log, downs, present } = rig(t, { script: (_lane, incarnation) => ({ on13: 'throw', plus: incarnation }) });
  const before = present(1);
  put(before, 13);
  await until(() => log.length === 4);
  assert.deepEqual(log, ['+0.1', '+1.1', '-1.1', '+1.2']);
  assert.notEqual(present(1), before);
  const end = downs[0];
  assert.ok(end?.kind === 'failed' && end.failure.kind === 'threw');
  put(present(1), 40);
  assert.deepEqual(await take(pool, present(1), 1), [42]);
  const status = statusOf(runtime, 1);
  assert.deepEqual([status.starts, status.failures, status.lastFailure], [2, 1, 'lane 1: threw: RangeError: thrown on purpose']);
  const children = runtime.tree()?.children[0]?.children;
  assert.deepEqual(children?.map((node) => node.restarts), [0, 1]);
});

test('the exit reason names the failure, with its causes', async (t) => {
  const { runtime, present } = rig(t, { script: () => ({ on13: 'throw' }) });
  let reason: unknown;
  runtime.monitor('/lanes/0', (down) => {
    reason = down.reason;
  });
  put(present(0), 13);
  await until(() => reason !== undefined);
  const { kind, cause } = reason as { kind: string; cause: { name: string; message: string; path: string; incarnation: number; cause: { name: string; cause: { message: string } } } };
  assert.equal(kind, 'error');
  assert.deepEqual(
    [cause.name, cause.message, cause.path, cause.incarnation, cause.cause.name, cause.cause.cause.message],
    ['LaneFailed', 'lane 0: threw: RangeError: thrown on purpose', '/lanes/0', 1, 'RangeError', 'the reason'],
  );
});

test('a supervisor gives up on a lane that never gets up', async (t) => {
  const { runtime, log } = rig(t, { lanes: 1, restarts: 2, script: () => ({ start: 'throw' }) });
  await until(() => runtime.ended !== null);
  // Three lives of the lane, and as many under the one restart of their supervisor.
  assert.deepEqual(log.filter((line) => line.startsWith('+')).length, 6);
  assert.match(JSON.stringify(runtime.ended), /lane 0: threw: RangeError: thrown on purpose/);
});

test('runtime.kill fences the thread, a crash from outside kills it, and both begin anew', async (t) => {
  const { runtime, pool, log, downs, present } = rig(t, { lanes: 1 });
  const first = present(0);
  runtime.kill('/lanes/0');
  assert.equal(first.state, 'ended');
  const second = present(0);
  runtime.crash('/lanes/0', new Error('injected'));
  assert.equal(second.state, 'ended');
  assert.deepEqual(log, ['+0.1', '-0.1', '+0.2', '-0.2', '+0.3']);
  assert.deepEqual(downs.map((end) => (end.kind === 'failed' ? `${end.failure.kind}: ${end.failure.message}` : end.kind)), ['killed: its actor ended: killed', 'killed: its actor ended: error']);
  put(present(0), 1);
  assert.deepEqual(await take(pool, present(0), 1), [1]);
  await Promise.all([first.ended, second.ended]);
  assert.equal(log.length, 5, 'the late end of an old thread is nothing to the new incarnation');
});

test('killing the thread itself is a failure like any other', async (t) => {
  const { pool, log, downs, present } = rig(t, { lanes: 1 });
  present(0).kill('fault kill-lane:0@17');
  assert.deepEqual(log, ['+0.1', '-0.1', '+0.2']);
  const [end] = downs;
  assert.deepEqual(end, { kind: 'failed', failure: { kind: 'killed', message: 'fault kill-lane:0@17' } });
  put(present(0), 1);
  assert.deepEqual(await take(pool, present(0), 1), [1]);
});

test('a loop that does not turn has failures found and lanes restarted by poll', (t) => {
  const { host, pool, log, present } = rig(t, { script: (_lane, incarnation) => (incarnation === 1 ? { on13: 'exit-3' } : { plus: 1 }) });
  put(present(0), 13);
  blockUntil(pool, () => {
    host.poll();
    return log.length === 4;
  });
  assert.deepEqual(log, ['+0.1', '+1.1', '-0.1', '+0.2']);
  put(present(0), 1);
  const got: number[] = [];
  blockUntil(pool, () => got.push(...read(present(0))) > 0);
  assert.deepEqual(got, [2]);
});

test('a hung lane is killed and restarted in a live tree', async (t) => {
  const { runtime, pool, log, present } = rig(t, { wall: true, lanes: 1, pool: { stallTimeoutMs: 300 }, script: (_lane, incarnation) => (incarnation === 1 ? { on13: 'spin' } : {}) });
  put(present(0), 13);
  await until(() => log.length === 3);
  assert.match(statusOf(runtime, 0).lastFailure ?? '', /^lane 0: stalled: no sign of life for 300 ms/);
  put(present(0), 13);
  assert.deepEqual(await take(pool, present(0), 1), [13]);
});

test('the last state of a lane that is not wanted any more is down, and it can be started again', async (t) => {
  const { runtime, host, pool, log, present } = rig(t);
  runtime.terminateChild('/lanes', '0');
  assert.deepEqual(log.slice(2), ['-0.1']);
  assert.equal(host.thread(0), null);
  assert.equal(host.status(0).state, 'ended');
  assert.equal(runtime.restartChild('/lanes', '0').ok, true);
  put(present(0), 3);
  assert.deepEqual(await take(pool, present(0), 1), [3]);
});

test('what threads do leaves no trace in the turns of the tree unless one fails', async (t) => {
  const hashes: string[] = [];
  for (const numbers of [[1], [1, 2, 3, 4, 5, 6, 7, 8]]) {
    const { runtime, pool, present } = rig(t);
    put(present(0), ...numbers);
    await take(pool, present(0), numbers.length);
    runtime.stop();
    hashes.push(String(runtime.trace().hash()));
  }
  assert.equal(hashes[0], hashes[1]);
});

test('a start that throws is a failed start of the actor', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const host = new LaneHost({ pool, specOf: () => { throw new Error('no checkpoint'); } });
  const runtime = createRuntime({ clock: new VirtualClock(0), effects: host.effects });
  host.attach(runtime);
  runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1000 }, children: [host.worker('0', 0)] }));
  runtime.drain();
  assert.match(JSON.stringify(runtime.ended), /lane 0 could not be started: no checkpoint/);
});
