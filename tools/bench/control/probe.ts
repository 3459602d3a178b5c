import { openSync, readSync } from 'node:fs';
import { TurnMeter } from '../../../runtime/control/index.js';

/**
 * Preloaded (`node --import`) into the served process: keeps the length of every burst of turns and for how long in it the main thread
 * waited for a core, and hands them to the benchmark when it asks. What is served is otherwise the product as it is.
 */
const MOST = 1 << 20;
const lengthsUs = new Float64Array(MOST);
const waitedUs = new Float64Array(MOST);
const schedstat = openSchedstat();
const schedstatText = Buffer.alloc(96);
let count = 0;
let beganMs = 0;
let waitedBefore = 0;
const { begin, end } = TurnMeter.prototype;

TurnMeter.prototype.begin = function (this: TurnMeter): void {
  waitedBefore = mainWaitedUs();
  begin.call(this);
  beganMs = performance.now();
};
TurnMeter.prototype.end = function (this: TurnMeter): void {
  if (count < MOST) {
    lengthsUs[count] = (performance.now() - beganMs) * 1000;
    waitedUs[count++] = mainWaitedUs() - waitedBefore;
  }
  end.call(this);
};

process.on('message', (message) => {
  if (message === 'bench.reset') count = 0;
  if (message === 'bench.lengths') process.send?.({ lengthsUs: [...lengthsUs.subarray(0, count)], waitedUs: [...waitedUs.subarray(0, count)] });
});

function openSchedstat(): number | null {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  } catch {
    return null;
  }
}

/** How long the main thread has been ready to run and another had the core, since it began; 0 where the kernel does not say. */
function mainWaitedUs(): number {
  if (schedstat === null) return 0;
  return Number(schedstatText.toString('latin1', 0, readSync(schedstat, schedstatText, 0, schedstatText.length, 0)).split(' ')[1]) / 1000;
}
