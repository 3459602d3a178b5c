// Measures one row in a process of its own: `node --expose-gc child.js ID`. The result goes to the parent as a message.
import { measure } from './measure.js';
import { loadRow } from './rows/index.js';

const row = await loadRow(process.argv[2] ?? '');
const { gc } = globalThis as { gc?: (options: { type: 'minor' }) => void };
// Minor only: a full collection also drops the shapes of objects that no longer live, and with them all code that was
// optimised for them, which makes every slice begin cold (the market kernel then takes four times as long).
const result = await measure(row, () => gc?.({ type: 'minor' }));
process.send?.(result, undefined, {}, () => process.exit(0));
