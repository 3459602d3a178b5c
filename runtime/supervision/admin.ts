import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { settleForGood, stopCell } from '../core/lifecycle.js';
import { awaitStart } from '../core/pending-start.js';
import { pathUnder } from '../core/levels.js';
import { forget } from '../core/release.js';
import { fireOverdue } from '../core/snapshot.js';
import { createCell, startCell } from '../core/start.js';
import { startAnswer } from '../core/start-wishes.js';
import { CellKind, CellState, StopMode } from '../core/states.js';
import { nodeState, type NodeState } from '../observe/tree.js';
import type { ActorRef, ChildSpec, RestartType, StartChildError, StartChildResult, WorkerSpec } from '../types.js';
import { resumeBoot } from './boot.js';
import { affectedChildren } from './supervisor-state.js';
import { problemsOfSpec } from './validate.js';

export type AdminError =
  | StartChildError
  | { readonly kind: 'needs_id'; readonly path: string };

export type AdminResult = { readonly ok: true } | { readonly ok: false; readonly reason: AdminError };

export interface ChildInfo {
  readonly id: string;
  readonly path: string;
  readonly kind: 'worker' | 'supervisor' | 'dynamic' | 'partitioned';
  readonly state: NodeState;
}

export interface ChildCounts {
  /** All children, those that are restarting or stopped included. */
  readonly specs: number;
  /** Children with a running incarnation. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** A child specification with its defaults filled in. */
export type FullChildSpec = ChildSpec & { readonly restart: RestartType };

const OK: AdminResult = { ok: true };

/** Told once how a start ended that was still under way when the call returned. */
export type OnStarted = (answer: StartChildResult) => void;

/** Adds a child and starts it. A child that does not start leaves nothing behind. */
export function startChild(d: Dispatcher, path: string, wanted: ChildSpec, onStarted?: OnStarted): StartChildResult {
  const supervisor = supervisorAt(d, path);
  if (!isCell(supervisor)) return refused(supervisor);
  if (supervisor.state !== CellState.running) return refused({ kind: supervisor.state === CellState.starting ? 'starting' : 'stopping', path });
  if (supervisor.spec.kind === 'partitioned') return refused({ kind: 'partitioned', path });
  const dynamic = supervisor.spec.kind === 'dynamic' ? supervisor.spec : null;
  const spec = dynamic !== null && wanted.kind === 'worker' ? ({ ...dynamic.template, ...wanted } as WorkerSpec) : wanted;
  const problems = problemsOfSpec(spec, supervisor.supervision!.autoShutdown);
  if (problems.length > 0) return refused({ kind: 'invalid_spec', problems });
  const known = supervisor.children?.get(spec.id);
  if (known !== undefined) return refused({ kind: isActive(known) ? 'already_started' : 'already_present', path: known.path });
  const limit = supervisor.supervision!.maxChildren;
  if ((supervisor.children?.size ?? 0) >= limit) return refused({ kind: 'max_children', limit });
  const child = createCell(d, supervisor, spec);
  const cause = startCell(d, child);
  if (cause !== null) {
    forget(d, child);
    d.settle();
    return refused({ kind: 'start_failed', cause });
  }
  const answer = startAnswer(d, child);
  if (answer.ignored === true && leavesNoSpec(supervisor, child)) forget(d, child);
  if (answer.pending === true) {
    child.pendingStart!.told = onStarted ?? null;
    awaitStart(child, false, (failed) => {
      if (failed !== null) forget(d, child);
    });
  }
  d.settle();
  fireOverdue(d);
  return answer;
}

/** A temporary child's specification goes with it; a dynamic supervisor keeps none of any child. */
function leavesNoSpec(supervisor: Cell, child: Cell): boolean {
  return supervisor.kind === CellKind.dynamic || child.policy.restart === 'temporary';
}

/** Stops a child and keeps its specification (a temporary or dynamic one is gone). Stopping a stopped child is fine. */
export function terminateChild(d: Dispatcher, path: string, which: string | ActorRef<never>): AdminResult {
  const parent = supervisorAt(d, path);
  if (!isCell(parent)) return refused(parent);
  const byReference = typeof which !== 'string';
  if (parent.kind === CellKind.dynamic && !byReference) return refused({ kind: 'needs_reference', path });
  if (parent.kind !== CellKind.dynamic && byReference) return refused({ kind: 'needs_id', path });
  const child = byReference ? d.find(which.path) : parent.children?.get(which);
  if (child === undefined || child.parent !== parent) {
    // A reference to a child of ours that has already gone is as good as terminated.
    const wasOurs = byReference && child === undefined && which.path.startsWith(pathUnder(path, ''));
    return wasOurs ? OK : refused({ kind: 'not_found', path: byReference ? which.path : pathUnder(path, which) });
  }
  const pending = child.pendingStart;
  const wasDown = child.state === CellState.down;
  if (wasDown || pending?.restarting === true) releaseGroup(d, parent, child);
  if (stopCell(d, child, StopMode.final, { kind: 'shutdown' })) {
    if (leavesNoSpec(parent, child)) forget(d, child);
  }
  // A boot goes on without the child it waited for.
  const boot = parent.supervision!.boot;
  if (boot?.waitingFor === child) boot.waitingFor = null;
  if (wasDown || pending !== null) resumeBoot(d, parent);
  d.settle();
  return OK;
}

/** A child whose restart is called off: siblings that were down only to come back with it stay down (OTP). */
function releaseGroup(d: Dispatcher, parent: Cell, child: Cell): void {
  const state = parent.supervision!;
  // Down as one of a group whose restart is another's: that one goes on, and the others with it.
  const isCause = state.waitingFor === child || child.restartTimer !== null || child.retryQueued || child.pendingStart !== null;
  if (!isCause) return;
  if (state.waitingFor === child) state.waitingFor = null;
  for (const sibling of affectedChildren(state.strategy, parent, child)) {
    const waits = sibling !== child && sibling.state === CellState.down && sibling.restartTimer === null && !sibling.retryQueued && !sibling.undecided;
    if (waits) settleForGood(d, sibling, StopMode.final, { kind: 'shutdown' });
    // One that is still being stopped for that restart does not come back either.
    const isStopping = sibling.state === CellState.stopping || sibling.state === CellState.draining;
    if (isStopping && sibling.stopMode === StopMode.retain && !sibling.exitAfterStop) stopCell(d, sibling, StopMode.final, { kind: 'shutdown' });
  }
}

/** Starts a stopped child of a static supervisor again, from its kept specification. */
export function restartChild(d: Dispatcher, path: string, id: string, onStarted?: OnStarted): StartChildResult {
  const child = namedChild(d, path, id);
  if (!isCell(child)) return refused(child);
  if (child.state === CellState.down) return refused({ kind: 'restarting', path: child.path });
  if (child.state !== CellState.stopped) return refused({ kind: 'running', path: child.path });
  // What is started now would outlive the stop of those before it.
  if (child.parent!.state > CellState.draining) return refused({ kind: 'stopping', path });
  child.quarantined = false;
  child.policy.quarantine?.clear();
  const cause = startCell(d, child);
  if (cause !== null) {
    d.settle();
    return refused({ kind: 'start_failed', cause });
  }
  const answer = startAnswer(d, child);
  if (answer.ignored === true && leavesNoSpec(child.parent!, child)) forget(d, child);
  if (answer.pending === true) child.pendingStart!.told = onStarted ?? null;
  d.settle();
  return answer;
}

/** Forgets the specification of a stopped child of a static supervisor. */
export function deleteChild(d: Dispatcher, path: string, id: string): AdminResult {
  const child = namedChild(d, path, id);
  if (!isCell(child)) return refused(child);
  if (child.parent!.spec.kind === 'partitioned') return refused({ kind: 'partitioned', path });
  if (child.state === CellState.down) return refused({ kind: 'restarting', path: child.path });
  if (child.state !== CellState.stopped) return refused({ kind: 'running', path: child.path });
  forget(d, child);
  return OK;
}

export function whichChildren(d: Dispatcher, path: string): ChildInfo[] | undefined {
  const parent = d.paths.get(path);
  if (parent === undefined) return undefined;
  return [...(parent.children?.values() ?? [])].map((child) => ({
    id: child.id, path: child.path, kind: child.spec.kind, state: nodeState(child),
  }));
}

export function countChildren(d: Dispatcher, path: string): ChildCounts | undefined {
  const parent = d.paths.get(path);
  if (parent === undefined) return undefined;
  let active = 0;
  let supervisors = 0;
  for (const child of parent.children?.values() ?? []) {
    if (isActive(child)) active++;
    if (child.kind !== CellKind.worker) supervisors++;
  }
  const specs = parent.children?.size ?? 0;
  return { specs, active, supervisors, workers: specs - supervisors };
}

/** The specification of a child with the defaults it runs under; by id, or by reference in a dynamic supervisor. */
export function getChildSpec(d: Dispatcher, path: string, which: string | ActorRef<never>): FullChildSpec | undefined {
  const parent = d.paths.get(path);
  const child = typeof which === 'string' ? parent?.children?.get(which) : d.find(which.path);
  if (child === undefined || child.parent !== parent) return undefined;
  const { spec, policy } = child;
  if (spec.kind === 'worker') {
    return {
      ...spec,
      restart: policy.restart,
      restore: spec.restore ?? 'init',
      shutdown: spec.shutdown ?? policy.shutdownMs,
      significant: policy.significant,
    } as FullChildSpec;
  }
  if (spec.kind === 'dynamic' || spec.kind === 'partitioned') return { ...spec, restart: policy.restart, significant: policy.significant };
  return { ...spec, restart: policy.restart, shutdown: spec.shutdown ?? 'infinity', significant: policy.significant, autoShutdown: spec.autoShutdown ?? 'never' };
}

function namedChild(d: Dispatcher, path: string, id: string): Cell | StartChildError {
  const parent = supervisorAt(d, path);
  if (!isCell(parent)) return parent;
  if (parent.kind === CellKind.dynamic) return { kind: 'needs_reference', path };
  return parent.children?.get(id) ?? { kind: 'not_found', path: pathUnder(path, id) };
}

/** The supervisor at a path, or why the call is refused. Throws inside a turn. */
export function supervisorAt(d: Dispatcher, path: string): Cell | StartChildError {
  if (d.inTurn) throw new Error('children are administered between turns; inside a turn use ctx.spawn and ctx.stopChild');
  d.touch();
  const cell = d.paths.get(path);
  if (cell === undefined) return { kind: 'not_found', path };
  return cell.kind === CellKind.worker ? { kind: 'not_supervisor', path } : cell;
}

function isActive(child: Cell): boolean {
  return child.state < CellState.stopped && child.state !== CellState.down;
}

export function isCell(value: Cell | AdminError): value is Cell {
  return 'mailbox' in value;
}

export function refused<E>(reason: E): { readonly ok: false; readonly reason: E } {
  return { ok: false, reason };
}
