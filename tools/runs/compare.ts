import { RunError } from '../../data/runs/index.js';
import { firstDifference, IdNames, openDecided, type Decided } from './decided.js';
import { describe, differIn, type RunsDifferIn } from './described.js';
import { causeOf, type CauseOfDecision } from './inputs.js';

/** One side of a difference: a decision and what led to it. */
export interface SideOfDifference {
  /** Null where this side has ended. */
  readonly decision: DecisionRow | null;
  /** Where what was asked of the world differs, and no decision: that. */
  readonly effect?: EffectRow | null;
  readonly cause: CauseOfDecision | null;
}

/** What the tree asked of the world, as it stands in its line. */
export interface EffectRow {
  readonly n: number;
  readonly atUs: number;
  readonly by: string;
  readonly effect: string;
  readonly payload: unknown;
}

/** A decision as it stands in its line. */
export interface DecisionRow {
  readonly seq: number;
  readonly atUs: number;
  readonly by: string;
  readonly kind: string;
  readonly symbol: number;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface RunDiff {
  readonly equal: boolean;
  /** Of the first decision that differs, from 0; null where none does. */
  readonly index: number | null;
  readonly a: SideOfDifference | null;
  readonly b: SideOfDifference | null;
  /** What the runs differ in besides; null where a folder does not say. */
  readonly between: RunsDifferIn | null;
  /** Each in a line, for people. */
  readonly runs: readonly [a: string, b: string];
}

/** Finds the first decision of two runs that differs. Ids that are made of the run are no difference. @throws RunError. */
export function diffRuns(textA: string, textB: string): RunDiff {
  const [a, b] = [openDecided(textA), openDecided(textB)];
  const [plainA, plainB] = [named(a), named(b)];
  const index = firstDifference(plainA, plainB, Math.max(plainA.length, plainB.length));
  const about = { between: differIn(a, b), runs: [describe(a), describe(b)] as const };
  if (index < 0) return { equal: true, index: null, a: null, b: null, ...about };
  return { equal: false, index, a: sideOf(a, a.lines[index]), b: sideOf(b, b.lines[index]), ...about };
}

function named({ run, lines }: Decided): readonly string[] {
  const marks = run?.manifest.idMarks ?? [];
  if (marks.length === 0) return lines;
  const names = new IdNames(marks);
  return lines.map((line) => names.name(line));
}

/** A side of a difference, from the line of its decision; undefined where it has ended. */
export function sideOf({ run }: Pick<Decided, 'run'>, line: string | undefined): SideOfDifference {
  if (line === undefined) return { decision: null, cause: null };
  const decision = parseLine(line);
  return { decision, cause: causeOf(run, decision) };
}

/** @throws RunError `corrupt`. */
export function parseLine(line: string): DecisionRow {
  try {
    const value = JSON.parse(line) as DecisionRow;
    if (typeof value.seq === 'number' && typeof value.atUs === 'number' && typeof value.data === 'object') return value;
  } catch {
    // Said below.
  }
  throw new RunError('corrupt', `this is no line of a decision: ${line.slice(0, 80)}`);
}
