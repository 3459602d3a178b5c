import { ChildEnded } from '../core/asks.js';
import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { causeOf, isAbnormal } from '../core/failure.js';
import { cancelRestart, continueStop, exitSupervisor, keepOrReset, settleForGood, stopCell, stopCompleted } from '../core/lifecycle.js';
import { awaitStart, callOffStart } from '../core/pending-start.js';
import { forget } from '../core/release.js';
import { startCell } from '../core/start.js';
import { CellKind, CellState, StopMode } from '../core/states.js';
import { taskEnded } from '../core/tasks.js';
import { Random } from '../random.js';
import { reportFailure, reportStop } from '../observe/report.js';
import { TraceKind } from '../observe/trace.js';
import type { ExitReason, FailureCause } from '../types.js';
import { backoffMs, resetAfterMs } from './backoff.js';
import { resumeBoot, startFailed } from './boot.js';
import { wantsRestart } from './policy.js';
import { affectedChildren } from './supervisor-state.js';

const SHUTDOWN: ExitReason = { kind: 'shutdown' };

/** A child is down by itself: the one place where the answer to an exit is decided. */
export function childExited(d: Dispatcher, child: Cell): void {
  const parent = child.parent;
  const reason = child.lastExit ?? SHUTDOWN;
  if (child.pendingStart !== null) {
    if (parent === null || parent.state !== CellState.stopping) {
      startFailed(d, child, reason);
      return;
    }
    callOffStart(d, child);
  }
  if (parent === null) {
    settleForGood(d, child, StopMode.final, reason);
    d.onRootExit(reason);
    return;
  }
  // The parent is being stopped: the child's own end must neither break the sequence nor bring it back.
  if (parent.state === CellState.stopping) {
    if (parent.stopMode === StopMode.retain) keepOrReset(d, child, reason);
    else settleForGood(d, child, StopMode.final, reason);
    reportStop(d, child, reason);
    if (continueStop(d, parent)) stopCompleted(d, parent);
    return;
  }
  if (isAbnormal(reason) || child.policy.restart === 'permanent') reportFailure(d, 'child_terminated', child, reason);
  if (child.quarantined || !wantsRestart(child.policy.restart, reason)) {
    endForGood(d, parent, child, reason);
    resumeGroup(d, parent);
    return;
  }
  restartOrGiveUp(d, parent, child, reason);
}

/** A group restart that waited for a sibling, a supervisor that was ending by itself, goes on: that one does not come back. */
function resumeGroup(d: Dispatcher, parent: Cell): void {
  const waiting = parent.supervision?.waitingFor ?? null;
  if (waiting !== null) stopGroup(d, parent, waiting);
}

/** A restart that failed to start, tried again from the supervisor's own slice so that others get their turn in between. */
export function retryFailed(d: Dispatcher, supervisor: Cell): void {
  const retries = supervisor.supervision!.retries;
  supervisor.supervision!.retries = [];
  for (const child of retries) {
    if (!child.retryQueued || supervisor.state > CellState.starting) continue;
    child.retryQueued = false;
    restartOrGiveUp(d, supervisor, child, child.lastExit ?? SHUTDOWN);
  }
}

/** A sibling that a group restart was waiting for has stopped. */
export function siblingStopped(d: Dispatcher, supervisor: Cell, sibling: Cell): void {
  const waiting = supervisor.supervision!.waitingFor;
  // A temporary or dynamic child leaves nothing behind, whatever the group still waits for.
  const leavesNothing = sibling.policy.restart === 'temporary' || supervisor.kind === CellKind.dynamic;
  if (leavesNothing && sibling.state === CellState.stopped) forget(d, sibling);
  if (waiting !== null) stopGroup(d, supervisor, waiting);
  // The strategy may have been changed while it was being stopped, and nobody take it along any more.
  if (sibling.state === CellState.down) startUncovered(d, supervisor);
}

function restartOrGiveUp(d: Dispatcher, parent: Cell, child: Cell, reason: ExitReason): void {
  const own = child.policy.quarantine;
  if (own !== null) {
    if (own.exceeded(d.nowUs)) {
      d.trace.write(TraceKind.quarantine, child.number, child.restarts, d.nowUs);
      child.quarantined = true;
      endForGood(d, parent, child, reason);
      // Siblings that it had taken along come back without it.
      if (parent.supervision !== null) startUncovered(d, parent);
      return;
    }
  } else if (parent.supervision !== null && parent.supervision.window.exceeded(d.nowUs)) {
    giveUp(d, parent, child, reason);
    return;
  }
  child.restarts++;
  d.restarts++;
  const backoff = child.policy.backoff;
  if (backoff !== null && d.nowUs - child.startedAtUs >= resetAfterMs(backoff) * 1000) child.attempt = 0;
  keepOrReset(d, child, reason);
  if (parent.kind === CellKind.worker) delayThenStart(d, parent, child);
  else meetGroup(d, parent, child);
}

/** Two restarts of one supervisor that meet become one: that of the child started first, which takes the other along (EEP-57). */
function meetGroup(d: Dispatcher, supervisor: Cell, child: Cell): void {
  const { waitingFor, strategy } = supervisor.supervision!;
  if (waitingFor === null) {
    stopGroup(d, supervisor, child);
    return;
  }
  const first = [...(supervisor.children?.values() ?? [])].find((sibling) => sibling === child || sibling === waitingFor) ?? child;
  stopGroup(d, supervisor, first);
  // The strategy may have been changed meanwhile to one under which nobody takes anybody along.
  if (strategy === 'oneForOne') stopGroup(d, supervisor, first === child ? waitingFor : child);
}

/** Stops, in reverse order, those the failing child takes along; comes back here when one of them needed time. */
function stopGroup(d: Dispatcher, supervisor: Cell, failing: Cell): void {
  const state = supervisor.supervision!;
  const affected = affectedChildren(state.strategy, supervisor, failing);
  state.waitingFor = failing;
  for (let at = affected.length - 1; at >= 0; at--) {
    const sibling = affected[at]!;
    if (sibling === failing) continue;
    // The boot of the supervisor goes on when this group is there.
    if (state.boot !== null && state.boot.waitingFor === sibling) state.boot.waitingFor = null;
    if (sibling.policy.restart === 'temporary') {
      if (!stopCell(d, sibling, StopMode.final, SHUTDOWN)) return;
      forget(d, sibling);
    } else if (!stopCell(d, sibling, StopMode.retain, SHUTDOWN)) {
      return;
    }
  }
  state.waitingFor = null;
  delayThenStart(d, supervisor, failing);
}

function delayThenStart(d: Dispatcher, parent: Cell, failing: Cell): void {
  const delayUs = restartDelayUs(d, failing);
  failing.attempt++;
  if (delayUs <= 0) {
    startGroup(d, parent, failing);
    return;
  }
  startAfter(d, parent, failing, delayUs);
}

function startAfter(d: Dispatcher, parent: Cell, failing: Cell, delayUs: number): void {
  d.trace.write(TraceKind.backoff, failing.number, delayUs, d.nowUs);
  failing.restartTimer = d.arm(d.nowUs + delayUs, failing, '', undefined, {
    run: () => {
      failing.restartTimer = null;
      startGroup(d, parent, failing);
    },
  });
}

/** The first restart with the last good state does not wait; back-off begins with the second in a row. */
function restartDelayUs(d: Dispatcher, child: Cell): number {
  const backoff = child.policy.backoff;
  if (backoff === null) return 0;
  const attempt = child.retained ? child.attempt - 1 : child.attempt;
  if (attempt < 0) return 0;
  const uniform = new Random(`${d.seed}|backoff|${child.path}|${child.restarts}`).next();
  return Math.round(backoffMs(backoff, attempt, uniform) * 1000);
}

function startGroup(d: Dispatcher, parent: Cell, failing: Cell): void {
  const state = parent.supervision;
  startEach(d, parent, state === null ? [failing] : affectedChildren(state.strategy, parent, failing), 0);
}

/** After a change of strategy, or of who restarts: starts those that were down only to come back with a sibling that no longer takes them along. */
export function startUncovered(d: Dispatcher, supervisor: Cell): void {
  const state = supervisor.supervision!;
  const children = [...(supervisor.children?.values() ?? [])];
  const covered = new Set<Cell>();
  for (const child of children) {
    const restarting = child === state.waitingFor || child.retryQueued || child.restartTimer !== null || child.pendingStart !== null || child.undecided;
    if (restarting) for (const sibling of affectedChildren(state.strategy, supervisor, child)) covered.add(sibling);
  }
  const left = children.filter((child) => child.state === CellState.down && !covered.has(child));
  if (left.length > 0) startEach(d, supervisor, left, 0);
  else if (covered.size === 0) resumeBoot(d, supervisor);
}

/** Starts the children of a group from `from` on; goes on from there when one whose start takes time is there. */
function startEach(d: Dispatcher, parent: Cell, group: readonly Cell[], from: number): void {
  for (let at = from; at < group.length; at++) {
    const child = group[at]!;
    if (child.quarantined || (child.state !== CellState.down && child.state !== CellState.stopped)) continue;
    cancelRestart(d, child);
    const cause = startCell(d, child);
    if (cause !== null) {
      restartFailed(d, parent, child, cause);
      return;
    }
    if (child.pendingStart !== null) {
      goOnWhenThere(d, parent, group, at);
      return;
    }
    const forgotten = child.policy.restart === 'temporary' || parent.kind !== CellKind.supervisor;
    if (child.state === CellState.stopped && forgotten) forget(d, child);
  }
  resumeBoot(d, parent);
}

// Closures stand in functions of their own: one that is not made costs its function all the same.
function goOnWhenThere(d: Dispatcher, parent: Cell, group: readonly Cell[], at: number): void {
  const child = group[at]!;
  awaitStart(child, true, (failed) => {
    if (parent.state > CellState.starting) return;
    if (failed === null) startEach(d, parent, group, at + 1);
    else restartFailed(d, parent, child, failed);
  });
}

/** A child of a restart did not start: tried again in the supervisor's next slice. */
export function restartFailed(d: Dispatcher, parent: Cell, child: Cell, cause: FailureCause): void {
  reportFailure(d, 'start_error', child, { kind: 'error', cause });
  child.state = CellState.down;
  child.lastExit = { kind: 'error', cause };
  if (parent.supervision === null || child.quarantined) {
    d.exited(child);
    return;
  }
  child.retryQueued = true;
  parent.supervision.retries.push(child);
  if (!parent.scheduled) d.schedule(parent);
}

/** The child ended and stays down; the specification is kept unless it is temporary, spawned or dynamic. */
function endForGood(d: Dispatcher, parent: Cell, child: Cell, reason: ExitReason): void {
  settleForGood(d, child, StopMode.final, reason);
  const { significant } = child.policy;
  if (parent.kind === CellKind.worker) {
    const wasTask = taskEnded(d, parent, child, reason);
    forget(d, child);
    if (!wasTask && parent.behaviour.childExit !== undefined) d.notify(parent, new ChildEnded(child.id, reason));
    return;
  }
  if (parent.kind === CellKind.dynamic || child.policy.restart === 'temporary') forget(d, child);
  if (significant && !child.quarantined) autoShutdown(d, parent);
}

function autoShutdown(d: Dispatcher, supervisor: Cell): void {
  switch (supervisor.supervision!.autoShutdown) {
    case 'never': return;
    case 'anySignificant': break;
    case 'allSignificant':
      for (const child of supervisor.children?.values() ?? []) if (child.policy.significant && child.state < CellState.stopped) return;
      break;
  }
  exitSupervisor(d, supervisor, { kind: 'shutdown', info: 'significant children ended' }, StopMode.final);
}

/** More restarts than the budget: the children are stopped and the supervisor ends abnormally, for its own parent to judge. */
function giveUp(d: Dispatcher, supervisor: Cell, child: Cell, reason: ExitReason): void {
  const { window } = supervisor.supervision!;
  d.trace.write(TraceKind.giveUp, supervisor.number, window.limit + 1, d.nowUs);
  const cause: FailureCause = {
    name: 'IntensityExceeded',
    message: `child "${child.id}" failed: more than ${window.limit} restarts within ${window.withinUs / 1000} ms`,
    path: supervisor.path,
    incarnation: supervisor.incarnation,
    cause: causeOf(reason, child.path),
  };
  reportFailure(d, 'shutdown', child, { kind: 'error', cause });
  settleForGood(d, child, StopMode.final, reason);
  exitSupervisor(d, supervisor, { kind: 'error', cause }, StopMode.final);
}
