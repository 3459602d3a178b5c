import type { Command } from 'commander';
import type { ImportCommandOptions } from './import.js';

/** Adds `tape import` and `tape formats`. */
export function registerImport(tape: Command): void {
  tape.command('import')
    .description('make a tape of market data files')
    .argument('<input...>', 'files to read, plain, .gz or .zip; several are merged by time, equal times in this order')
    .requiredOption('--format <format>', 'auto, or one that `faultline tape formats` lists')
    .option('--symbol <symbols>', 'symbols to take, separated by commas; all that occur when left out')
    .option('--venue <venue>', 'binance-spot, binance-usdm, binance-coinm, deribit or any other lower-case name; needed where the files do not name it')
    .option('--tick-size <size>', 'price of one tick; a price off it is a bad row')
    .option('--lot-size <size>', 'quantity of one lot; a quantity off it is a bad row')
    .option('--multiplier <number>', 'what one contract is worth: base units (linear) or quote units (inverse)')
    .option('--settle <asset>', 'settlement asset')
    .option('--skip-bad-rows', 'leave bad rows out and count them, instead of stopping at the first')
    .option('--overwrite', 'replace an existing tape')
    .option('--compress', 'store blocks compressed where that is smaller (the default)', true)
    .option('--no-compress', 'store records as they are: larger, and faster to read')
    .requiredOption('--out <file>', 'the tape to write')
    .option('--json', 'print one JSON object')
    .action(async (inputs: readonly string[], options: ImportCommandOptions) => (await import('./import.js')).runImport(inputs, options));

  tape.command('formats')
    .description('list the formats that `tape import` reads')
    .option('--json', 'print one JSON array')
    .action(async (options: { readonly json?: boolean }) => (await import('./import.js')).listFormats(options));
}
