import { readFileSync } from 'node:fs';
import { fromSystemError } from './system-errors.js';

/** Text of a file that somebody named on the command line. @throws CliError that names it when it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fromSystemError(error, 'read', file) ?? error;
  }
}
