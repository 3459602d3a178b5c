import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { type ActorContext, type Behaviour, machine, Random, worker } from '../../runtime/index.js';
import { FlatMachine, FlatState } from '../../runtime/behaviour/flat.js';
import { detectorMachine } from '../../actors/detector/machine.js';
import { FLAT_CASES, type FlatCase, randomCase } from './flat-machines.js';
import { root, started } from './support.js';

/** `FAULTLINE_FLAT_EVENTS=1000000` for the whole proof; see docs/runtime.md. */
const EVENTS = Number(process.env['FAULTLINE_FLAT_EVENTS'] ?? 30_000);

type Step = Behaviour<AnyMachineSnapshot, { readonly type: string }, unknown>;

/** An actor's context that writes down what is asked of it. */
class Recorder {
  said: unknown[] = [];
  ids = 0;
  readonly self = { path: '/a/b' };
  readonly path = '/a/b';
  readonly incarnation = 1;
  nowUs(): number { return 0; }
  nextId(): string { return `id${++this.ids}`; }
  ref(path: string): object { return { path }; }
  send(...all: unknown[]): void { this.said.push(['send', ...all]); }
  startTimer(...all: unknown[]): void { this.said.push(['startTimer', ...all]); }
  cancelTimer(...all: unknown[]): void { this.said.push(['cancelTimer', ...all]); }
  publish(...all: unknown[]): void { this.said.push(['publish', ...all]); }
  spawnLater({ id }: { readonly id: string }): void { this.said.push(['spawnLater', id]); }
  stopChild(...all: unknown[]): void { this.said.push(['stopChild', ...all]); }
  stash(): void { this.said.push(['stash']); }
  unstashAll(): void { this.said.push(['unstashAll']); }
  stop(...all: unknown[]): void { this.said.push(['stop', ...all]); }
}

/** One side of the comparison: the same definition, compiled or not. */
class Side {
  readonly recorder = new Recorder();
  readonly behaviour: Step;
  state: AnyMachineSnapshot;

  constructor(flat: FlatCase, compiled: boolean) {
    const note = (name: string) => ({ context, event, params, snapshot }: { context: unknown; event: unknown; params: unknown; snapshot: AnyMachineSnapshot }): void => {
      this.recorder.said.push([name, context, event, params, snapshot.value, snapshot.context]);
      if (name === 'boom' && (event as { n: number }).n > 60) throw new Error(`effect failed at ${(event as { n: number }).n}`);
    };
    const effects = Object.fromEntries((flat.effects ?? []).map((name) => [name, note(name)]));
    const actors = Object.fromEntries((flat.actors ?? []).map((name) => [name, () => ({ behaviour: {} as never })]));
    this.behaviour = machine(flat.machine, { version: 1, compiled, effects, actors, log: (values) => this.recorder.said.push(['log', values]) }) as Step;
    this.state = this.begin();
  }

  begin(): AnyMachineSnapshot {
    return this.behaviour.init(this.recorder as unknown as ActorContext<{ readonly type: string }>, undefined);
  }

  /** One event: what it threw, whether the snapshot stayed the same object, and what it asked for. */
  take(event: { readonly type: string }): { readonly threw: string | null; readonly same: boolean; readonly said: unknown[] } {
    this.recorder.said = [];
    let threw: string | null = null;
    let next = this.state;
    try {
      next = this.behaviour.step(this.state, event, this.recorder as unknown as ActorContext<{ readonly type: string }>);
    } catch (thrown) {
      threw = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
    const same = next === this.state;
    this.state = next;
    return { threw, same, said: this.recorder.said };
  }

  view(): unknown {
    const { value, context, status, output, tags, _nodes } = this.state as unknown as {
      value: unknown; context: unknown; status: string; output: unknown; tags: Set<string>; _nodes: { id: string }[];
    };
    return { value, context, status, output, tags: [...tags], nodes: _nodes.map(({ id }) => id), children: Object.keys(this.state.children as object) };
  }
}

/** Sends both sides the same events; every answer must be the same. Returns how many met a compiled state, and how many threw. */
function compare(flat: FlatCase, events: number): { readonly fast: number; readonly thrown: number } {
  const compiled = new Side(flat, true);
  const stepped = new Side(flat, false);
  const random = new Random(`flat|${flat.name}`);
  const uniform = (): number => random.next();
  let fast = 0;
  let thrown = 0;
  for (let n = 0; n < events; n++) {
    const event = Object.freeze(flat.events(uniform));
    if (compiled.state instanceof FlatState) fast++;
    const ours = compiled.take(event);
    const theirs = stepped.take(event);
    const at = (): string => `${flat.name}, event ${n}: ${JSON.stringify(event)}`;
    if (ours.threw !== theirs.threw || ours.same !== theirs.same || ours.said.length + theirs.said.length > 0) assert.deepEqual(ours, theirs, at());
    if (ours.threw !== null) thrown++;
    // The whole view where it can have changed, and of unchanged ones now and then.
    if (!ours.same || n % 64 === 0) assert.deepEqual(compiled.view(), stepped.view(), at());
    if (stepped.state.status !== 'active') {
      compiled.state = compiled.begin();
      stepped.state = stepped.begin();
    }
  }
  return { fast, thrown };
}

for (const flat of FLAT_CASES) {
  test(`compiled and stepped by machine.transition alike: ${flat.name}, ${EVENTS.toLocaleString('en')} events`, () => {
    const { fast, thrown } = compare(flat, EVENTS);
    assert.ok(fast > EVENTS / 4, `only ${fast} events met a compiled state`);
    if (flat.name === 'guards') assert.ok(thrown > EVENTS / 100, 'guards and assigns that throw were met');
    const { rows, fastRows } = compile(flat.machine)!;
    assert.ok(fastRows >= flat.fastRows * rows, `${fastRows} of ${rows} rows`);
  });
}

test('compiled and stepped by machine.transition alike: random machines', () => {
  let fast = 0;
  const machines = 300;
  for (let seed = 0; seed < machines; seed++) fast += compare(randomCase(seed), Math.ceil(EVENTS / 200)).fast;
  assert.ok(fast > (machines * EVENTS) / 200 / 2, `only ${fast} events met a compiled state`);
});

function compile(logic: AnyStateMachine): FlatMachine | null {
  return FlatMachine.compile(logic, [], (snapshot) => snapshot, { self: null, system: null, spawn: () => { throw new Error('no'); } });
}

test('what is not flat is left to machine.transition', () => {
  assert.equal(compile(detectorMachine), null, 'the detector is nested, and eventless at its root');
  const parallel = setup({}).createMachine({ type: 'parallel', states: { a: {}, b: {} } });
  const history = setup({}).createMachine({ initial: 'a', states: { a: { on: { x: 'h' } }, h: { type: 'history' } } });
  const nested = setup({}).createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } });
  for (const logic of [parallel, history, nested]) assert.equal(compile(logic), null);
});

test('a compiled snapshot is XState\'s to whoever asks it', () => {
  const flat = FLAT_CASES.find(({ name }) => name === 'feed')!;
  const ours = new Side(flat, true);
  const theirs = new Side(flat, false);
  for (const type of ['flip', 'tick', 'flip']) {
    ours.take({ type, n: 4 } as never);
    theirs.take({ type, n: 4 } as never);
    assert.ok(ours.state instanceof FlatState);
    assert.equal(ours.state.matches('calm' as never), theirs.state.matches('calm' as never));
    assert.equal(ours.state.hasTag('quiet'), theirs.state.hasTag('quiet' as never));
    assert.deepEqual(ours.state.getMeta(), theirs.state.getMeta());
    assert.equal(ours.state.can({ type: 'flip' } as never), theirs.state.can({ type: 'flip' } as never));
    assert.deepEqual(JSON.parse(JSON.stringify(ours.state)), JSON.parse(JSON.stringify(theirs.state)));
    assert.deepEqual(Object.keys(ours.state.whole()).sort(), Object.keys(theirs.state).sort());
    assert.deepEqual(ours.state.machine.resolveState({ value: ours.state.value as string, context: ours.state.context as object } as never).value, theirs.state.value);
  }
});

test('under the runtime: inspect shows the same view, a throw costs one message, a spawn in assign is refused', () => {
  const logic = setup({
    types: {} as { context: { n: number }; events: { type: 'add'; n: number } | { type: 'spawn' } },
    actors: { kid: FLAT_CASES[0]!.machine },
    actions: {
      add: assign(({ context, event }) => {
        if (event.type === 'add' && event.n < 0) throw new RangeError('only upwards');
        return { n: context.n + (event.type === 'add' ? event.n : 0) };
      }),
    },
  }).createMachine({
    id: 'sum', initial: 'on', context: { n: 0 },
    states: { on: { on: { add: { actions: 'add' }, spawn: { actions: assign(({ spawn, context }) => ({ n: context.n + (spawn('kid').id === '' ? 1 : 2) })) } } } },
  });
  const runtime = started(root([worker({ id: 'a', restore: 'lastGood', behaviour: machine(logic, { version: 1, actors: { kid: () => ({ behaviour: {} as never }) } }) })]));
  for (const n of [1, -1, 4]) runtime.send('/a', { type: 'add', n });
  runtime.send('/a', { type: 'spawn' });
  runtime.drain();
  assert.deepEqual(runtime.inspect('/a')?.value, { value: 'on', context: { n: 5 }, status: 'active' });
  assert.deepEqual(runtime.deadLetters().map(({ reason, cause }) => [reason, cause?.message]), [
    ['poison', 'only upwards'], ['poison', 'a machine may not spawn inside assign; use spawnChild or invoke'],
  ]);
});

test('a compiled machine puts events off, and is taken down and put up again, as one that is not', () => {
  const logic = setup({
    types: {} as { context: { n: number }; events: { type: 'add' | 'open' | 'close' } },
    actions: { add: assign(({ context }) => ({ n: context.n + 1 })) },
  }).createMachine({
    id: 'gate', initial: 'closed', context: { n: 0 },
    states: { closed: { meta: { defer: ['add'] }, on: { open: 'open' } }, open: { on: { add: { actions: 'add' }, close: 'closed' } } },
  });
  const seen = [true, false].map((compiled) => {
    const behaviour = machine(logic, { version: 1, compiled });
    const runtime = started(root([worker({ id: 'gate', behaviour })]));
    const views: unknown[] = [];
    for (const type of ['add', 'add', 'open', 'add', 'close', 'add', 'open'] as const) {
      runtime.send('/gate', { type });
      runtime.drain();
      views.push(runtime.inspect('/gate')?.value);
    }
    const context = new Recorder() as unknown as ActorContext<{ type: 'add' | 'open' | 'close' }>;
    const open = behaviour.step(behaviour.init(context, undefined), { type: 'open' }, context);
    const data: unknown = behaviour.snapshot?.(open);
    const restored = behaviour.restore!(JSON.parse(JSON.stringify(data)), context, undefined, 'wake');
    assert.equal((restored as object) instanceof FlatState, compiled);
    views.push(data, behaviour.view?.(restored), behaviour.view?.(behaviour.step(restored, { type: 'add' }, context)));
    return views;
  });
  assert.deepEqual(seen[0], seen[1]);
  assert.deepEqual((seen[0]![6] as { context: unknown }).context, { n: 4 });
});
