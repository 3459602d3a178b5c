import { MAX_PRICE_TICKS } from '../records/index.js';
import { decimalText, gcd, powerOfTen, StepSize, type ExactNumber } from './exact-number.js';

const MAX_SCALE = 31;
const MAX_DIGITS = 20;
/** Fewer different values than this prove nothing about a step coarser than the last decimal. */
const ENOUGH_VALUES = 50;

/** What a first pass learns of the values of one kind (prices or quantities of one symbol). */
export class SizeStats {
  values = 0;
  largest = 0;
  #changes = 0;
  #lastUnits = Number.NaN;
  readonly #perScale = new Float64Array(MAX_SCALE);
  /** Values by the number of digits before the point. */
  readonly #perDigits = new Float64Array(MAX_DIGITS);
  readonly #gcdPerScale = new Float64Array(MAX_SCALE);

  add(value: ExactNumber): void {
    if (value.units === 0) return;
    const { scale } = value;
    const units = Math.abs(value.units);
    this.values += 1;
    this.#perScale[scale]! += 1;
    if (units !== this.#lastUnits) {
      this.#changes += 1;
      this.#lastUnits = units;
      if (this.#gcdPerScale[scale] !== 1) this.#gcdPerScale[scale] = gcd(this.#gcdPerScale[scale]!, units);
    }
    const size = Math.abs(value.toNumber());
    if (size > this.largest) this.largest = size;
    let digits = 0;
    for (let power = 1; size >= power && digits < MAX_DIGITS - 1; power *= 10) digits += 1;
    this.#perDigits[digits]! += 1;
  }

  /** The scale, at most `finest`, at which most values are exact and within `maxCount` steps; the finest of equals. */
  #widest(finest: number, maxCount: number): number {
    if (this.largest * powerOfTen(finest) <= maxCount) return finest;
    const countDigits = Math.floor(Math.log10(maxCount));
    let best = 0;
    let bestLost = Number.POSITIVE_INFINITY;
    let finer = 0;
    for (let scale = finest; scale >= 0; scale -= 1) {
      let lost = finer;
      if (this.largest * powerOfTen(scale) > maxCount) for (let digits = Math.max(0, countDigits - scale + 1); digits < MAX_DIGITS; digits += 1) lost += this.#perDigits[digits]!;
      if (lost < bestLost) {
        best = scale;
        bestLost = lost;
      }
      finer += this.#perScale[scale]!;
    }
    return best;
  }

  absorb(other: SizeStats): void {
    this.values += other.values;
    this.#changes += other.#changes;
    this.largest = Math.max(this.largest, other.largest);
    for (let digits = 0; digits < MAX_DIGITS; digits += 1) this.#perDigits[digits]! += other.#perDigits[digits]!;
    for (let scale = 0; scale < MAX_SCALE; scale += 1) {
      this.#perScale[scale]! += other.#perScale[scale]!;
      this.#gcdPerScale[scale] = gcd(this.#gcdPerScale[scale]!, other.#gcdPerScale[scale]!);
    }
  }

  /** Every value is a whole multiple of `step`. */
  fits(step: StepSize): boolean {
    for (let scale = 0; scale < MAX_SCALE; scale += 1) {
      if (this.#perScale[scale] === 0) continue;
      if (scale > step.scale) return false;
      if (step.units > 1 && (this.#gcdPerScale[scale]! * powerOfTen(step.scale - scale)) % step.units !== 0) return false;
    }
    return true;
  }

  /**
   * The largest step of the forms 1, 2, 5 and 25 times a power of ten that every value is a multiple of, no finer than
   * `maxCount` of them reach the largest value (what does not sit on it then is a bad row). With few different values
   * only the last decimal counts. `tolerance` is the share of values that may be finer than the step (noise of floats
   * in summed volumes).
   */
  step(maxCount: number, maxScale = 18, tolerance = 0): string {
    let scale = 0;
    let finer = 0;
    for (let k = MAX_SCALE - 1; k > 0; k -= 1) {
      finer += this.#perScale[k]!;
      if (finer > this.values * tolerance) {
        scale = k;
        break;
      }
    }
    const finest = Math.min(scale, maxScale);
    scale = this.#widest(finest, maxCount);
    if (this.#changes < ENOUGH_VALUES || tolerance > 0 || scale < finest) return decimalText(1, scale);
    let common = 0;
    for (let k = 0; k <= scale; k += 1) {
      const lifted = this.#gcdPerScale[k]! * powerOfTen(scale - k);
      if (lifted > 0) common = gcd(common, lifted);
    }
    return decimalText(roundFactor(common), scale);
  }
}

/** The largest of 1, 2, 5, 25 × 10^k that divides `common`. */
function roundFactor(common: number): number {
  let power = 1;
  while (common > 0 && common % (power * 10) === 0 && power < 1e9) power *= 10;
  for (const factor of [25, 5, 2]) if (common > 0 && common % (power * factor) === 0) return power * factor;
  return power;
}

/** Statistics of one symbol over the first pass. */
export class SymbolStats {
  readonly price = new SizeStats();
  readonly quantity = new SizeStats();
  /** Volumes of bars and depths of bands: sums, with the noise of whoever summed them. */
  readonly volume = new SizeStats();
  records = 0;

  absorb(other: SymbolStats): void {
    this.price.absorb(other.price);
    this.quantity.absorb(other.quantity);
    this.volume.absorb(other.volume);
    this.records += other.records;
  }

  tickSize(): string {
    return this.price.values === 0 ? '0.01' : this.price.step(MAX_PRICE_TICKS);
  }

  lotSize(): string {
    if (this.quantity.values > 0) return this.quantity.step(Number.MAX_SAFE_INTEGER / 1024);
    return this.volume.values === 0 ? '1' : this.volume.step(Number.MAX_SAFE_INTEGER / 1024, 8, 0.001);
  }

  lotSizeFits(step: StepSize): boolean {
    return this.quantity.values > 0 ? this.quantity.fits(step) : true;
  }
}
