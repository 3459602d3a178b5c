import { availableParallelism, cpus } from 'node:os';
import { runCell, runIdle, type CellResult, type PacedLoad } from '../bench/live/cell.js';
import { LiveFeed, NotSent } from '../bench/live/feed.js';
import { InlinePlacement } from '../bench/live/inline.js';
import type { Placement } from '../bench/live/placement.js';
import { RingPlacement } from '../bench/live/ring.js';
import { SocketPlacement } from '../bench/live/socket.js';
import { PLACEMENTS, type PlacementName } from './names.js';

/** Market data, and the kernel it meets. */
export interface PlacementLoad {
  readonly name: string;
  readonly rate: number;
  readonly burst: number;
  readonly sampleEvery: number;
  /** The kernel is made 50 µs a record heavier. */
  readonly heavy: boolean;
}

export const LOADS: readonly PlacementLoad[] = [
  { name: '1,000 frames/s', rate: 1000, burst: 1, sampleEvery: 1, heavy: false },
  { name: '10,000 frames/s', rate: 10_000, burst: 1, sampleEvery: 10, heavy: false },
  { name: '50,000 frames/s', rate: 50_000, burst: 1, sampleEvery: 50, heavy: false },
  { name: '10,000 frames/s in bursts of 100, kernel 50 µs heavier', rate: 10_000, burst: 100, sampleEvery: 50, heavy: true },
];

/** What one placement did with one load, or why that is not known. */
export type Outcome = CellResult | { readonly failed: string };

export interface LoadRow {
  readonly load: PlacementLoad;
  readonly inline: Outcome;
  readonly ring: Outcome;
  readonly socket: Outcome;
}

export interface Measured {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly platform: string };
  readonly seconds: number;
  readonly idleLoopDelayP99Ms: number;
  readonly rows: readonly LoadRow[];
}

/** Before a placement's first load: what V8 needs to compile the path. */
const WARM_LOAD: PacedLoad = { rate: 20_000, burst: 1, seconds: 0.75, sampleEvery: 20 };

export interface MeasureOptions {
  readonly seconds: number;
  readonly loads?: readonly PlacementLoad[];
  /** Hears of every step that begins. */
  readonly onStep?: (step: number, of: number, what: string) => void;
  /** Hears of the feeder's process, so that an interruption can end it; the way to forget it is returned. */
  readonly guard?: (end: () => Promise<void>) => () => void;
}

/** Measures every load in all placements, in turn. @throws Error when the feeder or a lane does not start. */
export async function measurePlacements({ seconds, loads = LOADS, onStep = () => undefined, guard = () => () => undefined }: MeasureOptions): Promise<Measured> {
  const feed = await LiveFeed.start();
  const open: Placement[] = [];
  const end = async (): Promise<void> => {
    feed.close();
    await Promise.all(open.splice(0).map((placement) => placement.close()));
  };
  const forget = guard(end);
  const steps = 1 + PLACEMENTS.length * loads.length;
  let step = 0;
  try {
    onStep(step, steps, 'idle process');
    const idle = await runIdle(seconds);
    const rows: LoadRow[] = [];
    const made = new Map<string, Placement>();
    const start = async (name: PlacementName, heavy: boolean): Promise<Placement> => {
      switch (name) {
        case 'inline': return new InlinePlacement({ heavy });
        case 'ring': return await RingPlacement.start({ nowUs: () => feed.nowUs(), heavy });
        case 'socket': return await SocketPlacement.start({ heavy });
      }
    };
    const placementFor = async (name: PlacementName, heavy: boolean): Promise<Placement> => {
      const key = `${name} ${heavy}`;
      let placement = made.get(key);
      if (placement === undefined) {
        placement = await start(name, heavy);
        made.set(key, placement);
        open.push(placement);
        // A heavy kernel could not take that load; what is heavy about it needs no warming.
        if (!heavy) await outcomeOf(feed, placement, WARM_LOAD);
      }
      return placement;
    };
    for (const load of loads) {
      const outcomes: Partial<Record<PlacementName, Outcome>> = {};
      for (const name of PLACEMENTS) {
        step += 1;
        onStep(step, steps, `${load.name}, ${name}`);
        const placement = await placementFor(name, load.heavy);
        outcomes[name] = await outcomeOf(feed, placement, { ...load, seconds });
      }
      rows.push({ load, inline: outcomes.inline!, ring: outcomes.ring!, socket: outcomes.socket! });
    }
    return { machine: machine(), seconds, idleLoopDelayP99Ms: idle.loopDelayP99Ms, rows };
  } finally {
    forget();
    await end();
  }
}

/** A hiccup of the machine is not yet a machine that cannot send a load. */
const ATTEMPTS = 2;

/** A load that could not be sent, or was too much, is an outcome too. */
async function outcomeOf(feed: LiveFeed, placement: Placement, load: PacedLoad, attempts = ATTEMPTS): Promise<Outcome> {
  try {
    return await runCell(placement.feed ?? feed, placement, load);
  } catch (error) {
    if (error instanceof NotSent && attempts > 1) return outcomeOf(feed, placement, load, attempts - 1);
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function machine(): Measured['machine'] {
  return { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), node: process.versions.node, platform: `${process.platform} ${process.arch}` };
}
