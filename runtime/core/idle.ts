import type { Timer } from '../clock/timer-heap.js';
import { TraceKind } from '../observe/trace.js';
import type { FailureCause } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { runRestore, snapshotValue } from './snapshot.js';
import { CellState } from './states.js';

/** What a cell with `idleAfter` has besides: when it last had its turn, and, while it is away, its state as data. */
export class Idle {
  readonly afterUs: number;
  lastUs: number;
  timer: Timer | null = null;
  asleep = false;
  data: unknown = undefined;

  constructor(afterUs: number, nowUs: number) {
    this.afterUs = afterUs;
    this.lastUs = nowUs;
  }
}

/** Begins to watch a cell that has just been started. */
export function watchIdle(d: Dispatcher, cell: Cell, afterMs: number): void {
  cell.idle = new Idle(Math.round(afterMs * 1000), d.nowUs);
  cell.gated = true;
  armIdle(d, cell, cell.idle, d.nowUs + cell.idle.afterUs);
}

/** Ends the watch, with the incarnation. */
export function dropIdle(d: Dispatcher, cell: Cell): void {
  const timer = cell.idle?.timer ?? null;
  if (timer !== null) d.timers.remove(timer);
  cell.idle = null;
  cell.gated = cell.suspended;
}

/** Called before a turn of a cell that is watched: notes the time and, if its state was put away, brings it back. Null or why it could not. */
export function wake(d: Dispatcher, cell: Cell): FailureCause | null {
  const idle = cell.idle;
  if (idle === null) return null;
  idle.lastUs = d.nowUs;
  if (!idle.asleep) return null;
  const mark = d.ops.count;
  const restored = runRestore(d, cell, cell.behaviour, idle.data, 'wake');
  idle.asleep = false;
  idle.data = undefined;
  d.trace.write(TraceKind.hibernate, cell.number, 0, d.nowUs);
  if (!restored.ok) {
    cell.stateGood = false;
    return restored.cause;
  }
  cell.value = restored.value;
  d.commitAs(mark, 'wake');
  if (cell.state === CellState.running) armIdle(d, cell, idle, d.nowUs + idle.afterUs);
  return null;
}

/** The cell has been given a state from elsewhere: what was put away is forgotten, its time begins anew. */
export function rearmIdle(d: Dispatcher, cell: Cell): void {
  const idle = cell.idle;
  if (idle === null) return;
  idle.asleep = false;
  idle.data = undefined;
  idle.lastUs = d.nowUs;
  if (idle.timer === null) armIdle(d, cell, idle, d.nowUs + idle.afterUs);
}

function armIdle(d: Dispatcher, cell: Cell, idle: Idle, dueUs: number): void {
  idle.timer = d.arm(dueUs, cell, '', undefined, { run: () => idleFired(d, cell, idle) });
}

function idleFired(d: Dispatcher, cell: Cell, idle: Idle): void {
  idle.timer = null;
  if (cell.idle !== idle || cell.state === CellState.stopping || cell.state === CellState.draining) return;
  const dueUs = idle.lastUs + idle.afterUs;
  if (dueUs > d.nowUs) armIdle(d, cell, idle, dueUs);
  else if (cell.state !== CellState.running || cell.suspended || cell.queued !== 0 || !putAway(d, cell, idle)) armIdle(d, cell, idle, d.nowUs + idle.afterUs);
}

/** A snapshot that cannot be taken leaves the actor awake; the throw is counted as a fault. */
function putAway(d: Dispatcher, cell: Cell, idle: Idle): boolean {
  const taken = snapshotValue(d, cell);
  if (!taken.ok) return false;
  idle.asleep = true;
  idle.data = taken.value;
  cell.value = undefined;
  d.trace.write(TraceKind.hibernate, cell.number, 1, d.nowUs);
  return true;
}
