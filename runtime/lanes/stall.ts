/**
 * Tells how long something has shown no progress. Time between two looks counts for at most `mostPerLookMs`: after the whole process
 * was stopped and goes on, the watcher may look before the watched had its turn, and must not judge on that one look.
 */
export class StallMeter {
  readonly #mostPerLookMs: number;
  #stalledMs = 0;
  #lookedAtMs: number;
  #beats: number;

  constructor(nowMs: number, beats: number, mostPerLookMs: number) {
    this.#lookedAtMs = nowMs;
    this.#beats = beats;
    this.#mostPerLookMs = mostPerLookMs;
  }

  /** Milliseconds without progress; 0 when the beats moved or nothing waits. */
  look(nowMs: number, beats: number, waiting: boolean): number {
    const passedMs = Math.max(0, nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    if (beats !== this.#beats || !waiting) this.#stalledMs = 0;
    else this.#stalledMs += Math.min(passedMs, this.#mostPerLookMs);
    this.#beats = beats;
    return this.#stalledMs;
  }
}
