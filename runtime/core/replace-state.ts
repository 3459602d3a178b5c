import { TraceKind } from '../observe/trace.js';
import { nodeState, type NodeState } from '../observe/tree.js';
import type { FailureCause } from '../types.js';
import type { Dispatcher } from './dispatcher.js';
import { rearmIdle } from './idle.js';
import { runRestore } from './snapshot.js';
import { CellKind, CellState } from './states.js';

export type ReplaceStateError =
  | { readonly kind: 'not_found'; readonly path: string }
  | { readonly kind: 'not_worker'; readonly path: string }
  | { readonly kind: 'in_turn'; readonly path: string }
  | { readonly kind: 'not_running'; readonly path: string; readonly state: NodeState }
  /** Its journal would not know of it, and its recovery would be another actor. */
  | { readonly kind: 'durable'; readonly path: string }
  /** A state that is changed in place can only be made by its `restore`. */
  | { readonly kind: 'no_restore'; readonly path: string }
  | { readonly kind: 'restore_threw'; readonly path: string; readonly cause: FailureCause };

export type ReplaceStateResult = { readonly ok: true } | { readonly ok: false; readonly reason: ReplaceStateError };

/** For debugging (OTP `sys:replace_state`): the state becomes what `restore` makes of `data`, or `data` itself where there is no such hook. */
export function replaceState(d: Dispatcher, path: string, data: unknown): ReplaceStateResult {
  const cell = d.find(path);
  const refused = (reason: ReplaceStateError): ReplaceStateResult => ({ ok: false, reason });
  if (cell === undefined) return refused({ kind: 'not_found', path });
  if (cell.kind !== CellKind.worker) return refused({ kind: 'not_worker', path });
  if (d.inTurn || d.committing !== 0) return refused({ kind: 'in_turn', path });
  if (cell.state !== CellState.running) return refused({ kind: 'not_running', path, state: nodeState(cell) });
  if (cell.durable !== null) return refused({ kind: 'durable', path });
  const { behaviour } = cell;
  if (behaviour.restore === undefined && behaviour.stateKind === 'mutable') return refused({ kind: 'no_restore', path });
  const mark = d.ops.count;
  const made = behaviour.restore === undefined ? { ok: true as const, value: data } : runRestore(d, cell, behaviour, data, 'upgrade');
  if (!made.ok) return refused({ kind: 'restore_threw', path, cause: made.cause });
  rearmIdle(d, cell);
  cell.value = made.value;
  d.trace.write(TraceKind.upgrade, cell.number, behaviour.version, d.nowUs);
  d.commitAs(mark, 'replaced');
  d.settle();
  return { ok: true };
}
