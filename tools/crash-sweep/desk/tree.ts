import { supervisor, worker } from '../../../runtime/supervision/spec.js';
import type { Behaviour, SupervisorSpec } from '../../../runtime/types.js';
import { account } from './account.js';
import { router } from './router.js';
import { slotThat } from './slot.js';

export interface DeskOptions {
  /** False: no journal. */
  readonly durable: boolean;
  readonly unknown: 'asks' | 'sends again';
  /** Told of every turn before it is taken. */
  readonly onStep?: (path: string, message: object) => void;
}

const BUDGET = { restarts: 1000, withinMs: 1000 };

/** The order desk: an account, the order actors under a supervisor of their own, and the router of the inputs. */
export function deskTree(slots: number, { durable, unknown, onStep }: DeskOptions): SupervisorSpec {
  const desk = <S, M extends object>(id: string, behaviour: Behaviour<S, M, undefined>) =>
    worker({ id, behaviour: onStep === undefined ? behaviour : told(behaviour, onStep), ...(durable ? { durable: { log: 'inputs' as const } } : {}) });
  return supervisor({
    id: 'desk', strategy: 'oneForOne', intensity: BUDGET,
    children: [
      desk('account', account),
      supervisor({ id: 'slots', strategy: 'oneForOne', intensity: BUDGET, children: Array.from({ length: slots }, (_, at) => desk(`slot-${at}`, slotThat(unknown))) }),
      desk('router', router),
    ],
  });
}

function told<S, M extends object>(behaviour: Behaviour<S, M, undefined>, onStep: (path: string, message: object) => void): Behaviour<S, M, undefined> {
  return {
    ...behaviour,
    step(state, message, ctx) {
      onStep(ctx.path, message);
      return behaviour.step(state, message, ctx);
    },
  };
}
