/**
 * The supervision tree as the page gets it. Three topics with params {@link TreeParams}: `tree` (values {@link TreeUpdate}, when its shape
 * changes), `tree.figures` ({@link TreeFigures}, at most four times a second), `tree.events` ({@link TreeEvent}[]: first the
 * latest there were, then what comes).
 */

export interface TreeParams {
  readonly source: string;
  /** The actor that is shown as the root; what the limits leave out of a large tree is seen from further below. Default `/`. */
  readonly path?: string;
}

export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';

export interface TreeSupervision {
  /** A name that is none of {@link Strategy} is one of a later version. */
  readonly strategy: string;
  /** The restart budget, and how much of it the last `withinMs` have used. */
  readonly restarts: number;
  readonly withinMs: number;
  readonly used: number;
  readonly autoShutdown: string;
}

/** Why something ended: its kind, and for an error what caused what, the innermost last. */
export interface TreeExit {
  /** normal, shutdown, killed or error. */
  readonly kind: string;
  readonly causes: readonly TreeCause[];
  /** What a shutdown or a normal end said; '' when nothing. */
  readonly info: string;
}

export interface TreeCause {
  readonly name: string;
  readonly message: string;
  /** Actor that it happened in; '' when it is not told. */
  readonly path: string;
  /** Type of the message that was handled; '' when there was none. */
  readonly during: string;
  readonly stack: string;
}

/** What of an actor changes seldom. */
export interface TreeNode {
  readonly path: string;
  readonly id: string;
  /** Place of its supervisor in the list; -1 for the first. */
  readonly parent: number;
  /** Its number in trace events. */
  readonly cell: number;
  /** worker, supervisor, dynamic, partitioned. */
  readonly kind: string;
  /** `name@version`; '' for a supervisor. */
  readonly behaviour: string;
  /** permanent, transient, temporary; '' when the process does not tell. */
  readonly restart: string;
  /** Messages its mailbox holds at most; 0 when unknown or none. */
  readonly bound: number;
  readonly supervision: TreeSupervision | null;
  readonly lastExit: TreeExit | null;
  /** Children that are not in the list. */
  readonly omitted: number;
}

export const NODE_STATES = ['starting', 'running', 'suspended', 'hibernating', 'restarting', 'stopping', 'stopped', 'quarantined', 'unknown'] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** Numbers of each node in `values`, in this order; a state is its place in {@link NODE_STATES}, that of a machine its place in `machines`. */
export const FIGURES = ['state', 'incarnation', 'restarts', 'mailbox', 'handled', 'timers', 'machine'] as const;
export const FIGURES_EACH = FIGURES.length;

export interface TreeFigures {
  /** Of the shape that these are about; those of another shape say nothing. */
  readonly version: number;
  readonly atUs: number;
  /** Trace events of the process that had happened; a process of an older version does not tell. */
  readonly traced?: number | undefined;
  /** In the order of the shape's nodes, {@link FIGURES_EACH} numbers each. */
  readonly values: readonly number[];
  /** States of machines, such as `ACTIVE` or `open.halfOpen`; the first is '', of whatever is no machine. */
  readonly machines: readonly string[];
}

export interface TreeShape {
  /** Counts the shapes that were told. */
  readonly version: number;
  /** Of the process; another one means that it is another process of the same name. */
  readonly life: number;
  readonly atUs: number;
  /** Level by level: a parent comes before its children, and siblings in start order. */
  readonly nodes: readonly TreeNode[];
  /** Nodes that are known to be left out; those below them are not counted. */
  readonly omitted: number;
  readonly figures: TreeFigures;
}

export type TreeUpdate =
  | { readonly kind: 'shape'; readonly shape: TreeShape }
  /** There is none at the moment. `why` is a sentence; what was shown before may stay, marked as old. */
  | { readonly kind: 'none'; readonly why: string };

export type TreeEvent = {
  /** Counts the events of the source from 1. */
  readonly seq: number;
  readonly life: number;
  readonly atUs: number;
  readonly path: string;
} & (
  | { readonly kind: 'started'; readonly incarnation: number; readonly supervisor: string }
  /** `context`: start_error, child_terminated, shutdown_error, or shutdown: the supervisor's budget is used up. */
  | { readonly kind: 'failed'; readonly incarnation: number; readonly supervisor: string; readonly context: string; readonly reason: TreeExit }
  | { readonly kind: 'state'; readonly from: NodeState; readonly to: NodeState }
  /** It is in the tree no more, and nobody reported a failure of it: it has done its work, or was stopped. */
  | { readonly kind: 'ended' }
  /** Another process has the name, or the tree is another runtime's. */
  | { readonly kind: 'life'; readonly note: string }
);

/** Answer of `GET /api/tree/actor?source=&path=`: each part bounded, and null where it could not be had (`problems` says why). */
export interface ActorDetail {
  readonly path: string;
  readonly node: TreeNode | null;
  readonly state: string;
  /** 0: its state could not be had, and `value` says nothing. */
  readonly incarnation: number;
  readonly value: unknown;
  readonly spec: unknown;
  readonly watching: readonly string[];
  readonly topics: readonly string[];
  readonly names: readonly string[];
  readonly timers: readonly { readonly key: string; readonly dueUs: number }[];
  readonly atUs: number;
  readonly deadLetters: readonly { readonly reason: string; readonly path: string; readonly message: unknown; readonly atUs: number }[];
  readonly trace: readonly { readonly seq: number; readonly kind: string; readonly detail: number; readonly atUs: number }[];
  readonly problems: readonly string[];
  /** How `value` is known, where it is not exact: `as sampled 0.4 s before`. */
  readonly known?: string;
}
