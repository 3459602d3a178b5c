import type { Command } from 'commander';
import type { ExportOptions } from './export.js';

/** Adds the commands of the statecharts. */
export function register(program: Command): void {
  const charts = program.command('charts').description('draw the state machines of the product');
  charts
    .command('export')
    .description('write the chart of every state machine, as SVG and as Mermaid, and a page that shows them')
    .option('--out <dir>', 'folder to write to', 'docs/machines')
    .option('--check', 'write nothing; fail when a file is not what would be written')
    .option('--json', 'print one JSON object')
    .action(async (options: ExportOptions) => (await import('./export.js')).exportCharts(options));
}
