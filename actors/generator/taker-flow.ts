import { exp } from '../math/elementary.js';
import { ASK, BID, type Side } from '../exchange/book/index.js';
import type { Prng } from './prng.js';

const FAST_DECAY = 60;
const FAST_BRANCHING = 0.35;
const SLOW_DECAY = 0.25;
const SLOW_BRANCHING = 0.4;
/** Parents worked at the same time: the fewer, the stronger the autocorrelation of signs. */
const PARENTS = 5;
const PARENT_TAIL = 1.25;
const LOOSE_SHARE = 0.25;

/**
 * Market orders of traders without inside knowledge. Arrivals excite further arrivals (a Hawkes process with two
 * exponential kernels, milliseconds and seconds; Bacry, Mastromatteo, Muzy 2015). Signs come from large parent
 * orders split into children whose number is Pareto distributed, which makes the autocorrelation of signs decay
 * slowly (Lillo, Mike, Farmer 2005).
 */
export class TakerFlow {
  readonly #rng: Prng;
  #base: number;
  #fast = 0;
  #slow = 0;
  readonly #parentSide = new Uint8Array(PARENTS);
  readonly #parentLeft = new Int32Array(PARENTS);

  /** `ordersPerSecond`: long-run mean at activity 1, offspring included. */
  constructor(rng: Prng, ordersPerSecond: number) {
    this.#rng = rng;
    this.#base = ordersPerSecond * (1 - FAST_BRANCHING - SLOW_BRANCHING);
    this.#slow = (ordersPerSecond * SLOW_BRANCHING) / 1;
  }

  changeRate(ordersPerSecond: number): void {
    this.#base = ordersPerSecond * (1 - FAST_BRANCHING - SLOW_BRANCHING);
  }

  /** Arrivals per second now; `activity` scales the exogenous part. */
  rate(activity: number): number {
    return this.#base * activity + this.#fast + this.#slow;
  }

  decay(seconds: number): void {
    this.#fast *= exp(-FAST_DECAY * seconds);
    this.#slow *= exp(-SLOW_DECAY * seconds);
  }

  /** Books an arrival and answers the side of its order. `lean` tilts loose traders, -1 … 1. */
  arrive(lean: number): Side {
    this.#fast += FAST_BRANCHING * FAST_DECAY;
    this.#slow += SLOW_BRANCHING * SLOW_DECAY;
    const rng = this.#rng;
    if (rng.uniform() < LOOSE_SHARE) return rng.uniform() < 0.5 + 0.2 * lean ? BID : ASK;
    const parent = rng.below(PARENTS);
    if (this.#parentLeft[parent]! <= 0) {
      this.#parentLeft[parent] = Math.floor(Math.min(2000, 2 * rng.pareto(PARENT_TAIL)));
      this.#parentSide[parent] = rng.uniform() < 0.5 ? BID : ASK;
    }
    this.#parentLeft[parent]! -= 1;
    return this.#parentSide[parent] as Side;
  }
}
