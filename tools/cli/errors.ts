/** The one table of exit codes of the whole product; docs/exit-codes.md is generated from it and tested against it. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done as asked.' },
  bug: { code: 1, meaning: 'An error nobody expected: a defect of Faultline. The stack is printed; please report it.' },
  usage: { code: 2, meaning: 'The command line is wrong: unknown command or option, missing or malformed argument.' },
  badInput: { code: 3, meaning: 'An input was read and refused: not a tape, damaged, wrong symbol, bad row, mixed venues.' },
  cannotRead: { code: 4, meaning: 'An input could not be read: missing, a folder, no permission.' },
  cannotWrite: { code: 5, meaning: 'An output could not be written: disk full, read-only folder, file exists.' },
  checkFailed: { code: 6, meaning: 'A check ran and found a difference: verify, gate, digest comparison.' },
  noProcess: { code: 7, meaning: 'No such process is running, or several are and none was named.' },
  notAnswering: { code: 8, meaning: 'The process is there and does not answer, or speaks another version.' },
  refused: { code: 9, meaning: 'The process answered and refused: no such actor, not a supervisor, a budget used up.' },
  rootGaveUp: { code: 10, meaning: 'The root supervisor gave up: restart intensity exceeded. A process manager may restart with back-off.' },
  journalFailed: { code: 11, meaning: 'The journal could not be written. Left stopped for a person.' },
  shutdownDeadline: { code: 12, meaning: 'Shutdown did not finish within its deadline, or a second signal cut it short. A process manager may restart with back-off.' },
  configuration: { code: 78, meaning: 'The configuration or the installation is wrong. Left stopped for a person.' },
  interrupted: { code: 130, meaning: 'Ended by Ctrl-C (SIGINT) before it was done; what was complete is kept.' },
  terminated: { code: 143, meaning: 'Ended by SIGTERM before it was done; what was complete is kept.' },
} as const;
export type ExitName = keyof typeof EXIT_CODES;

/**
 * A failure with one clear line for the person and an exit code from the table. `fix` is the way out; `problems` are listed below
 * the line where there are several.
 */
export class CliError extends Error {
  readonly exit: ExitName;
  readonly fix: string | undefined;
  readonly problems: readonly string[];
  constructor(exit: ExitName, message: string, fix?: string, problems: readonly string[] = []) {
    super(message);
    this.name = 'CliError';
    this.exit = exit;
    this.fix = fix;
    this.problems = problems;
  }
}
