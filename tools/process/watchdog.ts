import { Worker } from 'node:worker_threads';

const PROGRAM = `
const { workerData } = require('node:worker_threads');
if (Atomics.wait(new Int32Array(workerData.flag), 0, 0, workerData.afterMs) === 'timed-out') process.kill(process.pid, 'SIGKILL');
`;

/**
 * Kills this process after `afterMs`, from a thread of its own: also when the main thread is stuck, or an exit hangs in
 * somebody's native code. Returns the way to call it off.
 */
export function armWatchdog(afterMs: number): () => void {
  const flag = new SharedArrayBuffer(4);
  const dog = new Worker(PROGRAM, { eval: true, workerData: { flag, afterMs }, env: {}, stdin: false });
  dog.unref();
  // Out of memory for a thread: then the manager's own kill is the last resort.
  dog.on('error', () => {});
  return () => {
    const word = new Int32Array(flag);
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
  };
}
