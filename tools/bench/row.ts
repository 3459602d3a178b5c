/**
 * One line of `npm run bench`. A row measures our implementation and, where there is one, a peer that does the same
 * job, in interleaved rounds in a process of its own.
 */
export interface BenchRow {
  /** `subject/peer`, e.g. `book/sorted-btree`; unique. */
  readonly id: string;
  /** What the value counts, e.g. `records/s`. A throughput is a rate. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Name and version of the peer, or null for a row that stands alone. */
  readonly peer: string | null;
  /** The ratio to the peer (the value itself where there is no peer) that `--gate` insists on. */
  readonly floor?: number;
  /** The ratio we want. */
  readonly aim?: number;
  /** Extra flags for the row's own node process, e.g. `--max-semi-space-size=1`. `--expose-gc` is always there. */
  readonly nodeFlags?: readonly string[];
  /** Rounds to run; 5 unless told otherwise. A row that counts (allocations, bytes) may want 1. */
  readonly rounds?: number;
  /** Slices of each side in a round, of which the best counts; 3 unless told otherwise. */
  readonly slices?: number;
  /** Reason why the peer cannot be measured here (no compiler); ours is measured all the same. */
  skip?(): string | undefined;
  /** Builds inputs and warms both sides up. Not timed. */
  prepare?(): Promise<void> | void;
  /** Runs one timed slice of ours, some 50-500 ms, and returns its value in `unit`. */
  ours(): number;
  /** The same slice by the peer. */
  peerRun?(): number;
  /** Frees files and processes. */
  close?(): Promise<void> | void;
}
