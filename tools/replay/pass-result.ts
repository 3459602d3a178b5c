import type { ExitReason } from '../../runtime/index.js';

/** One pass of a served tape. */
export interface PassResult {
  /** From 1; counts on over restarts of the process where there is a journal. */
  readonly pass: number;
  readonly tape: string;
  /** SHA-256 chain over every decision of the pass. */
  readonly digest: string;
  readonly decisions: number;
  readonly records: number;
  readonly wallMs: number;
  readonly restarts: number;
  /** Records whose message the kernel could not handle. */
  readonly deadLettered: number;
  /** Messages of all actors that nobody handled. */
  readonly deadLetters: number;
  /** Decisions that an earlier life of the process had made of this pass; null when it was played in one go. */
  readonly resumedAt: number | null;
  /** What an operator did that may have changed a decision. */
  readonly touched: readonly string[];
  readonly gaveUp: ExitReason | null;
}

/** The pass on one line. */
export function passLine(result: PassResult): string {
  const { pass, digest, decisions, records, wallMs, restarts, deadLetters, resumedAt, touched, gaveUp } = result;
  return [
    `pass ${pass}`, `digest ${digest}`, `${decisions} decisions`, `${records} records`, `${(wallMs / 1000).toFixed(1)} s`,
    ...(restarts > 0 ? [`${restarts} restart${restarts === 1 ? '' : 's'}`] : []),
    ...(deadLetters > 0 ? [`${deadLetters} dead letter${deadLetters === 1 ? '' : 's'}`] : []),
    ...(resumedAt === null ? [] : [`resumed after ${resumedAt} decisions`]),
    ...(touched.length === 0 ? [] : [`touched by an operator: ${touched.join(', ')}`]),
    ...(gaveUp === null ? [] : ['the root supervisor gave up']),
  ].join('  ');
}
