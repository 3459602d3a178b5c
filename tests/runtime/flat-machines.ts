import { and, assign, cancel, createMachine, emit, enqueueActions, fromPromise, log, not, or, raise, sendTo, setup, stateIn, type AnyStateMachine } from 'xstate';
import { Random } from '../../runtime/index.js';

/** A machine for the differential test: what it is, and events to draw from. */
export interface FlatCase {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly events: (uniform: () => number) => Draw;
  /** Names in the adapter's `effects`; `boom` throws now and then. */
  readonly effects?: readonly string[];
  readonly actors?: readonly string[];
  /** Least share of rows that need no `machine.transition`. */
  readonly fastRows: number;
}

interface Numbers { readonly n: number; readonly last: string }
export interface Draw { readonly type: string; readonly n?: number; readonly s?: string }

const anyOf = (...types: readonly string[]) => (uniform: () => number): Draw => ({
  type: types[Math.floor(uniform() * types.length)]!, n: Math.floor(uniform() * 100), s: String(Math.floor(uniform() * 5)),
});
const types = {} as { context: Numbers; events: Draw };
const start: Numbers = { n: 0, last: '' };
/** XState knows only the events it is told of; these machines are sent all sorts. */
const nOf = (event: Draw): number => event.n ?? 0;

const feed = setup({
  types,
  guards: { changed: ({ context, event }) => event.n !== context.n },
  actions: { take: assign(({ context, event }) => ({ n: nOf(event), last: `${context.last.slice(-8)}.` })) },
}).createMachine({
  id: 'feed', initial: 'calm', context: start,
  states: {
    calm: { tags: ['quiet'], on: { tick: { guard: 'changed', actions: 'take' }, flip: 'alert' } },
    alert: { meta: { loud: true }, on: { tick: { guard: 'changed', actions: 'take' }, flip: 'calm' } },
  },
});

const guards = setup({
  types,
  guards: {
    above: ({ event }, params: { readonly n: number }) => nOf(event) > params.n,
    odd: ({ event }) => nOf(event) % 2 === 1,
    fragile: ({ event }) => {
      if (nOf(event) > 90) throw new RangeError(`too much: ${nOf(event)}`);
      return nOf(event) > 40;
    },
    both: and(['odd', { type: 'above', params: { n: 50 } }]),
    nested: or([not('odd'), stateIn('high'), and(['odd', 'fragile'])]),
  },
  actions: {
    set: assign({ n: ({ event }) => nOf(event), last: 'set' }),
    add: assign(({ context }, params: { readonly by: number }) => ({ n: (context.n + params.by) % 1000 })),
    fail: assign(({ event }) => {
      if (nOf(event) > 80) throw new Error(`assign failed at ${nOf(event)}`);
      return { last: 'did not fail' };
    }),
  },
}).createMachine({
  id: 'guards', initial: 'low', context: start,
  on: { set: { guard: 'fragile', actions: 'set' }, any: { guard: stateIn('low'), target: '.high', actions: { type: 'add', params: { by: 7 } } } },
  states: {
    low: {
      on: {
        go: [
          { guard: 'both', target: 'high', actions: [{ type: 'add', params: ({ event }) => ({ by: nOf(event) }) }, 'set'] },
          { guard: { type: 'above', params: ({ context }) => ({ n: context.n }) }, actions: { type: 'add', params: { by: 1 } } },
          { guard: 'fragile', target: 'high' },
          { guard: ({ event }) => nOf(event) % 3 === 0, actions: ['set', 'fail'] },
        ],
        set: { guard: 'odd', actions: ['set', assign({ last: ({ context }) => `${context.last}!` })] },
      },
    },
    high: {
      on: { go: { guard: 'nested', target: 'low', actions: 'fail' }, set: undefined, fall: 'low', 'xstate.route': { actions: 'set' } },
    },
  },
});

const wildcards = setup({
  types,
  actions: { mark: assign(({ event }, params: { readonly by: string }) => ({ last: `${params.by}:${event.type}` })) },
}).createMachine({
  id: 'wildcards', initial: 'any', context: start,
  on: { '*': { actions: { type: 'mark', params: { by: 'root' } } }, 'a.b.*': '.some' },
  states: {
    any: {
      on: {
        'a': { target: 'some', actions: { type: 'mark', params: { by: 'a' } } },
        'a.*': { guard: ({ event }) => nOf(event) > 20, actions: { type: 'mark', params: { by: 'a.*' } } },
        'a.b.*': { guard: ({ event }) => nOf(event) > 50, actions: { type: 'mark', params: { by: 'a.b.*' } } },
      },
    },
    some: { on: { '*': { target: 'any', actions: { type: 'mark', params: { by: '*' } } }, 'a': {}, 'a.b': undefined } },
    last: {},
  },
});

const onlyStar = setup({ types, actions: { count: assign(({ context }) => ({ n: (context.n + 1) % 50 })) } }).createMachine({
  id: 'star', initial: 'one', context: start,
  states: {
    one: { on: { go: 'two', '*': { guard: ({ context }) => context.n < 40, actions: 'count' } } },
    two: { on: { '*': { target: 'one', actions: 'count' } } },
  },
});

/** Entry, exit, after, always and a final state beside rows that have none of them. */
const mixed = setup({
  types, delays: { soon: 100 },
  actions: { enter: assign({ last: 'entered' }), leave: assign({ last: 'left' }), count: assign(({ context }) => ({ n: context.n + 1 })), note: () => undefined },
}).createMachine({
  id: 'mixed', initial: 'plain', context: start, output: ({ context }) => context,
  on: { home: { target: '.plain', reenter: true }, count: { actions: 'count' }, stay: { target: '.plain' } },
  entry: 'note',
  states: {
    plain: { on: { a: 'other', b: 'hooked', c: 'timed', d: { guard: ({ event }) => nOf(event) > 50, target: 'eager', actions: 'count' }, e: { guard: ({ event }) => nOf(event) > 97, target: 'done' } } },
    other: { on: { a: { target: 'other', actions: 'count' }, b: { target: 'other', reenter: true }, c: 'plain', d: [{ guard: ({ event }) => nOf(event) > 50, target: 'hooked' }, { target: 'plain', actions: ['count', 'note'] }] } },
    hooked: { entry: ['enter', 'note'], exit: 'leave', on: { a: 'plain', b: { actions: 'count' }, c: { target: 'hooked', actions: 'count' }, d: { target: 'hooked', reenter: true } } },
    timed: { after: { soon: 'plain', 200: { actions: 'count' } }, on: { a: 'other', b: { actions: 'count' }, c: { target: 'timed', reenter: true } } },
    eager: { always: { guard: ({ context }) => context.n % 3 === 0, target: 'plain' }, on: { a: 'plain', b: { actions: 'count' } } },
    done: { type: 'final' },
  },
});

const builtins = setup({
  types: {} as { context: Numbers; events: Draw; emitted: { readonly type: 'told'; readonly n: number } },
  actions: { count: assign(({ context }) => ({ n: context.n + 1 })), note: () => undefined, boom: () => undefined },
}).createMachine({
  id: 'builtins', initial: 'one', context: start,
  on: { raised: { actions: ['count', 'note'] }, later: { actions: raise({ type: 'raised' }, { delay: 50, id: 'later' }) }, never: { actions: cancel('later') } },
  states: {
    one: {
      on: {
        a: { target: 'two', actions: [raise({ type: 'raised' }), 'count'] },
        b: { actions: [emit(({ context }) => ({ type: 'told' as const, n: context.n })), 'count', 'note'] },
        c: { actions: [log('seen'), sendTo(({ self }) => self, { type: 'raised' }), 'note'] },
        d: { actions: enqueueActions(({ enqueue, check }) => { if (check(({ event }) => nOf(event) > 50)) enqueue('count'); enqueue('note'); }) },
        e: { actions: ['note', 'count', { type: 'note', params: ({ context }: { context: Numbers }) => ({ n: context.n }) } as never, 'boom', 'count'] },
      },
    },
    two: { on: { a: { target: 'one', actions: 'note' }, e: { target: 'one', actions: ['count', 'boom'] } } },
  },
});

const invoking = setup({
  types, actors: { work: fromPromise<number>(async () => 1) },
  actions: { count: assign(({ context }) => ({ n: context.n + 1 })) },
}).createMachine({
  id: 'invoking', initial: 'idle', context: start,
  on: { count: { actions: 'count' } },
  states: {
    idle: { on: { go: 'busy', count: { target: 'rest', actions: 'count' } } },
    busy: { invoke: { id: 'job', src: 'work', onDone: { target: 'rest', actions: 'count' }, onError: 'idle' }, on: { cancel: 'idle', stay: { actions: 'count' } } },
    rest: { on: { go: 'idle', again: 'busy' } },
  },
});

const stateless = setup({ types, actions: { set: assign({ n: ({ event }) => nOf(event) }), note: () => undefined } }).createMachine({
  id: 'stateless', context: start,
  on: { set: { actions: 'set' }, big: { guard: ({ event }) => nOf(event) > 70, actions: ['note', 'set'] }, again: { reenter: true, actions: 'set' }, none: {} },
});

/** The life of an order as a trading process would write it down. */
const order = setup({
  types: {} as { context: { filled: number; left: number; reason: string | null }; events: Draw },
  guards: { fills: ({ context, event }) => nOf(event) >= context.left, sane: ({ event }) => nOf(event) > 0 },
  actions: {
    fill: assign(({ context, event }) => ({ filled: context.filled + Math.min(nOf(event), context.left), left: Math.max(0, context.left - nOf(event)) })),
    reject: assign({ reason: ({ event }) => event.s ?? 'unknown' }),
    reset: assign({ filled: 0, left: 100, reason: null }),
    report: () => undefined,
  },
}).createMachine({
  id: 'order', initial: 'new', context: { filled: 0, left: 100, reason: null },
  on: { reset: { target: '.new', actions: ['reset', 'report'] } },
  states: {
    new: { on: { ack: 'open', reject: { target: 'closed', actions: ['reject', 'report'] } } },
    open: {
      on: {
        fill: [{ guard: 'fills', target: 'closed', actions: ['fill', 'report'] }, { guard: 'sane', actions: ['fill', { type: 'report', params: { partial: true } } as never] }],
        cancel: 'closing',
      },
    },
    closing: { on: { fill: { guard: 'sane', actions: 'fill' }, cancelled: { target: 'closed', actions: 'report' } } },
    closed: { tags: ['over'] },
  },
});

export const FLAT_CASES: readonly FlatCase[] = [
  { name: 'feed', machine: feed, events: anyOf('tick', 'tick', 'flip', 'nothing'), fastRows: 1 },
  { name: 'guards', machine: guards, events: anyOf('go', 'set', 'any', 'fall', 'nothing', 'xstate.route', 'toString'), fastRows: 1 },
  { name: 'wildcards', machine: wildcards, events: anyOf('a', 'a.b', 'a.b.c', 'a.c', 'ab', 'b', '*', 'a.*', ''), fastRows: 0.5 },
  { name: 'only a star', machine: onlyStar, events: anyOf('go', 'x', 'xstate.x', '*', '__proto__'), fastRows: 1 },
  { name: 'entry, exit, after, always, final', machine: mixed, effects: ['note'], events: anyOf('a', 'b', 'c', 'd', 'e', 'home', 'count', 'stay', 'xstate.after.soon.mixed.timed', 'xstate.after.200.mixed.timed'), fastRows: 0.4 },
  { name: 'raise, emit, sendTo, cancel, log, enqueueActions', machine: builtins, effects: ['note', 'boom'], events: anyOf('a', 'b', 'c', 'd', 'e', 'raised', 'later', 'never'), fastRows: 0.4 },
  { name: 'invoke', machine: invoking, actors: ['work'], events: anyOf('go', 'count', 'cancel', 'stay', 'again', 'xstate.done.actor.job', 'xstate.error.actor.job'), fastRows: 0.5 },
  { name: 'no states', machine: stateless, effects: ['note'], events: anyOf('set', 'big', 'again', 'none', 'other'), fastRows: 1 },
  { name: 'order', machine: order, effects: ['report'], events: anyOf('ack', 'ack', 'fill', 'fill', 'cancel', 'cancelled', 'reject', 'reset'), fastRows: 1 },
];

const GUARDS: readonly unknown[] = ['odd', 'fragile', { type: 'above', params: { n: 50 } }, { type: 'above', params: ({ context }: { readonly context: Numbers }) => ({ n: context.n }) }, not('odd'), and(['odd', 'fragile']), or(['odd', stateIn('s1')])];
const ACTIONS: readonly unknown[] = ['set', 'mark', 'set', 'mark', 'note', { type: 'note', params: { by: 1 } }, 'fail', raise({ type: 'e0' }), assign({ n: 1 })];
const EVENTS = ['e0', 'e1', 'e2', 'e2.x', 'e3'];

/** A machine drawn from `seed`: up to five atomic states, now and then with entry, exit, after, always or a final one. */
export function randomCase(seed: number): FlatCase {
  const random = new Random(`machine|${seed}`);
  const below = (n: number): number => Math.floor(random.next() * n);
  const chance = (share: number): boolean => random.next() < share;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const count = 1 + below(5);
  // Raises that answer themselves would run for ever: only e1 and later may raise e0.
  const actions = (event: string): unknown[] => Array.from({ length: below(3) }, () => pick(ACTIONS)).filter((action) => event !== 'e0' && !event.includes('*') || typeof action !== 'function' || action.name !== 'raise');
  const transition = (event: string, prefix: string): object => ({
    ...(chance(0.6) ? { target: `${prefix}s${below(count)}` } : {}), ...(chance(0.5) ? { guard: pick(GUARDS) } : {}), ...(chance(0.2) ? { reenter: true } : {}), actions: actions(event),
  });
  const on = (prefix: string): object => Object.fromEntries([...EVENTS, 'e2.*', '*'].filter(() => chance(0.5)).map((event) => [
    event, chance(0.1) ? undefined : Array.from({ length: 1 + below(3) }, () => transition(event, prefix)),
  ]));
  const states = Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${n}`, n > 1 && chance(0.15) ? { type: 'final' } : {
    on: on(''), ...(chance(0.15) ? { entry: ['note', 'mark'] } : {}), ...(chance(0.15) ? { exit: 'mark' } : {}), ...(chance(0.1) ? { after: { 100: 's0' } } : {}),
    ...(chance(0.1) ? { always: { guard: 'zero', actions: 'set1' } } : {}), ...(chance(0.2) ? { tags: [`t${n}`] } : {}),
  }]));
  const machine = createMachine({ id: 'random', initial: 's0', context: start, on: on('.'), states } as never, {
    guards: {
      odd: ({ event }: { event: Draw }) => nOf(event) % 2 === 1,
      zero: ({ context }: { context: Numbers }) => context.n === 0,
      fragile: ({ event }: { event: Draw }) => {
        if (nOf(event) > 95) throw new RangeError('fragile');
        return nOf(event) > 40;
      },
      above: ({ event }: { event: Draw }, params: unknown) => nOf(event) > (params as Numbers).n,
    },
    actions: {
      set: assign({ n: ({ event }: { event: Draw }) => nOf(event) }),
      set1: assign({ n: 1 }),
      mark: assign(({ context, event }: { context: Numbers; event: Draw }) => ({ last: `${context.last.slice(-9)}${event.s ?? '-'}` })),
      fail: assign(({ event }: { event: Draw }) => {
        if (nOf(event) > 90) throw new Error('assign failed');
        return { last: 'ok' };
      }),
    },
  } as never) as AnyStateMachine;
  return { name: `random ${seed}`, machine, effects: ['note'], events: anyOf(...EVENTS, 'other', 'xstate.after.100.random.s0'), fastRows: 0 };
}
