/** One stream dealt out to kernels of a part each, as the router of lanes does it, without threads. */
import type { Instrument } from '../../../data/records/instrument.js';
import { EXCH_US, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/layout.js';
import { ControlQueue } from '../../../actors/market/control-queue.js';
import type { Control } from '../../../actors/market/control-queue.js';
import { insideMessage } from '../../../actors/market/kernel.js';
import type { MarketKernel } from '../../../actors/market/kernel.js';
import type { Edge, KernelCounters } from '../../../actors/market/kernel-port.js';
import { mergeSnapshots } from '../../../actors/market/snapshot.js';
import type { KernelSnapshot } from '../../../actors/market/snapshot.js';

/** Runs records [from, to) to the end, collecting edges as a driver would. */
export function runAll(kernel: MarketKernel, F: Float64Array, I: Int32Array, from: number, to: number): Edge[] {
  const edges: Edge[] = [];
  for (let n = from; n < to;) {
    n = kernel.run(F, I, n, to);
    edges.push(...kernel.edges);
  }
  return edges;
}

interface Lane {
  readonly kernel: MarketKernel;
  readonly F: Float64Array;
  readonly I: Int32Array;
  held: number;
  /** What the kernel's clock will be when it has run what is held. */
  clockUs: number;
}

/** An edge, and where in the stream it belongs: controls come before the record that has their number. */
interface Answer {
  readonly edge: Edge;
  readonly control: number;
}

const HOLDS = 64;

export class Parts {
  readonly lanes: readonly Lane[];
  readonly queue = new ControlQueue();
  seq = -1;
  clockUs = 0;
  /** How often a lane had to be told. */
  holes = 0;
  raises = 0;
  readonly #laneOf = new Map<number, Lane>();
  readonly #answers: Answer[] = [];
  readonly #random: () => number;
  #controls = 0;

  /** `groups`: the instruments of each lane. `random` decides how much a lane holds before it runs. */
  constructor(groups: readonly (readonly Instrument[])[], make: (instruments: readonly Instrument[]) => MarketKernel, random: () => number) {
    this.#random = random;
    this.lanes = groups.map((instruments) => {
      const F = new Float64Array(HOLDS * WORDS_F);
      const lane: Lane = { kernel: make(instruments), F, I: new Int32Array(F.buffer), held: 0, clockUs: 0 };
      for (const { index } of instruments) this.#laneOf.set(index, lane);
      return lane;
    });
  }

  control(control: Control): void {
    this.queue.add(control);
  }

  take(F: Float64Array, I: Int32Array, n: number): void {
    const f = n * WORDS_F;
    const tag = I[n * WORDS_I + TAG]!;
    const seq = F[f + SEQ]!;
    const stamp = F[f + RECV_US]! > 0 ? F[f + RECV_US]! : F[f + EXCH_US]!;
    const clockUs = stamp > this.clockUs && stamp < 9e15 ? stamp : this.clockUs;
    while (this.queue.nextDueUs <= clockUs && !insideMessage(tag)) {
      const control = this.queue.shift()!;
      this.clockUs = Math.max(this.clockUs, control.dueUs);
      const lane = this.#laneOf.get(control.symbol);
      if (lane === undefined) continue;
      this.#flush(lane);
      lane.kernel.clearEdges();
      lane.kernel.applyControl(control, seq, this.clockUs);
      lane.clockUs = lane.kernel.clockUs;
      this.#controls += 1;
      for (const edge of lane.kernel.edges) this.#answers.push({ edge, control: this.#controls });
    }
    if (seq > this.seq + 1 && this.seq >= 0) {
      this.holes += 1;
      for (const lane of this.lanes) {
        this.#flush(lane);
        lane.kernel.hole();
      }
    }
    this.seq = seq;
    this.clockUs = clockUs;
    // Records of symbols nobody knows are counted by the first lane.
    const lane = this.#laneOf.get(tag >>> SYMBOL_SHIFT) ?? this.lanes[0]!;
    if (stamp > lane.clockUs && stamp < 9e15) lane.clockUs = stamp;
    if (lane.clockUs < clockUs) {
      this.raises += 1;
      this.#flush(lane);
      lane.kernel.raiseClock(clockUs);
      lane.clockUs = clockUs;
    }
    lane.F.set(F.subarray(f, f + WORDS_F), lane.held * WORDS_F);
    lane.held += 1;
    if (lane.held === HOLDS || this.#random() < 0.05) this.#flush(lane);
  }

  flush(): void {
    for (const lane of this.lanes) this.#flush(lane);
  }

  finish(): void {
    this.flush();
    for (const { kernel } of this.lanes) kernel.finish();
  }

  /** All edges so far, in the order of the stream. */
  edges(): Edge[] {
    this.flush();
    return this.#answers.slice().sort((a, b) => a.edge.seq - b.edge.seq || a.control - b.control).map(({ edge }) => edge);
  }

  counters(): KernelCounters {
    const sums: Record<string, number> = {};
    for (const { kernel } of this.lanes) {
      for (const [name, count] of Object.entries(kernel.counters())) sums[name] = (sums[name] ?? 0) + (count as number);
    }
    return sums as unknown as KernelCounters;
  }

  snapshot(): KernelSnapshot {
    this.flush();
    return { ...mergeSnapshots(this.lanes.map(({ kernel }) => kernel.snapshot())), seq: this.seq, clockUs: this.clockUs, controls: this.queue.snapshot() };
  }

  restore(snapshot: KernelSnapshot): void {
    this.seq = snapshot.seq;
    this.clockUs = snapshot.clockUs;
    this.queue.restore(snapshot.controls);
    for (const lane of this.lanes) {
      lane.kernel.restore({ ...snapshot, controls: [] });
      lane.clockUs = snapshot.clockUs;
    }
  }

  #flush(lane: Lane): void {
    const held = lane.held;
    lane.held = 0;
    for (const edge of runAll(lane.kernel, lane.F, lane.I, 0, held)) this.#answers.push({ edge, control: Infinity });
  }
}
