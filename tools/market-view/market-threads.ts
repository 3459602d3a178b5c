/** The market sources that are open, each in a thread of its own; few at a time, the one that was asked longest ago gives way. */
import { Worker } from 'node:worker_threads';
import type { MarketSymbols, MarketTail } from '../ui/wire/market.js';
import { callOff, calledOffTable } from '../threads/called-off.js';
import type { MarketTarget } from './market-source.js';
import type { MarketAnswer, MarketQuestion, MarketThreadData } from './protocol.js';
import type { ViewQuery } from './view.js';

/** Sources that are kept at once: each holds its columns in memory. */
const MOST_OPEN = 3;
/** Heap of a thread, MiB; its columns are outside of it and have a bound of their own. */
const MOST_HEAP_MIB = 1024;
/** One that nobody holds and nobody asks is closed after that. */
const IDLE_MS = 10 * 60_000;
/** Questions that wait for one thread; more than that are refused. */
const MOST_WAITING = 64;

/** Why there is no answer. `refused`: what was asked for is not there. */
export class MarketThreadError extends Error {
  readonly how: 'refused' | 'failed' | 'busy' | 'cancelled';

  constructor(how: MarketThreadError['how'], message: string) {
    super(message);
    this.name = 'MarketThreadError';
    this.how = how;
  }
}

type Asked = MarketQuestion extends infer Question ? (Question extends { readonly id: number } ? Omit<Question, 'id'> : never) : never;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

class MarketThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #holders = new Set<(why: string) => void>();
  readonly #calledOff = calledOffTable();
  #last = 0;
  ended = false;
  /** When somebody asked or let go of it last. */
  usedMs = performance.now();

  constructor(data: Omit<MarketThreadData, 'calledOff'>) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { ...data, calledOff: this.#calledOff } satisfies MarketThreadData, name: 'market view', resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
    });
    // Whoever looks at a chart does not keep the process alive.
    this.#worker.unref();
    this.#worker.on('message', (answer: MarketAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(new MarketThreadError(answer.how, answer.message));
    });
    this.#worker.on('error', (error) => this.#end(deathOf(error)));
    this.#worker.on('exit', () => this.#end('the thread that reads it has ended'));
  }

  get idle(): boolean {
    return this.#holders.size === 0 && this.#waiting.size === 0;
  }

  hold(gone: (why: string) => void): () => void {
    this.#holders.add(gone);
    return () => {
      this.#holders.delete(gone);
      this.usedMs = performance.now();
    };
  }

  /** An aborted `signal` ends the wait, and the work where it has not begun. */
  ask(question: Asked, signal?: AbortSignal): Promise<unknown> {
    this.usedMs = performance.now();
    if (signal?.aborted === true) return Promise.reject(gone());
    if (this.ended) return Promise.reject(new MarketThreadError('failed', 'the thread that reads it has ended'));
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(new MarketThreadError('busy', `${MOST_WAITING} questions wait already: ask again in a moment`));
    return new Promise((resolve, reject) => {
      const id = (this.#last += 1);
      const leave = (): void => {
        callOff(this.#calledOff, id);
        this.#waiting.delete(id);
        reject(gone());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.set(id, {
        resolve: (value) => {
          signal?.removeEventListener('abort', leave);
          resolve(value);
        },
        reject,
      });
      this.#worker.postMessage({ ...question, id });
    });
  }

  async close(why = 'it was closed'): Promise<void> {
    this.#end(why);
    await this.#worker.terminate();
  }

  #end(why: string): void {
    if (this.ended) return;
    this.ended = true;
    for (const { reject } of this.#waiting.values()) reject(new MarketThreadError('failed', why));
    this.#waiting.clear();
    for (const gone of this.#holders) gone(why);
    this.#holders.clear();
  }
}

const gone = (): MarketThreadError => new MarketThreadError('cancelled', 'nobody waits for it any more');

function deathOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return `what was read needs more than the ${MOST_HEAP_MIB} MiB that it may have`;
  return error instanceof Error ? error.message : String(error);
}

export interface MarketThreadsOptions {
  /** Bytes of columns a source may have. */
  readonly mostBytes?: number;
  readonly idleMs?: number;
}

export class MarketThreads {
  /** By kind and path; the one asked last at the end. */
  readonly #threads = new Map<string, MarketThread>();
  readonly #options: Pick<MarketThreadsOptions, 'mostBytes'>;
  readonly #idleMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ idleMs = IDLE_MS, ...options }: MarketThreadsOptions = {}) {
    this.#options = options;
    this.#idleMs = idleMs;
  }

  /** @throws MarketThreadError. */
  async symbols(target: MarketTarget, source: string, signal?: AbortSignal): Promise<MarketSymbols> {
    return (await this.#thread(target).ask({ ask: 'symbols', source }, signal)) as MarketSymbols;
  }

  /** @throws MarketThreadError. */
  async tail(target: MarketTarget, source: string, symbol: string, signal?: AbortSignal): Promise<MarketTail> {
    return (await this.#thread(target).ask({ ask: 'tail', source, symbol }, signal)) as MarketTail;
  }

  /** An answer that `decodeView` takes apart. @throws MarketThreadError. */
  async view(target: MarketTarget, source: string, query: ViewQuery, signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#thread(target).ask({ ask: 'view', source, query }, signal)) as Uint8Array;
  }

  /** Keeps what was read of a source while somebody looks at it. `gone`, called once at most, says that it is closed or has died: its next question begins anew. The result lets go. */
  hold(target: MarketTarget, gone: (why: string) => void): () => void {
    return this.#thread(target).hold(gone);
  }

  get open(): number {
    return this.#threads.size;
  }

  #closeIdle(): void {
    for (const [key, thread] of this.#threads) {
      if (!thread.ended && (!thread.idle || performance.now() - thread.usedMs < this.#idleMs)) continue;
      this.#threads.delete(key);
      void thread.close();
    }
    if (this.#threads.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const threads = [...this.#threads.values()];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.close()));
  }

  #thread(target: MarketTarget): MarketThread {
    const key = `${target.kind} ${target.path}`;
    let thread = this.#threads.get(key);
    this.#threads.delete(key);
    if (thread === undefined || thread.ended) thread = new MarketThread({ target, ...this.#options });
    this.#threads.set(key, thread);
    this.#timer ??= setInterval(() => this.#closeIdle(), Math.min(60_000, this.#idleMs)).unref();
    for (const [other, old] of this.#threads) {
      if (this.#threads.size <= MOST_OPEN) break;
      this.#threads.delete(other);
      void old.close(`it was closed, because ${MOST_OPEN} others were opened since`);
    }
    return thread;
  }
}
