import { KERNEL_PATH } from '../../../actors/index.js';
import type { KernelPort, LevelEdge, RecordsMessage } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import type { RecordBatch } from '../../../data/records/index.js';
import { createRuntime, VirtualClock, type Runtime } from '../../../runtime/index.js';
import { marketSession } from '../../../supervisors/index.js';
import { INSTRUMENT } from './frames.js';

/**
 * The whole tree of a market session (kernel, detector, strategy, account, venue, journal), driven by records as they come: a round
 * is one message to the kernel and all the turns that follow from it, as in a replay. `onLevel` hears of every level edge when all that
 * follows from it has been decided.
 */
export class InlineSession {
  readonly runtime: Runtime;
  #kernel: KernelPort | undefined;
  readonly #onLevel: (edge: LevelEdge) => void;
  readonly #message: RecordsMessage = {
    type: 'records', F: new Float64Array(0), I: new Int32Array(0), from: 0, to: 0, untilUs: Infinity, mute: false, next: 0, clockUs: 0, stalled: false,
  };
  #clockUs = 0;

  /** `kernel` takes the place of the session's own. */
  constructor(onLevel: (edge: LevelEdge) => void, kernel?: KernelPort) {
    this.#onLevel = onLevel;
    this.runtime = createRuntime({ clock: new VirtualClock(0), seed: 1, effects: { decision: () => undefined } });
    const started = this.runtime.start(marketSession([INSTRUMENT], DEFAULT_CONFIG, {
      onKernel: (own) => (this.#kernel = own),
      ...(kernel === undefined ? {} : { lanes: { kernel, children: [] } }),
    }));
    if (!started.ok) throw new Error(`the session does not start: ${JSON.stringify(started.reason)}`);
  }

  get kernel(): KernelPort {
    if (this.#kernel === undefined) throw new Error('the session has no kernel');
    return this.#kernel;
  }

  /** Records [from, to) have come. */
  take({ F, I }: RecordBatch, from: number, to: number): void {
    for (let at = from; at < to; ) at = this.#round(F, I, at, to);
  }

  /** The kernel tells how things stand at its next record. */
  retell(): void {
    this.runtime.send(KERNEL_PATH, { type: 'retell' });
    this.runtime.drain();
  }

  /** A kernel elsewhere has answered: its edges are taken, one run at a time. */
  merge(): void {
    do this.#round(this.#message.F, this.#message.I, 0, 0);
    while (this.kernel.edges.length > 0);
  }

  #round(F: Float64Array, I: Int32Array, from: number, to: number): number {
    const { runtime } = this;
    const message = this.#message;
    const timerUs = runtime.nextTimerUs();
    message.F = F;
    message.I = I;
    message.from = from;
    message.next = from;
    message.to = to;
    message.untilUs = timerUs;
    if (runtime.send(KERNEL_PATH, message) !== 'delivered') throw new Error('the session has ended');
    runtime.drain(1);
    if (message.clockUs > this.#clockUs) {
      this.#clockUs = message.clockUs;
      if (message.clockUs >= timerUs) runtime.advanceTo(message.clockUs);
      else runtime.moveTo(message.clockUs);
    }
    runtime.drain();
    const { edges } = this.kernel;
    if (edges.length === 0 && message.next < to) runtime.advanceTo(timerUs);
    for (const edge of edges) if (edge.type === 'level') this.#onLevel(edge);
    return message.next;
  }
}
