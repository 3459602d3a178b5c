import type { Dispatcher } from '../core/dispatcher.js';
import { type SnapshotResult, takeSnapshot } from '../core/snapshot.js';
import { takeTreeSnapshot, type TreeSnapshotResult } from '../core/tree-snapshot.js';
import { type Counters, countersOf } from '../observe/counters.js';
import { COPY_LIMITS, type CopyLimits } from '../observe/inspect.js';
import { type ArmedTimer, type Inspection, inspectionOf, pathsOfCells, timersUnder } from '../observe/inspection.js';
import type { SupervisorReport } from '../observe/report.js';
import { type Figures, figuresOf, nodeState, type NodeState, treeOf, type TreeLimits, type TreeNode } from '../observe/tree.js';
import type { Trace } from '../observe/trace.js';
import { Probes } from '../probe/probes.js';
import type { ProbeOptions, MachineReading } from '../probe/reading.js';
import { mailboxOf, type MailboxView, MAILBOX_LIMITS } from '../observe/waiting.js';
import type { ActorRef, DeadLetter } from '../types.js';

/** What can be seen of a runtime from outside: plain memory and copies, never a question to an actor. */
export abstract class Observation {
  protected abstract get d(): Dispatcher;

  nowUs(): number {
    return this.d.clock.nowUs();
  }

  /** Due time of the earliest timer, Infinity when there is none. */
  nextTimerUs(): number {
    return this.d.timers.nextUs();
  }

  /** The tree as plain data, or the part of it under `path`; null when nothing runs there. */
  tree(limits: TreeLimits & { readonly path?: string } = {}): TreeNode | null {
    const cell = this.d.find(limits.path ?? '/');
    return cell === undefined ? null : treeOf(cell, this.d.clock.nowUs(), limits);
  }

  /** What changes from moment to moment of the actors that `tree` would list, as `FIGURES.length` numbers each; null when nothing runs there. */
  figures(limits: TreeLimits & { readonly path?: string } = {}): Figures | null {
    const cell = this.d.find(limits.path ?? '/');
    return cell === undefined ? null : figuresOf(cell, limits);
  }

  /** The earliest armed timers of actors: of all, or of the one at `path` and those under it. */
  timers(most: number, path = '/'): ArmedTimer[] {
    return timersUnder(this.d, path, most);
  }

  /** Paths of the actors with these numbers in trace events, of those that live; looks at no more than `looks` actors. */
  pathsOfCells(numbers: Iterable<number>, looks = 50_000): Map<number, string> {
    return pathsOfCells(this.d, numbers, looks);
  }

  /** One actor's state and belongings as bounded plain data; undefined when there is none. */
  inspect(path: string, limits: CopyLimits = COPY_LIMITS): Inspection | undefined {
    const cell = this.d.find(path);
    return cell === undefined ? undefined : inspectionOf(this.d, cell, limits);
  }

  /**
   * One actor as a state machine: its chart, where it stands, and from the first call on what its events did, transition by transition. The
   * first call begins a probe of the actor, later ones extend it; it ends by itself when nobody has asked for `leaseMs` (by the wall's
   * clock). A probe changes nothing of what the tree does, and costs nothing where there is none. Undefined when there is no such actor.
   */
  machine(path: string, options: ProbeOptions = {}): MachineReading | undefined {
    const cell = this.d.find(path);
    if (cell === undefined) return undefined;
    this.d.probes ??= new Probes();
    return this.d.probes.read(this.d, cell, options);
  }

  /** Ends the probe of an actor, or all probes; a no-op where there is none. */
  endProbe(path?: string): void {
    if (path === undefined) this.d.probes?.end();
    const cell = path === undefined ? undefined : this.d.find(path);
    if (cell !== undefined) this.d.probes?.end(cell);
  }

  /** What waits for an actor to be handled, as bounded plain data; undefined when there is none. */
  mailbox(path: string, limits: Partial<typeof MAILBOX_LIMITS> = {}): MailboxView | undefined {
    const cell = this.d.find(path);
    return cell === undefined ? undefined : mailboxOf(cell, { ...MAILBOX_LIMITS, ...limits });
  }

  /** What `inspect` calls its state, without a copy of anything; undefined when there is none. */
  stateOf(path: string): NodeState | undefined {
    const cell = this.d.find(path);
    return cell === undefined ? undefined : nodeState(cell);
  }

  /** Everything the actor is between two turns, as data; or why it cannot be had. */
  snapshot(path: string): SnapshotResult {
    this.d.touch();
    const cell = this.d.find(path);
    return cell === undefined ? { ok: false, reason: { kind: 'not_found', path } } : takeSnapshot(this.d, cell);
  }

  /**
   * The whole tree as data, for `RuntimeOptions.resume`; or why it cannot be had: somebody has something to do, waits, or is held up. Addresses
   * that `without` names, and those below them, are left out and begin with `init`.
   */
  snapshotTree(without: (path: string) => boolean = () => false): TreeSnapshotResult {
    this.d.touch();
    return takeTreeSnapshot(this.d, this.d.paths.get('/') ?? null, without);
  }

  /** The last dead letters, oldest first. */
  deadLetters(): DeadLetter[] {
    return this.d.deadLetters.list();
  }

  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    return this.d.deadLetters.onLetter(listener);
  }

  /**
   * Calls `listener` between turns with every supervisor report from now on, in order; one that throws is taken off. Returns the way
   * to take it off.
   */
  onReport(listener: (report: SupervisorReport) => void): () => void {
    return this.d.reports.listen(listener);
  }

  counters(): Counters {
    return countersOf(this.d);
  }

  /** The flight recorder: last events and the hash over all of them. */
  trace(): Trace {
    return this.d.trace;
  }

  /** Members of a group in the order they joined. */
  members<M = unknown>(group: string): ActorRef<M>[] {
    return this.d.groups.membersOf(group);
  }
}
