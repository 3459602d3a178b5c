import type { RunDiff } from '../runs/compare.js';
import type { TimeMachine } from './client.js';
import { TimeError } from './errors.js';
import type { TimeCause, TimeCursor } from './types.js';

/** Two runs, each standing just after the first decision that differs; at the end where none does, or where a side has ended before. */
export interface SideBySide {
  readonly diff: RunDiff;
  readonly a: TimeCursor;
  readonly b: TimeCursor;
  /** What each decision came from; null where it was not made. */
  readonly causes: readonly [a: TimeCause | null, b: TimeCause | null];
}

/** Finds the first decision in which two runs differ and goes there in both. @throws TimeError, also where one is no run. */
export async function sideBySide(a: TimeMachine, b: TimeMachine): Promise<SideBySide> {
  for (const { state: { about } } of [a, b]) {
    if (about.kind === 'tape') throw new TimeError('source', `${about.path}: is a tape, which decides nothing by itself`, 'replay it with --run, and compare the runs');
  }
  // One that was opened early may not have come to the decision yet.
  await Promise.all([a.follow(), b.follow()]);
  const diff = await a.diffWith(b.state.about.path);
  const [left, right] = await Promise.all([a, b].map((machine) => standAt(machine, diff.index)));
  const causes = await Promise.all([a, b].map(async (machine) => (isMade(machine, diff.index) ? await machine.causeOf({ decision: diff.index }) : null)));
  return { diff, a: left!, b: right!, causes: [causes[0]!, causes[1]!] };
}

const isMade = (machine: TimeMachine, index: number | null): index is number => index !== null && index < machine.span.decisions;

/** After decision `index`, or at the end where it was not made. */
async function standAt(machine: TimeMachine, index: number | null): Promise<TimeCursor> {
  return await machine.seek(isMade(machine, index) ? { decision: index } : { end: true });
}
