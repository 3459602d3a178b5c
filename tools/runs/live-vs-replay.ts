import { EMPTY_DIGEST } from '../../actors/index.js';
import { RunError, type RunReader } from '../../data/runs/index.js';
import { type EffectRow, parseLine, type SideOfDifference, sideOf } from './compare.js';
import { digestOfLines, firstDifference, openDecided } from './decided.js';
import { replayEngineRun, type EngineReplayPlace } from './engine-replay.js';
import { causeOf } from './inputs.js';
import { replayTapeRun } from './tape-replay.js';

export interface LiveVsReplay {
  /** The same decisions, and the same asked of the world. */
  readonly equal: boolean;
  /** Digests of the decisions up to the last one compared. */
  readonly liveDigest: string;
  readonly replayDigest: string;
  /** The first decision that differs; where none does, the first effect. */
  readonly firstDifference: { readonly index: number; readonly live: SideOfDifference; readonly replay: SideOfDifference } | null;
  /** Decisions that were compared. */
  readonly decisions: number;
  /** What the tree asked of the world, decisions aside, as far as it was compared; null for a run that did not write it down. */
  readonly effects: { readonly equal: boolean; readonly count: number; readonly liveDigest: string; readonly replayDigest: string } | null;
  /** The run ended by itself, and all of it from tape `from` on was compared. */
  readonly whole: boolean;
  /** Why it was not all. */
  readonly problem: string | null;
  /** The tape that the replay began with. */
  readonly from: number;
  /** Decisions before that. */
  readonly skipped: number;
}

export interface LiveVsReplayOptions {
  /** The tape that the replay begins with. Default: the first that it can begin with. */
  readonly from?: number;
}

/** Where a replay ended, and began. */
interface Ended {
  readonly whole: boolean;
  readonly problem: string | null;
  readonly clockUs: number;
  readonly unrepeatable: string | null;
  readonly before: EngineReplayPlace;
}

/**
 * Replays a run and compares every decision, and everything else that it asked of the world. Of one that was killed, or goes on, those up to where
 * its tapes and its log are common. @throws RunError.
 */
export async function liveVsReplay(text: string, { from: wanted }: LiveVsReplayOptions = {}): Promise<LiveVsReplay> {
  // Read before the rest, so that of a run that goes on everything has its cause.
  const live = openDecided(text);
  const { run } = live;
  if (run === null) throw new RunError('notARun', `${live.folder}: has no run.json: nothing says what it ran on`);
  const asked = askedLines(run);
  const from = startOf(run, wanted);
  const decided: string[] = [];
  const effects: string[] = [];
  const end = await replayOf(run, live.lines.length, from, decided, effects);
  const { whole, problem, unrepeatable, before } = end;
  if (run.manifest.endedAt !== null && !whole && unrepeatable === null) throw new RunError('corrupt', `run ${run.manifest.id} ended by itself, and is damaged: ${problem}`);
  const decisions = compare(live.lines, decided, before.journal, end, 'decisions', run);
  const others = asked === undefined ? null : compare(asked, effects, before.asked, end, 'effects', run);
  const inDecisions = decisions.index < 0 ? null : { index: decisions.index, live: sideOf(live, live.lines[decisions.index]), replay: sideOf(live, decisions.replayed[decisions.index]) };
  const inEffects = others === null || others.index < 0 ? null : { index: others.index, live: effectSide(run, asked![others.index]), replay: effectSide(run, others.replayed[others.index]) };
  return {
    equal: inDecisions === null && inEffects === null, liveDigest: decisions.liveDigest, replayDigest: decisions.replayDigest, firstDifference: inDecisions ?? inEffects,
    decisions: decisions.compared, effects: others === null ? null : { equal: others.index < 0, count: others.compared, liveDigest: others.liveDigest, replayDigest: others.replayDigest },
    whole, problem: unrepeatable ?? problem, from, skipped: before.journal.count,
  };
}

/** @throws RunError when they are not those that the run says it asked for. */
function askedLines(run: RunReader): readonly string[] | undefined {
  const lines = run.effects();
  const { effects } = run.manifest;
  if (effects !== null && (lines === undefined || lines.length !== effects.count || digestOfLines(lines, lines.length) !== effects.digest)) {
    throw new RunError('corrupt', `${run.folder}: its effects are not the ${effects.count} of digest ${effects.digest} that the run asked for`);
  }
  return lines;
}

function startOf(run: RunReader, wanted: number | undefined): number {
  if (run.manifest.kind !== 'engine') {
    if (wanted !== undefined && wanted > 0) throw new RunError('missing', `run ${run.manifest.id} plays a tape that lies elsewhere, from its beginning`, 'only runs of the engine have tapes of their own to begin with');
    return 0;
  }
  const starts = run.startable();
  const from = wanted ?? starts[0];
  if (from === undefined) throw new RunError('missing', `${run.folder}: no replay can begin with any tape that is left of the run`, 'keep more of them: engine.run.keepTapeMiB');
  if (!starts.includes(from)) throw new RunError('missing', `${run.folder}: no replay can begin with tape ${from}`, starts.length === 0 ? 'nor with any other that is there' : `it can with ${starts.join(', ')}`);
  return from;
}

async function replayOf(run: RunReader, made: number, from: number, decided: string[], effects: string[]): Promise<Ended> {
  if (run.manifest.kind === 'engine') {
    const { end, unrepeatable, before } = await replayEngineRun(run, { from, onDecision: (line) => decided.push(line), onAsked: (line) => effects.push(line) });
    return { ...end, unrepeatable, before };
  }
  await replayTapeRun(run, (line) => decided.push(line));
  const whole = run.manifest.endedAt !== null;
  const nothing = { count: 0, digest: EMPTY_DIGEST };
  // A replay that was interrupted made the first of the decisions of a whole one.
  return { whole, problem: whole ? null : `it was ended after ${made} decisions`, clockUs: Infinity, unrepeatable: null, before: { journal: nothing, asked: nothing } };
}

interface Compared {
  /** Of the first line that differs; -1 where none does. */
  readonly index: number;
  /** Lines that were compared, those before the replay's beginning not among them. */
  readonly compared: number;
  readonly liveDigest: string;
  readonly replayDigest: string;
  /** What the replay made, with what lay before its beginning. */
  readonly replayed: readonly string[];
}

function compare(live: readonly string[], made: readonly string[], before: EngineReplayPlace['journal'], { whole, clockUs }: Ended, what: 'decisions' | 'effects', run: RunReader): Compared {
  if (live.length < before.count || digestOfLines(live, before.count) !== before.digest) {
    throw new RunError('corrupt', `${run.folder}: the ${before.count} ${what} before the tape that the replay begins with are not those of its snapshot`);
  }
  const replayed = [...live.slice(0, before.count), ...made];
  const to = whole ? Math.max(live.length, replayed.length) : comparable(live, replayed, clockUs, what === 'effects' ? parseEffect : parseLine);
  return {
    index: firstDifference(live, replayed, to), compared: to - before.count, liveDigest: digestOfLines(live, Math.min(to, live.length)),
    replayDigest: digestOfLines(replayed, Math.min(to, replayed.length)), replayed,
  };
}

/**
 * How many lines of a run without its end can be compared. The folder has the cause of every one in it, so all of the run's own; a disk that
 * lost power may have kept lines and not what led to them: those at the clock where tapes and log end, or after.
 */
function comparable(live: readonly string[], replayed: readonly string[], clockUs: number, stampOf: (line: string) => { readonly atUs: number }): number {
  let count = live.length;
  while (count > replayed.length && stampOf(live[count - 1]!).atUs >= clockUs) count -= 1;
  return count;
}

function effectSide(run: RunReader, line: string | undefined): SideOfDifference {
  if (line === undefined) return { decision: null, effect: null, cause: null };
  const effect = parseEffect(line);
  return { decision: null, effect, cause: causeOf(run, { seq: -1, atUs: effect.atUs }) };
}

function parseEffect(line: string): EffectRow {
  try {
    const value = JSON.parse(line) as EffectRow;
    if (typeof value.atUs === 'number' && typeof value.effect === 'string') return value;
  } catch {
    // Said below.
  }
  throw new RunError('corrupt', `this is no line of an effect: ${line.slice(0, 80)}`);
}
