import type { BackoffSpec, MailboxSpec, RestartType, Shutdown, Strategy } from '../../runtime/index.js';

/**
 * A script is plain data: a tree, and what is done to it from outside. It can be played, shrunk and printed. What it says of
 * actors that do not exist is as good as the rest: nothing may go wrong then either.
 */
export interface Script {
  readonly seed: number;
  readonly tree: SupervisorPlan | DynamicPlan | PartitionedPlan;
  readonly actions: readonly Action[];
}

export interface Budget {
  readonly restarts: number;
  readonly withinMs: number;
}

export interface WorkerPlan {
  readonly kind: 'worker';
  readonly id: string;
  readonly actor?: ActorPlan;
  readonly restart?: RestartType;
  readonly restore?: 'init' | 'lastGood';
  readonly shutdown?: Shutdown;
  readonly startDeadlineMs?: number;
  readonly idleAfter?: number;
  readonly significant?: boolean;
  readonly mailbox?: Pick<MailboxSpec, 'capacity' | 'overflow' | 'onRestart' | 'stash'>;
  readonly backoff?: BackoffSpec;
  readonly quarantine?: Budget;
}

/** What is odd about an actor. */
export interface ActorPlan {
  readonly mutable?: boolean;
  /** Every n-th start of this behaviour throws. */
  readonly flaky?: number;
  /** Every n-th start says that there is nothing to do. */
  readonly ignores?: number;
  /** A flaky start fails by `ctx.failStart` instead of a throw. */
  readonly failsByValue?: boolean;
  /** Its starts go on after `init` for so many milliseconds. */
  readonly late?: number;
  /** Such a start fails by `ctx.failStart`. */
  readonly failsLate?: boolean;
  /** So many milliseconds after it began it is over: the actor ends, or throws (`dies`). */
  readonly lasts?: number;
  readonly dies?: boolean;
  /** As the newer version of an upgrade: its `migrate` or `restore` throws, or there is no way from the older version. */
  readonly refuses?: 'migrate' | 'restore' | 'version';
  /** Its stop hook answers 'pending': it waits for an order to end, or for its deadline. */
  readonly slowStop?: boolean;
  /** Its stop hook throws. */
  readonly failStop?: boolean;
  /** Carried out in `init`. */
  readonly onStart?: readonly Order[];
  /** An XState machine instead of the scripted actor. */
  readonly machine?: boolean;
}

export interface SupervisorPlan {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly strategy: Strategy;
  readonly intensity: Budget;
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly shutdown?: { readonly force: number };
  readonly backoff?: BackoffSpec;
  readonly children: readonly Plan[];
}

export interface DynamicPlan {
  readonly kind: 'dynamic';
  readonly id: string;
  readonly intensity: Budget;
  readonly maxChildren?: number;
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly backoff?: BackoffSpec;
}

export interface PartitionedPlan {
  readonly kind: 'partitioned';
  readonly id: string;
  readonly partitions: number;
  readonly partition: Omit<WorkerPlan, 'id'> | Omit<DynamicPlan, 'id'>;
  readonly intensity: Budget;
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly backoff?: BackoffSpec;
}

export type Plan = WorkerPlan | SupervisorPlan | DynamicPlan | PartitionedPlan;

/** What an actor is told to do in its turn. */
export interface Order {
  readonly type: OrderType;
  readonly n?: number;
  readonly to?: string;
}

export const ORDERS = [
  'add', 'die', 'end', 'chain', 'timer', 'cancel', 'spawn', 'spawnNow', 'stopKid', 'monitor', 'demonitor', 'ask', 'reply', 'replyTwice', 'subscribe', 'publish',
  'register', 'effect', 'workThenDie', 'exit', 'stash', 'unstash', 'watch', 'join', 'leave', 'watchGroup', 'unwatchGroup', 'broadcast', 'task', 'cancelTask', 'started', 'failStart',
] as const;
export type OrderType = (typeof ORDERS)[number];

/** What a reconfiguration changes besides the children. */
export interface Flags {
  readonly strategy?: Strategy;
  readonly intensity?: Budget;
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly partitions?: number;
}

/** What is done from outside, between turns. */
export type Action =
  | { readonly do: 'send'; readonly to: string; readonly order: Order; readonly times?: number }
  | { readonly do: 'ask'; readonly to: string; readonly order: Order; readonly ms: number }
  | { readonly do: 'crash' | 'kill' | 'poison' | 'monitor' | 'suspend' | 'resume'; readonly at: string }
  | { readonly do: 'terminateChild' | 'terminateByRef' | 'restartChild' | 'deleteChild'; readonly at: string; readonly id: string }
  | { readonly do: 'startChild'; readonly at: string; readonly child: Plan }
  | { readonly do: 'exit'; readonly at: string; readonly kind: 'normal' | 'shutdown' | 'error' }
  | { readonly do: 'reconfigure'; readonly at: string; readonly flags: Flags; readonly children?: readonly Plan[] }
  | { readonly do: 'publish'; readonly order: Order }
  | { readonly do: 'broadcast'; readonly group: string }
  | { readonly do: 'route'; readonly at: string; readonly key: number; readonly order: Order }
  /** To a newer version: the actor there, or (`all`) every scripted one. */
  | { readonly do: 'upgrade'; readonly at: string; readonly actor?: ActorPlan; readonly all?: boolean; readonly dryRun?: boolean }
  | { readonly do: 'step'; readonly turns: number }
  | { readonly do: 'wait'; readonly ms: number };
