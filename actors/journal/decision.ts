/**
 * A decision: anything the tree did that a replay must reproduce. The decision digest is a hash over all of
 * them in order, so every field is a value that two machines compute alike: no wall clock, no memory address,
 * numbers as integers or as doubles that came from our own arithmetic.
 */
export interface Decision {
  readonly type: 'decision';
  /** Input sequence number in effect; -1 before the first input. */
  readonly seq: number;
  /** Tape clock, µs. */
  readonly atUs: number;
  /** Path of the actor that decided. */
  readonly by: string;
  readonly kind: 'transition' | 'pause' | 'order' | 'cancel' | 'venue' | 'entry' | 'refusal' | 'exit' | 'trade' | 'control';
  readonly symbol: number;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** Where every actor sends its decisions. */
export const JOURNAL_PATH = '/journal';
/** The market kernel's address, whatever its placement. */
export const KERNEL_PATH = '/market/kernel';
