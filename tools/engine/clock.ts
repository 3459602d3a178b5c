/** The venue's clock as the exchange in a box tells it: `venueMs` when the wall's clock was at `wallMs`, going `speed` times as fast. */
export interface VenueClockLine {
  readonly venueMs: number;
  readonly wallMs: number;
  readonly speed: number;
}

/** Longest wait that a timer of Node takes, ms. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Engine time, µs since the epoch: the wall's, or the venue's where the venue has said how its clock goes. Never backwards. A step of the system
 * clock moves it as little as it moves the exchange in a box: after the start it follows the monotonic clock.
 */
export class EngineClock {
  readonly speed: number;
  readonly #startUs: number;
  readonly #originMs: number;
  readonly #monotonicMs: () => number;
  #lastUs: number;

  /** @throws RangeError for a line that says no clock */
  constructor(line?: VenueClockLine, wallMs: () => number = Date.now, monotonicMs: () => number = () => performance.now()) {
    const { venueMs, wallMs: atMs, speed } = line ?? { venueMs: 0, wallMs: 0, speed: 1 };
    if (![venueMs, atMs, speed].every(Number.isFinite) || speed <= 0) throw new RangeError(`a clock line needs finite numbers and a positive speed, not ${JSON.stringify(line)}`);
    this.speed = speed;
    this.#originMs = monotonicMs();
    this.#startUs = Math.round((venueMs + (wallMs() - atMs) * speed) * 1000);
    this.#lastUs = this.#startUs;
    this.#monotonicMs = monotonicMs;
  }

  /** Now, whole µs. */
  nowUs(): number {
    const us = this.#startUs + Math.round((this.#monotonicMs() - this.#originMs) * 1000 * this.speed);
    if (us > this.#lastUs) this.#lastUs = us;
    return this.#lastUs;
  }

  /** Milliseconds of the wall until engine time `us`, at least 0 and at most what a timer takes. */
  wallMsUntil(us: number): number {
    return Math.min(LONGEST_WAIT_MS, Math.max(0, (us - this.nowUs()) / 1000 / this.speed));
  }
}
