import { TurnMeter } from '../../../runtime/control/index.js';

/**
 * Preloaded (`node --import`) into the served process: keeps the length of every burst of turns, and hands them to the benchmark when
 * it asks. What is served is otherwise the product as it is.
 */
const MOST = 1 << 20;
const lengthsUs = new Float64Array(MOST);
let count = 0;
let beganMs = 0;
const { begin, end } = TurnMeter.prototype;

TurnMeter.prototype.begin = function (this: TurnMeter): void {
  begin.call(this);
  beganMs = performance.now();
};
TurnMeter.prototype.end = function (this: TurnMeter): void {
  if (count < MOST) lengthsUs[count++] = (performance.now() - beganMs) * 1000;
  end.call(this);
};

process.on('message', (message) => {
  if (message === 'bench.reset') count = 0;
  if (message === 'bench.lengths') process.send?.({ lengthsUs: [...lengthsUs.subarray(0, count)] });
});
