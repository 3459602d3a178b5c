import type { BackoffSpec, ChildSpec, ExitReason, RestartType } from '../types.js';
import { isAbnormal } from '../core/failure.js';
import { RestartWindow } from './window.js';

/** A child specification with its defaults filled in, as the supervisor uses it. */
export interface ChildPolicy {
  readonly restart: RestartType;
  readonly keepsState: boolean;
  /** Milliseconds to stop in; Infinity to wait, -1 to be killed without a word. */
  readonly shutdownMs: number;
  /** Milliseconds a start that goes on after `init` has. */
  readonly startMs: number;
  readonly significant: boolean;
  readonly backoff: BackoffSpec | null;
  /** Budget of its own, null when the supervisor's counts. */
  readonly quarantine: RestartWindow | null;
  readonly onRestart: 'keep' | 'drop' | 'reject';
  /** Null: its state is never put away. */
  readonly idleAfterMs: number | null;
  /** Messages that may be set aside. */
  readonly stash: number;
}

const DEFAULT_SHUTDOWN_MS = 5000;
const DEFAULT_STASH = 1024;
const DEFAULT_START_MS = 1000;
/** Budget of a child spawned by a worker that asks to be restarted and states none. */
const SPAWNED_RESTARTS = 3;
const SPAWNED_WITHIN_MS = 5000;

/** @param spawned the parent is a worker: unless told otherwise its children are not restarted. */
export function policyOf(spec: ChildSpec, spawned: boolean): ChildPolicy {
  const restart = spec.restart ?? (spawned ? 'temporary' : 'permanent');
  const backoff = spec.backoff ?? null;
  const significant = spec.significant ?? false;
  if (spec.kind !== 'worker') {
    const shutdownMs = spec.kind === 'supervisor' && typeof spec.shutdown === 'object' ? spec.shutdown.force : Infinity;
    return { restart, keepsState: false, shutdownMs, startMs: DEFAULT_START_MS, significant, backoff, quarantine: null, onRestart: 'keep', stash: 0, idleAfterMs: null };
  }
  const budget = spec.quarantine ?? (spawned ? { restarts: SPAWNED_RESTARTS, withinMs: SPAWNED_WITHIN_MS } : undefined);
  return {
    restart,
    keepsState: spec.restore === 'lastGood',
    shutdownMs: spec.shutdown === 'brutal' ? -1 : spec.shutdown === 'infinity' ? Infinity : (spec.shutdown ?? DEFAULT_SHUTDOWN_MS),
    startMs: spec.startDeadlineMs ?? DEFAULT_START_MS,
    significant,
    backoff,
    // What is never restarted needs no count of its restarts.
    quarantine: budget === undefined || restart === 'temporary' ? null : new RestartWindow(budget.restarts, budget.withinMs),
    onRestart: spec.mailbox?.onRestart ?? 'keep',
    idleAfterMs: spec.idleAfter ?? null,
    stash: spec.mailbox?.stash ?? DEFAULT_STASH,
  };
}

/** OTP's table: permanent always, transient after an abnormal exit, temporary never. */
export function wantsRestart(restart: RestartType, reason: ExitReason): boolean {
  switch (restart) {
    case 'permanent': return true;
    case 'transient': return isAbnormal(reason);
    case 'temporary': return false;
  }
}
