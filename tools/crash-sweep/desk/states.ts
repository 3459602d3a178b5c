import type { Runtime } from '../../../runtime/runtime.js';
import type { FinalStates } from '../verdict.js';
import type { AccountState } from './account.js';
import { slotPath, type RouterState } from './router.js';
import type { SlotState } from './slot.js';

const WHOLE = { depth: 20, entries: 100_000, values: 1_000_000, textLength: 10_000 };

/** The states of the desk's actors now. */
export function statesOf(runtime: Runtime, slots: number): FinalStates {
  const value = (path: string): unknown => runtime.inspect(path, WHOLE)?.value;
  return {
    router: value('/router') as RouterState,
    account: value('/account') as AccountState,
    slots: Array.from({ length: slots }, (_, at) => value(slotPath(at)) as SlotState),
  };
}
