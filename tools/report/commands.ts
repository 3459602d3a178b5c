import type { Command } from 'commander';

interface Options {
  readonly out: string;
  readonly csv?: string;
  readonly force?: true;
  readonly quick?: true;
  readonly json?: true;
}

/** Adds `faultline report` to the program. */
export function register(program: Command): void {
  program
    .command('report')
    .description('write what a run was as one HTML file: figures, equity, trades, states, detections, troubles, identity; it needs no script and nothing else')
    .argument('<dir>', "a run: its folder, its id, or 'latest'")
    .requiredOption('--out <file>', 'the HTML file')
    .option('--csv <file>', 'write every closed trade to this file too')
    .option('--force', 'replace files that are there')
    .option('--quick', 'do not run the tree again and do not read tapes for their digests: no restarts, differences and funding')
    .option('--json', 'print one JSON object: the figures, and what was written')
    .action(async (dir: string, options: Options) => (await import('./write.js')).writeReport(dir, options));
}
