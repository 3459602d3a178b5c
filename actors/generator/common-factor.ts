import { exp } from '../math/elementary.js';
import type { Prng } from './prng.js';

const STEP_US = 50_000;
const STEP_SECONDS = 0.05;
const SLOW_SECONDS = 150;
const FAST_SECONDS = 7;
/** Mean size of a jump in one-second volatilities. */
const JUMP_SIZE = 7;
const SLOW_SD = 0.5;
const FAST_SD = 0.5;
/** Makes the mean multiplier 1. */
const HALF_VARIANCE = (SLOW_SD * SLOW_SD + FAST_SD * FAST_SD) / 2;

/**
 * What all symbols share: a standard random walk (the market factor) and a volatility multiplier whose logarithm
 * is the sum of a slow and a fast Ornstein-Uhlenbeck process. The two time scales give the slowly decaying
 * autocorrelation of absolute returns that real markets show.
 */
export class CommonFactor {
  /** Random walk with unit variance per second, already scaled by the volatility multiplier. */
  level = 0;
  /** Volatility now over its long-run mean. */
  volatility = 1;
  readonly #rng: Prng;
  readonly #jumpChance: number;
  #slow: number;
  #fast: number;
  #nextUs: number;

  constructor(rng: Prng, startUs: number, jumpEverySeconds: number) {
    this.#rng = rng;
    this.#jumpChance = STEP_SECONDS / jumpEverySeconds;
    this.#slow = SLOW_SD * 0.4 * rng.normal();
    this.#fast = FAST_SD * rng.normal();
    this.#nextUs = startUs;
  }

  advanceTo(us: number): void {
    const rng = this.#rng;
    while (this.#nextUs <= us) {
      this.#slow += (-STEP_SECONDS / SLOW_SECONDS) * this.#slow + SLOW_SD * Math.sqrt((2 * STEP_SECONDS) / SLOW_SECONDS) * rng.normal();
      this.#fast += (-STEP_SECONDS / FAST_SECONDS) * this.#fast + FAST_SD * Math.sqrt((2 * STEP_SECONDS) / FAST_SECONDS) * rng.normal();
      this.volatility = exp(this.#slow + this.#fast - HALF_VARIANCE);
      this.level += this.volatility * Math.sqrt(STEP_SECONDS) * rng.normal();
      if (rng.uniform() < this.#jumpChance) this.level += rng.exponential(JUMP_SIZE) * (rng.uniform() < 0.5 ? 1 : -1);
      this.#nextUs += STEP_US;
    }
  }
}
