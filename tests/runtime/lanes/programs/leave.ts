import { LanePool } from '../../../../runtime/lanes/index.js';
import { put, scripted, take } from '../support.js';

// What a pool that nobody closes does to the end of a process: `leave.js WHAT`.
const what = process.argv[2];
const pool = new LanePool({ threads: 1 });
process.on('exit', () => console.log('left'));

if (what !== 'no lane') {
  const thread = pool.start(scripted({ on13: 'spin' }));
  await thread.ready;
  if (what === 'stopped lane') thread.stop();
  else if (what === 'killed lane') thread.kill();
  else {
    put(thread, 1, 13);
    await take(pool, thread, 1);
    if (what === 'hung lane and process.exit') process.exit(0);
    // The lane holds the process: without it the timer would never come.
    if (what === 'running lane') setTimeout(() => {
      console.log('still here');
      thread.kill();
    }, 300).unref();
  }
}
