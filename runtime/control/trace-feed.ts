import type { Runtime, Trace } from '../index.js';
import type { ToThread } from './link.js';

/**
 * Hands pieces of the flight recorder to the socket's thread while somebody reads it: a few copies of typed arrays every
 * 50 ms, between turns, whatever the clients do. Follows the process from one runtime to the next.
 */
export class TraceFeed {
  readonly #runtime: () => Runtime | null;
  readonly #everyMs: number;
  readonly #post: (message: ToThread, transfer: ArrayBuffer[]) => void;
  #timer: NodeJS.Timeout | null = null;
  /** A finished runtime must not be kept by who reads it. */
  #trace: WeakRef<Trace> | null = null;
  #nextSeq = 0;

  constructor(runtime: () => Runtime | null, everyMs: number, post: (message: ToThread, transfer: ArrayBuffer[]) => void) {
    this.#runtime = runtime;
    this.#everyMs = everyMs;
    this.#post = post;
  }

  /** Starts at the present end of the trace, or stops. */
  want(wanted: boolean): void {
    if (!wanted) {
      this.stop();
      return;
    }
    if (this.#timer !== null) return;
    const trace = this.#runtime()?.trace();
    this.#trace = trace === undefined ? null : new WeakRef(trace);
    this.#nextSeq = trace?.count ?? 0;
    this.#timer = setInterval(() => this.#read(), this.#everyMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#trace = null;
  }

  #read(): void {
    const trace = this.#runtime()?.trace();
    if (trace === undefined) return;
    const restarted = this.#trace?.deref() !== trace;
    if (restarted) {
      this.#trace = new WeakRef(trace);
      this.#nextSeq = 0;
    }
    if (trace.count === this.#nextSeq && !restarted) return;
    const columns = trace.columnsSince(this.#nextSeq);
    const missed = columns.fromSeq - this.#nextSeq;
    this.#nextSeq = trace.count;
    const { kinds, cells, details, times } = columns;
    this.#post({ kind: 'trace', piece: { ...columns, missed, restarted } }, [kinds.buffer, cells.buffer, details.buffer, times.buffer] as ArrayBuffer[]);
  }
}
