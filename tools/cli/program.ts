import { areas } from './areas.js';
import { register as registerCompletion } from './completion.js';
import { emptyProgram } from './empty-program.js';
import type { Command } from 'commander';

/** The whole command tree: every area registered, nothing run. */
export function buildProgram(): Command {
  const program = emptyProgram();
  for (const register of areas) register(program);
  registerCompletion(program);
  program.addHelpText(
    'after',
    `
Examples:
  $ faultline demo                              watch a generated flash crash run through the tree
  $ faultline replay crash.tape --json          replay a tape and print the report as JSON
  $ faultline help tape import                  help for one command

Every command ends with a code of one table: docs/exit-codes.md.`,
  );
  return program;
}
