/** Entry of a process that a demonstration has started: it ends in good order when whoever started it is gone, whatever happened there. */
import { run } from '../../cli/main.js';

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
await run(process.argv.slice(2));
