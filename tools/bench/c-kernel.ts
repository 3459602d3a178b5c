import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sequenceRuleOf } from '../../actors/market/book.js';
import { contractValue } from '../../actors/market/contract.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../config/indicators.js';
import type { Instrument } from '../../data/records/index.js';

/** dist/tools/bench → the sources of the C twin. */
const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tools', 'bench', 'c');
const FLAGS = ['-std=gnu11', '-O3', '-march=native', '-ffp-contract=off'];

/** One pass over a tape. */
export interface KernelPass {
  readonly records: number;
  readonly seconds: number;
  /** Over every edge, every block's features and everything at the end. */
  readonly checksum: number;
  readonly edges: number;
}

/** When the bench freezes and unfreezes the baselines of all symbols, tape clock in µs. */
export interface Freeze {
  readonly onUs: number;
  readonly offUs: number;
}

/** The market kernel in C (tools/bench/c), compiled with the parameters of the one in TypeScript. */
export class CKernel {
  readonly compiler: string;
  readonly #folder: string;

  private constructor(compiler: string, folder: string) {
    this.compiler = compiler;
    this.#folder = folder;
  }

  /** Compiles it; a string says why that was not possible. */
  static build(): CKernel | string {
    const cc = process.env['CC'] ?? 'cc';
    const version = spawnSync(cc, ['--version'], { encoding: 'utf8' });
    if (version.error !== undefined || version.status !== 0) return `no C compiler: ${cc} does not run`;
    const folder = mkdtempSync(join(process.env['FAULTLINE_BENCH_DIR'] ?? tmpdir(), 'faultline-c-'));
    writeFileSync(join(folder, 'params.h'), parameters());
    const made = spawnSync(cc, [...FLAGS, '-I', folder, '-I', SOURCES, '-o', join(folder, 'kernel'), join(SOURCES, 'kernel.c'), '-lm'], { encoding: 'utf8' });
    if (made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${cc} does not compile tools/bench/c/kernel.c:\n${made.stderr}`);
    }
    return new CKernel(`${version.stdout.split('\n')[0]} ${FLAGS.slice(1).join(' ')}`, folder);
  }

  /** Runs passes over an uncompressed tape, each with a fresh kernel, timed inside. */
  run(path: string, instruments: readonly Instrument[], freeze: Freeze, passes = 1): KernelPass[] {
    const symbols = instruments.flatMap((instrument) => {
      const { perTick, flat } = contractValue(instrument);
      return [instrument.index, perTick, flat, sequenceRuleOf(instrument.venue) === 'futures' ? 1 : 0].map(String);
    });
    const done = spawnSync(join(this.#folder, 'kernel'), [path, String(passes), String(freeze.onUs), String(freeze.offUs), ...symbols], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`the C kernel ended with ${done.status ?? done.signal ?? 'an error'}: ${done.stderr}`);
    return done.stdout.trim().split('\n').map((line) => {
      const [records, seconds, checksum, edges] = line.split(' ').map(Number);
      return { records: records!, seconds: seconds!, checksum: checksum!, edges: edges! };
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The kernel's defaults as C constants, and where the tape's preamble keeps what its reader needs. */
function parameters(): string {
  const lines = Object.entries(DEFAULT_INDICATOR_PARAMS).map(([name, value]) => {
    if (typeof value === 'number') return `#define P_${name} ${value < 0 ? `(${value})` : value}`;
    if (typeof value === 'boolean') return `#define P_${name} ${value ? 1 : 0}`;
    return `#define P_${name}Or ${value === 'or' ? 1 : 0}`;
  });
  return ['#pragma once', ...lines, '#define HEADER_BYTES_AT 12', '#define HEADER_CRC_AT 16',
    `#define WALL_DEPTH ${Math.floor(DEFAULT_INDICATOR_PARAMS.spoofWithinMs / DEFAULT_INDICATOR_PARAMS.wallSampleMs) + 1}`, ''].join('\n');
}
