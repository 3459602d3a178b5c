/** Parameters of everything between a wish and the wire: HTTP, limits, breakers, the gateway, user streams. Units are in the names. */
import { z } from 'zod';

const ms = (min: number, max: number) => z.int().min(min).max(max);

export const restSchema = z.strictObject({
  /** Longer answers are cut off and malformed. The largest answer that is asked for is exchangeInfo. */
  maxBodyBytes: z.int().min(1024).max(512 * 1024 * 1024).default(64 * 1024 * 1024),
  /** A kept connection that waits longer is let go, on the wall's clock: before the venue ends it in the middle of a request. */
  idleMs: ms(100, 120_000).default(4000),
  /** Connections to one origin at a time. */
  connections: z.int().min(1).max(256).default(16),
});
export type RestParams = z.infer<typeof restSchema>;

/** FORMULAS 4.6, circuit breaker. */
export const breakerSchema = z.strictObject({
  /** Opens after this many failures in a row … */
  consecutiveFailures: z.int().min(1).max(1000).default(5),
  /** … or when this share of the calls of the window failed, of at least `windowCalls`. */
  failureShare: z.number().gt(0).max(1).default(0.5),
  windowCalls: z.int().min(1).max(10_000).default(10),
  windowMs: ms(1000, 600_000).default(60_000),
  /** Open for this long, doubled at each opening that follows a failed probe, up to the longest. */
  openMs: ms(100, 600_000).default(30_000),
  longestOpenMs: ms(100, 3_600_000).default(600_000),
  /** Probes that must succeed, one at a time, until it is closed again. */
  probes: z.int().min(1).max(100).default(3),
  /** A probe that nobody told the end of is forgotten after this. */
  probeLostMs: ms(1000, 600_000).default(60_000),
});
export type BreakerParams = z.infer<typeof breakerSchema>;

const limit = z.strictObject({
  kind: z.enum(['REQUEST_WEIGHT', 'ORDERS']),
  interval: z.enum(['SECOND', 'MINUTE', 'HOUR', 'DAY']),
  intervalNum: z.int().min(1).max(1000),
  limit: z.int().min(1).max(100_000_000),
});

export const limitsSchema = z.strictObject({
  /** Share of every bucket that only calls which reduce risk may use (FORMULAS 4.6: 20 %). */
  reserveShare: z.number().min(0).max(0.9).default(0.2),
  /** Blocked for this long after a 429 without Retry-After; doubled for a 418. */
  blockedMs: ms(100, 600_000).default(60_000),
  /** What holds until the venue has said its own limits: the smallest it has had. */
  until: z.array(limit).default([
    { kind: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 400 },
    { kind: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 50 },
    { kind: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 200 },
  ]),
});
export type LimitsParams = z.infer<typeof limitsSchema>;

export const gatewaySchema = z.strictObject({
  /** Of signed requests that bring none. Short, so that an order whose answer was lost is certainly refused soon. */
  recvWindowMs: ms(100, 60_000).default(5000),
  /** Longest time from a call to its outcome, where the call does not say. */
  timeoutMs: ms(100, 120_000).default(10_000),
  /** Calls that wait for their turn, at most. What takes risk off pushes others out. */
  queueLength: z.int().min(8).max(10_000).default(256),
  /** Requests on their way at a time, per product. */
  inFlight: z.int().min(1).max(256).default(16),
});
export type GatewayParams = z.infer<typeof gatewaySchema>;

export const userStreamSchema = z.strictObject({
  openTimeoutMs: ms(100, 120_000).default(10_000),
  /** Pause before the next try: the first, doubled each time up to the last; how much of it is random. */
  backoffMs: ms(10, 60_000).default(500),
  longestBackoffMs: ms(10, 600_000).default(30_000),
  backoffJitter: z.number().min(0).max(1).default(0.2),
  /** A listen key lives 60 minutes without it. */
  keepAliveMs: ms(1000, 3_500_000).default(1_800_000),
  /** The stream is asked something this often, and is dead when nothing has come within `probeTimeoutMs`; it is live once it has answered. */
  probes: z.boolean().default(true),
  probeMs: ms(1000, 600_000).default(15_000),
  probeTimeoutMs: ms(100, 120_000).default(5000),
  /** The venue ends connections after 24 hours; ours is replaced before that. */
  rolloverMs: ms(60_000, 86_400_000).default(82_800_000),
});
export type UserStreamParams = z.infer<typeof userStreamSchema>;
