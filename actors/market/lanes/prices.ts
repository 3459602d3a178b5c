import type { PriceReference } from '../../risk/messages.js';
import type { SymbolFacts } from '../facts.js';

/**
 * What lanes tell of prices where somebody asks for them. What a lane knows depends on the moment, so it is not told there and then: whoever drives the lanes hands it in
 * as an input of the run, which a replay has too.
 */
export class PricesAsked {
  /** Symbols that are asked for, and what was known of them then. */
  private readonly open = new Map<number, SymbolFacts | undefined>();

  /** Every symbol below `symbols` is asked for. */
  ask(symbols: number, facts: (symbol: number) => SymbolFacts | undefined): void {
    for (let symbol = 0; symbol < symbols; symbol += 1) if (!this.open.has(symbol)) this.open.set(symbol, facts(symbol));
  }

  /** Of the symbols asked for, those of which lanes have told a price since: each once an asking. */
  take(facts: (symbol: number) => SymbolFacts | undefined): PriceReference[] {
    const told: PriceReference[] = [];
    for (const [symbol, before] of this.open) {
      const now = facts(symbol);
      if (now === undefined || now === before || !(now.features.price > 0)) continue;
      this.open.delete(symbol);
      const { bestBidTicks, bestAskTicks, price } = now.features;
      told.push({ type: 'price', symbol, bidTicks: bestBidTicks, askTicks: bestAskTicks, markTicks: price, atUs: now.clockUs });
    }
    return told;
  }
}
