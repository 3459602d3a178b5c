/** The first fall of a given share within a given window, found from trades in time order. */
export interface Fall {
  /** When the high before the fall was printed, µs: the crash's true start. */
  readonly startUs: number;
  /** When the price had first fallen by the share, µs. */
  readonly confirmedUs: number;
  readonly highTicks: number;
  readonly fallenTicks: number;
}

/**
 * Watches trades for the first fall of `share` (0.03 = 3 %) from a high at most `windowUs` old. The window is
 * (t - windowUs, t]; of equal highs the latest counts, so the start is never earlier than it must be.
 */
export class FallFinder {
  readonly #share: number;
  readonly #windowUs: number;
  // Candidates for the window's maximum: prices descend, times ascend.
  readonly #timesUs: number[] = [];
  readonly #ticks: number[] = [];
  #head = 0;
  found: Fall | undefined;

  constructor(share = 0.03, windowUs = 60_000_000) {
    this.#share = share;
    this.#windowUs = windowUs;
  }

  trade(atUs: number, ticks: number): void {
    if (this.found !== undefined) return;
    while (this.#ticks.length > this.#head && this.#ticks[this.#ticks.length - 1]! <= ticks) {
      this.#ticks.pop();
      this.#timesUs.pop();
    }
    this.#ticks.push(ticks);
    this.#timesUs.push(atUs);
    while (this.#timesUs[this.#head]! <= atUs - this.#windowUs) this.#head++;
    const high = this.#ticks[this.#head]!;
    if (ticks <= high * (1 - this.#share)) {
      this.found = { startUs: this.#timesUs[this.#head]!, confirmedUs: atUs, highTicks: high, fallenTicks: ticks };
    }
  }
}
