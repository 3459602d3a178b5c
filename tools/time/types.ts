import type { Instant } from '../ui/wire/instant.js';
import type { StepBy } from '../ui/wire/time.js';

export type { TimeAbout, TimeCause, TimeCursor, TimeDecision, TimeEvent, TimeFrom, TimeMarks, TimeRestart, TimeSpan, TimeState } from '../ui/wire/time.js';

/** What can be travelled in: a run by its folder, id or `latest`, or a tape with a configuration file (default: the built-in one). */
export type TimeSource = { readonly run: string; readonly root?: string } | { readonly tape: string; readonly config?: string };

/** A place to go to. Numbers of records are those that were taken; of turns and events, those that were done; decisions, restarts and effects count from 0. */
export type TimeTarget =
  | Pick<Instant, 'key'> | { readonly atUs: number } | { readonly record: number } | { readonly turn: number } | { readonly event: number } | { readonly decision: number }
  | { readonly restart: number } | { readonly effect: number } | { readonly order: string } | { readonly trade: string } | { readonly end: true };

/** `event`: of the actor `path`; `turn`: of anybody. */
export interface TimeStep {
  readonly by: StepBy;
  readonly path?: string;
  readonly direction: 1 | -1;
}
