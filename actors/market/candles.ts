/**
 * One-second candles from trades (exchange time) and their patterns (FORMULAS 4.2.7, 4.5). A second without a
 * trade makes no candle. Prices in ticks, volume in lots.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import { SumWindow } from './windows.js';

const LAST = 5;
/** Seconds of lows and highs remembered: the longest extremum window and the second being closed. */
const RANGE = 64;

export class Candles {
  open = 0;
  high = 0;
  low = 0;
  close = 0;
  /** Lots traded in the running second; 0 trades = no candle. */
  volume = 0;
  trades = 0;

  /** The last five closed candles of the running series, newest at `(closed - 1) % 5`. */
  readonly opens = new Int32Array(LAST);
  readonly highs = new Int32Array(LAST);
  readonly lows = new Int32Array(LAST);
  readonly closes = new Int32Array(LAST);
  readonly volumes = new Float64Array(LAST);
  /** Closed candles of the running series; a long silence begins a new one. */
  closed = 0;
  private lastSecond = -1;

  private readonly rangeLow = new Int32Array(RANGE);
  private readonly rangeHigh = new Int32Array(RANGE);
  /** Volume of each of the seconds before the one being closed. */
  readonly volumeWindow: SumWindow;
  private readonly volumeSlot = new Float64Array(1);

  /** Of the candle just closed: what 4.5 asks beside it. */
  meanVolume = 0;
  windowLow = 0;
  windowHigh = 0;
  /** Strength of the pattern that the candle just closed completed: + exhaustion, - climax, 0 none. */
  pattern = 0;

  /** The last closed candle: open, high, low, close, volume, mean volume before, low and high of the window before. */
  readonly kept = new Float64Array(8);
  keptEndUs = 0;
  /** Nobody has looked at it yet. */
  unread = false;

  private readonly params: IndicatorParams;

  constructor(params: IndicatorParams) {
    this.params = params;
    this.volumeWindow = new SumWindow(params.meanVolumeSeconds);
  }

  trade(price: number, F: Float64Array, at: number): void {
    if (this.trades === 0) {
      this.open = price;
      this.high = price;
      this.low = price;
    } else if (price > this.high) this.high = price;
    else if (price < this.low) this.low = price;
    this.close = price;
    this.volume += F[at];
    this.trades += 1;
  }

  /** Closes `second`; true when it had a candle, to be kept before the next trade. */
  endSecond(second: number): boolean {
    const slot = second % RANGE;
    this.pattern = 0;
    if (this.trades === 0) {
      this.rangeLow[slot] = 0;
      this.rangeHigh[slot] = 0;
      this.volumeSlot[0] = 0;
      this.volumeWindow.push(this.volumeSlot, 0);
      return false;
    }
    this.meanVolume = this.volumeWindow.sum / this.params.meanVolumeSeconds;
    this.volumeSlot[0] = this.volume;
    this.volumeWindow.push(this.volumeSlot, 0);

    let low = 0;
    let high = 0;
    for (let back = 1; back <= this.params.extremumWindowSeconds; back += 1) {
      const i = (second - back) % RANGE;
      const l = this.rangeLow[i];
      if (l !== 0 && (low === 0 || l < low)) low = l;
      if (this.rangeHigh[i] > high) high = this.rangeHigh[i];
    }
    this.windowLow = low;
    this.windowHigh = high;
    this.rangeLow[slot] = this.low;
    this.rangeHigh[slot] = this.high;

    if (second - this.lastSecond - 1 > this.params.maxSilenceSeconds) this.closed = 0;
    this.lastSecond = second;
    const n = this.closed % LAST;
    this.opens[n] = this.open;
    this.highs[n] = this.high;
    this.lows[n] = this.low;
    this.closes[n] = this.close;
    this.volumes[n] = this.volume;
    this.closed += 1;
    if (this.high === this.low) this.closed = 0; // no range: the run breaks
    else this.pattern = this.exhaustion() - this.climax();
    return true;
  }

  /** Keeps the candle of the second that ended at `endUs` for whoever reads it next; the running one begins anew. */
  keep(endUs: number): void {
    const { kept } = this;
    this.unread = true;
    this.keptEndUs = endUs;
    kept[0] = this.open;
    kept[1] = this.high;
    kept[2] = this.low;
    kept[3] = this.close;
    kept[4] = this.volume;
    kept[5] = this.meanVolume;
    kept[6] = this.windowLow;
    kept[7] = this.windowHigh;
    this.trades = 0;
    this.volume = 0;
  }

  /** Selling exhaustion: red candles, lower wicks that grow, bodies that shrink. */
  private exhaustion(): number {
    const { patternWickShare, patternWickGrowth } = this.params;
    const most = this.closed < LAST ? this.closed : LAST;
    let strength = 0;
    let sum = 0;
    // From the newest backwards: the run ends where a condition fails.
    for (let m = 1; m <= most; m += 1) {
      const i = (this.closed - m) % LAST;
      const range = this.highs[i] - this.lows[i];
      const wick = this.closes[i] - this.lows[i];
      if (!(this.closes[i] < this.opens[i] && wick / range > patternWickShare)) break;
      if (m > 1) {
        const newer = (this.closed - m + 1) % LAST;
        if (!(this.closes[newer] - this.lows[newer] >= patternWickGrowth * wick)) break;
        if (!(this.opens[newer] - this.closes[newer] < this.opens[i] - this.closes[i])) break;
      }
      sum += Math.min(1, wick / range / 0.5);
      if (m >= 3) strength = ((m - 2) / 3) * (sum / m);
    }
    return strength;
  }

  /** Buying climax: green candles with upper wicks, the last on outstanding volume. */
  private climax(): number {
    const { patternWickShare, patternClimaxVolume } = this.params;
    const most = this.closed < LAST ? this.closed : LAST;
    const last = this.volumes[(this.closed - 1) % LAST];
    let strength = 0;
    let sum = 0;
    let volume = 0;
    for (let m = 1; m <= most; m += 1) {
      const i = (this.closed - m) % LAST;
      const range = this.highs[i] - this.lows[i];
      const wick = this.highs[i] - this.closes[i];
      if (!(this.closes[i] > this.opens[i] && wick / range > patternWickShare)) break;
      if (m > 1) volume += this.volumes[i];
      sum += Math.min(1, wick / range / 0.5);
      if (m >= 3 && last > (patternClimaxVolume * volume) / (m - 1)) strength = ((m - 2) / 3) * (sum / m);
    }
    return strength;
  }
}
