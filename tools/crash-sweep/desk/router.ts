import type { ActorContext, Behaviour } from '../../../runtime/types.js';
import { NO_LINKS, numberFor, take, type Links } from './links.js';
import type { Outcome, RouterMessage } from './messages.js';

export interface RouterState {
  readonly links: Links;
  /** Number of the next input. */
  readonly nextInput: number;
  readonly missedInputs: number;
  readonly repeatedInputs: number;
  /** What became of each order, by its number. */
  readonly outcomes: Readonly<Record<number, Outcome>>;
  readonly doneTwice: number;
}

export const slotPath = (slot: number): string => `/slots/slot-${slot}`;

/** Takes the inputs, gives each order to its order actor, and notes what became of it. */
export const router: Behaviour<RouterState, RouterMessage> = {
  name: 'sweep-router',
  version: 1,
  init: () => ({ links: NO_LINKS, nextInput: 0, missedInputs: 0, repeatedInputs: 0, outcomes: {}, doneTwice: 0 }),
  step(state, message, ctx: ActorContext<RouterMessage>) {
    if (message.type === 'done') {
      const { links, fresh } = take(state.links, message);
      if (!fresh) return { ...state, links };
      const doneTwice = state.doneTwice + (state.outcomes[message.order] === undefined ? 0 : 1);
      return { ...state, links, doneTwice, outcomes: { ...state.outcomes, [message.order]: message.outcome } };
    }
    const { order, slot, side, lots, ticks, cancelMs } = message;
    if (order < state.nextInput) return { ...state, repeatedInputs: state.repeatedInputs + 1 };
    const to = slotPath(slot);
    const { links, no } = numberFor(state.links, to);
    ctx.send(ctx.ref(to), { type: 'place', from: ctx.path, no, order, side, lots, ticks, cancelMs });
    return { ...state, links, nextInput: order + 1, missedInputs: state.missedInputs + order - state.nextInput };
  },
  snapshot: (state) => state,
  restore: (data) => data as RouterState,
};
