import { assign, raise, setup } from 'xstate';
import { type Behaviour, machine } from '../../runtime/index.js';
import type { Sent } from './life.js';
import type { World } from './world.js';

const definition = setup({ types: { context: {} as { n: number }, events: {} as { readonly type: string; readonly n?: number } } }).createMachine({
  id: 'machine', context: { n: 0 }, initial: 'idle',
  on: { end: '.over', die: { actions: assign(() => { throw new Error('told to die'); }) } },
  states: {
    idle: { after: { 3: 'busy' }, on: { add: { target: 'busy', actions: assign({ n: ({ context, event }) => context.n + (event.n ?? 0) }) }, timer: { actions: raise({ type: 'add' }, { delay: 2, id: 'later' }) } } },
    busy: { after: { 5: 'idle' }, on: { chain: 'hot', add: { actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    hot: { always: [{ guard: ({ context }) => context.n % 2 === 0, target: 'idle' }], after: { 1: 'busy' }, on: { add: { target: 'hot', reenter: true, actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    over: { type: 'final' },
  },
});
const behaviour = machine(definition, { version: 1 }) as unknown as Behaviour<unknown, Sent, unknown>;

/** An XState machine among the scripted actors: timers, eventless transitions, a final state. */
export function scriptedMachine(world: World): Behaviour<unknown, Sent, unknown> {
  return {
    ...behaviour,
    init: (ctx, input) => {
      world.begin(ctx.path, Infinity);
      return behaviour.init(ctx, input);
    },
    step: (state, message, ctx) => {
      const next = behaviour.step(state, message, ctx);
      if (typeof message.id === 'number') world.handled(message, ctx.path);
      return next;
    },
  };
}
