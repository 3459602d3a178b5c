import { log } from '../../actors/math/elementary.js';
import { AUX, EXCH_US, Flag, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { autocorrelation, kurtosis, quantile, rms, sorted, tailIndex } from './numbers.js';

export const SIGN_LAGS = [1, 2, 5, 10, 20, 50, 100] as const;
export const RETURN_LAGS = [1, 2, 5, 10, 30, 60] as const;
const BOOK_LEVELS = 20;

/** Quantiles of a quantity. */
export interface Quantiles {
  readonly p5: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What a tape says statistically of one symbol. NaN (null in JSON) = the tape has no data for it. */
export interface MarketStatistics {
  readonly symbol: string;
  readonly venue: string;
  readonly seconds: number;
  /** Per second: single trades, orders (trades of one side and stamp), best-quote messages, diff messages, levels in them. */
  readonly rates: { readonly trades: number; readonly orders: number; readonly bestQuotes: number; readonly diffs: number; readonly levels: number };
  /** Trades + best quotes + levels in the busiest second over the mean second. */
  readonly peakOverMean: number;
  /** Relative spread at each best-quote message, basis points; and shares of one-tick spread by message and by time. */
  readonly spreadBps: Quantiles;
  readonly oneTickShare: { readonly byMessage: number; readonly byTime: number };
  /** Share of best-quote messages that move a price; the others change a quantity. */
  readonly priceMoveShare: number;
  /** Quantity at the best bid and ask, base units. */
  readonly touch: Quantiles;
  /** Notional of one side (bids and asks pooled), quote units, book sampled once a second. */
  readonly depthTop5: Quantiles;
  readonly depthTop20: Quantiles;
  /** Notional of one side within 10 basis points of the mid. */
  readonly depth10Bps: Quantiles;
  /** Single trades and orders, base units, with Hill's tail index of the largest 5 %. */
  readonly tradeSize: Quantiles;
  readonly tradeTail: number;
  readonly orderSize: Quantiles;
  readonly orderTail: number;
  /** Milliseconds between orders, and their coefficient of variation (1 for a Poisson process). */
  readonly interArrivalMs: Quantiles;
  readonly interArrivalCv: number;
  /** Autocorrelation of order signs at SIGN_LAGS. */
  readonly signAutocorrelation: readonly number[];
  /** One-second log returns of the mid (last trade where there are no quotes). */
  readonly returns: {
    readonly rmsBps: number;
    readonly kurtosis: number;
    readonly autocorrelation: readonly number[];
    /** Of absolute returns, at RETURN_LAGS: volatility clustering. */
    readonly absoluteAutocorrelation: readonly number[];
    readonly rangePercent: number;
  };
  /** Receive minus exchange stamp of trades, ms; NaN without both. */
  readonly latencyMs: Quantiles;
}

class Level2 {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();

  apply(sell: boolean, ticks: number, lots: number): void {
    const side = sell ? this.asks : this.bids;
    if (lots === 0) side.delete(ticks);
    else side.set(ticks, lots);
  }

  /** Prices of a side, best first. */
  ladder(sell: boolean): Float64Array {
    const ticks = Float64Array.from((sell ? this.asks : this.bids).keys()).sort();
    return sell ? ticks : ticks.reverse();
  }

  /** Sum of ticks x lots over the first `count` prices of a ladder. */
  tickLots(sell: boolean, ladder: Float64Array, count: number): number {
    const side = sell ? this.asks : this.bids;
    let sum = 0;
    for (let i = 0; i < count && i < ladder.length; i++) sum += ladder[i]! * side.get(ladder[i]!)!;
    return sum;
  }
}

/** Gathers one symbol's statistics from its records in tape order. */
class SymbolStatistics {
  readonly #instrument: Instrument;
  readonly #fromUs: number;
  readonly #tick: number;
  readonly #lot: number;
  readonly #book = new Level2();
  #bookWhole = false;
  #bookSampledUs = 0;

  #firstUs = 0;
  #lastUs = 0;
  #trades = 0;
  #bestQuotes = 0;
  #diffs = 0;
  #levels = 0;
  #priceMoves = 0;
  readonly #eventsBySecond = new Map<number, number>();
  readonly #spreads: number[] = [];
  #oneTick = 0;
  #oneTickUs = 0;
  #quotedUs = 0;
  #bid = 0;
  #ask = 0;
  #quoteUs = 0;
  readonly #touch: number[] = [];
  readonly #depth5: number[] = [];
  readonly #depth20: number[] = [];
  readonly #depth10Bps: number[] = [];
  readonly #tradeSizes: number[] = [];
  readonly #orderSizes: number[] = [];
  readonly #orderSigns: number[] = [];
  readonly #orderGapsMs: number[] = [];
  readonly #latencies: number[] = [];
  #orderUs = 0;
  #orderSell = false;
  #quoted = false;
  #price = 0;
  #second = 0;
  #lowest = Infinity;
  #highest = 0;
  readonly #logPrices: number[] = [];

  constructor(instrument: Instrument, fromUs: number) {
    this.#instrument = instrument;
    this.#fromUs = fromUs;
    this.#tick = Number(instrument.tickSize);
    this.#lot = Number(instrument.lotSize);
  }

  record(F: Float64Array, I: Int32Array, record: number): void {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const us = F[f + EXCH_US]! > 0 ? F[f + EXCH_US]! : F[f + RECV_US]!;
    const tag = I[i + TAG]!;
    const kind = tag & KIND_MASK;
    // Before the window only the book is followed.
    if (us < this.#fromUs) {
      if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) this.#level(us, kind, tag, I[i + PRICE]!, F[f + QTY]!);
      return;
    }
    if (kind === Kind.TRADE || kind === Kind.AGG_TRADE) this.#trade(us, (tag & Flag.SELL) !== 0, I[i + PRICE]!, F[f + QTY]!, F[f + RECV_US]!, F[f + EXCH_US]!);
    else if (kind === Kind.BOOK_TICKER) this.#quote(us, I[i + PRICE]!, F[f + QTY]!, I[i + PRICE2]!, F[f + AUX]!);
    else if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) this.#level(us, kind, tag, I[i + PRICE]!, F[f + QTY]!);
  }

  result(): MarketStatistics {
    const seconds = (this.#lastUs - this.#firstUs) / 1e6;
    const per = (count: number): number => (seconds > 0 ? count / seconds : NaN);
    let peak = 0;
    let events = 0;
    for (const count of this.#eventsBySecond.values()) {
      peak = Math.max(peak, count);
      events += count;
    }
    const returns: number[] = [];
    for (let k = 1; k < this.#logPrices.length; k++) returns.push(this.#logPrices[k]! - this.#logPrices[k - 1]!);
    const absolute = returns.map(Math.abs);
    const tradeSizes = sorted(this.#tradeSizes);
    const orderSizes = sorted(this.#orderSizes);
    const gaps = this.#orderGapsMs;
    const meanGap = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const gapSpread = rms(gaps.map((gap) => gap - meanGap));
    return {
      symbol: this.#instrument.symbol,
      venue: this.#instrument.venue,
      seconds,
      rates: { trades: per(this.#trades), orders: per(this.#orderSizes.length), bestQuotes: per(this.#bestQuotes), diffs: per(this.#diffs), levels: per(this.#levels) },
      peakOverMean: events === 0 ? NaN : peak / (events / Math.max(1, seconds)),
      spreadBps: quantiles(sorted(this.#spreads)),
      oneTickShare: { byMessage: this.#bestQuotes === 0 ? NaN : this.#oneTick / this.#bestQuotes, byTime: this.#quotedUs === 0 ? NaN : this.#oneTickUs / this.#quotedUs },
      priceMoveShare: this.#bestQuotes === 0 ? NaN : this.#priceMoves / this.#bestQuotes,
      touch: quantiles(sorted(this.#touch)),
      depthTop5: quantiles(sorted(this.#depth5)),
      depthTop20: quantiles(sorted(this.#depth20)),
      depth10Bps: quantiles(sorted(this.#depth10Bps)),
      tradeSize: quantiles(tradeSizes),
      tradeTail: tailIndex(tradeSizes),
      orderSize: quantiles(orderSizes),
      orderTail: tailIndex(orderSizes),
      interArrivalMs: quantiles(sorted(gaps)),
      interArrivalCv: gapSpread / meanGap,
      signAutocorrelation: SIGN_LAGS.map((lag) => autocorrelation(this.#orderSigns, lag)),
      returns: {
        rmsBps: rms(returns) * 1e4,
        kurtosis: kurtosis(returns),
        autocorrelation: RETURN_LAGS.map((lag) => autocorrelation(returns, lag)),
        absoluteAutocorrelation: RETURN_LAGS.map((lag) => autocorrelation(absolute, lag)),
        rangePercent: this.#highest > 0 ? (this.#highest / this.#lowest - 1) * 100 : NaN,
      },
      latencyMs: quantiles(sorted(this.#latencies)),
    };
  }

  #event(us: number): void {
    if (this.#firstUs === 0) {
      this.#firstUs = us;
      this.#second = Math.floor(us / 1e6);
    }
    this.#lastUs = Math.max(this.#lastUs, us);
    const second = Math.floor(us / 1e6);
    // The price that closes each second is the last one known when the next second begins.
    while (this.#second < second) {
      if (this.#price > 0) this.#logPrices.push(log(this.#price));
      this.#second += 1;
    }
    this.#eventsBySecond.set(second, (this.#eventsBySecond.get(second) ?? 0) + 1);
  }

  #priceNow(price: number): void {
    this.#price = price;
    this.#lowest = Math.min(this.#lowest, price);
    this.#highest = Math.max(this.#highest, price);
  }

  #trade(us: number, sell: boolean, ticks: number, lots: number, receiveUs: number, exchangeUs: number): void {
    this.#event(us);
    this.#trades += 1;
    const size = lots * this.#lot;
    this.#tradeSizes.push(size);
    if (receiveUs > 0 && exchangeUs > 0) this.#latencies.push((receiveUs - exchangeUs) / 1000);
    if (us === this.#orderUs && sell === this.#orderSell) this.#orderSizes[this.#orderSizes.length - 1]! += size;
    else {
      if (this.#orderUs > 0) this.#orderGapsMs.push((us - this.#orderUs) / 1000);
      this.#orderUs = us;
      this.#orderSell = sell;
      this.#orderSizes.push(size);
      this.#orderSigns.push(sell ? -1 : 1);
    }
    if (!this.#quoted) this.#priceNow(ticks);
  }

  #quote(us: number, bid: number, bidLots: number, ask: number, askLots: number): void {
    this.#event(us);
    this.#bestQuotes += 1;
    if (bid <= 0 || ask <= bid) return;
    this.#quoted = true;
    this.#spreads.push(((ask - bid) / ((ask + bid) / 2)) * 1e4);
    this.#touch.push(bidLots * this.#lot, askLots * this.#lot);
    if (ask - bid === 1) this.#oneTick += 1;
    if (this.#quoteUs > 0) {
      const lasted = Math.max(0, us - this.#quoteUs);
      this.#quotedUs += lasted;
      if (this.#ask - this.#bid === 1) this.#oneTickUs += lasted;
      if (bid !== this.#bid || ask !== this.#ask) this.#priceMoves += 1;
    }
    this.#bid = bid;
    this.#ask = ask;
    this.#quoteUs = us;
    this.#priceNow((bid + ask) / 2);
  }

  #level(us: number, kind: number, tag: number, ticks: number, lots: number): void {
    if (kind === Kind.SNAPSHOT && (tag & Flag.FIRST) !== 0) {
      this.#book.bids.clear();
      this.#book.asks.clear();
    }
    if ((tag & Flag.EMPTY) === 0) {
      this.#book.apply((tag & Flag.SELL) !== 0, ticks, lots);
      if (kind === Kind.DEPTH && us >= this.#fromUs) {
        this.#event(us);
        this.#levels += 1;
      }
    }
    if ((tag & Flag.LAST) === 0) return;
    if (kind === Kind.SNAPSHOT) this.#bookWhole = true;
    else if (us >= this.#fromUs) this.#diffs += 1;
    if (us < this.#fromUs || !this.#bookWhole || us - this.#bookSampledUs < 1e6) return;
    this.#bookSampledUs = us;
    const ladders = [this.#book.ladder(false), this.#book.ladder(true)] as const;
    const mid = (ladders[0][0]! + ladders[1][0]!) / 2;
    for (const sell of [false, true]) {
      const ladder = ladders[sell ? 1 : 0];
      let near = 0;
      while (near < ladder.length && Math.abs(ladder[near]! - mid) <= mid * 0.001) near += 1;
      const unit = this.#tick * this.#lot;
      this.#depth5.push(this.#book.tickLots(sell, ladder, 5) * unit);
      this.#depth20.push(this.#book.tickLots(sell, ladder, BOOK_LEVELS) * unit);
      this.#depth10Bps.push(this.#book.tickLots(sell, ladder, near) * unit);
    }
  }
}

function quantiles(rising: Float64Array): Quantiles {
  return {
    p5: quantile(rising, 0.05),
    p25: quantile(rising, 0.25),
    p50: quantile(rising, 0.5),
    p75: quantile(rising, 0.75),
    p95: quantile(rising, 0.95),
    p99: quantile(rising, 0.99),
    max: quantile(rising, 1),
  };
}

/** Gathers statistics of every symbol of a tape, record by record. */
export class StatisticsCollector {
  readonly #symbols: SymbolStatistics[];

  /** Records stamped before `fromUs` only bring the books up to date. */
  constructor(instruments: readonly Instrument[], fromUs = 0) {
    this.#symbols = instruments.map((instrument) => new SymbolStatistics(instrument, fromUs));
  }

  add(batch: RecordBatch, from: number, to: number): void {
    for (let record = from; record < to; record++) {
      this.#symbols[batch.I[record * WORDS_I + TAG]! >>> SYMBOL_SHIFT]!.record(batch.F, batch.I, record);
    }
  }

  results(): MarketStatistics[] {
    return this.#symbols.map((symbol) => symbol.result());
  }
}
