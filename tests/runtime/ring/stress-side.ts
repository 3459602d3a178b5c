import { workerData } from 'node:worker_threads';
import { RingError, RingReader, RingWriter } from '../../../runtime/ring/index.js';

// One side of the stress test, in a thread of its own. What a slot holds follows from its position, so that a side which takes over
// needs to know nothing, and every byte can be checked.

export interface StressSide {
  readonly side: 'reader' | 'writer';
  readonly memory: SharedArrayBuffer;
  /** Int32 0: the writer stops when it is not 0. 1: the reader stops when it has read everything and it is not 0. 2: this side is open. */
  readonly control: SharedArrayBuffer;
  /** Float64 0: slots checked. 1: messages published. 2: batches released. 3: sides that found themselves replaced. */
  readonly counts: SharedArrayBuffer;
  readonly seed: number;
}

const { side, memory, control, counts, seed } = workerData as StressSide;
const flags = new Int32Array(control);
const totals = new Float64Array(counts);
let state = seed | 1;
const random = (below: number): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
};
const mixed = (position: number, word: number): number => Math.imul(Math.imul((position % 0x7fffffff) ^ (word << 20), 0x9e3779b1) ^ (position >>> 7), 0x85ebca6b);
const nap = new Int32Array(new SharedArrayBuffer(4));
const rest = (): void => {
  if (random(2_000) === 0) Atomics.wait(nap, 0, 0, random(3));
};
/** The next position at or after `from` that lies at `slot`. */
const positionOf = (from: number, slot: number, slots: number): number => from + ((slot - from) & (slots - 1));

function write(): void {
  const writer = RingWriter.open(memory);
  Atomics.store(flags, 2, 1);
  const { I, slots } = writer;
  const words = writer.slotBytes / 4;
  while (Atomics.load(flags, 0) === 0) {
    const count = 1 + random(Math.min(slots >>> 1, 48));
    const split = random(3) === 0;
    const got = split ? writer.claimUpTo(count) : writer.claim(count) < 0 ? 0 : count;
    if (got === 0) {
      writer.waitForRoom(1 + random(slots >>> 1), random(50));
      continue;
    }
    const at = writer.index;
    const position = positionOf(writer.written, at, slots);
    for (let k = 0; k < got; k += 1) for (let word = 0; word < words; word += 1) I[(at + k) * words + word] = mixed(position + k, word);
    if (random(16) === 0) writer.abandon();
    else {
      writer.publish();
      totals[1] = (totals[1] as number) + 1;
    }
    rest();
  }
}

async function read(): Promise<void> {
  const reader = RingReader.open(memory);
  Atomics.store(flags, 2, 1);
  const { I, slots } = reader;
  const words = reader.slotBytes / 4;
  for (;;) {
    const last = Atomics.load(flags, 1) !== 0;
    const ready = reader.available(1 + random(64));
    if (ready === 0) {
      if (last && reader.published() === reader.consumed) return;
      if (random(4) === 0) await reader.waitAsync(random(50));
      else reader.wait(random(50));
      continue;
    }
    const at = reader.index;
    const position = positionOf(reader.consumed, at, slots);
    let wrong = -1;
    for (let k = 0; k < ready; k += 1) {
      for (let word = 0; word < words; word += 1) if (I[(at + k) * words + word] !== mixed(position + k, word)) wrong = position + k;
    }
    // A reader that was replaced may read what is being overwritten; it must be told so.
    if (wrong >= 0 && reader.current()) throw new Error(`slot ${wrong} does not hold what was written there`);
    reader.release(ready);
    totals[0] = (totals[0] as number) + ready;
    totals[2] = (totals[2] as number) + 1;
    rest();
  }
}

// A pending Atomics.waitAsync does not keep a thread alive.
const hold = setInterval(() => undefined, 1 << 30);
try {
  if (side === 'writer') write();
  else await read();
} catch (error) {
  if (!(error instanceof RingError && error.kind === 'stale-epoch')) throw error;
  totals[3] = (totals[3] as number) + 1;
}
clearInterval(hold);
