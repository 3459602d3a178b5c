/** What can be wrong with a journal. */
export type JournalFailureCode =
  /** The disk refused: I/O error, no space left. */
  | 'io'
  /** Bytes that are not what was written. */
  | 'corrupt'
  /** Another process has the journal open for writing. */
  | 'owned'
  /** Written by a newer or by a much older version. */
  | 'format'
  | 'not_found'
  /** The running behaviour cannot take up what the journal holds. */
  | 'behaviour'
  /** The same inputs gave another result than the first time. */
  | 'diverged'
  /** A message, event or state that cannot be written down. */
  | 'value'
  | 'closed';

/** A failure of the journal, or of an actor to come back from it. Its name becomes the name of the actor's cause of exit. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure';
  readonly code: JournalFailureCode;

  constructor(code: JournalFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const DAMAGE = /INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|PAGE_FULL|CURSOR_FULL|BAD_TXN|not an LMDB/i;

/** Whether LMDB met a page that it cannot make sense of. */
export function isDamage(thrown: unknown): boolean {
  return thrown instanceof Error && !(thrown instanceof JournalFailure) && DAMAGE.test(thrown.message);
}

/** What LMDB throws, as a failure of the journal: 'corrupt' for pages that make no sense, 'io' for all else. */
export function fromLmdb(what: string, thrown: unknown): JournalFailure {
  if (thrown instanceof JournalFailure) return thrown;
  return new JournalFailure(isDamage(thrown) ? 'corrupt' : 'io', `${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
}

/** Exit code of a process whose journal failed; stands in the product's table as `journalFailed`. */
export const JOURNAL_FAILED_EXIT_CODE = 11;
