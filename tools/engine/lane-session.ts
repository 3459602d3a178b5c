import { KERNEL_PATH, type JournalState } from '../../actors/index.js';
import type { EffectHandlers } from '../../actors/engine/effects.js';
import type { EngineInput } from '../../actors/engine/io.js';
import { LiveLanes, type KernelPort, type OrderEntry } from '../../actors/market/index.js';
import type { Config } from '../../config/index.js';
import { type Instrument } from '../../data/records/index.js';
import { createRuntime, type ChildSpec, type Runtime, type SupervisorSpec, VirtualClock } from '../../runtime/index.js';
import { HostedLanes, planLanes } from '../../supervisors/index.js';
import { mergeMessage } from '../live/live-session.js';
import { HandledEffects } from './effect-table.js';
import { ENGINE_SEED, type EngineCounts, type RecordViews } from './session.js';

/** How often threads are looked after when none of them says anything, ms. */
const LOOK_EVERY_MS = 50;

/** What stands for the kernel in a tree whose kernel runs in lanes. */
export interface LanesOfTree {
  readonly kernel: KernelPort;
  readonly children: readonly ChildSpec[];
}

export interface LaneSessionOptions {
  readonly tree: (lanes: LanesOfTree) => SupervisorSpec;
  readonly startUs: number;
  readonly instruments: readonly Instrument[];
  readonly config: Config;
  readonly effects: EffectHandlers;
  /** What a replay of the run must follow: where controls fell, and which answers were merged when. */
  readonly onOrder: (entry: OrderEntry) => void;
}

/**
 * As EngineSession, for a kernel whose books and indicators are kept by threads: what they answer is merged when the clock is moved, in whatever order it
 * came, and that order is told. A ring that is full holds the main loop back: what is on the tape reaches its lane.
 */
export class LaneSession {
  readonly runtime: Runtime;
  readonly kernel: LiveLanes;
  readonly #hosted: HostedLanes;
  readonly #effects: HandledEffects;
  readonly #onOrder: (entry: OrderEntry) => void;
  readonly #message = mergeMessage();
  #listening: Promise<void> | undefined;
  #closed = false;
  #taken = 0;
  #messages = 0;
  #refused = 0;

  /** @throws Error when the tree does not start. RangeError when the plan of the lanes cannot be made. */
  constructor({ tree, startUs, instruments, config, effects, onOrder }: LaneSessionOptions) {
    const params = config.lanes;
    const plan = planLanes(instruments, params);
    this.#onOrder = onOrder;
    this.#effects = new HandledEffects(effects);
    this.kernel = new LiveLanes({
      assignment: plan.assignment, lanes: plan.lanes.length, checkpointEvery: params.checkpointSlots, backlogSlots: params.checkpointSlots, overflow: 'block', onOrder,
      wait: () => {
        this.#hosted.bell.wait(this.#hosted.bell.value, 1);
        this.#hosted.poll();
      },
    });
    this.#hosted = new HostedLanes(this.kernel, { plan: () => plan, config, params });
    this.runtime = createRuntime({ clock: new VirtualClock(startUs), seed: ENGINE_SEED, effects: { ...this.#hosted.effects, ...this.#effects.table } });
    this.#hosted.attach(this.runtime);
    const started = this.runtime.start(tree({ kernel: this.kernel, children: this.#hosted.children }));
    if (!started.ok) throw new Error(`the engine's tree does not start: ${JSON.stringify(started.reason)}`);
    this.runtime.drain();
    this.#effects.throwFault();
  }

  get journal(): JournalState {
    return this.#effects.journal;
  }
  get ended(): boolean {
    return this.runtime.ended !== null;
  }
  get clockUs(): number {
    return this.runtime.nowUs();
  }
  get taken(): number {
    return this.#taken;
  }

  /** Calls `onBell` whenever lanes have got on: the clock is to be moved then. Until `close`. */
  listen(onBell: () => void): void {
    this.#listening ??= this.#listen(onBell);
  }

  async #listen(onBell: () => void): Promise<void> {
    const { bell } = this.#hosted;
    while (!this.#closed) {
      const seen = bell.value;
      this.#hosted.poll();
      this.runtime.drain();
      onBell();
      await bell.waitAsync(seen, LOOK_EVERY_MS);
    }
  }

  /** Records [from, to) have come: numbered in place and handed to their lanes. */
  records({ F, I }: RecordViews, from: number, to: number): void {
    if (from >= to) return;
    this.kernel.take(F, I, from, to);
    this.#taken += to - from;
  }

  /** As EngineSession's. What lanes have answered meanwhile is merged later, so that the order told is the order in which things happened. */
  input(atUs: number, { to, message }: EngineInput): void {
    this.runtime.advanceTo(Math.max(atUs, this.clockUs));
    this.#messages += 1;
    if (this.runtime.send(to, message) !== 'delivered') this.#refused += 1;
    this.runtime.drain();
    this.#effects.throwFault();
  }

  /** Moves the clock to `us`, merges what has come, and fires what is due. */
  advanceTo(us: number): void {
    const { runtime, kernel } = this;
    runtime.advanceTo(Math.max(us, this.clockUs));
    while (kernel.poll()) {
      const before = kernel.merging;
      // The answers keep until there is a kernel again, if ever.
      if (runtime.inspect(KERNEL_PATH)?.state !== 'running' || runtime.send(KERNEL_PATH, this.#message) !== 'delivered') break;
      runtime.drain(1);
      const { merging } = kernel;
      if (merging === before) break;
      this.#onOrder({ type: 'turn', seq: merging.seq, control: merging.control, clockUs: this.clockUs });
      runtime.drain();
    }
    runtime.drain();
    this.#effects.throwFault();
  }

  nextTimerUs(): number {
    return this.runtime.nextTimerUs();
  }

  counts(): EngineCounts {
    const { processed, gapped, missing, invalid, backwardStamps } = this.kernel.counters();
    return {
      inputs: this.#taken, processed, gapped, deadLettered: this.kernel.skipped, missing, invalid, backwardStamps, messages: this.#messages, refused: this.#refused, unheard: 0,
    };
  }

  /** Ends the threads. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#listening;
    await this.#hosted.close();
  }
}
