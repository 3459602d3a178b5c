import { isInterval, type AggregateTrade, type Interval, type Kline, type KlineSeries } from '../../../actors/exchange/market-data/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import type { Venue } from '../../../actors/exchange/engine.js';
import { JsonText, type Caller, type Params } from '../web/index.js';
import type { MarketFeed } from './feed.js';
import type { StreamedSymbol } from './streams.js';
import { stamp } from './symbol-text.js';

export const invalidSymbol = (): VenueError => new VenueError(-1121, 'Invalid symbol.');
const invalidInterval = (): VenueError => new VenueError(-1120, 'Invalid interval.');
const badTimes = (): VenueError => new VenueError(-1127, 'Lookup interval is too big.');
const startAfterEnd = (): VenueError => new VenueError(-1100, "Illegal characters found in parameter 'startTime'; legal range is '[0, endTime]'.");

/** Asks the engine's market data, in the order of the engine's turns. */
export class Questions {
  readonly #feed: MarketFeed;
  readonly #engine: EnginePort<Venue>;

  constructor(feed: MarketFeed, engine: EnginePort<Venue>) {
    this.#feed = feed;
    this.#engine = engine;
  }

  ask<R>(question: (feed: MarketFeed, nowUs: number) => R): Promise<R> {
    return this.#engine.ask((_venue, nowUs) => question(this.#feed, nowUs));
  }

  /** Asks about one symbol. Rejects with -1121 when it is not listed. */
  symbol<R>(name: string, question: (symbol: StreamedSymbol, nowUs: number) => R): Promise<R> {
    return this.ask((feed, nowUs) => {
      const symbol = feed.symbol(name);
      if (symbol === undefined) throw invalidSymbol();
      return question(symbol, nowUs);
    });
  }

  /** Asks about the symbol of `symbol`, those of `symbols`, or all; the first gives one answer, the others a list. */
  some<R>(params: { readonly one: string | undefined; readonly many: readonly string[] | undefined }, question: (symbol: StreamedSymbol, nowUs: number) => R): Promise<R | R[]> {
    const { one, many } = params;
    if (one !== undefined) return this.symbol(one, question);
    return this.ask((feed, nowUs) => {
      const symbols = many === undefined ? feed.symbols : many.map((name) => feed.symbol(name));
      return symbols.map((symbol) => {
        if (symbol === undefined) throw invalidSymbol();
        return question(symbol, nowUs);
      });
    });
  }
}

export function intervalOf(params: Params, name = 'interval'): Interval {
  const text = params.string(name);
  if (!isInterval(text)) throw invalidInterval();
  return text;
}

export interface Span {
  readonly fromUs: number | undefined;
  readonly toUs: number | undefined;
}

/** `startTime` and `endTime`. */
export function spanOf(params: Params, mostUs = Infinity): Span {
  const fromUs = params.optionalTimestampUs('startTime');
  const toUs = params.optionalTimestampUs('endTime');
  if (fromUs !== undefined && toUs !== undefined) {
    if (fromUs > toUs) throw startAfterEnd();
    if (toUs - fromUs > mostUs) throw badTimes();
  }
  return { fromUs, toUs };
}

export function klineRows({ text }: StreamedSymbol, series: KlineSeries, { fromUs, toUs }: Span, limit: number, caller: Caller): (string | number)[][] {
  return series.range(fromUs, toUs, limit).map((kline) => text.klineRow(kline, caller.timeUnit));
}

/** A depth answer; `more` are members between the id and the levels. */
export function depthText({ text, data }: StreamedSymbol, limit: number, more = ''): JsonText {
  const { lastUpdateId, bids, asks } = data.depth.snapshot(limit);
  return new JsonText(`{"lastUpdateId":${lastUpdateId},${more}"bids":${text.levels(bids)},"asks":${text.levels(asks)}}`);
}

/** A trade of /trades. */
export function tradeRow({ text }: StreamedSymbol, trade: AggregateTrade, caller: Caller): object {
  return {
    id: trade.id, price: text.price.text(trade.ticks), qty: text.lots.text(trade.lots), quoteQty: text.value.text(trade.ticks * trade.lots), time: stamp(trade.atUs, caller.timeUnit),
    isBuyerMaker: !trade.takerBuys, ...(text.style === 'spot' ? { isBestMatch: true } : {}),
  };
}

/** A trade of /aggTrades. */
export function aggregateRow({ text }: StreamedSymbol, trade: AggregateTrade, caller: Caller): object {
  return {
    a: trade.id, p: text.price.text(trade.ticks), q: text.lots.text(trade.lots), f: trade.firstId, l: trade.lastId, T: stamp(trade.atUs, caller.timeUnit), m: !trade.takerBuys,
    ...(text.style === 'spot' ? { M: true } : {}),
  };
}

/** Candles of mark, index and premium: whole numbers of `unit`, no volume. */
export function sampleRow(kline: Readonly<Kline>, unit: number, caller: Caller): (string | number)[] {
  const price = (count: number): string => (count * unit).toFixed(8);
  return [stamp(kline.openUs, caller.timeUnit), price(kline.open), price(kline.high), price(kline.low), price(kline.close), '0', stamp(kline.closeUs, caller.timeUnit), '0', kline.trades, '0', '0', '0'];
}
