import { DEFAULT_CONFIG } from '../../config/index.js';
import type { Config } from '../../config/index.js';

/** A strategy that takes nearly every candle, so that there are orders and positions to lose. */
export const EAGER: Config = {
  ...DEFAULT_CONFIG,
  trading: {
    ...DEFAULT_CONFIG.trading,
    score: { ...DEFAULT_CONFIG.trading.score, goodScore: 20, exhaustionScore: 20 },
    percentile: { ...DEFAULT_CONFIG.trading.percentile, minRangeShare: 0.0005, volumeMultiplier: 0.1, rangeMedianMinCandles: 10_000 },
  },
};
