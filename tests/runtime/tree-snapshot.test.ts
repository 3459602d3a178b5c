import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type ChildSpec, type Runtime, type TreeSnapshot } from '../../runtime/index.js';

interface Message {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Writes down whatever it hears; does what it is told. */
const clerk = (log: string[]): Behaviour<readonly string[], Message, { readonly monitors?: string } | undefined> => ({
  name: 'clerk',
  version: 1,
  init: () => [],
  step(state, message, ctx) {
    log.push(`${ctx.nowUs()} ${ctx.path} ${ctx.incarnation} ${message.type}`);
    if (message.type === 'subscribe') ctx.subscribe('news');
    if (message.type === 'timer') ctx.startTimer('t', message['ms'] as number, { type: 'rings' });
    if (message.type === 'monitor') ctx.monitor(ctx.ref(message['path'] as string));
    if (message.type === 'publish') ctx.publish('news', { type: 'news' });
    if (message.type === 'spawn') ctx.spawn(worker({ id: 'child', behaviour: clerk(log), input: undefined, restart: 'temporary' }) as never);
    if (message.type === 'id') log.push(`${ctx.path} ${ctx.nextId()} ${ctx.random()}`);
    return [...state, message.type];
  },
  childExit: (id, reason) => ({ type: `child ${id} ${reason.kind}` }),
  restore(data, ctx, _input, how) {
    if (how === 'start' && (data as readonly string[]).includes('spawn')) ctx.spawn(worker({ id: 'child', behaviour: clerk(log), input: undefined, restart: 'temporary' }) as never);
    return data as readonly string[];
  },
});

function tree(log: string[]): ChildSpec {
  const child = (id: string): ChildSpec => worker({ id, behaviour: clerk(log), input: undefined });
  return supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 2, withinMs: 1000 }, children: [child('a'), child('b'), child('c')] });
}

function begun(log: string[], resume?: TreeSnapshot): Runtime {
  const runtime = createRuntime({ clock: new VirtualClock(resume?.atUs ?? 0), seed: 3, ...(resume === undefined ? {} : { resume }) });
  const started = runtime.start(tree(log));
  assert.ok(started.ok, JSON.stringify(started));
  runtime.drain();
  return runtime;
}

const tell = (runtime: Runtime, path: string, message: Message): void => {
  runtime.send(path, message);
  runtime.drain();
};

/** What goes on: everything whose order or number could have been lost. */
function goOn(runtime: Runtime): void {
  tell(runtime, '/a', { type: 'publish' });
  runtime.advanceTo(runtime.nowUs() + 5_000);
  for (const path of ['/a', '/b', '/c', '/a/child']) tell(runtime, path, { type: 'id' });
  runtime.crash('/a/child');
  runtime.crash('/b');
  runtime.drain();
  tell(runtime, '/b', { type: 'id' });
  tell(runtime, '/c', { type: 'monitor', path: '/b' });
  runtime.advanceTo(runtime.nowUs() + 100);
  runtime.crash('/b');
  runtime.drain();
}

void test('a tree started from a snapshot goes on as the one it was taken of: order of timers and subscribers, monitors, ids, chance, children, budgets', () => {
  const log: string[] = [];
  const first = begun(log);
  for (const path of ['/c', '/a', '/b']) tell(first, path, { type: 'subscribe' });
  // Due at the same time, armed in another order than the actors stand in.
  for (const path of ['/b', '/c', '/a']) tell(first, path, { type: 'timer', ms: 1 });
  for (const path of ['/a', '/b']) tell(first, path, { type: 'id' });
  tell(first, '/a', { type: 'monitor', path: '/b' });
  tell(first, '/a', { type: 'spawn' });
  tell(first, '/a/child', { type: 'id' });
  first.crash('/c');
  first.drain();
  tell(first, '/c', { type: 'id' });
  const taken = first.snapshotTree();
  assert.ok(taken.ok, taken.ok ? '' : taken.reason);
  const bytes = serialize(taken.snapshot);
  log.length = 0;
  goOn(first);
  const again: string[] = [];
  const second = begun(again, deserialize(bytes) as TreeSnapshot);
  goOn(second);
  assert.deepEqual(again, log);
  assert.match(log.join('\n'), /news[^]*rings[^]*child child error[^]*runtime\.down/);
  // The third restart within a second is one too many.
  assert.deepEqual([first.ended?.kind, second.ended?.kind], ['error', 'error']);
});

void test('what was stopped by hand stays so; what waits or is held up makes no snapshot', () => {
  const log: string[] = [];
  const first = begun(log);
  first.terminateChild('/', 'b');
  first.drain();
  const taken = first.snapshotTree();
  assert.ok(taken.ok);
  const second = begun([], taken.snapshot);
  assert.equal(second.inspect('/b')?.state, 'stopped');
  assert.equal(second.restartChild('/', 'b').ok, true);

  first.send('/a', { type: 'id' });
  assert.deepEqual(first.snapshotTree(), { ok: false, reason: '/a has messages to handle', later: true });
  first.drain();
  assert.equal(first.suspend('/a').ok, true);
  assert.deepEqual(first.snapshotTree(), { ok: false, reason: '/a is suspended', later: true });
  first.resume('/a');
  assert.equal(first.startChild('/', worker({ id: 'd', behaviour: clerk(log), input: undefined })).ok, true);
  assert.deepEqual(first.snapshotTree(), { ok: false, reason: '/ has been given other children', later: true });
});

void test('a part can be left out, and a snapshot of another tree is refused', () => {
  const first = begun([]);
  tell(first, '/b', { type: 'id' });
  const taken = first.snapshotTree((path) => path === '/b');
  assert.ok(taken.ok);
  assert.deepEqual(begun([], taken.snapshot).inspect('/b')?.value, []);
  const whole = first.snapshotTree();
  assert.ok(whole.ok);
  for (const [workers, message] of [[whole.snapshot.workers.slice(1), /does not have \/a/], [[...whole.snapshot.workers, { ...whole.snapshot.workers[0]!, path: '/z' }], /it has \/z/]] as const) {
    const other = createRuntime({ clock: new VirtualClock(0), resume: { ...whole.snapshot, workers } });
    const started = other.start(tree([]));
    assert.ok(!started.ok && started.reason.kind === 'start_failed');
    assert.match(started.reason.cause.message, message);
    assert.equal(other.tree(), null);
  }
});
