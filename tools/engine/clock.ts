/** The venue's clock as the exchange in a box tells it: `venueMs` when the wall's clock was at `wallMs`, going `speed` times as fast. */
export interface VenueClockLine {
  readonly venueMs: number;
  readonly wallMs: number;
  readonly speed: number;
}

/** A clock as another thread of this process takes it: engine time `us` when the system's monotonic clock was at `atMs`. */
export interface SharedClock {
  readonly us: number;
  readonly atMs: number;
  readonly speed: number;
}

/** Every thread counts from its own beginning: what is to be added to get to the monotonic clock that all threads have. */
const threadShiftMs = (): number => Number(process.hrtime.bigint()) / 1e6 - performance.now();

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
  /** When it was read last, ms of the monotonic clock. */
  #readMs = Infinity;
  #stall: { readonly ms: number; readonly onStall: (ms: number) => void } | undefined;
  #held = false;

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

  /** The same clock in another thread. */
  static of({ us, atMs, speed }: SharedClock): EngineClock {
    const shiftMs = threadShiftMs();
    return new EngineClock({ venueMs: us / 1000, wallMs: atMs, speed }, () => performance.now() + shiftMs);
  }

  /** For {@link EngineClock.of}. */
  shared(): SharedClock {
    return { us: this.nowUs(), atMs: performance.now() + threadShiftMs(), speed: this.speed };
  }

  /** Now, whole µs. */
  nowUs(): number {
    const ms = this.#monotonicMs();
    const stalledMs = ms - this.#readMs;
    this.#readMs = ms;
    if (this.#held) return this.#lastUs;
    if (this.#stall !== undefined && stalledMs > this.#stall.ms) {
      this.#held = true;
      this.#stall.onStall(stalledMs);
      return this.#lastUs;
    }
    const us = this.#startUs + Math.round((ms - this.#originMs) * 1000 * this.speed);
    if (us > this.#lastUs) this.#lastUs = us;
    return this.#lastUs;
  }

  /**
   * From here on it notices that nobody has looked at it for `ms` of the wall: the process stood still. It then says what it said last, until `release`:
   * what has come meanwhile waits in sockets, and is to be heard before anything that became due.
   */
  watch(ms: number, onStall: (ms: number) => void): void {
    this.#stall = { ms, onStall };
    this.#readMs = this.#monotonicMs();
  }
  get held(): boolean {
    return this.#held;
  }
  release(): void {
    this.#held = false;
    this.#readMs = this.#monotonicMs();
  }

  /** Milliseconds of the wall until engine time `us`, at least 0 and at most what a timer takes. */
  wallMsUntil(us: number): number {
    return Math.min(LONGEST_WAIT_MS, Math.max(0, (us - this.nowUs()) / 1000 / this.speed));
  }
}
