/**
 * What can be wrong with a tape, as one closed set:
 * `notATape` foreign or empty file; `version` made by a newer Faultline; `cut` ends before its end mark;
 * `corrupt` a checksum or a bound does not hold; `missing`, `unreadable` cannot be opened or read; `exists`
 * would overwrite; `full` no space left; `denied` read-only folder or no permission; `io` writing failed otherwise;
 * `header` or `record` a value that a tape cannot hold; `closed` used after its end; `mixed` inputs that do not fit together.
 */
export type TapeErrorKind =
  | 'notATape' | 'version' | 'cut' | 'corrupt'
  | 'missing' | 'unreadable'
  | 'exists' | 'full' | 'denied' | 'io'
  | 'header' | 'record' | 'closed' | 'mixed';

/** A failure of a tape: one line for the person and, where there is one, the way out in `fix`. */
export class TapeError extends Error {
  readonly kind: TapeErrorKind;
  readonly fix: string | undefined;
  constructor(kind: TapeErrorKind, message: string, fix?: string) {
    super(message);
    this.name = 'TapeError';
    this.kind = kind;
    this.fix = fix;
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

/** The TapeError for a failed open or read of `path`. */
export function readFailure(path: string, error: unknown): TapeError {
  if (error instanceof TapeError) return error;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new TapeError('missing', `${path}: no such file`);
    case 'EISDIR':
      return new TapeError('unreadable', `${path}: is a folder, not a tape`);
    case 'EACCES':
    case 'EPERM':
      return new TapeError('unreadable', `${path}: no permission to read it`);
    default:
      return new TapeError('unreadable', `${path}: cannot be read (${code})`);
  }
}

/** The TapeError for a failed create, write or rename of `path`. */
export function writeFailure(path: string, error: unknown): TapeError {
  if (error instanceof TapeError) return error;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new TapeError('full', `${path}: no space left to write it (${code})`, 'free some space or choose another folder; the complete blocks stay in the .partial file');
    case 'EROFS':
      return new TapeError('denied', `${path}: the file system is read-only`, 'choose a folder that can be written');
    case 'EACCES':
    case 'EPERM':
      return new TapeError('denied', `${path}: no permission to write it`, 'choose a folder that can be written');
    case 'ENOENT':
    case 'ENOTDIR':
      return new TapeError('denied', `${path}: its folder does not exist`, 'make the folder first');
    case 'EISDIR':
      return new TapeError('denied', `${path}: is a folder`, 'name a file');
    case 'EEXIST':
      return new TapeError('exists', `${path}: exists already`, 'choose another name, or pass --overwrite');
    default:
      return new TapeError('io', `${path}: cannot be written (${code})`);
  }
}
