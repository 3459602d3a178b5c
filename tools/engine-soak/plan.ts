import { stringify } from 'smol-toml';
import type { ScenarioName } from '../../actors/generator/scenario.js';
import type { Placement } from '../engine-sweep/stage.js';

export interface Plan {
  /** Of the venue's clock. */
  readonly minutes: number;
  readonly seed: number;
  readonly product: 'usdm' | 'spot';
  /** Seconds of the venue's clock in one of the wall's. */
  readonly speed: number;
  readonly symbols: number;
  readonly strategy: 'eager' | 'percentile';
  readonly scenario: ScenarioName;
  readonly placement: Placement;
  /** The market crashes now and then: hard on the machine. */
  readonly crashes: boolean;
  /** Database that the record is mirrored to; null for none. */
  readonly postgres: string | null;
}

/** What a request may take on its way in the venue's time, which is the venue's affair: this machine needs the wall's. */
const WINDOW_MS = 5000;

/** Deadlines of requests, sockets and readings are the wall's already; what is the venue's, and would be too short at its speed, is longer here. */
export function engineConfig({ product, speed, strategy, placement }: Plan, symbols: readonly string[]): string {
  const machine = (ms: number, most = 60_000): number => Math.min(most, Math.round(ms * Math.max(1, speed)));
  return stringify({
    lanes: { placement },
    indicators: { warmupSamples: 20, baselineSeconds: 60, baselineMinSamples: 15, latencyPauseMs: 60_000, bookStaleMs: 60_000, quoteStaleMs: 60_000 },
    trading: {
      strategy,
      eager: { holdMs: 8000, pauseMs: 6000 },
      account: { maxConcurrent: symbols.length, maxSymbolExposureShare: 10, maxTotalExposureShare: 50 },
      score: { goodScore: 40, marginalScore: 30, exhaustionScore: 40 },
      percentile: { minRangeShare: 0.001, volumeMultiplier: 1, orderType: 'market', timeToLiveMs: 20_000, maxHoldSeconds: 40, exitRetryMs: 5000 },
    },
    engine: {
      symbols: { spot: [], usdm: [], options: [], [product]: [...symbols] },
      run: { flushEveryMs: 100 },
      gateway: { recvWindowMs: machine(WINDOW_MS) },
      orders: { longestWindowMs: machine(WINDOW_MS), fillGraceMs: machine(300), confirmMs: machine(2000), rememberFinished: 500 },
      guard: { protectWithinMs: machine(2000), strategyStopMs: machine(250) },
      breaker: { openMs: 5000 },
      // On a machine that is too slow for the market at this speed the venue's fills are stamped late.
      truth: { overlapMs: 600_000 },
      feeds: { lagMaxMs: 60_000, silence: { depthMs: 3000, bookTickerMs: 6000 } },
    },
  });
}
