import type { VenueEvent } from '../venue/messages.js';
import type { Control } from './control-queue.js';
import type { SymbolFacts } from './facts.js';
import type { BookEdge, CandleEdge, LevelEdge } from './messages.js';

export type Edge = LevelEdge | CandleEdge | BookEdge | VenueEvent;

export interface KernelCounters {
  readonly records: number;
  /** Records taken: all but the gapped and those whose fate is open. */
  readonly processed: number;
  /** Gap records, and depth records never applied because the book was not LIVE. */
  readonly gapped: number;
  /** Depth records waiting for a snapshot; 0 after finish(). */
  readonly waiting: number;
  /** Records refused for impossible values; they are among the processed or gapped. */
  readonly invalid: number;
  /** Stamps before the tape clock. */
  readonly backwardStamps: number;
  /** Exchange stamps before their symbol's exchange clock. */
  readonly exchangeBackwards: number;
  /** Ids that gap records say are missing. */
  readonly missing: number;
}

/** What drives a session's decisions from records, wherever it runs: a kernel inline, or lanes that look like one. */
export interface KernelPort {
  /** Edges raised by the last `run`, in order. */
  readonly edges: readonly Edge[];
  /** The tape clock, µs. */
  readonly clockUs: number;
  /** Sequence number of the last record processed, -1 before the first. */
  readonly seq: number;
  /** Where a run that threw stood. */
  readonly position: number;
  /** The last `run` returned early because somebody is not done: run again when the main loop has turned. */
  readonly stalled: boolean;
  /** Records that lanes could not take and were left out of their input: they are dead letters. */
  readonly skipped: number;
  /** See `MarketKernel.run`. */
  run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs?: number): number;
  control(control: Control): void;
  /** Clock at which `passTime` would have something to do, µs; Infinity where controls are applied elsewhere, in lanes. */
  readonly nextControlUs: number;
  /**
   * The clock has come to `us` and no record with an earlier stamp will follow: applies what was due by then and before `untilUs`, as the
   * next record would, up to the first control that raises edges. Not within a depth message.
   */
  passTime(us: number, untilUs: number): void;
  retell(): void;
  /** Somebody wants to know prices: of lanes, whose answer comes as an input (`told-prices`). A replay has that input, and asks nobody. */
  askPrices?(): void;
  finish(): void;
  disown(taken: number): void;
  counters(): KernelCounters;
  /** What is known of a symbol; undefined where nothing is. */
  facts(symbol: number): SymbolFacts | undefined;
}
