import { KERNEL_PATH, type JournalState } from '../../../actors/index.js';
import type { EffectHandlers } from '../../../actors/engine/effects.js';
import type { EngineInput } from '../../../actors/engine/io.js';
import { type LaneConnection, LiveLanes, type MarketKernel, SourceLanes, type KernelPort, type OrderEntry, type ToldPrices } from '../../../actors/market/index.js';
import type { Holdings } from '../../../actors/venue/matcher.js';
import type { Config } from '../../../config/index.js';
import { type Instrument } from '../../../data/records/index.js';
import type { LaneThread } from '../../../runtime/lanes/index.js';
import { createRuntime, type ChildSpec, type Runtime, type SupervisorSpec, VirtualClock } from '../../../runtime/index.js';
import { HostedLanes, planLanes } from '../../../supervisors/index.js';
import { mergeMessage } from '../../live/live-session.js';
import type { TakeAsked } from '../asked.js';
import { HandledEffects } from '../effect-table.js';
import { partKernel } from './part-kernel.js';
import { ENGINE_SEED, type EngineCounts, type RecordViews, type SessionSnapshot, type SessionSnapshotResult } from '../session.js';

/** The program of a lane with sockets, where the compiler puts it. */
const SOCKET_LANE = new URL('./socket-lane.js', import.meta.url);
/** How often lanes are asked how things stand, ms. */
const FACTS_EVERY_MS = 1000;
/** How often threads are looked after when none of them says anything, ms. */
const LOOK_EVERY_MS = 20;
/** A lane that is busy lets the main loop have its core this often, ms. */
export const PAUSE_EVERY_MS = 0.5;
/** Longest time that the main loop waits for lanes to come to rest, ms of the wall. */
const MOST_SETTLING_MS = 2000;
/** The actors of the threads; a replay has others in their places. */
const isLane = (path: string): boolean => path.startsWith('/market/lanes/');

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
  /** As EngineSession's. */
  readonly onAsked?: TakeAsked;
  /** What a replay of the run must follow: where controls fell, and which answers were merged when. */
  readonly onOrder: (entry: OrderEntry) => void;
  /** Prices that somebody had asked for: to be handed in, in a turn of its own. */
  readonly onPrices?: (input: EngineInput) => void;
  /** What the simulated venue holds when the run begins. */
  readonly holdings?: Holdings;
  /** Placement `socket`: lanes bring the records. */
  readonly sources?: SourceOptions;
}

export interface SourceOptions {
  /** Called before the tree starts. */
  readonly onKernel: (kernel: SourceLanes) => void;
  /** Writes records [from, to) to the run; false when it cannot. */
  readonly onRecords: (F: Float64Array, I: Int32Array, from: number, to: number) => boolean;
  readonly onText: (lane: number, text: string) => void;
  /** A lane's thread is gone, and its sockets with it. */
  readonly onDown: (lane: number) => void;
  /** What the threads' program is to have. */
  readonly equipment: () => object;
  /** Instead of the engine's own. */
  readonly program?: URL;
}

/**
 * As EngineSession, for a kernel whose books and indicators are kept by threads: what they answer is merged when the clock is moved, in whatever order it
 * came, and that order is told. Placement `ring`: a ring that is full holds the main loop back, so what is on the tape reaches its lane. Placement `socket`: records come from the
 * lanes, and are on the tape before anything that followed from them is merged.
 */
export class LaneSession {
  readonly runtime: Runtime;
  readonly kernel: LiveLanes | SourceLanes;
  readonly #hosted: HostedLanes;
  readonly #effects: HandledEffects;
  readonly #onOrder: (entry: OrderEntry) => void;
  readonly #onPrices: LaneSessionOptions['onPrices'];
  readonly #message = mergeMessage();
  readonly #options: Pick<LaneSessionOptions, 'instruments' | 'config'>;
  #stopListening: (() => Promise<void>) | undefined;
  #taken = 0;
  #lookedMs = -Infinity;
  #askedMs = -Infinity;
  #messages = 0;
  #refused = 0;

  /** @throws Error when the tree does not start. RangeError when the plan of the lanes cannot be made. */
  constructor({ tree, startUs, instruments, config, effects, onAsked, onOrder, onPrices, sources, holdings }: LaneSessionOptions) {
    const params = config.lanes;
    const plan = planLanes(instruments, params);
    this.#onOrder = onOrder;
    this.#onPrices = onPrices;
    this.#options = { instruments, config };
    const clock = new VirtualClock(startUs);
    this.#effects = new HandledEffects(effects, { nowUs: () => clock.nowUs(), onAsked });
    const common = { assignment: plan.assignment, lanes: plan.lanes.length, checkpointEvery: params.checkpointSlots, onOrder };
    const hosting = {
      plan: () => plan, config, params, pauseEveryMs: PAUSE_EVERY_MS, ...(holdings === undefined ? {} : { holdings }),
      onCrash: (path: string, { name, message }: { readonly name: string; readonly message: string }) => onOrder({ type: 'death', path, name, message, clockUs: this.clockUs }),
    };
    if (sources === undefined) {
      this.kernel = new LiveLanes({
        ...common, backlogSlots: params.checkpointSlots, overflow: 'block',
        wait: () => {
          this.#hosted.bell.wait(this.#hosted.bell.value, 1);
          this.#hosted.poll();
        },
      });
      this.#hosted = new HostedLanes(this.kernel, hosting);
    } else {
      const kernel = new SourceLanes({ ...common, onRecords: sources.onRecords, onText: sources.onText });
      this.kernel = kernel;
      sources.onKernel(kernel);
      const { feeds } = kernel;
      const owner = {
        feeds,
        connect: (lane: number, connection: LaneConnection) => kernel.connect(lane, connection),
        disconnect: (lane: number, threw: boolean, failed: boolean) => {
          kernel.disconnect(lane, threw, failed);
          sources.onDown(lane);
        },
      };
      this.#hosted = new HostedLanes(owner, {
        ...hosting, program: sources.program ?? SOCKET_LANE, waits: 'turns', rings: 'answers', outboxSlots: params.recordSlots,
        more: (lane) => ({ ...sources.equipment(), all: instruments, until: feeds[lane]!.tape.end, successor: feeds[lane]!.tape.end > 0, ids: kernel.ids }),
      });
    }
    this.runtime = createRuntime({ clock, seed: ENGINE_SEED, effects: { ...this.#hosted.effects, ...this.#effects.table } });
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
    return this.kernel instanceof SourceLanes ? this.kernel.records : this.#taken;
  }

  /** The lane's present thread; null while it has none. */
  thread(lane: number): LaneThread | null {
    return this.#hosted.thread(lane);
  }

  /** Calls `onBell` whenever lanes have got on: the clock is to be moved then. Until `close`. */
  listen(onBell: () => void): void {
    this.#stopListening ??= this.#hosted.bell.listen(() => {
      const nowMs = performance.now();
      if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) this.#look(nowMs);
      onBell();
    }, LOOK_EVERY_MS);
  }

  #look(nowMs: number): void {
    this.#lookedMs = nowMs;
    const { feeds } = this.kernel;
    for (let lane = 0; lane < feeds.length; lane += 1) {
      const { broken } = feeds[lane]!;
      if (broken !== null) this.#hosted.thread(lane)?.kill(broken);
    }
    this.#hosted.poll();
    if (nowMs - this.#askedMs >= FACTS_EVERY_MS) {
      this.#askedMs = nowMs;
      this.kernel.requestFacts();
    }
    this.runtime.drain();
    const prices = this.kernel.takePrices();
    if (prices.length === 0) return;
    const message: ToldPrices = { type: 'told-prices', prices };
    this.#onPrices?.({ to: KERNEL_PATH, message });
  }

  /** Placement `ring`: records [from, to) have come: numbered in place and handed to their lanes. */
  records({ F, I }: RecordViews, from: number, to: number): void {
    if (from >= to) return;
    if (this.kernel instanceof SourceLanes) throw new Error('lanes with sockets take their records themselves');
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
    this.#advance(us);
    this.#effects.throwFault();
  }

  #advance(us: number): void {
    const { runtime, kernel } = this;
    // What sockets in lanes have brought may be newer than the look at the clock.
    const heardUs = kernel instanceof SourceLanes ? (kernel.poll(), kernel.heardUs) : 0;
    runtime.advanceTo(Math.max(us, heardUs, this.clockUs));
    while (isReady(kernel)) {
      const before = kernel.merging;
      // The answers keep until there is a kernel again, if ever.
      if (runtime.stateOf(KERNEL_PATH) !== 'running' || runtime.send(KERNEL_PATH, this.#message) !== 'delivered') break;
      runtime.drain(1);
      const { merging } = kernel;
      if (merging === before) break;
      this.#onOrder({ type: 'turn', seq: merging.seq, control: merging.control, clockUs: this.clockUs });
      runtime.drain();
    }
    runtime.drain();
  }

  /**
   * As EngineSession's. Placement `ring`: holds the main loop until the lanes have taken what they were handed, all of it is merged, and they have told their states.
   * Lanes with sockets are never at rest together.
   */
  snapshot(): SessionSnapshotResult {
    const { kernel, runtime } = this;
    if (kernel instanceof SourceLanes) return { ok: false, reason: 'lanes with sockets are never at rest together', later: false };
    const waits = (reason: string): SessionSnapshotResult => ({ ok: false, reason, later: true });
    // Asked first, so that the lanes are not held for nothing.
    const now = runtime.snapshotTree(isLane);
    if (!now.ok) return now;
    const untilMs = performance.now() + MOST_SETTLING_MS;
    // What is merged may give the lanes something to do, which their states then lack.
    for (let asked = false; !this.#settled(kernel, asked); asked = true) {
      if (!kernel.connected) return waits('a lane has no thread');
      if (performance.now() > untilMs) return { ok: false, reason: 'the lanes have not come to rest in time', later: false };
      if (!asked || kernel.feeds.every(({ awaitsCheckpoint }) => !awaitsCheckpoint)) kernel.requestCheckpoints();
      const seen = this.#hosted.bell.value;
      this.#look(performance.now());
      // What a handler of effects throws here is no fault of whoever wants the snapshot: the next turn throws it.
      this.#advance(this.clockUs);
      if (!this.#settled(kernel, true)) this.#hosted.bell.wait(seen, 1);
    }
    if (runtime.stateOf(KERNEL_PATH) !== 'running') return waits('no kernel runs');
    const taken = runtime.snapshotTree(isLane);
    if (!taken.ok) return taken;
    const lanes = { kernel: kernel.snapshot(), controls: kernel.controls };
    return { ok: true, snapshot: { tree: taken.snapshot, taken: this.#taken, insideMessage: false, journal: this.journal, asked: this.#effects.asked, lanes } };
  }

  /** The books in a snapshot. */
  books({ lanes }: SessionSnapshot): MarketKernel['symbols'] {
    if (lanes === null) return [];
    const { instruments, config } = this.#options;
    const kernel = partKernel(instruments, config);
    kernel.restore(lanes.kernel);
    return kernel.symbols;
  }

  #settled(kernel: LiveLanes, asked: boolean): boolean {
    return asked && kernel.quiet && kernel.feeds.every(({ idle, answers }) => idle && answers.length === 0);
  }

  nextTimerUs(): number {
    return this.runtime.nextTimerUs();
  }

  counts(): EngineCounts {
    const { processed, gapped, missing, invalid, backwardStamps } = this.kernel.counters();
    return {
      inputs: this.taken, processed, gapped, deadLettered: this.kernel.skipped, missing, invalid, backwardStamps, messages: this.#messages, refused: this.#refused, unheard: 0,
    };
  }

  /** Ends the threads. Never rejects. */
  async close(): Promise<void> {
    await this.#stopListening?.();
    await this.#hosted.close();
  }
}

function isReady(kernel: LiveLanes | SourceLanes): boolean {
  return kernel instanceof SourceLanes ? kernel.ready : kernel.poll();
}
