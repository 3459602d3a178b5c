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

  constructor() {
    for (let i = 0; i < COUNT; i += 1) {
      this.table[i * 4] = Infinity;
      this.table[i * 4 + 2] = -Infinity;
    }
  }

  /** watched[index] is a new least or greatest value. */
  exceeds(index: number): boolean {
    const value = this.watched[index];
    return value < this.table[index * 4] || value > this.table[index * 4 + 2];
  }

  /** Keeps watched[index], which `exceeds`, with its exchange time. */
  keep(index: number, atUs: number): void {
    const value = this.watched[index];
    const at = index * 4;
    if (value < this.table[at]) {
      this.table[at] = value;
      this.table[at + 1] = atUs;
    }
    if (value > this.table[at + 2]) {
      this.table[at + 2] = value;
      this.table[at + 3] = atUs;
    }
  }
}
