/**
 * The public shapes of the runtime: behaviours, references, child specifications, outcomes.
 *
 * Time is in microseconds (`Us`) where it is a stamp and in milliseconds (`Ms`) where it is a duration a
 * person writes. Nothing here throws: every operation returns a tagged result, except programmer errors.
 */
import type { MachineFace } from './probe/face.js';

/** Address of an actor: stable over restarts. Sending to it is safe for ever. */
export interface ActorRef<M = unknown> {
  readonly path: string;
  /** Phantom: makes `ActorRef<A>` and `ActorRef<B>` different types. Never present at run time. */
  readonly _message?: (message: M) => void;
}

export type ExitReason =
  | { readonly kind: 'normal'; readonly output?: unknown }
  | { readonly kind: 'shutdown'; readonly info?: unknown }
  | { readonly kind: 'killed' }
  | { readonly kind: 'error'; readonly cause: FailureCause };

/** Why something failed, as plain data, innermost last. */
export interface FailureCause {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Actor the failure happened in. */
  readonly path?: string;
  readonly incarnation?: number;
  /** Type and position of the message being handled, when there was one. */
  readonly during?: { readonly type: string; readonly turn: number };
  readonly cause?: FailureCause;
}

/** `delivered` (queued), or why it was not. Never an exception. */
export type SendResult = 'delivered' | 'full' | 'dead';

export type OverflowPolicy = 'reject' | 'dropNewest' | 'dropOldest' | 'conflate' | 'fail';

export interface MailboxSpec {
  /** Messages the user lane holds at most (rounded up to a power of two). Default 1024. */
  readonly capacity?: number;
  /** What happens to a message that does not fit. Default 'reject'. */
  readonly overflow?: OverflowPolicy;
  /** Required for 'conflate': the latest message per key is kept. */
  readonly conflateKey?: (message: never) => string | number;
  /** What becomes of queued messages, and of those that come during back-off, at a restart. Default 'keep'. */
  readonly onRestart?: 'keep' | 'drop' | 'reject';
  /** Messages `ctx.stash` and `meta.defer` may set aside at most. Default 1024. */
  readonly stash?: number;
}

export type DeadLetterReason =
  | 'no_such_actor' | 'stopped' | 'restarting_drop' | 'mailbox_full' | 'poison' | 'unhandled' | 'stale_timer'
  | 'stale' | 'late_reply' | 'stash_overflow';

export interface DeadLetter {
  readonly reason: DeadLetterReason;
  readonly path: string;
  readonly message: unknown;
  readonly atUs: number;
  readonly cause?: FailureCause;
}

/** A monitor's one and only notice; arrives on the system lane as an ordinary message of this shape. */
export interface Down {
  readonly type: 'runtime.down';
  readonly token: number;
  readonly path: string;
  readonly incarnation: number;
  readonly reason: ExitReason | { readonly kind: 'noproc' };
}

/** Who came to and who went from a watched group; arrives on the system lane. */
export interface GroupChange {
  readonly type: 'runtime.group';
  readonly token: number;
  readonly group: string;
  readonly joined: readonly ActorRef[];
  readonly left: readonly ActorRef[];
}

export type PartitionKey = string | number | bigint;

/** A one-shot child. Its value is what it gives to `ctx.stop`. */
export interface TaskSpec<I = unknown> extends Pick<WorkerSpec, 'mailbox' | 'shutdown' | 'startDeadlineMs'> {
  /** Default `task-` and a number. */
  readonly id?: string;
  readonly behaviour: Behaviour<never, never, I>;
  readonly input?: I;
  /** Milliseconds until the outcome is `timeout` and the task is stopped. Infinity for no deadline. */
  readonly deadlineMs: number;
  /** Its crash is the crash of the actor that began it, instead of an outcome. Default true. */
  readonly linked?: boolean;
}

export type TaskOutcome<R = unknown> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly reason: 'crashed'; readonly cause: FailureCause }
  /** `stopped`: it ended with `shutdown` by itself. */
  | { readonly ok: false; readonly reason: 'timeout' | 'cancelled' | 'stopped' };

/**
 * The one notice of `watchPermanent`, on the system lane: nothing will start this address again by itself. An address whose specification
 * is kept counts as gone when only an administrator, or a restart of its whole group, would start it.
 */
export interface Gone {
  readonly type: 'runtime.gone';
  readonly token: number;
  readonly path: string;
  readonly incarnation: number;
  readonly reason: ExitReason | { readonly kind: 'noproc' };
}

export type AskResult<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly reason: 'timeout' | 'dead' | 'full' | 'down' };

/** What a behaviour may do during a turn. Everything here belongs to (path, incarnation) and dies with it. */
export interface ActorContext<M = unknown> {
  readonly self: ActorRef<M>;
  readonly path: string;
  readonly incarnation: number;
  /** The runtime's clock, µs since the epoch. The only clock a behaviour may read. */
  nowUs(): number;
  /** Uniform in [0, 1) from the actor's own seeded generator. */
  random(): number;
  /** Deterministic id: path, incarnation, counter. */
  nextId(): string;
  send<T>(to: ActorRef<T>, message: T): SendResult;
  /** Reference by absolute path ('/market/kernel') or registered name; a path that does not exist yet is a valid address. */
  ref<T = unknown>(path: string): ActorRef<T>;
  /** Starts (or replaces) the keyed timer; the message arrives in the user lane at its due time. */
  startTimer(key: string, delayMs: number, message: M): void;
  /** As startTimer, with an absolute due time. */
  startTimerAt(key: string, dueUs: number, message: M): void;
  cancelTimer(key: string): boolean;
  monitor(ref: ActorRef<never>): number;
  /**
   * Death watch: one message `Gone` when the address is gone for good, none for restarts; at once when there is nobody and no supervisor
   * will start anybody there. `demonitor` takes it back.
   */
  watchPermanent(ref: ActorRef<never>): number;
  demonitor(token: number): void;
  /**
   * Sends `request` with a reply address; the outcome comes back through `toMessage` as an ordinary message of
   * this actor, exactly once, at the latest at the deadline.
   */
  ask<R>(to: ActorRef<never>, request: unknown, deadlineMs: number, toMessage: (result: AskResult<R>) => M): void;
  /** Answers the ask that delivered the current message; a no-op (dead letter `late_reply`) otherwise. */
  reply(value: unknown): void;
  /** Starts a supervised child under this actor; it is stopped before this actor's own stop hook ends. */
  spawn<T>(spec: WorkerSpec<T>): StartChildResult<T>;
  /**
   * As `spawn`, carried out when this turn is committed (after an earlier `stopChild` of the same id). A start that fails is told
   * through `childExit`; an invalid specification throws.
   */
  spawnLater(spec: WorkerSpec<never>): void;
  stopChild(id: string): void;
  /**
   * Begins a one-shot child when this turn is committed; its outcome comes back through `toMessage` as an ordinary message of this
   * actor, exactly once, at the latest at the deadline, unless this life ends first (the task ends with it). Answers with the child's id.
   */
  task<I, R>(spec: TaskSpec<I>, toMessage: (outcome: TaskOutcome<R>) => M): string;
  /** The outcome of the task is `cancelled` now, and it is stopped as its specification says. Nothing when it is over. */
  cancelTask(id: string): void;
  /** Becomes a member of a group of actors, until it leaves or this incarnation ends. Twice is once. */
  join(group: string): void;
  leave(group: string): void;
  /** Members in the order they joined, as they are before this turn is committed. */
  members<T = unknown>(group: string): ActorRef<T>[];
  /** Tells of a group from now on: a `GroupChange` of all who are members, then one for each change. Answers with its token. */
  watchGroup(group: string): number;
  unwatchGroup(token: number): void;
  /** Sends the message to every member of the group, in the order they joined. */
  broadcast(group: string, message: unknown): void;
  /** The partition of a partitioned supervisor that a key belongs to; undefined when there is no such supervisor. */
  route<T = unknown>(supervisor: string, key: PartitionKey): ActorRef<T> | undefined;
  /** Runs a named effect from the runtime's table after this turn has succeeded; a throwing turn runs none. */
  effect(name: string, payload: unknown): void;
  /**
   * Sets the message of this turn aside, with its reply address if it is an ask. 'full': there is no room (`mailbox.stash`),
   * the message will be a dead letter `stash_overflow`.
   */
  stash(): 'stashed' | 'full';
  /** Puts everything that is set aside in front of the mailbox, oldest first. */
  unstashAll(): void;
  /**
   * Of an actor with `durable: { log: 'events' }`: makes the event part of its history and applies it. Returns the state after it,
   * `Behaviour.apply`'s answer; the event counts when the turn succeeds.
   */
  persist(event: unknown): unknown;
  /** Ends this actor after the current turn: normal exit with an output. */
  stop(output?: unknown): void;
  /** Ends this actor after the current turn with any reason but a kill: `{ kind: 'shutdown', info }`, or an error without a throw. */
  exit(reason: Exclude<ExitReason, { readonly kind: 'killed' }>): void;
  /**
   * In `init` only, as `return ctx.ignore()`: there is nothing to do here. The start succeeds without an incarnation and nothing
   * this init asked for happens; a permanent or transient child keeps its specification, any other is forgotten.
   */
  ignore(): never;
  /**
   * In `init`: the start goes on after it. The supervisor starts nothing that comes later until this actor has said `started`,
   * and answers the administrator and a stop meanwhile. The actor handles its messages; the specification's `startDeadlineMs` ends
   * the wait as a start failure.
   */
  startLater(): void;
  /** The start is finished. What is given is told to the one who starts this child by hand (`info` of the answer). */
  started(info?: unknown): void;
  /** The start fails for this reason, as by a throw in `init`, but as a value. */
  failStart(reason: unknown): void;
  publish(topic: string, message: unknown): void;
  subscribe(topic: string): void;
  /** Takes a unique name for this actor (freed when this incarnation ends); false when another actor holds it. */
  register(name: string): boolean;
}

/**
 * A behaviour is a value: how an actor begins and how a message changes it.
 *
 * `stateKind` says what `step` does to its argument. With 'immutable' (default) a throw leaves the last good
 * state whole. With 'mutable' `step` works in place (kernels, typed arrays): a crash between turns still leaves
 * it whole, a throw inside a turn does not, and such a restart begins from `init` whatever the child
 * specification says.
 */
export interface Behaviour<S = unknown, M = unknown, Input = unknown> {
  readonly name: string;
  readonly version: number;
  readonly stateKind?: 'immutable' | 'mutable';
  init(ctx: ActorContext<M>, input: Input): S;
  step(state: S, message: M, ctx: ActorContext<M>): S;
  /**
   * Runs once when the actor ends, unless it is killed or keeps its state over a restart. Return 'pending' to stay
   * alive for a last exchange: the actor then handles messages until it calls `ctx.stop()` or its `shutdown` time is up.
   */
  stop?(state: S, ctx: ActorContext<M>, reason: ExitReason): void | 'pending';
  /** The message (an `M`) this actor gets when a child it spawned has ended for good; undefined = none. */
  childExit?(id: string, reason: ExitReason): unknown;
  /**
   * The state as data, taken between turns; `restore` makes a state of it again. An immutable state may do without both: it is
   * its own snapshot. What `snapshot` gives must not change when the state goes on.
   */
  snapshot?(state: S): unknown;
  /**
   * In the place of `init`. `how` says what the actor still has: 'start' (a new process): timers, stash, topics, names, random
   * stream and id counter are back, children, monitors and asks are gone; 'upgrade' and 'wake': everything is still there.
   */
  restore?(data: unknown, ctx: ActorContext<M>, input: Input, how: 'start' | 'upgrade' | 'wake'): S;
  /** Makes the data of an older version's snapshot that of this version; undefined = there is no way from that version. */
  migrate?(data: unknown, fromVersion: number): unknown;
  /** With a log of events: the state after an event that was persisted. Pure: it is all that runs again when the actor is recovered. */
  apply?(state: S, event: unknown): S;
  /** Makes an event of an older version one of this version; undefined = there is no way from that version. */
  migrateEvent?(event: unknown, fromVersion: number): unknown;
  /** For `inspect`: a plain-data view of the state. Default: the state itself, copied with limits. */
  view?(state: S): unknown;
  /** Of a behaviour whose state is that of a state machine: its definition, for charts and probes. `machine` and `dataHooks` give it. */
  readonly machine?: MachineFace;
}

export type RestartType = 'permanent' | 'transient' | 'temporary';
export type Shutdown = number | 'brutal' | 'infinity';

export interface BackoffSpec {
  readonly minMs: number;
  readonly maxMs: number;
  /** Share of the delay that is random, 0 (none) to 1 (full jitter in [minMs, delay]). */
  readonly jitter: number;
  /** Stable run after which the attempt counter starts anew. Default (minMs + maxMs) / 2. */
  readonly resetAfterMs?: number;
}

/** How an actor outlives its process; see docs/journal.md. The runtime needs a journal for it. */
export interface DurableSpec {
  /**
   * What is written down of each turn. 'inputs': its message; the behaviour handles the messages since the last snapshot again to
   * recover, so it must depend on nothing else. 'events': what the behaviour gave to `ctx.persist`; only `apply` runs again.
   */
  readonly log: 'inputs' | 'events';
  /** Messages from outside the tree are written down when they come, and so survive in the queue too. Default false. */
  readonly inputLog?: boolean;
}

/** One worker child. `M` is the message type its mailbox takes. */
export interface WorkerSpec<M = unknown> {
  readonly kind: 'worker';
  readonly id: string;
  // Specs of different message types stand in one list; the pair is checked where it is built (`worker()`).
  readonly behaviour: Behaviour<unknown, never, never>;
  readonly input?: unknown;
  readonly restart?: RestartType;
  /** What a restart begins with: fresh state, or the state after the last completed turn with its timers. Default 'init'. */
  readonly restore?: 'init' | 'lastGood';
  /** Milliseconds to stop in, or brutal, or infinity. Default 5000. */
  readonly shutdown?: Shutdown;
  /** Milliseconds a start has that goes on after `init` (`ctx.startLater`). Default 1000. */
  readonly startDeadlineMs?: number;
  readonly significant?: boolean;
  readonly mailbox?: MailboxSpec;
  readonly backoff?: BackoffSpec;
  /** Milliseconds without a message after which the state is reduced to its snapshot; the next message brings it back. Default: never. */
  readonly idleAfter?: number;
  readonly durable?: DurableSpec;
  /** Optional budget of its own: exceeding it stops (quarantines) this child and leaves the siblings alone. */
  readonly quarantine?: { readonly restarts: number; readonly withinMs: number };
  readonly _message?: (message: M) => void;
}

export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';

export interface SupervisorSpec {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly strategy: Strategy;
  /** More than `restarts` within `withinMs` and the supervisor gives up, abnormally. No default at the root. */
  readonly intensity: { readonly restarts: number; readonly withinMs: number };
  readonly children: readonly ChildSpec[];
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly shutdown?: 'infinity' | { readonly force: number };
  readonly backoff?: BackoffSpec;
}

export interface DynamicSupervisorSpec {
  readonly kind: 'dynamic';
  readonly id: string;
  readonly intensity: { readonly restarts: number; readonly withinMs: number };
  readonly maxChildren?: number;
  readonly autoShutdown?: 'never' | 'anySignificant' | 'allSignificant';
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly backoff?: BackoffSpec;
  /** Fields every child gets unless its own specification says otherwise. */
  readonly template?: Partial<Omit<WorkerSpec, 'kind' | 'id'>>;
}

/**
 * A supervisor of a number of like partitions, `/id/0`, `/id/1`, …, to which `route` deals keys: the same key to the same partition in
 * every run. Its strategy is oneForOne. `reconfigure` with another number starts the new ones, or stops the last ones with all in them.
 */
export interface PartitionedSupervisorSpec {
  readonly kind: 'partitioned';
  readonly id: string;
  readonly partitions: number;
  /** What each partition is: most often a dynamic supervisor, but a worker will do. */
  readonly partition: Omit<DynamicSupervisorSpec, 'id'> | Omit<SupervisorSpec, 'id'> | Omit<WorkerSpec<never>, 'id'> | Omit<WorkerSpec, 'id'>;
  readonly intensity: { readonly restarts: number; readonly withinMs: number };
  readonly restart?: RestartType;
  readonly significant?: boolean;
  readonly backoff?: BackoffSpec;
}

export type ChildSpec = WorkerSpec<never> | WorkerSpec | SupervisorSpec | DynamicSupervisorSpec | PartitionedSupervisorSpec;

/**
 * `info` is what the child's init gave to `ctx.started`. With `ignored` the child said there is nothing to do: the reference is an
 * address nobody has. With `pending` its start goes on; how it ends is told to the caller's `onStarted`, if given, and in a report.
 */
export type StartChildResult<T = unknown> =
  | { readonly ok: true; readonly ref: ActorRef<T>; readonly info?: unknown; readonly ignored?: true; readonly pending?: true }
  | { readonly ok: false; readonly reason: StartChildError };

export type StartChildError =
  | { readonly kind: 'already_started'; readonly path: string }
  | { readonly kind: 'already_present'; readonly path: string }
  | { readonly kind: 'not_found'; readonly path: string }
  | { readonly kind: 'restarting'; readonly path: string }
  | { readonly kind: 'running'; readonly path: string }
  /** A dynamic supervisor knows its children by reference, a static one by id. */
  | { readonly kind: 'needs_reference'; readonly path: string }
  | { readonly kind: 'max_children'; readonly limit: number }
  | { readonly kind: 'invalid_spec'; readonly problems: readonly string[] }
  | { readonly kind: 'not_supervisor'; readonly path: string }
  /** Its children are its partitions: started and stopped by `reconfigure`, found by `route`. */
  | { readonly kind: 'partitioned'; readonly path: string }
  | { readonly kind: 'stopping'; readonly path: string }
  /** A supervisor whose own start is not finished takes no further children. */
  | { readonly kind: 'starting'; readonly path: string }
  | { readonly kind: 'start_failed'; readonly cause: FailureCause };
