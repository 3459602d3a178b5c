import type { Dispatcher } from '../core/dispatcher.js';
import type { DeadLetterReason } from '../types.js';

export interface Counters {
  /** Everything put or attempted to be put into a lane. `sent = handled + queued + deferred + deadLettered + conflated` between turns. */
  readonly sent: number;
  /** Messages done with: one that is set aside counts when it has been handled after all. */
  readonly handled: number;
  readonly queued: number;
  /** Messages set aside by `ctx.stash` or `meta.defer`. */
  readonly deferred: number;
  readonly deadLettered: number;
  readonly deadLetters: Readonly<Record<DeadLetterReason, number>>;
  /** Messages that took the place of a queued one of the same key. */
  readonly conflated: number;
  /** Throws caught in effects, observers, stop hooks. */
  readonly faults: number;
  readonly cells: number;
  readonly timers: number;
  readonly restarts: number;
}

export function countersOf(d: Dispatcher): Counters {
  let queued = 0;
  let deferred = 0;
  for (const cell of d.paths.values()) {
    queued += cell.queued;
    deferred += cell.stash?.length ?? 0;
  }
  return {
    sent: d.sent,
    handled: d.handled - d.setAside,
    queued,
    deferred,
    deadLettered: d.deadLetters.total,
    deadLetters: d.deadLetters.byReason(),
    conflated: d.conflated,
    faults: d.faults,
    cells: d.paths.size,
    timers: d.timers.size,
    restarts: d.restarts,
  };
}
