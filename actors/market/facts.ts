/** What is known of every symbol at one moment, for reports and for people; plain data that crosses threads. */
import type { KernelCounters } from './kernel-port.js';
import type { Features } from './messages.js';
import type { SymbolKernel } from './symbol.js';

/** Of the book, and of what else was told of its best prices. */
export interface BookFacts {
  /** Levels a side that are known. */
  readonly bids: number;
  readonly asks: number;
  /** How often it fell out of step, crossed, and was taken from a snapshot. */
  readonly breaks: number;
  readonly crossed: number;
  readonly snapshots: number;
  /** Records of the symbol refused for impossible values. */
  readonly invalid: number;
  /** Best quotes of the stream of quotes and of the book under the same update id: how often they were alike and not, and whether they were not the last time. */
  readonly quotesAgreed: number;
  readonly quotesDiffered: number;
  readonly quotesDiffer: boolean;
}

export interface SymbolFacts {
  readonly index: number;
  /** The tape clock of its last record, µs. */
  readonly clockUs: number;
  readonly features: Features;
  readonly lastTradeTicks: number;
  readonly votes: number;
  readonly need: number;
  readonly mask: number;
  readonly pauses: number;
  readonly warm: boolean;
  readonly frozen: boolean;
  readonly hasBook: boolean;
  readonly live: boolean;
  readonly book: BookFacts;
  /** See `EXTREME_NAMES`: least, when, greatest, when, of each. */
  readonly extremes: Float64Array;
}

export interface KernelFacts {
  readonly counters: KernelCounters;
  readonly symbols: readonly SymbolFacts[];
}

export function symbolFacts(symbol: SymbolKernel): SymbolFacts {
  return {
    index: symbol.index,
    clockUs: symbol.clockUs,
    features: symbol.features(),
    lastTradeTicks: symbol.lastTradeTicks,
    votes: symbol.votes.votes,
    need: symbol.votes.need,
    mask: symbol.votes.mask,
    pauses: symbol.pauses,
    warm: symbol.grid.warm,
    frozen: symbol.grid.frozen,
    hasBook: symbol.book !== null,
    live: symbol.live,
    book: bookFacts(symbol),
    extremes: symbol.extremes.slice(),
  };
}

function bookFacts({ book, invalid, quotesAgreed, quotesDiffered, quotesDiffer }: SymbolKernel): BookFacts {
  const quotes = { quotesAgreed, quotesDiffered, quotesDiffer };
  if (book === null) return { bids: 0, asks: 0, breaks: 0, crossed: 0, snapshots: 0, invalid, ...quotes };
  return { bids: book.bids.levels, asks: book.asks.levels, breaks: book.breaks, crossed: book.crossed, snapshots: book.snapshots, invalid: invalid + book.invalid, ...quotes };
}
