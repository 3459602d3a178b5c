import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup, type AnyStateMachine } from 'xstate';
import { type Behaviour, dataHooks, type MachineReading, machine, Random, type Runtime, worker } from '../../../runtime/index.js';
import { FLAT_CASES, randomCase } from '../flat-machines.js';
import { child, root, started } from '../support.js';
import { everything } from './machines.js';

/** A lease that no stall of the machine outlasts. */
const LONG = { leaseMs: 3_600_000 };

interface Draw { readonly type: string; readonly [field: string]: unknown }

const idle: Behaviour<number, unknown, unknown> = { name: 'idle', version: 1, init: () => 0, step: (state) => state };
const lifeOf = (logic: AnyStateMachine, more: object = {}): Behaviour<unknown, Draw, unknown> =>
  machine(logic, { version: 1, effects: { note: () => undefined, tell: () => undefined }, actors: { work: () => ({ behaviour: idle }) }, ...more } as never) as Behaviour<unknown, Draw, unknown>;

/** A runtime with one actor, `/a`, and its probe. */
function probed(behaviour: Behaviour<unknown, Draw, unknown>, more: object = {}): { readonly runtime: Runtime; readonly send: (...events: readonly Draw[]) => MachineReading; readonly read: () => MachineReading } {
  const runtime = started(root([worker({ id: 'a', behaviour: behaviour as never, ...more })], { intensity: { restarts: 10_000, withinMs: 1 } }));
  const read = (): MachineReading => runtime.machine('/a', LONG)!;
  read();
  return {
    runtime,
    read,
    send: (...events) => {
      for (const event of events) runtime.send('/a', event);
      runtime.drain();
      return read();
    },
  };
}

const lineOf = ({ chart }: MachineReading, place: number): string => {
  const { source, targets, event, kind } = chart!.transitions[place]!;
  return `${chart!.states[source]!.key} ${event === '' ? kind : event} ${targets.map((to) => chart!.states[to]!.key).join(' ')}`.trim();
};

test('a probe tells which transition an event took, what changed, and counts it', () => {
  const { send } = probed(lifeOf(everything));
  const seen = send(...Array.from({ length: 6 }, () => ({ type: 'add' })), { type: 'go' });
  assert.deepEqual([seen.kind, seen.status, seen.seen, seen.unexamined], ['machine', 'active', 7, 0]);
  assert.deepEqual(seen.value, { busy: { left: 'one', right: 'one' } });
  assert.deepEqual(seen.active.map((at) => seen.chart!.states[at]!.id), ['all', 'all.busy', 'all.busy.left', 'all.busy.left.one', 'all.busy.right', 'all.busy.right.one']);
  assert.deepEqual(seen.context, { n: 7 });
  const last = seen.events.at(-1)!;
  assert.deepEqual([last.type, last.outcome, last.before, last.after, last.taken.map((at) => lineOf(seen, at))], ['go', 'taken', 'idle', seen.value, ['idle go right']]);
  assert.deepEqual(last.candidates.map(({ guard, outcome }) => [guard, outcome]), [['big', 'fails'], ['above(5)', 'passes']]);
  assert.deepEqual(last.changes, [{ path: ['n'], before: 6, after: 7 }]);
  assert.deepEqual(Object.entries(seen.counts).map(([at, count]) => [lineOf(seen, Number(at)), count]), [['idle go right', 1], ['idle add', 6]]);
});

test('a refused event has every transition that could have taken it, with what its guard said', () => {
  const { send } = probed(lifeOf(everything));
  const seen = send({ type: 'go', colour: 'red' }, { type: 'unheard' }, { type: 'x.forbidden' }, { type: 'x.y' });
  assert.deepEqual(seen.events.map(({ type, outcome, candidates }) => [type, outcome, candidates.map(({ guard, outcome: said }) => `${guard ?? '-'} ${said}`)]), [
    ['go', 'refused', ['big fails', 'above(5) fails']],
    ['unheard', 'refused', []],
    ['x.forbidden', 'forbidden', ['- passes', '- passes']],
    ['x.y', 'taken', ['- passes']],
  ]);
  assert.deepEqual(seen.events[0]!.payload, { type: 'go', colour: 'red' });
});

test('an eventless transition that follows is told, and what is waited for', () => {
  const logic = setup({
    types: {} as { context: { n: number }; events: { type: 'add' } }, guards: { three: ({ context }) => context.n >= 3 }, actions: { add: assign(({ context }) => ({ n: context.n + 1 })) },
  }).createMachine({ id: 'c', context: { n: 0 }, initial: 'low', on: { add: { actions: 'add' } }, states: { low: { always: { guard: 'three', target: 'high' } }, high: {} } });
  const seen = probed(lifeOf(logic as AnyStateMachine)).send(...Array.from({ length: 3 }, () => ({ type: 'add' })));
  assert.deepEqual(seen.events.map(({ taken, waiting }) => [taken.map((at) => lineOf(seen, at)), waiting.map(({ guard, outcome }) => `${guard} ${outcome}`)]), [
    [['c add'], ['three fails']], [['c add'], ['three fails']], [['c add', 'low always high'], []],
  ]);
});

test('what a behaviour around the machine drops is aside; what the state puts off is deferred; timers and the end are events too', () => {
  const inner = lifeOf(everything);
  const around: Behaviour<unknown, Draw, unknown> = {
    name: 'around', version: 1, init: (ctx, input) => inner.init(ctx, input),
    step: (state, message, ctx) => (message.type === 'noise' ? state : inner.step(state, { ...message, stamped: ctx.nowUs() }, ctx)),
    ...dataHooks(inner as never),
  };
  const { send, runtime, read } = probed(around, { restart: 'transient' });
  send({ type: 'noise' });
  runtime.advanceTo(500_000);
  const waiting = send({ type: 'go' });
  assert.equal(waiting.value, 'waiting');
  assert.deepEqual(waiting.events.map(({ type, outcome }) => [type, outcome]), [['noise', 'aside'], ['xstate.after.soon.all.idle', 'refused'], ['xstate.after.500.all.idle', 'taken'], ['go', 'deferred']]);
  assert.equal((waiting.events.at(-1)!.payload as { stamped: number }).stamped, 500_000, 'the event as the machine saw it');
  assert.equal(read().behaviour?.name, 'around');
});

test('guards, assigns and getters that throw are shown, and the actor fails as without a probe', () => {
  const logic = setup({
    types: {} as { context: { n: number }; events: Draw },
    guards: { fragile: ({ event }) => { if (event['bad'] === true) throw new RangeError('too much'); return false; } },
    actions: { fail: assign(() => { throw new Error('assign failed'); }) },
  }).createMachine({ id: 'f', context: { n: 0 }, initial: 'a', states: { a: { on: { go: { guard: 'fragile', target: 'b' }, fail: { actions: 'fail' }, fine: {} } }, b: {} } });
  const { send, runtime } = probed(lifeOf(logic as AnyStateMachine), { restore: 'lastGood' });
  const trap = Object.defineProperty({ type: 'fine' }, 'boom', { enumerable: true, get: () => { throw new Error('no look'); } });
  const seen = send({ type: 'go', bad: true }, { type: 'fail' }, trap);
  assert.deepEqual(seen.events.map(({ type, outcome, error }) => [type, outcome, error?.split('\n').at(-1) ?? null]), [
    ['go', 'threw', 'too much'], ['fail', 'threw', 'Error: assign failed'], ['fine', 'forbidden', null],
  ]);
  assert.deepEqual(seen.events[0]!.candidates.map(({ outcome }) => outcome), ['threw']);
  assert.deepEqual(seen.events[2]!.payload, { type: 'fine', boom: { $unreadable: 'no look' } });
  assert.equal(runtime.deadLetters().length, 2);
  assert.deepEqual(seen.counts, Object.fromEntries([[Object.keys(seen.counts)[0], 1]]), 'what threw was not taken');
});

test('a restart is an event; reducers and supervisors are told as what they are', () => {
  const runtime = started(root([child('sum')]));
  runtime.machine('/sum', LONG);
  runtime.send('/sum', { type: 'add', n: 4 });
  runtime.drain();
  runtime.crash('/sum');
  runtime.drain();
  const seen = runtime.machine('/sum', LONG)!;
  assert.deepEqual([seen.kind, seen.chart, seen.value, seen.context, seen.incarnation], ['reducer', null, null, { total: 0 }, 2]);
  assert.deepEqual(seen.events.map(({ type, outcome, changes, incarnation }) => [type, outcome, changes, incarnation]), [
    ['add', 'handled', [{ path: ['total'], before: 0, after: 4 }], 1], ['start', 'start', [], 2],
  ]);
  assert.deepEqual([runtime.machine('/')!.kind, runtime.machine('/')!.events], ['supervisor', []]);
  assert.equal(runtime.machine('/nobody'), undefined);
});

test('a lease ends by itself, a fifth actor takes the oldest probe\'s place, and the caller says what it knows', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const runtime = started(root(ids.map((id) => child(id))));
  const look = (id: string, more: object = {}): MachineReading => runtime.machine(`/${id}`, { ...LONG, ...more })!;
  const add = (id: string): void => {
    runtime.send(`/${id}`, { type: 'add', n: 1 });
    runtime.drain();
  };
  for (const id of ids) look(id);
  for (const id of ids) add(id);
  assert.deepEqual(ids.slice(1).map((id) => look(id).seen), [1, 1, 1, 1]);
  assert.equal(look('a').seen, 0, 'it had lost its probe');
  runtime.machine('/a', { leaseMs: -1 });
  add('a');
  assert.equal(look('a').seen, 0, 'over: this is a new one');
  add('a');
  assert.equal(look('a').seen, 1);
  runtime.endProbe('/a');
  add('a');
  assert.equal(look('a').seen, 0);
  add('a');
  const { events } = look('a');
  assert.deepEqual(look('a', { after: events.at(-1)!.seq }).events, []);
  const { runtime: other, read } = probed(lifeOf(everything));
  const { digest } = read();
  assert.deepEqual([other.machine('/a', { known: digest! })!.chart, read().chart === null], [null, false]);
});

test('beyond its share of the time a probe counts and does not look', () => {
  const { runtime } = probed(lifeOf(everything));
  const big = Array.from({ length: 50 }, (_, n) => ({ n, text: 'x'.repeat(100) }));
  const frugal = { ...LONG, share: 0 };
  let seen = runtime.machine('/a', frugal)!;
  let sent = 0;
  // Until the 20 ms that a probe may save up are gone; with a share of nothing they do not come back.
  for (; seen.unexamined === 0 && sent < 100_000; seen = runtime.machine('/a', frugal)!) {
    for (let n = 0; n < 100; n++, sent++) runtime.send('/a', { type: 'add', big });
    runtime.drain();
  }
  assert.equal(seen.seen, sent);
  assert.ok(seen.unexamined > 0 && seen.unexamined < sent, String(seen.unexamined));
  assert.deepEqual([seen.events.length, seen.events.at(-1)!.outcome, seen.context], [64, 'unexamined', { n: sent }]);
  assert.equal(Object.values(seen.counts)[0], sent - seen.unexamined);
});

test('a context of ten megabytes and endless names come out bounded, and say so', () => {
  const huge = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`.repeat(100), Array.from({ length: 1_000 }, () => 'y'.repeat(100))]));
  const logic = setup({ types: {} as { context: { huge: unknown; n: number }; events: Draw }, actions: { add: assign(({ context }) => ({ n: context.n + 1, huge: { ...huge, n: context.n } })) } })
    .createMachine({ id: 'h', context: { huge, n: 0 }, on: { add: { actions: 'add' } } });
  const { send } = probed(lifeOf(logic as AnyStateMachine));
  const seen = send({ type: 'add', huge }, { type: 'z'.repeat(1_000_000) });
  assert.ok(JSON.stringify(seen).length < 1_500_000);
  assert.match(JSON.stringify(seen.context), /\$truncated/);
  assert.deepEqual(seen.events[0]!.changes, [{ path: ['huge', 'n'], after: 0 }, { path: ['n'], before: 0, after: 1 }]);
  assert.ok(seen.events[1]!.type.length <= 200);
});

/** Stacks name the functions of the probe; no program may depend on them, and the trace hash does not cover them. */
function withoutStacks(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => (key === 'stack' ? undefined : field)));
}

/** The same script on two runtimes, one of them probed now and then. */
function twins(behaviour: () => Behaviour<unknown, Draw, unknown>, draw: (uniform: () => number) => Draw, seed: string): void {
  const runs = [false, true].map((isProbed) => {
    const spec = root([0, 1].map((n) => worker({ id: `a${n}`, behaviour: behaviour() as never, restore: n === 0 ? 'lastGood' : 'init' })), { intensity: { restarts: 10_000, withinMs: 1 } });
    const runtime = started(spec, { traceHash: 'states' });
    const random = new Random(seed);
    const looks = new Random(`${seed}|looks`);
    for (let n = 0; n < 150; n++) {
      const path = `/a${Math.floor(random.next() * 2)}`;
      const kind = random.next();
      if (kind < 0.02) runtime.crash(path);
      else if (kind < 0.12) runtime.advanceTo(runtime.nowUs() + Math.floor(random.next() * 200_000));
      else runtime.send(path, draw(() => random.next()));
      runtime.drain();
      const look = looks.next();
      if (isProbed && look < 0.2) runtime.machine(path, look < 0.02 ? { leaseMs: 0 } : look < 0.05 ? { share: 0 } : {});
      if (isProbed && look > 0.98) runtime.endProbe();
    }
    const { handled, sent, deadLettered } = runtime.counters();
    return { hash: runtime.trace().hash(), counters: { handled, sent, deadLettered }, values: [0, 1].map((n) => runtime.inspect(`/a${n}`)?.value), letters: withoutStacks(runtime.deadLetters()) };
  });
  assert.deepEqual(runs[1], runs[0], seed);
}

test('with and without a probe the same trace, states, messages and failures', () => {
  const plain = { note: () => undefined, tell: () => undefined, report: () => undefined };
  const boom = ({ event }: { readonly event: { readonly n?: number } }): void => { if ((event.n ?? 0) > 60) throw new Error('effect failed'); };
  for (const flat of [...FLAT_CASES, ...Array.from({ length: 10 }, (_, seed) => randomCase(seed))]) {
    const effects = Object.fromEntries((flat.effects ?? []).map((name) => [name, name === 'boom' ? boom : plain.note]));
    const actors = Object.fromEntries((flat.actors ?? []).map((name) => [name, () => ({ behaviour: idle, restart: 'temporary' as const })]));
    for (const compiled of [true, false]) twins(() => machine(flat.machine, { version: 1, compiled, effects, actors }) as never, flat.events as never, `${flat.name} ${compiled}`);
  }
  const types = ['go', 'add', 'add', 'add', 'both', 'step', 'back', 'reset', 'x.y', 'x.forbidden', 'noise'];
  twins(() => lifeOf(everything), (uniform) => ({ type: types[Math.floor(uniform() * types.length)]! }), 'everything');
});

test('the transitions that a probe tells are those that lead from the state before to the one after', () => {
  for (let seed = 0; seed < 20; seed++) {
    const flat = randomCase(seed);
    const { runtime, read } = probed(machine(flat.machine, { version: 1, effects: { note: () => undefined } }) as never, { restore: 'lastGood' });
    const random = new Random(`moves ${seed}`);
    for (let n = 0; n < 60; n++) {
      runtime.send('/a', flat.events(() => random.next()));
      runtime.drain();
      if (runtime.inspect('/a')?.state !== 'running') break;
      const { events, chart } = read();
      const { before, after, taken, outcome } = events.at(-1)!;
      if (outcome === 'refused') assert.deepEqual(after, before);
      if (outcome !== 'taken') continue;
      let at = before;
      for (const place of taken) {
        const [to] = chart!.transitions[place]!.targets;
        if (to !== undefined && to !== 0) at = chart!.states[to]!.key;
      }
      assert.deepEqual(at, after, `random ${seed}, event ${n}`);
    }
  }
});
