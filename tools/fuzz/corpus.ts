import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BINANCE_MARKETS, type BinanceMarket } from '../../data/decode/index.js';
import { ExactNumber } from '../../data/import/exact-number.js';
import type { Instrument } from '../../data/records/index.js';
import { INSTRUMENTS } from './frames.js';

/** Frames of one market to mutate, and the instruments they are of. */
export interface Corpus {
  readonly instruments: readonly Instrument[];
  readonly frames: readonly Buffer[];
}

/** Taken of each file, spread over it. */
const FRAMES_OF_A_FILE = 150;
const MAX_FRAME = 4 * 1024;

const RECORDINGS: readonly (readonly [string, BinanceMarket])[] = [
  ['hftbacktest_usdm_btcusdt_20240808.gz', 'binance-usdm'], ['hftbacktest_spot_btcusdt_20240808.gz', 'binance-spot'],
  ['cryptofeed_BINANCE_FUTURES.ws.1.0.gz', 'binance-usdm'], ['cryptofeed_BINANCE.ws.1.0.gz', 'binance-spot'], ['cryptofeed_BINANCE_DELIVERY.ws.1.0.gz', 'binance-coinm'],
];

/** Real frames by market; empty where the folder of real data is not there. Same folder, same corpus. */
export function loadCorpus(folder: string | undefined): Readonly<Record<BinanceMarket, Corpus>> {
  const frames: Record<BinanceMarket, Buffer[]> = { 'binance-spot': [], 'binance-usdm': [], 'binance-coinm': [] };
  if (folder !== undefined) {
    for (const [file, market] of RECORDINGS) frames[market].push(...recorded(join(folder, 'orderbook-ws', file)));
    for (const message of payloads(join(folder, 'payloads'))) for (const market of BINANCE_MARKETS) frames[market].push(message);
  }
  return {
    'binance-spot': corpus('binance-spot', frames['binance-spot']),
    'binance-usdm': corpus('binance-usdm', frames['binance-usdm']),
    'binance-coinm': corpus('binance-coinm', frames['binance-coinm']),
  };
}

function recorded(path: string): Buffer[] {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(readFileSync(path));
  } catch {
    return [];
  }
  const lines: Buffer[] = [];
  for (let at = 0, end = bytes.indexOf(10); end >= 0; at = end + 1, end = bytes.indexOf(10, at)) {
    const from = bytes.indexOf(123, at);
    if (from >= 0 && from - at < 40 && end - from < MAX_FRAME) lines.push(bytes.subarray(from, end));
  }
  const step = Math.max(1, Math.floor(lines.length / FRAMES_OF_A_FILE));
  return lines.filter((_, k) => k % step === 0).map((line) => Buffer.from(line));
}

/** Every object in the payload files that looks like a stream message, written without blanks. */
function payloads(folder: string): Buffer[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const message = value as Record<string, unknown>;
    if (typeof message['e'] === 'string' || typeof message['stream'] === 'string' || ('u' in message && 'B' in message) || 'lastUpdateId' in message) {
      const text = JSON.stringify(value);
      if (text.length < MAX_FRAME) found.add(text);
    } else {
      for (const inner of Object.values(message)) look(inner);
    }
  };
  for (const path of files(folder)) {
    const text = readFileSync(path, 'utf8');
    for (const part of path.endsWith('.ndjson') ? text.split('\n') : [text]) {
      try {
        look(JSON.parse(part));
      } catch {
        // Not JSON, and so no message.
      }
    }
  }
  return [...found].sort().map((text) => Buffer.from(text));
}

function files(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map((name) => join(folder, name))
      .filter((path) => /\.(?:nd)?json$/.test(path) && statSync(path).isFile());
  } catch {
    return [];
  }
}

/** Instruments of the generator, and those of the frames with the coarsest steps of ten that their numbers sit on. */
function corpus(market: BinanceMarket, frames: readonly Buffer[]): Corpus {
  const known = new Set(INSTRUMENTS[market].map(({ symbol }) => symbol));
  const scales = new Map<string, [number, number]>();
  const value = new ExactNumber();
  const widen = (symbol: string, side: 0 | 1, text: unknown): void => {
    if (typeof text !== 'string' || !value.parseText(text)) return;
    const scale = scales.get(symbol)!;
    scale[side] = Math.max(scale[side], Math.min(value.scale, 8));
  };
  for (const frame of frames) {
    const parsed = JSON.parse(frame.toString()) as Record<string, unknown>;
    const data = (parsed['data'] ?? parsed) as Record<string, unknown>;
    const message = (data['o'] ?? data) as Record<string, unknown>;
    const symbol = message['s'];
    if (typeof symbol !== 'string' || !/^[A-Z0-9_]{2,24}$/.test(symbol) || known.has(symbol)) continue;
    if (!scales.has(symbol)) scales.set(symbol, [0, 0]);
    for (const [key, side] of [['p', 0], ['ap', 0], ['q', 1], ['z', 1], ['B', 1], ['A', 1]] as const) widen(symbol, side, message[key]);
    for (const key of ['a', 'b']) {
      const levels = message[key];
      if (Array.isArray(levels)) for (const level of levels as unknown[]) if (Array.isArray(level)) [0, 1].forEach((side) => widen(symbol, side as 0 | 1, level[side]));
      else widen(symbol, 0, levels);
    }
  }
  const step = (scale: number): string => (scale === 0 ? '1' : `0.${'0'.repeat(scale - 1)}1`);
  const learned = [...scales].map(([symbol, [tick, lot]]) => ({ ...INSTRUMENTS[market][0]!, symbol, tickSize: step(tick), lotSize: step(lot) }));
  return { instruments: [...INSTRUMENTS[market], ...learned].map((instrument, index) => ({ ...instrument, index })), frames };
}
