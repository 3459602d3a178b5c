/**
 * Market data feeds: which streams, when one counts as dead, how connections come back, how books are put in step. See docs/feeds.md.
 * Times are of the engine's clock. "SRC" marks a number that the source system printed.
 */
import { z } from 'zod';

const ms = (min: number, max: number) => z.int().min(min).max(max);

/** Kinds of streams; each connection carries one of them. */
export const STREAM_CLASSES = ['depth', 'bookTicker', 'aggTrade', 'trade', 'kline', 'markPrice', 'forceOrder'] as const;
export type StreamClass = (typeof STREAM_CLASSES)[number];
const streamClass = z.enum(STREAM_CLASSES);

/** Silence after which a stream is dead; 0: it may be silent for ever. */
const silenceSchema = z.strictObject({
  /** SRC: one second. */
  depthMs: ms(0, 600_000).default(1000),
  bookTickerMs: ms(0, 600_000).default(1000),
  aggTradeMs: ms(0, 600_000).default(10_000),
  tradeMs: ms(0, 600_000).default(10_000),
  klineMs: ms(0, 600_000).default(0),
  markPriceMs: ms(0, 600_000).default(10_000),
  forceOrderMs: ms(0, 600_000).default(0),
});

const booksSchema = z.strictObject({
  /** Levels a side that are asked for; what lies beyond is unknown. */
  levels: z.union([z.literal(5), z.literal(10), z.literal(20), z.literal(50), z.literal(100), z.literal(500), z.literal(1000)]).default(1000),
  /** A book that is in step is compared anew so often; 0 for never. SRC: ten seconds, which at 1000 levels is too much weight for many symbols. */
  everyMs: ms(0, 3_600_000).default(60_000),
  timeoutMs: ms(100, 60_000).default(5000),
  /** Between two attempts on a book that does not get in step: doubled each time up to the most. */
  backoffMinMs: ms(1, 60_000).default(250),
  backoffMaxMs: ms(1, 600_000).default(10_000),
  /** Snapshots of a product that may be under way at once. */
  concurrent: z.int().min(1).max(100).default(2),
});

const crossSchema = z.strictObject({
  /** How often markets of one pair are looked at side by side; 0 for never. */
  everyMs: ms(0, 60_000).default(250),
  /** A finding counts when it has held for so long. */
  holdMs: ms(0, 60_000).default(500),
  /** Profit after both takers' fees, over the price, that is told as arbitrage. */
  arbitrageShare: z.number().min(0).lt(1).default(0),
  /** Distance of the mids, over their mean, at which one of the two is doubted. */
  apartShare: z.number().gt(0).max(1).default(0.02),
});
export type CrossParams = z.infer<typeof crossSchema>;

const secondOrigin = z.string().regex(/^$|^wss?:\/\/[^\s?#]+$/, 'expected an address of websockets, e.g. "wss://stream.binance.com:443", or "" for none').default('');

export const feedsSchema = z.strictObject({
  /** What is subscribed for every symbol, where its product has it. */
  streams: z.array(streamClass).min(1).default(['depth', 'bookTicker', 'aggTrade', 'markPrice', 'forceOrder']),
  /** A symbol is paused while one of these does not come. */
  requires: z.array(streamClass).default(['depth', 'aggTrade']),
  /** Connections that bring the same streams at once: with 2 the end of one leaves no hole. The second goes to the second origin, if there is one. */
  copies: z.int().min(1).max(3).default(1),
  /** Second origins by product, for second copies and for attempts after a failure; "" for none. */
  secondOrigin: z.strictObject({ spot: secondOrigin, usdm: secondOrigin, options: secondOrigin }).prefault({}),
  streamsPerSocket: z.int().min(1).max(200).default(50),
  depthSpeedMs: z.union([z.literal(100), z.literal(500), z.literal(1000)]).default(100),
  klineInterval: z.enum(['1m', '5m', '15m', '1h']).default('1m'),
  silence: silenceSchema.prefault({}),
  pulseEveryMs: ms(50, 10_000).default(250),
  openTimeoutMs: ms(100, 120_000).default(5000),
  /** A stream must speak for the first time within this; the longer of it and its silence counts. */
  firstFrameMs: ms(100, 120_000).default(5000),
  /** Wait before the next attempt: doubled each time (SRC: at most 60 s), less a random share. */
  backoffMinMs: ms(1, 60_000).default(500),
  backoffMaxMs: ms(1, 600_000).default(60_000),
  backoffJitter: z.number().min(0).max(1).default(0.5),
  /** A connection that has held so long was no failure. */
  steadyMs: ms(100, 3_600_000).default(30_000),
  /** From so many failed attempts in a row on, health asks for a person (SRC: ten); the attempts go on. */
  attentionAfter: z.int().min(1).max(1000).default(10),
  /** The venue ends a connection after this; a new one is opened `rolloverLeadMs` before. */
  lifetimeMs: ms(1000, 7 * 86_400_000).default(86_400_000),
  rolloverLeadMs: ms(100, 3_600_000).default(600_000),
  /** How long old and new connection run side by side once the new one speaks. */
  overlapMs: ms(0, 60_000).default(2000),
  /** Median lag beyond which a connection that stays so for `lagHoldMs` is replaced (SRC: 500 ms). */
  lagMaxMs: ms(1, 60_000).default(500),
  lagHoldMs: ms(100, 600_000).default(5000),
  books: booksSchema.prefault({}),
  cross: crossSchema.prefault({}),
});
export type FeedsParams = z.infer<typeof feedsSchema>;

export const clockSchema = z.strictObject({
  /** Time questions a measurement asks, one after the other, and how far apart measurements are. */
  samples: z.int().min(1).max(50).default(7),
  everyMs: ms(1000, 86_400_000).default(300_000),
  timeoutMs: ms(100, 60_000).default(2000),
  /** Between two questions of one measurement. */
  gapMs: ms(0, 10_000).default(50),
  /** A measurement that failed is tried again after this. */
  retryMs: ms(100, 600_000).default(5000),
});
export type ClockParams = z.infer<typeof clockSchema>;

export const rulesSchema = z.strictObject({
  /** The whole list of USD-M is a megabyte, and every answer is in the run log. */
  everyMs: ms(1000, 86_400_000).default(3_600_000),
  timeoutMs: ms(100, 120_000).default(20_000),
  /** After a failure; and the least time between two refreshes that suspicion asks for. */
  retryMs: ms(100, 600_000).default(10_000),
  suspicionMs: ms(0, 600_000).default(2000),
});
export type RulesParams = z.infer<typeof rulesSchema>;

export const DEFAULT_FEEDS: FeedsParams = feedsSchema.parse({});
