// A process that keeps writing a journal: `node writer.js FOLDER`. Says `ready` after the first batches, ends with its parent.
import { setTimeout } from 'node:timers/promises';
import { openJournal } from '../../../runtime/journal/lmdb-journal.js';
import { begin, START_US, takeInput } from './fixture.js';

const journal = await openJournal({ dir: process.argv[2] ?? '', nowUs: () => START_US });
begin(journal);
process.on('disconnect', () => process.exit(0));
for (let n = 1; ; n += 1) {
  takeInput(journal, n, false);
  await journal.flushed();
  if (n === 20) process.send?.('ready');
  if (n > 20) await setTimeout(3);
}
