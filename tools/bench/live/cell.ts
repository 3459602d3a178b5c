import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkSent, type LiveFeed } from './feed.js';
import type { Load, Sent } from './orders.js';
import type { Placement } from './placement.js';

/** Market data at a steady rate. */
export interface PacedLoad {
  /** Frames a second. */
  readonly rate: number;
  /** Frames a write; 1: whatever is due when the feeder wakes. */
  readonly burst: number;
  /** Measured; another `WARM_SECONDS` go before. */
  readonly seconds: number;
  /** One frame in so many is followed to its decision. */
  readonly sampleEvery: number;
}

export interface CellResult {
  /** Frame to decision: from the feeder's write until the detector has had the edge. Frames that were not decided in time count as what they had waited. */
  readonly decisionP50Us: number;
  readonly decisionP99Us: number;
  readonly decided: number;
  readonly undecided: number;
  /** Main-loop delay as monitorEventLoopDelay({ resolution: 1 }) has it: about 1 ms where nothing happens. */
  readonly loopDelayP99Ms: number;
  /** Share of the time the main loop was busy. */
  readonly loopUtilisation: number;
  readonly sentPerSecond: number;
  /** Latest that the feeder wrote a frame. */
  readonly feederLatestMs: number;
}

const WARM_SECONDS = 0.25;
/** After the last frame was sent: what is not decided then counts as not decided. */
const GRACE_MS = 1000;
/** Then the backlog has this long before the placement begins anew. */
const BACKLOG_MS = 5000;

/** Nearest-rank percentile, 0 to 1, of sorted values; NaN of none. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted.length === 0 ? Number.NaN : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/**
 * Runs one load through one placement. `then`: what follows a decision, and when that counts as done.
 * @throws NotSent when the feeder could not send it; another may be tried.
 */
export async function runCell(feed: LiveFeed, placement: Placement, load: PacedLoad, then?: (done: () => void) => void): Promise<CellResult> {
  const { rate, burst, seconds, sampleEvery } = load;
  placement.sampleEvery = 0;
  placement.beginLoad();
  const first = placement.taken;
  const warm = first + Math.ceil(rate * WARM_SECONDS);
  const latencies = new Latencies(warm, first + Math.round(rate * (seconds + WARM_SECONDS)), sampleEvery);
  placement.sampleEvery = sampleEvery;
  placement.onDecision = then === undefined ? (number, stampUs) => latencies.decided(number, feed.nowUs() - stampUs)
    : (number, stampUs) => then(() => latencies.decided(number, feed.nowUs() - stampUs));
  placement.beginLoad();
  feed.connect(placement);
  const paced: Load = { kind: 'paced', rate, burst, seconds: seconds + WARM_SECONDS };
  const sending = feed.send(paced);
  const loop = measureLoop(WARM_SECONDS);
  let sent: Sent;
  try {
    sent = await sending;
  } finally {
    loop.stop();
  }
  const deadline = performance.now() + GRACE_MS;
  while (latencies.open > 0 && performance.now() < deadline) {
    await sleep(2);
    placement.poll();
  }
  // The feeder counts from its own beginning.
  latencies.close(feed.nowUs(), (number) => sent.beginUs + ((number - first) * 1e6) / rate);
  await recover(feed, placement, sent, latencies);
  checkSent(paced, sent);
  const sorted = latencies.sorted();
  return {
    decisionP50Us: percentile(sorted, 0.5), decisionP99Us: percentile(sorted, 0.99), decided: sorted.length - latencies.undecided, undecided: latencies.undecided,
    ...loop.result(), sentPerSecond: (sent.to - sent.from) / sent.seconds, feederLatestMs: sent.latestMs,
  };
}

/** The main loop's delay while nothing is sent. */
export async function runIdle(seconds: number): Promise<Pick<CellResult, 'loopDelayP99Ms' | 'loopUtilisation'>> {
  const loop = measureLoop(WARM_SECONDS);
  await sleep((seconds + WARM_SECONDS) * 1000);
  loop.stop();
  return loop.result();
}

/** Lets a backlog run dry, or drops it. */
async function recover(feed: LiveFeed, placement: Placement, sent: Sent, latencies: Latencies): Promise<void> {
  placement.onDecision = (number) => latencies.late(number);
  await feed.arrived(sent.to, BACKLOG_MS * 4);
  const deadline = performance.now() + BACKLOG_MS;
  while (latencies.pending > 0) {
    if (performance.now() > deadline) {
      await placement.renew();
      break;
    }
    await sleep(2);
    placement.poll();
  }
  placement.onDecision = () => undefined;
}

/** The delay histogram and the utilisation from `afterSeconds` on until stopped. */
function measureLoop(afterSeconds: number): { stop(): void; result(): Pick<CellResult, 'loopDelayP99Ms' | 'loopUtilisation'> } {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  let from = performance.eventLoopUtilization();
  let fromMs = performance.now();
  let loopUtilisation = 0;
  let wholeMs = 0;
  histogram.enable();
  const timer = setTimeout(() => {
    histogram.reset();
    from = performance.eventLoopUtilization();
    fromMs = performance.now();
  }, afterSeconds * 1000);
  return {
    stop() {
      clearTimeout(timer);
      histogram.disable();
      wholeMs = performance.now() - fromMs;
      loopUtilisation = performance.eventLoopUtilization(from).utilization;
    },
    // A loop that never came round has no sample.
    result: () => ({ loopDelayP99Ms: histogram.count === 0 ? wholeMs : histogram.percentile(99) / 1e6, loopUtilisation }),
  };
}

/** Times of the sampled frames among [from, to): one in `every`, by number. */
export class Latencies {
  undecided = 0;
  readonly #values: Float64Array;
  readonly #firstSample: number;
  readonly #from: number;
  readonly #every: number;
  #seen = 0;
  #closed = false;
  #late = 0;

  constructor(from: number, to: number, every: number) {
    this.#from = Math.ceil(from / every) * every;
    this.#firstSample = this.#from / every;
    this.#every = every;
    this.#values = new Float64Array(Math.max(0, Math.ceil(to / every) - this.#firstSample)).fill(Number.NaN);
  }

  /** Samples that are not decided. */
  get open(): number {
    return this.#values.length - this.#seen;
  }

  /** Those that were not in time and still are not decided. */
  get pending(): number {
    return this.undecided - this.#late;
  }

  decided(number: number, us: number): void {
    const sample = number / this.#every - this.#firstSample;
    if (sample < 0 || sample >= this.#values.length || !Number.isNaN(this.#values[sample])) return;
    this.#values[sample] = us;
    this.#seen += 1;
  }

  /** A decision after the close. */
  late(number: number): void {
    if (this.#closed && number >= this.#from) this.#late += 1;
  }

  /** What is open has waited until `nowUs`, at least. */
  close(nowUs: number, dueUs: (number: number) => number): void {
    this.#closed = true;
    this.undecided = this.open;
    for (let sample = 0; sample < this.#values.length; sample += 1) {
      if (Number.isNaN(this.#values[sample])) this.#values[sample] = nowUs - dueUs((sample + this.#firstSample) * this.#every);
    }
  }

  sorted(): Float64Array {
    return this.#values.slice().sort();
  }
}
