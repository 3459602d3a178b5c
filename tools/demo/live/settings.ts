import { randomBytes } from 'node:crypto';
import { stringify } from 'smol-toml';

export const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
/** What account and exchange begin with. */
const STARTING_USDT = '10000';

/**
 * The engine's configuration. What is a second to a venue is a tenth of one here, so every deadline that is about this machine (answers, lag,
 * silence) is longer. The strategy takes smaller ranges than by default, and takes them at market: there is one crash, and it is to be seen trading.
 */
export function engineConfig(account: string): string {
  return stringify({
    indicators: { warmupSamples: 60, baselineMinSamples: 45, latencyPauseMs: 60_000, bookStaleMs: 60_000, quoteStaleMs: 60_000 },
    trading: {
      account: { defaultStartingBalance: STARTING_USDT },
      score: { goodScore: 40, marginalScore: 30, exhaustionScore: 40 },
      percentile: { minRangeShare: 0.001, volumeMultiplier: 1, orderType: 'market', timeToLiveMs: 20_000, maxHoldSeconds: 40, exitRetryMs: 5000 },
    },
    engine: {
      account,
      bootTimeoutMs: 60_000,
      symbols: { spot: [], usdm: [...SYMBOLS], options: [] },
      run: { flushEveryMs: 100 },
      gateway: { recvWindowMs: 50_000, timeoutMs: 60_000 },
      orders: { longestWindowMs: 50_000, outcomeTimeoutMs: 90_000, fillGraceMs: 3000, confirmMs: 20_000, pollMs: 20_000 },
      guard: { protectWithinMs: 20_000, strategyStopMs: 2500 },
      feeds: {
        lagMaxMs: 60_000, openTimeoutMs: 50_000, firstFrameMs: 50_000,
        silence: { depthMs: 30_000, bookTickerMs: 60_000, aggTradeMs: 100_000, tradeMs: 100_000, markPriceMs: 100_000 },
        books: { timeoutMs: 50_000 },
      },
      clock: { timeoutMs: 20_000 },
      rules: { timeoutMs: 120_000 },
      risk: { answerTimeoutMs: 10_000, priceMaxAgeMs: 100_000 },
      truth: { readingTimeoutMs: 60_000, staleAfterMs: 150_000 },
      userStream: { openTimeoutMs: 50_000, probeTimeoutMs: 50_000 },
    },
  });
}

/** One account with a key that nobody had before: engines that share a key do not start beside each other. */
export function accountsFile(): string {
  const text = (): string => randomBytes(32).toString('hex');
  return stringify({ account: [{ name: 'demo', keys: [{ key: text(), secret: text() }], usdm: { USDT: STARTING_USDT } }] });
}
