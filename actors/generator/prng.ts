import { exp, log } from '../math/elementary.js';

/**
 * Seeded random numbers for the market generator: sfc32 (Chris Doty-Humphrey, PractRand), on 32-bit integers
 * only, so every machine draws the same sequence. `stream` separates agents of one seed: adding a draw to one
 * leaves the others alone.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare = 0;
  #hasSpare = false;

  constructor(seed: number, stream: number) {
    // splitmix32 spreads neighbouring seeds and streams over the whole state.
    let state = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) | 0;
    const mix = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = mix();
    this.#b = mix();
    // A seed has 53 bits; the high ones join here.
    this.#c = mix() ^ Math.floor(seed / 4294967296);
    for (let i = 0; i < 16; i++) this.next();
  }

  /** 32 random bits, signed. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t | 0;
    return t;
  }

  /** Uniform in the open interval (0, 1). */
  uniform(): number {
    return ((this.next() >>> 0) + 0.5) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Integer 0 … n-1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Exponential with the given mean. */
  exponential(mean: number): number {
    return -mean * log(this.uniform());
  }

  /** Standard normal by Marsaglia's polar method (no trigonometry, whose last bit differs between engines). */
  normal(): number {
    if (this.#hasSpare) {
      this.#hasSpare = false;
      return this.#spare;
    }
    let x = 0;
    let y = 0;
    let s = 0;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      s = x * x + y * y;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * log(s)) / s);
    this.#spare = y * scale;
    this.#hasSpare = true;
    return x * scale;
  }

  /** Log-normal with the given median and standard deviation of the logarithm. */
  logNormal(median: number, sigma: number): number {
    return median * exp(sigma * this.normal());
  }

  /** Pareto with minimum 1 and tail index alpha. */
  pareto(alpha: number): number {
    return exp(-log(this.uniform()) / alpha);
  }
}
