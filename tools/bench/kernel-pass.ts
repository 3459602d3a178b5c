import { MarketKernel, type Edge, type SymbolKernel } from '../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../config/indicators.js';
import { allocateBatch, BLOCK_RECORDS, type RecordBatch } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import type { Freeze, KernelPass } from './c-kernel.js';

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** FNV-1a over the two words of each double; every NaN is the same. */
class Checksum {
  value = 0x811c9dc5 | 0;

  fold(x: number): void {
    double[0] = x === x ? x : NaN;
    this.value = Math.imul(this.value ^ words[0], 16_777_619);
    this.value = Math.imul(this.value ^ words[1], 16_777_619);
  }
}

function foldFeatures(sum: Checksum, f: ReturnType<SymbolKernel['features']>): void {
  for (const value of Object.values(f)) sum.fold(value as number);
}

/** As tools/bench/c/kernel.c folds them. */
function foldEdge(sum: Checksum, edge: Edge): void {
  const states = ['SYNCING', 'LIVE', 'GAP', 'STALE'];
  switch (edge.type) {
    case 'book':
      for (const x of [edge.seq, states.indexOf(edge.from), states.indexOf(edge.to)]) sum.fold(x);
      return;
    case 'candle':
      for (const x of [edge.seq, edge.exchUs, edge.open, edge.high, edge.low, edge.close, edge.volume, edge.meanVolume60, edge.windowLow, edge.windowHigh]) sum.fold(x);
      foldFeatures(sum, edge.features);
      sum.fold(edge.mask);
      return;
    case 'level': {
      const key = (edge.triggered ? 1 : 0) | (edge.calm ? 2 : 0) | (edge.violent ? 4 : 0) | (edge.warm ? 8 : 0) | (edge.pauses << 4);
      for (const x of [edge.seq, edge.atUs, edge.exchUs, edge.mask, edge.votes, edge.voters, edge.need, key]) sum.fold(x);
      foldFeatures(sum, edge.features);
      return;
    }
    default:
      throw new Error(`there is no venue here, but it said ${edge.type}`);
  }
}

function foldEnd(sum: Checksum, symbol: SymbolKernel): void {
  foldFeatures(sum, symbol.features());
  for (const x of symbol.extremes) sum.fold(x);
  const q = symbol.quantities();
  for (const x of [
    q.microprice, q.effectiveSpread, q.realisedSpread, q.ofiTotal, q.ofiImpact, q.ofiImpactR2, q.cvdSession, q.cvd1m, q.cvd5m, q.cvd15m,
    q.kyleLambda, q.kyleT, q.kyleR2, q.kyleZ, q.hasbrouckLambda, q.amihud, q.vpin,
    symbol.records, symbol.invalid, symbol.book === null ? 0 : symbol.book.refused,
  ]) sum.fold(x);
}

/** Plays one block and folds its edges and where it leaves every symbol; returns the edges. */
function playBlock(kernel: MarketKernel, { F, I, length }: RecordBatch, sum: Checksum): number {
  let edges = 0;
  for (let at = 0; at < length;) {
    at = kernel.run(F, I, at, length);
    for (const edge of kernel.edges) foldEdge(sum, edge);
    edges += kernel.edges.length;
  }
  for (const symbol of kernel.symbols) {
    sum.fold(symbol.grid.price);
    sum.fold(symbol.depth.obi);
    sum.fold(symbol.spreadRatio);
    sum.fold(symbol.depth.bid);
    sum.fold(symbol.flow.ofi);
    sum.fold(symbol.votes.mask);
  }
  return edges;
}

/** A fresh kernel over a whole tape, with reader and checksums: the work that the C twin does. */
export function kernelPass(path: string, freeze: Freeze): KernelPass {
  const begunMs = performance.now();
  const reader = TapeReader.open(path);
  const kernel = new MarketKernel(reader.header.instruments, () => DEFAULT_INDICATOR_PARAMS);
  for (const { index } of reader.header.instruments) {
    kernel.control({ type: 'freeze', symbol: index, on: true, dueUs: freeze.onUs });
    kernel.control({ type: 'freeze', symbol: index, on: false, dueUs: freeze.offUs });
  }
  const sum = new Checksum();
  const batch = allocateBatch(BLOCK_RECORDS);
  let records = 0;
  let edges = 0;
  while (reader.next(batch) > 0) {
    records += batch.length;
    edges += playBlock(kernel, batch, sum);
  }
  reader.close();
  kernel.finish();
  for (const symbol of kernel.symbols) foldEnd(sum, symbol);
  return { records, seconds: (performance.now() - begunMs) / 1000, checksum: sum.value >>> 0, edges };
}
