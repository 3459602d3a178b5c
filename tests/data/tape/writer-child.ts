// Writes a tape without end, block by block, until somebody kills it. Arguments: path, compress (0 or 1).
import { TapeWriter } from '../../../data/tape/index.js';
import { batchOf, header, sampleRows } from './support.js';

const [path = '', compress = '0'] = process.argv.slice(2);
const batch = batchOf(sampleRows(20_000));
const writer = TapeWriter.create(path, header(), { compress: compress === '1' });
process.stdout.write('ready\n');
for (;;) for (let from = 0; from < batch.length; from += 100) writer.append(batch, from, from + 100);
