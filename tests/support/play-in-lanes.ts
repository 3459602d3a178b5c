import { createHash } from 'node:crypto';
import { DEFAULT_CONFIG } from '../../config/index.js';
import type { LanesParams } from '../../config/index.js';
import type { Fault } from '../../tools/replay/fault-spec.js';
import { Replay } from '../../tools/replay/replay.js';
import type { ReplayReport } from '../../tools/replay/report.js';
import { sourceOf } from './replay-tape.js';
import type { MemoryTape, Played, PlayOptions } from './replay-tape.js';

export interface LanesOptions extends PlayOptions {
  /** Threads; default 2. */
  readonly lanes?: number;
  /** Differences from the defaults of [lanes]. */
  readonly params?: Partial<LanesParams>;
  /** What threads run instead of a market lane. */
  readonly program?: (lane: number, incarnation: number) => URL;
}

/** No replay of a test takes longer than this: what does has hung. */
const PATIENCE_MS = 120_000;

/** As `play`, with the kernel in real threads. @throws Error when it hangs. */
export async function playInLanes(tape: MemoryTape, options: LanesOptions = {}): Promise<Played> {
  const log: string[] = [];
  const config = options.config ?? DEFAULT_CONFIG;
  const replay = new Replay({
    header: tape.header,
    source: sourceOf(tape, options.block),
    config,
    startUs: tape.startUs,
    faults: options.faults ?? [],
    lanes: { ...config.lanes, placement: 'ring', count: options.lanes ?? 2, ...options.params },
    ...(options.program === undefined ? {} : { laneProgram: options.program }),
    ...(options.fromUs === undefined ? {} : { fromUs: options.fromUs }),
    ...(options.toUs === undefined ? {} : { toUs: options.toUs }),
    onDecision: (_decision, line) => log.push(line),
  });
  const deadlineMs = performance.now() + PATIENCE_MS;
  const patience = (): void => {
    if (performance.now() > deadlineMs) throw new Error(`the replay hangs at input ${replay.taken}: ${JSON.stringify(replay.lanes?.rows(0))}`);
  };
  try {
    let untilUs = tape.startUs;
    while (!replay.ended) {
      patience();
      const reached = replay.advance(options.stretch ?? 65_536, options.sliceUs === undefined ? Infinity : untilUs);
      if (reached) untilUs += options.sliceUs ?? 0;
      if (replay.stalled) await replay.turn();
    }
    await Promise.race([replay.settle(), hung(deadlineMs - performance.now(), patience)]);
    const report = replay.finish(0);
    return { report, log, logHash: createHash('sha256').update(log.join('\n')).digest('hex') };
  } finally {
    await replay.close();
  }
}

function hung(afterMs: number, complain: () => void): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      try {
        complain();
        reject(new Error('the replay hangs'));
      } catch (error) {
        reject(error as Error);
      }
    }, afterMs + 1).unref();
  });
}

/** What a report must say whatever the placement: all but rates, restarts and the lanes themselves. */
export function placementFree(report: ReplayReport): Omit<ReplayReport, 'wallMs' | 'recordsPerSecond' | 'placement' | 'lanes' | 'spareLanes' | 'restarts' | 'restarted'> {
  const { wallMs: _1, recordsPerSecond: _2, placement: _3, lanes: _4, spareLanes: _5, restarts: _6, restarted: _7, ...rest } = report;
  return rest;
}

/** Faults that ask for lanes make no sense inline. */
export const withoutLaneFaults = (faults: readonly Fault[]): Fault[] => faults.filter(({ kind }) => kind !== 'kill-lane' && kind !== 'stall-lane');
