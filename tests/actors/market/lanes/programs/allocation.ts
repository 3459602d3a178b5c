// Counts scavenges while frames go through decoder, rings and merge on the main loop, with lanes in threads; run with a small nursery.
// Argument: how answers are merged. The result is one line of JSON.
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaneGroup, LiveLanes } from '../../../../../actors/market/index.js';
import type { KernelPort } from '../../../../../actors/market/index.js';
import { DEFAULT_CONFIG, type LanesParams } from '../../../../../config/index.js';
import { FrameDecoder } from '../../../../../data/decode/index.js';
import { allocateBatch, BLOCK_RECORDS, SEQ, WORDS_F } from '../../../../../data/records/index.js';
import { createRuntime, supervisor, VirtualClock } from '../../../../../runtime/index.js';
import { HostedLanes, planLanes } from '../../../../../supervisors/index.js';
import { CYCLE_INSTRUMENTS, FrameCycle } from '../../../../support/frame-cycle.js';

/** `wasteful`: as live, with an object a record, to see that it is counted. */
export type AllocationMode = 'live' | 'ordered' | 'wasteful';

export interface AllocationResult {
  readonly records: number;
  readonly scavenges: number;
  readonly edges: number;
  readonly lost: number;
  /** Frames that were decoded from their bytes, and all others. */
  readonly fast: number;
  readonly others: number;
  /** Records that the lanes say they have taken, at the end. */
  readonly taken: number;
  readonly gapped: number;
  readonly checkpoints: number;
}

/** NODE_PERFORMANCE_GC_MINOR */
const SCAVENGE = 1;
const WARM_UP = 800_000;
const SAMPLE = 2_000_000;
/** Records between two answers that every symbol is made to give: edges are objects, and rare. */
const RETELL_EVERY = 200_000;
const SPARE = 64;
const PATIENCE_MS = 120_000;

const mode = process.argv[2] as AllocationMode;
const params: LanesParams = { ...DEFAULT_CONFIG.lanes, placement: 'ring', count: 2 };
const plan = planLanes(CYCLE_INSTRUMENTS, params);
const set = { assignment: plan.assignment, lanes: plan.lanes.length, checkpointEvery: params.checkpointSlots };
const ordered = new LaneGroup({ ...set, distanceUs: 50_000, wait: () => hosted.bell.wait(hosted.bell.value, 4) });
const live = new LiveLanes({ ...set, overflow: 'block', backlogSlots: params.checkpointSlots, wait: () => void hosted.bell.wait(hosted.bell.value, 4) });
const owner = mode === 'ordered' ? ordered : live;
const hosted: HostedLanes = new HostedLanes(owner, { plan: () => plan, config: DEFAULT_CONFIG, params });
const runtime = createRuntime({ clock: new VirtualClock(0), effects: hosted.effects });
hosted.attach(runtime);
runtime.start(supervisor({ id: 'lanes', strategy: 'oneForOne', intensity: { restarts: 0, withinMs: 1000 }, children: hosted.children }));
for (let lane = 0; lane < plan.lanes.length; lane += 1) await hosted.thread(lane)!.ready;

const cycle = new FrameCycle();
const decoder = new FrameDecoder({ market: 'binance-spot', instruments: CYCLE_INSTRUMENTS });
const recvUs = new Float64Array(1);
const batch = allocateBatch(BLOCK_RECORDS);
const { F, I } = batch;
let records = 0;
let edges = 0;
let checkpoints = 0;
let checkpoint: unknown = null;
const kept: { seq: number }[] = [];

/** What a driver does with a batch that is full: numbers it, has it merged, forgets it. */
function handOn(): void {
  if (Math.floor((records + batch.length) / RETELL_EVERY) > Math.floor(records / RETELL_EVERY)) owner.retell();
  if (mode === 'ordered') {
    for (let n = 0; n < batch.length; n += 1) F[n * WORDS_F + SEQ] = records + n;
    for (let at = 0; at < batch.length; ) {
      at = ordered.run(F, I, at, batch.length);
      edges += ordered.edges.length;
    }
  } else {
    live.take(F, I, 0, batch.length);
    while (live.poll()) {
      live.run(F, I, 0);
      edges += live.edges.length;
    }
  }
  if (mode === 'wasteful') for (let n = 0; n < batch.length; n += 1) kept[n % SPARE] = { seq: n };
  records += batch.length;
  batch.length = 0;
  const latest = owner.feeds[0]!.checkpoint;
  if (latest !== checkpoint) checkpoints += 1;
  checkpoint = latest;
}

function take(bytes: Uint8Array, from: number, to: number): void {
  const made = decoder.decode(bytes, from, to, recvUs, batch, batch.length, BLOCK_RECORDS - batch.length);
  if (made >= 0) {
    batch.length += made;
    return;
  }
  handOn();
  take(bytes, from, to);
}

function run(count: number): void {
  const until = records + count;
  while (records < until) {
    cycle.next();
    let from = 0;
    for (let frame = 0; frame < cycle.ends.length; frame += 1) {
      take(cycle.bytes, from, cycle.ends[frame]!);
      from = cycle.ends[frame]!;
    }
  }
}

for (const bytes of cycle.first) take(bytes, 0, bytes.length);
// Optimised code is compiled between turns of the loop.
for (let part = 0; part < 12; part += 1) {
  run(WARM_UP / 12);
  await sleep(5);
}
let scavenges = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if ((entry as unknown as { detail: { kind: number } }).detail.kind === SCAVENGE) scavenges += 1;
});
await sleep(50);
(globalThis as { gc?: (options: { type: 'minor' }) => void }).gc?.({ type: 'minor' });
await sleep(50);
observer.observe({ entryTypes: ['gc'] });
const before = { records, edges, checkpoints };
run(SAMPLE);
await sleep(100);
observer.disconnect();
const counted = scavenges;

handOn();
const port: KernelPort = owner;
port.finish();
for (const deadline = performance.now() + PATIENCE_MS; !owner.settle() && performance.now() < deadline; ) await sleep(2);
const { records: taken, gapped } = owner.counters();
const { fast, fallback, ignored, refused } = decoder.counts;
const result: AllocationResult = {
  records: records - before.records, scavenges: counted, edges: edges - before.edges, lost: mode === 'ordered' ? 0 : live.lost, fast, others: fallback + ignored + refused,
  taken, gapped, checkpoints: checkpoints - before.checkpoints,
};
console.log(JSON.stringify(result));
await hosted.close();
