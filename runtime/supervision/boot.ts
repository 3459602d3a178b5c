import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { causeOf } from '../core/failure.js';
import { kill, stopCell } from '../core/lifecycle.js';
import { awaitStart, type PendingStart, takePending } from '../core/pending-start.js';
import { forget, release, tellWatchers } from '../core/release.js';
import { startCell } from '../core/start.js';
import { CellState, StopMode } from '../core/states.js';
import { reportFailure, reportStarted } from '../observe/report.js';
import { TraceKind } from '../observe/trace.js';
import type { ExitReason, FailureCause, StartChildResult } from '../types.js';

const SHUTDOWN: ExitReason = { kind: 'shutdown' };

/** A supervisor's start under way: its children in start order, and how far it is. */
export class Boot {
  readonly children: readonly Cell[];
  next = 0;
  /** The child whose start is not finished. */
  waitingFor: Cell | null = null;

  constructor(children: readonly Cell[]) {
    this.children = children;
  }
}

/**
 * Starts the children that are left, one after the other, and then the supervisor is there. A child whose start takes time stops this
 * until it is finished; the supervisor's own start takes time then. Null, or why the supervisor does not start: the children that
 * had started are stopped in reverse then.
 */
export function bootChildren(d: Dispatcher, cell: Cell): FailureCause | null {
  const state = cell.supervision!;
  const boot = state.boot!;
  while (boot.next < boot.children.length) {
    const child = boot.children[boot.next++]!;
    // Started by hand meanwhile, it may have used up its own budget already.
    if (child.quarantined) continue;
    // A group restart meanwhile may have started it.
    if (child.state !== CellState.stopped && child.state !== CellState.down) continue;
    const cause = startCell(d, child);
    if (cause !== null) return failBoot(d, cell, child, cause);
    if (child.state === CellState.stopped && child.policy.restart === 'temporary') forget(d, child);
    if (child.pendingStart === null) continue;
    boot.waitingFor = child;
    awaitStart(child, false, (failed) => {
      boot.waitingFor = null;
      // It is being stopped meanwhile, and that comes to this child in its turn.
      if (cell.state !== CellState.starting) return;
      goOn(d, cell, failed === null ? bootChildren(d, cell) : failBoot(d, cell, child, failed));
    });
    return null;
  }
  state.boot = null;
  cell.state = CellState.running;
  d.startInfo = undefined;
  reportStarted(d, cell);
  return null;
}

/** A boot that stood still because a group restart took the child it waited for: the group is there now. */
export function resumeBoot(d: Dispatcher, supervisor: Cell): void {
  const boot = supervisor.supervision?.boot ?? null;
  if (boot === null || boot.waitingFor !== null || supervisor.state !== CellState.starting) return;
  goOn(d, supervisor, bootChildren(d, supervisor));
}

/** After a part of a boot that took time: tells whoever waits for the supervisor, if that was the last of it. */
function goOn(d: Dispatcher, cell: Cell, cause: FailureCause | null): void {
  if (cause === null && cell.state === CellState.starting) return;
  const pending = takePending(d, cell);
  if (pending !== null) endPending(d, pending, cause === null ? { ok: true, ref: cell.self } : failedWith(cause), cause);
}

function failBoot(d: Dispatcher, cell: Cell, child: Cell, cause: FailureCause): FailureCause {
  reportFailure(d, 'start_error', child, { kind: 'error', cause });
  for (const other of cell.childrenLastFirst) {
    if (!stopCell(d, other, StopMode.final, SHUTDOWN)) kill(d, other);
    forget(d, other);
  }
  cell.supervision!.boot = null;
  cell.state = CellState.stopped;
  const failed: FailureCause = { name: 'StartFailed', message: `child "${child.id}" did not start`, path: cell.path, incarnation: cell.incarnation, cause };
  cell.lastExit = { kind: 'error', cause: failed };
  d.trace.write(TraceKind.exit, cell.number, 3, d.nowUs);
  return failed;
}

/** An actor said that its start is finished. */
export function startFinished(d: Dispatcher, cell: Cell): void {
  const pending = takePending(d, cell);
  if (pending === null) return;
  cell.state = CellState.running;
  cell.startedAtUs = d.nowUs;
  reportStarted(d, cell);
  endPending(d, pending, pending.info === undefined ? { ok: true, ref: cell.self } : { ok: true, ref: cell.self, info: pending.info }, null);
}

/** A start that was under way has failed: it ended, was killed, or its time is up. No user code of it runs any more. */
export function startFailed(d: Dispatcher, cell: Cell, reason: ExitReason): void {
  const pending = takePending(d, cell);
  if (pending === null) return;
  const cause: FailureCause = reason.kind === 'error'
    ? reason.cause
    : { name: 'StartFailed', message: 'it ended before its start was finished', path: cell.path, incarnation: cell.incarnation, cause: causeOf(reason, cell.path) };
  for (const child of cell.childrenLastFirst) {
    kill(d, child);
    forget(d, child);
  }
  cell.retained = false;
  cell.undecided = false;
  cell.state = CellState.stopped;
  cell.lastExit = { kind: 'error', cause };
  release(d, cell, !pending.restarting);
  tellWatchers(d, cell, cell.lastExit);
  endPending(d, pending, failedWith(cause), cause);
}

/** Tells who asked for the start by hand, if anybody did, and goes on with what it is part of. */
function endPending(d: Dispatcher, { told, goOn: next }: PendingStart, answer: StartChildResult, cause: FailureCause | null): void {
  if (told !== null) d.guard(null, () => told(answer));
  next?.(cause);
}

function failedWith(cause: FailureCause): StartChildResult {
  return { ok: false, reason: { kind: 'start_failed', cause } };
}
