import { Piscina } from 'piscina';
import type { LaneAnswer, LaneTask } from './thread.js';
import { failed, type LaneEnd } from './failure.js';
import { toFailureCause } from '../core/failure.js';

export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

const THREAD_MODULE = new URL('./thread.js', import.meta.url).href;

/**
 * One thread: a piscina pool of exactly one worker. A pool of one, because a piscina that has seen a worker fail while it started
 * never starts another, and one that lost a worker leaves queued tasks waiting; here whatever fails goes as a whole. Its first
 * worker counts as ready at once, so that a task reaches it while the owner's loop does not turn.
 */
export class ThreadSlot {
  readonly #pool: Piscina;
  readonly #exited: Promise<void>;
  #alive = true;
  /** Who is told when the thread ends by itself. */
  onDeath: ((end: LaneEnd) => void) | null = null;
  /** Who is told that the thread has something to say. */
  onNews: (() => void) | null = null;

  /** `onGone` is called when the thread has ended, whatever ended it. */
  constructor(resourceLimits: ResourceLimits | undefined, onGone: () => void) {
    // No niceIncrement: with one, piscina would load its optional native add-on in the thread.
    this.#pool = new Piscina({
      minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 1, atomics: 'disabled', idleTimeout: Infinity, recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#pool.on('message', () => this.onNews?.());
    // What piscina has to report besides is told by the worker itself.
    this.#pool.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      // Before piscina's own listeners: it would start another worker in the place of the dead one.
      for (const worker of this.#pool.threads) {
        worker.prependListener('error', (error: unknown) => this.#died(endOfError(error)));
        worker.prependListener('exit', (code) => {
          onGone();
          resolve();
          this.#died(failed('exited', `code ${code}`, undefined, code));
        });
      }
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Hands the thread its task. Rejects when the thread dies first, or when the input cannot be sent. */
  run(task: LaneTask): Promise<unknown> {
    return this.#pool.run(task, { filename: THREAD_MODULE, name: 'lane', transferList: [task.port] });
  }

  /** Ends the thread, whatever it is doing. Resolves when it is gone; a thread inside a blocking call of the system goes when that returns. */
  destroy(): Promise<void> {
    if (this.#alive) {
      this.#alive = false;
      void this.#pool.destroy();
    }
    return this.#exited;
  }

  #died(end: LaneEnd): void {
    if (!this.alive) return;
    void this.destroy();
    this.onDeath?.(end);
  }
}

/** What an answer of the thread is; anything else is no answer. */
export function isAnswer(value: unknown): value is LaneAnswer {
  return typeof value === 'object' && value !== null && 'end' in value && 'clean' in value;
}

export function endOfError(error: unknown): LaneEnd {
  const cause = toFailureCause(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return failed('out-of-memory', cause.message, cause);
  if (code === 'ERR_WORKER_INIT_FAILED') return failed('lost', `the thread could not be started: ${cause.message}`, cause);
  return failed('threw', `${cause.name}: ${cause.message}`, cause);
}
