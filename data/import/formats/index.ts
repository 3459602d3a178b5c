import { binanceAggTrades, binanceBookDepth, binanceBookTicker, binanceDepthHistory, binanceFundingRate, binanceKlines, binanceTrades } from './binance-archive.js';
import type { Format, Sample } from './format.js';
import { binanceJson, cryptofeedRaw, deribitJson, hftbacktestRaw } from './raw-json.js';
import { fundingCsv, ohlcvCsv } from './bars.js';
import { genericCsv } from './generic-csv.js';
import { lasotaCsv } from './lasota.js';
import { tardisCsv } from './tardis.js';

/** Every format, in the order in which `auto` asks them: those with a shape of their own first. */
export const FORMATS: readonly Format[] = [
  tardisCsv,
  lasotaCsv,
  binanceAggTrades,
  binanceTrades,
  binanceBookTicker,
  binanceKlines,
  binanceBookDepth,
  binanceFundingRate,
  binanceDepthHistory,
  cryptofeedRaw,
  hftbacktestRaw,
  deribitJson,
  binanceJson,
  fundingCsv,
  ohlcvCsv,
  genericCsv,
];

export function formatOf(id: string): Format | undefined {
  return FORMATS.find((format) => format.id === id);
}

/** The first format that recognises a part, else generic-csv for a header that has its columns, or undefined. */
export function guessFormat(sample: Sample): Format | undefined {
  return FORMATS.find((format) => format.recognises(sample)) ?? (genericCsv.alsoReads!(sample) ? genericCsv : undefined);
}
