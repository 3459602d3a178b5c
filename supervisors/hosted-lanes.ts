import type { LaneConnection, LaneInput } from '../actors/market/index.js';
import type { Config, LanesParams } from '../config/index.js';
import { paramsForSymbol } from '../config/indicators.js';
import type { EffectTable, Runtime, WorkerSpec } from '../runtime/index.js';
import { type Bell, LaneHost, type LaneHostOptions, LanePool, type LaneSpec, type LaneStatus, type LaneThread } from '../runtime/lanes/index.js';
import type { LanePlan } from './lane-plan.js';

/** The thread's program, where the compiler puts it. */
const PROGRAM = new URL('./market-lane.js', import.meta.url);

/** As large as V8 lets it grow by itself. */
const SEMI_SPACE_MB = 16;

/** Threads of one lane that may fail in a row without getting further. */
const MOST_FUTILE = 5;

export interface HostedLanesOptions {
  /** Read at every start of a thread, so that a restart may follow another plan of as many lanes. */
  readonly plan: () => LanePlan;
  readonly config: Config;
  readonly params: LanesParams;
  /** Instead of the market lane's own program: what a lane's thread runs, by lane and how often it was started. */
  readonly program?: URL | ((lane: number, incarnation: number) => URL);
  /** As of LaneSpec: `answers` for who merges answers as they come and waits for nothing else. */
  readonly rings?: LaneSpec['rings'];
  /** As of LaneSpec: for a live process, whose main loop is not to wait for a busy lane's core. */
  readonly pauseEveryMs?: number;
  /** As of LaneSpec: `turns` for lanes with sockets. */
  readonly waits?: LaneSpec['waits'];
  /** What the simulated venue holds when the run begins. */
  readonly holdings?: LaneInput['holdings'];
  /** Slots of the ring from a lane. Default: `answerSlots`. */
  readonly outboxSlots?: number;
  /** What a lane's program gets besides its LaneInput, asked for at every start. */
  readonly more?: (lane: number) => object;
  /** As of LaneHostOptions. */
  readonly onCrash?: LaneHostOptions['onCrash'];
}

/** What the threads' coming and going is told to: LaneGroup, LiveLanes or SourceLanes. */
export interface LaneOwner {
  readonly feeds: readonly {
    readonly futile: number;
    readonly checkpoint: LaneInput['checkpoint'];
    readonly tape: { readonly begin: number };
    readonly merged: number;
  }[];
  connect(lane: number, connection: LaneConnection): void;
  disconnect(lane: number, threw: boolean, failed: boolean): void;
}

/** The threads of a plan's lanes, one supervised actor each, and their connection to whoever feeds them. */
export class HostedLanes {
  /** Children of `/market/lanes`. */
  readonly children: readonly WorkerSpec<never>[];
  readonly effects: EffectTable;
  readonly #pool: LanePool;
  readonly #host: LaneHost;

  constructor(owner: LaneOwner, { plan, config, params, program = PROGRAM, rings = 'drains', pauseEveryMs = 0, waits = 'sleeps', outboxSlots = params.answerSlots, more, onCrash, holdings }: HostedLanesOptions) {
    const { trading, indicators } = config;
    const { lanes } = plan();
    this.#pool = new LanePool({
      threads: lanes.length, startTimeoutMs: params.startTimeoutMs, stallTimeoutMs: params.stallTimeoutMs,
      resourceLimits: { maxOldGenerationSizeMb: params.memoryMb },
      // A frame is some garbage of the socket's.
      ...(waits === 'turns' ? { semiSpaceMb: SEMI_SPACE_MB } : {}),
    });
    this.#host = new LaneHost({
      pool: this.#pool,
      specOf: (lane, incarnation) => {
        const feed = owner.feeds[lane]!;
        // Supervisors count restarts on the session's clock, which stands still while a lane cannot get up. Nor is it any
        // use to start the others then.
        const hopeless = owner.feeds.findIndex(({ futile }) => futile >= MOST_FUTILE);
        if (hopeless >= 0) throw new Error(`${MOST_FUTILE} threads in a row failed and came no further; the last one: ${this.#host.status(hopeless).lastFailure}`);
        const { id, instruments } = plan().lanes[lane]!;
        const input: LaneInput = {
          instruments, params: Object.fromEntries(instruments.map(({ index, symbol }) => [index, paramsForSymbol(indicators, symbol)])),
          venue: trading.venue, checkpoint: feed.checkpoint, from: feed.tape.begin, answered: feed.merged, ...(holdings === undefined ? {} : { holdings }), ...more?.(lane),
        };
        return { name: `lane ${id}`, program: program instanceof URL ? program : program(lane, incarnation), input, inboxSlots: params.inboxSlots, outboxSlots, rings, pauseEveryMs, waits };
      },
      ...(onCrash === undefined ? {} : { onCrash }),
      onStarted: (lane, thread) => owner.connect(lane, { inbox: thread.inbox, outbox: thread.outbox, receive: () => thread.receive() }),
      onDown: (lane, end) => {
        const kind = end.kind === 'failed' ? end.failure.kind : end.kind;
        // Who is killed from outside has not failed, unless for what it said: the feed knows.
        owner.disconnect(lane, kind === 'threw', kind !== 'killed' && kind !== 'stopped');
      },
    });
    this.effects = this.#host.effects;
    this.children = lanes.map(({ id }, lane) => this.#host.worker(String(id), lane));
  }

  /** Rung whenever a lane has got on. */
  get bell(): Bell {
    return this.#pool.bell;
  }

  /** The runtime whose table has `effects`; before it starts. */
  attach(runtime: Runtime): void {
    this.#host.attach(runtime);
  }

  /** The lane's present thread; null while it has none. */
  thread(lane: number): LaneThread | null {
    return this.#host.thread(lane);
  }

  status(lane: number): LaneStatus {
    return this.#host.status(lane);
  }

  /** Between turns: finds out who has ended; failures found crash their actors. */
  poll(): void {
    this.#host.poll();
  }

  /** Ends the threads. Never rejects. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
