/** Parameters of the exchange's truth: how often it is read, and when it is too old. Units are in the names. */
import { z } from 'zod';

const ms = (min: number, max: number) => z.int().min(min).max(max);

export const truthSchema = z.strictObject({
  /** Pause between two readings of account and open orders (RFC 0056 of the sources): in health, in doubt, and while everything is being closed. */
  readEveryMs: ms(500, 600_000).default(10_000),
  suspectEveryMs: ms(200, 600_000).default(2000),
  closingEveryMs: ms(100, 600_000).default(1000),
  /** A reading that also lists trades and incomes comes at least this often. */
  fullEveryMs: ms(1000, 3_600_000).default(60_000),
  /** A truth that was not read again for so long is stale. */
  staleAfterMs: ms(1000, 3_600_000).default(25_000),
  /** A reading that is not done by then has failed. */
  readingTimeoutMs: ms(500, 120_000).default(15_000),
  /** Changes so little older than a reading are not judged by it. */
  graceMs: ms(0, 60_000).default(1000),
  /** Trades are listed from this long before the last reading. */
  overlapMs: ms(0, 3_600_000).default(60_000),
  /** Lists of trades are followed over so many pages a symbol; beyond it the window counts as incomplete. */
  mostPages: z.int().min(1).max(1000).default(20),
  /** Orders asked for by their id in one reading. */
  mostLookups: z.int().min(1).max(1000).default(20),
});
export type TruthParams = z.infer<typeof truthSchema>;
