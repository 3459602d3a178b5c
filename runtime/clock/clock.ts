import { performance } from 'node:perf_hooks';

/** The one source of time of a runtime, microseconds since the epoch, never backwards. */
export interface Clock {
  /** True when time moves only by `advanceTo`. */
  readonly virtual: boolean;
  /** Of a clock that moves by itself: its seconds in a second of the wall's. Default 1. */
  readonly speed?: number;
  nowUs(): number;
}

/** Time for replay and tests: stands still until the runtime moves it. */
export class VirtualClock implements Clock {
  readonly virtual = true;
  private us: number;

  constructor(startUs = 0) {
    this.us = startUs;
  }

  nowUs(): number {
    return this.us;
  }

  /** Moves on to `us`; an earlier time is ignored. For the runtime, not for behaviours. */
  moveTo(us: number): void {
    if (us > this.us) this.us = us;
  }
}

/** Monotonic process time, anchored to the epoch once: a step of the system clock does not move it. */
export class WallClock implements Clock {
  readonly virtual = false;
  private readonly originUs = Math.round(performance.timeOrigin * 1000);

  nowUs(): number {
    return this.originUs + Math.round(performance.now() * 1000);
  }
}
