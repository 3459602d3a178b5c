import type { Timer } from '../clock/timer-heap.js';
import type { FailureCause, StartChildResult } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { toFailureCause } from './failure.js';
import { CellState } from './states.js';

/** A start that goes on after `init`: the actor said so, or (a supervisor) a child of its boot did. It ends in one of three ways. */
export class PendingStart {
  /** Deadline of an actor's start; a supervisor's start has those of its children. */
  timer: Timer | null = null;
  /** What the start is part of goes on: with null when it has succeeded, otherwise with why it has not. */
  goOn: ((cause: FailureCause | null) => void) | null = null;
  /** Who asked for it by hand. */
  told: ((answer: StartChildResult) => void) | null = null;
  /** The child is part of a restart: what is queued for it outlives a failure. */
  restarting = false;
  finished = false;
  info: unknown = undefined;
}

/** Makes the start one that goes on. @param deadlineUs when it has failed, or null */
export function beginPending(d: Dispatcher, cell: Cell, deadlineUs: number | null): void {
  const pending = new PendingStart();
  cell.pendingStart = pending;
  if (deadlineUs === null) return;
  pending.timer = d.arm(deadlineUs, cell, '', undefined, {
    run: () => {
      pending.timer = null;
      const ms = (deadlineUs - cell.startedAtUs) / 1000;
      const message = `the start was not finished within ${ms} ms`;
      d.requestExit(cell, { kind: 'error', cause: { name: 'StartDeadline', message, path: cell.path, incarnation: cell.incarnation } });
    },
  });
}

/** What goes on when the start has ended. A start that is called off (its supervisor stops it) goes on with nothing. */
export function awaitStart(cell: Cell, restarting: boolean, goOn: (cause: FailureCause | null) => void): void {
  cell.pendingStart!.restarting = restarting;
  cell.pendingStart!.goOn = goOn;
}

/** Takes the pending start off the cell; whatever happens to it now, its deadline is not it. */
export function takePending(d: Dispatcher, cell: Cell): PendingStart | null {
  const pending = cell.pendingStart;
  if (pending === null) return null;
  cell.pendingStart = null;
  if (pending.timer !== null) d.timers.remove(pending.timer);
  return pending;
}

/** The actor is stopped before its start was finished. */
export function callOffStart(d: Dispatcher, cell: Cell): PendingStart | null {
  const pending = takePending(d, cell);
  if (pending !== null && pending.told !== null) d.guard(null, () => pending.told?.({ ok: false, reason: { kind: 'stopping', path: cell.path } }));
  return pending;
}

/** `ctx.started` after `init`, when its turn is committed. */
export function finishStart(d: Dispatcher, cell: Cell, info: unknown): void {
  const pending = cell.pendingStart;
  if (pending === null || pending.finished || cell.state !== CellState.starting) return;
  pending.finished = true;
  pending.info = info;
  d.startSettled(cell);
}

/** `ctx.failStart` after `init`, when its turn is committed. */
export function refuseStart(d: Dispatcher, cell: Cell, reason: unknown): void {
  const pending = cell.pendingStart;
  if (pending === null || pending.finished || cell.state !== CellState.starting) return;
  const cause = toFailureCause(reason, { path: cell.path, incarnation: cell.incarnation, during: { type: 'start', turn: cell.handled } });
  d.exit(cell, { kind: 'error', cause });
}
