import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Bell } from './bell.js';
import type { LaneEnd } from './failure.js';
import { type LaneDeadlines, LaneThread } from './lane-thread.js';
import type { LaneSpec } from './program.js';
import { type ResourceLimits, ThreadSlot } from './slot.js';

export interface LanePoolOptions {
  /** Lanes that may start or run at once. One that was asked to stop no longer counts, so its successor need not wait for it. */
  readonly threads: number;
  /** From start to ready, loading the program included. Default 10,000. */
  readonly startTimeoutMs?: number;
  /** A lane with a filled inbox that shows no sign of life for this long is killed as `stalled`. Default 0: never. */
  readonly stallTimeoutMs?: number;
  /** A lane that has not stopped this long after it was asked is killed. Default 1,000. */
  readonly stopTimeoutMs?: number;
  /** Of each thread, as of node:worker_threads. Shared memory and Buffers are not limited. */
  readonly resourceLimits?: ResourceLimits;
  /**
   * Megabytes of the half of a young generation with which the heaps of threads begin, for programs that make much garbage of which little survives: V8 begins with
   * one and lets it grow with what survives, so they are collected often. Holds for every thread that the process starts from then on. Default: V8's.
   */
  readonly semiSpaceMb?: number;
  /** Default: a new one. */
  readonly bell?: Bell;
}

const WATCH_EVERY_MS = 50;
const SPINS_WITH_A_CORE_EACH = 2_000;
const SPINS_WITHOUT = 100;
/** With less, Node 24 aborts the process while it starts the thread ("GC during deserialization"). */
const LEAST_OLD_MB = 16;
const LEAST_YOUNG_MB = 2;
/** What `close` gives threads to be gone after they were killed: one inside a blocking call of the system cannot be ended. */
const GONE_WITHIN_MS = 2_000;

/**
 * Threads for lanes. A thread whose lane stopped when asked takes another lane; one whose lane ended otherwise is destroyed. A lane
 * that has not ended keeps the process alive; idle threads do not, nor does the timer that enforces the deadlines.
 */
export class LanePool {
  /** Rung by every lane after a drain that did something, after a post, when it is ready, and when it ends. */
  readonly bell: Bell;
  readonly #threads: number;
  readonly #spins: number;
  readonly #deadlines: LaneDeadlines;
  readonly #resourceLimits: ResourceLimits | undefined;
  readonly #lanes = new Set<LaneThread>();
  readonly #slots = new Set<ThreadSlot>();
  readonly #idle: ThreadSlot[] = [];
  #watch: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  /** @throws RangeError for numbers that make no sense. */
  constructor(options: LanePoolOptions) {
    const { threads, startTimeoutMs = 10_000, stallTimeoutMs = 0, stopTimeoutMs = 1_000 } = options;
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads must be a whole number of at least 1, not ${threads}`);
    for (const [name, value] of Object.entries({ startTimeoutMs, stallTimeoutMs, stopTimeoutMs })) {
      if (!(value >= 0)) throw new RangeError(`${name} must be a number of milliseconds, 0 or more, not ${value}`);
    }
    const { maxOldGenerationSizeMb = Infinity, maxYoungGenerationSizeMb = Infinity } = options.resourceLimits ?? {};
    if (!(maxOldGenerationSizeMb >= LEAST_OLD_MB) || !(maxYoungGenerationSizeMb >= LEAST_YOUNG_MB)) {
      throw new RangeError(`resourceLimits must leave a thread ${LEAST_OLD_MB} MB of old and ${LEAST_YOUNG_MB} MB of young generation: Node may end the process when a thread cannot begin`);
    }
    if (options.semiSpaceMb !== undefined) setFlagsFromString(`--min-semi-space-size=${options.semiSpaceMb}`);
    this.bell = options.bell ?? Bell.create();
    this.#threads = threads;
    this.#spins = threads < availableParallelism() ? SPINS_WITH_A_CORE_EACH : SPINS_WITHOUT;
    this.#deadlines = { startTimeoutMs, stallTimeoutMs, stopTimeoutMs };
    this.#resourceLimits = options.resourceLimits;
  }

  /**
   * Starts a lane and returns at once; a program that cannot be started is an end like any other. `onEnd` is called at once when the
   * end is known, inside whatever made it known: a kill, a poll, a turn of the event loop.
   * @throws RangeError when all threads are taken or a ring's size is wrong, Error after close.
   */
  start(spec: LaneSpec, onEnd?: (end: LaneEnd) => void): LaneThread {
    if (this.#closing !== null) throw new Error('the pool of lanes is closed');
    const taken = this.#count();
    if (taken >= this.#threads) throw new RangeError(`${spec.name} cannot start: all ${this.#threads} threads of the pool have a lane`);
    const slot = this.#takeSlot();
    try {
      const thread = new LaneThread(
        { spins: this.#spins, ...spec }, this.bell, slot, this.#deadlines,
        (ended, end) => {
          this.#ended(ended);
          onEnd?.(end);
        },
        (idle) => this.#release(idle),
      );
      this.#lanes.add(thread);
      this.#watch ??= setInterval(() => this.poll(), WATCH_EVERY_MS).unref();
      return thread;
    } catch (error) {
      this.#release(slot);
      throw error;
    }
  }

  /** Threads there are: with a lane, idle, or on their way out. */
  get threads(): number {
    return this.#slots.size;
  }

  /** Threads that wait for a lane. */
  get idleThreads(): number {
    return this.#idle.length;
  }

  /** Polls every lane; the pool's own timer does it too, when the event loop turns. */
  poll(nowMs = performance.now()): void {
    for (const lane of this.#lanes) lane.poll(nowMs);
  }

  /** Stops every lane, kills those that do not stop, ends all threads. Never rejects, and never takes much longer than the stop timeout. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const lane of this.#lanes) lane.stop();
    await within(this.#deadlines.stopTimeoutMs, [...this.#lanes].map((lane) => lane.ended));
    for (const lane of this.#lanes) lane.kill('the pool was closed');
    await within(GONE_WITHIN_MS, [...this.#slots].map((slot) => slot.destroy()));
  }

  #count(): number {
    let count = 0;
    for (const lane of this.#lanes) if (lane.state === 'starting' || lane.state === 'running') count++;
    return count;
  }

  #takeSlot(): ThreadSlot {
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) if (slot.alive) return slot;
    const slot = new ThreadSlot(this.#resourceLimits, () => this.#slots.delete(slot));
    this.#slots.add(slot);
    return slot;
  }

  #release(slot: ThreadSlot): void {
    slot.onDeath = null;
    slot.onNews = null;
    if (this.#closing === null && this.#idle.length + this.#count() < this.#threads) this.#idle.push(slot);
    else void slot.destroy();
  }

  #ended(lane: LaneThread): void {
    this.#lanes.delete(lane);
    if (this.#lanes.size !== 0 || this.#watch === null) return;
    clearInterval(this.#watch);
    this.#watch = null;
  }
}

/** Waits for all of them, but no longer than that. */
async function within(mostMs: number, promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, mostMs);
  });
  await Promise.race([Promise.all(promises), late]);
  clearTimeout(timer);
}
