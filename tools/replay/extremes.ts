import { EXTREME_NAMES } from '../../actors/market/index.js';
import type { SymbolFacts } from '../../actors/market/index.js';
import { isoUs } from './time.js';

export interface Extreme {
  readonly min: number;
  readonly minAt: string;
  readonly max: number;
  readonly maxAt: string;
}
/** By indicator; null for one that never had a value. */
export type Extremes = Readonly<Record<string, Extreme | null>>;

/** Smallest and largest value of every indicator of one symbol, and when (exchange time); of none when nobody can say. */
export function extremesOf(facts: SymbolFacts | undefined): Extremes {
  if (facts === undefined) return Object.fromEntries(EXTREME_NAMES.map((name) => [name, null]));
  const { extremes } = facts;
  return Object.fromEntries(
    EXTREME_NAMES.map((name, index) => {
      const min = extremes[index * 4]!;
      const max = extremes[index * 4 + 2]!;
      return [name, min <= max ? { min, minAt: isoUs(extremes[index * 4 + 1]!), max, maxAt: isoUs(extremes[index * 4 + 3]!) } : null];
    }),
  );
}
