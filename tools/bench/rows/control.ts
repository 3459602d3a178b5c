import { percentile } from '../live/cell.js';
import type { BenchRow } from '../row.js';
import { type Bursts, type CrowdCounts, ServedReplayBench } from '../control/served.js';

const HONEST = 180;
const HOSTILE = 20;
/** Seconds of a round on each side; FAULTLINE_BENCH_SOCKET_SECONDS=300 for the long run. */
const SECONDS = Number(process.env['FAULTLINE_BENCH_SOCKET_SECONDS'] ?? 20);
const ROUNDS = 3;

/** Length of the main loop's bursts of turns, with 200 clients from another process and without, while a replay is served. */
export const turnP99: BenchRow = turnRow();

function turnRow(): BenchRow {
  let served: ServedReplayBench | undefined;
  const all: Record<'ours' | 'peer', Bursts[]> = { ours: [], peer: [] };
  const crowds: CrowdCounts[] = [];
  const side = async (name: 'ours' | 'peer'): Promise<number> => {
    const { crowd, ...bursts } = await served!.measure(SECONDS, name === 'ours');
    all[name].push(bursts);
    if (crowd !== null) crowds.push(crowd);
    return percentile(bursts.lengthsUs.toSorted(), 0.99);
  };
  /** Over all rounds of a side. */
  const pooled = (name: 'ours' | 'peer', share: number, of: (bursts: Bursts, at: number) => number): number =>
    percentile(Float64Array.from(all[name].flatMap((bursts) => [...bursts.lengthsUs.keys()].map((at) => of(bursts, at)))).sort(), share);
  const length = ({ lengthsUs }: Bursts, at: number): number => lengthsUs[at]!;
  const onCore = ({ lengthsUs, waitedUs }: Bursts, at: number): number => lengthsUs[at]! - waitedUs[at]!;
  const sum = (figure: keyof CrowdCounts): number => crowds.reduce((total, counts) => total + counts[figure], 0);
  return {
    id: 'socket/turn-p99',
    unit: `us of turns at a stretch, p99, ${HONEST + HOSTILE} clients, ${HOSTILE} of them hostile`,
    better: 'lower',
    peer: 'the same without clients',
    floor: 1.2,
    aim: 1.05,
    rounds: ROUNDS,
    slices: 1,
    limitMs: ROUNDS * 2 * (SECONDS + 5) * 1000 + 60_000,
    async prepare() {
      served = await ServedReplayBench.start(HONEST, HOSTILE);
      // Both sides' code is compiled when the first round begins.
      await served.measure(2, true);
    },
    ours: () => side('ours'),
    peerRun: () => side('peer'),
    also: () => {
      const passes = served!.checkPasses();
      if (sum('errors') > 0) throw new Error(`honest clients had ${sum('errors')} errors`);
      return {
        'passes with the same digest': passes,
        'bursts measured': all.ours.reduce((total, { lengthsUs }) => total + lengthsUs.length, 0),
        'p50 us': pooled('ours', 0.5, length), 'p50 us without': pooled('peer', 0.5, length),
        'p99 us': pooled('ours', 0.99, length), 'p99 us without': pooled('peer', 0.99, length),
        'p99.9 us': pooled('ours', 0.999, length), 'p99.9 us without': pooled('peer', 0.999, length),
        // What is left when another thread or process had the core is not counted.
        'p99 us on the core': pooled('ours', 0.99, onCore), 'p99 us on the core without': pooled('peer', 0.99, onCore),
        'answers to honest clients': sum('answers'), 'latest answer ms': Math.max(...crowds.map(({ latestMs }) => latestMs)),
        'trace events': sum('traceEvents'), 'connections of storms': sum('storms'),
        'share of the main loop': Math.max(...crowds.map(({ mainLoopShare }) => mainLoopShare)),
      };
    },
    close: () => served?.close(),
  };
}
