import type { EffectFailed } from '../core/effects.js';
import type { Behaviour } from '../types.js';

/** Effects of the table a LaneHost provides. */
export const START_LANE = 'lane.start';

export interface LaneActorInput {
  /** Number of the lane, from 0. */
  readonly lane: number;
}

/**
 * The actor that stands for a lane's thread in the tree. It starts the thread when it begins and handles no messages: that the
 * thread has ended is told to the runtime as a crash of this actor, and that this actor has ended ends the thread. Both are the
 * host's work, so a run in which nothing fails has the same turns whatever the threads do.
 */
export function laneBehaviour(view: (lane: number) => unknown): Behaviour<LaneActorInput, EffectFailed, LaneActorInput> {
  return {
    name: 'lane',
    version: 1,
    init(ctx, input) {
      ctx.effect(START_LANE, input);
      return input;
    },
    step(state, message) {
      if (message.type === 'runtime.effect_failed') throw new Error(`lane ${state.lane} could not be started: ${message.cause.message}`);
      return state;
    },
    view: (state) => view(state.lane),
  };
}
