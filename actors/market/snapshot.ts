/** The whole state of a market kernel as plain data, one part a symbol, so that symbols can change kernels. */
import type { Control } from './control-queue.js';
import type { State } from './state.js';

export interface SymbolSnapshot {
  /** Index of the symbol in the tape header. */
  readonly index: number;
  readonly state: State;
  /** What the machines were told last, packed. */
  readonly lastEdge: number;
  /** Its half of the simulated venue (VenueMatcher.snapshot); undefined where the kernel has none. */
  readonly matcher: unknown;
}

export interface KernelSnapshot {
  /** Sequence number of the last record processed, -1 before the first. */
  readonly seq: number;
  /** Tape clock, µs. */
  readonly clockUs: number;
  /** Counts that belong to no symbol. Where a snapshot is divided they go with its first symbol. */
  readonly others: {
    /** Records of symbols that are not in the tape header, and how many of them had stamps before the tape clock. */
    readonly strangers: number;
    readonly strangerBackwards: number;
    readonly disowned: number;
  };
  /** By index. */
  readonly symbols: readonly SymbolSnapshot[];
  /** Not yet due, by (dueUs, arrival). */
  readonly controls: readonly Control[];
}

/**
 * One snapshot of several that were taken at the same place of the same stream by kernels of different symbols. Its
 * `seq` and `clockUs` are the greatest of theirs: a kernel of a part of the stream knows no more than its part.
 * @throws Error when there is none, or a symbol is in two of them.
 */
export function mergeSnapshots(snapshots: readonly KernelSnapshot[]): KernelSnapshot {
  if (snapshots.length === 0) throw new Error('no snapshot to merge');
  const symbols = snapshots.flatMap((snapshot) => snapshot.symbols).sort((a, b) => a.index - b.index);
  for (let k = 1; k < symbols.length; k += 1) {
    if (symbols[k].index === symbols[k - 1].index) throw new Error(`symbol ${symbols[k].index} is in two snapshots`);
  }
  const total = (of: (snapshot: KernelSnapshot) => number): number => snapshots.reduce((sum, snapshot) => sum + of(snapshot), 0);
  return {
    seq: snapshots.reduce((most, { seq }) => Math.max(most, seq), -1),
    clockUs: snapshots.reduce((most, { clockUs }) => Math.max(most, clockUs), 0),
    others: {
      strangers: total(({ others }) => others.strangers),
      strangerBackwards: total(({ others }) => others.strangerBackwards),
      disowned: total(({ others }) => others.disowned),
    },
    symbols,
    controls: snapshots.flatMap(({ controls }) => controls).sort((a, b) => a.dueUs - b.dueUs),
  };
}
