/** What can be looked at, as the server tells the page (topic `sources`, values of `SourceList`). */

/** `process:NAME`, `run:ID` or `tape:NAME`. */
export type SourceId = string;

export type ProcessState =
  /** It has a record and no control socket yet, or is being connected to. */
  | 'starting'
  | 'live'
  /** It is there and says nothing: held by a signal, or its thread is stuck. */
  | 'silent'
  /** Its main loop does not turn; its control socket still answers. */
  | 'stuck'
  /** What answers speaks another version of the protocol, or another protocol. */
  | 'foreign'
  /** It has ended. What was known of it last stays. */
  | 'gone';

export interface ProcessSource {
  readonly id: SourceId;
  readonly kind: 'process';
  readonly name: string;
  readonly state: ProcessState;
  /** Null where a socket lies without a record and has not answered. */
  readonly pid: number | null;
  /** What it runs, such as `replay crash.tape`. */
  readonly what: string;
  readonly version: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Null while it lives, and where nobody wrote it down: it was killed. */
  readonly exitCode: number | null;
  /** Counts the processes of this name that were seen, from 1; the next pid is a new life. */
  readonly life: number;
  /** Short values that it says of itself; the last ones known. */
  readonly status: Readonly<Record<string, string | number | boolean>>;
  /** The run that it writes, where it writes one. */
  readonly run: SourceId | null;
  /** A sentence about its state with the way out; null when there is nothing to say. */
  readonly note: string | null;
}

export interface RunSource {
  readonly id: SourceId;
  readonly kind: 'run';
  readonly name: string;
  /** `cut`: it has no end, and nobody writes it any more. */
  readonly state: 'written' | 'ended' | 'cut' | 'unreadable';
  /** `engine paper`, `replay`, … */
  readonly what: string;
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  /** Equal for runs that can be compared: of one kind and mode, of the same strategy, over the same tapes or instruments. Null where nobody knows. */
  readonly alike: string | null;
  readonly note: string | null;
}

export interface TapeSource {
  readonly id: SourceId;
  readonly kind: 'tape';
  readonly name: string;
  readonly state: 'there' | 'unreadable';
  readonly bytes: number | null;
  readonly note: string | null;
}

export type SourceInfo = ProcessSource | RunSource | TapeSource;

/** Processes by name, those that are gone last, then runs, the newest first, then tapes. */
export interface SourceList {
  readonly sources: readonly SourceInfo[];
  /** Runs that are older than those listed. */
  readonly omittedRuns: number;
  /** Why processes cannot be looked for, such as a folder that is open to others; null when they can. */
  readonly problem: string | null;
}

/** The list as the page gets it: with the source that `faultline ui` was started for, if it was for one. */
export interface NamedSources extends SourceList {
  readonly named: SourceId | null;
}
