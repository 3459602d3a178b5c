import type { Clock } from './clock/clock.js';
import type { EffectTable } from './core/effects.js';
import type { SnapshotEnvelope } from './core/snapshot.js';
import type { TreeSnapshot } from './core/tree-snapshot.js';
import type { JournalFailure } from './journal/failure.js';
import type { Journal } from './journal/port.js';
import type { TraceHash } from './observe/determinism.js';
import type { ExitReason } from './types.js';

export interface RuntimeOptions {
  readonly clock?: Clock;
  /** Seed of every generator in the runtime. */
  readonly seed?: string | number;
  readonly effects?: EffectTable;
  /** Messages an actor may handle before the next one gets its turn. Default 64. */
  readonly sliceMessages?: number;
  readonly maxTimersPerActor?: number;
  /** Events the trace ring holds (rounded up to a power of two). Default 8192. */
  readonly traceEvents?: number;
  /**
   * For debuggers: called at every moment between two turns, also of the same actor. It may look at everything and change nothing. What it throws
   * comes out of whatever drove the runtime, and leaves the tree as it stands at that moment, to be looked at and for nothing else.
   */
  readonly onRest?: () => void;
  /** What the hash of the trace covers, see `TraceHash`. Two runs that must be the same are compared with 'states'. Default 'events', which costs nothing. */
  readonly traceHash?: TraceHash;
  /** Dead letters kept. Default 256; all are counted. */
  readonly deadLetterRing?: number;
  /**
   * Asked for a snapshot when a worker is started at a path for the first time: the actor goes on from it instead of beginning
   * with `init`. Its overdue timers come before new input.
   */
  readonly recover?: (path: string) => SnapshotEnvelope | null | undefined;
  /**
   * The tree goes on exactly as the one that `Runtime.snapshotTree` was asked of: to be started at the snapshot's clock, with the same
   * specification and seed. Not with `recover`, nor with a journal.
   */
  readonly resume?: TreeSnapshot;
  /** Where actors with `durable` in their specification are kept: `openJournal` or `MemoryJournal` of faultline/journal. One runtime, one journal. */
  readonly journal?: Journal;
  /** How much of an actor's time a recovery has to do again at most, on this runtime's clock. Default 60,000 ms. */
  readonly snapshotEveryMs?: number;
  /** Everything sent from outside the tree is written to the journal when it comes, whoever it is for. Default: to durable actors that ask for it. */
  readonly inputLog?: boolean;
  /** Called once when the journal has failed. Its actors are ended by then; the process is to end with JOURNAL_FAILED_EXIT_CODE. */
  readonly onJournalFailure?: (failure: JournalFailure) => void;
  /**
   * For debugging: called with the paths when an actor that is handling a question asks somebody who waits for its answer, directly or
   * through others. Such a circle stands still until a deadline if one of them sets the question aside until it has its own answer.
   */
  readonly onAskCycle?: (paths: readonly string[]) => void;
  /** Called once when the root has ended by itself: it gave up, or shut itself down. */
  readonly onFatal?: (reason: ExitReason) => void;
}
