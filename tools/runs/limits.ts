import type { EngineParams } from '../../config/index.js';
import type { Retention, RunWriterOptions } from '../../data/runs/index.js';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** What of the runs is kept, by the configuration. */
export function retentionOf({ keepRuns, keepRunDays, keepRunsMiB }: EngineParams['run']): Retention {
  return { runs: keepRuns, days: keepRunDays, bytes: keepRunsMiB * MIB };
}

/** How long tapes become, what of them and of other runs is kept, and how much of the disk stays free, by the configuration. */
export function runLimits(params: EngineParams['run']): Required<Pick<RunWriterOptions, 'tapeRecords' | 'keepTapeBytes' | 'keepTapeMs' | 'leastFreeBytes' | 'retention'>> {
  const { tapeRecords, keepTapeMiB, keepTapeDays, leastFreeMiB } = params;
  return { tapeRecords, keepTapeBytes: keepTapeMiB * MIB, keepTapeMs: keepTapeDays * DAY_MS, leastFreeBytes: leastFreeMiB * MIB, retention: retentionOf(params) };
}
