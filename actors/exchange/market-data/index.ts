export { DAY_US, HOUR_US, INTERVAL_US, INTERVALS, isInterval, MINUTE_US, nextOpen, openOf, SECOND_US, type Interval } from './calendar.js';
export type { DepthDiff, DepthSnapshot, Levels } from './depth.js';
export { fillHistory } from './history.js';
export { joined, KlineSeries, type Kline } from './klines.js';
export { MARK_INTERVAL_US, MarkPrice, PRICE_UNIT } from './mark-price.js';
export { SymbolData, type BestQuotes, type DataListener, type SymbolDataOptions } from './symbol-data.js';
export { TradeRing, type AggregateTrade, type PublicTrade } from './trades.js';
