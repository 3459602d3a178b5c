import { supervisor, worker } from '../../../runtime/supervision/spec.js';
import type { SupervisorSpec } from '../../../runtime/types.js';
import { account } from './account.js';
import { router } from './router.js';
import { slot } from './slot.js';

/** The order desk: an account, the order actors under a supervisor of their own, and the router of the inputs. All durable. */
export function deskTree(slots: number): SupervisorSpec {
  return supervisor({
    id: 'desk',
    strategy: 'oneForOne',
    intensity: { restarts: 1000, withinMs: 1000 },
    children: [
      worker({ id: 'account', behaviour: account }),
      supervisor({
        id: 'slots',
        strategy: 'oneForOne',
        intensity: { restarts: 1000, withinMs: 1000 },
        children: Array.from({ length: slots }, (_, at) => worker({ id: `slot-${at}`, behaviour: slot })),
      }),
      worker({ id: 'router', behaviour: router }),
    ],
  });
}
