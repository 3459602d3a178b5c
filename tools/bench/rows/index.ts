import type { BenchRow } from '../row.js';

/** Loads the rows on demand: a row's process should not carry the modules of the others. */
export const ROWS: Readonly<Record<string, () => Promise<BenchRow>>> = {};
