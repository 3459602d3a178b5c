import { Worker } from 'node:worker_threads';
import { CELLS, CRASHES, DISAGREEMENTS, HANGS, RUN, type Finding, type WorkerTask } from './worker.js';

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** First run, to repeat one that failed. */
  readonly first?: number;
  /** Folder of real data; without it the corpus is what the generator makes. */
  readonly dataFolder?: string | undefined;
  /** URL of the decoder module to test; ours when left out. */
  readonly module?: string;
  /** A run that takes longer hangs; its thread is ended and the runs go on behind it. */
  readonly hangMs?: number;
  readonly onProgress?: (done: number) => void;
  readonly onFinding?: (finding: Finding) => void;
  readonly onWorker?: (worker: Worker) => void;
}

/** What a fuzzing found, as `--json` prints it. */
export interface FuzzReport {
  readonly runs: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly disagreements: number;
  readonly seconds: number;
}

const HANG_MS = 20_000;
const WATCH_EVERY_MS = 200;
/** The last tenth of the runs has its looks counted. */
const MEASURED_SHARE = 0.1;

/** Runs the frames [first, first + runs) of a seed. A thread that dies or hangs costs one run, is counted, and the next one goes on. */
export async function fuzzDecoders(options: FuzzOptions): Promise<FuzzReport> {
  const { runs, seed, first = 0, hangMs = HANG_MS } = options;
  const begunMs = performance.now();
  const shared = new SharedArrayBuffer(CELLS * 8);
  const cells = new Float64Array(shared);
  const end = first + runs;
  const measuredFrom = end - Math.ceil(runs * MEASURED_SHARE);
  for (let next = first; next < end;) {
    const task: WorkerTask = { seed, first: next, end, measuredFrom, dataFolder: options.dataFolder, module: options.module, progress: shared };
    const ended = await runThread(task, cells, hangMs, options);
    if (ended === undefined) break;
    cells[ended.what === 'hang' ? HANGS : CRASHES]! += 1;
    options.onFinding?.(ended);
    next = ended.run + 1;
  }
  return { runs, crashes: cells[CRASHES]!, hangs: cells[HANGS]!, disagreements: cells[DISAGREEMENTS]!, seconds: Math.round((performance.now() - begunMs) / 10) / 100 };
}

/** Undefined when the thread came to its end, else the run at which it hung or died. */
function runThread(task: WorkerTask, cells: Float64Array, hangMs: number, options: FuzzOptions): Promise<Finding | undefined> {
  return new Promise((resolve, reject) => {
    cells[RUN] = task.first;
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: task });
    options.onWorker?.(worker);
    let ready = false;
    let seen = -1;
    let sinceMs = performance.now();
    let ended: Finding | undefined;
    const stop = (what: 'hang' | 'crash', message: string): void => {
      ended ??= { run: cells[RUN]!, what, message, frame: '' };
    };
    const watch = setInterval(() => {
      options.onProgress?.(cells[RUN]! - (options.first ?? 0));
      if (!ready || cells[RUN] !== seen) {
        seen = cells[RUN]!;
        sinceMs = performance.now();
      } else if (performance.now() - sinceMs > hangMs) {
        stop('hang', `took longer than ${hangMs / 1000} s`);
        void worker.terminate();
      }
    }, WATCH_EVERY_MS);
    worker.on('message', (message: 'ready' | Finding) => {
      if (message === 'ready') ready = true;
      else options.onFinding?.(message);
    });
    worker.on('error', (error: Error) => {
      // Before it is ready nothing was run: the target itself could not be loaded.
      if (!ready) {
        clearInterval(watch);
        reject(error);
      } else {
        stop('crash', error.message);
      }
    });
    worker.on('exit', (code) => {
      clearInterval(watch);
      if (cells[RUN]! < task.end) stop('crash', `the thread ended with ${code}`);
      resolve(ended);
    });
  });
}
