import type { FailureCause } from '../types.js';

/**
 * - `start-timeout`: the program was not ready in time.
 * - `bad-module`: the module is not there, does not compile, throws while it loads, needs native code, or is no lane program.
 * - `threw`: the program, its drain, a timer or a promise of it threw, or its input cannot be sent to a thread.
 * - `exited`: it called process.exit.
 * - `out-of-memory`: it went over the pool's resource limits.
 * - `stalled`: no sign of life for the pool's stallTimeoutMs while it had something to do.
 * - `killed`: somebody called kill, or it did not stop when asked.
 * - `lost`: the thread ended without a word.
 */
export type LaneFailureKind = 'start-timeout' | 'bad-module' | 'threw' | 'exited' | 'out-of-memory' | 'stalled' | 'killed' | 'lost';

export interface LaneFailure {
  readonly kind: LaneFailureKind;
  readonly message: string;
  /** For `exited`. */
  readonly exitCode?: number;
  readonly cause?: FailureCause;
}

/** How a lane's thread ended: as asked, or else why. */
export type LaneEnd = { readonly kind: 'stopped' } | { readonly kind: 'failed'; readonly failure: LaneFailure };

/** What the promise `ready` of a lane is rejected with. */
export class LaneError extends Error {
  readonly failure: LaneFailure;

  constructor(lane: string, failure: LaneFailure) {
    super(describeFailure(lane, failure));
    this.name = 'LaneError';
    this.failure = failure;
  }
}

const WORDS: Record<LaneFailureKind, string> = {
  'start-timeout': 'not ready in time',
  'bad-module': 'its module cannot be used',
  threw: 'threw',
  exited: 'called process.exit',
  'out-of-memory': 'out of memory',
  stalled: 'stalled',
  killed: 'killed',
  lost: 'lost',
};

/** One line: `lane 1: out of memory: …`. */
export function describeFailure(lane: string, failure: LaneFailure): string {
  return `${lane}: ${WORDS[failure.kind]}: ${failure.message}`;
}

export function failed(kind: LaneFailureKind, message: string, cause?: FailureCause, exitCode?: number): LaneEnd {
  return { kind: 'failed', failure: { kind, message, ...(exitCode === undefined ? {} : { exitCode }), ...(cause === undefined ? {} : { cause }) } };
}
