import { GRID_US } from '../../../actors/exchange/market/inside.js';
import {
  DAY_US, HOUR_US, isInterval, openOf, nextOpen, joined, type AggregateTrade, type DataListener, type Interval, type Kline, type MarkPrice, type SymbolData,
} from '../../../actors/exchange/market-data/index.js';
import type { StreamHub, TimeUnit } from '../web/index.js';
import { fixed } from './decimals.js';
import { stamp, type SymbolText, type TextStyle } from './symbol-text.js';

/** One symbol as its streams need it. */
export interface StreamedSymbol {
  readonly text: SymbolText;
  readonly data: SymbolData;
  /** Of a perpetual. */
  readonly mark?: MarkPrice;
}

/** A forced order as forceOrder shows it. */
export interface ForcedOrder {
  readonly side: 'BUY' | 'SELL';
  readonly lots: number;
  readonly ticks: number;
  readonly averageTicks: number;
  readonly status: 'FILLED' | 'EXPIRED';
  readonly lastLots: number;
  readonly atUs: number;
}

/** A stream that is published at steps of the clock. */
interface Scheduled {
  readonly every: number;
  publish(nowUs: number): void;
}

const grids = (ms: number): number => Math.round((ms * 1000) / GRID_US);
const SECOND = grids(1000);
const ZONE_8_US = 8 * HOUR_US;
const SYMBOL_STREAM = /^([a-z0-9_]+)@(.+)$/;
const PARTIAL = /^depth(5|10|20)(?:@(\d+)ms)?$/;
const DIFF = /^depth(?:@(\d+)ms)?$/;
const KLINE = /^kline_(\w+?)(@\+08:00)?$/;
const CONTINUOUS = /^([a-z0-9]+)_perpetual@continuousKline_(\w+)$/;
const WINDOWS: Readonly<Record<string, number>> = { '1h': HOUR_US, '4h': 4 * HOUR_US, '1d': DAY_US };

/** What only the product's venue knows of a symbol. */
export interface VenueFacts {
  /** Funding rate and next funding of a perpetual. */
  readonly funding?: (index: number) => { readonly rate: string; readonly nextUs: number };
  /** Reference price of a spot symbol; null = there is none now. */
  readonly reference?: (index: number, nowUs: number) => string | null;
}

export const SPOT_SPEEDS_MS: readonly number[] = [100, 1000];
export const FUTURES_SPEEDS_MS: readonly number[] = [0, 100, 250, 500];

/**
 * Publishes the public streams of one product. Trades and best quotes go out as they happen; everything else at steps of the venue's clock,
 * and only what somebody listens to.
 */
export class MarketStreams implements DataListener {
  readonly #hub: StreamHub;
  readonly #style: TextStyle;
  readonly #symbols: readonly StreamedSymbol[];
  readonly #byLower = new Map<string, StreamedSymbol>();
  readonly #scheduled = new Map<string, Scheduled>();
  readonly #forced = new Map<number, ForcedOrder>();
  readonly #speedsMs: readonly number[];
  readonly #funding: NonNullable<VenueFacts['funding']>;
  readonly #reference: VenueFacts['reference'];
  #nowUs = 0;

  constructor(hub: StreamHub, style: TextStyle, symbols: readonly StreamedSymbol[], { funding = () => ({ rate: '0', nextUs: 0 }), reference }: VenueFacts = {}) {
    this.#hub = hub;
    this.#style = style;
    this.#symbols = symbols;
    this.#speedsMs = style === 'spot' ? SPOT_SPEEDS_MS : FUTURES_SPEEDS_MS;
    this.#funding = funding;
    this.#reference = reference;
    for (const symbol of symbols) this.#byLower.set(symbol.text.lower, symbol);
    for (const stream of hub.streams()) this.#wanted(stream, true);
    this.close = hub.onWanted((stream, wanted) => this.#wanted(stream, wanted));
  }
  /** Lets go of the hub. */
  readonly close: () => void;

  trade({ index }: SymbolData, trade: AggregateTrade): void {
    const { text } = this.#symbols[index]!;
    this.#hub.publish(text.streams.trade, (unit) => text.tradeEvent('trade', trade, trade.atUs, unit));
  }

  aggregate({ index }: SymbolData, trade: AggregateTrade): void {
    const { text } = this.#symbols[index]!;
    this.#hub.publish(text.streams.aggTrade, (unit) => text.tradeEvent('aggTrade', trade, Math.max(this.#nowUs, trade.atUs), unit));
  }

  best({ index, book, best }: SymbolData): void {
    const { text } = this.#symbols[index]!;
    const make = (unit: TimeUnit): string => {
      const quotes = `"b":"${text.price.text(best.bidTicks)}","B":"${text.lots.text(best.bidLots)}","a":"${text.price.text(best.askTicks)}","A":"${text.lots.text(best.askLots)}"`;
      if (this.#style === 'spot') return `{"u":${book.updateId},"s":"${text.symbol}",${quotes}}`;
      return `{"e":"bookTicker","u":${book.updateId},"s":"${text.symbol}",${text.futures}${quotes},"T":${stamp(best.atUs, unit)},"E":${stamp(best.atUs, unit)}}`;
    };
    this.#hub.publish(text.streams.bookTicker, make);
    if (this.#style === 'futures') this.#hub.publish('!bookTicker', make);
  }

  changed(data: SymbolData): void {
    if (this.#style === 'spot') return;
    const stream = this.#symbols[data.index]!.text.streams.everyDepth;
    if (this.#hub.hasSubscribers(stream)) this.#publishDiff(this.#symbols[data.index]!, 0, [stream], data.best.atUs);
  }

  klineClosed({ index }: SymbolData, interval: Interval, kline: Readonly<Kline>): void {
    const { text } = this.#symbols[index]!;
    this.#hub.publish(`${text.lower}@kline_${interval}`, (unit) => this.#kline(text, interval, kline, true, unit));
    if (this.#style === 'futures') this.#hub.publish(`${text.lower}_perpetual@continuousKline_${interval}`, (unit) => this.#continuous(text, interval, kline, true, unit));
  }

  /** A forced order: of those in a second and on a symbol the latest is told. */
  forced(index: number, order: ForcedOrder): void {
    this.#forced.set(index, order);
  }

  /** One step of the venue's clock. */
  onGrid(grid: number, nowUs: number): void {
    this.#nowUs = nowUs;
    if (this.#style === 'futures' && grid % grids(100) === 0) for (const { data } of this.#symbols) data.flushAggregates();
    this.#diffs(grid, nowUs);
    if (grid % SECOND === 0) this.#tellForced(nowUs);
    for (const scheduled of this.#scheduled.values()) if (grid % scheduled.every === 0) scheduled.publish(nowUs);
  }

  #diffs(grid: number, nowUs: number): void {
    const spot = this.#style === 'spot';
    for (const speedMs of this.#speedsMs) {
      if (grid % (speedMs === 0 ? SECOND : grids(speedMs)) !== 0) continue;
      for (const symbol of this.#symbols) {
        const { lower } = symbol.text;
        // The speed that is meant when none is said.
        const plain = speedMs === (spot ? 1000 : 250);
        const names = plain ? [`${lower}@depth`, `${lower}@depth@${speedMs}ms`] : [`${lower}@depth@${speedMs}ms`];
        if (speedMs !== 0 && names.some((name) => this.#hub.hasSubscribers(name))) this.#publishDiff(symbol, speedMs, names, nowUs);
        else if (speedMs !== 0 || !this.#hub.hasSubscribers(names[0]!)) symbol.data.depth.skip(speedMs);
      }
    }
  }

  #publishDiff({ text, data }: StreamedSymbol, speedMs: number, names: readonly string[], nowUs: number): void {
    const diff = data.depth.diff(speedMs);
    if (diff === null) return;
    const make = (unit: TimeUnit): string => {
      const at = stamp(nowUs, unit);
      const ids = `"U":${diff.firstId},"u":${diff.finalId},`;
      const levels = `"b":${text.levels(diff.bids)},"a":${text.levels(diff.asks)}`;
      if (this.#style === 'spot') return `{"e":"depthUpdate","E":${at},"s":"${text.symbol}",${ids}${levels}}`;
      return `{"e":"depthUpdate","E":${at},"T":${at},"s":"${text.symbol}",${text.futures}${ids}"pu":${diff.previousFinalId},${levels}}`;
    };
    for (const name of names) this.#hub.publish(name, make);
  }

  #tellForced(nowUs: number): void {
    for (const [index, order] of this.#forced) {
      const { text } = this.#symbols[index]!;
      const { price, lots } = text;
      const make = (unit: TimeUnit): string =>
        `{"e":"forceOrder","E":${stamp(nowUs, unit)},"o":{"s":"${text.symbol}","ps":"${text.symbol}","st":1,"S":"${order.side}","o":"LIMIT","f":"IOC","q":"${lots.text(order.lots)}","p":"${price.text(order.ticks)}","ap":"${price.text(order.averageTicks)}","X":"${order.status}","l":"${lots.text(order.lastLots)}","z":"${lots.text(order.lastLots)}","T":${stamp(order.atUs, unit)}}}`;
      this.#hub.publish(`${text.lower}@forceOrder`, make);
      this.#hub.publish('!forceOrder@arr', make);
    }
    this.#forced.clear();
  }

  #wanted(stream: string, wanted: boolean): void {
    if (!wanted) {
      this.#scheduled.delete(stream);
      return;
    }
    const scheduled = stream.startsWith('!') ? this.#all(stream) : this.#continuousStream(stream) ?? this.#ofSymbol(stream);
    if (scheduled !== undefined) this.#scheduled.set(stream, scheduled);
  }

  /** Streams of all symbols together. */
  #all(stream: string): Scheduled | undefined {
    const futures = this.#style === 'futures';
    const many = (every: number, make: (symbol: StreamedSymbol, nowUs: number, unit: TimeUnit) => string | undefined): Scheduled => ({
      every,
      publish: (nowUs) => this.#hub.publish(stream, (unit) => `[${this.#symbols.map((symbol) => make(symbol, nowUs, unit)).filter((text) => text !== undefined).join(',')}]`),
    });
    const window = /^!ticker_(1h|4h|1d)@arr$/.exec(stream)?.[1];
    if (window !== undefined && !futures) return many(SECOND, ({ text, data }, nowUs, unit) => this.#window(text, data, window, nowUs, unit));
    switch (stream) {
      case '!miniTicker@arr': return many(SECOND, ({ text, data }, nowUs, unit) => this.#withDay(data, nowUs, (kline) => text.miniTicker(kline, nowUs, unit)));
      case '!ticker@arr': return many(SECOND, ({ text, data }, nowUs, unit) => this.#withDay(data, nowUs, (kline) => text.ticker(data, kline, nowUs, unit)));
      case '!markPrice@arr': return futures ? many(grids(3000), (symbol, nowUs, unit) => this.#markPrice(symbol, nowUs, unit)) : undefined;
      case '!markPrice@arr@1s': return futures ? many(SECOND, (symbol, nowUs, unit) => this.#markPrice(symbol, nowUs, unit)) : undefined;
      default: return undefined;
    }
  }

  #continuousStream(stream: string): Scheduled | undefined {
    const match = this.#style === 'futures' ? CONTINUOUS.exec(stream) : null;
    const symbol = match === null ? undefined : this.#byLower.get(match[1]!);
    const interval = match?.[2];
    if (symbol === undefined || interval === undefined || !isInterval(interval)) return undefined;
    return this.#klines(stream, symbol, interval, (kline, unit) => this.#continuous(symbol.text, interval, kline, false, unit));
  }

  /** Streams of one symbol that are not told as they happen. */
  #ofSymbol(stream: string): Scheduled | undefined {
    const match = SYMBOL_STREAM.exec(stream);
    const symbol = match === null ? undefined : this.#byLower.get(match[1]!);
    if (symbol === undefined) return undefined;
    const kind = match![2]!;
    const { text, data } = symbol;
    const futures = this.#style === 'futures';
    const each = (every: number, make: (nowUs: number, unit: TimeUnit) => string | undefined): Scheduled => ({
      every,
      publish: (nowUs) => {
        const first = make(nowUs, 'ms');
        if (first !== undefined) this.#hub.publish(stream, (unit) => (unit === 'ms' ? first : make(nowUs, unit)!));
      },
    });
    const kline = KLINE.exec(kind);
    if (kline !== null && isInterval(kline[1]!) && (kline[1] !== '1s' || !futures)) {
      const interval = kline[1];
      if (kline[2] === undefined) return this.#klines(stream, symbol, interval, (one, unit) => this.#kline(text, interval, one, false, unit));
      return futures ? undefined : each(grids(2000), (nowUs, unit) => this.#zoned(symbol, interval, nowUs, unit));
    }
    const partial = PARTIAL.exec(kind);
    if (partial !== null) return this.#partial(stream, symbol, Number(partial[1]), partial[2] === undefined ? (futures ? 250 : 1000) : Number(partial[2]));
    if (DIFF.test(kind)) return undefined;
    const window = /^ticker_(1h|4h|1d)$/.exec(kind)?.[1];
    if (window !== undefined && !futures) return each(SECOND, (nowUs, unit) => this.#window(text, data, window, nowUs, unit));
    switch (kind) {
      case 'miniTicker': return each(futures ? grids(500) : SECOND, (nowUs, unit) => this.#withDay(data, nowUs, (day) => text.miniTicker(day, nowUs, unit)));
      case 'ticker': return each(futures ? grids(500) * 4 : SECOND, (nowUs, unit) => this.#withDay(data, nowUs, (day) => text.ticker(data, day, nowUs, unit)));
      case 'avgPrice':
        if (futures) return undefined;
        return each(SECOND, (nowUs, unit) => `{"e":"avgPrice","E":${stamp(nowUs, unit)},"s":"${text.symbol}","i":"5m","w":"${fixed(data.meanTicks(5, nowUs) * text.price.unit, 8)}","T":${stamp(data.lastTrade?.atUs ?? nowUs, unit)}}`);
      case 'referencePrice': {
        const reference = this.#reference;
        return reference === undefined ? undefined : each(SECOND, (nowUs, unit) => {
          const price = reference(data.index, nowUs);
          return `{"e":"referencePrice","s":"${text.symbol}","r":${price === null ? 'null' : `"${price}"`},"t":${stamp(nowUs, unit)}}`;
        });
      }
      case 'markPrice': return futures ? each(grids(3000), (nowUs, unit) => this.#markPrice(symbol, nowUs, unit)) : undefined;
      case 'markPrice@1s': return futures ? each(SECOND, (nowUs, unit) => this.#markPrice(symbol, nowUs, unit)) : undefined;
      default: return undefined;
    }
  }

  #partial(stream: string, { text, data }: StreamedSymbol, levels: number, speedMs: number): Scheduled | undefined {
    const speeds = this.#style === 'spot' ? SPOT_SPEEDS_MS : FUTURES_SPEEDS_MS;
    if (speedMs === 0 || !speeds.includes(speedMs)) return undefined;
    let seenId = -1;
    let previousId = -1;
    return {
      every: grids(speedMs),
      publish: (nowUs) => {
        const top = data.depth.partial(levels);
        if (top.lastUpdateId === seenId) return;
        previousId = seenId === -1 ? top.lastUpdateId : seenId;
        seenId = top.lastUpdateId;
        const before = previousId;
        this.#hub.publish(stream, (unit) => {
          if (this.#style === 'spot') return `{"lastUpdateId":${top.lastUpdateId},"bids":${text.levels(top.bids)},"asks":${text.levels(top.asks)}}`;
          const at = stamp(nowUs, unit);
          return `{"e":"depthUpdate","E":${at},"T":${at},"s":"${text.symbol}",${text.futures}"U":${Math.min(before + 1, top.lastUpdateId)},"u":${top.lastUpdateId},"pu":${before},"b":${text.levels(top.bids)},"a":${text.levels(top.asks)}}`;
        });
      },
    };
  }

  #klines(stream: string, { data }: StreamedSymbol, interval: Interval, make: (kline: Readonly<Kline>, unit: TimeUnit) => string): Scheduled {
    const series = data.klines[interval];
    let seen = -1;
    return {
      every: this.#style === 'futures' ? grids(250) : interval === '1s' ? SECOND : grids(2000),
      publish: () => {
        if (series.version === seen || series.current === null) return;
        seen = series.version;
        const kline = series.current;
        this.#hub.publish(stream, (unit) => make(kline, unit));
      },
    };
  }

  #kline(text: SymbolText, interval: Interval, kline: Readonly<Kline>, closed: boolean, unit: TimeUnit): string {
    return `{"e":"kline","E":${stamp(this.#nowUs, unit)},"s":"${text.symbol}",${text.futures}"k":${text.klineEvent(kline, interval, closed, unit)}}`;
  }

  #continuous(text: SymbolText, interval: Interval, kline: Readonly<Kline>, closed: boolean, unit: TimeUnit): string {
    return `{"e":"continuous_kline","E":${stamp(this.#nowUs, unit)},"ps":"${text.symbol}","ct":"PERPETUAL","k":${text.klineEvent(kline, interval, closed, unit, '')}}`;
  }

  /** A candle whose day begins at UTC+8. */
  #zoned({ text, data }: StreamedSymbol, interval: Interval, nowUs: number, unit: TimeUnit): string | undefined {
    const kline = zonedKline(data, interval, nowUs);
    return kline === undefined ? undefined : this.#kline(text, interval, kline, false, unit);
  }

  #window(text: SymbolText, data: SymbolData, window: string, nowUs: number, unit: TimeUnit): string | undefined {
    const kline = data.rolling(WINDOWS[window]!, nowUs);
    return kline === undefined ? undefined : text.ticker(data, kline, nowUs, unit, `${window}Ticker`);
  }

  #withDay(data: SymbolData, nowUs: number, make: (day: Kline) => string): string | undefined {
    const day = data.rolling(DAY_US, nowUs);
    return day === undefined ? undefined : make(day);
  }

  #markPrice({ text, mark, data }: StreamedSymbol, nowUs: number, unit: TimeUnit): string | undefined {
    if (mark === undefined || mark.mark === 0) return undefined;
    const { rate, nextUs } = this.#funding(data.index);
    return `{"e":"markPriceUpdate","E":${stamp(nowUs, unit)},"s":"${text.symbol}",${text.futures}"p":"${fixed(mark.mark, 8)}","P":"${fixed(mark.index, 8)}","i":"${fixed(mark.index, 8)}","r":"${rate}","T":${stamp(nextUs, unit)}}`;
  }
}

/** The open candle of an interval whose day begins at UTC+8, joined from hours where that matters. */
function zonedKline(data: SymbolData, interval: Interval, nowUs: number): Kline | undefined {
  const openUs = openOf(interval, nowUs, ZONE_8_US);
  const parts = data.klines['1h'].range(openUs, undefined, 1600);
  if (data.klines[interval].current?.openUs === openUs || parts.length === 0) return data.klines[interval].current ?? undefined;
  return joined(parts, openUs, nextOpen(interval, openUs, ZONE_8_US) - 1);
}
