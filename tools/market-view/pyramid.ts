/**
 * Pyramids over a column that grows: level 0 has an entry for every 16 values, each further level one for every 4 of the level below.
 * So the least, the greatest and the sum of any stretch, whatever its ends, are found in some 20 + 6·log4(n) steps and are exactly those of the values.
 */
import { doubles, type Column } from './columns.js';

const BASE = 16;
const FACTOR = 4;
/** Entries that are looked at one by one rather than through a coarser level. */
const FEW = 8;

type Values = Float64Array | Float32Array | Int32Array;

/** Least and greatest value, and where. NaN, and 0 where `zeroIsNone`, counts as no value. */
export class Envelope {
  readonly #column: Column<Values>;
  readonly #zeroIsNone: boolean;
  readonly #least: Column<Float64Array>[] = [];
  readonly #greatest: Column<Float64Array>[] = [];
  #taken = 0;

  /** What `find` found: values, and their indices; -1 where there is none. */
  least = NaN;
  greatest = NaN;
  leastAt = -1;
  greatestAt = -1;

  constructor(column: Column<Values>, zeroIsNone = false) {
    this.#column = column;
    this.#zeroIsNone = zeroIsNone;
  }

  get bytes(): number {
    let sum = 0;
    for (const level of this.#least) sum += 2 * level.bytes;
    return sum;
  }

  /** Takes up what the column got since the last time. */
  grow(): void {
    const { length } = this.#column;
    for (; this.#taken + BASE <= length; this.#taken += BASE) {
      let least = Infinity;
      let greatest = -Infinity;
      const { values } = this.#column;
      for (let i = this.#taken; i < this.#taken + BASE; i += 1) {
        const value = values[i];
        if (this.#zeroIsNone && value === 0) continue;
        if (value < least) least = value;
        if (value > greatest) greatest = value;
      }
      this.#add(0, least, greatest);
    }
  }

  /** Looks for the least and the greatest value at [from, to). */
  find(from: number, to: number): void {
    this.grow();
    this.leastAt = -1;
    this.greatestAt = -1;
    this.least = Infinity;
    this.greatest = -Infinity;
    let low = Math.ceil(from / BASE);
    let high = Math.min(Math.floor(to / BASE), this.#taken / BASE);
    if (high - low < 2) {
      this.#scan(from, to);
    } else {
      this.#scan(from, low * BASE);
      this.#scan(high * BASE, to);
      let leastBlock = -1;
      let leastLevel = 0;
      let greatestBlock = -1;
      let greatestLevel = 0;
      const take = (level: number, block: number): void => {
        const least = this.#least[level].values[block];
        const greatest = this.#greatest[level].values[block];
        if (least < this.least) {
          this.least = least;
          leastBlock = block;
          leastLevel = level;
        }
        if (greatest > this.greatest) {
          this.greatest = greatest;
          greatestBlock = block;
          greatestLevel = level;
        }
      };
      for (let level = 0; low < high; level += 1) {
        const above = this.#least[level + 1];
        if (above === undefined || high - low <= FEW) {
          for (let block = low; block < high; block += 1) take(level, block);
          break;
        }
        for (; low < high && low % FACTOR !== 0; low += 1) take(level, low);
        for (; high > low && (high % FACTOR !== 0 || high / FACTOR > above.length); high -= 1) take(level, high - 1);
        low /= FACTOR;
        high /= FACTOR;
      }
      if (leastBlock >= 0) this.leastAt = this.#descend(this.#least, leastLevel, leastBlock, this.least);
      if (greatestBlock >= 0) this.greatestAt = this.#descend(this.#greatest, greatestLevel, greatestBlock, this.greatest);
    }
    if (this.leastAt < 0) this.least = NaN;
    if (this.greatestAt < 0) this.greatest = NaN;
  }

  #add(level: number, least: number, greatest: number): void {
    if (level === this.#least.length) {
      this.#least.push(doubles());
      this.#greatest.push(doubles());
    }
    const leasts = this.#least[level];
    const greatests = this.#greatest[level];
    leasts.push(least);
    greatests.push(greatest);
    if (leasts.length % FACTOR !== 0) return;
    const from = leasts.length - FACTOR;
    let low = Infinity;
    let high = -Infinity;
    for (let i = from; i < leasts.length; i += 1) {
      if (leasts.values[i] < low) low = leasts.values[i];
      if (greatests.values[i] > high) high = greatests.values[i];
    }
    this.#add(level + 1, low, high);
  }

  #scan(from: number, to: number): void {
    const { values } = this.#column;
    for (let i = from; i < to; i += 1) {
      const value = values[i];
      if (this.#zeroIsNone && value === 0) continue;
      if (value < this.least) {
        this.least = value;
        this.leastAt = i;
      }
      if (value > this.greatest) {
        this.greatest = value;
        this.greatestAt = i;
      }
    }
  }

  #descend(levels: readonly Column<Float64Array>[], from: number, at: number, value: number): number {
    let block = at;
    for (let level = from; level > 0; level -= 1) {
      block *= FACTOR;
      while (levels[level - 1].values[block] !== value) block += 1;
    }
    let index = block * BASE;
    while (this.#column.values[index] !== value) index += 1;
    return index;
  }
}

/**
 * Sums of stretches of a column of whole numbers, of those of one sign, as magnitudes: exact as long as the stretch's own sum is
 * below 2^53, whatever lies outside it.
 */
export class Sums {
  readonly #column: Column<Float64Array>;
  readonly #sign: 1 | -1;
  readonly #levels: Column<Float64Array>[] = [];
  #taken = 0;

  constructor(column: Column<Float64Array>, sign: 1 | -1) {
    this.#column = column;
    this.#sign = sign;
  }

  get bytes(): number {
    let sum = 0;
    for (const level of this.#levels) sum += level.bytes;
    return sum;
  }

  grow(): void {
    const { length } = this.#column;
    for (; this.#taken + BASE <= length; this.#taken += BASE) this.#add(0, this.#raw(this.#taken, this.#taken + BASE));
  }

  /** The sum of the magnitudes at [from, to). */
  sum(from: number, to: number): number {
    this.grow();
    let low = Math.ceil(from / BASE);
    let high = Math.min(Math.floor(to / BASE), this.#taken / BASE);
    if (high - low < 2) return this.#raw(from, to);
    let sum = this.#raw(from, low * BASE) + this.#raw(high * BASE, to);
    for (let level = 0; low < high; level += 1) {
      const above = this.#levels[level + 1];
      if (above === undefined || high - low <= FEW) return sum + this.#scan(this.#levels[level], low, high);
      for (; low < high && low % FACTOR !== 0; low += 1) sum += this.#levels[level].values[low];
      for (; high > low && (high % FACTOR !== 0 || high / FACTOR > above.length); high -= 1) sum += this.#levels[level].values[high - 1];
      low /= FACTOR;
      high /= FACTOR;
    }
    return sum;
  }

  #add(level: number, value: number): void {
    if (level === this.#levels.length) this.#levels.push(doubles());
    const column = this.#levels[level];
    column.push(value);
    if (column.length % FACTOR === 0) this.#add(level + 1, this.#scan(column, column.length - FACTOR, column.length));
  }

  #scan({ values }: Column<Float64Array>, from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i += 1) sum += values[i];
    return sum;
  }

  #raw(from: number, to: number): number {
    const { values } = this.#column;
    let sum = 0;
    for (let i = from; i < to; i += 1) {
      const value = values[i] * this.#sign;
      if (value > 0) sum += value;
    }
    return sum;
  }
}
