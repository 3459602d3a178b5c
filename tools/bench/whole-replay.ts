import { DEFAULT_CONFIG } from '../../config/index.js';
import { BLOCK_RECORDS } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { Replay } from '../replay/replay.js';
import type { ReplayReport } from '../replay/report.js';

/** Records between two looks at what else there is to do, as `faultline replay` takes them. */
const STRETCH = 64 * BLOCK_RECORDS;

/**
 * What `faultline replay TAPE` does at full speed, from opening the tape to the report: the whole tree with kernel, gated
 * detector, strategy, simulated venue, account, journal and digest.
 */
export function runReplay(path: string): ReplayReport {
  const startMs = performance.now();
  const reader = TapeReader.open(path);
  try {
    const replay = new Replay({ header: reader.header, source: reader, config: DEFAULT_CONFIG, startUs: reader.blocks()[0]?.firstUs ?? 0 });
    while (!replay.ended) replay.advance(STRETCH);
    return replay.finish(performance.now() - startMs);
  } finally {
    reader.close();
  }
}

/** Calls `run`, which plays `records` records, and returns its records/s. */
export function rateOf(records: number, run: () => void): number {
  const startMs = performance.now();
  run();
  return (records / (performance.now() - startMs)) * 1000;
}
