/** Where in a journal write a life ends itself with SIGKILL. */
export const STAGES = ['before-batch', 'committed', 'flushed', 'before-effect', 'after-effect'] as const;
export type Stage = (typeof STAGES)[number];

export const STAGE_TEXT: Readonly<Record<Stage, string>> = {
  'before-batch': 'before a batch is handed to LMDB',
  committed: 'between its commit and its flush',
  flushed: 'after the flush, before anything that waited for it goes out',
  'before-effect': 'before an effect runs',
  'after-effect': 'after an effect ran, before its outcome is written',
};

/** A recovery that is wrong on purpose, to see that the sweep reports it. */
export const BROKEN = ['resend', 'drop-tail'] as const;
export type Broken = (typeof BROKEN)[number];

/** What a life of the desk is started with, as JSON in its one argument. */
export interface LifeOptions {
  /** The journal's folder. */
  readonly folder: string;
  /** Socket of the exchange. */
  readonly exchange: string;
  readonly orders: number;
  readonly seed: string | number;
  /** Where to die; null: live to the end of the script. */
  readonly kill: {
    readonly stage: Stage;
    /** Points of the stage that no life has died at, this one included, until this one does. */
    readonly nth: number;
    /** File of the points that lives have died at; this one adds its own. */
    readonly seen: string;
  } | null;
  /** Stop in good order right after the recovery, which leaves a snapshot of each actor. */
  readonly stop: boolean;
  /** Where a life that comes to the end writes the states of its actors. */
  readonly report: string;
  readonly broken: Broken | null;
}

/** What a life that came to the end of the script reports. */
export interface LifeReport {
  /** Batches this life gave to the journal. */
  readonly batches: number;
  /** Points of each stage that this life went through. */
  readonly points: Readonly<Record<Stage, number>>;
  readonly states: import('./verdict.js').FinalStates;
}
