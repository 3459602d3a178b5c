import { Command } from 'commander';
import { areas } from './areas.js';
import { register as registerCompletion } from './completion.js';
import { packageVersion } from './version.js';

/** The whole command tree: every area registered, nothing run. */
export function buildProgram(): Command {
  const program = new Command('faultline')
    .description('A supervised actor runtime for crypto trading processes, and the trading system that lives in it.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for a command');
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
