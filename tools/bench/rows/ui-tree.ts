import { percentile } from '../live/cell.js';
import { median } from '../measure.js';
import type { BenchRow } from '../row.js';
import { EngineTurns } from '../ui/engine-turns.js';
import { chromiumPath, FrameBench } from '../ui/frames.js';

const ACTORS = 1_000;
const RATE = 5_000;
const FRAME_SECONDS = 4;

/** How smoothly a page shows a thousand actors at work, over a page on which nearly nothing moves. */
export function frames1000(): BenchRow {
  const bench = new FrameBench();
  return {
    id: 'ui/fps-1000',
    unit: `frames/s of the page with the tree of a process of ${ACTORS} actors and ${RATE} messages/s, in headless Chromium`,
    better: 'higher',
    peer: 'an empty animated page in the same browser',
    floor: 0.8,
    aim: 0.95,
    rounds: 5,
    slices: 1,
    limitMs: 240_000,
    absent: () => (chromiumPath() === undefined ? 'no Chromium' : undefined),
    async prepare() {
      await bench.start(ACTORS, RATE);
      await bench.tree(ACTORS, 1);
    },
    ours: () => bench.tree(ACTORS, FRAME_SECONDS),
    peerRun: () => bench.empty(FRAME_SECONDS),
    close: () => bench.close(),
  };
}

const TURN_SECONDS = 4;
const ROUNDS = 9;

/** What the engine's turns cost when somebody looks. */
export function turnP99(): BenchRow {
  const bench = new EngineTurns();
  const ratios: { readonly watched: number[]; readonly alone: number[] } = { watched: [], alone: [] };
  const lengths: Record<'watched' | 'alone', number[]> = { watched: [], alone: [] };
  const side = async (name: 'watched' | 'alone'): Promise<number> => {
    const { lengthsUs } = await bench.measure(TURN_SECONDS, name === 'watched');
    lengths[name].push(lengthsUs.length);
    const p99 = percentile(lengthsUs.toSorted(), 0.99);
    ratios[name].push(p99);
    return p99;
  };
  return {
    id: 'ui/turn-p99',
    unit: 'us of turns at a stretch of an engine (paper, on the exchange in a box), p99, while a headless page watches its tree and machines',
    better: 'lower',
    peer: 'the same engine, unwatched',
    floor: 1.25,
    aim: 1.05,
    rounds: ROUNDS,
    slices: 1,
    limitMs: 300_000,
    async prepare() {
      await bench.start();
      await bench.measure(2, true);
    },
    ours: () => side('watched'),
    peerRun: () => side('alone'),
    also: () => ({
      // A round's two sides have the same minutes of the machine and of the market.
      'median ratio of a round': median(ratios.watched.map((watched, round) => watched / ratios.alone[round]!)),
      'bursts of a side, median': median(lengths.watched),
      'values that the page got': bench.heard,
    }),
    close: () => bench.close(),
  };
}
