import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBenchTape, type BenchTape } from '../bench-tape.js';
import type { BenchRow } from '../row.js';
import { TickPath } from '../tick-path.js';

/** NODE_PERFORMANCE_GC_MINOR: a scavenge. */
const SCAVENGE = 1;
const WARM_UP = 500_000;
const SAMPLE = 4_000_000;
const LONG_RUN = 50_000_000;

/** Scavenges while `work` runs. */
async function countScavenges(work: () => void): Promise<number> {
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if ((entry as unknown as { detail: { kind: number } }).detail.kind === SCAVENGE) scavenges += 1;
  });
  // What came before is delivered and forgotten first.
  await sleep(20);
  observer.observe({ entryTypes: ['gc'] });
  work();
  await sleep(50);
  observer.disconnect();
  return scavenges;
}

/** Scavenges of a 1 MiB nursery while 4 million records go through tape, book and indicators. */
export const tickPathAllocation: BenchRow = scavengeRow();

function scavengeRow(): BenchRow {
  let tape: BenchTape | undefined;
  let path: TickPath | undefined;
  return {
    id: 'alloc/tick-path',
    unit: 'scavenges in 4 M records',
    better: 'lower',
    peer: null,
    floor: 10,
    aim: 0,
    nodeFlags: ['--max-semi-space-size=1'],
    rounds: 3,
    slices: 1,
    prepare() {
      tape = makeBenchTape();
      path = new TickPath(tape.path);
      path.run(WARM_UP);
    },
    ours: () => countScavenges(() => path?.run(SAMPLE)),
    close() {
      path?.close();
      tape?.remove();
    },
  };
}

/** Growth of the heap, after forced collections, while 50 million records go through the same path. */
export const longRunHeap: BenchRow = heapRow();

function heapRow(): BenchRow {
  let tape: BenchTape | undefined;
  let path: TickPath | undefined;
  const collectedBytes = (): number => {
    const collect = (globalThis as { gc?: () => void }).gc;
    if (collect === undefined) throw new Error('needs node --expose-gc');
    collect();
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  return {
    id: 'heap/50m',
    unit: 'KiB grown over 50 M records',
    better: 'lower',
    peer: null,
    floor: 1024,
    aim: 128,
    rounds: 1,
    slices: 1,
    prepare() {
      tape = makeBenchTape();
      path = new TickPath(tape.path);
      path.run(WARM_UP);
    },
    ours() {
      const before = collectedBytes();
      path?.run(LONG_RUN);
      return (collectedBytes() - before) / 1024;
    },
    close() {
      path?.close();
      tape?.remove();
    },
  };
}
