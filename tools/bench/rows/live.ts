import wsPackage from 'ws/package.json' with { type: 'json' };
import { Piscina } from 'piscina';
import { runCell, runIdle, type CellResult, type PacedLoad } from '../live/cell.js';
import { checkDecodings, JsonDecoding } from '../live/decoding.js';
import { EnginePlacement, RawPlacement } from '../live/engine.js';
import { LiveFeed, NotSent } from '../live/feed.js';
import { HEAVY_US } from '../live/heavy.js';
import { InlinePlacement } from '../live/inline.js';
import { PiscinaPlacement } from '../live/piscina.js';
import type { Placement } from '../live/placement.js';
import { RingPlacement } from '../live/ring.js';
import { OrderLine } from '../live/order-line.js';
import { SocketPlacement, type SocketMeasure } from '../live/socket.js';
import { saturate } from '../live/saturation.js';
import { median } from '../measure.js';
import type { BenchRow } from '../row.js';

const SATURATING_FRAMES = 300_000;
/** Slices until V8 has compiled the whole path. */
const WARM_UPS = 5;
const SECONDS = 1;
/** A hiccup of the machine is not yet a machine that cannot send a load. */
const ATTEMPTS = 3;

/** Bytes to decision at saturation. */
export const jsonParse: BenchRow = jsonParseRow();

function jsonParseRow(): BenchRow {
  let feed: LiveFeed | undefined;
  const ours = new InlinePlacement();
  const peer = new InlinePlacement({ decoding: new JsonDecoding() });
  return {
    id: 'live/json-parse',
    unit: 'frames/s',
    better: 'higher',
    peer: `the same path (ws ${wsPackage.version}, kernel, decision) with toString, JSON.parse and numbers`,
    floor: 2.5,
    aim: 3,
    async prepare() {
      checkDecodings(1000);
      feed = await LiveFeed.start();
      for (let k = 0; k < WARM_UPS; k += 1) for (const side of [ours, peer]) await saturate(feed, side, SATURATING_FRAMES);
    },
    ours: () => saturate(feed!, ours, SATURATING_FRAMES),
    peerRun: () => saturate(feed!, peer, SATURATING_FRAMES),
    close: () => feed?.close(),
  };
}

/** A row of cells: `ours` and the peer are run in turn and give one figure each of a cell's. */
class Cells {
  feed: LiveFeed | undefined;
  readonly #results = new Map<Placement, CellResult[]>();

  async start(): Promise<void> {
    this.feed = await LiveFeed.start();
  }

  /** @throws NotSent when the machine could not send the load, three times in a row. */
  async run(placement: Placement, load: PacedLoad, then?: (done: () => void) => void, attempts = ATTEMPTS): Promise<CellResult> {
    let result: CellResult;
    try {
      result = await runCell(placement.feed ?? this.feed!, placement, load, then);
    } catch (error) {
      if (!(error instanceof NotSent) || attempts === 1) throw error;
      return this.run(placement, load, then, attempts - 1);
    }
    const results = this.#results.get(placement) ?? [];
    this.#results.set(placement, [...results, result]);
    return result;
  }

  /** Forgets the warm-ups. */
  forget(): void {
    this.#results.clear();
  }

  /** Median of a figure over the cells of a placement. */
  median(placement: Placement, figure: keyof CellResult): number {
    return median((this.#results.get(placement) ?? []).map((result) => result[figure]));
  }

  sum(placement: Placement, figure: keyof CellResult): number {
    return (this.#results.get(placement) ?? []).reduce((sum, result) => sum + result[figure], 0);
  }
}

const STEADY = { burst: 1, seconds: SECONDS } as const;
const AT_10K: PacedLoad = { ...STEADY, rate: 10_000, sampleEvery: 10 };
const AT_50K: PacedLoad = { ...STEADY, rate: 50_000, sampleEvery: 50 };
const BURSTS: PacedLoad = { rate: 10_000, burst: 100, seconds: SECONDS, sampleEvery: 50 };

const ROUNDS = { rounds: 5, slices: 2 } as const;
const RING_CELLS = 3;

/** What market data inline costs the main loop. */
export const loopDelay: BenchRow = loopDelayRow();

function loopDelayRow(): BenchRow {
  const cells = new Cells();
  const inline = new InlinePlacement();
  return {
    id: 'live/loop-delay',
    unit: 'ms of main-loop delay, p99, at 50,000 frames/s inline',
    better: 'lower',
    peer: 'the idle process',
    floor: 1.5,
    aim: 1.2,
    ...ROUNDS,
    async prepare() {
      await cells.start();
      for (let k = 0; k < 2; k += 1) await cells.run(inline, AT_50K);
      cells.forget();
    },
    ours: async () => (await cells.run(inline, AT_50K)).loopDelayP99Ms,
    peerRun: async () => (await runIdle(SECONDS)).loopDelayP99Ms,
    async also() {
      const ring = await RingPlacement.start({ nowUs: () => cells.feed!.nowUs() });
      try {
        await cells.run(ring, AT_50K);
        cells.forget();
        for (let k = 0; k < RING_CELLS; k += 1) await cells.run(ring, AT_50K);
        return { 'ring, main-loop delay p99, ms': cells.median(ring, 'loopDelayP99Ms') };
      } finally {
        await ring.close();
      }
    },
    close: () => cells.feed?.close(),
  };
}

/** What a heavy kernel costs the main loop where it does not run there. */
export const isolation: BenchRow = isolationRow();

function isolationRow(): BenchRow {
  const cells = new Cells();
  const inline = new InlinePlacement({ heavy: true });
  let ring: RingPlacement | undefined;
  return {
    id: 'live/isolation',
    unit: `ms of main-loop delay, p99, ring; 10,000 frames/s in bursts of 100, kernel made ${HEAVY_US} us heavier`,
    better: 'lower',
    peer: 'the same inline',
    floor: 0.5,
    aim: 0.35,
    ...ROUNDS,
    async prepare() {
      await cells.start();
      ring = await RingPlacement.start({ nowUs: () => cells.feed!.nowUs(), heavy: true });
      for (const side of [ring, inline]) await cells.run(side, BURSTS);
      cells.forget();
    },
    ours: async () => (await cells.run(ring!, BURSTS)).loopDelayP99Ms,
    peerRun: async () => (await cells.run(inline, BURSTS)).loopDelayP99Ms,
    also: () => ({
      'ring, decision p99, ms': cells.median(ring!, 'decisionP99Us') / 1000,
      'inline, decision p99, ms': cells.median(inline, 'decisionP99Us') / 1000,
    }),
    async close() {
      await ring?.close();
      cells.feed?.close();
    },
  };
}

/** Frame to decision through the ring. */
export const ringP99At10k: BenchRow = ringP99Row('live/ring-p99-10k', AT_10K, 0.3, 0.15);
export const ringP99At50k: BenchRow = ringP99Row('live/ring-p99-50k', AT_50K, 0.15, 0.07);

function ringP99Row(id: string, load: PacedLoad, floor: number, aim: number): BenchRow {
  const cells = new Cells();
  const naive = new PiscinaPlacement();
  let ring: RingPlacement | undefined;
  return {
    id,
    unit: `us from frame to decision, p99, ring, ${load.rate.toLocaleString('en-US')} frames/s`,
    better: 'lower',
    peer: `piscina ${Piscina.version}, a run for every frame`,
    floor,
    aim,
    ...ROUNDS,
    async prepare() {
      await cells.start();
      ring = await RingPlacement.start({ nowUs: () => cells.feed!.nowUs() });
      for (let k = 0; k < 2; k += 1) for (const side of [ring, naive]) await cells.run(side, load);
      cells.forget();
    },
    ours: async () => (await cells.run(ring!, load)).decisionP99Us,
    peerRun: async () => (await cells.run(naive, load)).decisionP99Us,
    also: () => ({
      'ring, p50, us': cells.median(ring!, 'decisionP50Us'),
      'piscina, p50, us': cells.median(naive, 'decisionP50Us'),
      'ring, frames not decided in time': cells.sum(ring!, 'undecided'),
      'piscina, frames not decided in time': cells.sum(naive, 'undecided'),
    }),
    async close() {
      await ring?.close();
      await naive.close();
      cells.feed?.close();
    },
  };
}

/** Every frame an edge, for so long: what V8 compiles only when it has run some thousand times is compiled. */
const EVERY_FRAME: PacedLoad = { ...STEADY, rate: 10_000, sampleEvery: 1 };
/** As EVERY_FRAME, for lanes: what they answer may be more than the main loop can take. */
const MANY_FRAMES: PacedLoad = { ...EVERY_FRAME, sampleEvery: 5 };

const WORST_ROUNDS = 7;

type LatencyFigure = 'decisionP50Us' | 'decisionP99Us';

const FIGURE_NAMES: Readonly<Record<LatencyFigure, string>> = { decisionP50Us: 'median', decisionP99Us: '99th percentile' };

interface Way {
  readonly placement: Placement;
  /** As `also` calls its latency. */
  readonly name: string;
  /** As `also` calls its ratio. The first way's is the row's. */
  readonly ratio: string;
}

/** What is measured over a client that only receives, when the cells have started. */
interface Measured {
  readonly ways: readonly [Way, ...Way[]];
  readonly warmUp: PacedLoad;
  close(): Promise<void>;
}

/** A latency over that of a client that only receives, in turn, at 10,000 and 50,000 frames/s; the worse of the two. */
function overReceiving(row: Pick<BenchRow, 'id' | 'unit' | 'floor' | 'aim'>, figure: LatencyFigure, measure: (nowUs: () => number) => Measured | Promise<Measured>): BenchRow {
  const cells = new Cells();
  const loads = [AT_10K, AT_50K] as const;
  const seen = new Map<string, number[]>();
  let measured: Measured;
  let raw: RawPlacement;
  const note = (name: string, value: number): number => {
    seen.set(name, [...(seen.get(name) ?? []), value]);
    return value;
  };
  /** All at one load, one after the other. */
  async function ratioAt(load: PacedLoad): Promise<number> {
    const at = `at ${load.rate}/s`;
    const received = note(`received, us, ${at}`, (await cells.run(raw, load))[figure]);
    const ratios: number[] = [];
    for (const { placement, name, ratio } of measured.ways) ratios.push(note(`${ratio} ${at}`, note(`${name}, us, ${at}`, (await cells.run(placement, load))[figure]) / received));
    return ratios[0]!;
  }
  return {
    ...row,
    better: 'lower',
    peer: null,
    // One, of several of both loads in turn: the worst of medians, not the median of each round's worst.
    rounds: 1,
    slices: 1,
    async prepare() {
      await cells.start();
      const nowUs = (): number => cells.feed!.nowUs();
      raw = new RawPlacement(nowUs);
      measured = await measure(nowUs);
      for (const placement of [...measured.ways.map((way) => way.placement), raw]) await cells.run(placement, measured.warmUp);
      for (const load of loads) await ratioAt(load);
      seen.clear();
    },
    async ours() {
      const ratios = loads.map((): number[] => []);
      for (let round = 0; round < WORST_ROUNDS; round += 1) for (const [at, load] of loads.entries()) ratios[at]!.push(await ratioAt(load));
      return Math.max(...ratios.map(median));
    },
    also: () => Object.fromEntries([...seen].map(([name, values]) => [name, median(values)])),
    async close() {
      await measured.close();
      cells.feed?.close();
    },
  };
}

/**
 * Frame in to decision on the engine's own path, tape and run folder included, over a client that only receives. Sampled frames are made to raise an
 * edge that the detector is told of; `also` has the same for frames as they are.
 */
export const decisionP50: BenchRow = decisionRow('live/decision-p50', 'decisionP50Us', 1.25, 1.1);
export const decisionP99: BenchRow = decisionRow('live/decision-p99', 'decisionP99Us', 1.5, 1.25);

function decisionRow(id: string, figure: LatencyFigure, floor: number, aim: number): BenchRow {
  const unit = `times the ${FIGURE_NAMES[figure]} of a client that only receives, inline, worst of 10,000 and 50,000 frames/s`;
  return overReceiving({ id, unit, floor, aim }, figure, (nowUs) => {
    const edges = new EnginePlacement(nowUs);
    const plain = new EnginePlacement(nowUs, 'record');
    return {
      ways: [
        { placement: edges, name: 'decided', ratio: 'ratio' },
        { placement: plain, name: 'taken by kernel and tree', ratio: 'frames without an edge, ratio' },
      ],
      warmUp: EVERY_FRAME,
      async close() {
        await edges.close();
        await plain.close();
      },
    };
  });
}

/** Frame in to edge in a lane that has the socket, and to a decision on the main loop, over a client that only receives. */
export const edgeP50: BenchRow = socketRow('live/edge-p50', 'decisionP50Us', 'edge', 1.25, 1.1);
export const edgeP99: BenchRow = socketRow('live/edge-p99', 'decisionP99Us', 'edge', 1.5, 1.25);
export const decisionSocketP50: BenchRow = socketRow('live/decision-socket-p50', 'decisionP50Us', 'decision', 2.5, 2);

function socketRow(id: string, figure: LatencyFigure, measure: SocketMeasure, floor: number, aim: number): BenchRow {
  const unit = `times the ${FIGURE_NAMES[figure]} of a client that only receives, to the ${measure}, socket in a lane, worst of 10,000 and 50,000 frames/s`;
  return overReceiving({ id, unit, floor, aim }, figure, async () => {
    const lane = await SocketPlacement.start();
    lane.measure = measure;
    return { ways: [{ placement: lane, name: measure, ratio: 'ratio' }], warmUp: MANY_FRAMES, close: () => lane.close() };
  });
}

/** What a heavy kernel costs the main loop where lanes have the sockets too. */
export const isolationSocket: BenchRow = isolationSocketRow();

function isolationSocketRow(): BenchRow {
  const cells = new Cells();
  const inline = new InlinePlacement({ heavy: true });
  let lane: SocketPlacement;
  return {
    id: 'live/isolation-socket',
    unit: `ms of main-loop delay, p99, socket in a lane; 10,000 frames/s in bursts of 100, kernel made ${HEAVY_US} us heavier`,
    better: 'lower',
    peer: 'the same inline',
    floor: 0.25,
    aim: 0.2,
    ...ROUNDS,
    async prepare() {
      await cells.start();
      lane = await SocketPlacement.start({ heavy: true });
      for (const side of [lane, inline]) await cells.run(side, BURSTS);
      cells.forget();
    },
    ours: async () => (await cells.run(lane, BURSTS)).loopDelayP99Ms,
    peerRun: async () => (await cells.run(inline, BURSTS)).loopDelayP99Ms,
    also: () => ({
      'socket, decision p99, ms': cells.median(lane, 'decisionP99Us') / 1000,
      'inline, decision p99, ms': cells.median(inline, 'decisionP99Us') / 1000,
    }),
    async close() {
      await lane.close();
      cells.feed?.close();
    },
  };
}

/** Frame in to an order's bytes with the system, the run flushed before it. */
export const frameToOrderInline: BenchRow = frameToOrderRow('inline', (nowUs) => new EnginePlacement(nowUs));
export const frameToOrderRing: BenchRow = frameToOrderRow('ring', (nowUs) => RingPlacement.start({ nowUs }));
export const frameToOrderSocket: BenchRow = frameToOrderRow('socket', () => SocketPlacement.start());

function frameToOrderRow(name: string, make: (nowUs: () => number) => Placement | Promise<Placement>): BenchRow {
  const cells = new Cells();
  const load: PacedLoad = { ...AT_10K, sampleEvery: 100 };
  let placement: Placement;
  let line: OrderLine;
  const order = (done: () => void): void => {
    placement.flush();
    line.send(done);
  };
  return {
    id: `frame-to-order-p99/${name}`,
    unit: 'us, p99, from a frame to an order with the system; 10,000 frames/s, an order every 100',
    better: 'lower',
    peer: null,
    rounds: 5,
    slices: 1,
    async prepare() {
      await cells.start();
      line = await OrderLine.start();
      placement = await make(() => cells.feed!.nowUs());
      await cells.run(placement, MANY_FRAMES);
      await cells.run(placement, load, order);
      cells.forget();
    },
    ours: async () => (await cells.run(placement, load, order)).decisionP99Us,
    also: () => ({ 'p50, us': cells.median(placement, 'decisionP50Us') }),
    async close() {
      await placement.close();
      line.close();
      cells.feed?.close();
    },
  };
}
