import { keepNewest } from '../recent.js';

const MINUTE_MS = 60_000;
/** A week of minutes. */
const MOST_BARS = 10_080;

export interface Bar {
  readonly startMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  /** In units of the base, and in quote money. */
  volume: number;
  cost: number;
  /** Of `volume`, what takers bought. */
  takerVolume: number;
  takerCost: number;
  trades: number;
}

/** Minute bars of trades, from which every coarser resolution is put together; minutes without trades have none. */
export class Bars {
  readonly minutes: Bar[] = [];

  add(atMs: number, price: number, volume: number, cost: number, takerVolume = 0): void {
    const one = { high: price, low: price, close: price, volume, cost, takerVolume, takerCost: volume === 0 ? 0 : (cost * takerVolume) / volume, trades: 1 };
    const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const last = this.minutes.at(-1);
    if (last === undefined || last.startMs < startMs) {
      this.minutes.push({ startMs, open: price, ...one });
      keepNewest(this.minutes, MOST_BARS / 2);
    } else merge(last, one);
  }

  /** Bars of `widthMs` that start in [fromMs, toMs], ascending; a bar without trades repeats the close before it. */
  between(fromMs: number, toMs: number, widthMs: number, most: number): Bar[] {
    const bars: Bar[] = [];
    for (const minute of this.minutes) {
      const startMs = Math.floor(minute.startMs / widthMs) * widthMs;
      const last = bars.at(-1);
      if (last !== undefined && last.startMs === startMs) {
        merge(last, minute);
        continue;
      }
      for (let gap = last === undefined ? startMs : last.startMs + widthMs; last !== undefined && gap < startMs && bars.length < most * 2; gap += widthMs) {
        bars.push({ startMs: gap, open: last.close, high: last.close, low: last.close, close: last.close, volume: 0, cost: 0, takerVolume: 0, takerCost: 0, trades: 0 });
      }
      bars.push({ ...minute, startMs });
    }
    const inside = bars.filter(({ startMs }) => startMs >= Math.floor(fromMs / widthMs) * widthMs && startMs <= toMs);
    return inside.length > most ? inside.slice(-most) : inside;
  }

  /** Everything since `fromMs` as one bar; undefined without trades. */
  since(fromMs: number): Bar | undefined {
    let sum: Bar | undefined;
    for (let at = this.minutes.length - 1; at >= 0 && this.minutes[at]!.startMs >= fromMs; at--) {
      const minute = this.minutes[at]!;
      if (sum === undefined) sum = { ...minute };
      else {
        const { close } = sum;
        merge(sum, minute);
        sum.open = minute.open;
        sum.close = close;
      }
    }
    return sum;
  }
}

function merge(bar: Bar, next: Omit<Bar, 'startMs' | 'open'>): void {
  if (next.high > bar.high) bar.high = next.high;
  if (next.low < bar.low) bar.low = next.low;
  bar.close = next.close;
  bar.volume += next.volume;
  bar.cost += next.cost;
  bar.takerVolume += next.takerVolume;
  bar.takerCost += next.takerCost;
  bar.trades += next.trades;
}
