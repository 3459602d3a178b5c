/**
 * The book over time: lots resting by time and price. A column is the book as it stood when its time began; coarser levels hold means of the columns
 * within four times the time. Prices are cut into bins at four resolutions, each a window around the mid. Memory is bounded: when the
 * finest level is full it goes, and the next one is the finest.
 */
import type { Book } from '../../actors/market/book.js';
import type { BookSide } from '../../actors/market/book-side.js';
import { bytes, doubles, ints, lowerBound, type Column } from './columns.js';

/** Bins of a column, and resolutions of price: each has bins four times as high as the one before. */
export const HEAT_BINS = 192;
export const HEAT_RESOLUTIONS = 4;
const CELLS = HEAT_BINS * HEAT_RESOLUTIONS;
const FACTOR = 4;
/** The share of the price that the finest window is to cover. */
const FINEST_SHARE = 0.002;
/** Prices of a side that a column looks at. */
const MOST_PRICES = 2048;

/** A byte for lots: c stands for 2^(c/4) - 1, so a cell is right to some 9 %. */
export function heatCode(lots: number): number {
  return lots > 0 ? Math.min(255, Math.max(1, Math.round(4 * Math.log2(1 + lots)))) : 0;
}

const LOTS = Float64Array.from({ length: 256 }, (_, code) => 2 ** (code / 4) - 1);

export function heatLots(code: number): number {
  return LOTS[code];
}

interface Level {
  readonly times: Column<Float64Array>;
  /** The first tick of the lowest bin of each column and resolution. */
  readonly lows: Column<Int32Array>;
  readonly cells: Column<Uint8Array>;
}

const emptyLevel = (): Level => ({ times: doubles(), lows: ints(), cells: bytes() });

export interface HeatGrid {
  readonly columns: number;
  readonly rows: number;
  readonly lowTicks: number;
  readonly binTicks: number;
  readonly stepUs: number;
  readonly times: Float64Array;
  readonly cells: Uint8Array;
  /** The greatest code. */
  readonly most: number;
}

export class HeatMap {
  readonly #capacity: number;
  #stepUs: number;
  #levels: Level[] = [emptyLevel()];
  /** Ticks of a bin of the finest resolution; 0 before the first column. */
  #binTicks = 0;
  readonly #sums = new Float64Array(CELLS);
  readonly #lows = new Int32Array(HEAT_RESOLUTIONS);

  /** `capacity`: most columns of a level. */
  constructor(capacity: number, stepUs: number) {
    this.#capacity = capacity;
    this.#stepUs = stepUs;
  }

  get stepUs(): number {
    return this.#stepUs;
  }

  get bytes(): number {
    let sum = 0;
    for (const { times, lows, cells } of this.#levels) sum += times.bytes + lows.bytes + cells.bytes;
    return sum;
  }

  /** Takes the book as it stands at `us`, a multiple of `stepUs` or the first moment after one at which it is known. */
  take({ bids, asks }: Book, us: number): void {
    if (bids.best === bids.none || asks.best === asks.none) return;
    const mid = (bids.best + asks.best) / 2;
    if (this.#binTicks === 0) this.#binTicks = 2 ** Math.max(0, Math.round(Math.log2((mid * FINEST_SHARE) / HEAT_BINS)));
    this.#sums.fill(0);
    for (let r = 0; r < HEAT_RESOLUTIONS; r += 1) {
      const bin = this.#binTicks * FACTOR ** r;
      this.#lows[r] = (Math.floor(mid / bin) - HEAT_BINS / 2) * bin;
    }
    this.#read(bids);
    this.#read(asks);
    const finest = this.#levels[0];
    finest.times.push(us);
    for (let r = 0; r < HEAT_RESOLUTIONS; r += 1) finest.lows.push(this.#lows[r]);
    for (let c = 0; c < CELLS; c += 1) finest.cells.push(heatCode(this.#sums[c]));
    this.#carry(0);
    if (finest.times.length < this.#capacity) return;
    this.#levels.shift();
    if (this.#levels.length === 0) this.#levels.push(emptyLevel());
    this.#stepUs *= FACTOR;
  }

  /**
   * The map of [fromUs, toUs) between two prices, in at most `columns` columns and `rows` rows: the finest levels that fit, columns
   * of one pixel put together as the greatest of each cell. Undefined where nothing is known.
   */
  grid(fromUs: number, toUs: number, lowTicks: number, highTicks: number, columns: number, rows: number): HeatGrid | undefined {
    if (this.#binTicks === 0 || !(highTicks > lowTicks)) return undefined;
    const stepOf = (level: number): number => this.#stepUs * FACTOR ** level;
    let chosen = 0;
    while (chosen + 1 < this.#levels.length && (toUs - fromUs) / stepOf(chosen) > columns && this.#levels[chosen + 1].times.length > 0) chosen += 1;
    const level = this.#levels[chosen];
    // What began before the span still stands in it.
    const first = Math.max(0, lowerBound(level.times, fromUs) - 1);
    const end = lowerBound(level.times, toUs);
    if (end <= first) return undefined;
    let resolution = 0;
    while (resolution + 1 < HEAT_RESOLUTIONS && (highTicks - lowTicks) / (this.#binTicks * FACTOR ** resolution) > rows) resolution += 1;
    const bin = this.#binTicks * FACTOR ** resolution;
    const low = Math.floor(lowTicks / bin);
    const count = Math.min(rows, Math.floor(highTicks / bin) - low + 1);
    const most = Math.max(1, Math.min(columns, end - first));
    const share = (end - first) / most;
    const cells = new Uint8Array(most * count);
    const times = new Float64Array(most);
    let greatest = 0;
    for (let column = 0; column < most; column += 1) {
      const from = first + Math.floor(column * share);
      const to = first + Math.max(Math.floor(column * share) + 1, Math.floor((column + 1) * share));
      times[column] = level.times.values[from];
      for (let at = from; at < to; at += 1) {
        const shift = level.lows.values[at * HEAT_RESOLUTIONS + resolution] / bin - low;
        const begin = at * CELLS + resolution * HEAT_BINS;
        for (let b = Math.max(0, -shift); b < HEAT_BINS && b + shift < count; b += 1) {
          const code = level.cells.values[begin + b];
          const cell = column * count + b + shift;
          if (code <= cells[cell]) continue;
          cells[cell] = code;
          if (code > greatest) greatest = code;
        }
      }
    }
    return { columns: most, rows: count, lowTicks: low * bin, binTicks: bin, stepUs: stepOf(chosen) * Math.max(1, share), times, cells, most: greatest };
  }

  #read(side: BookSide): void {
    const lows = this.#lows;
    const sums = this.#sums;
    const finest = 31 - Math.clz32(this.#binTicks);
    const coarsest = HEAT_RESOLUTIONS - 1;
    // What lies beyond the book's window is found slowly, and far from where anybody looks.
    const low = Math.max(lows[coarsest], side.base);
    const high = Math.min(lows[coarsest] + HEAT_BINS * this.#binTicks * FACTOR ** coarsest, side.base + side.size);
    let price = side.best;
    for (let n = 0; n < MOST_PRICES && price !== side.none && price >= low && price < high; n += 1) {
      const lots = side.lotsAt(price);
      for (let r = 0; r < HEAT_RESOLUTIONS; r += 1) {
        const b = (price - lows[r]) >> (finest + 2 * r);
        if (b >= 0 && b < HEAT_BINS) sums[r * HEAT_BINS + b] += lots;
      }
      price = side.nextWorse(price);
    }
  }

  /** Makes a column of the next level of those of level `at` whose time is over. */
  #carry(at: number): void {
    const level = this.#levels[at];
    const step = this.#stepUs * FACTOR ** (at + 1);
    const { times, lows, cells } = level;
    const last = times.length - 1;
    if (last < 1) return;
    const time = times.values[last - 1];
    const bucket = Math.floor(time / step);
    if (Math.floor(times.values[last] / step) === bucket) return;
    let from = last - 1;
    while (from > 0 && Math.floor(times.values[from - 1] / step) === bucket) from -= 1;
    const above = (this.#levels[at + 1] ??= emptyLevel());
    const place = last - 1;
    const sums = new Float64Array(CELLS);
    for (let column = from; column < last; column += 1) {
      for (let r = 0, bin = this.#binTicks; r < HEAT_RESOLUTIONS; r += 1, bin *= FACTOR) {
        const shift = (lows.values[column * HEAT_RESOLUTIONS + r] - lows.values[place * HEAT_RESOLUTIONS + r]) / bin;
        for (let b = Math.max(0, -shift); b < HEAT_BINS && b + shift < HEAT_BINS; b += 1) sums[r * HEAT_BINS + b + shift] += heatLots(cells.values[column * CELLS + r * HEAT_BINS + b]);
      }
    }
    above.times.push(times.values[from]);
    for (let r = 0; r < HEAT_RESOLUTIONS; r += 1) above.lows.push(lows.values[place * HEAT_RESOLUTIONS + r]);
    for (let c = 0; c < CELLS; c += 1) above.cells.push(heatCode(sums[c] / (last - from)));
    this.#carry(at + 1);
  }
}
