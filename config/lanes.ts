/** Where the market kernel runs: schema and defaults. docs/lanes.md says what each costs. */
import { z } from 'zod';

const slots = (min: number) => z.int().min(min).max(65_536).refine((n) => (n & (n - 1)) === 0, 'expected a power of two');

export const lanesSchema = z.strictObject({
  /** `inline`: on the main loop. `ring`: in threads, fed by rings. `socket`: in threads that have the market's sockets themselves; a replay, which has none, runs inline. */
  placement: z.enum(['inline', 'ring', 'socket']).default('inline'),
  /** Threads; symbols go to them in turn. A lane without a symbol is not started. */
  count: z.int().min(1).max(64).default(1),
  /** Symbols that go to a certain lane, by name as in reports, e.g. { BTCUSDT = 0 }. */
  assign: z.record(z.string(), z.int().min(0).max(63)).default({}),
  /** Slots of 64 bytes of a lane's input ring and of its answers' ring. Beyond 1 MiB (16384) they leave the cache. */
  inboxSlots: slots(2).default(4096),
  answerSlots: slots(64).default(1024),
  /** Placement `socket`: slots of the ring by which a lane's records, and its answers, come to the main loop. */
  recordSlots: slots(4096).default(16_384),
  /** Slots of input between two checkpoints: what a restarted lane replays at most, about. */
  checkpointSlots: z.int().min(1).max(16_777_216).default(262_144),
  /** A lane that has input and shows no sign of life for this long, or takes none for twice as long, is ended and restarted; 0: never. */
  stallTimeoutMs: z.int().min(0).max(3_600_000).default(10_000),
  /** A thread must be up within this. */
  startTimeoutMs: z.int().min(100).max(600_000).default(10_000),
  /** Heap limit of a lane's thread, MiB. */
  memoryMb: z.int().min(32).max(65_536).default(512),
  /** Live, when a ring is full: `gap` loses the newest records and says so by a gap record, `block` holds the main loop back. */
  overflow: z.enum(['gap', 'block']).default('gap'),
});
export type LanesParams = z.infer<typeof lanesSchema>;
