import { Worker } from 'node:worker_threads';
import type { CopyLimits, Inspection, MachineReading, MailboxView, TreeLimits, TreeNode } from '../../runtime/index.js';
import type { RunDiff } from '../runs/compare.js';
import { callOff, calledOffTable, type CalledOff } from '../threads/called-off.js';
import { TimeError, type TimeErrorKind } from './errors.js';
import type { ThreadAnswer, ThreadData, ThreadFailure, ThreadRequest } from './thread.js';
import type { TimeCause, TimeCursor, TimeDecision, TimeEvent, TimeMarks, TimeRestart, TimeSource, TimeSpan, TimeState, TimeStep, TimeTarget } from './types.js';

/** Of the thread, MiB: a run that needs more ends the machine and nothing else. */
const MOST_HEAP_MIB = 2048;
/** Questions that wait for the thread; a page that drags a slider asks a few at a time. */
const MOST_WAITING = 512;
/** An answer that takes longer is none: the machine is ended. A seek in a run that can only be played from its beginning may take a while. */
const ANSWER_MS = 600_000;

export interface OpenOptions {
  /** Hears how far the first pass has come, and of what was written since. */
  readonly onState?: (state: TimeState) => void;
  /** Ends the machine, also before it is open. */
  readonly signal?: AbortSignal;
  /** Resolve as soon as there is something to look at, instead of when the first pass is over. Default false. */
  readonly early?: boolean;
  /** Heap of the thread, MiB; a recording that needs more ends it, and nothing else. Default 2048. */
  readonly mostHeapMiB?: number;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly done: () => void;
}

/**
 * A recording in which one can stand at any moment between two turns. It lives in a thread of its own: whatever the recording does to it, and however
 * long it takes, whoever opened it goes on. Every method rejects with a TimeError.
 */
export class TimeMachine {
  readonly #worker: Worker;
  readonly #calledOff: CalledOff;
  readonly #mostHeapMiB: number;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #state: TimeState;
  #cursor: TimeCursor | undefined;
  #ended: TimeError | undefined;
  #onState: ((state: TimeState) => void) | undefined;

  /** @throws TimeError `source` for what is no recording, `cancelled`, `lost`. */
  static async open(source: TimeSource, { onState, signal, early = false, mostHeapMiB = MOST_HEAP_MIB }: OpenOptions = {}): Promise<TimeMachine> {
    if (signal?.aborted === true) throw new TimeError('cancelled', 'it was cancelled');
    const calledOff = calledOffTable();
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: { source, calledOff } satisfies ThreadData, name: 'time machine', execArgv: [], stdin: false, resourceLimits: { maxOldGenerationSizeMb: mostHeapMiB },
    });
    try {
      return await new Promise<TimeMachine>((resolve, reject) => {
        let machine: TimeMachine | undefined;
        const cancel = (): void => reject(new TimeError('cancelled', 'it was cancelled'));
        signal?.addEventListener('abort', cancel, { once: true });
        worker.once('error', (error) => reject(lost(error, mostHeapMiB)));
        worker.once('exit', () => reject(lost()));
        const hear = (answer: ThreadAnswer): void => {
          if ('failed' in answer) return reject(errorOf(answer.failed, 'source'));
          machine ??= new TimeMachine(worker, calledOff, mostHeapMiB, answer.state, onState);
          onState?.(answer.state);
          if (!answer.state.ready && !early) return;
          worker.off('message', hear);
          signal?.removeEventListener('abort', cancel);
          machine.#begin(answer.state);
          signal?.addEventListener('abort', () => void machine?.close(), { once: true });
          resolve(machine);
        };
        worker.on('message', hear);
      });
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  private constructor(worker: Worker, calledOff: CalledOff, mostHeapMiB: number, state: TimeState, onState: ((state: TimeState) => void) | undefined) {
    this.#worker = worker;
    this.#calledOff = calledOff;
    this.#mostHeapMiB = mostHeapMiB;
    this.#state = state;
    this.#onState = onState;
  }

  #begin(state: TimeState): void {
    this.#state = state;
    const worker = this.#worker;
    // Nobody's process stays for a machine that nothing is asked of.
    worker.unref();
    worker.removeAllListeners('error');
    worker.removeAllListeners('exit');
    worker.on('message', (answer: ThreadAnswer) => this.#hear(answer));
    worker.on('error', (error) => this.#end(lost(error, this.#mostHeapMiB)));
    worker.on('exit', () => this.#end(lost()));
  }

  get state(): TimeState {
    return this.#state;
  }
  get span(): TimeSpan {
    return this.#state.span;
  }
  /** Where it stands; undefined before the first `seek`. */
  get cursor(): TimeCursor | undefined {
    return this.#cursor;
  }
  /** Why it answers no more; undefined while it does. */
  get ended(): TimeError | undefined {
    return this.#ended;
  }

  /** Goes to a place. An aborted `signal`, here and below, ends the work on it: TimeError `cancelled`. @throws TimeError `target` for one that is not there. */
  async seek(target: TimeTarget, signal?: AbortSignal): Promise<TimeCursor> {
    return (this.#cursor = await this.#ask<TimeCursor>('seek', [target], signal));
  }

  /** Goes on from the cursor, or from another one; null where there is nothing more in that direction. */
  async step(step: TimeStep, from?: string, signal?: AbortSignal): Promise<TimeCursor | null> {
    const cursor = await this.#ask<TimeCursor | null>('step', [from ?? await this.#key(), step], signal);
    if (cursor !== null) this.#cursor = cursor;
    return cursor;
  }

  /** The supervision tree at the cursor, or at another; null where nothing runs. */
  async tree(limits: TreeLimits & { readonly path?: string } = {}, at?: string, signal?: AbortSignal): Promise<TreeNode | null> {
    return await this.#ask('tree', [at ?? await this.#key(), limits], signal);
  }

  /** One actor at the cursor, bounded; null where there is none. */
  async inspect(path: string, limits?: CopyLimits, at?: string, signal?: AbortSignal): Promise<Inspection | null> {
    return await this.#ask('inspect', [at ?? await this.#key(), path, limits], signal);
  }

  /** One actor at the cursor as a state machine, with its last events, counted from some checkpoint before the cursor; `known`: digest of a chart that is not wanted again. */
  async machine(path: string, known?: string, at?: string, signal?: AbortSignal): Promise<MachineReading | null> {
    return await this.#ask('machine', [at ?? await this.#key(), path, known], signal);
  }

  /** What waits for an actor at the cursor, bounded; null where there is none. */
  async mailbox(path: string, messages?: number, at?: string, signal?: AbortSignal): Promise<MailboxView | null> {
    return await this.#ask('mailbox', [at ?? await this.#key(), path, messages], signal);
  }

  /** The last events of an actor up to the cursor, oldest first. */
  async eventsOf(path: string, count: number, at?: string, signal?: AbortSignal): Promise<TimeEvent[]> {
    return await this.#ask('eventsOf', [at ?? await this.#key(), path, count], signal);
  }

  /** Of all that the tree is at the cursor: equal digests, equal trees. */
  async digest(at?: string): Promise<string> {
    return await this.#ask('digest', [at ?? await this.#key()]);
  }

  async decisions(from: number, count: number): Promise<TimeDecision[]> {
    return await this.#ask('decisions', [from, count]);
  }

  async restarts(from: number, count: number): Promise<TimeRestart[]> {
    return await this.#ask('restarts', [from, count]);
  }

  /** Where what happened lies, in so many equal parts of the span, at most 2,000. */
  async marks(parts: number): Promise<TimeMarks> {
    return await this.#ask('marks', [parts]);
  }

  /** What led to a decision, an order or a trade. @throws TimeError `target`. */
  async causeOf(of: { readonly decision: number } | { readonly order: string } | { readonly trade: string }, signal?: AbortSignal): Promise<TimeCause> {
    return await this.#ask('causeOf', [of], signal);
  }

  /** The first decision in which this run differs from the one in another folder. @throws TimeError `source`. */
  async diffWith(folder: string): Promise<RunDiff> {
    return await this.#ask('diff', [this.#state.about.path, folder]);
  }

  /** Waits for the first pass, and takes what was written since of a recording that grows. */
  async follow(): Promise<TimeSpan> {
    await this.#ask('follow', []);
    return this.span;
  }

  /** Ends the thread; who waits for an answer gets none. */
  async close(): Promise<void> {
    this.#end(new TimeError('closed', 'the time machine is closed'));
    await this.#worker.terminate();
  }

  async #key(): Promise<string> {
    return (this.#cursor ?? await this.seek({ end: true })).key;
  }

  #ask<T>(method: ThreadRequest['method'], args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(new TimeError('cancelled', 'nobody waits for it any more'));
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(new TimeError('busy', `${MOST_WAITING} questions wait for the time machine already`, 'ask again in a moment'));
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(new TimeError('lost', `the time machine does not answer within ${ANSWER_MS / 1000} s`, 'open it again'));
        void this.#worker.terminate();
      }, ANSWER_MS);
      timer.unref();
      this.#worker.ref();
      // The thread answers it all the same, in its turn and at once.
      const leave = (): void => callOff(this.#calledOff, id);
      signal?.addEventListener('abort', leave, { once: true });
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject, done });
      this.#worker.postMessage({ id, method, args } satisfies ThreadRequest);
    });
  }

  #hear(answer: ThreadAnswer): void {
    if ('failed' in answer) return this.#end(errorOf(answer.failed, 'source'));
    this.#state = answer.state;
    if (!('id' in answer)) return this.#onState?.(answer.state);
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting.done();
    if (answer.ok) waiting.resolve(answer.value as never);
    else waiting.reject(errorOf(answer.error, 'source'));
  }

  #end(error: TimeError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    for (const { reject, done } of this.#waiting.values()) {
      done();
      reject(error);
    }
    this.#waiting.clear();
  }
}

function errorOf({ name, message, kind, fix }: ThreadFailure, other: TimeErrorKind): TimeError {
  return new TimeError(name === 'TimeError' ? kind as TimeErrorKind : other, message, fix);
}

function lost(error?: unknown, mostHeapMiB = MOST_HEAP_MIB): TimeError {
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new TimeError('lost', `the recording needs more than the ${mostHeapMiB} MiB that a time machine may have`, 'open it again, or travel in a shorter part of it (faultline replay TAPE --from --to --run makes one)');
  }
  const why = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
  return new TimeError('lost', `the time machine’s thread has ended${why}`, 'open it again');
}
