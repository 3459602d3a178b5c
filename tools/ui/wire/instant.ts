/** A place in a run, between two turns of its tree. Numbers count from the run's beginning. */
export interface Instant {
  /** Name of the place within its source: `time/tree`, `time/inspect` … take it as `at`. */
  readonly key: string;
  /** Engine clock, microseconds since the epoch. */
  readonly atUs: number;
  /** Turns of actors that came before. */
  readonly turn: number;
  /** Records of the market that came before. */
  readonly record: number;
  /** Decisions that came before. */
  readonly decision: number;
}
