import type { Cell } from '../core/cell.js';
import { CellKind, CellState } from '../core/states.js';
import { stateText } from '../probe/state-text.js';
import type { ExitReason, RestartType, Strategy } from '../types.js';

export const NODE_STATES = ['starting', 'running', 'suspended', 'hibernating', 'restarting', 'stopping', 'stopped', 'quarantined'] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** How a supervisor deals with its children, and what is left of its restart budget. */
export interface Supervision {
  readonly strategy: Strategy;
  /** More restarts than this within `withinMs` and it gives up. */
  readonly restarts: number;
  readonly withinMs: number;
  /** Restarts of the last `withinMs`. */
  readonly used: number;
  readonly autoShutdown: 'never' | 'anySignificant' | 'allSignificant';
}

/** One node of the supervision tree as plain data; a copy, safe to keep and to send anywhere. */
export interface TreeNode {
  readonly path: string;
  readonly id: string;
  /** Number of the cell in trace events. */
  readonly cell: number;
  readonly kind: 'worker' | 'supervisor' | 'dynamic' | 'partitioned';
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly state: NodeState;
  /** State of an actor that is a state machine, such as `ACTIVE` or `open.halfOpen`, at most 40 characters; '' for any other, and for one that has no state at the moment. */
  readonly machineState: string;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages waiting: both lanes, and those set aside. */
  readonly mailbox: number;
  readonly handled: number;
  readonly timers: number;
  readonly lastExit: ExitReason | null;
  readonly restart: RestartType;
  /** Messages the mailbox holds at most; 0 for a supervisor. */
  readonly mailboxBound: number;
  /** Null for a worker, also for one that has spawned children. */
  readonly supervision: Supervision | null;
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
export function treeOf(root: Cell, nowUs: number, limits: TreeLimits = {}): TreeNode {
  const { depth = Infinity, nodes = Infinity } = limits;
  const first = nodeOf(root, nowUs);
  let level: { readonly cell: Cell; readonly node: Building }[] = [{ cell: root, node: first }];
  let left = nodes - 1;
  for (let below = 1; level.length > 0; below++) {
    const next: { readonly cell: Cell; readonly node: Building }[] = [];
    for (const { cell, node } of level) {
      const all = cell.children?.size ?? 0;
      if (all === 0) continue;
      if (below <= depth && left > 0) {
        for (const child of cell.children!.values()) {
          const copy = nodeOf(child, nowUs);
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

/** Numbers that `figuresOf` tells of each actor. */
export const FIGURES = ['cell', 'state', 'incarnation', 'restarts', 'mailbox', 'handled', 'timers', 'machineState'] as const;

export interface Figures {
  /** `FIGURES.length` numbers of each actor, one after the other. */
  readonly values: number[];
  /** States of machines by their numbers in `values`; the first is '', of whatever is no machine. */
  readonly machineStates: string[];
}

/**
 * What changes from moment to moment, of the same actors in the same order as `treeOf` lists them level by level: `FIGURES.length` numbers each
 * in one flat list, the state as its place in `NODE_STATES` and that of a machine as its place in `machineStates`. About a sixteenth of the tree’s bytes and several times less work, for who looks several times a second.
 */
export function figuresOf(root: Cell, { depth = Infinity, nodes = Infinity }: TreeLimits = {}): Figures {
  const values: number[] = [];
  const machineStates = [''];
  const places = new Map<string, number>([['', 0]]);
  const placeOf = (text: string): number => {
    const known = places.get(text) ?? machineStates.push(text) - 1;
    places.set(text, known);
    return known;
  };
  let place = 0;
  const level: Cell[] = [root];
  let levelEnd = 1;
  let below = 1;
  for (let at = 0; at < level.length; at++) {
    const cell = level[at]!;
    const machineState = machineStateOf(cell);
    // Neighbours are often in the same state.
    if (machineState !== machineStates[place]) place = placeOf(machineState);
    values.push(cell.number, NODE_STATES.indexOf(nodeState(cell)), cell.incarnation, cell.restarts, cell.queued + (cell.stash?.length ?? 0), cell.handled, cell.timers?.size ?? 0, place);
    if (below <= depth && cell.children !== null && level.length < nodes) {
      for (const child of cell.children.values()) {
        level.push(child);
        if (level.length >= nodes) break;
      }
    }
    if (at + 1 === levelEnd) {
      levelEnd = level.length;
      below += 1;
    }
  }
  return { values, machineStates };
}

/** Of an actor whose behaviour has a machine's definition: what its state, or the data of one that hibernates, says of itself. */
function machineStateOf(cell: Cell): string {
  if (cell.kind !== CellKind.worker || cell.behaviour.machine === undefined) return '';
  const held: unknown = cell.idle !== null && cell.idle.asleep ? cell.idle.data : cell.value;
  if (typeof held !== 'object' || held === null) return '';
  try {
    return stateText((held as { readonly value?: unknown }).value);
  } catch {
    // A behaviour of others that calls its state a machine's.
    return '';
  }
}

function supervisionOf(cell: Cell, nowUs: number): Supervision | null {
  if (cell.supervision === null) return null;
  const { strategy, autoShutdown, window } = cell.supervision;
  return { strategy, restarts: window.limit, withinMs: window.withinUs / 1000, used: window.used(nowUs), autoShutdown };
}

function nodeOf(cell: Cell, nowUs: number): Building {
  return {
    path: cell.path,
    id: cell.id,
    cell: cell.number,
    kind: cell.spec.kind,
    behaviour: cell.kind === CellKind.worker ? { name: cell.behaviour.name, version: cell.behaviour.version } : null,
    state: nodeState(cell),
    machineState: machineStateOf(cell),
    incarnation: cell.incarnation,
    restarts: cell.restarts,
    mailbox: cell.queued + (cell.stash?.length ?? 0),
    handled: cell.handled,
    timers: cell.timers?.size ?? 0,
    lastExit: cell.lastExit,
    restart: cell.policy.restart,
    mailboxBound: cell.mailbox.capacity,
    supervision: supervisionOf(cell, nowUs),
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
