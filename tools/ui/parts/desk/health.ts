/** What holds the engine back or may: truth, guards, limits, breakers, feeds. */
import type { BookRow, BreakerRow, DifferenceRow, FeedRow, GuardRow, LimitRow, TruthRow, UserStreamRow } from '../../wire/desk.js';
import { type DeskFacts, nameOf } from './facts.js';

const MOST_UNJUDGED = 20;

export function truthOf({ truth }: DeskFacts): TruthRow[] {
  return (truth?.products.rows ?? []).map(({ product, freshness, reasons, readMs, fullAtMs, phase, differencesSeen, unjudged }) => ({
    product, freshness, reasons, readMs: readMs === 0 ? null : readMs, fullMs: fullAtMs === 0 ? null : fullAtMs, phase, differencesSeen, unjudged: unjudged.rows.slice(0, MOST_UNJUDGED),
  }));
}

/** Those that stand first, then the last that were settled. */
export function differencesOf(facts: DeskFacts): DifferenceRow[] {
  return (facts.truth?.products.rows ?? [])
    .flatMap(({ product, differences }) => differences.rows.map(({ kind, about, symbol, action, toldMs, settledMs }) => ({ product, kind, about, instrument: nameOf(facts, symbol), action, toldMs, settledMs })))
    .sort((a, b) => Number(a.settledMs !== null) - Number(b.settledMs !== null) || b.toldMs - a.toldMs);
}

export const guardsOf = ({ risk }: DeskFacts): readonly GuardRow[] => risk?.closed.rows ?? [];

/** Tokens as they are by now: they come back evenly. */
export function limitsOf({ limits, atUs }: DeskFacts): LimitRow[] {
  return Object.entries(limits?.products ?? {}).flatMap(([product, { buckets, blocked }]): LimitRow[] => {
    const rows = buckets.rows.map((bucket) => ({
      product, bucket: `${bucket.kind} per ${bucket.name}`, limit: bucket.limit, left: Math.floor(Math.min(bucket.limit, bucket.tokens + (Math.max(0, atUs - bucket.atUs) * bucket.limit) / bucket.intervalUs)), blocked,
    }));
    return rows.length === 0 && blocked !== null ? [{ product, bucket: '', limit: null, left: null, blocked }] : rows;
  });
}

const STATES = ['open', 'halfOpen', 'closed'];

export function breakersOf({ breakers }: DeskFacts): BreakerRow[] {
  return breakers
    .map(({ state, enteredUs, opened, cause, input }) => ({ product: input.product, class: input.class, state, cause, sinceUs: enteredUs === 0 ? null : enteredUs, opened }))
    .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
}

const ageMs = (atUs: number, us: number): number | null => (us === 0 ? null : Math.max(0, Math.round((atUs - us) / 1000)));

export function feedsOf({ health, atUs }: DeskFacts): FeedRow[] {
  return (health?.feeds.rows ?? []).map(({ feed, product, class: streamClass, up, phase, reason, streams, latencyMs, framesPerSecond, gaps, reconnects, refused, attention }) => {
    const heard = streams.rows.map(({ lastUs }) => lastUs).filter((us) => us > 0);
    return {
      feed, product, class: streamClass, up, phase, reason, oldestMs: heard.length === 0 ? null : ageMs(atUs, Math.min(...heard)), newestMs: heard.length === 0 ? null : ageMs(atUs, Math.max(...heard)),
      p50Ms: latencyMs?.p50 ?? null, p99Ms: latencyMs?.p99 ?? null, worstMs: latencyMs?.worst ?? null, framesPerSecond: framesPerSecond ?? 0, gaps, reconnects, refused, attention,
    };
  }).sort((a, b) => Number(a.up) - Number(b.up) || (a.feed < b.feed ? -1 : 1));
}

export function booksOf({ health, atUs }: DeskFacts): BookRow[] {
  return (health?.books.rows ?? []).map(({ product, name, state, sinceUs, snapshotUs, breaks, failures }) => ({
    product, instrument: name, state, sinceMs: ageMs(atUs, sinceUs), snapshotMs: ageMs(atUs, snapshotUs), breaks, failures,
  })).sort((a, b) => Number(a.state === 'LIVE') - Number(b.state === 'LIVE'));
}

export const userStreamsOf = ({ userStreams, atUs }: DeskFacts): UserStreamRow[] => userStreams.map(({ product, live, reason, lastFrameUs }) => ({ product, live, reason, frameAgeMs: ageMs(atUs, lastFrameUs) }));
