import { LiveLanes, type OrderEntry } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG, type LanesParams } from '../../../config/index.js';
import type { RecordBatch } from '../../../data/records/index.js';
import { createRuntime, VirtualClock, type Runtime } from '../../../runtime/index.js';
import { HostedLanes, marketSession, planLanes } from '../../../supervisors/index.js';
import { PAUSE_EVERY_MS } from '../../engine/lanes/session.js';
import { LiveSession } from '../../live/live-session.js';
import { INSTRUMENT } from './frames.js';
import { DecodingPlacement } from './placement.js';

/** The same lane, made heavier. */
const HEAVY_PROGRAM = new URL('./heavy-lane.js', import.meta.url);
/** A ring of 1 MiB: a lane that the machine makes wait some hundred milliseconds loses nothing. */
const PARAMS: LanesParams = { ...DEFAULT_CONFIG.lanes, placement: 'ring', count: 1, inboxSlots: 16_384 };
const LISTEN_MS = 1000;

export interface RingOptions {
  /** Microseconds since the epoch. */
  readonly nowUs: () => number;
  /** Makes the kernel 50 us heavier. */
  readonly heavy?: boolean;
}

/**
 * The live session with one lane: decoded on the main loop, published once a chunk to the lane's ring; the lane's answers wake the main
 * loop, which hands them to the tree.
 */
export class RingPlacement extends DecodingPlacement {
  readonly #lanes: LiveLanes;
  readonly #hosted: HostedLanes;
  readonly #runtime: Runtime;
  readonly #session: LiveSession;
  #closed = false;

  private constructor({ nowUs, heavy = false }: RingOptions) {
    super();
    const plan = planLanes([INSTRUMENT], PARAMS);
    this.#lanes = new LiveLanes({
      assignment: plan.assignment, lanes: plan.lanes.length, checkpointEvery: PARAMS.checkpointSlots, overflow: PARAMS.overflow, backlogSlots: PARAMS.checkpointSlots,
      wait: () => undefined,
    });
    this.#hosted = new HostedLanes(this.#lanes, { plan: () => plan, config: DEFAULT_CONFIG, params: PARAMS, rings: 'answers', pauseEveryMs: PAUSE_EVERY_MS, ...(heavy ? { program: HEAVY_PROGRAM } : {}) });
    this.#runtime = createRuntime({ clock: new VirtualClock(0), seed: 1, effects: { ...this.#hosted.effects, decision: () => undefined } });
    this.#hosted.attach(this.#runtime);
    const started = this.#runtime.start(marketSession([INSTRUMENT], DEFAULT_CONFIG, { lanes: { kernel: this.#lanes, children: this.#hosted.children } }));
    if (!started.ok) throw new Error(`the session does not start: ${JSON.stringify(started.reason)}`);
    this.#session = new LiveSession({ runtime: this.#runtime, lanes: this.#lanes, nowUs, onOrder: (entry) => this.#merged(entry) });
  }

  static async start(options: RingOptions): Promise<RingPlacement> {
    const placement = new RingPlacement(options);
    await placement.#hosted.thread(0)!.ready;
    void placement.#listen();
    return placement;
  }

  protected take({ F, I, length }: RecordBatch): void {
    const first = this.taken - length;
    let lost = 0;
    for (let from = 0; from < length; ) {
      if (this.isSampled(first + from)) this.#lanes.retell();
      const to = Math.min(length, this.nextSample(first + from) - first);
      lost += this.#lanes.take(F, I, from, to);
      from = to;
    }
    if (lost > 0) throw new Error(`the lane's ring had no room for ${lost} records: this machine is too slow for the load now`);
  }

  override poll(): void {
    this.#hosted.poll();
    this.#runtime.drain();
    const { lastFailure } = this.#hosted.status(0);
    if (lastFailure !== null) throw new Error(lastFailure);
    this.#turn();
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await this.#hosted.close();
  }

  async #listen(): Promise<void> {
    const { bell } = this.#hosted;
    while (!this.#closed) {
      const seen = bell.value;
      this.#turn();
      await bell.waitAsync(seen, LISTEN_MS);
    }
  }

  readonly #levels: { readonly seq: number; readonly exchUs: number }[] = [];

  /** Takes note of what a turn is about; when the turn is over, it is decided. */
  #merged(entry: OrderEntry): void {
    if (entry.type !== 'turn') return;
    for (const edge of this.#lanes.edges) if (edge.type === 'level') this.#levels.push(edge);
  }

  #turn(): void {
    this.#session.turn();
    for (const level of this.#levels) this.decided(level);
    this.#levels.length = 0;
  }
}
