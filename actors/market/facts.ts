/** What is known of every symbol at one moment, for reports and for people; plain data that crosses threads. */
import type { KernelCounters } from './kernel-port.js';
import type { Features } from './messages.js';
import type { SymbolKernel } from './symbol.js';

export interface SymbolFacts {
  readonly index: number;
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
    extremes: symbol.extremes.slice(),
  };
}
