// Records a run below argv[2]: a piece of its market at each line on standard input, flushed, with the records so far on standard output; never ends.
import { readSync } from 'node:fs';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape } from '../../support/replay-tape.js';
import { recordRun } from '../runs/record.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 6, symbols: 1, rate: 0.002 });
const byte = Buffer.alloc(1);

function waitForLine(): void {
  do if (readSync(0, byte, 0, 1, null) === 0) process.exit(0);
  while (byte[0] !== 10);
}

waitForLine();
recordRun(process.argv[2]!, market, {
  config: EAGER, piece: Math.ceil(market.records / 6), tapeRecords: Math.ceil(market.records / 4),
  dies: (records, run) => {
    run.flush(run.clockUs);
    process.stdout.write(`${records}\n`);
    waitForLine();
    return false;
  },
});
