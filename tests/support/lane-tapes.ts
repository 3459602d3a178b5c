import type { Config } from '../../config/index.js';
import { Kind } from '../../data/records/index.js';
import { EAGER } from './eager-config.js';
import { generatedTape, thinned } from './replay-tape.js';
import type { MemoryTape } from './replay-tape.js';

/** EAGER, with this much latency to the venue and to the baselines. */
export const eagerAt = (entryLatencyMs: number, baselineDistanceMs: number): Config => ({
  ...EAGER,
  trading: {
    ...EAGER.trading,
    detector: { ...EAGER.trading.detector, baselineDistanceMs },
    venue: { ...EAGER.trading.venue, entryLatencyMs },
  },
});

/** Every n-th best quote and trade, and no depth: a crash of four symbols in some ten thousand records. */
export function slim(tape: MemoryTape, nth: number): MemoryTape {
  return thinned(tape, (kind, _symbol, record) => {
    if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) return false;
    return kind === Kind.BOOK_TICKER ? record % (4 * nth) === 0 : kind === Kind.TRADE || kind === Kind.AGG_TRADE ? record % nth === 0 : true;
  });
}

/** Four symbols that crash together, books and all. */
export const crashTape = (): MemoryTape => generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 4, rate: 0.03 });
/** Five symbols over a line that loses, repeats, delays and stops. */
export const troubleTape = (): MemoryTape => generatedTape({ scenario: 'feed-trouble', seed: 5, minutes: 12, symbols: 5, rate: 0.03 });
