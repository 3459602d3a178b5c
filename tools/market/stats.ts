import { basename } from 'node:path';
import { BLOCK_RECORDS, EXCH_US, RECV_US, WORDS_F, allocateBatch } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { printJson, printLine, table } from '../cli/output.js';
import { parseTimeUs } from '../replay/time.js';
import { runSteps } from '../tape/steps.js';
import { RETURN_LAGS, SIGN_LAGS, StatisticsCollector, type MarketStatistics, type Quantiles } from './statistics.js';

export interface StatsOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Reads a tape and computes its statistics between two instants of exchange time (the book is followed from the start). */
export async function tapeStatistics(path: string, options: StatsOptions): Promise<MarketStatistics[]> {
  const reader = TapeReader.open(path);
  try {
    return await runSteps(`reading ${basename(path)}`, reader.records, measure(reader, options));
  } finally {
    reader.close();
  }
}

function* measure(reader: TapeReader, options: StatsOptions): Generator<number, MarketStatistics[]> {
  const batch = allocateBatch(BLOCK_RECORDS);
  let collector: StatisticsCollector | undefined;
  let fromUs = 0;
  let toUs = Infinity;
  let done = 0;
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    if (collector === undefined) {
      const startUs = stamp(batch.F, 0);
      if (options.from !== undefined) fromUs = parseTimeUs(options.from, '--from', startUs);
      if (options.to !== undefined) toUs = parseTimeUs(options.to, '--to', startUs);
      collector = new StatisticsCollector(reader.header.instruments, fromUs);
    }
    let end = count;
    while (end > 0 && stamp(batch.F, end - 1) >= toUs) end -= 1;
    collector.add(batch, 0, end);
    done += count;
    yield done;
    if (end < count) break;
  }
  return collector?.results() ?? new StatisticsCollector(reader.header.instruments, 0).results();
}

function stamp(F: Float64Array, record: number): number {
  const f = record * WORDS_F;
  return F[f + RECV_US]! > 0 ? F[f + RECV_US]! : F[f + EXCH_US]!;
}

export async function printStatistics(path: string, options: StatsOptions): Promise<void> {
  const all = await tapeStatistics(path, options);
  if (options.json === true) {
    printJson(all);
    return;
  }
  const spread = (q: Quantiles, digits: number): string[] => [q.p5, q.p25, q.p50, q.p75, q.p95, q.p99, q.max].map((value) => show(value, digits));
  for (const it of all) {
    printLine(`${it.symbol} on ${it.venue}, ${show(it.seconds, 0)} s`);
    const { trades, orders, bestQuotes, diffs, levels } = it.rates;
    printLine(`  a second: ${show(trades, 1)} trades, ${show(orders, 1)} orders, ${show(bestQuotes, 1)} best quotes, ${show(levels, 1)} levels in ${show(diffs, 1)} diffs; busiest second ${show(it.peakOverMean, 1)} times the mean`);
    printLine(`  one-tick spread: ${show(it.oneTickShare.byTime * 100, 1)} % of the time, ${show(it.oneTickShare.byMessage * 100, 1)} % of messages; ${show(it.priceMoveShare * 100, 1)} % of messages move a price`);
    printLine(`  returns at 1 s: ${show(it.returns.rmsBps, 2)} bps RMS, kurtosis ${show(it.returns.kurtosis, 1)}, range ${show(it.returns.rangePercent, 2)} %`);
    printLine(`  tail index: trades ${show(it.tradeTail, 2)}, orders ${show(it.orderTail, 2)}; inter-arrival CV ${show(it.interArrivalCv, 2)}`);
    printLine(table(['', 'p5', 'p25', 'median', 'p75', 'p95', 'p99', 'max'], [
      ['spread, bps', ...spread(it.spreadBps, 3)],
      ['touch, base units', ...spread(it.touch, 3)],
      ['top 5, quote units', ...spread(it.depthTop5, 0)],
      ['top 20, quote units', ...spread(it.depthTop20, 0)],
      ['within 10 bps, quote', ...spread(it.depth10Bps, 0)],
      ['trade, base units', ...spread(it.tradeSize, 3)],
      ['order, base units', ...spread(it.orderSize, 3)],
      ['between orders, ms', ...spread(it.interArrivalMs, 0)],
      ['latency, ms', ...spread(it.latencyMs, 1)],
    ], { align: 'lrrrrrrr' }));
    printLine(table(['autocorrelation at lag', ...SIGN_LAGS.map(String)], [['order signs', ...it.signAutocorrelation.map((value) => show(value, 3))]], { align: 'lrrrrrrr' }));
    printLine(table(['autocorrelation at lag', ...RETURN_LAGS.map((lag) => `${lag} s`)], [
      ['returns', ...it.returns.autocorrelation.map((value) => show(value, 3))],
      ['absolute returns', ...it.returns.absoluteAutocorrelation.map((value) => show(value, 3))],
    ], { align: 'lrrrrrr' }));
    printLine();
  }
}

function show(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '-';
}
