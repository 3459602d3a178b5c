import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { kill, stopCell } from '../core/lifecycle.js';
import { awaitStart } from '../core/pending-start.js';
import { forget } from '../core/release.js';
import { createCell, startCell } from '../core/start.js';
import { CellState, StopMode } from '../core/states.js';
import { reportFailure } from '../observe/report.js';
import type { ChildSpec, ExitReason, FailureCause } from '../types.js';

const SHUTDOWN: ExitReason = { kind: 'shutdown' };

/**
 * Starts the partitions a growing supervisor does not have yet, in order. When one does not start, those started here are stopped
 * again: why is the answer. One whose start takes time and then fails is a restart that failed: its supervisor tries again.
 */
export function grow(d: Dispatcher, supervisor: Cell, specs: readonly ChildSpec[], failedLater: (child: Cell, cause: FailureCause) => void): FailureCause | null {
  const fresh: Cell[] = [];
  for (const spec of specs) {
    if (supervisor.children?.has(spec.id) === true) continue;
    const child = createCell(d, supervisor, spec);
    fresh.push(child);
    const cause = startCell(d, child);
    if (cause !== null) {
      reportFailure(d, 'start_error', child, { kind: 'error', cause });
      for (const one of fresh.reverse()) {
        if (!stopCell(d, one, StopMode.final, SHUTDOWN)) kill(d, one);
        forget(d, one);
      }
      return cause;
    }
    if (child.pendingStart !== null) {
      awaitStart(child, true, (failed) => {
        if (failed !== null) failedLater(child, failed);
      });
    }
  }
  return null;
}

/**
 * Stops the partitions a shrinking supervisor no longer has, the last one first, and all children in them. Their addresses are free
 * when they are down; nothing of them moves to another partition.
 */
export function shrink(d: Dispatcher, supervisor: Cell, partitions: number): string[] {
  const gone = [...(supervisor.children?.values() ?? [])].filter((child) => Number(child.id) >= partitions).reverse();
  for (const child of gone) {
    // One that takes time to stop leaves nothing behind either when it is down.
    child.policy = { ...child.policy, restart: 'temporary' };
    if (stopCell(d, child, StopMode.final, SHUTDOWN)) forget(d, child);
  }
  return gone.map((child) => child.id);
}

/** A partition of these that is still being stopped, if there is one: its address is not free yet. */
export function stillStopping(supervisor: Cell, specs: readonly ChildSpec[]): Cell | undefined {
  for (const spec of specs) {
    const child = supervisor.children?.get(spec.id);
    if (child !== undefined && (child.state === CellState.stopping || child.state === CellState.draining)) return child;
  }
  return undefined;
}
