/** Fees of the simulated venue, in the ledger's fixed point. */
import type { VenueFees, VenueParams } from '../../config/index.js';

/** One basis point in the integer rates below: a rate of 1e8 is the whole value. */
const RATE_PER_BPS = 10_000;
const RATE_SCALE = 100_000_000n;

/** The fee table entry of one venue id, else `default`, else nothing. */
export function feesOf(params: VenueParams, venue: string): VenueFees {
  return params.fees[venue] ?? params.fees['default'] ?? { makerBps: 0, takerBps: 0 };
}

/**
 * Fee on a filled value (any fixed point, result in the same): value x bps / 10^4, rounded up, that is against us; a
 * rebate (negative bps) is rounded towards zero. `bps` counts to four decimals.
 */
export function feeOn(value: bigint, bps: number): bigint {
  const product = value * BigInt(Math.round(bps * RATE_PER_BPS));
  const whole = product / RATE_SCALE;
  return product > 0n && product % RATE_SCALE !== 0n ? whole + 1n : whole;
}
