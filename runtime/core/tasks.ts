import type { AskResult, ExitReason, FailureCause, TaskOutcome, WorkerSpec } from '../types.js';
import { Ask } from './asks.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { causeOf } from './failure.js';
import { stopChild } from './lifecycle.js';
import { awaitStart } from './pending-start.js';
import { forget } from './release.js';
import { createCell, startCell } from './start.js';
import { CellState } from './states.js';
import type { Call } from './turn-ops.js';

/** A one-shot child under way. Its outcome travels as that of an ask does: once, and only to the life that began it. */
export class Task {
  readonly id: string;
  readonly linked: boolean;
  readonly outcome: Ask;

  constructor(id: string, linked: boolean, outcome: Ask) {
    this.id = id;
    this.linked = linked;
    this.outcome = outcome;
  }
}

/** What `ctx.task` asks for when its turn is committed. */
export interface TaskWish {
  readonly spec: WorkerSpec<never>;
  readonly linked: boolean;
  readonly deadlineMs: number;
  readonly toMessage: (outcome: TaskOutcome<never>) => unknown;
}

export const callTask: Call = (d, owner, wish) => beginTask(d, owner, wish as TaskWish);
export const callCancelTask: Call = (d, owner, id) => cancelTask(d, owner, id as string);

function beginTask(d: Dispatcher, owner: Cell, { spec, linked, deadlineMs, toMessage }: TaskWish): void {
  if (owner.state > CellState.draining) return;
  const outcome = new Ask(owner, owner.epoch, spec.id, toMessage as unknown as Ask['toMessage']);
  (owner.asks ??= new Set()).add(outcome);
  const task = new Task(spec.id, linked, outcome);
  const known = owner.children?.get(spec.id);
  if (known !== undefined || owner.state === CellState.draining) {
    const message = known === undefined ? 'an actor that is stopping begins no task' : `there is already a child "${spec.id}"`;
    tell(d, task, { ok: false, reason: 'crashed', cause: { name: 'StartFailed', message, path: owner.path } });
    return;
  }
  const child = createCell(d, owner, spec);
  (d.tasks ??= new Map()).set(child, task);
  const cause = startCell(d, child);
  if (cause !== null) {
    startFailed(d, owner, child, cause);
    return;
  }
  if (child.state === CellState.stopped) {
    forget(d, child);
    tell(d, task, { ok: true, value: undefined });
    return;
  }
  if (child.pendingStart !== null) {
    awaitStart(child, false, (failed) => {
      if (failed !== null) startFailed(d, owner, child, failed);
    });
  }
  if (deadlineMs === Infinity) return;
  outcome.timer = d.arm(d.nowUs + Math.round(deadlineMs * 1000), owner, '', outcome, {
    run: () => {
      tell(d, task, { ok: false, reason: 'timeout' });
      stopChild(d, owner, task.id);
    },
  });
}

function startFailed(d: Dispatcher, owner: Cell, child: Cell, cause: FailureCause): void {
  taskEnded(d, owner, child, { kind: 'error', cause });
  forget(d, child);
}

/** A child of a worker has ended by itself: true when it was a task, and its outcome has been told. */
export function taskEnded(d: Dispatcher, owner: Cell, child: Cell, reason: ExitReason): boolean {
  const task = d.tasks?.get(child);
  if (task === undefined) return false;
  d.tasks?.delete(child);
  if (reason.kind === 'normal') {
    tell(d, task, { ok: true, value: reason.output });
  } else if (reason.kind === 'shutdown') {
    tell(d, task, { ok: false, reason: 'stopped' });
  } else if (task.linked && !task.outcome.done) {
    drop(d, task);
    const message = `task "${child.id}" crashed`;
    const cause: FailureCause = { name: 'TaskCrashed', message, path: owner.path, incarnation: owner.incarnation, cause: causeOf(reason, child.path) };
    d.requestExit(owner, { kind: 'error', cause });
  } else {
    tell(d, task, { ok: false, reason: 'crashed', cause: causeOf(reason, child.path) });
  }
  return true;
}

/** Its outcome is `cancelled` now, whatever it still does; it is stopped as its specification says. */
function cancelTask(d: Dispatcher, owner: Cell, id: string): void {
  const child = owner.children?.get(id);
  const task = child === undefined ? undefined : d.tasks?.get(child);
  if (task === undefined) return;
  tell(d, task, { ok: false, reason: 'cancelled' });
  stopChild(d, owner, id);
}

/** There is to be no outcome: the crash is the owner's. */
function drop(d: Dispatcher, { outcome }: Task): void {
  outcome.done = true;
  outcome.asker?.asks?.delete(outcome);
  if (outcome.timer !== null) d.timers.remove(outcome.timer);
}

/** A result that comes after another outcome has been told is a dead letter. */
function tell(d: Dispatcher, task: Task, outcome: TaskOutcome<unknown>): void {
  const { asker, done } = task.outcome;
  if (!done) {
    d.answer(task.outcome, outcome as unknown as AskResult<unknown>);
    return;
  }
  if (!outcome.ok || asker === null) return;
  d.sent++;
  d.deadLetter('late_reply', asker, outcome);
}
