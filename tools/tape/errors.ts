import { TapeError, type TapeErrorKind } from '../../data/tape/error.js';
import { CliError, type ExitName } from '../cli/errors.js';

const EXITS: Readonly<Record<TapeErrorKind, ExitName>> = {
  notATape: 'badInput', version: 'badInput', cut: 'badInput', corrupt: 'badInput', mixed: 'badInput', header: 'badInput', record: 'badInput',
  missing: 'cannotRead', unreadable: 'cannotRead',
  exists: 'cannotWrite', full: 'cannotWrite', denied: 'cannotWrite', io: 'cannotWrite',
  closed: 'bug',
};

/** The CliError that says what a TapeError says; undefined for any other error. */
export function fromTapeError(error: unknown): CliError | undefined {
  return error instanceof TapeError ? new CliError(EXITS[error.kind], error.message, error.fix) : undefined;
}
