/**
 * The exchange time of one symbol and its seconds. It never goes back, unless enough records in a row say that it had
 * been far ahead. Records without an exchange stamp are placed by their receive stamp and the last known difference
 * between the two clocks.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import { EXCH_US, RECV_US } from '../../data/records/layout.js';

const SECOND_US = 1_000_000;
/** More silent seconds than any window holds: rolling further changes nothing. */
const LONGEST_SILENCE_SECONDS = 2000;

/** What a record did to the clock. */
export const Advance = { NONE: 0, SECONDS: 1, RESYNC: 2 } as const;

export class ExchangeClock {
  private readonly params: IndicatorParams;
  nowUs = 0;
  /** Exchange minus receive clock as of the last record with both. */
  private offsetUs = 0;
  /** The running second; -1 before the first record. */
  second = -1;
  private secondEndUs = 0;
  private behind = 0;
  /** Exchange stamps before the clock. */
  backwards = 0;

  constructor(params: IndicatorParams) {
    this.params = params;
  }

  /**
   * Moves the clock to the record at word f. SECONDS: seconds have ended, call `roll`. RESYNC: the clock had been
   * wrong and went back to where everyone is.
   */
  advance(F: Float64Array, f: number): number {
    const exch = F[f + EXCH_US];
    const recv = F[f + RECV_US];
    let e = this.nowUs;
    if (exch > 0) {
      e = exch;
      if (recv > 0) this.offsetUs = exch - recv;
    } else if (recv > 0) {
      e = recv + this.offsetUs;
    }
    if (e < this.nowUs) {
      if (exch > 0) {
        this.backwards += 1;
        if (this.nowUs - e >= this.params.clockResyncMs * 1000) this.behind += 1;
        else this.behind = 0;
        if (this.behind >= this.params.clockResyncRecords) {
          this.nowUs = e;
          this.behind = 0;
          this.second = Math.floor(e / SECOND_US);
          this.secondEndUs = (this.second + 1) * SECOND_US;
          return Advance.RESYNC;
        }
      }
      return Advance.NONE;
    }
    if (!(e < 9e15)) return Advance.NONE; // Infinity or NaN: no clock
    if (this.behind !== 0 && exch > 0) this.behind = 0;
    this.nowUs = e;
    return e >= this.secondEndUs ? Advance.SECONDS : Advance.NONE;
  }

  /** Lets the owner close every second that ended at or before the clock: `second` is the one to close. */
  roll(owner: { endSecond(): void }): void {
    const now = Math.floor(this.nowUs / SECOND_US);
    if (this.second < 0) this.second = now;
    else if (now - this.second > LONGEST_SILENCE_SECONDS) {
      owner.endSecond();
      this.second = now - LONGEST_SILENCE_SECONDS;
    }
    while (this.second < now) {
      owner.endSecond();
      this.second += 1;
    }
    this.secondEndUs = (now + 1) * SECOND_US;
  }

  /** End of the running second, µs. */
  get endUs(): number {
    return (this.second + 1) * SECOND_US;
  }
}
