/** The views of an engine's actors as the desk reads them: of whatever version, so nothing is taken on trust. */
import { z } from 'zod';

/** What could be read of a list, and how many entries could not be, or were left out. */
export interface Read<T> {
  readonly rows: readonly T[];
  readonly omitted: number;
}

const cut = z.object({ $truncated: z.number() });

/** A list whose entries are read one by one: a strange one is left out and counted, the others stand. */
function listOf<S extends z.ZodType>(item: S): z.ZodType<Read<z.infer<S>>> {
  return z.array(z.unknown()).transform((entries) => {
    const rows: z.infer<S>[] = [];
    let omitted = 0;
    for (const entry of entries) {
      const read = item.safeParse(entry);
      if (read.success) rows.push(read.data);
      else omitted += cut.safeParse(entry).data?.$truncated ?? 1;
    }
    return { rows, omitted };
  });
}

const text = z.string();
const count = z.number();
const numberOrNull = z.union([z.number(), z.null()]).catch(null);
const side = z.enum(['buy', 'sell']);
const leg = z.enum(['BOTH', 'LONG', 'SHORT']);
const sums = z.record(z.string(), z.string());

const order = z.object({
  clientId: text, venueId: text, symbol: count, service: z.enum(['order', 'algo']), side, positionSide: leg, kind: text, reduceOnly: z.boolean(), priceTicks: count, triggerTicks: count, lots: count, filledLots: count,
});

export const operatorView = z.object({
  mode: text, stopping: z.boolean(), storeFailed: text.nullable(), busy: listOf(z.object({ id: text, verb: text })), paused: z.object({ reason: text, by: text, atMs: count }).nullable(),
});

export const accountView = z.object({
  equity: sums, tradingEnabled: z.boolean(), entries: count,
  open: listOf(z.object({ id: text, symbol: count, side, openLots: count, entryPrice: text, settle: text })),
  trades: listOf(z.object({ id: text, strategy: text, symbol: count, side, filledLots: count, closedLots: count, flattening: text.nullable() })),
  orders: listOf(z.object({ id: text, tradeId: text, side, purpose: text, remaining: count })),
  session: z.object({ trades: count, assets: z.record(z.string(), z.object({ pnl: text, fees: text })) }).nullable().catch(null),
});

export const truthView = z.object({
  products: listOf(z.object({
    product: text, freshness: z.enum(['fresh', 'stale', 'unknown']), reasons: z.array(text).catch([]), readMs: count, fullAtMs: count, phase: text, differencesSeen: count,
    unjudged: listOf(z.object({ what: text, key: text, reason: text })),
    differences: listOf(z.object({ kind: text, about: text, symbol: count.nullable(), action: text, toldMs: count, settledMs: count.nullable() })),
    positions: listOf(z.object({ symbol: count, positionSide: leg, signedLots: count, entryPrice: text })),
    balances: listOf(z.object({ asset: text, total: text })),
    orders: listOf(order),
  })),
});

export const ordersView = z.object({
  orders: listOf(order.extend({ id: text, product: text, purpose: text, reduces: text.nullable(), state: text, doubt: text.nullable(), createdMs: count, changedMs: count })),
  foreign: listOf(order.extend({ product: text, changedMs: count })),
});

export const guardView = z.object({
  wards: listOf(z.object({ id: text, symbol: count, product: text, side, positionSide: leg, openLots: count, nakedMs: count.nullable(), closing: text.nullable() })),
  covers: listOf(z.object({ id: text, clientId: text, ward: text, kind: text, lots: count, bookedLots: count, state: text })),
});

export const ledgerView = z.object({
  products: listOf(z.object({
    product: text, balances: sums,
    positions: listOf(z.object({ symbol: count, positionSide: leg, signedLots: count, ownLots: count })),
    holdings: listOf(z.object({ symbol: count, asset: text, quantity: text, dust: z.boolean() })),
    totals: z.object({ realised: sums, venueRealised: sums, fees: sums, funding: sums, other: sums, unexplained: sums }),
  })),
});

export const riskView = z.object({ closed: listOf(z.object({ guard: text, detail: text })) });

export const limitsView = z.object({
  products: z.record(z.string(), z.object({
    buckets: listOf(z.object({ kind: text, name: text, intervalUs: count, limit: count, tokens: count, atUs: count })),
    blocked: z.object({ kind: text, untilUs: count, reason: text }).nullable(),
  })),
});

export const breakerView = z.object({ context: z.object({ state: text, enteredUs: count, opened: count, cause: text, input: z.object({ product: text, class: text }) }) });

export const gatewayView = z.object({
  errors: z.object({ standing: listOf(z.object({ kind: text, severity: text, product: text, class: text, path: text, status: count, code: count, text, atUs: count })) }),
});

const latency = z.object({ p50: count, p99: count, worst: count });
export const healthView = z.object({
  problems: z.array(z.unknown()).transform((all) => all.filter((each) => typeof each === 'string')),
  feeds: listOf(z.object({
    feed: text, product: text, class: text, up: z.boolean(), phase: text, reason: text, streams: listOf(z.object({ name: text, lastUs: count })), latencyMs: latency.nullable().catch(null),
    framesPerSecond: numberOrNull, gaps: count, reconnects: count, refused: count, attention: z.boolean(),
  })),
  books: listOf(z.object({ product: text, name: text, state: text, sinceUs: count, snapshotUs: count, breaks: count, failures: count })),
});

export const userStreamView = z.object({ product: text, live: z.boolean(), reason: text, lastFrameUs: count });

/** What {@link import('../../../engine/desk-parts.js').DESK_QUESTION} is answered with. */
export const deskAnswer = z.object({
  atUs: count, run: text, views: z.record(z.string(), z.unknown()), down: z.record(z.string(), z.string()), markTicks: z.record(z.string(), z.number()),
  about: z.object({
    mode: text, account: text, run: text, record: text,
    instruments: z.array(z.object({
      index: count, symbol: text, venue: text, product: z.enum(['spot', 'linear', 'inverse', 'option', 'unknown']), tickSize: text, lotSize: text, multiplier: text, settle: text,
    })).max(20_000),
  }).nullable(),
});
