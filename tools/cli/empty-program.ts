import { Command } from 'commander';
import { packageVersion } from './version.js';

/** The `faultline` command without any commands. */
export function emptyProgram(): Command {
  return new Command('faultline')
    .description('A supervised actor runtime for crypto trading processes, and the trading system that lives in it.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for a command');
}
