import type { ExposureMessage } from '../account/messages.js';
import type { LevelEdge } from '../market/messages.js';

export type DetectorStateName = 'SLEEP' | 'ALERT' | 'ACTIVE' | 'RECOVERY' | 'SHUTDOWN';

/** Set or clear a pause reason that actors own: bits `Pause.MANUAL` or `Pause.BREAKER`. */
export interface PauseCommand {
  readonly type: 'pause';
  readonly bit: number;
  readonly on: boolean;
}

/** T8: terminal. */
export interface ShutdownCommand {
  readonly type: 'shutdown';
  readonly reason: string;
}

/** From its own timer: it is time to be written down again. */
export interface RememberDetector {
  readonly type: 'detector.remember';
}

export type DetectorMessage = LevelEdge | ExposureMessage | PauseCommand | ShutdownCommand | RememberDetector;

/** To the strategies and whoever else listens: state and pause flags of one symbol, on every change of either. */
export interface DetectorNotice {
  readonly type: 'detector';
  readonly symbol: number;
  readonly state: DetectorStateName;
  /** Bits of `Pause`, the kernel's and the actors' together. */
  readonly pauses: number;
  /** Input in effect: that of the latest message that carried one. */
  readonly seq: number;
  readonly atUs: number;
}

/** State of an earlier run to come back from (FORMULAS 4.4, restart rule). */
export interface DetectorMemory {
  readonly state: DetectorStateName;
  readonly savedAtUs: number;
  readonly eventStartUs: number;
  readonly actorPauses: number;
}

/** What a supervisor tells a detector. */
export interface DetectorInput {
  /** Symbol index and name. */
  readonly symbol: number;
  readonly name: string;
  /** Paths that get a {@link DetectorNotice} on every change. */
  readonly listeners: readonly string[];
  readonly kernelPath?: string;
  readonly journalPath?: string;
  /** Engine: key of its row in the record, where it is written down at every transition and every minute. */
  readonly recordKey?: string;
  /** What was saved before a restart of the process; absent on a first start. */
  readonly memory?: DetectorMemory;
}
