import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Edge, KernelPort } from '../../../actors/market/index.js';
import { Placement } from './placement.js';
import type { FrameTask } from './piscina-worker.js';
import { InlineSession } from './inline-session.js';

const WORKER = fileURLToPath(new URL('./piscina-worker.js', import.meta.url));

/**
 * The naive way off the main loop: every frame is one `pool.run`. One thread, for a symbol's frames are taken in order by one kernel,
 * which decodes too; and a queue that keeps that order, which piscina's does not unless it is told.
 */
export class PiscinaPlacement extends Placement {
  readonly #kernel = new AnsweredKernel();
  readonly session = new InlineSession(this.decided, this.#kernel);
  #pool = makePool();
  #closed = false;

  frame(bytes: Uint8Array, chunkUs: number): void {
    const number = this.taken;
    this.taken += 1;
    // A copy of its own: the frame is a view of the socket's chunk, all of which would be copied with it.
    const task: FrameTask = { bytes: new Uint8Array(bytes), number, chunkUs, sampled: this.isSampled(number) };
    const pool = this.#pool;
    pool.run(task).then(
      (edges: readonly Edge[] | undefined) => {
        if (edges !== undefined && pool === this.#pool) this.#answer(edges);
      },
      (error: unknown) => {
        // What is still under way at the end is cut off with its thread.
        if (pool === this.#pool && !this.#closed) throw error;
      },
    );
  }

  chunkEnded(): void {}

  override async renew(): Promise<void> {
    const old = this.#pool;
    this.#pool = makePool();
    await old.destroy();
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }

  #answer(edges: readonly Edge[]): void {
    this.#kernel.arrived.push(...edges);
    this.session.merge();
  }
}

const makePool = (): Piscina => new Piscina({ filename: WORKER, minThreads: 1, maxThreads: 1, stricterFIFO: true });

/** Hands on what the thread has answered. */
class AnsweredKernel implements KernelPort {
  readonly arrived: Edge[] = [];
  readonly edges: Edge[] = [];
  clockUs = 0;
  seq = -1;
  readonly position = 0;
  readonly stalled = false;
  readonly skipped = 0;
  readonly nextControlUs = Infinity;

  passTime(): void {}

  run(_F: Float64Array, _I: Int32Array, from: number): number {
    this.edges.length = 0;
    for (const edge of this.arrived) {
      this.edges.push(edge);
      this.seq = edge.seq;
      if (edge.atUs > this.clockUs) this.clockUs = edge.atUs;
    }
    this.arrived.length = 0;
    return from;
  }

  control(): void {
    throw new Error('nobody trades here');
  }

  retell(): void {}
  finish(): void {}
  disown(): void {}
  facts(): undefined {}

  counters(): ReturnType<KernelPort['counters']> {
    return { records: 0, processed: 0, gapped: 0, waiting: 0, invalid: 0, backwardStamps: 0, exchangeBackwards: 0, missing: 0 };
  }
}
