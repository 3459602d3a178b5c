import { DAY_US, isInterval, PRICE_UNIT, type MarkPrice } from '../../../actors/exchange/market-data/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Caller, Endpoint, Params, WsMethod } from '../web/index.js';
import { fixed } from './decimals.js';
import { aggregateRow, depthText, intervalOf, invalidSymbol, klineRows, sampleRow, spanOf, tradeRow, type Questions } from './queries.js';
import type { StreamedSymbol } from './streams.js';
import { stamp } from './symbol-text.js';

const LEVELS = [5, 10, 20, 50, 100, 500, 1000];
const MOST_TRADES = 1000;
const MOST_HISTORICAL = 500;
const MOST_KLINES = 1500;
/** A dated lookup of aggregate trades spans at most an hour. */
const AGGREGATE_SPAN_US = 3_600e6;

/** The public market data of USD-M. */
export function usdmMarketData(questions: Questions, clockUs: () => number): { readonly endpoints: readonly Endpoint[]; readonly wsMethods: readonly WsMethod[] } {
  const open = { security: 'none' } as const;
  const get = (path: string, weight: Endpoint['weight'], handle: Endpoint['handle']): Endpoint => ({ ...open, method: 'GET', path, weight, handle });
  const depth: Pick<Endpoint, 'weight' | 'handle'> = {
    weight: (params) => {
      const limit = params.optionalInt('limit') ?? 500;
      return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
    },
    handle: (params, caller) => {
      const symbol = params.symbol();
      const limit = params.optionalInt('limit') ?? 500;
      if (!LEVELS.includes(limit)) throw new VenueError(-4021, `Limit ${limit} is not valid depth limit.`);
      return questions.symbol(symbol, (one, nowUs) => depthText(one, limit, `"E":${caller.stamp(nowUs)},"T":${caller.stamp(one.data.best.atUs)},`));
    },
  };
  const priceRow = ({ text, data }: StreamedSymbol, nowUs: number, caller: Caller): object => ({
    symbol: text.symbol, ps: text.symbol, price: text.price.text(data.lastTrade?.ticks ?? data.rolling(DAY_US, nowUs)!.close), time: stamp(data.lastTrade?.atUs ?? nowUs, caller.timeUnit),
  });
  const price: Pick<Endpoint, 'weight' | 'handle'> = {
    weight: (params) => (params.optionalSymbol() === undefined ? 2 : 1),
    handle: (params, caller) => questions.some({ one: params.optionalSymbol(), many: undefined }, (one, nowUs) => priceRow(one, nowUs, caller)),
  };
  const book: Pick<Endpoint, 'weight' | 'handle'> = {
    weight: (params) => (params.optionalSymbol() === undefined ? 5 : 2),
    handle: (params, caller) => questions.some({ one: params.optionalSymbol(), many: undefined }, ({ text, data: { best, book: { updateId } } }) => ({
      symbol: text.symbol, ps: text.symbol, bidPrice: text.price.text(best.bidTicks), bidQty: text.lots.text(best.bidLots), askPrice: text.price.text(best.askTicks), askQty: text.lots.text(best.askLots),
      time: stamp(best.atUs, caller.timeUnit), lastUpdateId: updateId,
    })),
  };
  const samples = (path: string, name: 'symbol' | 'pair', seriesOf: (mark: MarkPrice) => MarkPrice['markKlines']): Endpoint => get(path, klineWeight, (params, caller) => {
    const symbol = params.symbol(name);
    const interval = intervalOf(params);
    const limit = params.limit(500, MOST_KLINES);
    const { fromUs, toUs } = spanOf(params);
    return questions.symbol(symbol, ({ mark }) => seriesOf(mark!)[interval].range(fromUs, toUs, limit).map((kline) => sampleRow(kline, PRICE_UNIT, caller)));
  });
  const klines = (params: Params, caller: Caller, symbol: string): unknown => {
    const interval = intervalOf(params);
    if (interval === '1s') throw new VenueError(-1120, 'Invalid interval.');
    const limit = params.limit(500, MOST_KLINES);
    const span = spanOf(params);
    return questions.symbol(symbol, (one) => klineRows(one, one.data.klines[interval], span, limit, caller));
  };
  const endpoints: readonly Endpoint[] = [
    get('/fapi/v1/ping', 1, () => ({})),
    get('/fapi/v1/time', 1, (_params, caller) => ({ serverTime: caller.stamp(clockUs()) })),
    get('/fapi/v1/depth', depth.weight, depth.handle),
    get('/fapi/v1/trades', 5, (params, caller) => {
      const symbol = params.symbol();
      const limit = params.limit(500, MOST_TRADES);
      return questions.symbol(symbol, (one) => one.data.trades.last(limit).map((trade) => tradeRow(one, trade, caller)));
    }),
    { ...get('/fapi/v1/historicalTrades', 20, (params, caller) => {
      const symbol = params.symbol();
      const limit = params.limit(100, MOST_HISTORICAL);
      const fromId = params.optionalInt('fromId');
      return questions.symbol(symbol, (one) => (fromId === undefined ? one.data.trades.last(limit) : one.data.trades.from(fromId, limit)).map((trade) => tradeRow(one, trade, caller)));
    }), security: 'key', permission: 'MARKET_DATA' },
    get('/fapi/v1/aggTrades', 20, (params, caller) => {
      const symbol = params.symbol();
      const limit = params.limit(500, MOST_TRADES);
      const { fromUs, toUs } = spanOf(params, AGGREGATE_SPAN_US);
      const fromId = params.optionalInt('fromId');
      return questions.symbol(symbol, (one) => (fromId === undefined ? one.data.aggregates.between(fromUs, toUs, limit) : one.data.aggregates.from(fromId, limit)).map((trade) => aggregateRow(one, trade, caller)));
    }),
    get('/fapi/v1/klines', klineWeight, (params, caller) => klines(params, caller, params.symbol())),
    get('/fapi/v1/continuousKlines', klineWeight, (params, caller) => {
      const pair = params.symbol('pair');
      if (params.string('contractType') !== 'PERPETUAL') throw invalidSymbol();
      return klines(params, caller, pair);
    }),
    samples('/fapi/v1/markPriceKlines', 'symbol', (mark) => mark.markKlines),
    samples('/fapi/v1/indexPriceKlines', 'pair', (mark) => mark.indexKlines),
    samples('/fapi/v1/premiumIndexKlines', 'symbol', (mark) => mark.premiumKlines),
    get('/fapi/v1/premiumIndex', (params) => (params.optionalSymbol() === undefined ? 10 : 1), (params, caller) => {
      const one = params.optionalSymbol();
      return questions.ask((feed, nowUs) => {
        const row = ({ text, mark, data }: StreamedSymbol): object => {
          const { rate, nextUs } = feed.facts!.funding(data.index);
          return {
            symbol: text.symbol, markPrice: fixed(mark!.mark, 8), indexPrice: fixed(mark!.index, 8), estimatedSettlePrice: fixed(mark!.index, 8), lastFundingRate: rate, interestRate: '0.00010000',
            nextFundingTime: stamp(nextUs, caller.timeUnit), time: stamp(nowUs, caller.timeUnit),
          };
        };
        if (one === undefined) return feed.symbols.map(row);
        const symbol = feed.symbol(one);
        if (symbol === undefined) throw invalidSymbol();
        return row(symbol);
      });
    }),
    get('/fapi/v1/fundingRate', 1, (params, caller) => {
      const symbol = params.optionalSymbol();
      const { fromUs, toUs } = spanOf(params);
      const limit = params.limit(100, 1000);
      return questions.ask((feed) => {
        const wanted = feed.fundings().filter((one) => (symbol === undefined || one.symbol === symbol) && one.atUs >= (fromUs ?? -Infinity) && one.atUs <= (toUs ?? Infinity));
        const rows = fromUs === undefined ? wanted.slice(-limit) : wanted.slice(0, limit);
        return rows.map((one) => ({ symbol: one.symbol, fundingRate: one.rate, fundingTime: stamp(one.atUs, caller.timeUnit), markPrice: one.markPrice }));
      });
    }),
    get('/fapi/v1/fundingInfo', 0, () => questions.ask(({ symbols }) => symbols.map(({ text }) => ({ symbol: text.symbol, adjustedFundingRateCap: '0.02000000', adjustedFundingRateFloor: '-0.02000000', fundingIntervalHours: 8, disclaimer: false, updateTime: null })))),
    get('/fapi/v1/openInterest', 1, (params, caller) => {
      const symbol = params.symbol();
      return questions.ask((feed, nowUs) => {
        const one = feed.symbol(symbol);
        if (one === undefined) throw invalidSymbol();
        return { openInterest: feed.facts!.openInterest(one.data.index), symbol, time: stamp(nowUs, caller.timeUnit) };
      });
    }),
    get('/fapi/v1/ticker/24hr', (params) => (params.optionalSymbol() === undefined ? 40 : 1), (params, caller) =>
      questions.some({ one: params.optionalSymbol(), many: undefined }, (one, nowUs) => dayRow(one, nowUs, caller))),
    get('/fapi/v1/ticker/price', price.weight, price.handle),
    get('/fapi/v2/ticker/price', price.weight, price.handle),
    get('/fapi/v1/ticker/bookTicker', book.weight, book.handle),
    get('/fapi/v1/constituents', 2, (params, caller) => {
      const symbol = params.symbol();
      return questions.symbol(symbol, (_one, nowUs) => ({ symbol, time: stamp(nowUs, caller.timeUnit), constituents: [{ exchange: 'binance', symbol }] }));
    }),
  ];
  const method = (name: string, { weight, handle }: Pick<Endpoint, 'weight' | 'handle'>): WsMethod => ({ ...open, method: name, weight, handle });
  return { endpoints, wsMethods: [method('depth', depth), method('ticker.price', price), method('ticker.book', book), method('v2/ticker.price', price)] };
}

/** Weight of candles grows with their number. */
function klineWeight(params: Params): number {
  const limit = params.optionalInt('limit') ?? 500;
  const interval = params.optionalString('interval');
  if (interval !== undefined && !isInterval(interval)) return 1;
  return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10;
}

function dayRow({ text, data }: StreamedSymbol, nowUs: number, caller: Caller): object {
  const day = data.rolling(DAY_US, nowUs)!;
  const { price, lots, value } = text;
  return {
    symbol: text.symbol, priceChange: price.text(day.close - day.open), priceChangePercent: fixed((100 * (day.close - day.open)) / day.open, 2), weightedAvgPrice: text.mean(day),
    lastPrice: price.text(day.close), lastQty: lots.text(data.lastTrade?.lots ?? 0), openPrice: price.text(day.open), highPrice: price.text(day.high), lowPrice: price.text(day.low),
    volume: lots.text(day.lots), quoteVolume: value.text(day.tickLots), openTime: stamp(day.openUs, caller.timeUnit), closeTime: stamp(day.closeUs, caller.timeUnit),
    firstId: day.firstTradeId, lastId: day.lastTradeId, count: day.trades,
  };
}
