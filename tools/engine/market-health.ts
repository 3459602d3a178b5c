/** What the books and their streams are like now, as the kernel knows it: beside the tree's own health, which knows what actors were told. */
import type { Json } from '../../actors/engine/io.js';
import type { SymbolFacts } from '../../actors/market/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { CrossCheck } from './cross-check.js';

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

export interface MarketHealth {
  readonly rows: Json;
  readonly cross: Json;
  readonly problems: readonly string[];
}

/** A row a symbol; NaN is null, and so is all of a symbol that nothing is known of. */
export function marketHealth(instruments: readonly Instrument[], factsOf: (symbol: number) => SymbolFacts | undefined, cross: Pick<CrossCheck, 'found' | 'standing'>): MarketHealth {
  const problems: string[] = [];
  const rows = instruments.map(({ index, symbol, venue }): Json => {
    const facts = factsOf(index);
    if (facts === undefined) return { instrument: symbol, venue, known: false };
    const { features, book, live, warm } = facts;
    if (book.quotesDiffer) problems.push(`the book of ${symbol} (${venue}) and its stream of quotes say different best prices under one update id`);
    return {
      instrument: symbol, venue, known: true, live, warm, eventsPerSecond: finite(features.eventsPerSecond), velocityRatio: finite(features.velocityRatio), latencyMs: finite(features.latencyMs),
      depth: { bids: book.bids, asks: book.asks, bidNotional: finite(features.depthBid), askNotional: finite(features.depthAsk) },
      invalid: book.invalid, breaks: book.breaks, crossed: book.crossed, snapshots: book.snapshots, quotesAgreed: book.quotesAgreed, quotesDiffered: book.quotesDiffered,
    };
  });
  for (const { kind, buy, sell, share } of cross.standing) if (kind === 'apart') problems.push(`${buy} and ${sell} are ${(share * 100).toFixed(2)} % apart`);
  return { rows, cross: { found: cross.found, standing: cross.standing.map((each) => ({ ...each })) }, problems };
}

/** The tree's answer to `health` with the market's. What is a problem of the market's makes it not ok. */
export function withMarket(answer: Json, { rows, cross, problems }: MarketHealth): Json {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
  const members = answer as { readonly [name: string]: Json };
  const { problems: told, ok } = members;
  return { ...members, ok: ok === true && problems.length === 0, problems: [...(Array.isArray(told) ? (told as readonly Json[]) : []), ...problems], market: rows, cross };
}
