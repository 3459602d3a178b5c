import { InvalidArgumentError, type Command } from 'commander';
import { parseLogLevel } from './logs.js';

const PROCESS = ['--process <name>', 'which process; default: the only one that runs'] as const;
const JSON_OPTION = ['--json', 'print one JSON value'] as const;
const JSON_LINES = ['--json', 'print one JSON value a line'] as const;

/** Adds the commands that look at running processes and act on them. */
export function register(program: Command): void {
  // Each loads its part when it runs: completing a word must not load the rest.
  program
    .command('processes')
    .description('list the processes that run under this user')
    .option('--all', 'those that ended too')
    .option(...JSON_OPTION)
    .action(async (options: { readonly all?: true; readonly json?: true }) => (await import('./processes.js')).processes(options));
  program
    .command('logs')
    .description('print what a process has logged, also one that has ended')
    .option(...PROCESS)
    .option('-n, --lines <n>', 'how many of the last lines', whole, 50)
    .option('--follow', 'go on with what comes, over rotations, until Ctrl-C')
    .option('--level <level>', 'this level and those above it', parseLogLevel, 'trace')
    .option('--path <actor>', 'only lines about this actor and what is under it')
    .option(...JSON_LINES)
    .action(async (options: Parameters<typeof import('./logs.js').logs>[0]) => (await import('./logs.js')).logs(options));
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
