import type { Instrument } from '../data/records/index.js';

/** By index: the symbol, with its venue where two venues on one tape trade the same symbol. */
export function instanceNames(instruments: readonly Instrument[]): ReadonlyMap<number, string> {
  const seen = new Map<string, number>();
  for (const { symbol } of instruments) seen.set(symbol, (seen.get(symbol) ?? 0) + 1);
  return new Map(instruments.map(({ index, symbol, venue }) => [index, seen.get(symbol)! > 1 ? `${symbol}@${venue}` : symbol]));
}
