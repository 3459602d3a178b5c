/** Takes a timer back; calling it again, or after it has fired, does nothing. */
export type CancelTimer = () => void;

/**
 * The venue's time as the faces need it, microseconds since the epoch. Windows, limits, pings and lifetimes are all measured on it, so a
 * venue at ten times the speed disconnects ten times as soon.
 */
export interface WebClock {
  nowUs(): number;
  /** Calls `fire` once, `delayUs` of venue time from now. Timers keep no process alive. */
  after(delayUs: number, fire: () => void): CancelTimer;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Wall time, `speed` times as fast from the moment of its making. */
export class WallWebClock implements WebClock {
  readonly #speed: number;
  readonly #originMs = performance.now();
  readonly #startUs = Date.now() * 1000;

  constructor(speed = 1) {
    this.#speed = speed;
  }

  nowUs(): number {
    return this.#startUs + Math.round((performance.now() - this.#originMs) * 1000 * this.#speed);
  }

  after(delayUs: number, fire: () => void): CancelTimer {
    const dueUs = this.nowUs() + delayUs;
    let timer: NodeJS.Timeout;
    // A day of venue time and more does not fit a timeout of node; it is waited for in pieces.
    const arm = (): void => {
      const leftMs = (dueUs - this.nowUs()) / 1000 / this.#speed;
      timer = leftMs > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(fire, Math.max(0, leftMs));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  }
}

interface ManualTimer {
  readonly dueUs: number;
  readonly seq: number;
  readonly fire: () => void;
}

/** Time that a test moves. */
export class ManualWebClock implements WebClock {
  #us: number;
  #seq = 0;
  readonly #timers = new Set<ManualTimer>();

  constructor(startUs = 1_785_542_400_000_000) {
    this.#us = startUs;
  }

  nowUs(): number {
    return this.#us;
  }

  after(delayUs: number, fire: () => void): CancelTimer {
    const timer = { dueUs: this.#us + delayUs, seq: this.#seq++, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on by `us`, firing what falls due in the order of its time. */
  advance(us: number): void {
    const endUs = this.#us + us;
    for (;;) {
      let next: ManualTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueUs <= endUs && (next === undefined || timer.dueUs < next.dueUs || (timer.dueUs === next.dueUs && timer.seq < next.seq))) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#us = Math.max(this.#us, next.dueUs);
      next.fire();
    }
    this.#us = endUs;
  }
}
