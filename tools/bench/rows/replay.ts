import xstatePackage from 'xstate/package.json' with { type: 'json' };
import { makeBenchTape, type BenchTape } from '../bench-tape.js';
import { runIdiomatic } from '../idiomatic/pipeline.js';
import type { BenchRow } from '../row.js';
import { rateOf, runReplay } from '../whole-replay.js';
import { runXstatePerEvent } from '../xstate-per-event.js';

/**
 * A row that plays a generated flash crash as a whole replay, against `peer`, which plays the same tape its way. Ours plays it
 * `plays` times a slice, so that both sides' slices are long enough to meet the same neighbours.
 */
function replayRow(row: Pick<BenchRow, 'id' | 'peer' | 'floor' | 'aim' | 'slices'>, plays: number, play: (path: string) => readonly string[]): BenchRow {
  let tape: BenchTape | undefined;
  const ours = (): number => rateOf(plays * tape!.records, () => {
    for (let k = 0; k < plays; k += 1) runReplay(tape!.path);
  });
  return {
    ...row,
    unit: 'records/s',
    better: 'higher',
    prepare() {
      tape = makeBenchTape({ minutes: 10 });
      // Both must have seen the crash, or they do not do the same job.
      const active = runReplay(tape.path).timeline.some(({ to }) => to === 'ACTIVE');
      if (!active || !play(tape.path).includes('ACTIVE')) throw new Error(`${row.id}: the crash was not detected`);
      ours();
    },
    ours,
    peerRun: () => rateOf(tape!.records, () => void play(tape!.path)),
    close: () => tape?.remove(),
  };
}

/** Whole replay, against the same kernel with XState entered on every record. */
export const xstatePerEvent: BenchRow = replayRow(
  { id: 'replay/xstate-per-event', peer: `XState ${xstatePackage.version} entered on every record`, floor: 12, aim: 18, slices: 2 },
  4,
  (path) => runXstatePerEvent(path)[0] ?? [],
);

/** Whole replay, against a pipeline of objects, arrays and EventEmitters. */
export const idiomatic: BenchRow = replayRow(
  { id: 'replay/idiomatic', peer: 'idiomatic pipeline of objects, arrays and EventEmitters', floor: 60, aim: 95, slices: 1 },
  8,
  (path) => runIdiomatic(path).states,
);
