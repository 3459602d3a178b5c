import { createHash } from 'node:crypto';
import { MarketSimulation } from '../../actors/generator/index.js';
import type { MarketSimulationConfig } from '../../actors/generator/index.js';
import { DEFAULT_CONFIG } from '../../config/index.js';
import type { Config } from '../../config/index.js';
import { allocateBatch, BLOCK_RECORDS, KIND_MASK, LAYOUT_VERSION, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { TapeWriter } from '../../data/tape/index.js';
import type { TapeHeader } from '../../data/tape/index.js';
import type { Fault } from '../../tools/replay/fault-spec.js';
import type { RecordSource } from '../../tools/replay/faulted-source.js';
import { Replay } from '../../tools/replay/replay.js';
import type { ReplayReport } from '../../tools/replay/report.js';

/** A tape in memory, to be played many times. */
export interface MemoryTape {
  readonly header: TapeHeader;
  readonly F: Float64Array;
  readonly records: number;
  readonly startUs: number;
}

/** Generates a market into memory, from its start up to `takeMinutes` of it. */
export function generatedTape(config: MarketSimulationConfig, takeMinutes = Infinity): MemoryTape {
  const simulation = new MarketSimulation(config);
  const parts: Float64Array[] = [];
  const batch = allocateBatch(BLOCK_RECORDS);
  let records = 0;
  for (let count = simulation.fill(batch); count > 0 && simulation.nowUs < simulation.startUs + takeMinutes * 60e6; count = simulation.fill(batch)) {
    parts.push(batch.F.slice(0, count * WORDS_F));
    records += count;
  }
  const F = new Float64Array(records * WORDS_F);
  parts.reduce((at, part) => {
    F.set(part, at);
    return at + part.length;
  }, 0);
  for (let r = 0; r < records; r++) F[r * WORDS_F] = r;
  const header: TapeHeader = {
    layoutVersion: LAYOUT_VERSION, instruments: simulation.instruments, clocks: { receive: 'simulated', exchange: 'simulated' }, origin: [],
  };
  return { header, F, records, startUs: simulation.startUs };
}

/** The records of a tape that `keep` wants, numbered anew: a shorter tape of the same story. */
export function thinned(tape: MemoryTape, keep: (kind: number, symbol: number, record: number) => boolean): MemoryTape {
  const I = new Int32Array(tape.F.buffer, tape.F.byteOffset);
  const F = new Float64Array(tape.F.length);
  let records = 0;
  for (let r = 0; r < tape.records; r++) {
    const tag = I[r * WORDS_I + TAG]!;
    if (!keep(tag & KIND_MASK, tag >>> SYMBOL_SHIFT, r)) continue;
    F.set(tape.F.subarray(r * WORDS_F, (r + 1) * WORDS_F), records * WORDS_F);
    F[records * WORDS_F] = records;
    records++;
  }
  return { ...tape, F: F.slice(0, records * WORDS_F), records };
}

/** Writes the tape to a file. */
export function writeTape({ header, F, records }: MemoryTape, path: string): void {
  const writer = TapeWriter.create(path, header);
  writer.append({ F, I: new Int32Array(F.buffer, F.byteOffset), length: records }, 0, records);
  writer.close();
}

/** Hands the tape out in blocks of at most `block` records. */
export function sourceOf(tape: MemoryTape, block = BLOCK_RECORDS): RecordSource {
  let at = 0;
  return {
    next(batch) {
      const count = Math.min(block, tape.records - at);
      batch.F.set(tape.F.subarray(at * WORDS_F, (at + count) * WORDS_F), 0);
      batch.length = count;
      at += count;
      return count;
    },
  };
}

export interface PlayOptions {
  readonly faults?: readonly Fault[];
  readonly config?: Config;
  readonly block?: number;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Records between two looks, and how many µs of tape a look may go: how a paced replay cuts the tape. */
  readonly stretch?: number;
  readonly sliceUs?: number;
}

export interface Played {
  readonly report: ReplayReport;
  /** Canonical decision lines. */
  readonly log: readonly string[];
  /** SHA-256 over the lines: equal logs, equal hash. */
  readonly logHash: string;
}

/** Plays a tape to its end and returns what was decided. */
export function play(tape: MemoryTape, options: PlayOptions = {}): Played {
  const log: string[] = [];
  const replay = new Replay({
    header: tape.header,
    source: sourceOf(tape, options.block),
    config: options.config ?? DEFAULT_CONFIG,
    startUs: tape.startUs,
    faults: options.faults ?? [],
    ...(options.fromUs === undefined ? {} : { fromUs: options.fromUs }),
    ...(options.toUs === undefined ? {} : { toUs: options.toUs }),
    onDecision: (_decision, line) => log.push(line),
  });
  let untilUs = tape.startUs;
  while (!replay.ended) {
    if (options.sliceUs === undefined) replay.advance(options.stretch ?? 65_536);
    else while (!replay.ended && !replay.advance(options.stretch ?? 65_536, untilUs));
    untilUs += options.sliceUs ?? 0;
  }
  return { report: replay.finish(0), log, logHash: createHash('sha256').update(log.join('\n')).digest('hex') };
}
