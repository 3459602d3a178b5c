import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cell } from '../../runtime/core/cell.js';
import { type ActorContext, dynamicSupervisor, type ExitReason, type Runtime, supervisor, worker } from '../../runtime/index.js';
import { child, root, run, started, stateOf, total } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;
const pending = (): 'pending' => 'pending';

/** Drains until it has seen `last`. */
function draining(seen: string[]) {
  return {
    name: 'draining', version: 1,
    init: (): null => null,
    step: (state: null, message: string, ctx: ActorContext<string>): null => {
      seen.push(message);
      if (message === 'last') ctx.stop();
      if (message === 'boom') throw new Error('boom');
      return state;
    },
    stop: (_state: null, ctx: ActorContext<string>, reason: ExitReason): 'pending' => {
      seen.push(`stop ${reason.kind}`);
      ctx.send(ctx.self, 'flush');
      return 'pending';
    },
  };
}

test('pending: what was queued is handled, then what the hook sent, until ctx.stop; what comes after is a dead letter', () => {
  const seen: string[] = [];
  const runtime = started(root([worker({ id: 'a', behaviour: draining(seen) })]));
  for (const message of ['one', 'two']) runtime.send('/a', message);
  runtime.terminateChild('/', 'a');
  runtime.send('/a', 'last');
  runtime.send('/a', 'never');
  runtime.drain();
  assert.deepEqual(seen, ['stop shutdown', 'one', 'two', 'flush', 'last']);
  assert.deepEqual(runtime.deadLetters().map(({ reason, message }) => [reason, message]), [['stopped', 'never']]);
  assert.equal(stateOf(runtime, '/a'), 'stopped');
});

test('the deadline is shutdown: after it the actor is killed, what it had not handled are dead letters, DOWN says killed', () => {
  const runtime = started(root([child('a', { onStop: pending }, { shutdown: 50 })]));
  const downs: string[] = [];
  runtime.monitor('/a', ({ reason }) => downs.push(`${reason.kind}@${runtime.nowUs()}`));
  runtime.terminateChild('/', 'a');
  runtime.advanceTo(49_999);
  assert.deepEqual([stateOf(runtime, '/a'), downs], ['stopping', []]);
  run(runtime, '/a', (ctx) => ctx.startTimer('late', 1000, { type: 'add', n: 1 }));
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.advanceTo(50_000);
  assert.deepEqual([stateOf(runtime, '/a'), downs, runtime.counters().timers], ['stopped', ['killed@50000'], 0]);
});

test('infinity has no deadline; zero is at once; brutal does not even ask', () => {
  const log: string[] = [];
  const runtime = started(root([
    child('for-ever', { log, onStop: pending }, { shutdown: 'infinity' }), child('zero', { log, onStop: pending }, { shutdown: 0 }), child('brutal', { log, onStop: pending }, { shutdown: 'brutal' }),
  ]));
  for (const id of ['for-ever', 'zero', 'brutal']) runtime.terminateChild('/', id);
  assert.deepEqual(log.slice(3), ['-for-ever shutdown', '-zero shutdown']);
  runtime.advanceTo(0);
  assert.deepEqual(['/for-ever', '/zero', '/brutal'].map((path) => stateOf(runtime, path)), ['stopping', 'stopped', 'stopped']);
  runtime.advanceTo(1e12);
  assert.equal(stateOf(runtime, '/for-ever'), 'stopping');
  run(runtime, '/for-ever', (ctx) => ctx.stop());
  assert.equal(stateOf(runtime, '/for-ever'), 'stopped');
});

test('a crash while draining ends it: its exit is the crash, it is not started again', () => {
  const seen: string[] = [];
  const runtime = started(root([worker({ id: 'a', behaviour: draining(seen) })], generous));
  runtime.terminateChild('/', 'a');
  runtime.send('/a', 'boom');
  runtime.drain();
  const node = runtime.tree()?.children[0];
  assert.deepEqual([node?.state, node?.restarts, node?.lastExit?.kind], ['stopped', 0, 'error']);
});

test('siblings wait their turn: the next one is asked when the last one has drained, in reverse start order', () => {
  const log: string[] = [];
  const runtime = started(root(['a', 'b', 'c'].map((id) => child(id, { log, onStop: pending }, { shutdown: 100 }))));
  log.length = 0;
  assert.equal(runtime.stop(), false);
  const asked: string[][] = [[...log]];
  for (const id of ['c', 'b', 'a']) {
    run(runtime, `/${id}`, (ctx) => ctx.stop());
    asked.push([...log]);
  }
  assert.deepEqual(asked, [['-c shutdown'], ['-c shutdown', '-b shutdown'], ['-c shutdown', '-b shutdown', '-a shutdown'], ['-c shutdown', '-b shutdown', '-a shutdown']]);
  assert.equal(runtime.tree(), null);
});

test('children have drained before their parent is asked', () => {
  const log: string[] = [];
  const runtime = started(root([child('p', { log, onStop: pending, onInit: (ctx) => void ctx.spawn(child('kid', { log, onStop: pending }, { shutdown: 50 })) }, { shutdown: 100 })]));
  log.length = 0;
  runtime.terminateChild('/', 'p');
  assert.deepEqual(log, ['-kid shutdown']);
  runtime.advanceTo(50_000);
  assert.deepEqual(log, ['-kid shutdown', '-p shutdown']);
  assert.equal(stateOf(runtime, '/p'), 'stopping');
  runtime.advanceTo(150_000);
  assert.equal(stateOf(runtime, '/p'), 'stopped', 'its own time began when it was asked');
});

test('many children that stop all at once are looked at a few times, not at the end of each: of an actor, and of a dynamic supervisor', () => {
  const count = 600;
  const kid = (n: number) => worker({ id: `kid${n}`, behaviour: draining([]), shutdown: 'infinity' });
  for (const parent of ['actor', 'supervisor'] as const) {
    const runtime = started(root([parent === 'actor' ? child('p') : dynamicSupervisor({ id: 'p', ...generous })]));
    if (parent === 'actor') run(runtime, '/p', (ctx) => { for (let n = 0; n < count; n++) ctx.spawn(kid(n)); });
    else for (let n = 0; n < count; n++) runtime.startChild('/p', kid(n));
    let looks = 0;
    const lists = Object.getOwnPropertyDescriptor(Cell.prototype, 'childrenLastFirst')!;
    Object.defineProperty(Cell.prototype, 'childrenLastFirst', { ...lists, get(this: Cell) { const list = lists.get!.call(this) as readonly Cell[]; looks += list.length; return list; } });
    try {
      runtime.terminateChild('/', 'p');
      const before = looks;
      for (let n = count - 1; n >= 0; n--) runtime.send(`/p/kid${n}`, 'last');
      runtime.drain();
      assert.equal(stateOf(runtime, '/p') ?? 'stopped', 'stopped', parent);
      assert.equal(runtime.counters().cells, 2);
      assert.ok(looks - before < 4 * count, `${parent}: ${looks - before} looks`);
    } finally {
      Object.defineProperty(Cell.prototype, 'childrenLastFirst', lists);
    }
  }
});

test('a draining bystander of a group restart finishes first; then the group starts in order', () => {
  const log: string[] = [];
  const runtime = started(root([child('a', { log }), child('b', { log, onStop: pending }, { shutdown: 100 })], { strategy: 'oneForAll', ...generous }));
  runtime.send('/b', { type: 'add', n: 5 });
  runtime.crash('/a');
  assert.deepEqual([stateOf(runtime, '/a'), stateOf(runtime, '/b')], ['restarting', 'stopping']);
  run(runtime, '/b', (ctx) => ctx.stop());
  assert.deepEqual([stateOf(runtime, '/a'), stateOf(runtime, '/b'), total(runtime, '/b')], ['running', 'running', 0]);
  assert.deepEqual(log.slice(-2), ['+a', '+b']);
});

test('a hook that is asked twice drains once: stopping the tree while an actor drains waits for it', () => {
  const seen: string[] = [];
  const inner = supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [worker({ id: 'a', behaviour: draining(seen) })] });
  const runtime: Runtime = started(root([inner]));
  runtime.terminateChild('/s', 'a');
  assert.equal(runtime.stop(), false);
  runtime.send('/s/a', 'last');
  runtime.drain();
  assert.deepEqual([seen.filter((one) => one.startsWith('stop')).length, runtime.tree()], [1, null]);
});
