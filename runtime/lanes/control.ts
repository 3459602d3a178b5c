/**
 * What a thread and its owner tell each other without messages, so that either can look while the other does not turn its loop.
 * One line of words is written by the owner, the other by the thread.
 */
const STOP = 0;
const PHASE = 32;
const BEATS = 33;
const CONTROL_BYTES = 256;

export const Phase = { starting: 0, running: 1, ended: 2 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

export const createControl = (): SharedArrayBuffer => new SharedArrayBuffer(CONTROL_BYTES);

export class Control {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  get stopping(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  askToStop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  get phase(): Phase {
    return Atomics.load(this.#words, PHASE) as Phase;
  }

  set phase(phase: Phase) {
    Atomics.store(this.#words, PHASE, phase);
  }

  /** Signs of life of the thread, modulo 2^32. */
  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }
}
