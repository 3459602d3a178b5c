import { CRing } from '../c-ring.js';
import { RingPair } from '../ring-pair.js';
import type { RingDesign } from '../ring-side.js';
import type { BenchRow } from '../row.js';

const RECORDS = 1_600_000;
/** postMessage is hundreds of times slower. */
const MESSAGES = 40_000;
const WARM_UPS = 10;

/**
 * Cross-thread rows: how fast two threads are depends on which cores they happen to run on, by a factor of four. So many short slices of both,
 * in turn, and the best of each.
 */
const crossThread = { unit: 'records/s', better: 'higher', rounds: 9, slices: 3, over: 'best' } as const satisfies Partial<BenchRow>;

function against(row: Pick<BenchRow, 'id' | 'peer' | 'floor' | 'aim'>, design: RingDesign, records: number): BenchRow {
  let mine: RingPair | undefined;
  let theirs: RingPair | undefined;
  return {
    ...row,
    ...crossThread,
    async prepare() {
      mine = await RingPair.start('ring', RECORDS);
      theirs = await RingPair.start(design, records);
      for (let k = 0; k < WARM_UPS; k += 1) {
        mine.run();
        theirs.run();
      }
    },
    ours: () => mine!.run(),
    peerRun: () => theirs!.run(),
    async close() {
      await mine?.close();
      await theirs?.close();
    },
  };
}

export const ringbuf: BenchRow = against({ id: 'ring/ringbuf.js', peer: 'ringbuf.js 0.4.0, push and pop of 64 records', floor: 1.1, aim: 2 }, 'ringbuf', RECORDS);

export const postMessage: BenchRow = against({ id: 'ring/postmessage', peer: 'postMessage of an object for every record', floor: 100, aim: 300 }, 'postmessage', MESSAGES);

let pair: RingPair | undefined;
let c: CRing | string = 'not built';

export const ringC: BenchRow = {
  id: 'ring/c',
  peer: 'the same ring in C11, cc -O3 -march=native -pthread',
  floor: 0.5,
  aim: 0.75,
  ...crossThread,
  async prepare() {
    pair = await RingPair.start('ring', RECORDS);
    c = CRing.build();
    for (let k = 0; k < WARM_UPS; k += 1) pair.run();
  },
  skip: () => (typeof c === 'string' ? c : undefined),
  ours: () => pair!.run(),
  peerRun() {
    if (typeof c === 'string') throw new Error(c);
    return c.run(RECORDS);
  },
  async close() {
    await pair?.close();
    if (typeof c !== 'string') c.remove();
  },
};
