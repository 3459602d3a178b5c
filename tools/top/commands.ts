import { Option, type Command } from 'commander';
import { durationMs } from '../cli/duration.js';
import { CliError } from '../cli/errors.js';
import { SORTS, type Sort } from './view.js';

export interface TopOptions {
  readonly process?: readonly string[];
  readonly once?: true;
  readonly json?: true;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly sort: Sort;
}

/** Adds `faultline top` to the program. */
export function register(program: Command): void {
  program
    .command('top')
    .description('watch every process of this user in the terminal: supervision trees, message rates, detectors, alerts; ? shows the keys')
    .option('--process <name...>', 'only these processes (default: all)')
    .option('--once', 'print one look as plain text, and end')
    .addOption(new Option('--interval <time>', 'time between two looks: 1000 or 1000ms, 2s').argParser(interval).default(1000, '1s'))
    .addOption(new Option('--sort <by>', 'order of the actors').choices(SORTS).default('tree'))
    .option('--json', 'with --once: print one line, a JSON object')
    .action(async (options: TopOptions) => (await import('./top.js')).top(options));
}

function interval(text: string): number {
  const ms = Math.round(durationMs(text, 'ms'));
  if (ms < 100 || ms > 3_600_000) throw new CliError('usage', `'${text}' is too ${ms < 100 ? 'short' : 'long'}`, 'from 100ms to 1h');
  return ms;
}
