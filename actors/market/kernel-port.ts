import type { Control } from './control-queue.js';
import type { SymbolFacts } from './facts.js';
import type { Edge, KernelCounters } from './kernel.js';

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
  retell(): void;
  finish(): void;
  disown(taken: number): void;
  counters(): KernelCounters;
  /** What is known of a symbol; undefined where nothing is. */
  facts(symbol: number): SymbolFacts | undefined;
}
