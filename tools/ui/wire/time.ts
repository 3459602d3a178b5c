/**
 * What the time machine's server and page say to each other. Topic `time.open` with {@link TimeOpenParams} pushes {@link TimeOpened}; queries
 * `time/seek` and `time/step` answer with a {@link TimeCursor} (`time/step`: or null), and `time/tree`, `time/inspect`, `time/machine`,
 * `time/mailbox` take its key as `at`. Times are microseconds since the epoch on the engine's clock.
 */
import type { Instant } from './instant.js';
import type { TreeShape } from './tree.js';

/** What is travelled in. */
export interface TimeAbout {
  /** The folder or file, absolute; '' of a flight. */
  readonly path: string;
  readonly name: string;
  /** `flight`: what a process that writes no run was seen and heard to do, while somebody looked. It has no records and no decisions. */
  readonly kind: 'engine' | 'replay' | 'demo' | 'tape' | 'flight';
  /** An engine's; else "". */
  readonly mode: string;
  /** Faultline's version that recorded it; null for a tape. */
  readonly version: string | null;
  readonly configDigest: string;
  readonly symbols: readonly string[];
  /** What whoever looks should know, a sentence each. */
  readonly notes: readonly string[];
}

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
  /** What the tree asked of the world, decisions aside. */
  readonly effects: number;
}

export interface TimeState {
  readonly about: TimeAbout;
  readonly span: TimeSpan;
  /** How much of what is there has been played, from 0 to 1. */
  readonly progress: number;
  /** The first pass is over, up to the end or to `problem`. */
  readonly ready: boolean;
  /** More may be written. */
  readonly growing: boolean;
  /** Why it ends before the recording does, or otherwise; null where it does not. */
  readonly problem: string | null;
  /** The first decision that the replay made otherwise than it is recorded: what is shown from there on may not be what was. */
  readonly differsAt: number | null;
  readonly checkpoints: { readonly count: number; readonly bytes: number };
  /** Wall time of the first pass so far, ms. */
  readonly passMs: number;
}

/** A place between two turns. */
export interface TimeCursor extends Instant {
  /** What had happened by then, besides what {@link Instant} counts: events of the flight recorder, inputs taken, restarts. */
  readonly event: number;
  readonly input: number;
  readonly restart: number;
  /** The last event, or null at the beginning. */
  readonly last: { readonly kind: string; readonly path: string } | null;
  readonly atEnd: boolean;
}

export const STEPS = ['decision', 'event', 'restart', 'turn', 'record'] as const;
/** `event`: of one actor; `turn`: of anybody. */
export type StepBy = (typeof STEPS)[number];

/** An event of one actor. */
export interface TimeEvent {
  /** How many events of the recording had happened with it. */
  readonly event: number;
  readonly kind: string;
  readonly atUs: number;
  /** Records taken by then. */
  readonly record: number;
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

/** A record of the market by its fields. */
export type TimeRecord = Readonly<Record<string, string | number | boolean | null>>;

/** What led to a decision, and the way there. */
export interface TimeCause extends TimeFrom {
  readonly decision: number;
  readonly line: string | null;
  /** Just after it. */
  readonly target: { readonly record: number } | { readonly event: number } | null;
}

/**
 * What a decision came from: the last thing that came to the tree from outside before it was made, and without which it would not have been. At most one of
 * `record`, `input` and `timer` is there; where none is, `text` says what it was.
 */
export interface TimeFrom {
  readonly record: TimeRecord | null;
  readonly input: { readonly to: string; readonly message: { readonly type: string }; readonly atUs: number } | null;
  /** Time passed: whose time-out it was, and its name where that is known. */
  readonly timer: { readonly path: string; readonly key: string | null; readonly atUs: number } | null;
  /** In a line. */
  readonly text: string;
}

/** What of the recording lies where: `count` equal parts of the span. */
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
  /** State of each detector at the end of each part: its place in `states`, -1 before it is known. */
  readonly bands: readonly { readonly path: string; readonly parts: readonly number[] }[];
  readonly states: readonly string[];
  /** Detectors that were left out. */
  readonly omitted: number;
}

/** Parts that marks are spread over at most. */
export const MOST_PARTS = 2000;

export interface TimeOpenParams {
  readonly source: string;
  readonly parts?: number;
}

/** `marks` are told again when they are others. */
export type TimeOpened =
  | { readonly kind: 'state'; readonly state: TimeState; readonly marks?: TimeMarks }
  /** It cannot be opened, or is open no more; `again`: opening it again may help. */
  | { readonly kind: 'none'; readonly why: string; readonly again: boolean };

/** Answer of `time/tree`. */
export interface TimeTree {
  readonly cursor: TimeCursor;
  /** Null where nothing runs at that path. */
  readonly shape: TreeShape | null;
  /**
   * How each of the shape's figures is known: 0 exactly; its age in microseconds, where it is what was seen last before; -1: not at all, and the
   * figure says nothing. Null: all are exact.
   */
  readonly ages: readonly number[] | null;
  /** What else is not known, a sentence each. */
  readonly notes: readonly string[];
}

/** Topic `time.look`: of these actors of a process that writes no run the state, and (of the first three) every event, is recorded too. */
export interface TimeLookParams {
  readonly source: string;
  readonly paths: readonly string[];
}
export const MOST_LOOKED = 8;

/** One side of two runs that are looked at together. */
export interface RunSide {
  readonly source: string;
  readonly about: string;
  /** The decision at which they differ, as its line; null where this side has ended. */
  readonly line: string | null;
  /** What it came from; null where nothing differs. */
  readonly cause: TimeFrom | null;
  /** The moment after that decision, or the end. */
  readonly cursor: TimeCursor;
}

/** Answer of `time/runs`: two runs at the first decision that differs. */
export interface RunsDiffer {
  readonly equal: boolean;
  /** Of the decision, from 0; null where none differs. */
  readonly index: number | null;
  readonly a: RunSide;
  readonly b: RunSide;
  /** What they differ in before they decide anything, a line each. */
  readonly between: readonly string[];
}
