import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assign, setup } from 'xstate';
import { type ActorContext, type Down, machine, type Runtime, validateSpec, worker, type WorkerSpec } from '../../runtime/index.js';
import { child, root, started, stateOf } from '../runtime/support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Book { readonly levels: Map<string, number>; readonly heard: readonly unknown[] }
type Message = { readonly key: string; readonly size: number } | { readonly run: (ctx: ActorContext<Message>) => void } | Down;

/** Counts what is done to its state; the snapshot is a list, the state a map. */
function bookkeeper(calls: string[], trouble: { snapshot?: boolean; restore?: boolean } = {}) {
  return {
    name: 'book', version: 1,
    init: (): Book => { calls.push('init'); return { levels: new Map(), heard: [] }; },
    step: (state: Book, message: Message, ctx: ActorContext<Message>): Book => {
      if ('run' in message) {
        message.run(ctx);
        return state;
      }
      if (!('key' in message)) return { ...state, heard: [...state.heard, message.path] };
      return { ...state, levels: new Map([...state.levels, [message.key, message.size]]) };
    },
    snapshot: (state: Book) => {
      calls.push('snapshot');
      if (trouble.snapshot === true) throw new Error('no room');
      return [...state.levels];
    },
    restore: (data: unknown, _ctx: ActorContext, _input: unknown, how: string): Book => {
      calls.push(`restore ${how}`);
      if (trouble.restore === true) throw new Error('cannot read it');
      return { levels: new Map(data as [string, number][]), heard: [] };
    },
    stop: (state: Book) => { calls.push(`stop with ${state.levels.size}`); },
  };
}

function idleSpec(calls: string[], more: Partial<WorkerSpec> = {}, trouble = {}): WorkerSpec {
  return { ...worker({ id: 'a', behaviour: bookkeeper(calls, trouble), idleAfter: 100 }), ...more } as WorkerSpec;
}

function levels(runtime: Runtime): unknown {
  return (runtime.inspect('/a')?.value as { levels?: unknown } | undefined)?.levels;
}

test('after idleAfter without a message the state is reduced to its snapshot; the next message brings it back', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls)]));
  runtime.send('/a', { key: 'bid', size: 5 });
  runtime.drain();
  runtime.advanceTo(99_999);
  assert.equal(stateOf(runtime, '/a'), 'running');
  runtime.advanceTo(100_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  assert.equal(runtime.tree()?.children[0]?.state, 'hibernating');
  assert.deepEqual(runtime.inspect('/a')?.value, [['bid', 5]], 'what is left of it is the snapshot');
  assert.equal(runtime.counters().timers, 0, 'one that is away costs no timer');
  runtime.send('/a', { key: 'ask', size: 6 });
  runtime.drain();
  assert.equal(stateOf(runtime, '/a'), 'running');
  assert.deepEqual(levels(runtime), { $map: [['bid', 5], ['ask', 6]] });
  assert.deepEqual(calls, ['init', 'snapshot', 'restore wake']);
  assert.equal(runtime.inspect('/a')?.incarnation, 1);
});

test('every message counts the time anew, also one that is a timer of its own', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls)]));
  for (let at = 60_000; at <= 300_000; at += 60_000) {
    runtime.advanceTo(at);
    runtime.send('/a', { key: 'bid', size: at });
    runtime.drain();
  }
  runtime.advanceTo(399_999);
  assert.equal(stateOf(runtime, '/a'), 'running');
  runtime.advanceTo(400_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  runtime.send('/a', { run: (ctx: ActorContext<Message>) => ctx.startTimer('t', 150, { key: 'late', size: 1 }) });
  runtime.advanceTo(549_999);
  assert.equal(stateOf(runtime, '/a'), 'hibernating', 'a timer that is armed keeps nobody awake');
  runtime.advanceTo(550_000);
  assert.equal(stateOf(runtime, '/a'), 'running');
  assert.deepEqual(levels(runtime), { $map: [['bid', 300_000], ['late', 1]] });
});

test('mailbox, timers, names, topics, monitors and asks are those of the same actor before and after', () => {
  const calls: string[] = [];
  const answers: unknown[] = [];
  const runtime = started(root([idleSpec(calls), child('b', {}, { restart: 'temporary' })]));
  runtime.send('/a', {
    run: (ctx: ActorContext<Message>) => {
      ctx.register('book');
      ctx.subscribe('news');
      ctx.monitor(ctx.ref('/b'));
      ctx.startTimer('far', 1000, { key: 'far', size: 1 });
      ctx.ask(ctx.ref('/b'), { type: 'add', n: 1 }, 500, (result) => { answers.push(result); return { key: 'answer', size: 0 }; });
    },
  });
  runtime.drain();
  runtime.advanceTo(100_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  const { names, topics, watching, timers } = runtime.inspect('/a')!;
  assert.deepEqual({ names, topics, watching, timers }, { names: ['book'], topics: ['news'], watching: ['/b'], timers: [{ key: 'far', dueUs: 1_000_000 }] });
  runtime.publish('news', { key: 'news', size: 2 });
  runtime.send('book', { key: 'named', size: 3 });
  runtime.crash('/b');
  runtime.advanceTo(2_000_000);
  assert.deepEqual(answers, [{ ok: false, reason: 'timeout' }]);
  runtime.send('/a', { key: 'end', size: 9 });
  runtime.drain();
  assert.deepEqual(levels(runtime), { $map: [['news', 2], ['named', 3], ['answer', 0], ['far', 1], ['end', 9]] });
});

test('the state is really let go of', async () => {
  let held: WeakRef<object> | null = null;
  const heavy = {
    name: 'heavy', version: 1,
    init: () => { const big = { cells: new Float64Array(1000) }; held = new WeakRef(big); return big; },
    step: (state: { cells: Float64Array }) => state,
    snapshot: () => 'small',
    restore: () => ({ cells: new Float64Array(1000) }),
  };
  const runtime = started(root([worker({ id: 'a', behaviour: heavy, idleAfter: 10 })]));
  runtime.advanceTo(20_000);
  // A weak reference holds on until the job that made it has ended.
  await new Promise((turned) => setImmediate(turned));
  collect();
  assert.equal((held as WeakRef<object> | null)?.deref(), undefined);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
});

test('the stop hook of a hibernating actor gets the state back', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls)]));
  runtime.send('/a', { key: 'bid', size: 5 });
  runtime.advanceTo(100_000);
  runtime.stop();
  assert.deepEqual(calls, ['init', 'snapshot', 'restore wake', 'stop with 1']);
  assert.equal(runtime.counters().timers, 0);
});

test('a hibernating actor that crashes and keeps its state goes on hibernating; one that begins anew does not', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls, { restore: 'lastGood' })], { intensity: { restarts: 10, withinMs: 1 } }));
  runtime.send('/a', { key: 'bid', size: 5 });
  runtime.advanceTo(100_000);
  runtime.crash('/a');
  assert.deepEqual([stateOf(runtime, '/a'), runtime.inspect('/a')?.incarnation], ['hibernating', 2]);
  runtime.send('/a', { key: 'ask', size: 1 });
  runtime.drain();
  assert.deepEqual(levels(runtime), { $map: [['bid', 5], ['ask', 1]] });
  const fresh: string[] = [];
  const other = started(root([idleSpec(fresh)], { intensity: { restarts: 10, withinMs: 1 } }));
  other.advanceTo(100_000);
  other.crash('/a');
  assert.equal(stateOf(other, '/a'), 'running');
  other.advanceTo(200_000);
  assert.equal(stateOf(other, '/a'), 'hibernating', 'and is put away again in its time');
});

test('a suspended actor is not put away; a hibernating one can be suspended and wakes when it is resumed and has a message', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls)]));
  runtime.suspend('/a');
  runtime.advanceTo(500_000);
  assert.deepEqual([stateOf(runtime, '/a'), calls], ['suspended', ['init']]);
  runtime.resume('/a');
  runtime.advanceTo(600_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  runtime.suspend('/a');
  runtime.send('/a', { key: 'bid', size: 1 });
  runtime.drain();
  assert.equal(calls.at(-1), 'snapshot');
  runtime.resume('/a');
  runtime.drain();
  assert.deepEqual(levels(runtime), { $map: [['bid', 1]] });
});

test('a snapshot that throws leaves the actor awake, a restore that throws is a crash and loses no message', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls, {}, { snapshot: true })]));
  runtime.advanceTo(350_000);
  assert.deepEqual([stateOf(runtime, '/a'), runtime.counters().faults], ['running', 3]);
  const trouble = { restore: true };
  const other = started(root([idleSpec([], { restore: 'lastGood' }, trouble)]));
  other.advanceTo(100_000);
  other.send('/a', { key: 'bid', size: 1 });
  other.drain();
  const node = other.tree()?.children[0];
  assert.deepEqual([node?.restarts, node?.state], [1, 'running']);
  assert.match(node?.lastExit?.kind === 'error' ? node.lastExit.cause.message : '', /cannot read it/);
  assert.deepEqual(levels(other), { $map: [['bid', 1]] }, 'from init, then the message');
});

test('a snapshot of a hibernating actor is the one it was put away with', () => {
  const runtime = started(root([idleSpec([])]));
  runtime.send('/a', { key: 'bid', size: 5 });
  runtime.advanceTo(100_000);
  const taken = runtime.snapshot('/a');
  assert.deepEqual(taken.ok && taken.snapshot.value, [['bid', 5]]);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
});

test('a machine hibernates and goes on where it was, its `after` included', () => {
  const m = setup({ types: { context: {} as { n: bigint } }, actions: { count: assign({ n: ({ context }) => context.n + 1n }) } }).createMachine({
    id: 'm', initial: 'idle', context: { n: 0n },
    states: { idle: { on: { GO: { target: 'busy', actions: 'count' } } }, busy: { after: { 500: 'late' }, on: { GO: { actions: 'count' } } }, late: {} },
  });
  const runtime = started(root([worker({ id: 'a', behaviour: machine(m, { version: 1 }), idleAfter: 100 })]));
  runtime.send('/a', { type: 'GO' });
  runtime.advanceTo(200_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  runtime.send('/a', { type: 'GO' });
  runtime.drain();
  assert.deepEqual(runtime.inspect('/a')?.value, { value: 'busy', context: { n: { $bigint: '2' } }, status: 'active' });
  runtime.advanceTo(500_000);
  assert.equal((runtime.inspect('/a')?.value as { value: unknown } | undefined)?.value, 'late');
});

test('idleAfter without snapshot and restore is refused; so is a time that is none', () => {
  const problems = (spec: unknown): string[] => validateSpec(spec).map(({ code }) => code);
  assert.deepEqual(problems(child('a', {}, { idleAfter: 5 })), ['bad_combination']);
  assert.deepEqual(problems(idleSpec([], { idleAfter: 0 })), ['invalid_idle_after']);
  assert.deepEqual(problems(idleSpec([])), []);
});

test('a thousand hibernating actors arm no timer and hold a fraction of the heap', () => {
  const heavy = {
    name: 'heavy', version: 1,
    init: () => Array.from({ length: 2_000 }, (_, n) => n + 0.5),
    step: (state: number[]) => state,
    snapshot: (state: number[]) => state.length,
    restore: (length: unknown) => Array.from({ length: length as number }, (_, n) => n + 0.5),
  };
  const runtime = started(root(Array.from({ length: 1000 }, (_, n) => worker({ id: `a${n}`, behaviour: heavy, idleAfter: 10 }))));
  collect();
  const awake = process.memoryUsage().heapUsed;
  runtime.advanceTo(10_000);
  collect();
  const freed = awake - process.memoryUsage().heapUsed;
  assert.ok(freed > 12_000_000, `only ${freed} bytes of 16 MB came free`);
  assert.equal(runtime.counters().timers, 0);
});

test('one that is down while it is away is not brought back before its restart, and is put away again after it', () => {
  const calls: string[] = [];
  const runtime = started(root([idleSpec(calls, { restore: 'lastGood', backoff: { minMs: 10, maxMs: 10, jitter: 0 } })], { intensity: { restarts: 9, withinMs: 1000 } }));
  runtime.send('/a', { key: 'x', size: 1 });
  runtime.drain();
  runtime.advanceTo(150_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
  calls.length = 0;
  // The first restart with the last good state does not wait; the message is queued between the two.
  runtime.crash('/a');
  runtime.send('/a', { key: 'y', size: 2 });
  runtime.crash('/a');
  runtime.drain();
  assert.deepEqual(calls, [], 'nothing of it runs while it is down');
  runtime.advanceTo(160_000);
  assert.deepEqual(calls, ['restore wake']);
  assert.deepEqual(levels(runtime), { $map: [['x', 1], ['y', 2]] });
  runtime.advanceTo(400_000);
  assert.equal(stateOf(runtime, '/a'), 'hibernating');
});
