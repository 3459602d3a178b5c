import { FrameDecoder } from '../../../data/decode/index.js';
import { allocateBatch, type Instrument } from '../../../data/records/index.js';
import { Random } from '../../fuzz/random.js';
import type { BenchRow } from '../row.js';

const FRAMES = 512;
const LEVELS = 20;
const NOW_MS = 1_723_161_255_343;
const BTCUSDT: Instrument = { index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] };

/** Frames one after the other, as a socket's buffer holds them; frame k is bytes [offsets[k], offsets[k + 1]). */
interface Received {
  readonly bytes: Buffer;
  readonly offsets: Int32Array;
}

function received(texts: readonly string[]): Received {
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach((text, k) => (offsets[k + 1] = offsets[k]! + text.length));
  // What a socket reads into is larger than what it holds.
  return { bytes: Buffer.concat([Buffer.from(texts.join('')), Buffer.alloc(4096)]), offsets };
}

function aggTrades(): Received {
  const random = new Random(1);
  let ms = NOW_MS;
  let a = 2_412_693_351;
  let trade = 5_266_583_935;
  let tenths = 618_003;
  return received(Array.from({ length: FRAMES }, () => {
    ms += random.below(200);
    a += 1;
    const first = trade + 1;
    trade = first + (random.chance(0.3) ? random.below(6) : 0);
    tenths += random.between(-20, 20);
    const quantity = (Math.floor(random.next() ** 4 * 5000 + 1) / 1000).toFixed(3);
    return `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":${ms},"s":"BTCUSDT","a":${a},"p":"${(tenths / 10).toFixed(2)}","q":"${quantity}","f":${first},"l":${trade},"T":${ms - random.below(100)},"m":${random.chance(0.5)}}}`;
  }));
}

function diffs(): Received {
  const random = new Random(2);
  let ms = NOW_MS;
  let u = 5_123_107_837_557;
  let tenths = 618_003;
  const side = (direction: number): string => {
    let price = tenths;
    return Array.from({ length: LEVELS }, () => {
      price += direction * random.between(1, random.chance(0.7) ? 4 : 200);
      const lots = random.chance(0.25) ? 0 : Math.floor(random.next() ** 4 * 20_000 + 1);
      return `["${(price / 10).toFixed(2)}","${(lots / 1000).toFixed(3)}"]`;
    }).join(',');
  };
  return received(Array.from({ length: FRAMES }, () => {
    ms += 100;
    const pu = u;
    const U = u + random.between(1, 100);
    u = U + random.below(6000);
    tenths += random.between(-20, 20);
    return `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":${ms},"T":${ms - random.below(5)},"s":"BTCUSDT","U":${U},"u":${u},"pu":${pu},"b":[${side(-1)}],"a":[${side(1)}]}}`;
  }));
}

interface AggTrade {
  readonly data: { readonly p: string; readonly q: string };
}
interface DepthUpdate {
  readonly data: { readonly b: readonly (readonly [string, string])[]; readonly a: readonly (readonly [string, string])[] };
}

function aggTradeByJson(text: string): number {
  const { data } = JSON.parse(text) as AggTrade;
  return Number(data.p) + Number(data.q);
}

function diffByJson(text: string): number {
  const { data } = JSON.parse(text) as DepthUpdate;
  let sum = 0;
  for (const level of data.b) sum += Number(level[0]) + Number(level[1]);
  for (const level of data.a) sum += Number(level[0]) + Number(level[1]);
  return sum;
}

/** Frames of `make` to records, against toString, JSON.parse and Number() of every price and quantity. */
function decodeRow(id: string, floor: number, aim: number, passes: number, make: () => Received, byJson: (text: string) => number): BenchRow {
  let frames: Received | undefined;
  const decoder = new FrameDecoder({ market: 'binance-usdm', instruments: [BTCUSDT] });
  const target = allocateBatch(4096);
  const recvUs = new Float64Array([NOW_MS * 1000]);
  let sum = 0;
  const ours = (): number => {
    const { bytes, offsets } = frames!;
    const begunMs = performance.now();
    for (let pass = 0; pass < passes; pass += 1) {
      for (let k = 0; k < FRAMES; k += 1) decoder.decode(bytes, offsets[k]!, offsets[k + 1]!, recvUs, target, 0, 4096);
    }
    return ((passes * FRAMES) / (performance.now() - begunMs)) * 1000;
  };
  const peerRun = (): number => {
    const { bytes, offsets } = frames!;
    const few = Math.ceil(passes / 8);
    const begunMs = performance.now();
    for (let pass = 0; pass < few; pass += 1) {
      for (let k = 0; k < FRAMES; k += 1) sum += byJson(bytes.toString('utf8', offsets[k], offsets[k + 1]));
    }
    return ((few * FRAMES) / (performance.now() - begunMs)) * 1000;
  };
  return {
    id,
    unit: 'frames/s',
    better: 'higher',
    peer: 'Buffer.toString, JSON.parse, Number() of every price and quantity',
    floor,
    aim,
    prepare() {
      frames = make();
      for (let k = 0; k < 3; k += 1) {
        ours();
        peerRun();
      }
      const { fast, fallback, ignored, refused } = decoder.counts;
      if (fallback + ignored + refused > 0) throw new Error(`only ${fast} of ${fast + fallback + ignored + refused} frames went the fast path`);
    },
    ours,
    peerRun,
    close() {
      // The peer's work must have a result.
      if (!Number.isFinite(sum)) throw new Error(`the prices and quantities add up to ${sum}`);
    },
  };
}

/** USD-M aggTrades of a combined stream, some 185 bytes each. */
export const decodeAggTrade: BenchRow = decodeRow('decode-aggtrade/json-parse', 6, 8, 400, aggTrades, aggTradeByJson);

/** USD-M diffs of a combined stream with 20 levels a side, some 1,020 bytes each. */
export const decodeDepth: BenchRow = decodeRow('decode-depth/json-parse', 8, 10, 80, diffs, diffByJson);
