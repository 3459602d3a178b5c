/**
 * Walls and suspected spoofs of one side (FORMULAS 4.2.8), on samples of the top levels.
 *
 * A wall is a level whose notional exceeds `wallMultiple` times the median level of its side. Up to four walls
 * are followed: if within `spoofWithinMs` one loses `spoofLossShare` of the most it had, and trades at its price
 * explain less than `spoofTradedShare` of the loss, it was a suspected spoof.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import type { BookSide } from './book-side.js';
import { medianInPlace } from './windows.js';

const SLOTS = 4;

export class Walls {
  private readonly params: IndicatorParams;
  private readonly perTick: number;
  private readonly flat: number;
  /** Samples that fit in the spoof window. */
  private readonly depth: number;
  private readonly scratch: Float64Array;
  private readonly worth: Float64Array;
  private readonly price = new Int32Array(SLOTS);
  /** Time, lots and cumulated trades of each followed wall, one ring a slot. */
  private readonly times: Float64Array;
  private readonly lots: Float64Array;
  private readonly traded: Float64Array;
  private readonly tradedNow = new Float64Array(SLOTS);
  private readonly samples = new Int32Array(SLOTS);
  /** Sample at which the level was last a wall. */
  private readonly lastWall = new Int32Array(SLOTS);
  /** Exchange time of the sample, set by the owner before `sample`. */
  nowUs = 0;
  followed = 0;
  /** Lowest and highest price followed; low > high when none is. */
  low = 1;
  high = 0;
  /** A wall stands on this side; a spoof was seen in this sample. */
  wall = false;
  spoof = false;
  spoofs = 0;

  constructor(params: IndicatorParams, levels: number, perTick: number, flat: number) {
    this.params = params;
    this.perTick = perTick;
    this.flat = flat;
    this.depth = Math.floor(params.spoofWithinMs / params.wallSampleMs) + 1;
    this.scratch = new Float64Array(levels);
    this.worth = new Float64Array(levels);
    this.times = new Float64Array(SLOTS * this.depth);
    this.lots = new Float64Array(SLOTS * this.depth);
    this.traded = new Float64Array(SLOTS * this.depth);
  }

  clear(): void {
    this.price.fill(0);
    this.followed = 0;
    this.low = 1;
    this.high = 0;
    this.wall = false;
    this.spoof = false;
  }

  /** A trade at `price`, between low and high, of F[at] lots. */
  trade(price: number, F: Float64Array, at: number): void {
    for (let s = 0; s < SLOTS; s += 1) if (this.price[s] === price) this.tradedNow[s] += F[at];
  }

  /** Looks for walls among the top levels of the side. */
  sample(side: BookSide): void {
    const { worth, scratch, perTick, flat } = this;
    this.wall = false;
    this.spoof = false;
    if (this.followed > 0) this.follow(side);
    side.readTop();
    const n = side.topCount;
    for (let i = 0; i < n; i += 1) {
      const value = side.topLots[i] * (side.topPrices[i] * perTick + flat);
      worth[i] = value;
      scratch[i] = value;
    }
    const limit = this.params.wallMultiple * medianInPlace(scratch, n);
    for (let i = 0; i < n; i += 1) {
      if (worth[i] <= limit) continue;
      this.wall = true;
      this.begin(side, i);
    }
    this.low = 1;
    this.high = 0;
    for (let s = 0; s < SLOTS; s += 1) {
      const price = this.price[s];
      if (price === 0) continue;
      if (this.high === 0 || price < this.low) this.low = price;
      if (price > this.high) this.high = price;
    }
  }

  private begin(side: BookSide, level: number): void {
    const price = side.topPrices[level];
    let free = -1;
    for (let s = 0; s < SLOTS; s += 1) {
      if (this.price[s] === price) {
        this.lastWall[s] = this.samples[s];
        return;
      }
      if (this.price[s] === 0 && free < 0) free = s;
    }
    if (free < 0) return;
    this.price[free] = price;
    this.times[free * this.depth] = this.nowUs;
    this.lots[free * this.depth] = side.topLots[level];
    this.traded[free * this.depth] = 0;
    this.tradedNow[free] = 0;
    this.samples[free] = 1;
    this.lastWall[free] = 1;
    this.followed += 1;
  }

  private follow(side: BookSide): void {
    const { depth, params } = this;
    const since = this.nowUs - params.spoofWithinMs * 1000;
    for (let s = 0; s < SLOTS; s += 1) {
      const price = this.price[s];
      if (price === 0) continue;
      const now = side.lotsAt(price);
      const from = s * depth;
      const held = this.samples[s] < depth ? this.samples[s] : depth;
      let most = 0;
      let tradedThen = 0;
      for (let i = 0; i < held; i += 1) {
        // Of equal sizes the latest counts: what traded before it does not explain the loss.
        if (this.times[from + i] < since || this.lots[from + i] < most
          || (this.lots[from + i] === most && this.traded[from + i] <= tradedThen)) continue;
        most = this.lots[from + i];
        tradedThen = this.traded[from + i];
      }
      const lost = most - now;
      if (most > 0 && lost >= params.spoofLossShare * most) {
        if (this.tradedNow[s] - tradedThen < params.spoofTradedShare * lost) {
          this.spoof = true;
          this.spoofs += 1;
        }
        this.price[s] = 0;
        this.followed -= 1;
        continue;
      }
      const at = from + (this.samples[s] % depth);
      this.times[at] = this.nowUs;
      this.lots[at] = now;
      this.traded[at] = this.tradedNow[s];
      this.samples[s] += 1;
      // No wall for a whole window, or gone before anyone could say why: make room.
      if (now === 0 || this.samples[s] - this.lastWall[s] > depth) {
        this.price[s] = 0;
        this.followed -= 1;
      }
    }
  }
}
