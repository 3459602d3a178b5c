import { LaneGroup } from '../../actors/market/index.js';
import type { KernelPort } from '../../actors/market/index.js';
import type { Config, LanesParams } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { EffectTable, Runtime, WorkerSpec } from '../../runtime/index.js';
import { HostedLanes } from '../../supervisors/hosted-lanes.js';
import { planLanes } from '../../supervisors/lane-plan.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import type { HostedLanesOptions, LanePlan } from '../../supervisors/index.js';
import type { LaneFault } from './fault-spec.js';

/** How long the main loop is held while lanes work, before it turns once. */
const HOLD_MS = 4;
/** How long it is held by lanes that take nothing. */
const HELD_BY_NOTHING_MS = 40;
/** How long a turn waits for a lane at most. */
const TURN_MS = 20;

/** One lane's line in a report. */
export interface LaneRow {
  readonly lane: number;
  readonly path: string;
  readonly symbols: readonly string[];
  readonly records: number;
  readonly recordsPerSecond: number;
  /** Share of its input ring that was full: on average when something was sent, and at most. */
  readonly occupancy: { readonly mean: number; readonly max: number };
  /** Longest time it had input and took none, ms of wall time; restarts included. */
  readonly longestStallMs: number;
  readonly restarts: number;
  /** How its thread failed the last time; null when it did not. */
  readonly lastFailure: string | null;
}

/** The lanes of a replay: their threads, and the group that makes one kernel of them. */
export class ReplayLanes {
  readonly group: LaneGroup;
  plan: LanePlan;
  readonly #instruments: readonly Instrument[];
  #runtime: Runtime | undefined;
  readonly #threads: HostedLanes;
  readonly #names: ReadonlyMap<number, string>;
  /** Kills that wait until the lane is at work. */
  readonly #armed: number[];
  #settling = false;
  /** Value of the bell at the last look. */
  #heard = 0;
  readonly #stalls: { up: boolean; taken: number; sinceMs: number; runningMs: number; seenMs: number; longestMs: number }[];

  readonly #stallTimeoutMs: number;

  /** @throws RangeError when the plan cannot be made. */
  constructor(instruments: readonly Instrument[], config: Config, params: LanesParams, program?: HostedLanesOptions['program']) {
    const { trading } = config;
    this.#stallTimeoutMs = params.stallTimeoutMs;
    this.plan = planLanes(instruments, params);
    this.#names = instanceNames(instruments);
    const { lanes, assignment } = this.plan;
    this.#armed = lanes.map(() => 0);
    this.#stalls = lanes.map(() => ({ up: false, taken: 0, sinceMs: 0, runningMs: 0, seenMs: 0, longestMs: 0 }));
    this.group = new LaneGroup({
      assignment, lanes: lanes.length,
      distanceUs: Math.min(trading.detector.baselineDistanceMs, trading.venue.entryLatencyMs) * 1000,
      checkpointEvery: params.checkpointSlots,
      wait: () => this.#wait(),
    });
    this.#threads = new HostedLanes(this.group, { plan: () => this.plan, config, params, ...(program === undefined ? {} : { program }) });
    this.#instruments = instruments;
  }

  /** Children of `/market/lanes`. */
  get children(): readonly WorkerSpec<never>[] {
    return this.#threads.children;
  }
  get effects(): EffectTable {
    return this.#threads.effects;
  }

  attach(runtime: Runtime): void {
    this.#runtime = runtime;
    this.#threads.attach(runtime);
  }

  /** What stands for the lanes where a session wants a kernel. */
  get kernel(): KernelPort {
    return this.group;
  }

  /** Does a fault to a lane of the plan; a kill strikes when the lane is next at work. */
  strike(fault: LaneFault): void {
    const lane = this.plan.lanes.findIndex(({ id }) => id === fault.lane);
    if (fault.kind === 'kill-lane') this.#armed[lane]! += 1;
    else this.group.stall(lane, fault.ms);
  }

  /**
   * Between two turns of the tree: finds out who has ended, does the kills that are due, and waits a little for lanes that
   * are starting or at work. The main loop turns meanwhile.
   */
  async turn(): Promise<void> {
    const seen = this.#threads.bell.value;
    this.#threads.poll();
    this.#look();
    this.group.feeds.forEach((feed, lane) => {
      // A sign of life is not enough: the pool sees a thread that hangs, not one that is busy with nothing.
      if (this.#stallTimeoutMs > 0 && this.#stalledMs(lane) > 2 * this.#stallTimeoutMs && feed.broken === null) feed.broken = `it took nothing of its input for ${2 * this.#stallTimeoutMs} ms`;
      if (feed.broken !== null) this.#threads.thread(lane)?.kill(feed.broken);
      else if (this.#armed[lane]! > 0 && feed.connected && (!feed.idle || this.#settling) && this.#threads.thread(lane)?.state === 'running') {
        this.#armed[lane]! -= 1;
        this.#threads.thread(lane)!.kill('by --fault kill-lane');
      }
    });
    for (const feed of this.group.feeds) feed.send();
    await this.#threads.bell.waitAsync(seen, TURN_MS);
    this.#look();
  }

  /**
   * Deals the symbols anew and restarts every lane with the states of its new symbols; as many lanes as before. To be
   * called between turns, when everything handed out is merged (`group.settled`): false, and nothing done, when it is not.
   * @throws RangeError when the new plan cannot be made or has another number of lanes.
   */
  async repartition(params: Pick<LanesParams, 'count' | 'assign'>): Promise<boolean> {
    if (!this.group.settled) return false;
    const plan = planLanes(this.#instruments, params);
    if (plan.lanes.length !== this.plan.lanes.length) throw new RangeError(`the new plan has ${plan.lanes.length} lanes, the running one ${this.plan.lanes.length}`);
    this.group.requestCheckpoints();
    while (!this.group.quiet && this.#runtime?.ended === null) {
      await this.turn();
      for (const feed of this.group.feeds) feed.poll();
    }
    this.group.reassign(plan.assignment);
    this.plan = plan;
    for (const path of plan.lanes.map(({ id }) => `/market/lanes/${id}`)) this.#runtime?.crash(path, { name: 'Repartition', message: 'symbols were dealt anew' });
    this.#runtime?.drain();
    return true;
  }

  /** The tape has ended: looks for what is missing; true when the lanes have taken note and every kill is done. */
  settle(): boolean {
    // A kill that waits for work would wait for ever.
    this.#settling = true;
    return this.group.settle() && this.#armed.every((armed) => armed === 0);
  }

  rows(wallMs: number): LaneRow[] {
    return this.plan.lanes.map(({ id, instruments }, lane) => {
      const { statistics } = this.group.feeds[lane]!;
      const { starts, lastFailure } = this.#threads.status(lane);
      return {
        lane: id, path: `/market/lanes/${id}`, symbols: instruments.map(({ index }) => this.#names.get(index)!), records: statistics.records,
        recordsPerSecond: wallMs > 0 ? Math.round((statistics.records / wallMs) * 1000) : 0,
        occupancy: { mean: rounded(statistics.looks === 0 ? 0 : statistics.occupancySum / statistics.looks), max: rounded(statistics.occupancyMax) },
        longestStallMs: Math.round(this.#stalls[lane]!.longestMs * 10) / 10,
        restarts: Math.max(0, starts - 1), lastFailure,
      };
    });
  }

  /** Ends the threads. Never rejects. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  /** Holds the main loop while lanes work; false when it had better turn. */
  #wait(): boolean {
    const { feeds } = this.group;
    const { bell } = this.#threads;
    for (let lane = 0; lane < feeds.length; lane += 1) {
      const feed = feeds[lane]!;
      if (feed.idle) continue;
      if (this.#armed[lane]! > 0 || feed.broken !== null || this.#threads.thread(lane)?.state !== 'running') return false;
    }
    // A lane may ring and get nowhere: then signals and timers must have their turn all the same.
    if (feeds.every((feed, lane) => feed.idle || this.#stalledMs(lane) > HELD_BY_NOTHING_MS)) return false;
    // What was rung since the last look may be what the merge did not find when it looked.
    const rung = bell.wait(this.#heard, HOLD_MS);
    this.#heard = bell.value;
    this.#look();
    return rung;
  }

  /** For how long its present thread has taken nothing, as of the last look, ms. */
  #stalledMs(lane: number): number {
    const { sinceMs, runningMs, seenMs } = this.#stalls[lane]!;
    return seenMs - Math.max(sinceMs, runningMs);
  }

  /** Notes for how long lanes have taken nothing. */
  #look(): void {
    const nowMs = performance.now();
    this.group.feeds.forEach((feed, lane) => {
      const stall = this.#stalls[lane]!;
      const { taken } = feed;
      stall.seenMs = nowMs;
      // Before a lane is up for the first time it is late, not stalled.
      const upBefore = stall.up;
      const running = this.#threads.thread(lane)?.state === 'running';
      stall.up ||= running;
      if (!running) stall.runningMs = nowMs;
      if (!upBefore || feed.idle || taken !== stall.taken) {
        stall.taken = taken;
        stall.sinceMs = nowMs;
      } else if (nowMs - stall.sinceMs > stall.longestMs) stall.longestMs = nowMs - stall.sinceMs;
    });
  }
}

const rounded = (share: number): number => Math.round(share * 1e5) / 1e5;
