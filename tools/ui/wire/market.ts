/**
 * What the market view's server and page say to each other. Times are µs since the epoch on the clock of the tape (receive stamp, never
 * backwards), which is the clock of decisions too. Prices travel in ticks, quantities in lots; `MarketInstrument` says what those are worth.
 */

/** Lengths of candles, in seconds, with the names that people give them. */
export const INTERVALS = [
  { name: '1s', seconds: 1 }, { name: '5s', seconds: 5 }, { name: '15s', seconds: 15 }, { name: '1m', seconds: 60 }, { name: '5m', seconds: 300 },
  { name: '15m', seconds: 900 }, { name: '1h', seconds: 3600 }, { name: '4h', seconds: 14_400 }, { name: '1d', seconds: 86_400 },
] as const;

/** What a view may be asked for, besides candles and volume, which are always in it. */
export const LAYERS = ['line', 'quotes', 'trades', 'heat', 'liquidations', 'bands', 'marks', 'refusals'] as const;
export type MarketLayer = (typeof LAYERS)[number];

/** The indicators that are kept a second of the tape, each with its least and greatest value within the second. */
export const INDICATORS = [
  { name: 'spreadBps', title: 'spread', unit: 'bp' },
  { name: 'spreadRatio', title: 'spread over its median', unit: '×' },
  { name: 'obi', title: 'book imbalance', unit: '' },
  { name: 'depthImbalance', title: 'depth imbalance', unit: '' },
  { name: 'volatilityRatio', title: 'volatility ratio', unit: '×' },
  { name: 'acceleration', title: 'acceleration', unit: '1/s²' },
  { name: 'volumeDeltaZ', title: 'volume delta', unit: 'z' },
  { name: 'velocityRatio', title: 'message velocity', unit: '×' },
  { name: 'pattern', title: 'pattern', unit: '' },
  { name: 'violentRange', title: 'range of 10 s', unit: '' },
  { name: 'votes', title: 'votes', unit: '' },
  { name: 'latencyMs', title: 'latency', unit: 'ms' },
  { name: 'vpin', title: 'VPIN', unit: '' },
  { name: 'ofi', title: 'order flow imbalance', unit: 'lots/s' },
  { name: 'cvd', title: 'volume delta of the day', unit: 'lots' },
  { name: 'kyleLambda', title: 'Kyle’s λ', unit: 'bp per million' },
] as const;
export type IndicatorName = (typeof INDICATORS)[number]['name'];

/** A line at which an indicator means something, from the configuration in force. */
export interface Threshold {
  readonly indicator: IndicatorName;
  readonly value: number;
  /** What the indicator does there, e.g. `fires below`. */
  readonly says: string;
}

export interface MarketInstrument {
  /** Unique in its source: the symbol, `SYMBOL@venue` where two venues trade it. Whatever the tape says, never markup. */
  readonly name: string;
  readonly symbol: string;
  readonly venue: string;
  readonly product: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly settle: string;
  readonly trades: number;
  readonly quotes: number;
  readonly liquidations: number;
}

/** How far a source has been read. */
export interface MarketProgress {
  /** `reading`: there is more to read now; `following`: read to its end, which may move; `whole`: read to its end; `stopped`: `problem` says why. */
  readonly state: 'reading' | 'following' | 'whole' | 'stopped';
  /** More may be written. */
  readonly growing: boolean;
  readonly records: number;
  /** Records that are there to read, as far as is known. */
  readonly total: number;
  readonly bytes: number;
  /** Clock of the first and last record read; 0 before the first. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** While what came before is being read: clock of the first of the newest records, which were read first. 0: there is nothing to be read before. */
  readonly newestFromUs: number;
  /** What a person should know, with the way out. */
  readonly notes: readonly string[];
}

/** Answer of `market/symbols`. */
export interface MarketSymbols {
  readonly source: string;
  readonly progress: MarketProgress;
  readonly instruments: readonly MarketInstrument[];
  /** Instruments that the list leaves out because there are too many. */
  readonly omitted: number;
}

/** Answer of `market/range`, and what topic `market.tail` pushes. */
export interface MarketTail {
  readonly source: string;
  readonly symbol: string;
  readonly progress: MarketProgress;
  /** First and last clock of the symbol's own data; 0 where there is none. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** Ticks; 0 = none. */
  readonly lastTradeTicks: number;
  readonly bidTicks: number;
  readonly askTicks: number;
  /** The detector's state as far as decisions are known; '' where nobody said. */
  readonly state: string;
  /** Grows with whatever a view would show. */
  readonly version: number;
}

/** Time in one state of the symbol's detector. */
export interface Band {
  readonly fromUs: number;
  readonly toUs: number;
  readonly state: string;
  readonly reason: string;
  /** Number of the decision that began it; -1 for what was before the first. */
  readonly decision: number;
}

export type MarkKind = 'order' | 'fill' | 'cancel' | 'reject' | 'entry' | 'exit' | 'trade' | 'refusal';

/** Something that we did or that was done to our order. */
export interface Mark {
  readonly atUs: number;
  readonly kind: MarkKind;
  readonly side: 'buy' | 'sell' | '';
  /** 0 = none was named. */
  readonly priceTicks: number;
  readonly lots: number;
  /** Id of the order or trade. */
  readonly id: string;
  readonly text: string;
  /** Its number among the decisions of the run, and the number of the record in effect. */
  readonly decision: number;
  readonly seq: number;
}

/** An order while it rested. */
export interface Resting {
  readonly fromUs: number;
  readonly toUs: number;
  readonly side: 'buy' | 'sell' | '';
  readonly priceTicks: number;
  readonly lots: number;
  readonly id: string;
  readonly purpose: string;
}

/** The heat map's grid: block `heat`, a byte a cell, column by column from the lowest price; a code c is 2^(c/4) - 1 lots resting in the cell. */
export interface HeatHead {
  readonly columns: number;
  readonly rows: number;
  readonly lowTicks: number;
  readonly binTicks: number;
  /** Time of a column; block `heatT` says where each begins. */
  readonly stepUs: number;
  readonly most: number;
}

/** Ticks that a scale is to reach, with a margin. `low` and `high` leave out prices far from all others, of which there are `outside` in `leastLow` to `mostHigh`. */
export interface PriceRange {
  readonly low: number;
  readonly high: number;
  readonly leastLow: number;
  readonly mostHigh: number;
  /** Candles and pixels of quotes that reach beyond. */
  readonly outside: number;
}

/** One array of the answer: `at` is its first byte after the head. */
export interface Block {
  readonly name: string;
  readonly kind: 'f64' | 'u8';
  readonly at: number;
  readonly length: number;
}

/**
 * The head of the answer of `market/view`. Blocks, all of one length a group:
 * `lineT`, `lineP` (ticks; least, greatest, first and last trade, or mid, of each pixel, in their order);
 * `candleT` (begin), `candleO`, `candleH`, `candleL`, `candleC` (ticks), `candleBuy`, `candleSell` (lots by taker), `candleN` (trades);
 * `quoteT`, `bidLow`, `bidHigh`, `askLow`, `askHigh` (ticks, NaN = none) a pixel; `tradeT`, `tradeP`, `tradeQ` (lots, negative where the taker sold), all of
 * them or none; `liqT`, `liqP`, `liqQ` likewise, the largest of a pixel; `heat`, `heatT`; and for the indicators asked for `indicatorT` and `NAME.low`, `NAME.high`.
 */
export interface MarketViewHead {
  readonly source: string;
  readonly symbol: string;
  readonly instrument: MarketInstrument;
  readonly progress: MarketProgress;
  readonly fromUs: number;
  readonly toUs: number;
  /** The symbol's whole span. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** Seconds of a candle that is shown: what was asked for, or the next that fits. */
  readonly intervalSeconds: number;
  /** Trades in the span, and liquidations that a pixel's largest stands for. */
  readonly trades: number;
  readonly liquidations: number;
  readonly heat: HeatHead | null;
  /** Null where there is no price. */
  readonly range: PriceRange | null;
  readonly bands: readonly Band[];
  readonly pauses: readonly Band[];
  readonly marks: readonly Mark[];
  /** Marks of the span that are left out. */
  readonly marksOmitted: number;
  readonly resting: readonly Resting[];
  readonly thresholds: readonly Threshold[];
  readonly blocks: readonly Block[];
}

/** A view as the page has it. */
export interface MarketView {
  readonly head: MarketViewHead;
  readonly blocks: ReadonlyMap<string, Float64Array>;
  readonly heat: Uint8Array;
}

/**
 * Puts head and arrays into one: length of the head (u32, little-endian), the head's JSON in ASCII padded to 8 bytes, the arrays, each padded
 * to 8 bytes.
 */
export function encodeView(head: Omit<MarketViewHead, 'blocks'>, arrays: ReadonlyMap<string, Float64Array | Uint8Array>): Uint8Array<ArrayBuffer> {
  const blocks: Block[] = [];
  let at = 0;
  for (const [name, array] of arrays) {
    blocks.push({ name, kind: array instanceof Uint8Array ? 'u8' : 'f64', at, length: array.length });
    at += Math.ceil(array.byteLength / 8) * 8;
  }
  const text = JSON.stringify({ ...head, blocks }).replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const begin = Math.ceil((4 + text.length) / 8) * 8;
  const bytes = new Uint8Array(begin + at);
  bytes.fill(0x20, 4, begin);
  new DataView(bytes.buffer).setUint32(0, begin - 4, true);
  for (let n = 0; n < text.length; n += 1) bytes[4 + n] = text.charCodeAt(n);
  for (const block of blocks) {
    const array = arrays.get(block.name)!;
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), begin + block.at);
  }
  return bytes;
}

/** Characters that are put together at a time. */
const PIECE = 4096;

/** Takes apart what `encodeView` made. @throws Error where the bytes are not that. */
export function decodeView(bytes: Uint8Array): MarketView {
  if (bytes.length < 8) throw new Error('the answer is cut');
  const begin = 4 + new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (begin > bytes.length) throw new Error('the answer is cut within its head');
  let text = '';
  for (let n = 4; n < begin; n += PIECE) text += String.fromCharCode(...bytes.subarray(n, Math.min(begin, n + PIECE)));
  const head = JSON.parse(text) as MarketViewHead;
  const blocks = new Map<string, Float64Array>();
  let heat = new Uint8Array(0);
  for (const { name, kind, at, length } of head.blocks) {
    const from = begin + at;
    const size = kind === 'u8' ? length : length * 8;
    if (!(size >= 0 && from >= begin && from + size <= bytes.length)) throw new Error(`the answer is cut within ${name}`);
    // A copy, so that it begins at a multiple of eight whatever holds the answer.
    const part = bytes.slice(from, from + size);
    if (kind === 'u8') heat = part;
    else blocks.set(name, new Float64Array(part.buffer));
  }
  return { head, blocks, heat };
}
