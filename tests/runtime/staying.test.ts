import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMachineSnapshot, type AnyStateMachine, assign, raise, setup } from 'xstate';
import { detectorMachine } from '../../actors/detector/machine.js';
import { DEFAULT_CONFIG } from '../../config/index.js';
import { Random } from '../../runtime/index.js';
import type { StepAction } from '../../runtime/behaviour/flat.js';
import { MOVES, StayingSteps } from '../../runtime/behaviour/staying.js';

const EXTRAS = { self: null, system: null, spawn: (): never => { throw new Error('no'); } };

interface Numbered { readonly type: string; readonly n: number }

/** Nested and eventless: a context that says whether the eventless transitions are enabled, guards and assignments that throw. */
const nested = setup({
  types: {} as { context: { readonly n: number; readonly taken: number }; events: Numbered },
  guards: {
    high: ({ context }) => context.n > 90,
    low: ({ context }) => context.n <= 90,
    odd: ({ event }) => event.n % 2 === 1,
    fragile: ({ event }) => {
      if (event.n > 95) throw new RangeError(`too much: ${event.n}`);
      return event.n > 50;
    },
  },
  actions: {
    take: assign(({ context, event }) => ({ n: event.n, taken: context.taken + 1 })),
    count: assign({ taken: ({ context }) => context.taken + 1 }),
    fail: assign(({ event }) => {
      if (event.n > 80) throw new Error(`assign failed at ${event.n}`);
      return {};
    }),
    say: () => undefined,
    again: raise(({ event }) => ({ type: 'again', n: event.n })),
  },
}).createMachine({
  id: 'nested', context: { n: 0, taken: 0 }, initial: 'calm',
  on: { take: [{ guard: 'odd', actions: ['take', 'say'] }, { guard: 'fragile', actions: 'take' }], again: { actions: 'count' } },
  states: {
    calm: {
      initial: 'a', always: { guard: 'high', target: 'loud' },
      states: {
        a: { on: { take: { guard: ({ event }) => event.n % 7 === 0, actions: ['say', 'count', 'say'] }, go: 'b', fail: { actions: ['say', 'fail'] } } },
        b: { on: { take: undefined, go: { guard: 'odd', target: 'a' }, raise: { actions: ['count', 'again'] }, same: { target: 'b', actions: 'count' } } },
      },
    },
    loud: { initial: 'c', always: { guard: 'low', target: 'calm' }, states: { c: { on: { '*': { actions: 'say' } } } } },
  },
});

function seen(snapshot: AnyMachineSnapshot): unknown {
  const { value, context, status, _nodes: nodes } = snapshot as unknown as { value: unknown; context: unknown; status: string; _nodes: readonly { readonly id: string }[] };
  return { value, context, status, nodes: nodes.map(({ id }) => id), keys: Object.keys(snapshot) };
}

/** Sends the same events to both; whatever is not left to XState must be as XState has it. Returns the share that was not. */
function compare(machine: AnyStateMachine, input: unknown, events: (random: Random) => { readonly type: string }, count: number): number {
  const asked: StepAction[] = [];
  const expected: StepAction[] = [];
  const staying = new StayingSteps(machine, asked, EXTRAS);
  const random = new Random('staying');
  // The scope that the runtime's adapter makes: it does nothing and writes down.
  const scope = {
    self: {}, id: 'cell', sessionId: 'cell', system: { _sendInspectionEvent: () => undefined }, logger: () => undefined, emit: () => undefined, stopChild: () => undefined, defer: () => undefined,
    actionExecutor: (action: StepAction) => void expected.push(action),
  } as never;
  let snapshot = machine.getInitialSnapshot(scope, input as never) as unknown as AnyMachineSnapshot;
  let stayed = 0;
  for (let n = 0; n < count; n += 1) {
    const event = events(random);
    asked.length = 0;
    const ours = staying.stay(snapshot, event);
    expected.length = 0;
    let theirs: AnyMachineSnapshot | null = null;
    try {
      theirs = machine.transition(snapshot as never, event as never, scope) as unknown as AnyMachineSnapshot;
    } catch {
      assert.equal(ours, MOVES, `event ${n} throws: ${JSON.stringify(event)}`);
    }
    if (ours === MOVES) assert.deepEqual(asked, []);
    else {
      stayed += 1;
      assert.deepEqual(seen(ours), seen(theirs!), `event ${n}: ${JSON.stringify(event)}`);
      assert.equal(ours === snapshot, theirs === snapshot);
      const told = (actions: readonly StepAction[]): unknown => actions.map(({ type, info, params }) => [type, info.context, info.event, params]);
      assert.deepEqual(told(asked), told(expected));
    }
    if (theirs !== null) snapshot = theirs;
  }
  return stayed / count;
}

test('what leaves a nested machine where it is is as machine.transition has it: eventless, throwing, raising', () => {
  const types = ['take', 'take', 'take', 'go', 'fail', 'raise', 'same', 'again', 'unknown'];
  const share = compare(nested, undefined, (random) => ({ type: types[Math.floor(random.next() * types.length)]!, n: Math.floor(random.next() * 100) }), 20_000);
  assert.ok(share > 0.25 && share < 0.75, `${share} of the events stayed`);
});

test('the detector takes a level that moves nothing without machine.transition, and moves by it', () => {
  const { detector } = DEFAULT_CONFIG.trading;
  let seq = 0;
  let nowUs = 1_700_000_000_000_000;
  const share = compare(detectorMachine, { params: detector, input: { symbol: 0, name: 'BTCUSDT', listeners: [] }, startIn: 'RECOVERY', eventStartUs: nowUs, actorPauses: 0, nowUs }, (random) => {
    const votes = Math.floor(random.next() * 5);
    nowUs += 1000;
    seq += 1;
    if (random.next() < 0.1) return { type: 'exposure', on: random.next() < 0.5, seq, nowUs } as { readonly type: string };
    return {
      type: 'level', symbol: 0, seq, atUs: nowUs, exchUs: nowUs, mask: votes, votes, voters: 5, need: 3, triggered: votes >= 3, calm: votes <= 1, violent: random.next() < 0.1,
      pauses: random.next() < 0.05 ? 1 : 0, warm: true, features: { price: 100 + seq }, nowUs,
    } as { readonly type: string };
  }, 5000);
  assert.ok(share > 0.4 && share < 1, `${share} of the events stayed`);
});

test('parallel states and XState\'s own events are XState\'s', () => {
  const parallel = setup({ actions: { say: () => undefined } }).createMachine({ type: 'parallel', on: { tick: { actions: 'say' } }, states: { a: {}, b: {} } });
  const staying = new StayingSteps(parallel, [], EXTRAS);
  assert.equal(staying.stay(parallel.getInitialSnapshot({ actionExecutor: () => undefined, system: {}, self: {} } as never, undefined as never) as never, { type: 'tick' }), MOVES);
  const share = compare(nested, undefined, () => ({ type: 'xstate.after.5.nested' }), 10);
  assert.equal(share, 0);
});
