import { breathe } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';

/** Runs work that reports how far it is, with a progress bar, letting Ctrl-C in between steps; returns its result. */
export async function runSteps<T>(label: string, total: number | undefined, steps: Generator<number, T>): Promise<T> {
  const bar = progress(label, total);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      bar.update(step.value);
      await breathe();
    }
  } finally {
    bar.done();
  }
}
