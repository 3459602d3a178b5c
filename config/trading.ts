/**
 * Schemas and defaults of everything that decides: detector, entry score, percentile strategy, simulated venue, account.
 * Units are in the names. Section numbers are those of docs/detector.md, docs/strategies.md and docs/simulated-venue.md;
 * "SRC" marks a number that the source system printed, the others are ours and say why in those pages.
 */
import { z } from 'zod';

const seconds = (min: number, max: number) => z.number().min(min).max(max);
const decimal = z.string().regex(/^\d+(\.\d+)?$/, 'expected a decimal number in quotes, e.g. "10000"');

export const detectorSchema = z.strictObject({
  /** T2: votes must hold this long (SRC 2.0). */
  confirmSeconds: seconds(0.5, 60).default(2),
  /** T3: below the need this long ends an alert (1.5). */
  fadeSeconds: seconds(0.5, 60).default(1.5),
  /** T4: calm this long ends ACTIVE (SRC 2-5, default 3). */
  recoveryConfirmSeconds: seconds(0.5, 60).default(3),
  /** T6: calm and without exposure this long ends RECOVERY. */
  settleSeconds: seconds(1, 3600).default(30),
  /** Shortest stay in any state (debounce). */
  dwellSeconds: seconds(0, 10).default(0.5),
  /** T7: an event longer than this is the new normal: RECOVERY and a new baseline. */
  eventLimitMinutes: z.number().min(1).max(1440).default(30),
  /** After a new baseline, votes must hold this long before ACTIVE: distance to the kernel + latch + confirm time. */
  rebaselineHoldSeconds: seconds(0, 600).default(4.5),
  /** More transitions than this within 60 s force RECOVERY and raise an alert. */
  maxTransitionsPerMinute: z.int().min(2).max(1000).default(10),
  /** A pause of the kernel is lifted when its reasons have been quiet this long: a spread that flickers is one pause. */
  pauseHoldSeconds: seconds(0, 60).default(1),
  /** A saved state older than this comes back in RECOVERY, never in ACTIVE. */
  restartGraceSeconds: seconds(0, 3600).default(5),
  /** Declared event-time distance from a decision to the kernel's baselines; below their 2 s lag. */
  baselineDistanceMs: z.int().min(0).max(2000).default(1000),
});
export type DetectorParams = z.infer<typeof detectorSchema>;

/** The score's anchors are the indicators' own thresholds; only its tiers are set here. */
export const scoreSchema = z.strictObject({
  /** Tiers (SRC 85/70/50). */
  excellentScore: z.number().min(0).max(100).default(85),
  goodScore: z.number().min(0).max(100).default(70),
  marginalScore: z.number().min(0).max(100).default(50),
  /** What selling exhaustion lowers the bar to (FORMULAS 4.3: 60). */
  exhaustionScore: z.number().min(0).max(100).default(60),
  /** A latched indicator's component counts at least its trigger's 0.70. */
  latchedAtTrigger: z.boolean().default(true),
  /** Where components abstain, the bar shrinks with the weight of the others … */
  scaleBar: z.boolean().default(true),
  /** … which must be at least this (a tape of trades alone has 0.65). */
  minCoverage: z.number().min(0).max(1).default(0.6),
});
export type ScoreParams = z.infer<typeof scoreSchema>;

export const percentileSchema = z.strictObject({
  /** Entry price within the candle's range, from its low (SRC 0.2). */
  entryFraction: z.number().gt(0).lt(1).default(0.2),
  /** Target within the same, frozen candle (SRC 0.8). */
  targetFraction: z.number().gt(0).lte(1).default(0.8),
  /** Smallest range over low (SRC 0.005). */
  minRangeShare: z.number().gt(0).lt(1).default(0.005),
  /** Bullish candles remembered (SRC 300 or 1000), and how many before their median counts. */
  rangeBufferCandles: z.int().min(20).max(10_000).default(300),
  rangeMedianMinCandles: z.int().min(1).max(10_000).default(20),
  /** Volume over the mean of the 60 s before (SRC 2), and the absolute minimum in quote units. */
  volumeMultiplier: z.number().gt(0).max(1000).default(2),
  minVolumeNotional: z.number().min(0).default(1000),
  /** Pause after an entry (SRC 5) and after a losing trade (SRC 10). */
  cooldownSeconds: seconds(0, 3600).default(5),
  cooldownAfterLossSeconds: seconds(0, 3600).default(10),
  orderType: z.enum(['limit', 'market']).default('limit'),
  timeToLiveMs: z.int().min(1).max(600_000).default(3000),
  /** Share of equity per position (SRC 0.3333). */
  equityShare: z.number().gt(0).lte(1).default(0.3333),
  stopEnabled: z.boolean().default(true),
  /** Stop below the fill (SRC 0.025). */
  stopShare: z.number().gt(0).lt(1).default(0.025),
  timeExitEnabled: z.boolean().default(true),
  maxHoldSeconds: seconds(0.1, 86_400).default(20),
  /** How long after a venue refused an exit it is tried again. */
  exitRetryMs: z.int().min(10).max(60_000).default(1000),
});
export type PercentileParams = z.infer<typeof percentileSchema>;

/** A strategy for tests, which trades at once and all the time: docs/strategies.md. */
export const eagerSchema = z.strictObject({
  orderType: z.enum(['limit', 'market']).default('market'),
  equityShare: z.number().gt(0).lte(1).default(0.05),
  timeToLiveMs: z.int().min(1).max(600_000).default(1000),
  /** From the first fill to the exit. */
  holdMs: z.int().min(1).max(3_600_000).default(2000),
  /** From one trade to the next, and from an exit that failed to the next try. */
  pauseMs: z.int().min(1).max(3_600_000).default(1000),
  /** What stands of its own until then: nothing (`time`), a stop and a target at once (`pair`), a target beside the guard's stop from half of `holdMs` on (`late`), or each of them by turns. */
  exits: z.enum(['time', 'pair', 'late', 'turns']).default('time'),
  /** Of the entry's price: how far the target is above it, and the stop of a `pair` below it. */
  targetShare: z.number().gt(0).lt(1).default(0.001),
  stopShare: z.number().gt(0).lt(1).default(0.01),
});
export type EagerParams = z.infer<typeof eagerSchema>;

const feeSchema = z.strictObject({ makerBps: z.number().min(-10).max(1000), takerBps: z.number().min(-10).max(1000) });
export type VenueFees = z.infer<typeof feeSchema>;

export const venueSchema = z.strictObject({
  /** From a decision to the order's arrival at the venue. 0 is lockstep. */
  entryLatencyMs: z.int().min(0).max(60_000).default(50),
  /** `conservative`: the queue ahead shrinks by trades at the price and never exceeds what is visible; `power`: hftbacktest's PowerProb. */
  queueModel: z.enum(['conservative', 'power']).default('conservative'),
  powerExponent: z.int().min(1).max(8).default(3),
  /** How much of an order fills when a trade prints through it: at most the trade's quantity, or all of it (hftbacktest). */
  throughFill: z.enum(['capped', 'full']).default('capped'),
  /** Adverse slippage where nothing is visible to take. */
  slippageBps: z.number().min(0).max(1000).default(5),
  /** Standard retail tiers by venue id; look up your own. `default` serves every other venue. */
  fees: z.record(z.string(), feeSchema).default({
    'default': { makerBps: 10, takerBps: 10 },
    'binance-spot': { makerBps: 10, takerBps: 10 },
    'binance-usdm': { makerBps: 2, takerBps: 5 },
    'binance-coinm': { makerBps: 1, takerBps: 5 },
    'deribit': { makerBps: 0, takerBps: 5 },
    'gemini': { makerBps: 20, takerBps: 40 },
  }),
});
export type VenueParams = z.infer<typeof venueSchema>;

export const accountSchema = z.strictObject({
  /** Starting balance per settlement asset, and of every asset not named. */
  startingBalances: z.record(z.string(), decimal).default({ BTC: '0.1', ETH: '3' }),
  defaultStartingBalance: decimal.default('10000'),
  /** Open trades and working entries over all symbols (SRC 3). */
  maxConcurrent: z.int().min(1).max(1000).default(3),
  /** Caps on open plus reserved value, as a share of equity in the same settlement asset. */
  maxSymbolExposureShare: z.number().gt(0).max(100).default(1),
  maxTotalExposureShare: z.number().gt(0).max(100).default(1),
  /** Smallest order value in quote units; entries below it are refused. */
  minNotional: decimal.default('5'),
  tradingEnabled: z.boolean().default(true),
});
export type AccountParams = z.infer<typeof accountSchema>;

export const tradingSchema = z.strictObject({
  detector: detectorSchema.prefault({}),
  score: scoreSchema.prefault({}),
  /** Which strategy trades every symbol: `percentile`, or `eager`, which is for tests. */
  strategy: z.enum(['percentile', 'eager']).default('percentile'),
  percentile: percentileSchema.prefault({}),
  eager: eagerSchema.prefault({}),
  venue: venueSchema.prefault({}),
  account: accountSchema.prefault({}),
});
export type TradingConfig = z.infer<typeof tradingSchema>;
