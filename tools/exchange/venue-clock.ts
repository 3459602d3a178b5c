import { performance } from 'node:perf_hooks';
import type { Clock } from '../../runtime/index.js';

/** Node's timers take at most a signed 32-bit number of milliseconds; longer waits are taken in pieces. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * The venue's time, µs since the epoch: it begins at the wall's and goes `speed` times as fast. The exchange's runtime runs on it, and so do
 * windows, limits, funding and disconnects. A step of the system clock does not move it.
 */
export class VenueClock implements Clock {
  readonly virtual = false;
  readonly speed: number;
  readonly #startUs = Date.now() * 1000;
  readonly #originMs = performance.now();

  /** @throws RangeError when the speed is no positive number */
  constructor(speed = 1) {
    if (!Number.isFinite(speed) || speed <= 0) throw new RangeError(`a clock's speed is a positive number, not ${speed}`);
    this.speed = speed;
  }

  nowUs(): number {
    return this.#startUs + Math.round((performance.now() - this.#originMs) * 1000 * this.speed);
  }

  /** Calls `fire` once, `delayUs` of venue time from now; returns the way to take it back. Such a timer keeps no process alive. */
  after(delayUs: number, fire: () => void): () => void {
    const dueUs = this.nowUs() + delayUs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = Math.ceil((dueUs - this.nowUs()) / 1000 / this.speed);
      timer = setTimeout(() => {
        // Node's timers may be early, too.
        if (this.nowUs() < dueUs) arm();
        else fire();
      }, Math.min(LONGEST_WAIT_MS, Math.max(0, leftMs)));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  }
}
