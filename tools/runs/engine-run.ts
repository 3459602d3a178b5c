import { MarketKernel } from '../../actors/market/index.js';
import type { LoadedConfig } from '../../config/index.js';
import { allocateBatch, LAYOUT_VERSION } from '../../data/records/index.js';
import { runsRoot, RunWriter, type JsonValue, type RunWriterOptions } from '../../data/runs/index.js';
import type { EngineBoot } from '../../supervisors/engine.js';
import { packageVersion } from '../cli/version.js';
import type { EngineSession } from '../engine/session.js';
import type { LaneSession } from '../engine/lanes/session.js';
import { bookRecords } from './book-records.js';
import { encodedSnapshot } from './session-data.js';

export interface EngineRunOptions extends RunWriterOptions {
  /** Where runs are kept. Default: `runs` in FAULTLINE_VAR_DIR. */
  readonly root?: string;
  /** Texts that only this run has and that ids in its decisions are made with, besides its id. */
  readonly idMarks?: (id: string) => readonly string[];
}

/** Makes the folder of a new run of the engine. @throws RunError. */
export function beginEngineRun(boot: EngineBoot, { config, digest }: Pick<LoadedConfig, 'config' | 'digest'>, options: EngineRunOptions = {}): RunWriter {
  return RunWriter.create(options.root ?? runsRoot(), {
    kind: 'engine', mode: boot.mode, version: packageVersion(), config, configDigest: digest, boot: (id) => ({ ...boot, run: id }) as unknown as JsonValue,
    idMarks: (id) => [id, ...options.idMarks?.(id) ?? []],
    tape: { layoutVersion: LAYOUT_VERSION, instruments: boot.instruments, clocks: { receive: 'engine', exchange: 'venue' }, origin: [] },
  }, options);
}

/**
 * Changes the tape of a run whose tape is long enough, between two messages; the new one begins with the kernel's books and with a snapshot of
 * the whole tree. Waits a while for a tree that is not at rest; why the new tape has no snapshot in the end, or null. @throws RunError.
 */
export function rotateWhenDue(run: RunWriter, session: EngineSession | LaneSession): string | null {
  if (!run.rotationDue) return null;
  const taken = encodedSnapshot(session);
  if (taken.bytes === undefined) {
    if (taken.later && !run.rotationOverdue) return null;
    run.rotate(session.clockUs, session.kernel instanceof MarketKernel ? bookRecords(session.kernel.symbols, session.clockUs) : allocateBatch(0));
    return taken.problem;
  }
  run.rotate(session.clockUs, bookRecords(session.books(taken.snapshot), session.clockUs), taken.bytes);
  return null;
}
