import type { EffectTable } from '../core/effects.js';
import type { Runtime } from '../runtime.js';
import { worker } from '../supervision/spec.js';
import type { ExitReason, FailureCause, WorkerSpec } from '../types.js';
import { type LaneActorInput, laneBehaviour, START_LANE } from './actor.js';
import { describeFailure, failed, type LaneEnd, type LaneFailure } from './failure.js';
import type { LaneState, LaneThread } from './lane-thread.js';
import type { LanePool } from './pool.js';
import type { LaneSpec } from './program.js';

export interface LaneHostOptions {
  readonly pool: LanePool;
  /** What the next thread of this lane runs; asked at every start, so that a restart can begin from a later checkpoint. */
  readonly specOf: (lane: number, incarnation: number) => LaneSpec;
  /** A thread has been started for this incarnation of the lane's actor; its rings can be used from now on. */
  readonly onStarted?: (lane: number, thread: LaneThread, incarnation: number) => void;
  /** The thread has ended, or its actor has and the thread is being ended. Once for each start, before the next start. */
  readonly onDown?: (lane: number, end: LaneEnd, incarnation: number) => void;
  /** The thread has ended by itself, and its actor is about to be crashed for it. */
  readonly onCrash?: (path: string, cause: FailureCause) => void;
}

/** What `inspect` shows of a lane's actor. */
export interface LaneStatus {
  readonly lane: number;
  readonly state: LaneState;
  readonly starts: number;
  readonly failures: number;
  readonly lastFailure: string | null;
  readonly readyAfterMs: number | null;
}

interface Life {
  readonly lane: number;
  readonly path: string;
  readonly incarnation: number;
  readonly name: string;
  thread: LaneThread | null;
}

interface LaneRecord {
  life: Life | null;
  starts: number;
  failures: number;
  lastFailure: LaneFailure | null;
  lastName: string;
  readyAfterMs: number | null;
}

/**
 * Ties threads to the actors that stand for them. Give its `effects` to the runtime, `attach` it, and put its `worker`s under a
 * supervisor. A thread that fails crashes its actor, with a cause that says how; an actor that ends takes its thread with it:
 * asked to stop after an orderly end, killed after a crash or a kill. A thread belongs to one incarnation, and no other hears of it.
 */
export class LaneHost {
  readonly effects: EffectTable;
  readonly #options: LaneHostOptions;
  readonly #records = new Map<number, LaneRecord>();
  readonly #behaviour = laneBehaviour((lane) => this.status(lane));
  #runtime: Runtime | null = null;

  constructor(options: LaneHostOptions) {
    this.#options = options;
    this.effects = {
      [START_LANE]: (input: LaneActorInput, call: { readonly path: string; readonly incarnation: number }) => this.#start(input.lane, call.path, call.incarnation),
    };
  }

  /** The runtime whose table has the host's effects. To be called before it starts. */
  attach(runtime: Runtime): void {
    this.#runtime = runtime;
  }

  /** The child specification of a lane. A restart always begins anew: a thread's state is gone with the thread. */
  worker(id: string, lane: number, more: Partial<Pick<WorkerSpec<never>, 'restart' | 'backoff' | 'quarantine' | 'significant'>> = {}): WorkerSpec<never> {
    return { ...worker({ id, behaviour: this.#behaviour, input: { lane } }), ...more, restore: 'init' } as WorkerSpec<never>;
  }

  /** The lane's present thread, null while it has none. */
  thread(lane: number): LaneThread | null {
    return this.#records.get(lane)?.life?.thread ?? null;
  }

  status(lane: number): LaneStatus {
    const record = this.#records.get(lane);
    const thread = record?.life?.thread ?? null;
    return {
      lane,
      state: thread?.state ?? 'ended',
      starts: record?.starts ?? 0,
      failures: record?.failures ?? 0,
      lastFailure: record === undefined || record.lastFailure === null ? null : describeFailure(record.lastName, record.lastFailure),
      readyAfterMs: thread?.readyAfterMs ?? null,
    };
  }

  /** For a loop that does not turn: finds out about every lane now. Failures found crash their actors; call it between turns. */
  poll(nowMs = performance.now()): void {
    for (const record of this.#records.values()) record.life?.thread?.poll(nowMs);
  }

  #start(lane: number, path: string, incarnation: number): void {
    const runtime = this.#runtime;
    if (runtime === null) throw new Error('the host of the lanes is not attached to a runtime');
    const spec = this.#options.specOf(lane, incarnation);
    const life: Life = { lane, path, incarnation, name: spec.name, thread: null };
    const thread = this.#options.pool.start(spec, (end) => this.#threadEnded(life, end));
    life.thread = thread;
    const record = this.#recordOf(lane);
    record.life = life;
    record.starts++;
    runtime.monitor(path, ({ reason }) => this.#actorEnded(life, reason));
    if (record.life === life) this.#options.onStarted?.(lane, thread, incarnation);
  }

  #actorEnded(life: Life, reason: ExitReason | { readonly kind: 'noproc' }): void {
    const { thread } = life;
    const orderly = reason.kind === 'normal' || reason.kind === 'shutdown';
    const why = `its actor ended: ${reason.kind}`;
    if (thread === null || !this.#down(life, orderly ? { kind: 'stopped' } : failed('killed', why))) return;
    if (orderly) thread.stop();
    else thread.kill(why);
  }

  #threadEnded(life: Life, end: LaneEnd): void {
    if (!this.#down(life, end)) return;
    const record = this.#recordOf(life.lane);
    if (end.kind === 'stopped') {
      this.#crash(life.path, { name: 'LaneEnded', message: `${life.name}: its program ended, and nobody had asked it to` });
      return;
    }
    record.failures++;
    record.lastFailure = end.failure;
    record.lastName = life.name;
    const { cause } = end.failure;
    this.#crash(life.path, { name: 'LaneFailed', message: describeFailure(life.name, end.failure), ...(cause === undefined ? {} : { cause }) });
  }

  #crash(path: string, cause: FailureCause): void {
    this.#options.onCrash?.(path, cause);
    this.#runtime?.crash(path, cause);
  }

  /** False when this life of the lane is over already. */
  #down(life: Life, end: LaneEnd): boolean {
    const record = this.#recordOf(life.lane);
    if (record.life !== life) return false;
    record.life = null;
    this.#options.onDown?.(life.lane, end, life.incarnation);
    return true;
  }

  #recordOf(lane: number): LaneRecord {
    let record = this.#records.get(lane);
    if (record === undefined) {
      record = { life: null, starts: 0, failures: 0, lastFailure: null, lastName: '', readyAfterMs: null };
      this.#records.set(lane, record);
    }
    return record;
  }
}
