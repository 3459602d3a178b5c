/** How long entries are kept that no actor needs any more. What is needed to recover is always kept. */
export interface Retention {
  /** Older entries go. */
  readonly maxAgeMs: number;
  /** When the log is larger, its oldest entries go. */
  readonly maxBytes: number;
}

/** Chunks taken out in one transaction: a few milliseconds. */
export const PRUNE_AT_ONCE = 1000;

const WEEK_MS = 7 * 24 * 3600 * 1000;
const GIB = 2 ** 30;

export function retentionOf(given: Partial<Retention> = {}): Retention {
  return { maxAgeMs: given.maxAgeMs ?? WEEK_MS, maxBytes: given.maxBytes ?? GIB };
}
