import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderEntry } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG, type Config } from '../../../config/index.js';
import { LAYOUT_VERSION } from '../../../data/records/index.js';
import { RunWriter } from '../../../data/runs/index.js';
import { marketSession } from '../../../supervisors/index.js';
import { LaneSession } from '../../engine/lanes/session.js';
import { LiveFeed } from './feed.js';
import { INSTRUMENT } from './frames.js';
import { Placement } from './placement.js';
import { MOST_SAMPLES, SAMPLES_AT, SocketWord } from './socket-lane.js';

const PROGRAM = new URL('./socket-lane.js', import.meta.url);
/** A main loop that the machine makes wait some hundred milliseconds loses nothing. */
const CONFIG: Config = { ...DEFAULT_CONFIG, lanes: { ...DEFAULT_CONFIG.lanes, placement: 'socket', count: 1, recordSlots: 65_536 } };
const READY_WITHIN_MS = 20_000;

/** What of a frame is measured: until its edge is on its way from the lane, or until the main loop has decided. */
export type SocketMeasure = 'edge' | 'decision';

/** The engine's lane session with one lane that has the socket itself, a feeder of its own, and a run's tape. */
export class SocketPlacement extends Placement {
  override readonly feed: LiveFeed;
  measure: SocketMeasure = 'decision';
  readonly #folder = mkdtempSync(join(tmpdir(), 'faultline-bench-run-'));
  readonly #shared = new SharedArrayBuffer(SAMPLES_AT + MOST_SAMPLES * 16);
  readonly #words = new Int32Array(this.#shared, 0, 5);
  readonly #samples = new Float64Array(this.#shared, SAMPLES_AT);
  readonly #run: RunWriter;
  readonly #session: LaneSession;
  readonly #levels: { readonly seq: number; readonly exchUs: number }[] = [];
  #read = 0;
  #closing = false;

  private constructor(feed: LiveFeed, heavy: boolean) {
    super();
    this.feed = feed;
    this.#run = RunWriter.create(this.#folder, {
      kind: 'engine', mode: 'paper', version: 'bench', config: {}, configDigest: '',
      tape: { layoutVersion: LAYOUT_VERSION, instruments: [INSTRUMENT], clocks: { receive: 'bench', exchange: 'bench' }, origin: [] },
    });
    this.#session = new LaneSession({
      tree: (lanes) => marketSession([INSTRUMENT], CONFIG, { lanes }), startUs: feed.nowUs(), instruments: [INSTRUMENT], config: CONFIG, effects: {}, onOrder: (entry) => this.#merged(entry),
      sources: {
        program: PROGRAM, onKernel: () => undefined, onText: () => undefined, onDown: () => undefined,
        equipment: () => ({ port: feed.port, baseUs: feed.baseUs, heavy, shared: this.#shared }),
        onRecords: (F, I, from, to) => {
          this.#run.append({ F, I, length: to }, from, to);
          return true;
        },
      },
    });
  }

  static async start({ heavy = false }: { readonly heavy?: boolean } = {}): Promise<SocketPlacement> {
    const feed = await LiveFeed.start({ receives: false });
    const placement = new SocketPlacement(feed, heavy);
    feed.follow(() => Atomics.load(placement.#words, SocketWord.TAKEN));
    const deadline = performance.now() + READY_WITHIN_MS;
    await placement.#session.thread(0)!.ready;
    placement.#session.listen(() => placement.#turn());
    while (Atomics.load(placement.#words, SocketWord.OPEN) === 0) {
      if (performance.now() > deadline) throw new Error('the lane does not reach its feeder');
      await sleep(5);
    }
    return placement;
  }

  override beginLoad(): void {
    this.taken = Atomics.load(this.#words, SocketWord.TAKEN);
    Atomics.store(this.#words, SocketWord.EVERY, this.sampleEvery);
  }

  /** Frames come to the lane. */
  frame(): void {}
  chunkEnded(): void {}

  override poll(): void {
    this.#turn();
  }

  override flush(): void {
    this.#run.flush(this.#session.clockUs);
  }

  override async close(): Promise<void> {
    this.#closing = true;
    await this.#session.close();
    this.feed.close();
    this.#run.abort();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #merged(entry: OrderEntry): void {
    if (entry.type === 'death' && !this.#closing) throw new Error(`the lane has ended: ${entry.message}`);
    if (entry.type !== 'turn') return;
    for (const edge of this.#session.kernel.edges) if (edge.type === 'level') this.#levels.push(edge);
  }

  #turn(): void {
    this.#session.advanceTo(Math.floor(this.feed.nowUs()));
    if (Atomics.load(this.#words, SocketWord.LOST) > 0) throw new Error('the lane\'s ring had no room: this machine is too slow for the load now');
    this.taken = Atomics.load(this.#words, SocketWord.TAKEN);
    if (this.measure === 'decision') for (const level of this.#levels) this.decided(level);
    this.#levels.length = 0;
    const written = Atomics.load(this.#words, SocketWord.SAMPLES);
    for (; this.#read < written; this.#read += 1) {
      const slot = (this.#read % MOST_SAMPLES) * 2;
      if (this.measure === 'edge') this.onDecision(this.#samples[slot]!, this.feed.nowUs() - this.#samples[slot + 1]!);
    }
  }
}
