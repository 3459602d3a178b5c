/**
 * The time of a market that can be stopped: while it is, its own time stands still, and afterwards it is behind the venue's by as long.
 * All times in µs.
 */
export class OwnTime {
  #lostUs = 0;
  #stoppedUs: number | undefined;

  get isStopped(): boolean {
    return this.#stoppedUs !== undefined;
  }

  stop(nowUs: number): void {
    this.#stoppedUs ??= nowUs;
  }

  /** Answers for how long it stood still. */
  goOn(nowUs: number): number {
    if (this.#stoppedUs === undefined) return 0;
    const lostUs = Math.max(0, nowUs - this.#stoppedUs);
    this.#lostUs += lostUs;
    this.#stoppedUs = undefined;
    return lostUs;
  }

  ofVenue(venueUs: number): number {
    return (this.#stoppedUs !== undefined && this.#stoppedUs < venueUs ? this.#stoppedUs : venueUs) - this.#lostUs;
  }

  toVenue(ownUs: number): number {
    return ownUs + this.#lostUs;
  }
}
