/**
 * The volatility at which the market makers, and with them the mark price, value an option: a level that follows
 * the realised volatility of the index, a term structure that pulls far expiries to a long-run mean, and a smile
 * in standardised moneyness k = ln(K/F) / (sigma sqrt T). Not fitted to any venue; shaped like one.
 */
import { exp, log } from '../../math/elementary.js';

export interface SurfaceShape {
  /** Long-run volatility per year, and where the level starts. */
  readonly longRun: number;
  /** Slope of the smile per standard deviation (negative: puts dear) and its curvature. */
  readonly skew: number;
  readonly curvature: number;
}

export const SURFACES: Readonly<Record<string, SurfaceShape>> = {
  BTC: { longRun: 0.52, skew: -0.025, curvature: 0.018 },
  ETH: { longRun: 0.68, skew: -0.02, curvature: 0.02 },
};
const DEFAULT_SURFACE: SurfaceShape = { longRun: 0.8, skew: -0.02, curvature: 0.02 };

const YEAR_US = 365 * 86_400e6;
/** Memory of the realised variance, and half-way point of the term structure in years. */
const REALISED_MEMORY_US = 3600e6;
const TERM_YEARS = 0.25;
const LOWEST = 0.15;
const HIGHEST = 3;

/** Sampled with the index of one underlying; answers volatilities for its strikes and expiries. */
export class VolatilitySurface {
  readonly #shape: SurfaceShape;
  #variance: number;
  #lastPrice = 0;
  #lastUs = 0;

  constructor(base: string) {
    this.#shape = SURFACES[base] ?? DEFAULT_SURFACE;
    this.#variance = this.#shape.longRun * this.#shape.longRun;
  }

  /** Takes note of an index price; samples closer than a second are noise of the book and are skipped. */
  observe(price: number, nowUs: number): void {
    if (this.#lastPrice > 0) {
      const elapsed = nowUs - this.#lastUs;
      if (elapsed < 1e6) return;
      const move = log(price / this.#lastPrice);
      const yearly = Math.min(HIGHEST * HIGHEST, (move * move * YEAR_US) / elapsed);
      this.#variance += (yearly - this.#variance) * (1 - exp(-elapsed / REALISED_MEMORY_US));
    }
    this.#lastPrice = price;
    this.#lastUs = nowUs;
  }

  /** Volatility per year of one strike. */
  volatility(forward: number, strike: number, years: number): number {
    const { longRun, skew, curvature } = this.#shape;
    const near = Math.sqrt(this.#variance);
    // Half of the realised level is believed: makers quote a premium when it is low and a discount when it is wild.
    const level = longRun + 0.5 * (near - longRun) * exp(-years / TERM_YEARS);
    const k = log(strike / forward) / (level * Math.sqrt(Math.max(years, 1e-5)));
    const bounded = Math.max(-4, Math.min(4, k));
    return Math.max(LOWEST, Math.min(HIGHEST, level * (1 + skew * bounded + curvature * bounded * bounded)));
  }
}
