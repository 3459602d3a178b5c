// Runs a target's frames in a thread of its own, so that one that hangs can be ended from outside.
import { parentPort, workerData } from 'node:worker_threads';
import { Disagreement, DecoderTarget, OverBudget } from './decoder-target.js';

/** What the thread is told. */
export interface WorkerTask {
  readonly seed: number;
  readonly first: number;
  readonly end: number;
  readonly measuredFrom: number;
  readonly dataFolder: string | undefined;
  readonly module: string | undefined;
  /** {@link CELLS} doubles that both sides see. */
  readonly progress: SharedArrayBuffer;
}

/** Places in the shared progress: the run at work and what went wrong so far, over all threads of a fuzzing. */
export const RUN = 0;
export const CRASHES = 1;
export const HANGS = 2;
export const DISAGREEMENTS = 3;
export const CELLS = 4;

/** One failed run. */
export interface Finding {
  readonly run: number;
  readonly what: 'crash' | 'hang' | 'disagreement';
  readonly message: string;
  /** The frame as latin1, cut to 2,000 characters. */
  readonly frame: string;
}

/** Findings that a thread reports in full; the others are counted. */
const REPORTED = 20;

async function work(task: WorkerTask): Promise<void> {
  const progress = new Float64Array(task.progress);
  const target = await DecoderTarget.load(task.seed, task.measuredFrom, task.dataFolder, task.module);
  parentPort!.postMessage('ready');
  // Most frames are refused by an exception, and tracing its stack would take most of the time.
  Error.stackTraceLimit = 0;
  let reported = 0;
  for (let run = task.first; run < task.end; run += 1) {
    progress[RUN] = run;
    try {
      target.check(run);
    } catch (error) {
      const what = error instanceof Disagreement ? 'disagreement' : error instanceof OverBudget ? 'hang' : 'crash';
      progress[what === 'crash' ? CRASHES : what === 'hang' ? HANGS : DISAGREEMENTS]! += 1;
      reported += 1;
      if (reported > REPORTED) continue;
      const finding: Finding = { run, what, message: error instanceof Error ? error.message : String(error), frame: target.frame(run).bytes.toString('latin1').slice(0, 2000) };
      parentPort!.postMessage(finding);
    }
  }
  progress[RUN] = task.end;
}

if (parentPort !== null) await work(workerData as WorkerTask);
