// `faultline top` as a program that says its pid first, and fails by itself when a test asks it to (SIGUSR2).
import { run } from '../../../tools/cli/main.js';

process.on('SIGUSR2', () => { throw new Error('nobody caught me'); });
process.stdout.write(`pid ${process.pid}\n`);
await run(['top', ...process.argv.slice(2)]);
