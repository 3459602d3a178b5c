import { EXCH_US, RECV_US } from '../records/index.js';

/**
 * The clock of a tape: it follows the receive stamp, or the exchange stamp where none was recorded, and never runs
 * backwards. Readers, writers and replays all use this one, so that they agree on when a record happens.
 */
export class TapeClock {
  /** µs since the epoch; 0 before the first stamp. */
  nowUs = 0;
  /** The first stamp, µs; 0 before it. */
  startUs = 0;
  /** Records whose stamp lay before the clock. */
  backwardStamps = 0;

  /** Moves to the record whose double fields begin at F[f]. */
  observe(F: Float64Array, f: number): void {
    const receivedUs = F[f + RECV_US];
    const stampUs = receivedUs > 0 ? receivedUs : (F[f + EXCH_US]);
    if (stampUs > this.nowUs) {
      if (this.startUs === 0) this.startUs = stampUs;
      this.nowUs = stampUs;
    } else if (stampUs < this.nowUs && stampUs > 0) this.backwardStamps += 1;
  }
}
