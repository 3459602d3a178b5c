import type { Decision } from '../../actors/index.js';
import type { RunInput, RunFeedPlace } from '../../data/runs/index.js';
import type { ExportRow } from '../../data/tape/index.js';
import type { TimeAbout } from '../ui/wire/time.js';
import type { Runtime } from '../../runtime/index.js';

/** Where within a step a player is to stop; whichever comes first. */
export interface StopWithin {
  /** After so many records. */
  readonly records?: number;
  /** After all that came or was due by then, µs. */
  readonly atUs?: number;
}

/** `more`: a step was taken; `stopped`: as far as was wanted; `end`: there is nothing more, or nothing yet. */
export type StepOutcome = 'more' | 'stopped' | 'end';

/** Where a player stood between two steps and what its tree was, as bytes. */
export interface Saved {
  readonly records: number;
  readonly inputs: number;
  readonly clockUs: number;
  readonly bytes: Uint8Array;
  /** Of a run with a log. */
  readonly feed?: RunFeedPlace;
}

/**
 * What a tree gets from outside besides records that its kernel takes, and timers. `record`: what a lane made of one; `due`: something that the market's kernel was told
 * to do at a time of its own; `other`: something that was done to the tree.
 */
export type Given = { readonly kind: 'input'; readonly input: RunInput } | { readonly kind: 'record'; readonly record: number } | { readonly kind: 'due' } | { readonly kind: 'other'; readonly text: string };

/** Whoever watches a player. */
export interface PlayHooks {
  /** Between any two turns; what it throws comes out of `step` and leaves the tree as it stands. */
  readonly onRest: () => void;
  readonly onDecision: (line: string, decision: Decision) => void;
  /** Gets a line for everything else that is asked of the world. */
  readonly onAsked: (line: string) => void;
  /** Before anybody but the kernel hears of it, and after all that was due by then. */
  readonly onGiven: (given: Given, atUs: number) => void;
  /** Events of its trace that are kept. */
  readonly traceEvents: number;
}

/** The tree of a recording, and the hand that drives it. After something was thrown it is to be looked at and closed. */
export interface Player {
  readonly runtime: Runtime;
  /** Records and inputs taken, whole steps. */
  readonly records: number;
  readonly inputs: number;
  readonly clockUs: number;
  /** Records taken so far within a step. */
  readonly recordsNow: number;
  /** The clock within a step, µs: that of the records that the kernel has just taken, before the rest of the tree is told. */
  readonly clockNow: number;
  /** Takes the next step. @throws what went wrong, and what `onRest` throws. */
  step(stop?: StopWithin): StepOutcome;
  /** Of a recording that grows there may be more. @throws RunError. */
  lookAgain(): void;
  /** Why nothing can follow though the recording has more; null where nothing is known. */
  readonly problem: string | null;
  /** How it stands now; null where that cannot be had at this place. */
  save(): Saved | null;
  close(): void;
}

/** Something that can be played again and again, each time the same. */
export interface Recording {
  readonly about: TimeAbout;
  /** Clock where it begins, µs. */
  readonly startUs: number;
  /** Records and inputs that are there as far as is known now. */
  records(): number;
  /** Plays it, from its beginning or from where another player of it stood. @throws RunError, CliError. */
  play(hooks: PlayHooks, from?: Saved): Player;
  /** Decisions as they were recorded; null where none were. @throws RunError. */
  decided(): readonly string[] | null;
  /** What was decided and asked before its beginning, where that is not the run's. */
  readonly before: { readonly decisions: number; readonly effects: number };
  /** More may be written. */
  readonly growing: boolean;
  /** Record or input by its number, read from `from` on; what is not there is null. @throws RunError. */
  record(number: number, from?: Saved): ExportRow | null;
  input(number: number, from?: Saved): (RunInput & { readonly atUs: number }) | null;
  /** Lanes take the records: that something was made of one is a thing given. */
  readonly merges: boolean;
}
