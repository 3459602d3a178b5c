import { CONTROL_COMMANDS } from '../control/names.js';
import { execute } from './execute.js';

/** Runs the `faultline` command with the arguments after the program's name. Sets the process's exit code; never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  // Commands that only ask a process load nothing of the trading system: they are typed, completed and scripted all day.
  const build = CONTROL_COMMANDS.includes(argv[0] ?? '') ? (await import('../control/quick-program.js')).quickProgram : (await import('./program.js')).buildProgram;
  await execute(build, argv);
}
