/** What an earlier life of the process left of its passes. */
export interface PassesLeft {
  /** Passes that have ended. */
  readonly ended: number;
  /** The pass that was under way; null when none was. */
  readonly open: { readonly pass: number; readonly decisions: number; readonly touched: readonly string[] } | null;
}

/** Keeps the decisions of every pass, so that a process that is killed goes on where it was. */
export interface PassJournal {
  readonly left: PassesLeft;
  /** The line of decision `index` (from 0) of a pass; undefined when there is none. */
  lineOf(pass: number, index: number): string | undefined;
  /** Takes decision `index` of a pass; lines come in order and without a gap. */
  decision(pass: number, index: number, line: string): void;
  /** An operator did something that may change what the pass decides. */
  touched(pass: number, what: string): void;
  /** The pass has ended. Resolves when it, and everything before it, is on the disk. */
  ended(pass: number, digest: string, decisions: number): Promise<void>;
  /** Resolves when everything taken so far is on the disk. @throws when the journal cannot be written any more. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}
