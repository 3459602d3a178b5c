// Measures one row in a process of its own: `node --expose-gc child.js ID`. The result goes to the parent as a message.
import { measure } from './measure.js';
import { loadRow } from './rows/index.js';

const row = await loadRow(process.argv[2] ?? '');
const collect = (globalThis as { gc?: () => void }).gc;
const result = await measure(row, collect);
process.send?.(result, undefined, {}, () => process.exit(0));
