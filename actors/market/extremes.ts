/** Least and greatest value of each indicator, for reports. */
export const EXTREME_NAMES = ['volatilityRatio', 'acceleration', 'obi', 'spreadRatio', 'volumeDeltaZ', 'velocityRatio', 'pattern', 'depthImbalance', 'violentRange', 'latencyMs'] as const;
const COUNT = EXTREME_NAMES.length;
/** Places in EXTREME_NAMES. */
export const Watch = {
  VOLATILITY: 0, ACCELERATION: 1, OBI: 2, SPREAD: 3, VOLUME_DELTA: 4, VELOCITY: 5, PATTERN: 6, DEPTH: 7, VIOLENT_RANGE: 8, LATENCY: 9,
} as const;

export class Extremes {
  /** Of each of EXTREME_NAMES: [min, at, max, at], in exchange time. */
  readonly table = new Float64Array(COUNT * 4);
  /** Values to look at. */
  readonly watched = new Float64Array(COUNT).fill(NaN);
  /** Exchange time of what is looked at, set by the owner. */
  nowUs = 0;

  constructor() {
    for (let i = 0; i < COUNT; i += 1) {
      this.table[i * 4] = Infinity;
      this.table[i * 4 + 2] = -Infinity;
    }
  }

  /** Keeps watched[index] if it is a new least or greatest value. */
  note(index: number): void {
    const value = this.watched[index];
    const at = index * 4;
    if (value < this.table[at]) {
      this.table[at] = value;
      this.table[at + 1] = this.nowUs;
    }
    if (value > this.table[at + 2]) {
      this.table[at + 2] = value;
      this.table[at + 3] = this.nowUs;
    }
  }
}
