import { z } from 'zod';
import type { EngineInput } from '../../actors/engine/io.js';
import type { JournalState } from '../../actors/index.js';
import { configSchema, type Config } from '../../config/index.js';
import { RunError, type RunFeedEnd, type RunManifest, type RunReader } from '../../data/runs/index.js';
import { repeatChange } from '../../runtime/control/index.js';
import { engineTree, type EngineBoot } from '../../supervisors/engine.js';
import { breathe } from '../cli/interrupt.js';
import { isoUs } from '../replay/time.js';
import { EngineSession, type EngineCounts } from '../engine/session.js';

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
  readonly counts: EngineCounts;
}

/** The configuration of a run. @throws RunError `corrupt` when this version would not take it. */
export function runConfig({ id, config }: RunManifest): Config {
  const result = configSchema.safeParse(config);
  if (!result.success) throw new RunError('corrupt', `run ${id}: its configuration is not one of this version: ${result.error.issues[0]!.path.join('.')}`, 'replay it with the version that made it');
  return result.data;
}

/** @throws RunError `corrupt`. */
export function engineBoot(reader: RunReader): EngineBoot {
  const boot = reader.boot();
  const result = bootShape.safeParse(boot);
  if (!result.success) throw new RunError('corrupt', `${reader.folder}: its boot value is none of an engine: ${result.error.issues[0]!.message}`);
  return boot as EngineBoot;
}

/**
 * Runs an engine's run again from its folder: the same tree from the same boot value, given the same records and inputs in the same order; what it
 * asks of the world is carried out by nobody. `onDecision` gets every decision's canonical line.
 * @throws RunError when something of the run is missing or damaged.
 */
export async function replayEngineRun(reader: RunReader, onDecision: (line: string) => void): Promise<EngineReplay> {
  const config = runConfig(reader.manifest);
  const boot = engineBoot(reader);
  const feed = reader.feed();
  try {
    const session = new EngineSession({
      tree: (onKernel) => engineTree(boot, config, onKernel), startUs: boot.startUs,
      effects: { decision: ({ line }) => onDecision(line) },
    });
    let steps = 0;
    for (let step = feed.next(); step !== undefined; step = feed.next()) {
      if (step.kind === 'records') session.records(step.batch, step.from, step.to);
      else if (step.kind === 'input') session.input(step.clockUs, step.input as unknown as EngineInput);
      else {
        // What the tree did after the end of the run is no part of it.
        session.advanceTo(step.clockUs);
        if (step.mark.mark === 'control' && !operated(session, step.mark)) {
          const { method } = step.mark;
          return { end: { records: session.taken, clockUs: step.clockUs, entries: 0, whole: false, problem: null }, unrepeatable: `an operator's ${method} at ${isoUs(step.clockUs)} cannot be done again`, journal: session.journal, counts: session.counts() };
        }
      }
      if ((steps += 1) % STRETCH === 0) await breathe();
    }
    return { end: feed.end!, unrepeatable: null, journal: session.journal, counts: session.counts() };
  } finally {
    feed.close();
  }
}

/** Does what an operator did to the run's tree; false where that cannot be done again. */
function operated(session: EngineSession, { method, params }: { readonly method: string; readonly params: unknown }): boolean {
  const done = repeatChange(session.runtime, method, params);
  session.advanceTo(session.clockUs);
  return done;
}
