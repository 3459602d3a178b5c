import type { RunInput } from '../../data/runs/index.js';
import type { ExportRow } from '../../data/tape/index.js';
import type { TraceKind } from '../../runtime/index.js';
import type { RecordingAbout } from './player.js';

/** What can be travelled in: a run by its folder, id or `latest`, or a tape with a configuration file (default: the built-in one). */
export type TimeSource = { readonly run: string; readonly root?: string } | { readonly tape: string; readonly config?: string };

/** How much there is. */
export interface TimeSpan {
  /** Clock at the beginning and at the last step, µs. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly records: number;
  readonly inputs: number;
  readonly turns: number;
  /** All that the flight recorder tells of, turns among them. */
  readonly events: number;
  readonly decisions: number;
  readonly restarts: number;
  readonly effects: number;
}

export interface TimeState {
  readonly about: RecordingAbout;
  readonly span: TimeSpan;
  /** How much of what is there has been played, from 0 to 1. */
  readonly progress: number;
  /** The first pass is over, up to the end or to `problem`. */
  readonly ready: boolean;
  /** More may be written; `follow` looks. */
  readonly growing: boolean;
  /** Why it ends before the recording does; null where it does not. */
  readonly problem: string | null;
  /** The first decision that the replay made otherwise than it is recorded: what is shown from there on may not be what was. */
  readonly differsAt: number | null;
  readonly checkpoints: { readonly count: number; readonly bytes: number };
  /** Wall time of the first pass so far, ms. */
  readonly passMs: number;
}

/** A place to go to. Numbers of records are those that were taken; of turns and events, those that were done; decisions, restarts and effects count from 0. */
export type TimeTarget =
  | { readonly key: string } | { readonly atUs: number } | { readonly record: number } | { readonly turn: number } | { readonly event: number } | { readonly decision: number }
  | { readonly restart: number } | { readonly effect: number } | { readonly order: string } | { readonly trade: string } | { readonly end: true };

/** A place between two turns. */
export interface TimeCursor {
  /** Goes there again: `seek({ key })`. */
  readonly key: string;
  readonly atUs: number;
  /** What had happened by then: events of the flight recorder, turns, records and inputs taken, decisions, restarts. */
  readonly event: number;
  readonly turn: number;
  readonly record: number;
  readonly input: number;
  readonly decision: number;
  readonly restart: number;
  /** The last event, or null at the beginning. */
  readonly last: { readonly kind: keyof typeof TraceKind; readonly path: string } | null;
  readonly atEnd: boolean;
}

/** `event`: of the actor `path`; `turn`: of anybody. */
export interface TimeStep {
  readonly by: 'decision' | 'event' | 'restart' | 'turn' | 'record';
  readonly path?: string;
  readonly direction: 1 | -1;
}

/** An exit, or a start after one. */
export interface TimeRestart {
  readonly number: number;
  readonly atUs: number;
  readonly event: number;
  readonly path: string;
  /** `ended`: it failed, was killed or stopped otherwise than asked; `restarted`: an incarnation after the first began. */
  readonly kind: 'ended' | 'restarted';
  readonly incarnation: number;
  /** Of an end: what it was, and the report in a line. */
  readonly reason: 'normal' | 'shutdown' | 'killed' | 'error' | null;
  readonly text: string;
}

export interface TimeDecision {
  readonly number: number;
  readonly atUs: number;
  readonly event: number;
  /** Its canonical line; null for one of so many that it was not kept. */
  readonly line: string | null;
}

/** What led to a decision, and the way there. */
export interface TimeCause {
  readonly decision: number;
  readonly line: string | null;
  /** The record that the decision carries, and where it was taken; null where it carries none. */
  readonly record: ExportRow | null;
  readonly input: (RunInput & { readonly atUs: number }) | null;
  readonly text: string;
  /** Just after that record, or that input. */
  readonly target: TimeTarget | null;
}

/** What of the recording lies where, for a slider: `count` equal parts of the span. */
export interface TimeMarks {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
  /** How many in each part. */
  readonly events: readonly number[];
  readonly decisions: readonly number[];
  readonly restarts: readonly number[];
  readonly fills: readonly number[];
  readonly trades: readonly number[];
  /** State of each detector at the end of each part: number in `states`, -1 before it is known. */
  readonly bands: readonly { readonly path: string; readonly parts: readonly number[] }[];
  readonly states: readonly string[];
  /** Detectors that were left out. */
  readonly omitted: number;
}
