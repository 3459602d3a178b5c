import { nextOpen, openOf, type Interval } from './calendar.js';

/** One candle. Prices in ticks, volumes in lots and in ticks × lots; `takerBuy…` is the part that buyers took. */
export interface Kline {
  openUs: number;
  /** Last microsecond of it. */
  closeUs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  lots: number;
  tickLots: number;
  trades: number;
  takerBuyLots: number;
  takerBuyTickLots: number;
  /** -1 = no trade. */
  firstTradeId: number;
  lastTradeId: number;
}

const FIELDS = 13;
/** Room that a series begins with: many never close a candle. */
const FIRST_CANDLES = 8;

/**
 * The candles of one interval: a ring of those that are closed, and the one that is open. A candle without a trade has the last price
 * throughout. Before the first price there are none.
 */
export class KlineSeries {
  readonly interval: Interval;
  /** The open candle; null before the first price. */
  current: Kline | null = null;
  /** Grows with every change of the open candle. */
  version = 0;
  readonly #capacity: number;
  /** Grows to the capacity. */
  #ring: Float64Array;
  /** Closed candles ever; the last `capacity` are kept. */
  #closed = 0;
  /** Candles before the first one, oldest first; made when somebody looks so far back. */
  #past: readonly Readonly<Kline>[] = [];
  #makePast: (() => readonly Readonly<Kline>[]) | null = null;

  constructor(interval: Interval, capacity: number) {
    this.interval = interval;
    this.#capacity = capacity;
    this.#ring = new Float64Array(Math.min(capacity, FIRST_CANDLES) * FIELDS);
  }

  trade(atUs: number, id: number, ticks: number, lots: number, takerBuys: boolean): void {
    this.roll(atUs);
    const kline = (this.current ??= this.#begin(openOf(this.interval, atUs), ticks));
    if (kline.trades === 0) {
      // The first trade of a candle is its open, whatever the last price of the one before was.
      kline.open = kline.high = kline.low = ticks;
    }
    if (kline.firstTradeId < 0) kline.firstTradeId = id;
    if (ticks > kline.high) kline.high = ticks;
    if (ticks < kline.low) kline.low = ticks;
    kline.close = ticks;
    const value = ticks * lots;
    kline.lots += lots;
    kline.tickLots += value;
    kline.trades += 1;
    kline.lastTradeId = id;
    if (takerBuys) {
      kline.takerBuyLots += lots;
      kline.takerBuyTickLots += value;
    }
    this.version += 1;
  }

  /** Shows a price that is no trade: candles of mark and index prices. */
  sample(atUs: number, ticks: number): void {
    this.roll(atUs);
    const kline = (this.current ??= this.#begin(openOf(this.interval, atUs), ticks));
    if (kline.trades === 0) kline.open = kline.high = kline.low = ticks;
    if (ticks > kline.high) kline.high = ticks;
    if (ticks < kline.low) kline.low = ticks;
    kline.close = ticks;
    kline.trades += 1;
    this.version += 1;
  }

  /** Closes the open candle when `nowUs` is past it, and opens those that follow. `onClosed` sees each before the next one opens. */
  roll(nowUs: number, onClosed?: (kline: Readonly<Kline>) => void): void {
    let kline = this.current;
    while (kline !== null && nowUs > kline.closeUs) {
      this.#keep(kline);
      onClosed?.(kline);
      kline = this.current = this.#begin(kline.closeUs + 1, kline.close);
      this.version += 1;
    }
  }

  /**
   * Begins in the candle of `nowUs` at a price, after candles that `makePast` gives when they are asked for. `head` is what the open candle has had
   * already; null = nothing.
   */
  begin(nowUs: number, ticks: number, makePast: () => readonly Readonly<Kline>[], head: Readonly<Kline> | null = null): void {
    this.#makePast = makePast;
    this.current = head === null ? this.#begin(openOf(this.interval, nowUs), ticks) : { ...head };
  }

  /** The candle `back` places before the open one (0 = the open one); undefined when it is not kept. */
  at(back: number): Readonly<Kline> | undefined {
    if (back === 0) return this.current ?? undefined;
    if (back > this.#capacity) return undefined;
    const index = this.#closed - back;
    return index < 0 ? this.earlier().at(index) : this.#read((index % this.#capacity) * FIELDS);
  }

  /** Up to `limit` candles that open in [fromUs, toUs], oldest first: the first ones from `fromUs` when it is given, else the last ones. */
  range(fromUs: number | undefined, toUs: number | undefined, limit: number): Readonly<Kline>[] {
    const found: Readonly<Kline>[] = [];
    const last = Math.min(this.#closed + this.earlier().length, this.#capacity);
    if (fromUs === undefined) {
      for (let back = 0; back <= last && found.length < limit; back++) {
        const kline = this.at(back);
        if (kline === undefined || (toUs !== undefined && kline.openUs > toUs)) continue;
        found.push(kline);
      }
      return found.reverse();
    }
    for (let back = this.#backOf(fromUs, last); back >= 0 && found.length < limit; back--) {
      const kline = this.at(back);
      if (kline === undefined || kline.openUs < fromUs) continue;
      if (toUs !== undefined && kline.openUs > toUs) break;
      found.push(kline);
    }
    return found;
  }

  /** Place of the oldest candle that opens at or after `fromUs`, counted back from the open one. */
  #backOf(fromUs: number, last: number): number {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const kline = this.at(middle);
      if (kline !== undefined && kline.openUs >= fromUs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The past that the series was begun with, oldest first. */
  earlier(): readonly Readonly<Kline>[] {
    if (this.#makePast !== null) {
      this.#past = this.#makePast();
      this.#makePast = null;
    }
    return this.#past;
  }

  #begin(openUs: number, ticks: number): Kline {
    return {
      openUs, closeUs: nextOpen(this.interval, openUs) - 1, open: ticks, high: ticks, low: ticks, close: ticks,
      lots: 0, tickLots: 0, trades: 0, takerBuyLots: 0, takerBuyTickLots: 0, firstTradeId: -1, lastTradeId: -1,
    };
  }

  #keep(kline: Readonly<Kline>): void {
    const at = (this.#closed % this.#capacity) * FIELDS;
    if (at === this.#ring.length) this.#grow();
    const ring = this.#ring;
    ring[at] = kline.openUs;
    ring[at + 1] = kline.closeUs;
    ring[at + 2] = kline.open;
    ring[at + 3] = kline.high;
    ring[at + 4] = kline.low;
    ring[at + 5] = kline.close;
    ring[at + 6] = kline.lots;
    ring[at + 7] = kline.tickLots;
    ring[at + 8] = kline.trades;
    ring[at + 9] = kline.takerBuyLots;
    ring[at + 10] = kline.takerBuyTickLots;
    ring[at + 11] = kline.firstTradeId;
    ring[at + 12] = kline.lastTradeId;
    this.#closed += 1;
  }

  #grow(): void {
    const longer = new Float64Array(Math.min(this.#ring.length * 2, this.#capacity * FIELDS));
    longer.set(this.#ring);
    this.#ring = longer;
  }

  #read(at: number): Readonly<Kline> {
    const ring = this.#ring;
    return {
      openUs: ring[at]!, closeUs: ring[at + 1]!, open: ring[at + 2]!, high: ring[at + 3]!, low: ring[at + 4]!, close: ring[at + 5]!,
      lots: ring[at + 6]!, tickLots: ring[at + 7]!, trades: ring[at + 8]!, takerBuyLots: ring[at + 9]!, takerBuyTickLots: ring[at + 10]!,
      firstTradeId: ring[at + 11]!, lastTradeId: ring[at + 12]!,
    };
  }
}

/** Candles joined to one that opens and closes as told. */
export function joined(klines: readonly Readonly<Kline>[], openUs: number, closeUs: number): Kline {
  const whole: Kline = { ...klines[0]!, openUs, closeUs };
  for (let at = 1; at < klines.length; at++) join(whole, klines[at]!);
  return whole;
}

/** Makes a later candle part of `whole`. */
export function join(whole: Kline, kline: Readonly<Kline>): void {
  if (whole.trades === 0 && kline.trades > 0) {
    whole.open = whole.high = whole.low = kline.open;
  }
  if (kline.high > whole.high) whole.high = kline.high;
  if (kline.low < whole.low) whole.low = kline.low;
  whole.close = kline.close;
  whole.lots += kline.lots;
  whole.tickLots += kline.tickLots;
  whole.trades += kline.trades;
  whole.takerBuyLots += kline.takerBuyLots;
  whole.takerBuyTickLots += kline.takerBuyTickLots;
  if (kline.firstTradeId < 0) return;
  if (whole.firstTradeId < 0) whole.firstTradeId = kline.firstTradeId;
  whole.lastTradeId = kline.lastTradeId;
}
