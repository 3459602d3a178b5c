// Writes a run below argv[2] until it is killed, or until its disk is full: argv[3] records and one input a round, then a flush. After each
// flush it says on standard output, one line, how many records, inputs and decisions are safe now.
import { RunError, RunWriter } from '../../../data/runs/index.js';
import { BEGINNING, START_US, trades } from './support.js';

const [root, perRound] = [process.argv[2]!, Number(process.argv[3])];
const run = RunWriter.create(root, BEGINNING, { tapeRecords: 5000 });
try {
  for (let round = 0; ; round += 1) {
    const clockUs = START_US + (round + 1) * perRound * 1000;
    run.append(trades(run.records, perRound), 0, perRound);
    run.input(clockUs, { to: '/a', message: { type: `i${round}` } });
    run.decision(`{"n":${round}}`, String(round));
    if (run.rotationDue) run.rotate(clockUs, trades(0, 2, 5));
    run.flush(clockUs);
    process.stdout.write(`${run.records} ${round + 1} ${run.decisions}\n`);
    // Not safe, and maybe there all the same.
    run.input(clockUs, { to: '/a', message: { type: 'unsafe' } });
  }
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  process.stderr.write(`kind: ${error.kind}\n`);
  run.abort();
}
