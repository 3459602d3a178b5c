import { LanePool, type LaneThread } from '../../../runtime/lanes/index.js';
import { makeBenchTape, type BenchTape } from '../bench-tape.js';
import { kernelPass } from '../kernel-pass.js';
import type { BenchRow } from '../row.js';

const PROGRAM = new URL('../tape-lane.js', import.meta.url);
const LANES = 2;
/** V8 compiles the last of the kernel's functions after some ten passes. */
const WARM_UPS = 10;
const PASS_WITHIN_MS = 30_000;

/** A lane and what it reads. */
class TapeLane {
  readonly records: number;
  readonly #thread: LaneThread;
  readonly #checksum: number;
  readonly #edges: number;

  constructor(thread: LaneThread, path: string) {
    this.#thread = thread;
    // What a kernel here makes of the tape, a lane must too.
    const { records, checksum, edges } = kernelPass(path, { onUs: Infinity, offUs: Infinity });
    this.records = records;
    this.#checksum = checksum;
    this.#edges = edges;
  }

  begin(): void {
    const { inbox } = this.#thread;
    inbox.claim(1);
    inbox.publish();
  }

  /** Waits until it has answered, and looks at the answer. */
  async end(): Promise<void> {
    const { outbox } = this.#thread;
    if (!(await outbox.waitAsync(PASS_WITHIN_MS))) throw new Error(`${this.#thread.name} did not read its tape in ${PASS_WITHIN_MS} ms`);
    const at = outbox.index * 8;
    const [records, checksum, edges] = outbox.F.subarray(at, at + 3);
    outbox.release(1);
    if (records !== this.records || checksum !== this.#checksum || edges !== this.#edges) {
      throw new Error(`${this.#thread.name} says ${records} records, checksum ${checksum}, ${edges} edges; ${this.records}, ${this.#checksum}, ${this.#edges} are true`);
    }
  }
}

const rateOf = (lanes: readonly TapeLane[], begunMs: number): number => (lanes.reduce((sum, { records }) => sum + records, 0) / (performance.now() - begunMs)) * 1000;

/** Records a second of all lanes at once, from the first that begins to the last that ends. */
async function readTogether(lanes: readonly TapeLane[]): Promise<number> {
  const begunMs = performance.now();
  for (const lane of lanes) lane.begin();
  await Promise.all(lanes.map((lane) => lane.end()));
  return rateOf(lanes, begunMs);
}

/** The same tapes, one lane at a time. */
async function readInTurn(lanes: readonly TapeLane[]): Promise<number> {
  const begunMs = performance.now();
  for (const lane of lanes) {
    lane.begin();
    await lane.end();
  }
  return rateOf(lanes, begunMs);
}

/** Two lanes, each with a file, a symbol and a kernel of its own, against one of them at a time. */
export const lanesTwo: BenchRow = lanesRow();

function lanesRow(): BenchRow {
  const tapes: BenchTape[] = [];
  const lanes: TapeLane[] = [];
  let pool: LanePool | undefined;
  return {
    id: 'replay/lanes-2',
    unit: 'records/s',
    better: 'higher',
    peer: 'one such lane at a time',
    floor: 1.6,
    aim: 1.8,
    rounds: 9,
    slices: 2,
    over: 'best',
    async prepare() {
      pool = new LanePool({ threads: LANES });
      for (let k = 0; k < LANES; k += 1) {
        const tape = makeBenchTape({ seed: 7 + k });
        tapes.push(tape);
        const thread = pool.start({ name: `lane ${k}`, program: PROGRAM, input: { path: tape.path } });
        lanes.push(new TapeLane(thread, tape.path));
        await thread.ready;
      }
      for (let k = 0; k < WARM_UPS; k += 1) await readTogether(lanes);
    },
    ours: () => readTogether(lanes),
    peerRun: () => readInTurn(lanes),
    async close() {
      await pool?.close();
      for (const tape of tapes) tape.remove();
    },
  };
}
