import type { Cell } from '../core/cell.js';
import { CellKind, CellState } from '../core/states.js';
import type { ExitReason } from '../types.js';

export type NodeState = 'running' | 'restarting' | 'stopping' | 'stopped' | 'quarantined';

/** One node of the supervision tree as plain data; a copy, safe to keep and to send anywhere. */
export interface TreeNode {
  readonly path: string;
  readonly id: string;
  /** Number of the cell in trace events. */
  readonly cell: number;
  readonly kind: 'worker' | 'supervisor' | 'dynamic';
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly state: NodeState;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages waiting, both lanes. */
  readonly mailbox: number;
  readonly handled: number;
  readonly timers: number;
  readonly lastExit: ExitReason | null;
  readonly children: readonly TreeNode[];
}

export function treeOf(cell: Cell): TreeNode {
  const children: TreeNode[] = [];
  for (const child of cell.children?.values() ?? []) children.push(treeOf(child));
  return {
    path: cell.path,
    id: cell.id,
    cell: cell.number,
    kind: cell.kind === CellKind.worker ? 'worker' : cell.kind === CellKind.dynamic ? 'dynamic' : 'supervisor',
    behaviour: cell.kind === CellKind.worker ? { name: cell.behaviour.name, version: cell.behaviour.version } : null,
    state: nodeState(cell),
    incarnation: cell.incarnation,
    restarts: cell.restarts,
    mailbox: cell.queued,
    handled: cell.handled,
    timers: cell.timers?.size ?? 0,
    lastExit: cell.lastExit,
    children,
  };
}

export function nodeState(cell: Cell): NodeState {
  switch (cell.state) {
    case CellState.running:
    case CellState.starting:
      return 'running';
    case CellState.draining:
    case CellState.stopping:
      return 'stopping';
    case CellState.down:
      return 'restarting';
    case CellState.stopped:
    case CellState.gone:
      return cell.quarantined ? 'quarantined' : 'stopped';
  }
}
