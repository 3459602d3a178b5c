import { execute } from './execute.js';
import { buildProgram } from './program.js';

/** Runs the `faultline` command with the arguments after the program's name. Sets the process's exit code; never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  await execute(buildProgram, argv);
}
