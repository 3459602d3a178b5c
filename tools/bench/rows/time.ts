import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../runtime/index.js';
import { readManifest, varFolder } from '../../../data/runs/index.js';
import { packageVersion } from '../../cli/version.js';
import { replayTape } from '../../replay/run.js';
import { TimeMachine } from '../../time/index.js';
import { writeBenchTape } from '../bench-tape.js';
import type { BenchRow } from '../row.js';

const SEEKS = 200;
/** What a person waits for without noticing a wait. */
const FLOOR_MS = 1000;
/** An hour of one symbol with a flash crash, about a million records. */
const HOUR = { scenario: 'flash-crash', seed: 7, minutes: 60, symbols: 1, rate: 0.5, compress: true } as const;

/** The folder of the hour's run, made when it is not there or of another version. */
async function hourRun(): Promise<string> {
  const root = join(varFolder(), 'bench', 'hour');
  const folder = join(root, 'run');
  if (existsSync(join(folder, 'run.json'))) {
    const { endedAt, code } = readManifest(folder);
    if (endedAt !== null && code.version === packageVersion()) return folder;
  }
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const tape = join(root, 'hour.tape');
  writeBenchTape(tape, HOUR);
  await replayTape({ tape, faults: [], out: folder });
  return folder;
}

/** Time travel to random instants of an hour of the market: to the moment, and the tree there. */
export function seekP99(): BenchRow {
  let machine: TimeMachine | undefined;
  let also: Readonly<Record<string, number>> = {};
  return {
    id: 'ui/seek-p99', unit: 'p99 of a seek over 1 s', better: 'lower', peer: null, floor: 1, rounds: 1, slices: 1, limitMs: 600_000,
    async prepare() {
      machine = await TimeMachine.open({ run: await hourRun() });
      const { problem, differsAt } = machine.state;
      if (problem !== null || differsAt !== null) throw new Error(`ui/seek-p99: the replay is not the run: ${problem ?? `decision ${differsAt}`}`);
    },
    async ours() {
      const { span: { fromUs, toUs } } = machine!;
      const random = new Random('seek-p99');
      const times: number[] = [];
      for (let n = 0; n < SEEKS; n += 1) {
        const atUs = Math.floor(fromUs + random.next() * (toUs - fromUs));
        const beganMs = performance.now();
        const cursor = await machine!.seek({ atUs });
        const tree = await machine!.tree();
        times.push(performance.now() - beganMs);
        if (tree === null || cursor.atUs !== atUs) throw new Error(`ui/seek-p99: asked for ${atUs}, stands at ${cursor.atUs}`);
      }
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.ceil(share * SEEKS) - 1]!;
      const { span, passMs, checkpoints } = machine!.state;
      also = {
        'p50 ms': at(0.5), 'p99 ms': at(0.99), 'worst ms': at(1), 'opening pass ms': passMs, 'records': span.records, 'turns': span.turns, 'checkpoints': checkpoints.count, 'checkpoints MiB': checkpoints.bytes / 1_048_576,
      };
      return at(0.99) / FLOOR_MS;
    },
    also: () => also,
    close: async () => machine?.close(),
  };
}
