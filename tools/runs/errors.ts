import { RunError, type RunErrorKind } from '../../data/runs/error.js';
import { CliError, type ExitName } from '../cli/errors.js';

const EXITS: Readonly<Record<RunErrorKind, ExitName>> = {
  notARun: 'badInput', version: 'badInput', corrupt: 'badInput', missing: 'cannotRead', unreadable: 'cannotRead',
  full: 'cannotWrite', lowSpace: 'cannotWrite', denied: 'cannotWrite', io: 'cannotWrite', input: 'bug', closed: 'bug',
};

/** The CliError that says what a RunError says; undefined for any other error. */
export function fromRunError(error: unknown): CliError | undefined {
  return error instanceof RunError ? new CliError(EXITS[error.kind], error.message, error.fix) : undefined;
}
