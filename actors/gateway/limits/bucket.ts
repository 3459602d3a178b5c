/**
 * Token buckets (FORMULAS 4.6): tokens ← min(limit, tokens + limit ÷ interval × Δt), and what the venue says is used counts when it is more. The
 * venue counts in intervals of its own clock, ours flow: after an answer a bucket never holds more than the venue has left of its interval.
 */
import type { VenueLimit } from '../../engine/venue-rules.js';

export interface Bucket {
  readonly kind: 'weight' | 'orders';
  /** As the venue's headers spell the interval: `1m`, `10s`. */
  readonly name: string;
  readonly intervalUs: number;
  readonly limit: number;
  readonly tokens: number;
  /** When `tokens` was right, µs. */
  readonly atUs: number;
}

const SECONDS: Readonly<Record<VenueLimit['interval'], number>> = { SECOND: 1, MINUTE: 60, HOUR: 3600, DAY: 86_400 };
const KINDS: Readonly<Partial<Record<VenueLimit['kind'], Bucket['kind']>>> = { REQUEST_WEIGHT: 'weight', ORDERS: 'orders' };

/** Buckets of the limits that cost tokens. What is used of a bucket of the same name stays used. */
export function bucketsOf(limits: readonly VenueLimit[], before: readonly Bucket[], nowUs: number): readonly Bucket[] {
  return limits.flatMap(({ kind: named, interval, intervalNum, limit }) => {
    const kind = KINDS[named];
    if (kind === undefined) return [];
    const name = `${intervalNum}${interval[0]!.toLowerCase()}`;
    const known = before.find((bucket) => bucket.kind === kind && bucket.name === name);
    const used = known === undefined ? 0 : known.limit - refilled(known, nowUs).tokens;
    return [{ kind, name, intervalUs: SECONDS[interval] * intervalNum * 1e6, limit, tokens: Math.max(0, limit - used), atUs: nowUs }];
  });
}

export function refilled(bucket: Bucket, nowUs: number): Bucket {
  const gained = (Math.max(0, nowUs - bucket.atUs) * bucket.limit) / bucket.intervalUs;
  return { ...bucket, tokens: Math.min(bucket.limit, bucket.tokens + gained), atUs: nowUs };
}

/** What a request costs in this bucket. */
export const costIn = ({ kind }: Bucket, weight: number, orders: number): number => (kind === 'weight' ? weight : orders);

/** When a refilled bucket will have `cost` tokens above `floor`, µs from now; Infinity for never, 0 for now. */
export function waitUs({ tokens, limit, intervalUs }: Bucket, cost: number, floor: number): number {
  if (cost === 0) return 0;
  if (cost + floor > limit) return Infinity;
  return Math.max(0, Math.ceil(((cost + floor - tokens) * intervalUs) / limit));
}
