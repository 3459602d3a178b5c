import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MarketSimulation, type ScenarioName } from '../../actors/generator/index.js';
import { allocateBatch, BLOCK_RECORDS, LAYOUT_VERSION } from '../../data/records/index.js';
import { TapeWriter } from '../../data/tape/index.js';

/** A tape made for a benchmark. `remove` deletes it; a row calls it from close(). */
export interface BenchTape {
  readonly path: string;
  readonly records: number;
  remove(): void;
}

export interface BenchTapeOptions {
  readonly scenario?: ScenarioName;
  readonly seed?: number;
  readonly minutes?: number;
  readonly symbols?: number;
  /** Scale of the order flow; 1 makes some 46,000 records a minute and symbol. */
  readonly rate?: number;
  readonly compress?: boolean;
}

/**
 * Generates the tape that benchmarks run over: by default an uncompressed flash crash of 20 minutes, about a million
 * records of depth, trades and best quotes. The same options give the same bytes.
 */
export function makeBenchTape(options: BenchTapeOptions = {}): BenchTape {
  // main.ts hands its rows a folder that it removes even when a row is killed.
  const folder = mkdtempSync(join(process.env['FAULTLINE_BENCH_DIR'] ?? tmpdir(), 'faultline-bench-'));
  const path = join(folder, 'bench.tape');
  return { path, records: writeBenchTape(path, options), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Such a tape at `path`; answers with its records. */
export function writeBenchTape(path: string, options: BenchTapeOptions): number {
  const { scenario = 'flash-crash', seed = 7, minutes = 20, symbols = 1, rate = 1, compress = false } = options;
  const simulation = new MarketSimulation({ scenario, seed, minutes, symbols, rate });
  const writer = TapeWriter.create(path, {
    layoutVersion: LAYOUT_VERSION,
    instruments: [...simulation.instruments],
    clocks: { receive: 'simulated recorder', exchange: 'simulated venue' },
    origin: [{ file: `benchmark ${scenario} ${seed} ${minutes} ${symbols} ${rate}`, sha256: '', bytes: 0, format: 'generator' }],
  }, { compress });
  const batch = allocateBatch(BLOCK_RECORDS);
  for (let count = simulation.fill(batch); count > 0; count = simulation.fill(batch)) writer.append(batch, 0, count);
  return writer.close().records;
}
