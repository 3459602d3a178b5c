import { deserialize, serialize } from 'node:v8';
import { RunError, type RunReader } from '../../data/runs/index.js';
import { packageVersion } from '../cli/version.js';
import type { LaneSession } from '../engine/lanes/session.js';
import type { EngineSession, SessionSnapshot } from '../engine/session.js';

/** A snapshot as it lies in a run's folder: structured cloning keeps what states are made of, -0 and what they share included. */
interface Written {
  /** Of Faultline. What the fields of a kernel mean only the version knows that wrote them. */
  readonly version: string;
  readonly snapshot: SessionSnapshot;
}

/** How the session stands, as bytes; or why that cannot be had, perhaps `later`. */
export function encodedSnapshot(session: EngineSession | LaneSession): { readonly bytes: Buffer; readonly snapshot: SessionSnapshot } | { readonly bytes?: undefined; readonly problem: string; readonly later: boolean } {
  const taken = session.snapshot();
  if (!taken.ok) return { problem: taken.reason, later: taken.later };
  try {
    return { bytes: serialize({ version: packageVersion(), snapshot: taken.snapshot } satisfies Written), snapshot: taken.snapshot };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), later: false };
  }
}

/** The snapshot that tape `number` of a run begins with. @throws RunError. */
export function snapshotOf(reader: RunReader, number: number): SessionSnapshot {
  const bytes = reader.snapshot(number);
  let written: Partial<Written> | undefined;
  try {
    written = deserialize(bytes) as Partial<Written>;
  } catch (error) {
    throw new RunError('corrupt', `${reader.folder}: the snapshot of tape ${number} cannot be read: ${error instanceof Error ? error.message : String(error)}`, 'begin at another tape');
  }
  const { version, snapshot } = written;
  if (version !== packageVersion() || snapshot === undefined) {
    throw new RunError('version', `${reader.folder}: the snapshot of tape ${number} is of Faultline ${version ?? '?'}, this is ${packageVersion()}`, 'replay it with that version, or from the beginning of the run');
  }
  return snapshot;
}
