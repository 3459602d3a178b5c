/**
 * Parameters of the market kernel: book, candles, the eight indicators, base quantities.
 *
 * Section numbers are those of the formulas page (docs/indicators.md). SRC = printed by the source system,
 * P = our own choice; every P can be changed here, for all symbols or (table `symbols`) for one.
 */
import { z } from 'zod';

const positive = () => z.number().positive();
const seconds = (max: number) => z.number().int().positive().max(max);

const shape = {
  // 4.0 clocks, baselines
  /** Jitter buffer B: how long a fired indicator stays latched (SRC 1–2 s). */
  jitterBufferMs: positive().default(1500),
  /** Valid one-second samples before anything may fire (P). */
  warmupSamples: z.number().int().nonnegative().default(120),
  /** Length of every lagged baseline (SRC 5 min). */
  baselineSeconds: seconds(3600).default(300),
  /** g: a baseline ends this long before the current window begins (P). */
  baselineLagSeconds: seconds(20).default(2),
  /** A baseline with fewer valid seconds than this makes its indicator abstain (P). */
  baselineMinSamples: z.number().int().positive().default(60),
  /** Seconds without an event that still carry the price forward; beyond them no return is produced (P). */
  maxSilenceSeconds: z.number().int().nonnegative().default(2),
  /** A clock that was wrong: after so many stamps in a row … */
  clockResyncRecords: z.number().int().positive().default(64),
  /** … at least this far behind, the symbol's exchange clock goes back to them (P). */
  clockResyncMs: positive().default(5000),

  // 4.2.1 volatility burst
  volatilityWindowSeconds: seconds(60).default(10),
  /** Valid returns the current window needs (P). */
  volatilityMinSamples: z.number().int().positive().default(5),
  /** V above this fires (SRC 5). */
  volatilityMultiplier: positive().default(5),
  /** Current sigma per second at or above this fires too, or is required too (SRC 0.004). */
  volatilityAbsolutePerSecond: positive().default(0.004),
  volatilityCombine: z.enum(['or', 'and']).default('or'),
  /** The ratio alone counts only above this sigma per second (P). */
  volatilityGatePerSecond: z.number().nonnegative().default(2e-4),
  /** A violent range (4.4) is a burst too, however noisy the baseline (P, decision 0030). */
  volatilityByRange: z.boolean().default(true),
  /** Least sigma of the baseline, per second (P); the half tick is the other floor. */
  volatilityFloorPerSecond: positive().default(1e-6),

  // 4.2.2 acceleration
  /** Fires below this, per second squared (SRC -0.001). */
  accelerationPerSecond2: z.number().negative().default(-0.001),
  /** … and below minus this multiple of the baseline sigma: bid-ask bounce accelerates too (P, decision 0030). */
  accelerationNoiseMultiple: z.number().nonnegative().default(4),

  // 4.2.3 order book imbalance
  obiLevels: z.number().int().positive().max(64).default(10),
  obiThreshold: z.number().min(-1).max(0).default(-0.8),

  // 4.2.4 spread
  spreadMultiplier: positive().default(4),
  /** The ratio alone counts only from this spread on, basis points (P): where one tick is the norm, four are nothing. */
  spreadGateBps: z.number().nonnegative().default(1),
  spreadEmergencyMultiplier: positive().default(10),
  spreadEmergencyBps: positive().default(25),

  // 4.2.5 volume delta
  volumeDeltaWindowSeconds: seconds(30).default(3),
  volumeDeltaZ: z.number().negative().default(-3),

  // 4.2.6 message velocity
  velocityMultiplier: positive().default(3),
  velocityMinPerSecond: z.number().nonnegative().default(20),
  /** Least median of the baseline, events per second (P): silence is no yardstick. */
  velocityMedianFloorPerSecond: positive().default(1),

  // 4.2.7 patterns
  patternWickShare: z.number().min(0).max(1).default(0.2),
  patternWickGrowth: positive().default(1.1),
  patternClimaxVolume: positive().default(1.5),

  // 4.2.8 depth
  depthLevels: z.number().int().positive().max(64).default(20),
  /** Least notional within those levels, in US dollars (SRC 100,000). */
  depthMinUsd: z.number().nonnegative().default(100_000),
  /** US dollars one unit of the quote currency is worth; 1 for USDT, USDC, USD. */
  usdPerQuote: positive().default(1),
  depthExtremeImbalance: z.number().min(0).max(1).default(0.7),
  /** A level is a wall above this multiple of its side's median level (SRC 3). */
  wallMultiple: positive().default(3),
  /** Walls are looked for at most this often (P). */
  wallSampleMs: positive().default(250),
  /** A wall that loses this share … (P) */
  spoofLossShare: z.number().min(0).max(1).default(0.5),
  /** … within this time … (P) */
  spoofWithinMs: positive().default(2000),
  /** … of which trades explain less than this share is a suspected spoof (P). */
  spoofTradedShare: z.number().min(0).max(1).default(0.2),

  // trigger and 4.4
  /** Votes needed of five voters (SRC 3), and after a velocity burst (SRC 2). */
  votesNeeded: z.number().int().min(1).max(5).default(3),
  votesNeededInBurst: z.number().int().min(1).max(5).default(2),
  /** Least votes however many abstain (P). */
  votesFloor: z.number().int().min(1).max(5).default(2),
  /** Range of the price over the violent window below which votes trigger nothing (P, decision 0030). */
  triggerRange: z.number().nonnegative().default(0.002),
  violentWindowSeconds: seconds(60).default(10),
  /** Range of the price over that window, relative (SRC 0.004–0.006). */
  violentRange: positive().default(0.005),

  // 4.6 pauses
  latencyPauseMs: positive().default(500),
  /** Added to receive minus exchange stamp: venue clock minus ours. */
  clockOffsetMs: z.number().default(0),
  /** A book without a depth message for this long, while other records flow, is STALE (P). */
  bookStaleMs: positive().default(5000),
  /** Quotes without an update for this long, while other records flow, no longer make the price (P). */
  quoteStaleMs: positive().default(10_000),
  /** How long a hole in the trades raises the gap pause (P). */
  tradeGapPauseMs: z.number().nonnegative().default(1000),

  // book storage
  /** Ticks of a side held directly; a power of two. Levels outside wait in a side table. */
  bookWindowTicks: z.number().int().min(1024).max(1 << 24).refine((n) => (n & (n - 1)) === 0, 'expected a power of two').default(32_768),
  /** Depth records kept while waiting for a snapshot. */
  bookBufferRecords: z.number().int().min(64).max(1 << 22).default(32_768),

  // candles for the percentile strategy (4.5)
  extremumWindowSeconds: seconds(60).default(3),
  meanVolumeSeconds: seconds(600).default(60),

  // 4.1 base quantities
  /** The micro-price is fitted anew this often (P). */
  micropriceFitSeconds: seconds(3600).default(60),
  kyleIntervalSeconds: seconds(600).default(10),
  kyleIntervals: z.number().int().min(3).max(512).default(60),
  kyleMinIntervals: z.number().int().min(3).max(512).default(30),
  hasbrouckIntervalSeconds: seconds(3600).default(300),
  hasbrouckIntervals: z.number().int().min(3).max(512).default(48),
  amihudIntervalSeconds: seconds(3600).default(60),
  amihudIntervals: z.number().int().min(1).max(512).default(60),
  /** Lots of a VPIN bucket; 0 = a fiftieth of the daily volume, worked out from the tape. */
  vpinBucketLots: z.number().nonnegative().default(0),
  vpinBuckets: z.number().int().min(1).max(512).default(50),
  /** Seconds of trading that size the first bucket when it is worked out. */
  vpinCalibrationSeconds: seconds(86_400).default(600),
  /** Realised spread looks at the mid this long after the trade (P). */
  realisedSpreadSeconds: seconds(60).default(5),
} as const;

/** Parameters of one symbol, every key with its default. */
export const indicatorParamsSchema = z.strictObject(shape);
export type IndicatorParams = z.infer<typeof indicatorParamsSchema>;

/** The `[indicators]` table: parameters for all symbols, and under `symbols.NAME` what differs for one. */
export const indicatorsSchema = z.strictObject({
  ...shape,
  symbols: z.record(z.string(), z.strictObject(
    Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, schema.unwrap().optional()])) as {
      [K in keyof typeof shape]: z.ZodOptional<ReturnType<(typeof shape)[K]['unwrap']>>
    },
  )).default({}),
});
export type IndicatorsConfig = z.infer<typeof indicatorsSchema>;

export const DEFAULT_INDICATOR_PARAMS: IndicatorParams = indicatorParamsSchema.parse({});

/** The parameters in force for one symbol. */
export function paramsForSymbol(config: IndicatorsConfig, symbol: string): IndicatorParams {
  const { symbols, ...common } = config;
  return { ...common, ...symbols[symbol] };
}
