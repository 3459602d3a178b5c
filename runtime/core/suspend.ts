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

/** Keeps the cell out of the run queue: it counts as scheduled until `unpark`. */
function park(d: Dispatcher, cell: Cell): void {
  cell.suspended = true;
  cell.gated = true;
  // It may be the one whose turn has just been committed.
  d.unfinished = true;
  cell.parked = !cell.scheduled;
  cell.scheduled = true;
}

/** Ends a suspension however it ends. One that is still in the run queue is just left there. */
export function unpark(d: Dispatcher, cell: Cell): void {
  if (!cell.suspended) return;
  cell.suspended = false;
  cell.gated = cell.idle !== null;
  if (!cell.parked) return;
  cell.parked = false;
  cell.scheduled = false;
  if (cell.state <= CellState.draining && cell.queued !== 0) d.schedule(cell);
}

function set(d: Dispatcher, path: string, suspended: boolean): SuspendResult {
  const cell = d.find(path);
  const reason = refusal(d, cell, path);
  if (reason !== null) return { ok: false, reason };
  if (cell!.suspended !== suspended) {
    d.trace.write(TraceKind.suspend, cell!.number, suspended ? 1 : 0, d.nowUs);
    if (suspended) park(d, cell!);
    else unpark(d, cell!);
  }
  return { ok: true, path: cell!.path, state: nodeState(cell!) };
}

function refusal(d: Dispatcher, cell: Cell | undefined, path: string): SuspendError | null {
  if (cell === undefined) return { kind: 'not_found', path };
  if (cell.kind !== CellKind.worker) return { kind: 'not_worker', path: cell.path };
  if (d.inTurn) return { kind: 'in_turn', path: cell.path };
  return cell.state === CellState.running ? null : { kind: 'not_running', path: cell.path, state: nodeState(cell) };
}
