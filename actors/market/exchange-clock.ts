/**
 * The exchange time of one symbol and its seconds. It never goes back, unless enough records in a row say that it had
 * been far ahead. Records without an exchange stamp are placed by their receive stamp and the last known difference
 * between the two clocks.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import * as layout from '../../data/records/layout.js';
import type { Grid } from './grid.js';

// Constants of this module's own: V8 does not fold imported ones, which would cost a tenth of the tick path.
const { EXCH_US, RECV_US } = layout;

export const SECOND_US = 1_000_000;
/** More silent seconds than any window holds: rolling further changes nothing. */
const LONGEST_SILENCE_SECONDS = 2000;

export abstract class ExchangeClock {
  readonly params: IndicatorParams;
  /** Exchange time, µs. */
  exchUs = 0;
  /** Exchange minus receive clock as of the last record with both. */
  private offsetUs = 0;
  /** The running second; -1 before the first record. */
  protected second = -1;
  private secondEndUs = 0;
  private behind = 0;
  /** Exchange stamps before the clock. */
  exchangeBackwards = 0;

  constructor(params: IndicatorParams) {
    this.params = params;
  }

  /** Closes `second`. */
  protected abstract endSecond(): void;
  /** The clock had been wrong and is back where everyone is: the seconds in between are not comparable. */
  protected abstract resync(): void;
  /** Takes the latency of records with both stamps. */
  abstract readonly grid: Grid;

  /** Moves the clock to the record at word f and closes the seconds before it. */
  protected advance(F: Float64Array, f: number): void {
    const exch = F[f + EXCH_US];
    const recv = F[f + RECV_US];
    let e = this.exchUs;
    if (exch > 0) {
      e = exch;
      if (recv > 0) {
        this.offsetUs = exch - recv;
        this.grid.latency(F, f + RECV_US, f + EXCH_US);
      }
    } else if (recv > 0) {
      e = recv + this.offsetUs;
    }
    if (e < this.exchUs) {
      if (exch > 0) {
        this.exchangeBackwards += 1;
        if (this.exchUs - e >= this.params.clockResyncMs * 1000) this.behind += 1;
        else this.behind = 0;
        if (this.behind >= this.params.clockResyncRecords) {
          this.exchUs = e;
          this.behind = 0;
          this.second = Math.floor(e / SECOND_US);
          this.secondEndUs = (this.second + 1) * SECOND_US;
          this.resync();
        }
      }
      return;
    }
    if (!(e < 9e15)) return; // Infinity or NaN: no clock
    if (this.behind !== 0 && exch > 0) this.behind = 0;
    this.exchUs = e;
    if (e >= this.secondEndUs) this.roll();
  }

  /** Closes every second that ended at or before the clock. */
  private roll(): void {
    const now = Math.floor(this.exchUs / SECOND_US);
    if (this.second < 0) this.second = now;
    else if (now - this.second > LONGEST_SILENCE_SECONDS) {
      this.endSecond();
      this.second = now - LONGEST_SILENCE_SECONDS;
    }
    while (this.second < now) {
      this.endSecond();
      this.second += 1;
    }
    this.secondEndUs = (now + 1) * SECOND_US;
  }
}
