/** Parameters of the order machines and of the guard that keeps a stop at the venue behind every fill. Units are in the names. */
import { z } from 'zod';

const ms = (min: number, max: number) => z.int().min(min).max(max);

export const ordersSchema = z.strictObject({
  /** Client ids of ours begin with this, whichever run made them. */
  idPrefix: z.string().regex(/^[A-Za-z0-9]{1,6}$/, 'expected 1 to 6 letters or digits').default('fl'),
  /** An outcome that the gateway owes us and that does not come within this counts as unknown. */
  outcomeTimeoutMs: ms(100, 120_000).default(15_000),
  /** Longest recvWindow that a request of ours ever carries, also one of an earlier run: after it the venue refuses what it has not got yet. */
  longestWindowMs: ms(100, 60_000).default(5000),
  /** How far a stamp may lie ahead of the venue's clock and still be taken (the venue's own rule is 1000). */
  clockMarginMs: ms(0, 10_000).default(1000),
  /** Pause between two questions about one order: the first, doubled each time up to the last. */
  askPauseMs: ms(10, 60_000).default(250),
  longestAskPauseMs: ms(10, 600_000).default(5000),
  /** An order that only its own answer has vouched for is asked about after this. */
  confirmMs: ms(100, 600_000).default(5000),
  /** How long the user stream has to tell of fills that an answer has counted, before the list of trades is asked for. */
  fillGraceMs: ms(0, 60_000).default(300),
  /** While a user stream is down, its product's orders are asked about this often. */
  pollMs: ms(100, 600_000).default(5000),
  /** A finished order waits this long for late reports before its actor ends; after that the manager remembers `rememberFinished` of them. */
  lingerMs: ms(0, 3_600_000).default(30_000),
  rememberFinished: z.int().min(0).max(1_000_000).default(10_000),
  /** Opening orders that an earlier run left working are cancelled. */
  cancelRecoveredEntries: z.boolean().default(true),
});
export type OrdersParams = z.infer<typeof ordersSchema>;

export const guardSchema = z.strictObject({
  /** A fill that has no confirmed stop at the venue by then is closed at market. */
  protectWithinMs: ms(100, 60_000).default(2000),
  /** How long a strategy has to ask for a stop of its own before the guard places one. */
  strategyStopMs: ms(0, 60_000).default(250),
  /** Distance of the guard's own stop from the entry price. */
  stopShare: z.number().gt(0).lt(1).default(0.025),
  /** A close that did not close everything is sent again after this. */
  closeRetryMs: ms(10, 600_000).default(1000),
  /** Positions that are not ours get a stop of ours too. */
  protectForeign: z.boolean().default(false),
});
export type GuardParams = z.infer<typeof guardSchema>;
