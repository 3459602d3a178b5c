/**
 * What stands in a journal: one entry for each thing that happened to a durable actor, in the order it happened. Positions are
 * numbers counted from 0 over the whole journal; they are never used twice.
 */

/** Where a message came from that a turn has handled, and the message where it stands nowhere else in the journal. */
export type TurnInput =
  /** A message another entry holds: its position and the place in it (of the `send` among the operations; 0 in an input or outcome). */
  | readonly ['journal', position: number, index: number]
  /** A message of an actor that is not durable, or from outside without the input log. */
  | readonly ['message', message: unknown]
  | readonly ['timer', key: string, message: unknown]
  /** The outcome of an ask, already made into a message. */
  | readonly ['answer', ask: string, message: unknown]
  /** A question of another actor. */
  | readonly ['request', message: unknown]
  /** A notice of the runtime: a child's end, already made into a message. */
  | readonly ['child', id: string, message: unknown]
  | readonly ['down', token: number, message: unknown]
  /** A message put aside in an earlier turn, by the number of that turn. */
  | readonly ['stash', turn: number]
  | readonly ['system', message: unknown];

/** What a turn asked for, in the order it asked. */
export type TurnOp =
  /** To a durable actor: the message is part of the journal until the receiver has handled it. */
  | readonly ['send', to: string, message: unknown]
  /** The nth effect of a turn has the key `path#epoch:turn.n`. */
  | readonly ['effect', name: string, payload: unknown]
  | readonly ['timer', key: string, dueUs: number, message: unknown]
  | readonly ['cancel', key: string]
  /** `down`: the message the actor gets instead of an answer when the process ends first. */
  | readonly ['ask', id: string, down: unknown]
  | readonly ['topic', topic: string]
  | readonly ['name', name: string]
  | readonly ['watch', token: number, path: string]
  | readonly ['unwatch', token: number]
  | readonly ['child', id: string]
  | readonly ['nochild', id: string]
  /** The message of this turn was put aside, to be handled later. */
  | readonly ['stash', message: unknown]
  /** Everything that was put aside comes next. */
  | readonly ['unstash'];

interface Stamped {
  /** The runtime's clock, µs since the epoch. */
  readonly atUs: number;
}

/** One turn of a durable actor, whole: all of it is in the journal or none. */
export interface TurnEntry extends Stamped {
  readonly kind: 'turn';
  readonly actor: string;
  /** Turns of the actor since its birth, this one included; 0 is its `init`. */
  readonly turn: number;
  readonly incarnation: number;
  /** `stop`, `wake`, `upgrade`: no message was handled, the behaviour's stop or restore hook ran. */
  readonly phase: 'start' | 'step' | 'stop' | 'wake' | 'upgrade';
  readonly input: TurnInput | null;
  /** What the behaviour persisted; null with the log of inputs. */
  readonly events: readonly unknown[] | null;
  readonly ops: readonly TurnOp[];
  /** How many of the context's questions it asked: those that have an answer. */
  readonly calls: number;
  /** What the context answered where that could have been something else: the number of the call in the turn, and the answer. */
  readonly answers: readonly (readonly [call: number, answer: unknown])[];
  /** The actor's id counter after the turn. */
  readonly ids: number;
  /** The actor's generator after the turn, null when it has not drawn yet. */
  readonly random: readonly number[] | null;
}

/** A turn that threw: its message is used up, nothing else of it remains. */
export interface FailedEntry extends Stamped {
  readonly kind: 'failed';
  readonly actor: string;
  readonly turn: number;
  readonly input: TurnInput;
  readonly cause: string;
}

/** A message from outside the tree, written down when it came. */
export interface InputEntry extends Stamped {
  readonly kind: 'input';
  /** Path of the actor it is for. */
  readonly actor: string;
  readonly source: string;
  /** The source's own count. */
  readonly seq: number;
  readonly message: unknown;
}

/** How an effect went on: what its handler replied, that it was done, or that it threw. */
export interface OutcomeEntry extends Stamped {
  readonly kind: 'outcome';
  readonly actor: string;
  /** Idempotency key of the effect. */
  readonly key: string;
  readonly status: 'replied' | 'done' | 'failed';
  /** For the actor; undefined when it is only done. */
  readonly message: unknown;
}

/** A snapshot of the actor was taken here: entries up to this position are no longer needed to recover it. */
export interface SnapshotEntry extends Stamped {
  readonly kind: 'snapshot';
  readonly actor: string;
  readonly turn: number;
}

/** Everything up to a position was on disk, and the effects and replies held for that were let go, at this place in the order of turns. */
export interface ReleaseEntry extends Stamped {
  readonly kind: 'release';
  readonly upTo: number;
}

export type JournalEntry = TurnEntry | FailedEntry | InputEntry | OutcomeEntry | SnapshotEntry | ReleaseEntry;

/** Number of each kind in the header of an entry. */
export const KIND_CODES = { turn: 1, failed: 2, input: 3, outcome: 4, snapshot: 5, release: 6 } as const;

/** Everything an actor needs to go on where it was, taken between two turns. */
export interface ActorSnapshot {
  readonly format: 1;
  readonly path: string;
  readonly log: 'inputs' | 'events';
  readonly behaviour: { readonly name: string; readonly version: number };
  readonly atUs: number;
  readonly epoch: number;
  readonly turn: number;
  readonly incarnation: number;
  readonly ids: number;
  readonly random: readonly number[] | null;
  /** What `Behaviour.snapshot` gives, or the state itself. */
  readonly value: unknown;
  /** In the order they are to fire. */
  readonly timers: readonly { readonly key: string; readonly dueUs: number; readonly message: unknown }[];
  readonly deferred: readonly QueuedMessage[];
  readonly effects: readonly { readonly key: string; readonly name: string; readonly payload: unknown }[];
  readonly asks: readonly { readonly id: string; readonly down: unknown }[];
  readonly topics: readonly string[];
  readonly names: readonly string[];
  readonly watching: readonly { readonly token: number; readonly path: string }[];
  readonly children: readonly string[];
  /** Messages the actor has not handled yet, oldest first, with their place in the journal. */
  readonly queue: readonly QueuedMessage[];
}

/**
 * A message with its place in the journal. A message that was put aside is named by the turn that did it (position -1); one that was
 * queued without a place when the actor was stopped by the position of that snapshot.
 */
export interface QueuedMessage {
  readonly position: number;
  readonly index: number;
  readonly message: unknown;
}
