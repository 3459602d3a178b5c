import { reportStop } from '../observe/report.js';
import { TraceKind } from '../observe/trace.js';
import type { ExitReason } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { isAbnormal } from './failure.js';
import { wake } from './idle.js';
import { callOffStart } from './pending-start.js';
import { refusePromise } from './refuse-promise.js';
import { forget, release, tellWatchers } from './release.js';
import { CellKind, CellState, StopMode } from './states.js';
import { unpark } from './suspend.js';

const SHUTDOWN: ExitReason = { kind: 'shutdown' };
const KILLED: ExitReason = { kind: 'killed' };

/**
 * Asks a cell and everything under it to stop. True when that is done; false when something asked for time (a stop hook answered
 * 'pending'), in which case the parent is told later.
 */
export function stopCell(d: Dispatcher, cell: Cell, mode: StopMode, reason: ExitReason): boolean {
  switch (cell.state) {
    case CellState.gone:
    case CellState.stopped:
      return true;
    case CellState.down:
      cancelRestart(d, cell);
      // It has ended before its start was finished, and nobody has judged that yet.
      if (cell.pendingStart !== null) callOffStart(d, cell);
      if (mode !== StopMode.retain) settleForGood(d, cell, mode, reason);
      else if (cell.undecided) keepOrReset(d, cell, cell.lastExit ?? reason);
      return true;
    case CellState.draining:
    case CellState.stopping:
      if (mode === StopMode.kill) {
        kill(d, cell);
        return true;
      }
      if (mode === StopMode.final) {
        cell.stopMode = mode;
        cell.exitAfterStop = false;
        // A supervisor that was ending by itself before it was there: nobody will come to judge that start.
        if (cell.pendingStart !== null) callOffStart(d, cell);
      }
      return false;
    case CellState.starting:
    case CellState.running:
      break;
  }
  // Half a start is no state to keep.
  const halfStarted = cell.pendingStart !== null;
  if (halfStarted) callOffStart(d, cell);
  if (mode === StopMode.retain && !halfStarted && keepsState(cell)) {
    cell.retained = true;
    cell.state = CellState.down;
    cell.lastExit = reason;
    d.trace.write(TraceKind.exit, cell.number, 1, d.nowUs);
    tellWatchers(d, cell, reason);
    return true;
  }
  if (mode === StopMode.kill || cell.policy.shutdownMs < 0) {
    kill(d, cell, mode === StopMode.retain);
    return true;
  }
  cell.state = CellState.stopping;
  // Whoever asks for a last exchange must be able to have it.
  unpark(d, cell);
  cell.stopMode = mode;
  cell.stopReason = reason;
  if (cell.kind !== CellKind.worker && cell.policy.shutdownMs !== Infinity) armStopDeadline(d, cell);
  return continueStop(d, cell);
}

/** Whether the state after the last completed turn can carry over into the next incarnation. */
export function keepsState(cell: Cell): boolean {
  return cell.kind === CellKind.worker && cell.policy.keepsState && cell.stateGood && cell.pendingStart === null;
}

/** Goes on with a stop: children first (one after the other in reverse, all at once where there is no order), then the hook. */
export function continueStop(d: Dispatcher, cell: Cell): boolean {
  if (!stopChildren(d, cell, cell.kind === CellKind.worker ? StopMode.final : cell.stopMode)) return false;
  if (cell.kind === CellKind.worker && runStopHook(d, cell, cell.stopReason) === 'pending') {
    cell.state = CellState.draining;
    if (cell.policy.shutdownMs !== Infinity) armStopDeadline(d, cell);
    if (!cell.scheduled && cell.queued !== 0) d.schedule(cell);
    return false;
  }
  finishStop(d, cell);
  return true;
}

function stopChildren(d: Dispatcher, cell: Cell, mode: StopMode): boolean {
  if (cell.children === null) return true;
  const inOrder = cell.kind === CellKind.supervisor;
  const awaited = inOrder ? undefined : d.awaited.get(cell);
  if (awaited !== undefined && awaited.parent === cell && (awaited.state === CellState.stopping || awaited.state === CellState.draining)) return false;
  const open: Cell[] = [];
  for (const child of cell.childrenLastFirst) {
    const stays = mode === StopMode.retain && comesBack(cell, child);
    if (!stopCell(d, child, stays ? StopMode.retain : StopMode.final, SHUTDOWN)) {
      if (inOrder) return false;
      open.push(child);
    } else if (!stays) {
      forget(d, child);
    }
  }
  // The one in the middle: in whatever order they end, all are looked at a few times only and not at each end.
  if (open.length === 0) return true;
  d.awaited.set(cell, open[open.length >> 1]!);
  return false;
}

/** Children a restarted supervisor finds again: those of its specification, and those whose state is kept. */
function comesBack(parent: Cell, child: Cell): boolean {
  if (child.policy.restart === 'temporary' || child.quarantined) return false;
  if (keepsState(child)) return true;
  return parent.supervision !== null && parent.supervision.declared.some((spec) => spec.id === child.id);
}

/** The end of a stop: names are freed before anyone is told. */
export function finishStop(d: Dispatcher, cell: Cell): void {
  if (cell.stopTimer !== null) d.timers.remove(cell.stopTimer);
  cell.stopTimer = null;
  const reason = cell.stopReason;
  const retain = cell.stopMode === StopMode.retain || cell.exitAfterStop;
  d.trace.write(TraceKind.exit, cell.number, reason.kind === 'error' ? 3 : 1, d.nowUs);
  if (cell.durable !== null) cell.durable.stopped();
  cell.state = retain ? CellState.down : CellState.stopped;
  cell.lastExit = reason;
  release(d, cell, !retain);
  tellWatchers(d, cell, reason);
  if (!cell.exitAfterStop) reportStop(d, cell, reason);
}

/** A stop that took time has come to its end: whoever waited for it goes on. */
export function stopCompleted(d: Dispatcher, cell: Cell): void {
  const parent = cell.parent;
  if (cell.exitAfterStop && cell.state === CellState.down) {
    cell.exitAfterStop = false;
    d.exited(cell);
    d.settle();
  } else if (parent === null) {
    d.onRootExit(cell.lastExit ?? SHUTDOWN);
  } else if (parent.state === CellState.stopping) {
    if (continueStop(d, parent)) stopCompleted(d, parent);
  } else if (parent.kind === CellKind.worker) {
    forget(d, cell);
  } else {
    d.hooks.siblingStopped(d, parent, cell);
  }
}

/** A draining cell said it is done, or crashed while draining. */
export function drainEnded(d: Dispatcher, cell: Cell): void {
  finishStop(d, cell);
  stopCompleted(d, cell);
}

/** Takes a supervisor out of service as after a crash of its own: innocent children are kept where their specification allows. */
export function exitSupervisor(d: Dispatcher, cell: Cell, reason: ExitReason, mode: StopMode = StopMode.retain): void {
  cell.state = CellState.stopping;
  cell.stopMode = mode;
  cell.stopReason = reason;
  cell.exitAfterStop = true;
  for (const child of cell.children?.values() ?? []) cancelRestart(d, child);
  cell.supervision!.waitingFor = null;
  cell.supervision!.retries.length = 0;
  cell.supervision!.boot = null;
  if (reason.kind === 'killed') fenceChildren(d, cell, true);
  if (continueStop(d, cell)) stopCompleted(d, cell);
}

/** Children of a killed cell, last first. Where the cell comes back, so do they, with the last good state of those that keep one. */
function fenceChildren(d: Dispatcher, cell: Cell, parentComesBack: boolean): void {
  for (const child of cell.childrenLastFirst) {
    if (!parentComesBack || !comesBack(cell, child)) {
      kill(d, child);
      forget(d, child);
    } else if (child.state === CellState.running && child.pendingStart === null && keepsState(child)) {
      stopCell(d, child, StopMode.retain, KILLED);
    } else if (!child.retained) {
      kill(d, child, true);
    }
  }
}

/**
 * Fences a cell and everything under it, deepest first. No user code runs.
 *
 * @param comesBack it is a bystander of a restart: the address stays, and its queue if its specification says so
 */
export function kill(d: Dispatcher, cell: Cell, comesBack = false): void {
  if (cell.state === CellState.gone || cell.state === CellState.stopped) return;
  cancelRestart(d, cell);
  if (cell.pendingStart !== null) callOffStart(d, cell);
  fenceChildren(d, cell, comesBack && cell.kind !== CellKind.worker);
  if (cell.stopTimer !== null) d.timers.remove(cell.stopTimer);
  cell.stopTimer = null;
  cell.exitAfterStop = false;
  cell.retained = false;
  cell.undecided = false;
  const alive = cell.state !== CellState.down;
  cell.state = comesBack ? CellState.down : CellState.stopped;
  if (alive) {
    cell.lastExit = KILLED;
    d.trace.write(TraceKind.exit, cell.number, 2, d.nowUs);
  }
  release(d, cell, !comesBack);
  tellWatchers(d, cell, KILLED);
}

/** Ends a cell that is down and will not come back. Its stop hook has not run if its state was being kept. */
export function settleForGood(d: Dispatcher, cell: Cell, mode: StopMode, reason: ExitReason): void {
  endChildren(d, cell, mode === StopMode.kill || reason.kind === 'killed');
  if (mode !== StopMode.kill && reason.kind !== 'killed') runStopHook(d, cell, reason);
  if (cell.durable !== null && mode !== StopMode.kill) cell.durable.stopped();
  cell.retained = false;
  cell.undecided = false;
  cell.state = CellState.stopped;
  release(d, cell, true);
  tellWatchers(d, cell, reason);
}

/** Children of a cell that is down have no time to drain; under a killed one they are not even asked. */
function endChildren(d: Dispatcher, cell: Cell, fenced: boolean): void {
  for (const child of cell.childrenLastFirst) {
    if (fenced || !stopCell(d, child, StopMode.final, SHUTDOWN)) kill(d, child);
    forget(d, child);
  }
}

/** A child that is down and comes back: after an abnormal exit it keeps its last good state if its specification says so. */
export function keepOrReset(d: Dispatcher, cell: Cell, reason: ExitReason): void {
  cell.undecided = false;
  if (isAbnormal(reason) && keepsState(cell)) {
    cell.retained = true;
    tellWatchers(d, cell, reason);
  } else {
    resetForRestart(d, cell, reason);
  }
}

/** Clears what belonged to the incarnation that ended, before a fresh one starts at the same address. */
function resetForRestart(d: Dispatcher, cell: Cell, reason: ExitReason): void {
  if (cell.kind === CellKind.worker) {
    endChildren(d, cell, reason.kind === 'killed');
    if (reason.kind !== 'killed') runStopHook(d, cell, reason);
    release(d, cell, false);
  }
  tellWatchers(d, cell, reason);
}

/** Stops a child at its parent's wish; a child not there is no error. */
export function stopChild(d: Dispatcher, parent: Cell, id: string): void {
  const child = parent.children?.get(id);
  if (child !== undefined && stopCell(d, child, StopMode.final, SHUTDOWN)) forget(d, child);
}

export function cancelRestart(d: Dispatcher, cell: Cell): void {
  if (cell.restartTimer !== null) d.timers.remove(cell.restartTimer);
  cell.restartTimer = null;
  cell.retryQueued = false;
}

function runStopHook(d: Dispatcher, cell: Cell, reason: ExitReason): 'pending' | undefined {
  if (cell.behaviour.stop === undefined || !cell.stateGood || wake(d, cell) !== null) return undefined;
  return callStopHook(d, cell, reason);
}

/** The stop hook is a turn of its own: what it sends goes out if it returns, nothing does if it throws. */
function callStopHook(d: Dispatcher, cell: Cell, reason: ExitReason): 'pending' | undefined {
  const behaviour = cell.behaviour;
  const mark = d.ops.count;
  const outer = d.current;
  const outerInit = d.initialises;
  let answer: 'pending' | undefined;
  d.current = cell;
  d.initialises = false;
  d.inTurn = true;
  const cause = d.guard(cell, () => {
    const returned: unknown = behaviour.stop?.(cell.value, cell.context, reason);
    refusePromise(returned, behaviour.name, 'stop');
    answer = returned === 'pending' ? 'pending' : undefined;
  });
  d.inTurn = false;
  d.current = outer;
  d.initialises = outerInit;
  // What the hook asked for is the draining actor's: a stopping one takes no timer.
  if (answer === 'pending' && cell.state === CellState.stopping) cell.state = CellState.draining;
  if (cause === undefined) {
    d.commitAs(mark, 'stop');
  } else {
    d.hooks.rollback(d, mark);
  }
  return answer;
}

function armStopDeadline(d: Dispatcher, cell: Cell): void {
  cell.stopTimer = d.arm(d.nowUs + cell.policy.shutdownMs * 1000, cell, '', undefined, {
    run: () => {
      cell.stopTimer = null;
      kill(d, cell, cell.stopMode === StopMode.retain);
      reportStop(d, cell, KILLED);
      stopCompleted(d, cell);
    },
  });
}
