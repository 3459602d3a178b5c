import { and, assign, createMachine, not, setup, type AnyStateMachine } from 'xstate';

/** One of everything that a chart can show. */
export const everything: AnyStateMachine = setup({
  types: {} as { context: { readonly n: number }; events: { readonly type: string } },
  guards: { big: ({ context }) => context.n > 10, above: ({ context }, params: { readonly n: number }) => context.n > params.n, small: ({ context }) => context.n < 3 },
  actions: { add: assign(({ context }) => ({ n: context.n + 1 })), note: () => {}, tell: (_args, _params: { readonly what: string }) => {} },
  delays: { soon: 50 },
  actors: { work: createMachine({}) },
}).createMachine({
  id: 'all', initial: 'idle', context: { n: 0 }, description: 'One of everything.',
  on: { 'x.*': { actions: 'note' }, reset: { target: '.idle', reenter: true } },
  states: {
    idle: {
      tags: ['quiet'], entry: 'note', exit: [{ type: 'tell', params: { what: 'bye' } }],
      on: {
        go: [{ guard: 'big', target: 'busy' }, { guard: { type: 'above', params: { n: 5 } }, target: 'busy.right', actions: 'add' }],
        add: { actions: 'add' },
        both: { guard: and(['big', not('small')]), target: 'busy' },
        'x.forbidden': undefined,
      },
      after: { 500: 'waiting', soon: { guard: 'big', target: 'over' } },
    },
    busy: {
      type: 'parallel',
      onDone: 'over',
      on: { back: 'hist' },
      states: {
        left: { initial: 'one', states: { one: { on: { step: 'two' } }, two: { type: 'final' } } },
        right: { initial: 'one', states: { one: { on: { step: 'two' } }, two: { type: 'final' } } },
      },
    },
    waiting: { meta: { defer: ['go'] }, invoke: { src: 'work', id: 'job', onDone: 'over', onError: 'idle' }, always: { guard: 'big', target: 'over' } },
    hist: { type: 'history', history: 'deep', target: 'idle' },
    over: { type: 'final' },
  },
} as never) as unknown as AnyStateMachine;

/** A door that opens above ten; nothing in it depends on time. */
export const door: AnyStateMachine = setup({
  types: {} as { context: { readonly n: number }; events: { readonly type: string } },
  guards: { above: ({ context }, params: { readonly n: number }) => context.n > params.n },
  actions: { add: assign(({ context }) => ({ n: context.n + 1 })) },
}).createMachine({
  id: 'door', initial: 'shut', context: { n: 0 },
  states: { shut: { on: { go: { guard: { type: 'above', params: { n: 10 } }, target: 'open' }, add: { actions: 'add' } } }, open: {} },
}) as unknown as AnyStateMachine;
