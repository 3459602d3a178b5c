import type { ActorContext, Behaviour } from '../types.js';

/** A behaviour that does one thing in its first turn and ends with the result: what a task most often is. A throw is its crash. */
export function oneShot<Input, R>(name: string, run: (input: Input, ctx: ActorContext<never>) => R): Behaviour<never, never, Input> {
  return {
    name,
    version: 1,
    init: (ctx, input) => {
      ctx.stop(run(input, ctx));
      return null as never;
    },
    step: (state) => state,
  };
}
