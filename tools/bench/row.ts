/**
 * One line of `npm run bench`. A row measures our implementation and, where there is one, a peer that does the same
 * job, in interleaved rounds in a process of its own.
 */
export interface BenchRow {
  /** `subject/peer`, e.g. `book/sorted-btree`, or what is measured where there is no peer; unique. */
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
  /** What counts of the rounds; the median unless told otherwise. The best where luck decides a round, such as on which cores two threads run. */
  readonly over?: 'median' | 'best';
  /** Slices of each side in a round, of which the best counts; 3 unless told otherwise. */
  readonly slices?: number;
  /** A row that takes longer is broken; 150 s unless told otherwise. */
  readonly limitMs?: number;
  /** Reason why the peer cannot be measured here (no compiler), asked after prepare(); ours is measured all the same. */
  skip?(): string | undefined;
  /** Reason why nothing of it can be measured here (no browser), asked before anything else: the row is skipped, and no floor holds it. */
  absent?(): string | undefined;
  /** Builds inputs and warms both sides up. Not timed. */
  prepare?(): Promise<void> | void;
  /** Runs one timed slice of ours, some 50-500 ms, and returns its value in `unit`. */
  ours(): number | Promise<number>;
  /** The same slice by the peer. */
  peerRun?(): number | Promise<number>;
  /** Other figures for who reads the row, by name with unit; asked after the last round. */
  also?(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** Frees files and processes. */
  close?(): Promise<void> | void;
}

/** A measured row, as `--json` prints it. */
export interface BenchResult {
  readonly id: string;
  readonly value: number | null;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** value / peerValue; null where there is no peer or it is absent. */
  readonly ratio: number | null;
  readonly floor: number | null;
  readonly aim: number | null;
  /** Best of each round, ours and the peer's, for who wants to see how steady the machine was. */
  readonly rounds: readonly { readonly ours: number; readonly peer: number | null }[];
  /** Other figures of the row, by name with unit. */
  readonly also?: Readonly<Record<string, number>>;
  /** Why the peer was not measured. */
  readonly skipped?: string;
  /** Why the row could not be measured at all. */
  readonly failed?: string;
}
