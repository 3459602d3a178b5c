import type { Clock } from '../clock/clock.js';
import type { DeadLetters } from '../observe/dead-letters.js';
import type { Determinism } from '../observe/determinism.js';
import type { Trace } from '../observe/trace.js';
import type { ActorContext, ExitReason } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import type { EffectTable } from './effects.js';

/**
 * What the dispatcher needs of the rooms built on it, and they of each other. They are handed in because they import the
 * dispatcher; see runtime.ts for the wiring.
 */
export interface Hooks {
  commit(d: Dispatcher, mark: number): void;
  rollback(d: Dispatcher, mark: number): void;
  makeContext(d: Dispatcher, cell: Cell): ActorContext;
  /** A draining cell said it is done, or crashed while draining. */
  drainEnded(d: Dispatcher, cell: Cell): void;
  /** A supervisor is to end as after a crash of its own. */
  exitSupervisor(d: Dispatcher, cell: Cell, reason: ExitReason): void;
  /** A cell is down by itself: its supervisor decides. */
  childExited(d: Dispatcher, cell: Cell): void;
  /** A child that took time to stop has stopped. */
  siblingStopped(d: Dispatcher, parent: Cell, cell: Cell): void;
  retryFailed(d: Dispatcher, supervisor: Cell): void;
  /** An actor whose start went on after `init` has said that it is there. */
  startFinished(d: Dispatcher, cell: Cell): void;
}

export interface DispatcherOptions {
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly seed: string;
  readonly sliceMessages: number;
  readonly maxTimersPerActor: number;
  readonly effects: EffectTable;
  readonly trace: Trace;
  readonly deadLetters: DeadLetters;
  readonly determinism: Determinism | null;
  readonly onRootExit: (reason: ExitReason) => void;
}
