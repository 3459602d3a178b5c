import type { FailureCause, StartChildResult } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { CellState } from './states.js';

/** What an `init` said about its own start, besides the state it returned. */
export class StartWishes {
  ignored = false;
  failed: FailureCause | null = null;
  info: unknown = undefined;
  /** It goes on after `init`. */
  later = false;
}

/** Thrown by `ctx.ignore()` to leave `init`; never leaves the runtime. */
export const IGNORED: unique symbol = Symbol('ignored');

/** The wishes of the init on the stack, made when first needed. */
export function wishesOf(d: Dispatcher): StartWishes {
  d.startWishes ??= new StartWishes();
  return d.startWishes;
}

/** Why a state that `init` returned is none, or null. A promise is one: nothing waits for it. */
export function notAState(value: unknown, cell: Cell): FailureCause | null {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function') return null;
  // Its failure is not to end the process.
  (value.then as (done: () => void, failed: () => void) => unknown)(nothing, nothing);
  const message = 'init returned a promise; a start that takes time answers an effect and calls ctx.startLater() meanwhile';
  return { name: 'InvalidStart', message, path: cell.path, incarnation: cell.incarnation };
}

function nothing(): void {}

/** What the one who asked for a start is told, when `startCell` found nothing wrong. */
export function startAnswer<T>(d: Dispatcher, cell: Cell): Extract<StartChildResult<T>, { readonly ok: true }> {
  if (cell.state === CellState.stopped) return { ok: true, ref: cell.self, ignored: true };
  if (cell.pendingStart !== null) return { ok: true, ref: cell.self, pending: true };
  return d.startInfo === undefined ? { ok: true, ref: cell.self } : { ok: true, ref: cell.self, info: d.startInfo };
}
