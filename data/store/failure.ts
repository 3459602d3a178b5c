export type StoreFailureCode =
  /** The disk refused: an I/O error, no space left. */
  | 'io'
  /** Not a record of ours, or of another format. */
  | 'format'
  | 'corrupt'
  /** A row that cannot be kept. */
  | 'value'
  | 'closed';

/** What can be wrong with the record. After 'io' on a write nothing is written any more. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly code: StoreFailureCode;

  constructor(code: StoreFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
