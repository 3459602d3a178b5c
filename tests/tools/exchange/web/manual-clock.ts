import type { CancelTimer, WebClock } from '../../../../tools/exchange/web/index.js';

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
