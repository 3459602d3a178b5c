import { CliError } from './errors.js';

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly dest?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'errno' in error;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'disk quota used up',
  EROFS: 'the file system is read-only',
  EFBIG: 'the file would become too big',
  EEXIST: 'exists already',
  ELOOP: 'too many links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EIO: 'the disk reported an error',
};
const ALWAYS_WRITING = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG', 'EEXIST']);
const WRITING_CALLS = new Set(['write', 'mkdir', 'rename', 'unlink', 'rmdir', 'ftruncate', 'fsync', 'fdatasync', 'copyfile', 'link', 'symlink', 'chmod', 'utime']);

/**
 * Turns an operating system's error on a file into a CliError (`cannotRead` or `cannotWrite`), or returns undefined
 * when the error is something else. `doing` settles what the code alone cannot tell: an EACCES while opening may be either.
 * `file` is named where the error names none: reading a folder fails after it was opened.
 */
export function fromSystemError(error: unknown, doing?: 'read' | 'write', file?: string): CliError | undefined {
  if (!isSystemError(error)) return undefined;
  const reason = REASONS[error.code];
  if (reason === undefined) return undefined;
  const writing = doing === undefined ? ALWAYS_WRITING.has(error.code) || WRITING_CALLS.has(error.syscall ?? '') : doing === 'write';
  const path = error.dest ?? error.path ?? file;
  const target = path === undefined ? '' : ` ${path}`;
  const cliError = writing
    ? new CliError('cannotWrite', `cannot write${target}: ${reason}`, writeFix(error.code))
    : new CliError('cannotRead', `cannot read${target}: ${reason}`, readFix(error.code));
  cliError.cause = error;
  return cliError;
}

function writeFix(code: string): string {
  if (code === 'EEXIST') return 'choose another name, or remove the file first';
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return 'free some space, or write to another disk';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'create the folder first, or choose another';
  return 'write to a folder you may write to';
}

function readFix(code: string): string {
  if (code === 'EISDIR') return 'give a file';
  if (code === 'EACCES' || code === 'EPERM') return 'check who may read it';
  return 'check the path';
}
