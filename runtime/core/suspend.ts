import { TraceKind } from '../observe/trace.js';
import { nodeState, type NodeState } from '../observe/tree.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { CellKind, CellState } from './states.js';

export type SuspendError =
  | { readonly kind: 'not_found'; readonly path: string }
  /** A supervisor always decides at once: a suspended one would leave its dead children undecided. */
  | { readonly kind: 'not_worker'; readonly path: string }
  | { readonly kind: 'not_running'; readonly path: string; readonly state: NodeState }
  | { readonly kind: 'in_turn'; readonly path: string };

export type SuspendResult =
  | { readonly ok: true; readonly path: string; readonly state: NodeState }
  | { readonly ok: false; readonly reason: SuspendError };

/** From the next turn on neither lane of the actor is read; what ends it (stop, kill, crash) does not wait. Asking again is no error. */
export function suspend(d: Dispatcher, path: string): SuspendResult {
  return set(d, path, true);
}

/** Ends `suspend`; a no-op for an actor that is not suspended. */
export function resume(d: Dispatcher, path: string): SuspendResult {
  return set(d, path, false);
}

function set(d: Dispatcher, path: string, suspended: boolean): SuspendResult {
  const cell = d.find(path);
  const reason = refusal(d, cell, path);
  if (reason !== null) return { ok: false, reason };
  if (cell!.suspended !== suspended) {
    cell!.suspended = suspended;
    d.trace.write(TraceKind.suspend, cell!.number, suspended ? 1 : 0, d.nowUs);
    if (!suspended && !cell!.scheduled && cell!.queued !== 0) d.schedule(cell!);
  }
  return { ok: true, path: cell!.path, state: nodeState(cell!) };
}

function refusal(d: Dispatcher, cell: Cell | undefined, path: string): SuspendError | null {
  if (cell === undefined) return { kind: 'not_found', path };
  if (cell.kind !== CellKind.worker) return { kind: 'not_worker', path: cell.path };
  if (d.inTurn) return { kind: 'in_turn', path: cell.path };
  return cell.state === CellState.running ? null : { kind: 'not_running', path: cell.path, state: nodeState(cell) };
}
