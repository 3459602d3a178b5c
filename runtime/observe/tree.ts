import type { Cell } from '../core/cell.js';
import { CellKind, CellState } from '../core/states.js';
import type { ExitReason } from '../types.js';

export type NodeState = 'starting' | 'running' | 'suspended' | 'hibernating' | 'restarting' | 'stopping' | 'stopped' | 'quarantined';

/** One node of the supervision tree as plain data; a copy, safe to keep and to send anywhere. */
export interface TreeNode {
  readonly path: string;
  readonly id: string;
  /** Number of the cell in trace events. */
  readonly cell: number;
  readonly kind: 'worker' | 'supervisor' | 'dynamic' | 'partitioned';
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly state: NodeState;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages waiting: both lanes, and those set aside. */
  readonly mailbox: number;
  readonly handled: number;
  readonly timers: number;
  readonly lastExit: ExitReason | null;
  readonly children: readonly TreeNode[];
  /** Children that the limits of the copy left out; absent when there are none. */
  readonly omitted?: number;
}

export interface TreeLimits {
  /** Levels below the first node. */
  readonly depth?: number;
  /** Nodes in all; the upper levels come first. */
  readonly nodes?: number;
}

type Building = Omit<TreeNode, 'children'> & { children: Building[]; omitted?: number };

/** Copies the tree level by level; what the limits leave out is not even looked at. */
export function treeOf(root: Cell, limits: TreeLimits = {}): TreeNode {
  const { depth = Infinity, nodes = Infinity } = limits;
  const first = nodeOf(root);
  let level: { readonly cell: Cell; readonly node: Building }[] = [{ cell: root, node: first }];
  let left = nodes - 1;
  for (let below = 1; level.length > 0; below++) {
    const next: { readonly cell: Cell; readonly node: Building }[] = [];
    for (const { cell, node } of level) {
      const all = cell.children?.size ?? 0;
      if (all === 0) continue;
      if (below <= depth && left > 0) {
        for (const child of cell.children!.values()) {
          const copy = nodeOf(child);
          node.children.push(copy);
          next.push({ cell: child, node: copy });
          if (--left === 0) break;
        }
      }
      if (node.children.length < all) node.omitted = all - node.children.length;
    }
    level = next;
  }
  return first;
}

function nodeOf(cell: Cell): Building {
  return {
    path: cell.path,
    id: cell.id,
    cell: cell.number,
    kind: cell.spec.kind,
    behaviour: cell.kind === CellKind.worker ? { name: cell.behaviour.name, version: cell.behaviour.version } : null,
    state: nodeState(cell),
    incarnation: cell.incarnation,
    restarts: cell.restarts,
    mailbox: cell.queued + (cell.stash?.length ?? 0),
    handled: cell.handled,
    timers: cell.timers?.size ?? 0,
    lastExit: cell.lastExit,
    children: [],
  };
}

export function nodeState(cell: Cell): NodeState {
  switch (cell.state) {
    case CellState.running:
      if (cell.suspended) return 'suspended';
      return cell.idle !== null && cell.idle.asleep ? 'hibernating' : 'running';
    case CellState.starting:
      return 'starting';
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
