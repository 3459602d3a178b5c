import type { Dispatcher } from './dispatcher.js';

/** Node's timers take at most a signed 32-bit number of milliseconds; longer waits are taken in pieces. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Hears of the stretches in which the main thread is busy with turns. */
export interface BurstMeter {
  begin(): void;
  end(): void;
}

/**
 * Drives a runtime on the wall clock: one `setImmediate` per burst of turns, so that sockets and signals get
 * their share, and one `setTimeout` for the earliest timer.
 */
export class WallLoop {
  private immediate: NodeJS.Immediate | null = null;
  private timeout: NodeJS.Timeout | null = null;
  private timeoutUs = Infinity;
  private stopped = false;
  private readonly d: Dispatcher;
  private readonly burstTurns: number;
  private readonly meter: BurstMeter | null;

  constructor(d: Dispatcher, burstTurns: number, meter: BurstMeter | null) {
    this.d = d;
    this.burstTurns = burstTurns;
    this.meter = meter;
    d.onWork = () => this.wake();
    this.wake();
  }

  stop(): void {
    this.stopped = true;
    this.d.onWork = null;
    if (this.immediate !== null) clearImmediate(this.immediate);
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.immediate = null;
    this.timeout = null;
  }

  private wake(): void {
    if (this.stopped || this.immediate !== null) return;
    this.immediate = setImmediate(() => this.burst());
  }

  private burst(): void {
    this.immediate = null;
    const d = this.d;
    this.meter?.begin();
    d.nowUs = d.clock.nowUs();
    while (d.timers.nextUs() <= d.nowUs) d.fire();
    d.run(this.burstTurns);
    this.meter?.end();
    if (this.stopped) return;
    if (d.queue.count > 0) this.wake();
    else this.sleep();
  }

  private sleep(): void {
    const nextUs = this.d.timers.nextUs();
    if (this.timeout !== null && this.timeoutUs === nextUs) return;
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.timeout = null;
    this.timeoutUs = nextUs;
    if (nextUs === Infinity) return;
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil((nextUs - this.d.clock.nowUs()) / (1000 * (this.d.clock.speed ?? 1)))));
    this.timeout = setTimeout(() => {
      this.timeout = null;
      this.burst();
    }, waitMs);
  }
}
