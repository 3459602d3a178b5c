import type { Instrument } from '../../../data/records/index.js';
import { TapeReader } from '../../../data/tape/index.js';
import { makeBenchTape, type BenchTape } from '../bench-tape.js';
import { CKernel, type Freeze, type KernelPass } from '../c-kernel.js';
import { kernelPass } from '../kernel-pass.js';
import type { BenchRow } from '../row.js';
import { runReplay } from '../whole-replay.js';

/** V8 compiles the last of the kernel's functions after some ten passes. */
const WARM_UPS = 8;
/** Passes of each kernel in a slice; the fastest counts. */
const PASSES = 3;

const rateOf = ({ records, seconds }: Pick<KernelPass, 'records' | 'seconds'>): number => records / seconds;

/** A row against the kernel in C over the same uncompressed tape. */
function againstC(row: Pick<BenchRow, 'id' | 'floor' | 'aim'>, ours: (path: string, freeze: Freeze) => Pick<KernelPass, 'records' | 'seconds'>): BenchRow {
  let tape: BenchTape | undefined;
  let c: CKernel | string = 'not built';
  let instruments: readonly Instrument[] = [];
  let freeze: Freeze = { onUs: Infinity, offUs: Infinity };
  const peerPass = (): KernelPass => {
    if (typeof c === 'string') throw new Error(c);
    return c.run(tape!.path, instruments, freeze, PASSES).reduce((best, pass) => (pass.seconds < best.seconds ? pass : best));
  };
  return {
    ...row,
    unit: 'records/s',
    better: 'higher',
    peer: 'the same kernel in C, cc -O3 -march=native -ffp-contract=off',
    prepare() {
      tape = makeBenchTape({ minutes: 60 });
      const reader = TapeReader.open(tape.path);
      instruments = reader.header.instruments;
      const blocks = reader.blocks();
      const beginUs = blocks[0]!.firstUs;
      const lengthUs = blocks[blocks.length - 1]!.lastUs - beginUs;
      reader.close();
      freeze = { onUs: beginUs + Math.floor(lengthUs * 0.4), offUs: beginUs + Math.floor(lengthUs * 0.7) };
      c = CKernel.build();
      if (typeof c !== 'string') {
        const theirs = peerPass();
        const mine = kernelPass(tape.path, freeze);
        if (theirs.checksum !== mine.checksum || theirs.records !== mine.records || theirs.edges !== mine.edges) {
          throw new Error(`the two kernels disagree: ${JSON.stringify(mine)} here, ${JSON.stringify(theirs)} in C`);
        }
      }
      for (let k = 0; k < WARM_UPS; k += 1) ours(tape.path, freeze);
    },
    skip: () => (typeof c === 'string' ? c : undefined),
    ours: () => Math.max(...Array.from({ length: PASSES }, () => rateOf(ours(tape!.path, freeze)))),
    peerRun: () => rateOf(peerPass()),
    close() {
      tape?.remove();
      if (typeof c !== 'string') c.remove();
    },
  };
}

/** Tape, book, candles and indicators, with equal results. */
export const kernel: BenchRow = againstC({ id: 'kernel/c', floor: 0.5, aim: 0.65 }, kernelPass);

/** The whole replay (tree, gated detector, strategy, venue, digest) against C's bare kernel. */
export const replay: BenchRow = againstC({ id: 'replay/c', floor: 0.35, aim: 0.5 }, (path) => {
  const begunMs = performance.now();
  const { records } = runReplay(path);
  return { records, seconds: (performance.now() - begunMs) / 1000 };
});
