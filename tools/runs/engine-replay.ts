import { z } from 'zod';
import type { EffectHandlers } from '../../actors/engine/effects.js';
import type { EngineInput } from '../../actors/engine/io.js';
import { EMPTY_DIGEST, type JournalState } from '../../actors/index.js';
import { RunError, type RunFeedEnd, type RunReader, type RunStep } from '../../data/runs/index.js';
import type { Runtime } from '../../runtime/index.js';
import { repeatChange } from '../../runtime/control/index.js';
import { engineTree, type EngineBoot } from '../../supervisors/engine.js';
import { breathe } from '../cli/interrupt.js';
import { isoUs } from '../replay/time.js';
import { EngineSession } from '../engine/session.js';
import { FollowingSession } from './follow-run.js';
import { runConfig } from './run-config.js';
import { snapshotOf } from './session-data.js';

/** What must be there for a tree to start at all; the rest of a boot value is its actors' own. */
const bootShape = z.looseObject({ mode: z.enum(['paper', 'demo', 'live']), startUs: z.number(), instruments: z.array(z.looseObject({ index: z.int(), symbol: z.string() })) });

/** Steps of a run between two looks at the event loop. */
const STRETCH = 512;

export interface EngineReplay {
  /** As far as tapes and log are common. */
  readonly end: RunFeedEnd;
  /** What of the run can only be done once, and ended the replay before its end. */
  readonly unrepeatable: string | null;
  readonly journal: JournalState;
  /** What had been decided and asked where the replay began. */
  readonly before: EngineReplayPlace;
}

export interface EngineReplayPlace {
  readonly journal: JournalState;
  readonly asked: JournalState;
}

type Outcome = Omit<EngineReplay, 'before'>;

interface Driven {
  readonly journal: JournalState;
  /** It cannot go on before more of the run is written. */
  readonly waits?: boolean;
}

export interface EngineReplayOptions {
  /** Gets every decision's canonical line. */
  readonly onDecision: (line: string) => void;
  /** Gets a line for everything else that the tree asks of the world. */
  readonly onAsked?: (line: string, digest: string) => void;
  /** Sees what the tree asks of the world as it asks it; nobody carries it out. */
  readonly effects?: Omit<EffectHandlers, 'decision'>;
  /** Gets the tree when it is up, before its first input. */
  readonly onRuntime?: (runtime: Runtime) => void;
  /** The tape that it begins with, see `RunReader.startable`. Default: 0, the beginning of the run. */
  readonly from?: number;
}

const NOTHING_YET: JournalState = { count: 0, digest: EMPTY_DIGEST };

/** @throws RunError `corrupt`. */
export function engineBoot(reader: RunReader): EngineBoot {
  const boot = reader.boot();
  const result = bootShape.safeParse(boot);
  if (!result.success) throw new RunError('corrupt', `${reader.folder}: its boot value is none of an engine: ${result.error.issues[0]!.message}`);
  return boot as EngineBoot;
}

/**
 * Runs an engine's run again from its folder: the same tree from the same boot value, given the same records and inputs in the same order; what it
 * asks of the world is carried out by nobody.
 * @throws RunError when something of the run is missing or damaged.
 */
export async function replayEngineRun(reader: RunReader, { onDecision, onAsked, effects: seen, onRuntime, from = 0 }: EngineReplayOptions): Promise<EngineReplay> {
  const config = runConfig(reader.manifest);
  const boot = engineBoot(reader);
  const effects: EffectHandlers = { ...seen, decision: ({ line }) => onDecision(line) };
  const asked = onAsked === undefined ? {} : { onAsked };
  const resume = from === 0 ? undefined : snapshotOf(reader, from);
  const before: EngineReplayPlace = { journal: resume?.journal ?? NOTHING_YET, asked: resume?.asked ?? NOTHING_YET };
  // Lanes answer in an order of their own, which the run's log has.
  if (config.lanes.placement !== 'inline') {
    const session = new FollowingSession(reader, boot, config, effects, { onAsked, from, resume });
    onRuntime?.(session.runtime);
    return { ...await followed(reader, session, from), before };
  }
  const session = new EngineSession({ tree: (onKernel) => engineTree(boot, config, onKernel), startUs: boot.startUs, effects, ...asked, ...(resume === undefined ? {} : { resume }) });
  onRuntime?.(session.runtime);
  return { ...await given(reader, session, from), before };
}

async function given(reader: RunReader, session: EngineSession, from: number): Promise<Outcome> {
  return await drive(reader, session, (step) => {
    if (step.kind === 'records') session.records(step.batch, step.from, step.to);
  }, from);
}

async function followed(reader: RunReader, session: FollowingSession, from: number): Promise<Outcome> {
  try {
    return await drive(reader, session, (step) => {
      if (step.kind === 'mark' && step.mark.mark === 'order') session.order(step.mark.entry);
    }, from, session.entries);
  } finally {
    session.close();
  }
}

/** Gives a session the inputs and the clock of a run, and `other` every step; at most so many entries of its log. */
async function drive(reader: RunReader, session: Driven & Operated, other: (step: RunStep) => void, from = 0, most = Infinity): Promise<Outcome> {
  const feed = reader.feed(from);
  try {
    let steps = 0;
    let clockUs = 0;
    for (let step = feed.next(); step !== undefined; step = feed.next()) {
      if (step.kind !== 'records' && (feed.position.entries > most || session.waits === true)) return { end: { ...feed.position, entries: Math.min(most, feed.position.entries - 1), clockUs, whole: false, problem: 'the run goes on' }, unrepeatable: null, journal: session.journal };
      if (step.kind !== 'records') ({ clockUs } = step);
      const unrepeatable = takeStep(session, step, other);
      if (unrepeatable !== null) {
        const { records, entries } = feed.position;
        return { end: { records, entries, clockUs, whole: false, problem: null }, unrepeatable, journal: session.journal };
      }
      if ((steps += 1) % STRETCH === 0) await breathe();
    }
    return { end: feed.end!, unrepeatable: null, journal: session.journal };
  } finally {
    feed.close();
  }
}

/** What a step of a run is given to. */
export interface Operated {
  readonly runtime: Runtime;
  readonly clockUs: number;
  advanceTo(us: number): void;
  input(atUs: number, input: EngineInput): void;
}

/** Gives a session one step of a run, and `other` too, which is to know of records and the order of lanes. What of it cannot be done again, or null. */
export function takeStep(session: Operated, step: RunStep, other: (step: RunStep) => void): string | null {
  if (step.kind === 'input') session.input(step.clockUs, step.input as unknown as EngineInput);
  // What the tree did after the end of the run is no part of it.
  else if (step.kind === 'mark' && step.mark.mark !== 'order') session.advanceTo(step.clockUs);
  other(step);
  if (step.kind !== 'mark' || step.mark.mark !== 'control' || operated(session, step.mark)) return null;
  return `an operator's ${step.mark.method} at ${isoUs(step.clockUs)} cannot be done again`;
}

/** Does what an operator did to the run's tree; false where that cannot be done again. */
function operated(session: Operated, { method, params }: { readonly method: string; readonly params: unknown }): boolean {
  const done = repeatChange(session.runtime, method, params);
  session.advanceTo(session.clockUs);
  return done;
}
