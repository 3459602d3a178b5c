/**
 * What passes between the market kernel and the actors that decide.
 *
 * Clocks: `atUs` is the tape clock (receive stamp, exchange stamp where there is none, never backwards), which
 * is also what `ctx.nowUs()` reads; `exchUs` is the symbol's exchange time, on which features are computed.
 * `seq` is the input sequence number of the record that caused the edge: an edge takes effect there.
 */

/** Bit of each of the eight indicators in `mask` (FORMULAS 4.2, in its order). */
export const Indicator = {
  VOLATILITY: 1 << 0,
  ACCELERATION: 1 << 1,
  OBI: 1 << 2,
  SPREAD: 1 << 3,
  VOLUME_DELTA: 1 << 4,
  VELOCITY: 1 << 5,
  PATTERN: 1 << 6,
  DEPTH: 1 << 7,
} as const;
export const INDICATOR_NAMES = ['volatility', 'acceleration', 'obi', 'spread', 'volumeDelta', 'velocity', 'pattern', 'depth'] as const;

/** Orthogonal reasons for PAUSED (FORMULAS 4.4); `manual` and `breaker` are set by actors, the others by the kernel. */
export const Pause = {
  GAP: 1 << 0,
  LATENCY: 1 << 1,
  SPREAD: 1 << 2,
  LIQUIDITY: 1 << 3,
  STALE: 1 << 4,
  BREAKER: 1 << 5,
  MANUAL: 1 << 6,
} as const;
export const PAUSE_NAMES = ['gap', 'latency', 'spread', 'liquidity', 'stale', 'breaker', 'manual'] as const;

/** Values at the moment of an edge. NaN = the indicator abstains (no data, warm-up, book not LIVE). */
export interface Features {
  /** Price in ticks: mid of the best quotes, or the last trade where there are no quotes (may be a half tick). */
  readonly price: number;
  readonly bestBidTicks: number;
  readonly bestAskTicks: number;
  /** 1: sigma ratio V, and sigma of the current 10 s (per second, log returns, RMS). */
  readonly volatilityRatio: number;
  readonly volatilityNow: number;
  /** 2: s^-2. */
  readonly acceleration: number;
  /** 3: OBI over the top 10 levels, -1 … 1. */
  readonly obi: number;
  /** 4: spread over its lagged median, and the relative spread in basis points. */
  readonly spreadRatio: number;
  readonly spreadBps: number;
  /** 5: z of the 3 s volume delta. */
  readonly volumeDeltaZ: number;
  /** 6: events per second over lagged median, and events per second. */
  readonly velocityRatio: number;
  readonly eventsPerSecond: number;
  /** 7: strength 0 … 1; positive selling exhaustion, negative buying climax, 0 none. */
  readonly pattern: number;
  /** 8: notional in quote units within the top 20 levels; imbalance -1 … 1; walls as bit 0 bid, bit 1 ask; spoof likewise. */
  readonly depthBid: number;
  readonly depthAsk: number;
  readonly walls: number;
  readonly spoofs: number;
  /** Range of the mid over 10 s relative to its minimum ("violent range"). */
  readonly violentRange: number;
  /** Milliseconds from exchange stamp to receive stamp, 1 s median; NaN without both stamps. */
  readonly latencyMs: number;
}

/** Something the detector could act on changed: votes against need, calm, violence, a pause reason, warm-up. */
export interface LevelEdge {
  readonly type: 'level';
  readonly symbol: number;
  readonly seq: number;
  readonly atUs: number;
  readonly exchUs: number;
  /** Latched indicator bits. */
  readonly mask: number;
  /** Latched votes among indicators 1-5. */
  readonly votes: number;
  /** How many of indicators 1-5 could vote (did not abstain). */
  readonly voters: number;
  /** Votes needed now: 3, or 2 after a velocity burst, fewer voters considered. */
  readonly need: number;
  /** votes >= need (and warmed up). */
  readonly triggered: boolean;
  /** votes <= 1. */
  readonly calm: boolean;
  /** violentRange >= threshold. */
  readonly violent: boolean;
  /** Pause bits known to the kernel. */
  readonly pauses: number;
  readonly warm: boolean;
  readonly features: Features;
}

/** A closed bullish one-second candle while the kernel is armed (detector not in SLEEP). Prices in ticks, quantities in lots. */
export interface CandleEdge {
  readonly type: 'candle';
  readonly symbol: number;
  readonly seq: number;
  readonly atUs: number;
  readonly exchUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Mean volume per second of the 60 s before this candle, lots. */
  readonly meanVolume60: number;
  /** Lowest low and highest high of the extremum window before this candle, ticks (0 = none). */
  readonly windowLow: number;
  readonly windowHigh: number;
  readonly features: Features;
  readonly mask: number;
}

export type BookStateName = 'SYNCING' | 'LIVE' | 'GAP' | 'STALE';

export interface BookEdge {
  readonly type: 'book';
  readonly symbol: number;
  readonly seq: number;
  readonly atUs: number;
  readonly from: BookStateName;
  readonly to: BookStateName;
}

/** From actors to the kernel. `dueUs` is tape clock: cause + declared distance; applied before the first record at or after it. */
export type KernelControl =
  | { readonly type: 'freeze'; readonly symbol: number; readonly on: boolean; readonly dueUs: number }
  | { readonly type: 'rebaseline'; readonly symbol: number; readonly dueUs: number };
