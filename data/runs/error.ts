/**
 * What can be wrong with a run, as one closed set: `missing`, `unreadable` cannot be opened or read; `notARun` a folder or file of
 * something else; `version` made by a newer Faultline; `corrupt` a part contradicts itself or another; `full` no space left; `lowSpace` less
 * of it than is to stay free; `denied` no permission; `io` writing failed otherwise; `input` a message that is no JSON; `closed` used after its end.
 */
export type RunErrorKind = 'missing' | 'unreadable' | 'notARun' | 'version' | 'corrupt' | 'full' | 'lowSpace' | 'denied' | 'io' | 'input' | 'closed';

/** A failure of a run folder: one line for the person and, where there is one, the way out in `fix`. */
export class RunError extends Error {
  readonly kind: RunErrorKind;
  readonly fix: string | undefined;
  constructor(kind: RunErrorKind, message: string, fix?: string) {
    super(message);
    this.name = 'RunError';
    this.kind = kind;
    this.fix = fix;
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

/** The RunError for a failed open or read of `path`. */
export function runReadFailure(path: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new RunError('missing', `${path}: no such file or folder`);
    case 'EISDIR':
      return new RunError('unreadable', `${path}: is a folder, not a file`);
    case 'EACCES':
    case 'EPERM':
      return new RunError('unreadable', `${path}: no permission to read it`);
    default:
      return new RunError('unreadable', `${path}: cannot be read (${code})`);
  }
}

/** The RunError for a failed create, write or rename of `path`. */
export function runWriteFailure(path: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new RunError('full', `${path}: no space left to write it (${code})`, 'free some space; what was complete stays readable');
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new RunError('denied', `${path}: no permission to write it (${code})`, 'set FAULTLINE_VAR_DIR to a folder that can be written');
    default:
      return new RunError('io', `${path}: cannot be written (${code})`);
  }
}
