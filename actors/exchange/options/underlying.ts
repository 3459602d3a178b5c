import { VolatilitySurface } from './surface.js';
import type { UnderlyingTerms } from './terms.js';

/** The settlement price is the mean of the index over the half hour before expiry, sampled every second. */
const SETTLEMENT_SAMPLES = 1800;

/** Everything on one underlying. */
export class Underlying {
  readonly terms: UnderlyingTerms;
  readonly surface: VolatilitySurface;
  index: number;
  /** The last half hour, one a second. */
  readonly samples: number[] = [];

  constructor(terms: UnderlyingTerms, index: number) {
    this.terms = terms;
    this.index = index;
    this.surface = new VolatilitySurface(terms.base);
  }

  /** Every second. */
  sample(nowUs: number): void {
    this.samples.push(this.index);
    if (this.samples.length > SETTLEMENT_SAMPLES) this.samples.shift();
    this.surface.observe(this.index, nowUs);
  }

  get settlement(): number {
    if (this.samples.length === 0) return this.index;
    return this.samples.reduce((sum, sample) => sum + sample, 0) / this.samples.length;
  }
}
