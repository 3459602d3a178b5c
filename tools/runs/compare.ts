import type { RunFeedEnd } from '../../data/runs/index.js';
import { RunError } from '../../data/runs/index.js';
import { digestOfLines, firstDifference, IdNames, openDecided, type Decided } from './decided.js';
import { replayEngineRun } from './engine-replay.js';
import { causeOf, type CauseOfDecision } from './inputs.js';
import { replayTapeRun } from './tape-replay.js';

/** One side of a difference: a decision and what led to it. */
export interface SideOfDifference {
  /** Null where this side has ended. */
  readonly decision: DecisionRow | null;
  readonly cause: CauseOfDecision | null;
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
}

export interface LiveVsReplay {
  readonly equal: boolean;
  /** Digests of the decisions that were compared. */
  readonly liveDigest: string;
  readonly replayDigest: string;
  readonly firstDifference: { readonly index: number; readonly live: SideOfDifference; readonly replay: SideOfDifference } | null;
  /** Decisions that were compared. */
  readonly decisions: number;
  /** The run ended by itself, and all of it was compared. */
  readonly whole: boolean;
  /** Why it was not all. */
  readonly problem: string | null;
}

/** Finds the first decision of two runs that differs. Ids that are made of the run are no difference. @throws RunError. */
export function diffRuns(textA: string, textB: string): RunDiff {
  const [a, b] = [openDecided(textA), openDecided(textB)];
  const [plainA, plainB] = [named(a), named(b)];
  const index = firstDifference(plainA, plainB, Math.max(plainA.length, plainB.length));
  if (index < 0) return { equal: true, index: null, a: null, b: null };
  return { equal: false, index, a: sideOf(a, a.lines[index]), b: sideOf(b, b.lines[index]) };
}

function named({ run, lines }: Decided): readonly string[] {
  const marks = run?.manifest.idMarks ?? [];
  if (marks.length === 0) return lines;
  const names = new IdNames(marks);
  return lines.map((line) => names.name(line));
}

function sideOf({ run }: Decided, line: string | undefined): SideOfDifference {
  if (line === undefined) return { decision: null, cause: null };
  const decision = parseLine(line);
  return { decision, cause: causeOf(run, decision) };
}

function parseLine(line: string): DecisionRow {
  try {
    const value = JSON.parse(line) as DecisionRow;
    if (typeof value.seq === 'number' && typeof value.atUs === 'number' && typeof value.data === 'object') return value;
  } catch {
    // Said below.
  }
  throw new RunError('corrupt', `this is no line of a decision: ${line.slice(0, 80)}`);
}

/** Replays a run and compares every decision. Of one that was killed, or goes on, those up to where its tapes and its log are common. @throws RunError. */
export async function liveVsReplay(text: string): Promise<LiveVsReplay> {
  // Read before the rest, so that of a run that goes on everything has its cause.
  const live = openDecided(text);
  const { run } = live;
  if (run === null) throw new RunError('notARun', `${live.folder}: has no run.json: nothing says what it ran on`);
  const replayed: string[] = [];
  const end = await replayOf(live, (line) => replayed.push(line));
  const { whole, problem, unrepeatable } = end;
  if (run.manifest.endedAt !== null && !whole && unrepeatable === null) throw new RunError('corrupt', `run ${run.manifest.id} ended by itself, and is damaged: ${problem}`);
  const compared = whole ? Math.max(live.lines.length, replayed.length) : comparable(live.lines, replayed, end);
  const index = firstDifference(live.lines, replayed, compared);
  const side = (line: string | undefined): SideOfDifference => sideOf(live, line);
  return {
    equal: index < 0,
    liveDigest: digestOfLines(live.lines, Math.min(compared, live.lines.length)),
    replayDigest: digestOfLines(replayed, Math.min(compared, replayed.length)),
    firstDifference: index < 0 ? null : { index, live: side(live.lines[index]), replay: side(replayed[index]) },
    decisions: compared, whole, problem: unrepeatable ?? problem,
  };
}

async function replayOf({ run, lines }: Decided, onDecision: (line: string) => void): Promise<Pick<RunFeedEnd, 'whole' | 'problem' | 'clockUs'> & { readonly unrepeatable: string | null }> {
  if (run!.manifest.kind === 'engine') {
    const { end, unrepeatable } = await replayEngineRun(run!, onDecision);
    return { ...end, unrepeatable };
  }
  await replayTapeRun(run!, onDecision);
  const whole = run!.manifest.endedAt !== null;
  // A replay that was interrupted made the first of the decisions of a whole one.
  return { whole, problem: whole ? null : `it was ended after ${lines.length} decisions`, clockUs: Infinity, unrepeatable: null };
}

/**
 * How many decisions of a run without its end can be compared. The folder has the cause of every decision in it, so all of the run's own; a disk that
 * lost power may have kept decisions and not what led to them: those at the clock where tapes and log end, or after.
 */
function comparable(live: readonly string[], replayed: readonly string[], { clockUs }: Pick<RunFeedEnd, 'clockUs'>): number {
  let count = live.length;
  while (count > replayed.length && parseLine(live[count - 1]!).atUs >= clockUs) count -= 1;
  return count;
}
