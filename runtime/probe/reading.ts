import type { NodeState } from '../observe/tree.js';
import type { Change } from './changes.js';
import type { ChartModel } from './chart.js';
import type { Candidate } from './face.js';

/**
 * One thing that happened to a probed actor.
 *
 * `start`: an incarnation began. Of a machine: `taken`, `refused` (no transition for it passed), `forbidden` (a transition that does nothing
 * took it), `deferred` (put off until the state changes). `aside`: the behaviour around the machine did not hand it on. `handled`: an actor
 * that is no machine handled it. `threw`: the turn failed. `unexamined`: it came while the probe's share of the time was used up; only its
 * type and the states are known.
 */
export type ProbeOutcome = 'start' | 'taken' | 'refused' | 'forbidden' | 'deferred' | 'aside' | 'handled' | 'threw' | 'unexamined';

export interface ProbeEvent {
  /** Counts from 0 since the probe began. */
  readonly seq: number;
  /** On the runtime's clock, µs since the epoch. */
  readonly atUs: number;
  readonly incarnation: number;
  readonly type: string;
  readonly outcome: ProbeOutcome;
  /** The event as the machine saw it, or the message: bounded plain data. */
  readonly payload: unknown;
  /** State values of a machine; null of what is none. */
  readonly before: unknown;
  readonly after: unknown;
  /** Places of transitions in the chart's list. */
  readonly taken: readonly number[];
  readonly candidates: readonly Candidate[];
  readonly waiting: readonly Candidate[];
  /** What changed in the context, or in the state of a reducer that does not change in place. */
  readonly changes: readonly Change[];
  readonly moreChanges: boolean;
  readonly error: string | null;
}

/** What can be seen of one actor as a machine. Plain bounded data. */
export interface MachineReading {
  readonly path: string;
  readonly atUs: number;
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  /** `reducer`: an actor whose state is no machine's. `supervisor`: it handles no messages of its own. */
  readonly kind: 'machine' | 'reducer' | 'supervisor';
  readonly state: NodeState;
  readonly incarnation: number;
  /** Of the chart; null where there is none. */
  readonly digest: string | null;
  /** Null where there is none, or where the caller said that it knows this digest. */
  readonly chart: ChartModel | null;
  /** Of a machine: its state value, its active states' places in the chart, and `active`, `done` or `error`. */
  readonly value: unknown;
  readonly active: readonly number[];
  readonly status: string | null;
  /** Of a machine its context, else what `inspect` shows: bounded plain data. */
  readonly context: unknown;
  /** When the probe began, on the runtime's clock. */
  readonly sinceUs: number;
  readonly leaseMs: number;
  /** Events since the probe began, and how many of them could not be examined. */
  readonly seen: number;
  readonly unexamined: number;
  /** Times that each transition was taken since the probe began, by its place; those never taken are left out. */
  readonly counts: Readonly<Record<string, number>>;
  /** The last ones, oldest first. */
  readonly events: readonly ProbeEvent[];
}

export interface ProbeOptions {
  /** How long the probe goes on when nobody asks again. Default 10 s. */
  readonly leaseMs?: number;
  /** Share of the time that the probe may take while the actor runs; what is over is counted, not examined. Default: all it needs. */
  readonly share?: number;
  /** Only events after this one. Default -1: all that are kept. */
  readonly after?: number;
  /** Digest of the chart that the caller has already. */
  readonly known?: string;
}
