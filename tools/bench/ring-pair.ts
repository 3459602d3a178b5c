import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';
import { createRing } from '../../runtime/ring/index.js';
import type { RingDesign, RingSide } from './ring-side.js';

/** Slots of 64 bytes, for every design: 64 KiB, which stays in the second-level cache. */
export const SLOTS = 1_024;
export const BATCH = 64;
const FIELDS = 8;

/** What the consumer must have added up: record k is k, k + 1 … k + 7. Exact below 2^53. */
export const checksumOf = (records: number): number => FIELDS * ((records * (records - 1)) / 2) + 28 * records;

/** Two threads, one hands records to the other. */
export class RingPair {
  readonly #records: number;
  readonly #workers: readonly Worker[];
  readonly #rounds: Int32Array;
  readonly #times: Float64Array;
  #round = 0;

  private constructor(records: number, workers: readonly Worker[], rounds: Int32Array, times: Float64Array) {
    this.#records = records;
    this.#workers = workers;
    this.#rounds = rounds;
    this.#times = times;
  }

  static async start(design: RingDesign, records: number): Promise<RingPair> {
    const control = new SharedArrayBuffer(8);
    const result = new SharedArrayBuffer(24);
    const memory = design === 'ringbuf' ? RingBuffer.getStorageForCapacity(SLOTS * FIELDS, Float64Array) : createRing({ slots: SLOTS });
    const { port1, port2 } = new MessageChannel();
    const workers = [['consumer', port1] as const, ['producer', port2] as const].map(([side, port]) => {
      const workerData: RingSide = { side, design, records, batch: BATCH, memory: memory as SharedArrayBuffer, port, control, result };
      return new Worker(new URL('./ring-side.js', import.meta.url), { workerData, transferList: [port] });
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new RingPair(records, workers, new Int32Array(control), new Float64Array(result));
  }

  /** One round; records a second. */
  run(): number {
    this.#round += 1;
    Atomics.store(this.#rounds, 0, this.#round);
    Atomics.notify(this.#rounds, 0);
    for (let ended = this.#round - 1; ended !== this.#round; ended = Atomics.load(this.#rounds, 1)) {
      if (Atomics.wait(this.#rounds, 1, this.#round - 1, 60_000) === 'timed-out') throw new Error('the two threads did not end in a minute');
    }
    const [begun = 0, ended = 0, checksum] = this.#times;
    if (checksum !== checksumOf(this.#records)) throw new Error(`the consumer added up ${checksum}, not ${checksumOf(this.#records)}`);
    return this.#records / ((ended - begun) / 1e9);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
