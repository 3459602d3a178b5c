// Records a run below argv[2], flushing after every piece of its market with a line on standard output, until it is killed.
import { EAGER } from '../../support/eager-config.js';
import { generatedTape } from '../../support/replay-tape.js';
import { recordRun } from './record.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 1, rate: 0.03 });
recordRun(process.argv[2]!, market, {
  config: EAGER, piece: Math.ceil(market.records / 50), tapeRecords: Math.ceil(market.records / 7),
  dies: (records, run) => {
    // The last pieces are never safe: whoever kills has been told.
    if (records > market.records * 0.9) for (;;);
    run.flush(run.clockUs);
    process.stdout.write(`${records}\n`);
    return false;
  },
});
