import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import {
  type ActorContext, dynamicSupervisor, machine, type Runtime, supervisor, type UpgradeResult, worker, type WorkerSpec,
} from '../../runtime/index.js';
import { MemoryJournal } from '../../runtime/journal/index.js';
import { child, root, started, stateOf } from '../runtime/support.js';

type Message = 'add' | 'die' | 'hold' | 'release';
interface V1 { readonly count: number }
interface V2 { readonly lots: bigint; readonly how: string }

const v1 = {
  name: 'position', version: 1,
  init: (): V1 => ({ count: 0 }),
  step: (state: V1, message: Message, ctx: ActorContext<Message>): V1 => {
    if (message === 'die') throw new Error('die');
    if (message === 'hold') { ctx.stash(); return state; }
    return { count: state.count + 1 };
  },
};

/** The same in exact units: every message now counts ten. */
const v2 = {
  name: 'position', version: 2,
  init: (): V2 => ({ lots: 0n, how: 'init' }),
  step: (state: V2, message: Message, ctx: ActorContext<Message>): V2 => {
    if (message === 'die') throw new Error('die');
    if (message === 'release') { ctx.unstashAll(); return state; }
    return { ...state, lots: state.lots + 10n };
  },
  migrate: (data: unknown, from: number) => (from === 1 ? { lots: BigInt((data as V1).count) } : undefined),
  restore: (data: unknown, _ctx: ActorContext<Message>, _input: unknown, how: string): V2 => ({ lots: (data as V2).lots, how }),
};

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;

function position(id: string, more: Partial<WorkerSpec> = {}, behaviour: { readonly name: string } = v1): WorkerSpec {
  return { ...worker({ id, behaviour: behaviour as never }), ...more } as WorkerSpec;
}

function valueOf(runtime: Runtime, path: string): unknown {
  return runtime.inspect(path)?.value;
}

function add(runtime: Runtime, path: string, times = 1): void {
  for (let n = 0; n < times; n++) runtime.send(path, 'add');
  runtime.drain();
}

/** The kinds of what is wrong, each with its place. */
function problems(result: UpgradeResult): string[] {
  return result.ok ? [] : result.problems.map((problem) => ('path' in problem ? `${problem.kind} ${problem.path}` : problem.kind));
}

function versionOf(runtime: Runtime, path: string): number | undefined {
  return runtime.inspect(path)?.behaviour?.version;
}

test('an actor goes on under the new version with its migrated state: same incarnation, mailbox, timers, names, no restart', () => {
  const runtime = started(root([position('a')]));
  add(runtime, '/a', 3);
  runtime.send('/a', 'add');
  assert.deepEqual(runtime.upgrade('/a', v2), { ok: true, dryRun: false, upgraded: [{ path: '/a', from: 1, to: 2 }], templates: [] });
  assert.deepEqual(valueOf(runtime, '/a'), { lots: { $bigint: '3' }, how: 'upgrade' });
  runtime.drain();
  assert.deepEqual(valueOf(runtime, '/a'), { lots: { $bigint: '13' }, how: 'upgrade' }, 'the message that waited is handled by the new version');
  const node = runtime.tree()?.children[0];
  assert.deepEqual([node?.incarnation, node?.restarts, node?.behaviour?.version], [1, 0, 2]);
});

test('by name every actor of the behaviour is upgraded, wherever it is, and no other', () => {
  const runtime = started(root([
    position('a'), child('other'), supervisor({ id: 's', strategy: 'oneForOne', ...generous, children: [position('b')] }), dynamicSupervisor({ id: 'd', ...generous }),
  ]));
  runtime.startChild('/d', position('c'));
  for (const path of ['/a', '/s/b', '/d/c']) add(runtime, path, 2);
  const result = runtime.upgrade({ behaviour: 'position' }, v2);
  assert.deepEqual(result.ok && result.upgraded.map(({ path }) => path), ['/a', '/s/b', '/d/c']);
  for (const path of ['/a', '/s/b', '/d/c']) assert.deepEqual(valueOf(runtime, path), { lots: { $bigint: '2' }, how: 'upgrade' });
  assert.equal(versionOf(runtime, '/other'), 1);
});

test('later incarnations use the new version, after a restart of the actor and of the supervisors above it', () => {
  const inner = supervisor({ id: 't', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [position('b')] });
  const spec = root([position('a'), supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1 }, children: [inner] })], generous);
  for (const byName of [true, false]) {
    const runtime = started(spec);
    if (byName) runtime.upgrade({ behaviour: 'position' }, v2);
    else for (const path of ['/a', '/s/t/b']) runtime.upgrade(path, v2);
    for (const path of ['/a', '/s/t/b']) {
      runtime.crash(path);
      runtime.drain();
      assert.deepEqual(valueOf(runtime, path), { lots: { $bigint: '0' }, how: 'init' }, `${path}, by ${byName ? 'name' : 'path'}`);
    }
    assert.equal(runtime.tree()?.children[1]?.restarts, 1, 'the whole branch has begun anew');
    assert.equal(runtime.getChildSpec('/', 'a')?.kind === 'worker' && versionOf(runtime, '/a'), 2);
  }
});

test('a dynamic supervisor\'s template starts children of the new version', () => {
  const runtime = started(root([dynamicSupervisor({ id: 'd', ...generous, template: { behaviour: v1 as never } })]));
  runtime.startChild('/d', { kind: 'worker', id: 'old' } as never);
  const result = runtime.upgrade({ behaviour: 'position' }, v2);
  assert.deepEqual(result, { ok: true, dryRun: false, upgraded: [{ path: '/d/old', from: 1, to: 2 }], templates: ['/d'] });
  runtime.startChild('/d', { kind: 'worker', id: 'new' } as never);
  assert.deepEqual([versionOf(runtime, '/d/old'), versionOf(runtime, '/d/new')], [2, 2]);
});

test('actors that are down or stopped start with the new version; one that keeps its state keeps it, migrated', () => {
  const backoff = { minMs: 100, maxMs: 100, jitter: 0 };
  const runtime = started(root([position('fresh', { backoff }), position('kept', { backoff, restore: 'lastGood' }), position('stopped')], generous));
  for (const path of ['/fresh', '/kept']) {
    add(runtime, path, 5);
    runtime.crash(path);
  }
  runtime.crash('/kept');
  runtime.terminateChild('/', 'stopped');
  assert.deepEqual(['/fresh', '/kept', '/stopped'].map((path) => stateOf(runtime, path)), ['restarting', 'restarting', 'stopped']);
  const result = runtime.upgrade({ behaviour: 'position' }, v2);
  assert.deepEqual(result.ok && result.upgraded.map(({ path }) => path), ['/fresh', '/kept', '/stopped']);
  runtime.advanceTo(100_000);
  runtime.restartChild('/', 'stopped');
  assert.deepEqual(valueOf(runtime, '/fresh'), { lots: { $bigint: '0' }, how: 'init' });
  assert.deepEqual(valueOf(runtime, '/kept'), { lots: { $bigint: '5' }, how: 'upgrade' });
  assert.deepEqual(valueOf(runtime, '/stopped'), { lots: { $bigint: '0' }, how: 'init' });
});

test('a dry run says what would be done and changes nothing', () => {
  const runtime = started(root([position('a')]));
  add(runtime, '/a', 3);
  const before = runtime.trace().hash();
  const draws: string[] = [];
  const drawing = { ...v2, restore: (data: unknown, ctx: ActorContext<Message>): V2 => {
    draws.push(ctx.nextId());
    ctx.startTimer('t', 1, 'add');
    ctx.register('alpha');
    ctx.spawn(child('kid'));
    return { ...(data as V2), how: '' };
  } };
  for (let n = 0; n < 2; n++) {
    assert.deepEqual(runtime.upgrade('/a', drawing, { dryRun: true }), { ok: true, dryRun: true, upgraded: [{ path: '/a', from: 1, to: 2 }], templates: [] });
  }
  assert.deepEqual(draws, [draws[0], draws[0]], 'ids are drawn again');
  assert.deepEqual([valueOf(runtime, '/a'), versionOf(runtime, '/a'), runtime.nextTimerUs()], [{ count: 3 }, 1, Infinity]);
  assert.deepEqual([runtime.inspect('/a')?.names, runtime.inspect('/a/kid')], [[], undefined]);
  assert.notEqual(before, '', 'the recorder goes on');
  assert.equal(runtime.upgrade('/a', drawing).ok, true);
  assert.deepEqual([runtime.nextTimerUs(), runtime.inspect('/a')?.names, stateOf(runtime, '/a/kid')], [1_000, ['alpha'], 'running']);
});

test('all or nothing: one actor that cannot be migrated leaves every other as it was, and every problem is listed', () => {
  const runtime = started(root([position('a'), position('b'), position('c')]));
  add(runtime, '/a', 1);
  add(runtime, '/b', 2);
  const picky = {
    ...v2,
    migrate: (data: unknown) => {
      const { count } = data as V1;
      if (count === 2) throw new Error('two is not a number of lots');
      return count === 0 ? undefined : { lots: BigInt(count) };
    },
  };
  const result = runtime.upgrade({ behaviour: 'position' }, picky);
  assert.deepEqual(problems(result), ['migrate_threw /b', 'no_migrate /c']);
  assert.deepEqual(['/a', '/b', '/c'].map((path) => [versionOf(runtime, path), valueOf(runtime, path)]), [[1, { count: 1 }], [1, { count: 2 }], [1, { count: 0 }]]);
  add(runtime, '/a');
  assert.deepEqual(valueOf(runtime, '/a'), { count: 2 }, 'and goes on');
});

test('a restore that throws leaves the old state, and nothing it had asked for happens', () => {
  const runtime = started(root([position('a'), position('b')]));
  add(runtime, '/a', 4);
  const failing = { ...v2, restore: (data: unknown, ctx: ActorContext<Message>): V2 => {
    ctx.startTimer('t', 1, 'add');
    ctx.subscribe('news');
    if ((data as V2).lots === 0n) throw new Error('nothing there');
    return { ...(data as V2), how: '' };
  } };
  const result = runtime.upgrade({ behaviour: 'position' }, failing);
  assert.deepEqual(problems(result), ['restore_threw /b']);
  assert.equal(!result.ok && result.problems[0]?.kind === 'restore_threw' ? result.problems[0].cause.message : '', 'nothing there');
  assert.deepEqual([valueOf(runtime, '/a'), runtime.nextTimerUs(), runtime.inspect('/a')?.topics], [{ count: 4 }, Infinity, []]);
});

test('what cannot be upgraded says why', () => {
  const kernel = { ...v1, stateKind: 'mutable' as const };
  const runtime = started(root([position('a'), position('k', {}, kernel), position('idle', { idleAfter: 10 }, { ...v1, snapshot: (s: V1) => s, restore: (d: unknown) => d } as never), child('other')]));
  const why = (target: string | { behaviour: string }, behaviour: object): string[] => problems(runtime.upgrade(target, behaviour as never));
  assert.deepEqual(why('/nobody', v2), ['not_found /nobody']);
  assert.deepEqual(why('/', v2), ['not_worker /']);
  assert.deepEqual(why({ behaviour: 'nothing' }, { ...v2, name: 'nothing' }), ['no_such_behaviour']);
  assert.deepEqual(why({ behaviour: 'position' }, { ...v2, name: 'elsewhere' }), ['name_differs /']);
  assert.deepEqual(why('/other', v2), ['name_differs /other']);
  assert.deepEqual(why('/a', { ...v2, version: 1 }), ['not_newer /a']);
  assert.deepEqual(why('/a', { ...v2, migrate: undefined }), ['no_migrate /a']);
  assert.deepEqual(why('/a', { ...v2, version: 3, migrate: (data: unknown, from: number) => v2.migrate(data, from + 5) }), ['no_migrate /a']);
  assert.deepEqual(why('/k', v2), ['no_snapshot /k']);
  assert.deepEqual(why('/a', { ...v2, stateKind: 'mutable', restore: undefined }), ['no_restore /a']);
  assert.deepEqual(why('/idle', { ...v2, restore: undefined }), ['no_restore /idle']);
  assert.deepEqual(why('/a', { name: 'position', version: 2 }), ['invalid_behaviour']);
  assert.deepEqual(why('/a', { ...v2, version: 1.5 }), ['invalid_behaviour']);
});

test('an actor that is stopping is busy: nothing is upgraded until it is down', () => {
  const slow = { ...v1, stop: (): 'pending' => 'pending' };
  const runtime = started(root([position('a'), position('slow', {}, slow)]));
  runtime.terminateChild('/', 'slow');
  assert.deepEqual(problems(runtime.upgrade({ behaviour: 'position' }, v2)), ['busy /slow']);
  runtime.advanceTo(10_000_000);
  assert.equal(runtime.upgrade({ behaviour: 'position' }, v2).ok, true);
});

test('between turns only: a turn or an effect cannot upgrade anybody', () => {
  const answers: unknown[] = [];
  let runtime: Runtime | null = null;
  const spec = child('a');
  runtime = started(root([spec]), { effects: { up: () => answers.push(problems(runtime!.upgrade('/a', v2))) } });
  runtime.send('/a', { type: 'do', run: (ctx: ActorContext) => { answers.push(problems(runtime!.upgrade('/a', v2))); ctx.effect('up', null); } });
  runtime.drain();
  assert.deepEqual(answers, [['in_turn'], ['in_turn']]);
});

test('a suspended actor stays suspended, with what it had set aside; a hibernating one is awake', () => {
  const hibernating = { ...v1, snapshot: (state: V1) => state, restore: (data: unknown) => data as V1 };
  const both = { ...v2, snapshot: (state: V2) => state };
  const runtime = started(root([position('a'), position('z', { idleAfter: 100 }, hibernating)]));
  for (const message of ['add', 'hold', 'hold'] as const) runtime.send('/a', message);
  runtime.drain();
  runtime.suspend('/a');
  runtime.send('/a', 'release');
  runtime.advanceTo(100_000);
  assert.equal(stateOf(runtime, '/z'), 'hibernating');
  assert.equal(runtime.upgrade({ behaviour: 'position' }, both).ok, true);
  assert.deepEqual([stateOf(runtime, '/a'), stateOf(runtime, '/z')], ['suspended', 'running']);
  runtime.resume('/a');
  runtime.drain();
  assert.deepEqual(valueOf(runtime, '/a'), { lots: { $bigint: '21' }, how: 'upgrade' }, 'two messages held by the old version, handled by the new one');
  runtime.advanceTo(200_000);
  assert.equal(stateOf(runtime, '/z'), 'hibernating', 'its time begins anew');
});

test('what was queued for version 1 and 2 in a row is migrated step by step', () => {
  const v3 = { ...v2, version: 3, migrate: (data: unknown, from: number) => {
    const two = from === 1 ? v2.migrate(data, 1) : data;
    return { lots: (two as V2).lots * 100n };
  } };
  const runtime = started(root([position('a'), position('b')]));
  add(runtime, '/a', 2);
  add(runtime, '/b', 2);
  runtime.upgrade('/a', v2);
  const result = runtime.upgrade({ behaviour: 'position' }, v3);
  assert.deepEqual(result.ok && result.upgraded, [{ path: '/a', from: 2, to: 3 }, { path: '/b', from: 1, to: 3 }]);
  assert.deepEqual(['/a', '/b'].map((path) => valueOf(runtime, path)), [{ lots: { $bigint: '200' }, how: 'upgrade' }, { lots: { $bigint: '200' }, how: 'upgrade' }]);
});

test('a durable actor is upgraded behind its journal: a process killed afterwards comes back as the new version, one refused as the old', () => {
  const journal = new MemoryJournal();
  const durable = { durable: { log: 'inputs' } } as const;
  const runtime = started(root([position('a', durable)]), { journal });
  add(runtime, '/a', 3);
  assert.deepEqual(problems(runtime.upgrade('/a', { ...v2, migrate: () => { throw new Error('no'); } })), ['migrate_threw /a']);
  assert.deepEqual(problems(runtime.upgrade('/a', { ...v2, restore: () => { throw new Error('no'); } })), ['restore_threw /a']);
  add(runtime, '/a', 1);
  const old = started(root([position('a', durable)]), { journal: journal.survivor() });
  assert.deepEqual(valueOf(old, '/a'), { count: 4 });
  assert.equal(runtime.upgrade('/a', v2).ok, true);
  add(runtime, '/a', 2);
  assert.deepEqual(valueOf(runtime, '/a'), { lots: { $bigint: '24' }, how: 'upgrade' });
  const next = started(root([position('a', durable, v2)]), { journal: journal.survivor() });
  assert.deepEqual((valueOf(next, '/a') as { lots: unknown }).lots, { $bigint: '24' });
});

// Machines.
const types = { context: {} as { n: number }, events: {} as { type: string } };
const first = setup({ types, actions: { count: assign({ n: ({ context }) => context.n + 1 }) } }).createMachine({
  id: 'session', initial: 'closed', context: { n: 0 },
  states: { closed: { meta: { defer: ['TRADE'] }, on: { OPEN: 'open' } }, open: { on: { TRADE: { actions: 'count' } }, after: { 500: 'closed' } } },
});
const second = setup({ types, actions: { count: assign({ n: ({ context }) => context.n + 10 }) } }).createMachine({
  id: 'session', initial: 'shut', context: { n: 0 },
  states: {
    shut: { on: { OPEN: 'trading', TRADE: { actions: 'count' } } },
    trading: { initial: 'calm', states: { calm: { on: { TRADE: { actions: 'count' } } }, wild: {} }, on: { 'xstate.after.500.session.open': 'shut' } },
  },
});
const migrateMachine = (data: unknown, from: number): unknown => {
  if (from !== 1) return undefined;
  const old = data as { value: string };
  return { ...old, value: old.value === 'open' ? 'trading' : 'shut' };
};

test('a machine goes on in the migrated state, down to the initial state below it; its timers keep their due time', () => {
  const runtime = started(root([worker({ id: 's', behaviour: machine(first, { version: 1 }) })]));
  for (const type of ['OPEN', 'TRADE']) runtime.send('/s', { type });
  runtime.drain();
  assert.equal(runtime.upgrade('/s', machine(second, { version: 2, migrate: migrateMachine })).ok, true);
  runtime.send('/s', { type: 'TRADE' });
  runtime.drain();
  assert.deepEqual(valueOf(runtime, '/s'), { value: { trading: 'calm' }, context: { n: 11 }, status: 'active' });
  runtime.advanceTo(500_000);
  assert.deepEqual((valueOf(runtime, '/s') as { value: unknown }).value, 'shut');
});

test('events that the old machine had deferred are offered to the new one', () => {
  const runtime = started(root([worker({ id: 's', behaviour: machine(first, { version: 1 }) })]));
  runtime.send('/s', { type: 'TRADE' });
  runtime.drain();
  assert.equal(runtime.counters().deferred, 1);
  runtime.upgrade('/s', machine(second, { version: 2, migrate: migrateMachine }));
  runtime.drain();
  assert.deepEqual([runtime.counters().deferred, valueOf(runtime, '/s')], [0, { value: 'shut', context: { n: 10 }, status: 'active' }]);
});

test('a machine whose migration names a state that is not there is refused', () => {
  const runtime = started(root([worker({ id: 's', behaviour: machine(first, { version: 1 }) })]));
  const result = runtime.upgrade('/s', machine(second, { version: 2, migrate: (data) => data }));
  assert.deepEqual(problems(result), ['restore_threw /s']);
  assert.match(!result.ok && result.problems[0]?.kind === 'restore_threw' ? result.problems[0].cause.message : '', /closed/);
  assert.deepEqual((valueOf(runtime, '/s') as { value: unknown }).value, 'closed');
});
