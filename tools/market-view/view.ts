/** Answers what one span of one symbol looks like at so many pixels: O(pixels · log records), whatever the span. */
import type { IndicatorParams } from '../../config/indicators.js';
import { encodeView, INTERVALS, type HeatHead, type IndicatorName, type MarketLayer, type MarketViewHead, type PriceRange } from '../ui/wire/market.js';
import { lowerBound, type Column } from './columns.js';
import { bandsOf, marksIn, type SymbolDecisions } from './decisions.js';
import type { SymbolData } from './symbol-data.js';
import { thresholdsOf } from './thresholds.js';

const SECOND_US = 1_000_000;
const MOST_BANDS = 1000;
const MOST_MARKS = 1000;
const MOST_RESTING = 500;
/** Rows of a heat map, and pixels that a column of it is wide at least. */
const MOST_HEAT_ROWS = 400;
const HEAT_PIXELS = 2;
/** Pixels of a candle at least. */
const CANDLE_PIXELS = 2;
/** Trades are shown one by one when there are at most so many a pixel. */
const TRADES_A_PIXEL = 2;

export interface ViewQuery {
  readonly symbol: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly widthPx: number;
  /** Wished for; longer where so many candles do not fit. 0: what fits. */
  readonly intervalSeconds: number;
  readonly layers: readonly MarketLayer[];
  readonly indicators: readonly IndicatorName[];
}

type Arrays = Map<string, Float64Array | Uint8Array>;

/** Seconds of a candle: what was asked for, or the next longer one of which a span holds at most one in two pixels. */
export function fittingInterval(asked: number, spanUs: number, widthPx: number): number {
  const most = Math.max(1, widthPx / CANDLE_PIXELS);
  const fitting = INTERVALS.find(({ seconds }) => seconds >= asked && spanUs / SECOND_US / seconds <= most);
  if (fitting !== undefined) return fitting.seconds;
  // Longer than a year at a hundred pixels: whole days.
  return Math.ceil(spanUs / SECOND_US / most / 86_400) * 86_400;
}

export function viewOf(
  data: SymbolData, decisions: SymbolDecisions, params: IndicatorParams, query: ViewQuery,
  head: Pick<MarketViewHead, 'source' | 'symbol' | 'instrument' | 'progress'>, endUs: number,
): Uint8Array<ArrayBuffer> {
  const { fromUs, toUs, widthPx, layers } = query;
  const has = (layer: MarketLayer): boolean => layers.includes(layer);
  const arrays: Arrays = new Map();
  const intervalSeconds = fittingInterval(query.intervalSeconds, toUs - fromUs, widthPx);
  candles(data, fromUs, toUs, intervalSeconds * SECOND_US, arrays);
  const first = lowerBound(data.trades.t, fromUs);
  const end = lowerBound(data.trades.t, toUs, first);
  if (has('line')) line(data, fromUs, toUs, widthPx, arrays);
  if (has('quotes') || data.trades.t.length === 0) quotes(data, fromUs, toUs, widthPx, arrays);
  const range = rangeOf(arrays);
  if (has('trades') && end - first <= widthPx * TRADES_A_PIXEL) {
    const { t, price, lots } = data.trades;
    put(arrays, { tradeT: t.values.slice(first, end), tradeP: Float64Array.from(price.values.subarray(first, end)), tradeQ: lots.values.slice(first, end) });
  }
  const liquidations = has('liquidations') ? largest(data, fromUs, toUs, widthPx, arrays) : 0;
  const heat = has('heat') ? heatMap(data, fromUs, toUs, widthPx, range, arrays) : null;
  if (query.indicators.length > 0) indicators(data, query.indicators, fromUs, toUs, widthPx, arrays);
  const marks = marksIn(decisions.marks, fromUs, toUs, MOST_MARKS);
  const refusals = has('refusals') ? marksIn(decisions.refusals, fromUs, toUs, MOST_MARKS) : { marks: [], omitted: 0 };
  const known = decisions.states.length > 0 || decisions.firstState !== '';
  return encodeView({
    ...head, fromUs, toUs, firstUs: data.firstUs, lastUs: data.lastUs, intervalSeconds, trades: end - first, liquidations, heat, range,
    bands: has('bands') && known ? bandsOf(decisions.states, decisions.firstState, Math.max(fromUs, data.firstUs), toUs, endUs, MOST_BANDS) : [],
    pauses: has('bands') ? bandsOf(decisions.pauses, 'none', Math.max(fromUs, data.firstUs), toUs, endUs, MOST_BANDS, 'none') : [],
    marks: has('marks') ? [...marks.marks, ...refusals.marks] : refusals.marks,
    marksOmitted: (has('marks') ? marks.omitted + decisions.omitted : 0) + refusals.omitted,
    resting: has('marks') ? decisions.resting.filter((one) => one.toUs >= fromUs && one.fromUs <= toUs && one.priceTicks > 0).slice(0, MOST_RESTING).map((one) => ({ ...one, toUs: Math.min(one.toUs, endUs) })) : [],
    thresholds: thresholdsOf(params),
  }, arrays);
}

/** Bounds of `count` equal parts of a span, as indices into the column: [from, end) of part k is [at[k], at[k + 1]). */
function partsOf(column: Column<Float64Array>, fromUs: number, toUs: number, count: number): Int32Array {
  const at = new Int32Array(count + 1);
  for (let k = 0; k <= count; k += 1) at[k] = lowerBound(column, k === count ? toUs : fromUs + ((toUs - fromUs) * k) / count, k === 0 ? 0 : at[k - 1]);
  return at;
}

/** Prices reach so many times further than those between the hundredths: some are absurd. */
const FAR = 20;

/** What a scale is to reach. */
function rangeOf(arrays: Arrays): PriceRange | null {
  const of = (name: string): Float64Array => (arrays.get(name) as Float64Array | undefined) ?? new Float64Array(0);
  const lows = Float64Array.from([...of('candleL'), ...of('bidLow')].filter((value) => value > 0)).sort();
  const highs = Float64Array.from([...of('candleH'), ...of('askHigh')].filter((value) => value > 0)).sort();
  if (lows.length === 0 && highs.length === 0) return null;
  const part = (sorted: Float64Array, share: number, other: number): number => (sorted.length === 0 ? other : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  const leastLow = part(lows, 0, highs[0]);
  const mostHigh = part(highs, 1, lows[lows.length - 1]);
  let low = part(lows, 0.02, leastLow);
  let high = part(highs, 0.98 - 1e-9, mostHigh);
  if (low > high) [low, high] = [high, low];
  // Of few prices nobody can say which is absurd.
  if (lows.length < 10 || mostHigh - leastLow <= FAR * Math.max(high - low, 0.001 * high)) {
    low = leastLow;
    high = mostHigh;
  }
  const margin = Math.max(1, (high - low) * 0.08, high * 0.0002);
  const outside = lows.reduce((sum, value) => sum + Number(value < low - margin), 0) + highs.reduce((sum, value) => sum + Number(value > high + margin), 0);
  return { low: Math.max(0, low - margin), high: high + margin, leastLow, mostHigh, outside };
}

function put(arrays: Arrays, named: Readonly<Record<string, Float64Array>>): void {
  for (const [name, array] of Object.entries(named)) arrays.set(name, array);
}

/** Candles of whole intervals since the epoch, those with a trade, exact; the one that the span cuts is whole too. */
function candles(data: SymbolData, fromUs: number, toUs: number, intervalUs: number, arrays: Arrays): void {
  const { t, price } = data.trades;
  const columns: Record<string, number[]> = { candleT: [], candleO: [], candleH: [], candleL: [], candleC: [], candleBuy: [], candleSell: [], candleN: [] };
  let at = lowerBound(t, Math.floor(fromUs / intervalUs) * intervalUs);
  while (at < t.length && t.values[at] < toUs) {
    const begin = Math.floor(t.values[at] / intervalUs) * intervalUs;
    const end = lowerBound(t, begin + intervalUs, at);
    data.tradePrices.find(at, end);
    const { least, greatest } = data.tradePrices;
    columns['candleT'].push(begin);
    columns['candleO'].push(price.values[at]);
    columns['candleH'].push(greatest);
    columns['candleL'].push(least);
    columns['candleC'].push(price.values[end - 1]);
    columns['candleBuy'].push(data.bought.sum(at, end));
    columns['candleSell'].push(data.sold.sum(at, end));
    columns['candleN'].push(end - at);
    at = end;
  }
  for (const [name, values] of Object.entries(columns)) arrays.set(name, Float64Array.from(values));
}

/** The first, least, greatest and last price of each pixel, in the order in which they came: trades, or mids where nobody trades. */
function line(data: SymbolData, fromUs: number, toUs: number, widthPx: number, arrays: Arrays): void {
  const traded = data.trades.t.length > 0;
  const { t } = traded ? data.trades : data.quotes;
  const envelope = traded ? data.tradePrices : data.mids;
  const valueAt = (index: number): number => (traded ? data.trades.price.values[index] : data.quotes.mid2.values[index] / 2 || NaN);
  const at = partsOf(t, fromUs, toUs, widthPx);
  const times: number[] = [];
  const prices: number[] = [];
  const add = (index: number): void => {
    times.push(t.values[index]);
    prices.push(valueAt(index));
  };
  // One before and one after, so that the line reaches the edges.
  if (at[0] > 0) add(at[0] - 1);
  for (let k = 0; k < widthPx; k += 1) {
    const from = at[k];
    const end = at[k + 1];
    if (end <= from) continue;
    if (end - from <= 4) {
      for (let i = from; i < end; i += 1) add(i);
      continue;
    }
    envelope.find(from, end);
    const { leastAt, greatestAt } = envelope;
    const chosen = [from, ...(leastAt < greatestAt ? [leastAt, greatestAt] : [greatestAt, leastAt]), end - 1];
    let last = -1;
    for (const index of chosen) {
      if (index > last) add(index);
      last = Math.max(last, index);
    }
  }
  if (at[widthPx] < t.length) add(at[widthPx]);
  put(arrays, { lineT: Float64Array.from(times), lineP: Float64Array.from(prices) });
}

/** The range of the best prices within each pixel; a quote holds until the next one. */
function quotes(data: SymbolData, fromUs: number, toUs: number, widthPx: number, arrays: Arrays): void {
  const { t } = data.quotes;
  const at = partsOf(t, fromUs, toUs, widthPx);
  const columns = { quoteT: new Float64Array(widthPx), bidLow: new Float64Array(widthPx), bidHigh: new Float64Array(widthPx), askLow: new Float64Array(widthPx), askHigh: new Float64Array(widthPx) };
  for (let k = 0; k < widthPx; k += 1) {
    const beginUs = fromUs + ((toUs - fromUs) * k) / widthPx;
    const from = Math.max(0, at[k] - 1);
    columns.quoteT[k] = beginUs;
    // After its last record nothing is known.
    const end = beginUs > data.lastUs ? from : at[k + 1];
    data.bids.find(from, end);
    columns.bidLow[k] = data.bids.least;
    columns.bidHigh[k] = data.bids.greatest;
    data.asks.find(from, end);
    columns.askLow[k] = data.asks.least;
    columns.askHigh[k] = data.asks.greatest;
  }
  put(arrays, columns);
}

/** Of each pixel the largest liquidation of a side; how many there are in all. */
function largest(data: SymbolData, fromUs: number, toUs: number, widthPx: number, arrays: Arrays): number {
  const { t, price, lots } = data.liquidations;
  const at = partsOf(t, fromUs, toUs, widthPx);
  const chosen: number[] = [];
  for (let k = 0; k < widthPx; k += 1) {
    data.liquidationLots.find(at[k], at[k + 1]);
    const { greatest, greatestAt, least, leastAt } = data.liquidationLots;
    const bought = greatest > 0 ? greatestAt : -1;
    const sold = least < 0 ? leastAt : -1;
    for (const index of bought < sold ? [bought, sold] : [sold, bought]) if (index >= 0) chosen.push(index);
  }
  put(arrays, {
    liqT: Float64Array.from(chosen, (i) => t.values[i]), liqP: Float64Array.from(chosen, (i) => price.values[i]), liqQ: Float64Array.from(chosen, (i) => lots.values[i]),
  });
  return at[widthPx] - at[0];
}

function heatMap(data: SymbolData, fromUs: number, toUs: number, widthPx: number, range: PriceRange | null, arrays: Arrays): HeatHead | null {
  if (range === null) return null;
  const grid = data.heat.grid(fromUs, toUs, range.low, range.high, Math.max(1, Math.floor(widthPx / HEAT_PIXELS)), MOST_HEAT_ROWS);
  if (grid === undefined) return null;
  const { columns, rows, lowTicks, binTicks, stepUs, most } = grid;
  arrays.set('heat', grid.cells);
  arrays.set('heatT', grid.times);
  return { columns, rows, lowTicks, binTicks, stepUs, most };
}

/** Least and greatest value of each indicator in each pixel in which a second ended; one more on both sides. */
function indicators(data: SymbolData, names: readonly IndicatorName[], fromUs: number, toUs: number, widthPx: number, arrays: Arrays): void {
  const { seconds } = data;
  const at = partsOf(seconds, fromUs, toUs, widthPx);
  const parts: (readonly [number, number])[] = [];
  if (at[0] > 0) parts.push([at[0] - 1, at[0]]);
  for (let k = 0; k < widthPx; k += 1) if (at[k + 1] > at[k]) parts.push([at[k], at[k + 1]]);
  if (at[widthPx] < seconds.length) parts.push([at[widthPx], at[widthPx] + 1]);
  arrays.set('indicatorT', Float64Array.from(parts, ([from]) => seconds.values[from]));
  for (const name of names) {
    const column = data.indicators[name];
    arrays.set(`${name}.low`, Float64Array.from(parts, ([from, end]) => {
      column.lows.find(from, end);
      return column.lows.least;
    }));
    arrays.set(`${name}.high`, Float64Array.from(parts, ([from, end]) => {
      column.highs.find(from, end);
      return column.highs.greatest;
    }));
  }
}
