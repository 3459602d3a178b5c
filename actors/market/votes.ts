/**
 * Latches, votes and need (FORMULAS 4.2 "Trigger").
 *
 * A bit of the mask is on while its condition holds and for the jitter buffer B after it last held. Conditions
 * that are levels (spread, imbalance, depth) hold until they are told otherwise; those of the one-second grid
 * hold at the instant the second closes.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import { Indicator } from './messages.js';

const COUNT = 8;
const VOTING = Indicator.VOLATILITY | Indicator.ACCELERATION | Indicator.OBI | Indicator.SPREAD | Indicator.VOLUME_DELTA;

/** Number of set bits among the low five. */
function bits5(m: number): number {
  return (m & 1) + ((m >> 1) & 1) + ((m >> 2) & 1) + ((m >> 3) & 1) + ((m >> 4) & 1);
}

export class Votes {
  private readonly params: IndicatorParams;
  private readonly bufferUs: number;
  /** Exchange time up to which each bit stays on after its condition ended. */
  private readonly untilUs = new Float64Array(COUNT);
  /** Conditions that hold now. */
  private holding = 0;
  /** Indicators that do not abstain now. */
  able = 0;
  mask = 0;
  /** Exchange time of what is being judged; set by the owner. */
  nowUs = 0;
  /** Exchange time after which `refresh` has something to do. */
  expiryUs = Infinity;
  /** A condition changed or a pulse came since the last refresh. */
  dirty = false;

  votes = 0;
  voters = 0;
  need = 0;

  constructor(params: IndicatorParams) {
    this.params = params;
    this.bufferUs = params.jitterBufferMs * 1000;
    this.refresh();
  }

  /** A grid indicator's condition at the second's end, `nowUs`. */
  pulse(index: number, fired: boolean): void {
    if (!fired) return;
    this.untilUs[index] = this.nowUs + this.bufferUs;
    this.dirty = true;
  }

  /** A level condition is true or false at `nowUs`. */
  level(bit: number, index: number, holds: boolean): void {
    if (((this.holding & bit) !== 0) === holds) return;
    if (holds) this.holding |= bit;
    else {
      this.holding &= ~bit;
      this.untilUs[index] = this.nowUs + this.bufferUs;
    }
    this.dirty = true;
  }

  /** Whether the indicator can vote at all. */
  ability(bit: number, able: boolean): void {
    if (((this.able & bit) !== 0) === able) return;
    this.able ^= bit;
    this.dirty = true;
  }

  /** A data gap: every flag is taken back (4.4). Conditions that hold count again when they are next evaluated. */
  unlatch(): void {
    this.untilUs.fill(0);
    this.holding = 0;
    this.dirty = true;
  }

  /** Brings mask, votes and need up to `nowUs`. */
  refresh(): void {
    const atUs = this.nowUs;
    let mask = this.holding;
    let expiry = Infinity;
    for (let i = 0; i < COUNT; i += 1) {
      const until = this.untilUs[i];
      if (until === 0) continue;
      if (atUs <= until) {
        mask |= 1 << i;
        if (until < expiry) expiry = until;
      } else {
        this.untilUs[i] = 0;
      }
    }
    this.mask = mask;
    this.expiryUs = expiry;
    this.dirty = false;
    this.votes = bits5(mask & VOTING);
    this.voters = bits5(this.able & VOTING);
    const of5 = (mask & Indicator.VELOCITY) !== 0 ? this.params.votesNeededInBurst : this.params.votesNeeded;
    const share = Math.ceil((of5 * this.voters) / 5);
    this.need = share > this.params.votesFloor ? share : this.params.votesFloor;
  }
}
