import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readFailure, TapeError } from './error.js';

/**
 * Opens a regular file for reading. Anything else is refused: a pipe has no end to find an index at, and opening one that
 * nobody writes would wait for ever (hence O_NONBLOCK, which regular files ignore).
 * @throws TapeError `missing` or `unreadable`.
 */
export function openTapeFile(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw readFailure(path, error);
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return fd;
  closeSync(fd);
  throw new TapeError('unreadable', `${path}: is ${stat.isDirectory() ? 'a folder' : 'a pipe or device'}, not a tape`);
}
