import { Worker } from 'node:worker_threads';
import { chartDigest, type ChartModel } from '../../../../runtime/probe/chart.js';
import type { ChartGeometry } from '../../wire/chart.js';
import { UiError } from '../../server/host.js';

/** Charts kept, laid out or not. A page looks at one; a process has few definitions. */
const MOST_CHARTS = 64;
const IDLE_MS = 60_000;
/** How long a chart may take: it is a stranger's, and others wait behind it. */
const LAYOUT_MS = 60_000;

interface Known {
  readonly model: ChartModel;
  geometry: Promise<ChartGeometry> | null;
}

/** What a layout thread is told and answers. */
export interface LayoutJob { readonly digest: string; readonly model: ChartModel }
export type LayoutAnswer = { readonly digest: string; readonly geometry: ChartGeometry } | { readonly digest: string; readonly problem: string };

/** Charts by their digests and how they are laid out, which is done once, in a thread of its own: it takes seconds for a large one. */
export class Geometries {
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, { readonly resolve: (geometry: ChartGeometry) => void; readonly reject: (error: Error) => void; readonly timer: NodeJS.Timeout }>();
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  readonly #layoutMs: number;

  constructor(layoutMs: number = LAYOUT_MS) {
    this.#layoutMs = layoutMs;
  }

  /** Remembers a chart that somebody has been told of. One that is not what its digest says is none: it could stand for another process's. */
  learn(digest: string, model: ChartModel): void {
    if (chartDigest(model) !== digest) return;
    const known = this.#known.get(digest) ?? { model, geometry: null };
    this.#known.delete(digest);
    this.#known.set(digest, known);
    if (this.#known.size > MOST_CHARTS) for (const oldest of [...this.#known.keys()].slice(0, this.#known.size - MOST_CHARTS)) this.#known.delete(oldest);
  }

  knows(digest: string): boolean {
    return this.#known.has(digest);
  }

  /** @throws UiError for a chart that nobody has been told of, or that cannot be laid out */
  async of(digest: string): Promise<ChartGeometry> {
    const known = this.#known.get(digest);
    if (known === undefined) throw new UiError(404, 'this chart is not known here: open the actor again');
    known.geometry ??= this.#lay({ digest, model: known.model });
    try {
      return await known.geometry;
    } catch (error) {
      known.geometry = null;
      throw new UiError(500, `the chart cannot be drawn: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.#give('the window is closing');
  }

  /** Ends the thread, and whoever waits for it. */
  #give(up: string): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = null;
    this.#fail(up);
  }

  #lay(job: LayoutJob): Promise<ChartGeometry> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#give(`it is not laid out within ${this.#layoutMs / 1000} s`), this.#layoutMs).unref();
      this.#waiting.set(job.digest, { resolve, reject, timer });
      clearTimeout(this.#idle);
      const worker = this.#begun();
      // It holds the process only while somebody waits for it.
      worker.ref();
      worker.postMessage(job);
    });
  }

  #begun(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./layout-thread.js', import.meta.url));
    this.#worker = worker;
    const gone = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#fail(reason);
    };
    worker.on('message', (answer: LayoutAnswer) => {
      const waiting = this.#waiting.get(answer.digest);
      this.#waiting.delete(answer.digest);
      clearTimeout(waiting?.timer);
      if ('geometry' in answer) waiting?.resolve(answer.geometry);
      else waiting?.reject(new Error(answer.problem));
      if (this.#waiting.size > 0) return;
      worker.unref();
      this.#idle = setTimeout(() => {
        this.#worker = null;
        void worker.terminate();
      }, IDLE_MS).unref();
    });
    worker.on('error', (error) => gone(error.message));
    worker.on('exit', () => gone('its thread has ended'));
    return worker;
  }

  #fail(reason: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    this.#waiting.clear();
  }
}
