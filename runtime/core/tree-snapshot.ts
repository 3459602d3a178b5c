import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { type SnapshotEnvelope, takeSnapshot } from './snapshot.js';
import { IGNORED, wishesOf } from './start-wishes.js';
import type { ExitReason } from '../types.js';
import { CellKind, CellState } from './states.js';
import { keyedTimer } from './timer-jobs.js';
import { TokenMap } from './token-map.js';

/** What the runtime knows of an address besides what its actor owns. */
export interface AddressSnapshot {
  readonly path: string;
  readonly incarnation: number;
  readonly restarts: number;
  /** Restarts in a row without a stable run between them. */
  readonly attempt: number;
  readonly startedAtUs: number;
  /** How its last incarnation but this one ended; null where none did, absent in snapshots that do not say. */
  readonly lastExit?: ExitReason | null;
}

/**
 * A whole tree that is at rest, as data: what is started from it with the same specification goes on exactly as this one would, whatever
 * comes. What of the states is not plain (BigInt, Map, Set, typed arrays) is for whoever writes it down to encode.
 */
export interface TreeSnapshot {
  readonly format: 1;
  readonly atUs: number;
  /** What the next fresh start and the next monitor are numbered after. */
  readonly epochs: number;
  readonly tokens: number;
  /** In start order, each with its actor. */
  readonly workers: readonly (AddressSnapshot & { readonly envelope: SnapshotEnvelope })[];
  readonly supervisors: readonly (AddressSnapshot & { readonly restartsAtUs: readonly number[] })[];
  /** Addresses that are kept and where nothing runs. */
  readonly stopped: readonly string[];
  /** What is known of those; absent in snapshots that do not say. */
  readonly ended?: readonly (AddressSnapshot & { readonly handled: number })[];
  /** What was left out: these and all below them begin with `init`. */
  readonly without: readonly string[];
  /** Timers in the order in which they will fire: the actor, and the timer's key. */
  readonly timers: readonly (readonly [path: string, key: string])[];
  /** Topics and who hears of them, in the order in which they are told. */
  readonly topics: readonly (readonly [topic: string, paths: readonly string[]])[];
  readonly monitors: readonly { readonly token: number; readonly watcher: string; readonly target: string }[];
}

/** `later`: somebody is not at rest now; otherwise an actor's state has no form in data. */
export type TreeSnapshotResult = { readonly ok: true; readonly snapshot: TreeSnapshot } | { readonly ok: false; readonly reason: string; readonly later: boolean };

/** Why there is no snapshot. */
class NoSnapshot extends Error {
  readonly later: boolean;
  constructor(reason: string, later: boolean) {
    super(reason);
    this.later = later;
  }
}

/** Takes a snapshot between two turns; changes nothing. Addresses that `without` names begin with `init` in what is started from it. */
export function takeTreeSnapshot(d: Dispatcher, root: Cell | null, without: (path: string) => boolean): TreeSnapshotResult {
  if (d.busy || root === null) return { ok: false, reason: root === null ? 'nothing runs' : 'a turn is under way', later: true };
  const workers: TreeSnapshot['workers'][number][] = [];
  const supervisors: TreeSnapshot['supervisors'][number][] = [];
  const stopped: string[] = [];
  const ended: (AddressSnapshot & { readonly handled: number })[] = [];
  const left: string[] = [];
  const monitors: TreeSnapshot['monitors'][number][] = [];
  const visit = (cell: Cell): void => {
    if (without(cell.path)) {
      left.push(cell.path);
      return;
    }
    const { path, incarnation, restarts, attempt, startedAtUs, lastExit } = cell;
    const address = { path, incarnation, restarts, attempt, startedAtUs, lastExit };
    if (cell.state === CellState.stopped) {
      stopped.push(path);
      ended.push({ ...address, handled: cell.handled });
      return;
    }
    if (cell.kind === CellKind.worker) {
      const taken = takeSnapshot(d, cell);
      if (!taken.ok) throw new NoSnapshot(`${path}: ${taken.reason.kind}`, false);
      workers.push({ ...address, envelope: taken.snapshot });
    } else {
      supervisors.push({ ...address, restartsAtUs: cell.supervision!.window.stampsUs() });
    }
    cell.watching?.forEach((target, token) => monitors.push({ token, watcher: path, target: target.path }));
    for (const child of cell.children?.values() ?? []) visit(child);
  };
  try {
    // First of all, because it costs little and states cost more.
    rests(d, root, without);
    visit(root);
  } catch (thrown) {
    if (thrown instanceof NoSnapshot) return { ok: false, reason: thrown.message, later: thrown.later };
    throw thrown;
  }
  const kept = new Set(workers.map(({ path }) => path));
  const timers = d.timers.earliest(Infinity, ({ cell }) => cell !== null && kept.has(cell.path), Infinity);
  return {
    ok: true,
    snapshot: {
      format: 1, atUs: d.clock.nowUs(), epochs: d.epochs, tokens: d.tokens, workers, supervisors, stopped, ended, without: left,
      timers: timers.map(({ cell, key }) => [cell!.path, key]),
      topics: [...d.topics].map(([topic, members]) => [topic, [...members].map(({ path }) => path).filter((path) => kept.has(path))]),
      monitors: monitors.sort((a, b) => a.token - b.token),
    },
  };
}

/** @throws NoSnapshot naming who is not at rest. */
function rests(d: Dispatcher, root: Cell, without: (path: string) => boolean): void {
  if (d.timers.nextUs() <= d.clock.nowUs()) throw new NoSnapshot('a timer is due', true);
  const visit = (cell: Cell): void => {
    if (without(cell.path)) return;
    mustRest(d, cell);
    for (const child of cell.children?.values() ?? []) visit(child);
  };
  visit(root);
}

function mustRest(d: Dispatcher, cell: Cell): void {
  const refuse = (why: string): never => {
    throw new NoSnapshot(`${cell.path} ${why}`, true);
  };
  if (cell.queued !== 0) refuse('has messages to handle');
  if (cell.quarantined || cell.retryQueued || cell.restartTimer !== null) refuse('waits for a restart');
  if (cell.state === CellState.stopped) {
    if (cell.kind !== CellKind.worker) refuse('is a supervisor that was stopped');
    return;
  }
  if (cell.state !== CellState.running) refuse('starts or stops');
  if (cell.suspended) refuse('is suspended');
  if (cell.poisoned > 0) refuse('is poisoned');
  if (cell.asks !== null && cell.asks.size > 0) refuse('waits for an answer');
  if (cell.ties !== null || cell.durable !== null || d.tasks?.has(cell) === true || d.permanent?.watchedBy(cell) === true) refuse('has ties that no snapshot holds');
  const { supervision } = cell;
  if (supervision === null) return;
  if (supervision.waitingFor !== null || supervision.retries.length > 0) refuse('waits for a restart');
  const declared = supervision.declared.map(({ id }) => id).join('\n');
  if (supervision.replaced !== null || declared !== [...cell.children?.values() ?? []].map(({ id }) => id).join('\n')) refuse('has been given other children');
}

/** Has workers begin where they were, see `finishTree`. */
export function resumeTree(d: Dispatcher, { workers, stopped }: TreeSnapshot): void {
  const envelopes = new Map(workers.map(({ path, envelope }) => [path, envelope]));
  const absent = new Set(stopped);
  d.recover = (cell) => {
    if (cell.incarnation !== 1) return null;
    if (absent.delete(cell.path)) {
      wishesOf(d).ignored = true;
      // oxlint-disable-next-line typescript/only-throw-error -- as `ctx.ignore`
      throw IGNORED;
    }
    return envelopes.get(cell.path) ?? null;
  };
}

/**
 * The tree has been started: gives it what its parts have in common, in the order in which it was there.
 * @throws Error when it is not the tree that the snapshot was taken of.
 */
export function finishTree(d: Dispatcher, { workers, supervisors, ended = [], timers, topics, monitors, epochs, tokens, atUs, without }: TreeSnapshot): void {
  const cellAt = (path: string): Cell => {
    const cell = d.paths.get(path);
    if (cell === undefined || cell.state !== CellState.running) throw new Error(`the snapshot is of another tree: it has ${path}`);
    return cell;
  };
  if (d.clock.nowUs() !== atUs) throw new Error(`the snapshot was taken at ${atUs}, and the clock is at ${d.clock.nowUs()}`);
  d.recover = null;
  const known = new Set(workers.map(({ path }) => path));
  for (const { path, kind, state } of d.paths.values()) {
    if (kind !== CellKind.worker || state !== CellState.running || known.has(path) || without.some((left) => path === left || path.startsWith(`${left}/`))) continue;
    throw new Error(`the snapshot is of another tree: it does not have ${path}`);
  }
  for (const { path, incarnation, restarts, attempt, startedAtUs, lastExit = null } of [...workers, ...supervisors]) {
    Object.assign(cellAt(path), { incarnation, restarts, attempt, startedAtUs, lastExit });
  }
  for (const { path, ...address } of ended) {
    const cell = d.paths.get(path);
    if (cell !== undefined) Object.assign(cell, address);
  }
  for (const { path, envelope } of workers) cellAt(path).handled = envelope.seq;
  for (const { path, restartsAtUs } of supervisors) cellAt(path).supervision!.window.restore(restartsAtUs);
  for (const [path, key] of timers) {
    const cell = cellAt(path);
    const timer = cell.timers?.get(key);
    if (timer === undefined) throw new Error(`the snapshot has a timer "${key}" of ${path} that its actor does not`);
    d.timers.remove(timer);
    cell.timers!.set(key, d.arm(timer.dueUs, cell, key, timer.message, keyedTimer(d)));
  }
  for (const [topic, paths] of topics) {
    const members = d.topics.get(topic) ?? new Set();
    const others = [...members];
    members.clear();
    for (const path of paths) members.add(cellAt(path));
    for (const other of others) members.add(other);
    if (members.size > 0) d.topics.set(topic, members);
  }
  for (const { token, watcher, target } of monitors) {
    const [from, to] = [cellAt(watcher), cellAt(target)];
    (to.watchers ??= new TokenMap()).set(token, from);
    (from.watching ??= new TokenMap()).set(token, to);
  }
  // Starting drew some that no actor has.
  d.epochs = epochs;
  d.tokens = tokens;
}
