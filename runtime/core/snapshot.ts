import { Random } from '../random.js';
import type { Behaviour, FailureCause } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { toFailureCause } from './failure.js';
import { contentOf } from './post.js';
import { refusePromise } from './refuse-promise.js';
import { release } from './release.js';
import { CellKind, CellState } from './states.js';
import { keyedTimer } from './timer-jobs.js';

/** A timer of an actor by its absolute due time, µs since the epoch; one that is overdue has not been handled yet. */
export interface SnapshotTimer {
  readonly key: string;
  readonly dueUs: number;
  readonly message: unknown;
}

/** An effect whose handler answered 'pending' and has not replied. `unknown`: it began in a process that has ended. */
export interface SnapshotEffect {
  readonly key: string;
  readonly name: string;
  readonly payload: unknown;
  readonly status: 'pending' | 'unknown';
}

/**
 * Everything an actor is between two turns, as data. What of it is not plain (BigInt, Map, Set, Date, references) is for whoever
 * writes it down to encode. The mailbox is not in it: that is the input log's.
 */
export interface SnapshotEnvelope {
  readonly format: 1;
  readonly path: string;
  readonly behaviour: { readonly name: string; readonly version: number };
  readonly incarnation: number;
  /** Part of every idempotency key and id of this life; kept by what is started from the envelope. */
  readonly epoch: number;
  /** Turns this address has completed. */
  readonly seq: number;
  readonly atUs: number;
  /** What `Behaviour.snapshot` gave; without that hook the state itself. */
  readonly value: unknown;
  /** In the order they are due. */
  readonly timers: readonly SnapshotTimer[];
  /** Stashed and deferred messages, oldest first. */
  readonly deferred: readonly unknown[];
  readonly effects: readonly SnapshotEffect[];
  readonly topics: readonly string[];
  readonly names: readonly string[];
  /** How many ids this life has drawn. */
  readonly ids: number;
  /** State of its generator, null while nothing has been drawn. */
  readonly random: readonly number[] | null;
}

export type SnapshotError =
  | { readonly kind: 'not_found'; readonly path: string }
  | { readonly kind: 'not_worker'; readonly path: string }
  /** A turn, or what a turn asked for, is under way: there is no whole state to take. */
  | { readonly kind: 'in_turn'; readonly path: string }
  /** No incarnation, or one whose state is lost. */
  | { readonly kind: 'no_state'; readonly path: string }
  /** A state that is changed in place needs `Behaviour.snapshot`. */
  | { readonly kind: 'no_snapshot_hook'; readonly path: string; readonly behaviour: string }
  | { readonly kind: 'snapshot_threw'; readonly path: string; readonly cause: FailureCause };

export type SnapshotResult =
  | { readonly ok: true; readonly snapshot: SnapshotEnvelope }
  | { readonly ok: false; readonly reason: SnapshotError };

type AnyBehaviour = Behaviour<unknown, unknown, unknown>;

/** Takes a snapshot between two turns; changes nothing. */
export function takeSnapshot(d: Dispatcher, cell: Cell): SnapshotResult {
  const { path } = cell;
  if (d.inTurn || d.committing !== 0) return { ok: false, reason: { kind: 'in_turn', path } };
  const taken = snapshotValue(d, cell);
  if (!taken.ok) return taken;
  const { behaviour, random } = cell;
  return {
    ok: true,
    snapshot: {
      format: 1,
      path,
      behaviour: { name: behaviour.name, version: behaviour.version },
      incarnation: cell.incarnation,
      epoch: cell.epoch,
      seq: cell.handled,
      atUs: d.nowUs,
      value: taken.value,
      timers: [...(cell.timers?.values() ?? [])]
        .sort((a, b) => a.dueUs - b.dueUs || a.seq - b.seq)
        .map(({ key, dueUs, message }) => ({ key, dueUs, message: contentOf(message) })),
      deferred: (cell.stash ?? []).map(contentOf),
      effects: [...(cell.effects?.values() ?? [])],
      topics: [...(cell.topics ?? [])],
      names: [...(cell.names ?? [])],
      ids: cell.idCounter,
      random: random === null ? null : generatorState(random),
    },
  };
}

/** The state as data, or why it cannot be had. */
export function snapshotValue(d: Dispatcher, cell: Cell): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: SnapshotError } {
  const { path, behaviour } = cell;
  if (cell.kind !== CellKind.worker) return { ok: false, reason: { kind: 'not_worker', path } };
  const alive = cell.state === CellState.running || cell.state === CellState.draining || cell.retained;
  if (!alive || !cell.stateGood) return { ok: false, reason: { kind: 'no_state', path } };
  if (cell.idle !== null && cell.idle.asleep) return { ok: true, value: cell.idle.data };
  if (behaviour.snapshot === undefined) {
    return behaviour.stateKind === 'mutable'
      ? { ok: false, reason: { kind: 'no_snapshot_hook', path, behaviour: behaviour.name } }
      : { ok: true, value: cell.value };
  }
  let value: unknown;
  const cause = d.guard(cell, () => {
    value = behaviour.snapshot?.(cell.value);
  });
  return cause === undefined ? { ok: true, value } : { ok: false, reason: { kind: 'snapshot_threw', path, cause } };
}

/**
 * Makes the state of a new incarnation from an envelope, in the place of `init`; the dispatcher's turn is that of an init.
 *
 * @throws Error when the envelope is not one of this behaviour, is newer than it, or cannot be migrated; and what the hooks throw
 */
export function restoreSnapshot(cell: Cell, envelope: SnapshotEnvelope): unknown {
  const { behaviour, context } = cell;
  const { name, version } = envelope.behaviour;
  if (name !== behaviour.name) throw new Error(`the snapshot is of a behaviour "${name}", not of "${behaviour.name}"`);
  if (version > behaviour.version) throw new Error(`the snapshot was taken by version ${version} of "${name}"; this is version ${behaviour.version}`);
  let data = envelope.value;
  if (version < behaviour.version) {
    data = behaviour.migrate?.(data, version);
    if (data === undefined) throw new Error(`"${name}" has no migration from version ${version} to ${behaviour.version}`);
  }
  return restoreState(behaviour, data, context, (cell.spec as { readonly input?: unknown }).input, 'start');
}

/** A state from the data of a snapshot; without the hook the data is the state. */
export function restoreState(behaviour: AnyBehaviour, data: unknown, context: Cell['context'], input: unknown, how: 'start' | 'upgrade' | 'wake'): unknown {
  if (behaviour.restore !== undefined) {
    const state = behaviour.restore(data, context, input, how);
    refusePromise(state, behaviour.name, 'restore');
    return state;
  }
  if (behaviour.stateKind === 'mutable') throw new Error(`"${behaviour.name}" changes its state in place and has no restore hook`);
  return data;
}

/**
 * Runs the restore hook as a turn of its own, for a cell that has everything but its state. What the hook asked for is left in
 * `d.ops`, for the caller to commit; after a throw nothing of it is.
 */
export function runRestore(
  d: Dispatcher, cell: Cell, behaviour: AnyBehaviour, data: unknown, how: 'upgrade' | 'wake',
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly cause: FailureCause } {
  const { inTurn, current, currentAsk, initialises } = d;
  const mark = d.ops.count;
  d.turn++;
  d.inTurn = true;
  d.current = cell;
  d.currentAsk = null;
  d.initialises = true;
  try {
    return { ok: true, value: restoreState(behaviour, data, cell.context, (cell.spec as { readonly input?: unknown }).input, how) };
  } catch (thrown) {
    d.hooks.rollback(d, mark);
    d.undraw(cell);
    return { ok: false, cause: toFailureCause(thrown, { path: cell.path, incarnation: cell.incarnation, during: { type: how, turn: cell.handled } }) };
  } finally {
    d.inTurn = inTurn;
    d.current = current;
    d.currentAsk = currentAsk;
    d.initialises = initialises;
  }
}

/**
 * Gives a cell what its envelope says it owned, before its state is restored. Overdue timers are armed too: see `fireOverdue`.
 *
 * @throws Error when another actor holds one of its names
 */
export function restoreBelongings(d: Dispatcher, cell: Cell, envelope: SnapshotEnvelope): void {
  const taken = envelope.names.filter((name) => (d.names.get(name) ?? cell) !== cell);
  if (taken.length !== 0) throw new Error(`another actor holds the name "${taken.join('", "')}"`);
  cell.epoch = envelope.epoch;
  d.epochs = Math.max(d.epochs, envelope.epoch);
  cell.incarnation = Math.max(cell.incarnation, envelope.incarnation + 1);
  cell.handled = Math.max(cell.handled, envelope.seq);
  cell.idCounter = envelope.ids;
  if (envelope.random !== null) {
    cell.random = new Random('');
    cell.random.load(Int32Array.from(envelope.random));
  }
  if (envelope.timers.length !== 0) {
    cell.timers = new Map();
    for (const { key, dueUs, message } of envelope.timers) cell.timers.set(key, d.arm(dueUs, cell, key, message, keyedTimer(d)));
  }
  if (envelope.deferred.length !== 0) {
    cell.stash = [...envelope.deferred];
    d.sent += cell.stash.length;
  }
  if (envelope.effects.length !== 0) {
    cell.effects = new Map(envelope.effects.map((effect) => [effect.key, { ...effect, status: 'unknown' as const }]));
  }
  for (const topic of envelope.topics) {
    const members = d.topics.get(topic);
    if (members === undefined) d.topics.set(topic, new Set([cell]));
    else members.add(cell);
    (cell.topics ??= new Set()).add(topic);
  }
  for (const name of envelope.names) d.names.set(name, cell);
  if (envelope.names.length !== 0) cell.names = [...envelope.names];
}

/** Takes back `restoreBelongings`: the state could not be restored, and the next attempt begins from the envelope again. */
export function dropBelongings(d: Dispatcher, cell: Cell): void {
  d.sent -= cell.stash?.length ?? 0;
  cell.stash = null;
  release(d, cell, false);
}

/** Puts every overdue timer into its actor's mailbox, in the order they were due: they come before new input. */
export function fireOverdue(d: Dispatcher): void {
  while (d.timers.nextUs() <= d.nowUs) d.fire();
}

function generatorState(random: Random): number[] {
  const state = new Int32Array(4);
  random.save(state);
  return [...state];
}
