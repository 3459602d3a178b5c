import { toFailureCause } from '../core/failure.js';
import { replaceState, type ReplaceStateResult } from '../core/replace-state.js';
import { CellKind, CellState } from '../core/states.js';
import { resume, suspend, type SuspendResult } from '../core/suspend.js';
import { upgrade, type UpgradeResult, type UpgradeTarget } from '../core/upgrade.js';
import * as admin from '../supervision/admin.js';
import { reconfigure, type Reconfiguration, type ReconfigureResult } from '../supervision/reconfigure.js';
import type { ActorRef, Behaviour, ChildSpec, ExitReason, StartChildResult } from '../types.js';
import { Observation } from './observation.js';

/** What an administrator can do to the actors of a runtime, between turns: OTP's `supervisor` and `sys`, and injected faults. */
export abstract class Administration extends Observation {
  /** Ends the present incarnation as an error, between turns, consuming no message. False when there is none. */
  crash(path: string, cause?: unknown): boolean {
    const cell = this.d.find(path);
    const place = cell === undefined ? {} : { path: cell.path, incarnation: cell.incarnation };
    return this.exit(path, { kind: 'error', cause: toFailureCause(cause ?? new Error('injected crash'), place) });
  }

  /** Ends the present incarnation without a word to it: a fence, no user code runs. Its supervisor sees `killed`. */
  kill(path: string): boolean {
    return this.exit(path, { kind: 'killed' });
  }

  /**
   * Ends the present incarnation between turns with a reason of choice, as `exit(Pid, Reason)` does: no message is consumed. False
   * when there is none.
   */
  exit(path: string, reason: ExitReason): boolean {
    this.d.touch();
    const cell = this.d.find(path);
    if (cell === undefined || cell.state > CellState.draining) return false;
    this.d.requestExit(cell, reason);
    return true;
  }

  /** The next message of the actor's user lane throws instead of being handled. False when there is no such actor. */
  poison(path: string): boolean {
    const cell = this.d.find(path);
    if (cell === undefined || cell.kind !== CellKind.worker) return false;
    if (cell.durable !== null) {
      cell.durable.poison++;
      return true;
    }
    cell.poisoned++;
    cell.mailbox.specials++;
    return true;
  }

  /** Where the answer is `pending`, `onStarted` is told once how the start ended. */
  startChild(supervisor: string, spec: ChildSpec, onStarted?: admin.OnStarted): StartChildResult { return admin.startChild(this.d, supervisor, spec, onStarted); }
  terminateChild(supervisor: string, which: string | ActorRef<never>): admin.AdminResult { return admin.terminateChild(this.d, supervisor, which); }
  restartChild(supervisor: string, id: string, onStarted?: admin.OnStarted): StartChildResult { return admin.restartChild(this.d, supervisor, id, onStarted); }
  deleteChild(supervisor: string, id: string): admin.AdminResult { return admin.deleteChild(this.d, supervisor, id); }

  /** Changes a supervisor while it runs, by OTP's rules for a code change; see `Reconfiguration`. Anything wrong and nothing is changed. */
  reconfigure(supervisor: string, wanted: Reconfiguration): ReconfigureResult { return reconfigure(this.d, supervisor, wanted); }
  whichChildren(supervisor: string): admin.ChildInfo[] | undefined { return admin.whichChildren(this.d, supervisor); }
  countChildren(supervisor: string): admin.ChildCounts | undefined { return admin.countChildren(this.d, supervisor); }
  getChildSpec(supervisor: string, which: string | ActorRef<never>): admin.FullChildSpec | undefined {
    return admin.getChildSpec(this.d, supervisor, which);
  }

  /**
   * Suspends a worker, as `sys:suspend` does: from the next turn on it handles nothing, messages, timers that fire and notices
   * wait in its lanes. It can still be stopped, killed and crashed; a restart ends it.
   */
  suspend(path: string): SuspendResult {
    this.d.touch();
    return suspend(this.d, path);
  }

  /** Lets a suspended worker go on with what waits for it. */
  resume(path: string): SuspendResult {
    this.d.touch();
    return resume(this.d, path);
  }

  /**
   * Goes on under a newer version of a behaviour, in one actor or (by the behaviour's name) in all of them, without a restart: snapshot,
   * `migrate`, `restore`, all or nothing. Later incarnations, specifications and templates use it too. `dryRun`: says what would be done.
   */
  upgrade<S, M, Input>(target: UpgradeTarget, behaviour: Behaviour<S, M, Input>, options: { readonly dryRun?: boolean } = {}): UpgradeResult {
    this.d.touch();
    return upgrade(this.d, target, behaviour as unknown as Behaviour<unknown, unknown, unknown>, options.dryRun === true);
  }

  /** For debugging: replaces an actor's state between turns, through its `restore` where it has one. A durable actor refuses. */
  replaceState(path: string, data: unknown): ReplaceStateResult {
    this.d.touch();
    return replaceState(this.d, path, data);
  }
}
