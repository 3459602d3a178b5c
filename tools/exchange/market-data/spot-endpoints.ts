import { DAY_US, HOUR_US, joined, MINUTE_US, nextOpen, openOf, type Kline } from '../../../actors/exchange/market-data/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { missingBoth, type Caller, type Endpoint, type Params, type RequestRule, type WsMethod } from '../web/index.js';
import { fixed } from './decimals.js';
import { aggregateRow, depthText, intervalOf, klineRows, spanOf, tradeRow, type Questions } from './queries.js';
import type { StreamedSymbol } from './streams.js';
import { stamp } from './symbol-text.js';

const MOST_LEVELS = 5000;
const MOST_ROWS = 1000;
const MOST_SYMBOLS = 100;
const WINDOW = /^([1-9]\d?)([mhd])$/;
const WINDOW_UNIT_US: Readonly<Record<string, number>> = { m: MINUTE_US, h: HOUR_US, d: DAY_US };
const MOST_OF_UNIT: Readonly<Record<string, number>> = { m: 59, h: 23, d: 7 };
const ZONE = /^([+-]?)(\d{1,2})(?::(\d{2}))?$/;

interface Rule extends RequestRule {
  readonly path: string;
  readonly ws: string;
}

/** The public market data of spot, as endpoints and as methods of its websocket API. */
export function spotMarketData(questions: Questions, clockUs: () => number): { readonly endpoints: readonly Endpoint[]; readonly wsMethods: readonly WsMethod[] } {
  const all = rules(questions, clockUs);
  return {
    endpoints: [
      ...all.map(({ path, ws: _ws, ...rule }): Endpoint => ({ ...rule, method: 'GET', path: `/api/v3/${path}` })),
    ],
    wsMethods: all.map(({ path: _path, ws, ...rule }): WsMethod => ({ ...rule, method: ws })),
  };
}

function rules(questions: Questions, clockUs: () => number): readonly Rule[] {
  const open = { security: 'none' } as const;
  const done = <T>(params: Params, value: T): T => {
    params.end();
    return value;
  };
  return [
    { ...open, path: 'ping', ws: 'ping', weight: 1, handle: (params) => done(params, {}) },
    { ...open, path: 'time', ws: 'time', weight: 1, handle: (params, caller) => done(params, { serverTime: caller.stamp(clockUs()) }) },
    {
      ...open, path: 'depth', ws: 'depth',
      weight: (params) => {
        const limit = params.optionalInt('limit') ?? 100;
        return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
      },
      handle: (params) => {
        const symbol = params.symbol();
        const limit = done(params, params.limit(100, MOST_LEVELS));
        return questions.symbol(symbol, (one) => depthText(one, limit));
      },
    },
    {
      ...open, path: 'trades', ws: 'trades.recent', weight: 25,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const limit = done(params, params.limit(500, MOST_ROWS));
        return questions.symbol(symbol, (one) => one.data.trades.last(limit).map((trade) => tradeRow(one, trade, caller)));
      },
    },
    {
      ...open, path: 'historicalTrades', ws: 'trades.historical', weight: 25,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const limit = params.limit(500, MOST_ROWS);
        const fromId = done(params, params.optionalInt('fromId'));
        return questions.symbol(symbol, (one) => (fromId === undefined ? one.data.trades.last(limit) : one.data.trades.from(fromId, limit)).map((trade) => tradeRow(one, trade, caller)));
      },
    },
    {
      ...open, path: 'aggTrades', ws: 'trades.aggregate', weight: 4,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const limit = params.limit(500, MOST_ROWS);
        const span = spanOf(params);
        const fromId = done(params, params.optionalInt('fromId'));
        if (fromId !== undefined && (span.fromUs !== undefined || span.toUs !== undefined)) throw new VenueError(-1128, 'Combination of optional parameters invalid.');
        return questions.symbol(symbol, (one) => (fromId === undefined ? one.data.aggregates.between(span.fromUs, span.toUs, limit) : one.data.aggregates.from(fromId, limit)).map((trade) => aggregateRow(one, trade, caller)));
      },
    },
    ...(['klines', 'uiKlines'] as const).map((path): Rule => ({
      ...open, path, ws: path, weight: 2,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const interval = intervalOf(params);
        const limit = params.limit(500, MOST_ROWS);
        const span = spanOf(params);
        const zoneUs = done(params, zoneOf(params));
        return questions.symbol(symbol, (one) => {
          if (zoneUs === 0 || openOf(interval, 0, zoneUs) === openOf(interval, 0)) return klineRows(one, one.data.klines[interval], span, limit, caller);
          const zoned = regrouped(one, (us) => openOf(interval, us, zoneUs), (us) => nextOpen(interval, us, zoneUs));
          const wanted = zoned.filter(({ openUs }) => openUs >= (span.fromUs ?? -Infinity) && openUs <= (span.toUs ?? Infinity));
          return (span.fromUs === undefined ? wanted.slice(-limit) : wanted.slice(0, limit)).map((kline) => one.text.klineRow(kline, caller.timeUnit));
        });
      },
    })),
    {
      ...open, path: 'avgPrice', ws: 'avgPrice', weight: 2,
      handle: (params, caller) => {
        const symbol = done(params, params.symbol());
        return questions.symbol(symbol, ({ text, data }, nowUs) => ({ mins: 5, price: fixed(data.meanTicks(5, nowUs) * text.price.unit, 8), closeTime: stamp(data.lastTrade?.atUs ?? nowUs, caller.timeUnit) }));
      },
    },
    {
      ...open, path: 'ticker/24hr', ws: 'ticker.24hr', weight: (params) => (params.optionalSymbol() !== undefined ? 2 : tickerWeight(params.optionalSymbols(), 2, 40, 80)),
      handle: (params, caller) => {
        const wanted = symbolsOf(params);
        const mini = done(params, isMini(params));
        return questions.some(wanted, (one, nowUs) => dayRow(one, nowUs, caller, mini));
      },
    },
    {
      ...open, path: 'ticker/tradingDay', ws: 'ticker.tradingDay', weight: (params) => perSymbol(params),
      handle: (params, caller) => {
        const wanted = needSymbols(params);
        const zoneUs = zoneOf(params);
        const mini = done(params, isMini(params));
        return questions.some(wanted, (one, nowUs) => {
          const openUs = openOf('1d', nowUs, zoneUs);
          const day = joined(one.data.klines['1m'].range(openUs, undefined, 1440), openUs, nextOpen('1d', openUs, zoneUs) - 1);
          return windowRow(one, day, caller, mini);
        });
      },
    },
    {
      ...open, path: 'ticker', ws: 'ticker', weight: (params) => perSymbol(params),
      handle: (params, caller) => {
        const wanted = needSymbols(params);
        const windowUs = windowOf(params.optionalString('windowSize') ?? '1d');
        const mini = done(params, isMini(params));
        return questions.some(wanted, (one, nowUs) => windowRow(one, { ...one.data.rolling(windowUs, nowUs)!, openUs: Math.floor((nowUs - windowUs) / MINUTE_US) * MINUTE_US, closeUs: nowUs }, caller, mini));
      },
    },
    {
      ...open, path: 'ticker/price', ws: 'ticker.price', weight: (params) => (params.optionalSymbol() === undefined ? 4 : 2),
      handle: (params) => {
        const wanted = done(params, symbolsOf(params));
        return questions.some(wanted, ({ text, data }, nowUs) => ({ symbol: text.symbol, price: text.price.text(data.lastTrade?.ticks ?? data.rolling(DAY_US, nowUs)!.close) }));
      },
    },
    {
      ...open, path: 'ticker/bookTicker', ws: 'ticker.book', weight: (params) => (params.optionalSymbol() === undefined ? 4 : 2),
      handle: (params) => {
        const wanted = done(params, symbolsOf(params));
        return questions.some(wanted, ({ text, data: { best } }) => ({
          symbol: text.symbol, bidPrice: text.price.text(best.bidTicks), bidQty: text.lots.text(best.bidLots), askPrice: text.price.text(best.askTicks), askQty: text.lots.text(best.askLots),
        }));
      },
    },
  ];
}

/** Candles that begin where told, joined from hours. */
function regrouped({ data }: StreamedSymbol, openAt: (us: number) => number, after: (us: number) => number): Kline[] {
  const groups = new Map<number, Kline[]>();
  for (const kline of data.klines['1h'].range(undefined, undefined, 1600)) {
    const openUs = openAt(kline.openUs);
    const group = groups.get(openUs);
    if (group === undefined) groups.set(openUs, [kline]);
    else group.push(kline);
  }
  // The first one may lack its beginning.
  return [...groups].slice(1).map(([openUs, group]) => joined(group, openUs, after(openUs) - 1));
}

interface Wanted {
  readonly one: string | undefined;
  readonly many: readonly string[] | undefined;
}

function symbolsOf(params: Params): Wanted {
  const one = params.optionalSymbol();
  const many = params.optionalSymbols();
  if (one !== undefined && many !== undefined) throw new VenueError(-1128, 'Combination of optional parameters invalid.');
  return { one, many };
}

function needSymbols(params: Params): Wanted {
  const wanted = symbolsOf(params);
  if (wanted.one === undefined && wanted.many === undefined) throw missingBoth('symbol', 'symbols');
  if ((wanted.many?.length ?? 0) > MOST_SYMBOLS) throw new VenueError(-1101, 'Too many symbols sent for this endpoint.');
  return wanted;
}

const isMini = (params: Params): boolean => params.optionalEnum('type', ['FULL', 'MINI']) === 'MINI';

function tickerWeight(symbols: readonly string[] | undefined, few: number, many: number, most: number): number {
  return symbols === undefined || symbols.length > 100 ? most : symbols.length > 20 ? many : few;
}

function perSymbol(params: Params): number {
  return Math.min(200, 4 * (params.optionalSymbols()?.length ?? 1));
}

function windowOf(text: string): number {
  const match = WINDOW.exec(text);
  const count = Number(match?.[1]);
  const unit = match?.[2] ?? '';
  if (match === null || count > MOST_OF_UNIT[unit]!) throw new VenueError(-1100, "Illegal characters found in parameter 'windowSize'; legal range is '^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$'.");
  return count * WINDOW_UNIT_US[unit]!;
}

/** `timeZone` as microseconds east of UTC: `0`, `-1:00`, `05:45`; -12:00 to +14:00. */
function zoneOf(params: Params): number {
  const text = params.optionalString('timeZone');
  if (text === undefined) return 0;
  const match = ZONE.exec(text);
  const minutes = match === null ? NaN : (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0));
  if (!(minutes >= -720 && minutes <= 840)) throw new VenueError(-1100, "Illegal characters found in parameter 'timeZone'; legal range is '[-12:00, +14:00]'.");
  return minutes * MINUTE_US;
}

/** /ticker/24hr. */
function dayRow(symbol: StreamedSymbol, nowUs: number, caller: Caller, mini: boolean): object {
  const { text, data } = symbol;
  const day = data.rolling(DAY_US, nowUs)!;
  if (mini) return windowRow(symbol, day, caller, true);
  const { price, lots } = text;
  const { best, lastTrade } = data;
  return {
    symbol: text.symbol, priceChange: price.text(day.close - day.open), priceChangePercent: fixed((100 * (day.close - day.open)) / day.open, 3), weightedAvgPrice: text.mean(day),
    prevClosePrice: price.text(day.open), lastPrice: price.text(day.close), lastQty: lots.text(lastTrade?.lots ?? 0),
    bidPrice: price.text(best.bidTicks), bidQty: lots.text(best.bidLots), askPrice: price.text(best.askTicks), askQty: lots.text(best.askLots),
    ...tail(text, day, caller),
  };
}

function windowRow({ text }: StreamedSymbol, kline: Readonly<Kline>, caller: Caller, mini: boolean): object {
  const { price } = text;
  return {
    symbol: text.symbol,
    ...(mini ? {} : { priceChange: price.text(kline.close - kline.open), priceChangePercent: fixed((100 * (kline.close - kline.open)) / kline.open, 3), weightedAvgPrice: text.mean(kline) }),
    openPrice: price.text(kline.open), highPrice: price.text(kline.high), lowPrice: price.text(kline.low), lastPrice: price.text(kline.close),
    volume: text.lots.text(kline.lots), quoteVolume: text.value.text(kline.tickLots),
    openTime: stamp(kline.openUs, caller.timeUnit), closeTime: stamp(kline.closeUs, caller.timeUnit), firstId: kline.firstTradeId, lastId: kline.lastTradeId, count: kline.trades,
  };
}

function tail(text: StreamedSymbol['text'], day: Readonly<Kline>, caller: Caller): object {
  const { price, lots, value } = text;
  return {
    openPrice: price.text(day.open), highPrice: price.text(day.high), lowPrice: price.text(day.low), volume: lots.text(day.lots), quoteVolume: value.text(day.tickLots),
    openTime: stamp(day.openUs, caller.timeUnit), closeTime: stamp(day.closeUs, caller.timeUnit), firstId: day.firstTradeId, lastId: day.lastTradeId, count: day.trades,
  };
}
