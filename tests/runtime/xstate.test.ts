import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assign, cancel, createActor, emit, enqueueActions, fromPromise, log, raise, sendParent, sendTo, setup, spawnChild } from 'xstate';
import { type ActorContext, machine, worker } from '../../runtime/index.js';
import { child, root, started } from './support.js';

interface View { readonly value: unknown; readonly context: Readonly<Record<string, unknown>>; readonly status: string }

const viewOf = (runtime: ReturnType<typeof started>, path: string): View => runtime.inspect(path)?.value as View;

let promiseBodies = 0;
const order = setup({
  types: { input: {} as { symbol: string }, context: {} as { symbol: string; venueId: unknown; error: unknown } },
  actors: { place: fromPromise<unknown, { symbol: string }>(async () => { promiseBodies++; return 1; }) },
  actions: { note: () => { promiseBodies++; } },
  delays: { ack: 500 },
}).createMachine({
  id: 'order', initial: 'idle', context: ({ input }) => ({ symbol: input.symbol, venueId: null, error: null }),
  states: {
    idle: { on: { SUBMIT: { target: 'sending', actions: 'note' } } },
    sending: {
      invoke: {
        id: 'placing', src: 'place', input: ({ context }) => ({ symbol: context.symbol }),
        onDone: { target: 'live', actions: assign({ venueId: ({ event }) => event.output }) },
        onError: { target: 'unknown', actions: assign({ error: ({ event }) => (event.error as Error).message }) },
      },
      after: { ack: 'unknown' },
    },
    live: { type: 'final' },
    unknown: {},
  },
  output: ({ context }) => context.venueId,
});

const placer = (how: (ctx: ActorContext, input: { symbol: string }) => void) => () => ({
  behaviour: {
    name: 'placer', version: 1,
    init: (ctx: ActorContext, input: { symbol: string }) => { how(ctx, input); return null; },
    step: (state: null, message: unknown, ctx: ActorContext) => {
      if (message === 'fail') throw new Error('venue refused');
      ctx.stop(message);
      return state;
    },
  },
  input: { symbol: 'BTCUSDT' },
});

function orderTree(how: (ctx: ActorContext, input: { symbol: string }) => void = () => undefined, noted: unknown[] = []) {
  const behaviour = machine(order, { version: 1, effects: { note: ({ context }) => void noted.push(context.symbol) }, actors: { place: placer(how) } });
  return started(root([worker({ id: 'order', behaviour, input: { symbol: 'BTCUSDT' }, restart: 'transient' })]));
}

test('an invoked child is a supervised child of the runtime; its result comes back as done and the promise body never runs', () => {
  const noted: unknown[] = [];
  const runtime = orderTree(undefined, noted);
  runtime.send('/order', { type: 'SUBMIT' });
  runtime.drain();
  assert.equal(viewOf(runtime, '/order').value, 'sending');
  assert.equal(runtime.tree()?.children[0]?.children[0]?.path, '/order/placing');
  assert.deepEqual(noted, ['BTCUSDT']);
  runtime.send('/order/placing', 42);
  runtime.drain();
  const node = runtime.tree()?.children[0];
  assert.equal(node?.state, 'stopped');
  assert.deepEqual(node?.lastExit, { kind: 'normal', output: 42 });
  assert.equal(runtime.inspect('/order/placing'), undefined);
  assert.equal(runtime.nextTimerUs(), Infinity);
  assert.equal(promiseBodies, 0);
});

test('a failing child comes back as its error event; a child that does not even start does too', () => {
  const runtime = orderTree();
  runtime.send('/order', { type: 'SUBMIT' });
  runtime.drain();
  runtime.send('/order/placing', 'fail');
  runtime.drain();
  assert.equal(viewOf(runtime, '/order').value, 'unknown');
  assert.equal(viewOf(runtime, '/order').context['error'], 'venue refused');
  const stillborn = orderTree(() => { throw new Error('no socket'); });
  stillborn.send('/order', { type: 'SUBMIT' });
  stillborn.drain();
  assert.equal(viewOf(stillborn, '/order').context['error'], 'no socket');
});

test('`after` is a timer of the actor; leaving the state cancels it and stops the child', () => {
  const runtime = orderTree();
  runtime.advanceTo(1_000);
  runtime.send('/order', { type: 'SUBMIT' });
  runtime.drain();
  assert.equal(runtime.nextTimerUs(), 501_000);
  runtime.advanceTo(500_999);
  assert.equal(viewOf(runtime, '/order').value, 'sending');
  runtime.advanceTo(501_000);
  assert.equal(viewOf(runtime, '/order').value, 'unknown');
  assert.equal(runtime.inspect('/order/placing'), undefined);
});

test('a child error that no transition takes crashes the machine', () => {
  const lonely = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
    id: 'lonely', initial: 'busy', states: { busy: { invoke: { id: 'w', src: 'work' } } },
  });
  const runtime = started(root([worker({ id: 'a', behaviour: machine(lonely, { version: 1, actors: { work: placer(() => undefined) } }) })]));
  runtime.send('/a/w', 'fail');
  runtime.drain();
  assert.equal(runtime.tree()?.children[0]?.restarts, 1);
  assert.equal(runtime.inspect('/a/w')?.incarnation, 1, 'the new life has a new child');
});

test('a throw after an effect action leaves no trace of the effect, and the machine where it was', () => {
  const sent: unknown[] = [];
  const m = setup({ actions: { tell: () => undefined, boom: () => undefined }, types: { context: {} as { n: number } } }).createMachine({
    id: 'm', context: { n: 0 },
    on: {
      GO: { actions: ['tell', assign(({ context, event }) => { if ('fail' in event) throw new Error('no'); return { n: context.n + 1 }; })] },
      LATE: { actions: ['tell', 'boom'] },
    },
  });
  const behaviour = machine(m, {
    version: 1,
    effects: {
      tell: (_args, ctx) => { ctx.effect('out', 1); },
      boom: () => { throw new Error('effect'); },
    },
  });
  const runtime = started(root([worker({ id: 'a', behaviour, restore: 'lastGood' })], { intensity: { restarts: 9, withinMs: 1000 } }), { effects: { out: () => void sent.push(1) } });
  runtime.send('/a', { type: 'GO' });
  runtime.send('/a', { type: 'GO', fail: true });
  runtime.send('/a', { type: 'LATE' });
  runtime.send('/a', { type: 'GO' });
  runtime.drain();
  assert.equal(viewOf(runtime, '/a').context['n'], 2);
  assert.equal(sent.length, 2);
});

test('sendTo, sendParent, delayed sends, cancel, emit and log go through the runtime', () => {
  const logged: unknown[] = [];
  const emitted: unknown[] = [];
  const inner = setup({}).createMachine({ id: 'inner', on: { PING: { actions: sendParent({ type: 'PONG' }) } } });
  const outer = setup({ actors: { inner }, types: { context: {} as { pongs: number; ticks: number } } }).createMachine({
    id: 'outer', context: { pongs: 0, ticks: 0 }, entry: spawnChild('inner', { id: 'kid' }),
    on: {
      GO: { actions: [sendTo('kid', { type: 'PING' }), sendTo('kid', { type: 'PING' }, { delay: 10, id: 'later' }), raise({ type: 'TICK' }, { delay: 20, id: 'tick' })] },
      STOP: { actions: [cancel('later'), cancel('tick')] },
      PONG: { actions: [assign({ pongs: ({ context }) => context.pongs + 1 }), emit(({ context }) => ({ type: 'ponged', n: context.pongs })), log(({ context }) => context.pongs)] },
      TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) },
    },
  });
  const behaviour = machine(outer, {
    version: 1, log: (value) => void logged.push(value),
    actors: { inner: () => ({ behaviour: machine(inner, { version: 1 }) }) },
  });
  const runtime = started(root([worker({ id: 'a', behaviour })]));
  runtime.subscribe('ponged', (event) => emitted.push(event));
  runtime.send('/a', { type: 'GO' });
  runtime.advanceTo(100_000);
  assert.deepEqual(viewOf(runtime, '/a').context, { pongs: 2, ticks: 1 });
  runtime.send('/a', { type: 'GO' });
  runtime.send('/a', { type: 'STOP' });
  runtime.advanceTo(200_000);
  assert.deepEqual(viewOf(runtime, '/a').context, { pongs: 3, ticks: 1 });
  assert.deepEqual(emitted, [{ type: 'ponged', n: 1 }, { type: 'ponged', n: 2 }, { type: 'ponged', n: 3 }]);
  assert.deepEqual(logged, [1, 2, 3]);
});

test('re-entering a state replaces its child under the same path', () => {
  const m = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
    id: 'm', initial: 'busy',
    states: { busy: { invoke: { id: 'w', src: 'work', onDone: 'busy2' }, on: { AGAIN: { target: 'busy', reenter: true } } }, busy2: {} },
  });
  const runtime = started(root([worker({ id: 'a', behaviour: machine(m, { version: 1, actors: { work: placer(() => undefined) } }) })]));
  const first = runtime.tree()?.children[0]?.children[0]?.cell;
  runtime.send('/a', { type: 'AGAIN' });
  runtime.drain();
  const second = runtime.tree()?.children[0]?.children;
  assert.equal(second?.length, 1);
  assert.notEqual(second?.[0]?.cell, first);
});

test('crash with the last good state keeps snapshot, timers and children, and nothing is armed twice', () => {
  const behaviour = machine(order, { version: 1, effects: { note: () => undefined }, actors: { place: placer(() => undefined) } });
  const runtime = started(root([worker({ id: 'order', behaviour, input: { symbol: 'X' }, restore: 'lastGood', restart: 'transient' })]));
  runtime.send('/order', { type: 'SUBMIT' });
  runtime.drain();
  const childCell = runtime.tree()?.children[0]?.children[0]?.cell;
  runtime.crash('/order');
  assert.equal(viewOf(runtime, '/order').value, 'sending');
  assert.equal(runtime.counters().timers, 1);
  assert.equal(runtime.tree()?.children[0]?.children[0]?.cell, childCell);
  assert.equal(runtime.nextTimerUs(), 500_000);
  runtime.send('/order/placing', 7);
  runtime.drain();
  assert.deepEqual(runtime.tree()?.children[0]?.lastExit, { kind: 'normal', output: 7 });
});

test('a machine that cannot be stepped purely is refused with everything that is wrong with it', () => {
  const bad = setup({ actors: { named: fromPromise(async () => 1) }, actions: { known: () => undefined } }).createMachine({
    id: 'bad', initial: 'a', entry: () => undefined,
    states: {
      a: {
        entry: 'known',
        invoke: [{ id: 'n', src: 'named' }, { id: 'i', src: fromPromise(async () => 2) as never }],
        on: { '*': 'b', GO: { target: 'b', guard: 'missing' as never } },
      },
      b: { entry: spawnChild('named', { systemId: 's' }) },
    },
  });
  let text = '';
  try {
    machine(bad, { version: 1 });
  } catch (thrown) {
    text = (thrown as Error).message;
  }
  for (const part of ['inline action', '"known" is not in effects', '"named" is not in actors', 'inline logic', 'wildcard', 'guard "missing"', 'spawnChild needs an id', 'systemId']) {
    assert.ok(text.includes(part), `${part} is missing in: ${text}`);
  }
});

test('a wildcard that would take a child\'s error is refused, however it is written', () => {
  for (const wildcard of ['*', 'xstate.*', 'xstate.error.*', 'xstate.error.actor.*']) {
    const m = setup({ actors: { named: fromPromise(async () => 1) } }).createMachine({ id: 'm', invoke: { id: 'n', src: 'named' }, on: { [wildcard]: {} } });
    assert.throws(() => machine(m, { version: 1, actors: { named: placer(() => undefined) } }), /a wildcard would swallow/, wildcard);
  }
});

test('a failed effect that no transition takes is a crash with its cause; one that is named is an event', () => {
  const boom = (): never => { throw new Error('exchange is away'); };
  const go = (_args: unknown, ctx: ActorContext<never>): void => ctx.effect('boom', null);
  const behaviour = (on: Readonly<Record<string, string>>) => machine(
    setup({}).createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: { actions: 'go' as never }, ...on } }, failed: {} } }), { version: 1, effects: { go } },
  );
  const runtime = started(root([
    worker({ id: 'deaf', behaviour: behaviour({}) }), worker({ id: 'hears', behaviour: behaviour({ 'runtime.effect_failed': 'failed' }) }),
  ]), { effects: { boom } });
  for (const path of ['/deaf', '/hears']) runtime.send(path, { type: 'GO' });
  runtime.drain();
  assert.deepEqual(runtime.inspect('/hears')?.value, { value: 'failed', context: {}, status: 'active' });
  assert.equal(runtime.inspect('/hears')?.incarnation, 1);
  assert.equal(runtime.inspect('/deaf')?.incarnation, 2);
  const [poison] = runtime.deadLetters();
  assert.match(poison?.cause?.message ?? '', /no transition takes the failure of effect "boom"/);
  assert.equal(poison?.cause?.cause?.message, 'exchange is away');
});

test('an endless loop of eventless transitions is a crash, not a hang', () => {
  const loop = setup({}).createMachine({ id: 'loop', initial: 'x', states: { x: { on: { GO: 'a' } }, a: { always: 'b' }, b: { always: 'a' } } });
  const runtime = started(root([worker({ id: 'a', behaviour: machine(loop, { version: 1 }) })]));
  runtime.send('/a', { type: 'GO' });
  runtime.drain();
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /Infinite loop/);
});

test('spawning inside assign is a clear crash', () => {
  const m = setup({ actors: { work: fromPromise(async () => 1) }, types: { context: {} as { ref?: unknown } } }).createMachine({
    id: 'm', context: {}, on: { GO: { actions: assign({ ref: ({ spawn }) => spawn('work', { id: 'x' }) }) } },
  });
  const runtime = started(root([worker({ id: 'a', behaviour: machine(m, { version: 1, actors: { work: placer(() => undefined) } }) })]));
  runtime.send('/a', { type: 'GO' });
  runtime.drain();
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /may not spawn inside assign/);
});

test('a message to a supervisor is a dead letter', () => {
  const runtime = started(root([child('a')]));
  assert.equal(runtime.send('/', { type: 'x' }), 'dead');
  assert.equal(runtime.deadLetters()[0]?.reason, 'unhandled');
});

/** A clock for createActor that fires in (due, order of arming), each timer at its due time. */
class FairClock {
  now = 0;
  private seq = 0;
  private readonly timers = new Map<number, { at: number; run: () => void }>();

  setTimeout(run: () => void, ms: number): number {
    this.timers.set(++this.seq, { at: this.now + ms, run });
    return this.seq;
  }

  clearTimeout(id: number): void {
    this.timers.delete(id);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let next: number | undefined;
      for (const [id, timer] of this.timers) if (timer.at <= end && (next === undefined || timer.at < this.timers.get(next)!.at)) next = id;
      if (next === undefined) break;
      const timer = this.timers.get(next)!;
      this.timers.delete(next);
      this.now = timer.at;
      timer.run();
    }
    this.now = end;
  }
}

const acted: unknown[] = [];
const rich = setup({
  types: { context: {} as { n: number; log: readonly string[] }, events: {} as { type: 'A' | 'B' | 'C' | 'D' | 'E' | 'F'; k: number } | { type: 'T' } },
  guards: { even: ({ context }) => context.n % 2 === 0, big: ({ event }) => 'k' in event && event.k > 5 },
  actions: {
    act: ({ context }, params: { tag: string }) => { acted.push([params.tag, context.n]); },
    bump: assign({ n: ({ context, event }) => context.n + ('k' in event ? event.k : 1) }),
    mark: assign({ log: ({ context, event }) => [...context.log.slice(-20), event.type] }),
  },
  delays: { varying: ({ context }) => (context.n % 7) * 10 },
}).createMachine({
  id: 'rich', type: 'parallel', context: { n: 0, log: [] },
  on: { F: { actions: ['mark', raise({ type: 'T' }), { type: 'act', params: { tag: 'F' } }] } },
  states: {
    left: {
      initial: 'calm',
      states: {
        calm: { entry: { type: 'act', params: { tag: 'calm' } }, on: { A: [{ guard: 'even', target: 'alert', actions: 'bump' }, { actions: 'bump' }] }, after: { 30: 'alert' } },
        alert: {
          initial: 'low', exit: { type: 'act', params: { tag: 'unalert' } },
          states: {
            low: { on: { B: { guard: 'big', target: 'high' }, C: { actions: raise({ type: 'T' }, { delay: 15, id: 'tee' }) } } },
            high: { always: { guard: ({ context }) => context.n > 40, target: '#rich.left.over', actions: assign({ n: 0 }) }, after: { varying: { target: 'low', actions: 'bump' } } },
            memory: { type: 'history', history: 'deep' },
          },
          on: { D: 'calm', E: { actions: cancel('tee') } },
        },
        over: { entry: enqueueActions(({ enqueue, check }) => { enqueue('bump'); if (check('even')) enqueue({ type: 'act', params: { tag: 'even' } }); }), on: { D: 'alert.memory', A: 'calm' } },
      },
    },
    right: {
      initial: 'off',
      states: {
        off: { on: { B: 'on', T: { actions: { type: 'act', params: { tag: 'T off' } } } } },
        on: { on: { B: 'off', C: { target: 'on', reenter: true, actions: 'mark' }, T: { actions: ['bump', { type: 'act', params: { tag: 'T on' } }] } }, after: { 50: { target: 'off', actions: 'mark' } } },
      },
    },
  },
});

/** Without eventless transitions and wildcards, so that events nobody names take the short way. */
const plain = setup({
  types: { context: {} as { n: number }, events: {} as { type: 'A' | 'B' | 'C' | 'D' | 'E' | 'F'; k: number } | { type: 'T' } },
  actions: { act: ({ context }, params: { tag: string }) => { acted.push([params.tag, context.n]); } },
}).createMachine({
  id: 'plain', initial: 'one', context: { n: 0 }, on: { F: { actions: [assign({ n: ({ context }) => context.n + 1 }), { type: 'act', params: { tag: 'F' } }] } },
  states: {
    one: { on: { A: { guard: ({ event }) => event.k > 4, target: 'two' } }, after: { 25: 'two' } },
    two: { initial: 'x', states: { x: { on: { B: 'y' } }, y: { on: { C: { actions: raise({ type: 'T' }) } } } }, on: { T: 'one', D: 'end' } },
    end: { type: 'final' },
  },
});

for (const [name, subject] of [['with', rich], ['without', plain]] as const) test(`the pure step agrees with createActor on any sequence of events and waits (a machine ${name} eventless transitions)`, () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F'), k: fc.integer({ min: 0, max: 12 }) }) },
    { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 40 }) }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, crashing) => {
    const clock = new FairClock();
    acted.length = 0;
    const reference = createActor(subject as typeof rich, { clock: clock as never }).start();
    const mine: unknown[] = [];
    const behaviour = machine(subject as typeof rich, { version: 1, effects: { act: ({ context, params }) => void mine.push([(params as { tag: string }).tag, context.n]) } });
    const runtime = started(root([worker({ id: 'm', behaviour, restart: 'transient', restore: 'lastGood' })], { intensity: { restarts: 1000, withinMs: 1 } }));
    for (const next of steps) {
      if ('wait' in next) {
        clock.advance(next.wait);
        runtime.advanceTo(clock.now * 1000);
      } else {
        reference.send(next as never);
        runtime.send('/m', next);
        runtime.drain();
      }
      if (reference.getSnapshot().status !== 'active') {
        assert.equal(runtime.inspect('/m')?.state, 'stopped');
        break;
      }
      if (crashing) runtime.crash('/m');
      const snapshot = reference.getSnapshot();
      const { value, context } = viewOf(runtime, '/m');
      assert.deepEqual({ value, context }, { value: snapshot.value, context: snapshot.context });
      assert.deepEqual(mine, acted);
    }
    reference.stop();
  }), { numRuns: 150, seed: 20260921 });
});
