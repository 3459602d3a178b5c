import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assign, fromPromise, sendTo, setup } from 'xstate';
import { type ActorContext, type ChildSpec, createRuntime, type DeadLetter, machine, type Runtime, type SnapshotEnvelope, VirtualClock, worker, type WorkerSpec } from '../../runtime/index.js';
import { child, root, run, started } from '../runtime/support.js';

function snapshotOf(runtime: Runtime, path: string): SnapshotEnvelope {
  const taken = runtime.snapshot(path);
  assert.ok(taken.ok, JSON.stringify(taken));
  return taken.snapshot;
}

/** A runtime whose clock begins where the other one's stood, its workers started from these snapshots. */
function recovered(children: readonly ChildSpec[], snapshots: readonly SnapshotEnvelope[], atUs: number): Runtime {
  const runtime = createRuntime({ clock: new VirtualClock(atUs), seed: 'test', recover: (path) => snapshots.find((one) => one.path === path) });
  const answer = runtime.start(root(children, { intensity: { restarts: 100, withinMs: 1 } }));
  assert.ok(answer.ok, JSON.stringify(answer));
  return runtime;
}

interface Note { readonly type: string; readonly n: number }
interface Sum { readonly sum: number }

/** Decides with everything it has: state, clock, generator, ids, timers, topics. */
function decider(decisions: string[]) {
  return {
    name: 'decider', version: 1,
    init: (ctx: ActorContext<Note>): Sum => {
      ctx.startTimer('beat', 7, { type: 'beat', n: 0 });
      ctx.subscribe('all');
      ctx.register('the-decider');
      return { sum: 0 };
    },
    step: (state: Sum, note: Note, ctx: ActorContext<Note>): Sum => {
      const sum = (state.sum * 31 + note.n + Math.floor(ctx.random() * 1000)) % 1_000_003;
      decisions.push(`${note.type} ${ctx.nowUs()} ${ctx.nextId()} ${sum}`);
      if (note.type === 'beat') ctx.startTimer('beat', 3 + (sum % 11), { type: 'beat', n: sum });
      if (sum % 7 === 0) ctx.startTimer(`extra${sum % 3}`, sum % 20, { type: 'extra', n: 1 });
      if (sum % 11 === 0) ctx.cancelTimer('extra1');
      if (sum % 13 === 0) ctx.publish('all', { type: 'news', n: 0 });
      return { sum };
    },
  };
}

test('an actor started from its snapshot in another runtime decides what it would have decided', () => {
  fc.assert(fc.property(
    fc.array(fc.record({ n: fc.nat({ max: 9 }), waitUs: fc.nat({ max: 9_000 }) }), { minLength: 1, maxLength: 30 }),
    fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
    (script, cuts) => {
      const play = (cutAt: readonly number[]): string[] => {
        const decisions: string[] = [];
        const spec = worker({ id: 'a', behaviour: decider(decisions) });
        let runtime = started(root([spec]));
        let now = 0;
        script.forEach(({ n, waitUs }, at) => {
          if (cutAt.includes(at)) runtime = recovered([spec], [structuredClone(snapshotOf(runtime, '/a'))], now);
          runtime.send('the-decider', { type: 'input', n });
          runtime.publish('all', { type: 'told', n });
          runtime.drain();
          now += waitUs;
          runtime.advanceTo(now);
        });
        return decisions;
      };
      assert.deepEqual(play(cuts), play([]));
    },
  ), { numRuns: 150, seed: 12 });
});

test('an envelope says who, when and how far, and holds state, timers by due time, topics, names, ids and the generator', () => {
  const runtime = started(root([child('a')]));
  run(runtime, '/a', (ctx) => {
    ctx.startTimer('second', 9, { type: 'add', n: 2 });
    ctx.startTimer('first', 7, { type: 'add', n: 1 });
    ctx.subscribe('all');
    ctx.register('alpha');
    ctx.nextId();
    ctx.random();
  });
  runtime.advanceTo(5_000);
  const { random, ...rest } = snapshotOf(runtime, '/a');
  assert.deepEqual(rest, {
    format: 1, path: '/a', behaviour: { name: 'programmable', version: 1 }, incarnation: 1, epoch: 1, seq: 1, atUs: 5_000, value: { total: 0 },
    timers: [{ key: 'first', dueUs: 7_000, message: { type: 'add', n: 1 } }, { key: 'second', dueUs: 9_000, message: { type: 'add', n: 2 } }],
    deferred: [], effects: [], topics: ['all'], names: ['alpha'], ids: 1,
  });
  assert.equal(random?.length, 4);
  const second = recovered([child('a')], [snapshotOf(runtime, '/a')], 6_000);
  const { incarnation, epoch, seq } = snapshotOf(second, '/a');
  assert.deepEqual({ incarnation, epoch, seq }, { incarnation: 2, epoch: 1, seq: 1 }, 'the next incarnation of the same life');
});

test('overdue timers of all actors come before new input, in the order they were due', () => {
  const seen: string[] = [];
  const noting = (id: string) => worker({
    id,
    behaviour: {
      name: 'noting', version: 1,
      init: (): null => null,
      step: (state: null, message: { arm?: number; text: string }, ctx: ActorContext<{ text: string }>): null => {
        if (message.arm !== undefined) ctx.startTimer(message.text, message.arm, { text: message.text });
        else seen.push(`${id} ${message.text}`);
        return state;
      },
    },
  });
  const runtime = started(root([noting('a'), noting('b')]));
  runtime.send('/a', { arm: 30, text: 'third' });
  runtime.send('/b', { arm: 10, text: 'first' });
  runtime.send('/a', { arm: 20, text: 'second' });
  runtime.send('/b', { arm: 60, text: 'later' });
  runtime.drain();
  const next = recovered([noting('a'), noting('b')], [snapshotOf(runtime, '/a'), snapshotOf(runtime, '/b')], 50_000);
  next.send('/b', { text: 'input' });
  next.send('/a', { text: 'input' });
  next.drain();
  assert.deepEqual(seen, ['b first', 'b input', 'a second', 'a third', 'a input']);
  next.advanceTo(100_000);
  assert.equal(seen.at(-1), 'b later', 'one that is not due keeps its due time');
});

test('a timer that has fired but not been handled is in the snapshot still', () => {
  const runtime = started(root([child('a', {}, { restore: 'lastGood', backoff: { minMs: 10, maxMs: 10, jitter: 0 } })]));
  run(runtime, '/a', (ctx) => ctx.startTimer('t', 1, { type: 'add', n: 1 }));
  runtime.crash('/a');
  runtime.crash('/a');
  runtime.advanceTo(5_000);
  assert.deepEqual(snapshotOf(runtime, '/a').timers, [{ key: 't', dueUs: 1_000, message: { type: 'add', n: 1 } }]);
});

test('a snapshot is refused inside a turn and inside what a turn asked for', () => {
  const answers: unknown[] = [];
  let runtime: Runtime | null = null;
  const take = (): void => {
    const answer = runtime?.snapshot('/a');
    answers.push(answer?.ok === false ? answer.reason : answer);
  };
  runtime = started(root([child('a')]), { effects: { take } });
  run(runtime, '/a', (ctx) => {
    take();
    ctx.effect('take', null);
  });
  assert.deepEqual(answers, [{ kind: 'in_turn', path: '/a' }, { kind: 'in_turn', path: '/a' }]);
});

test('what has no state to take says why', () => {
  const broken = { name: 'broken', version: 1, init: () => 1, step: (state: number) => state, snapshot: () => { throw new Error('no room'); } };
  const runtime = started(root([child('kernel', { mutable: true }), child('gone'), worker({ id: 'broken', behaviour: broken })]));
  runtime.terminateChild('/', 'gone');
  const reason = (path: string): unknown => {
    const answer = runtime.snapshot(path);
    return answer.ok ? answer : { ...answer.reason, ...('cause' in answer.reason ? { cause: answer.reason.cause.message } : {}) };
  };
  assert.deepEqual(reason('/nobody'), { kind: 'not_found', path: '/nobody' });
  assert.deepEqual(reason('/'), { kind: 'not_worker', path: '/' });
  assert.deepEqual(reason('/gone'), { kind: 'no_state', path: '/gone' });
  assert.deepEqual(reason('/kernel'), { kind: 'no_snapshot_hook', path: '/kernel', behaviour: 'programmable' });
  assert.deepEqual(reason('/broken'), { kind: 'snapshot_threw', path: '/broken', cause: 'no room' });
});

test('a state changed in place is snapshotted and restored through its hooks', () => {
  const kernel = {
    name: 'kernel', version: 1, stateKind: 'mutable' as const,
    init: () => new Float64Array(2),
    step: (state: Float64Array, add: number) => { state[0]! += add; return state; },
    snapshot: (state: Float64Array) => [...state],
    restore: (data: unknown) => Float64Array.from(data as number[]),
  };
  const runtime = started(root([worker({ id: 'k', behaviour: kernel })]));
  runtime.send('/k', 3);
  runtime.drain();
  const taken = snapshotOf(runtime, '/k');
  runtime.send('/k', 4);
  runtime.drain();
  assert.deepEqual(taken.value, [3, 0], 'it does not change when the state goes on');
  const next = recovered([worker({ id: 'k', behaviour: kernel })], [taken], 0);
  next.send('/k', 10);
  next.drain();
  assert.deepEqual(snapshotOf(next, '/k').value, [13, 0]);
});

test('an older snapshot is migrated; one that is newer, of another behaviour, or without a way from it does not start', () => {
  const v3 = {
    name: 'position', version: 3,
    init: () => ({ lots: 0n }),
    step: (state: { lots: bigint }) => state,
    migrate: (data: unknown, from: number) => (from === 2 ? { lots: BigInt((data as { qty: number }).qty) } : undefined),
  };
  const envelope = (behaviour: { name: string; version: number }): SnapshotEnvelope => ({
    format: 1, path: '/p', behaviour, incarnation: 4, epoch: 9, seq: 100, atUs: 0, value: { qty: 7 }, timers: [], deferred: [], effects: [],
    topics: [], names: [], ids: 5, random: null,
  });
  const start = (behaviour: { name: string; version: number }): string => {
    const runtime = createRuntime({ recover: () => envelope(behaviour) });
    const answer = runtime.start(root([worker({ id: 'p', behaviour: v3 })]));
    if (!answer.ok) return answer.reason.kind === 'start_failed' ? (answer.reason.cause.cause?.message ?? '') : answer.reason.kind;
    return JSON.stringify(runtime.inspect('/p')?.value);
  };
  assert.equal(start({ name: 'position', version: 2 }), '{"lots":{"$bigint":"7"}}');
  assert.equal(start({ name: 'position', version: 1 }), '"position" has no migration from version 1 to 3');
  assert.equal(start({ name: 'position', version: 4 }), 'the snapshot was taken by version 4 of "position"; this is version 3');
  assert.equal(start({ name: 'orders', version: 3 }), 'the snapshot is of a behaviour "orders", not of "position"');
});

test('a restore that throws is a start that failed: nothing of the envelope stays behind', () => {
  const bad = {
    name: 'bad', version: 1, init: () => 1, step: (state: number) => state,
    restore: (_data: unknown, ctx: ActorContext): number => { ctx.subscribe('t'); ctx.startTimer('x', 1, null); throw new Error('cannot'); },
  };
  const envelope: SnapshotEnvelope = {
    format: 1, path: '/b', behaviour: { name: 'bad', version: 1 }, incarnation: 1, epoch: 1, seq: 1, atUs: 0, value: 1,
    timers: [{ key: 'k', dueUs: 5, message: null }], deferred: ['held'], effects: [], topics: ['news'], names: ['b'], ids: 0, random: null,
  };
  const runtime = createRuntime({ recover: (path) => (path === '/b' ? envelope : null) });
  const answer = runtime.start(root([child('a'), worker({ id: 'b', behaviour: bad })]));
  assert.equal(answer.ok, false);
  const { timers, queued, cells, sent, handled, deadLettered } = runtime.counters();
  assert.deepEqual({ timers, queued, cells }, { timers: 0, queued: 0, cells: 0 });
  assert.equal(sent, handled + deadLettered);
});

test('a name another actor took meanwhile is a start that failed, and says so', () => {
  const runtime = started(root([worker({ id: 'a', behaviour: decider([]) })]));
  const taken = snapshotOf(runtime, '/a');
  const next = createRuntime({ recover: (path) => (path === '/a' ? taken : null) });
  const squatter = child('z', { onInit: (ctx) => void ctx.register('the-decider') });
  const answer = next.start(root([squatter, worker({ id: 'a', behaviour: decider([]) })]));
  assert.ok(!answer.ok && answer.reason.kind === 'start_failed');
  assert.equal(answer.reason.cause.cause?.message, 'another actor holds the name "the-decider"');
});

test('effects in flight are in the snapshot until they reply, and unknown in the next process; no two effects share a key', () => {
  const keys: string[] = [];
  let reply: ((message: unknown) => void) | null = null;
  const effects = {
    order: (_payload: unknown, call: { key: string; reply(message: unknown): void }) => { keys.push(call.key); reply = call.reply.bind(call); return 'pending'; },
    note: (_payload: unknown, call: { key: string }) => { keys.push(call.key); },
  };
  const runtime = started(root([child('a', { onStop: (ctx) => ctx.effect('note', 'bye') })]), { effects });
  run(runtime, '/a', (ctx) => {
    ctx.effect('note', 0);
    ctx.effect('order', { lots: 1 });
  });
  const taken = snapshotOf(runtime, '/a');
  assert.deepEqual(taken.effects, [{ key: '/a#1:1.1', name: 'order', payload: { lots: 1 }, status: 'pending' }]);
  const next = recovered([child('a')], [taken], 0);
  assert.deepEqual(snapshotOf(next, '/a').effects.map(({ key, status }) => [key, status]), [['/a#1:1.1', 'unknown']]);
  reply!({ type: 'add', n: 1 });
  assert.deepEqual(snapshotOf(runtime, '/a').effects, []);
  runtime.stop();
  assert.equal(new Set(keys).size, 3, keys.join(' '));
});

// Machines.
const session = setup({
  types: { context: {} as { fills: Map<string, bigint>; seen: Set<string>; at: Date; n: number }, events: {} as { type: string; id?: string } },
  actors: { poll: fromPromise(async () => 1), place: fromPromise(async () => 1) },
  actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
}).createMachine({
  id: 'session', initial: 'off', context: () => ({ fills: new Map([['a', 10n ** 20n]]), seen: new Set(['x']), at: new Date(5), n: 0 }),
  states: {
    off: { on: { ON: 'on' } },
    on: {
      initial: 'calm', invoke: [{ id: 'poller', src: 'poll' }, { id: 'placer', src: 'place' }],
      states: {
        calm: { on: { BUSY: 'busy' } },
        busy: { on: { BUSY: { actions: 'count' } }, after: { 100: 'calm' } },
        memory: { type: 'history' },
      },
      on: { OFF: 'paused', 'xstate.error.actor.placer': { actions: 'count' } },
    },
    paused: { on: { ON: 'on.memory' }, entry: sendTo(({ self }) => self, { type: 'LATE' }, { delay: 50, id: 'late' }) },
  },
});

function valueOf(runtime: Runtime): unknown {
  return (snapshotOf(runtime, '/s').value as { readonly value: unknown }).value;
}

function sessionSpec(starts: string[]): WorkerSpec {
  const poller = { name: 'poller', version: 1, init: (ctx: ActorContext) => { starts.push(ctx.path); return null; }, step: (state: null) => state };
  return worker({
    id: 's',
    behaviour: machine(session, { version: 1, actors: { poll: () => ({ behaviour: poller, restart: 'permanent' }), place: () => ({ behaviour: poller }) } }),
  }) as WorkerSpec;
}

test('a machine keeps value, context with BigInt, Map, Set and Date, history and its delayed events over a restart of the process', () => {
  const starts: string[] = [];
  const runtime = started(root([sessionSpec(starts)]));
  for (const type of ['ON', 'BUSY', 'BUSY', 'OFF']) runtime.send('/s', { type });
  runtime.drain();
  const taken = structuredClone(snapshotOf(runtime, '/s'));
  assert.deepEqual(taken.value, {
    value: 'paused', context: { fills: new Map([['a', 10n ** 20n]]), seen: new Set(['x']), at: new Date(5), n: 1 }, status: 'active',
    history: { 'session.on.memory': ['session.on.busy'] }, children: [],
  });
  assert.deepEqual(taken.timers.map(({ key, dueUs }) => [key, dueUs]), [['late', 50_000]]);
  const next = recovered([sessionSpec(starts)], [taken], 10_000);
  next.send('/s', { type: 'ON' });
  next.drain();
  assert.deepEqual(valueOf(next), { on: 'busy' }, 'the history state knows where to go');
  assert.ok((snapshotOf(next, '/s').value as { context: { at: unknown } }).context.at instanceof Date);
});

test('the `after` of a restored machine comes from the envelope and fires at its first due time', () => {
  const runtime = started(root([sessionSpec([])]));
  for (const type of ['ON', 'BUSY']) runtime.send('/s', { type });
  runtime.drain();
  const next = recovered([sessionSpec([])], [snapshotOf(runtime, '/s')], 40_000);
  assert.equal(next.counters().timers, 1);
  next.advanceTo(99_999);
  assert.deepEqual(valueOf(next), { on: 'busy' });
  next.advanceTo(100_000);
  assert.deepEqual(valueOf(next), { on: 'calm' });
  const late = recovered([sessionSpec([])], [snapshotOf(runtime, '/s')], 300_000);
  late.drain();
  assert.deepEqual(valueOf(late), { on: 'calm' }, 'overdue: at once');
});

test('of the children of a restored machine those that may be restarted are, and of the others it hears that they are lost', () => {
  const starts: string[] = [];
  const runtime = started(root([sessionSpec(starts)]));
  runtime.send('/s', { type: 'ON' });
  runtime.drain();
  const taken = snapshotOf(runtime, '/s');
  assert.deepEqual((taken.value as { children: unknown }).children, [{ id: 'poller', src: 'poll', input: undefined }, { id: 'placer', src: 'place', input: undefined }]);
  starts.length = 0;
  const next = recovered([sessionSpec(starts)], [taken], 0);
  next.drain();
  assert.deepEqual(starts, ['/s/poller'], 'nothing runs twice by itself');
  assert.equal((snapshotOf(next, '/s').value as { context: { n: number } }).context.n, 1, 'xstate.error.actor.placer was handled');
  next.send('/s', { type: 'OFF' });
  next.drain();
  assert.equal(next.inspect('/s/poller'), undefined, 'it is the machine\'s child as before');
});

test('data that names a state the machine does not have does not start it', () => {
  const runtime = started(root([sessionSpec([])]));
  const taken = snapshotOf(runtime, '/s');
  const value = { ...(taken.value as object), value: 'nowhere' };
  const letters: DeadLetter[] = [];
  const next = createRuntime({ recover: () => ({ ...taken, value }) });
  next.onDeadLetter((letter) => letters.push(letter));
  const answer = next.start(root([sessionSpec([])]));
  assert.ok(!answer.ok && answer.reason.kind === 'start_failed');
  assert.match(answer.reason.cause.cause?.message ?? '', /nowhere/);
  assert.deepEqual(letters, []);
});
