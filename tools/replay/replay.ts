import { EMPTY_DIGEST } from '../../actors/index.js';
import type { AccountStatus, Decision, DecisionEffect, JournalState, OpenTrade } from '../../actors/index.js';
import { ACCOUNT_PATH } from '../../actors/engine/paths.js';
import type { KernelPort } from '../../actors/market/index.js';
import type { Config, LanesParams } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { TapeHeader } from '../../data/tape/index.js';
import { createRuntime, VirtualClock } from '../../runtime/index.js';
import type { ExitReason, FailureCause, Runtime, TreeNode } from '../../runtime/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { marketSession } from '../../supervisors/market-session.js';
import type { HostedLanesOptions } from '../../supervisors/index.js';
import type { Fault } from './fault-spec.js';
import { FaultedSource } from './faulted-source.js';
import type { RecordSource } from './faulted-source.js';
import { ReplayLanes } from './lanes.js';
import { ReportBuilder } from './report.js';
import type { ReplayReport, RestartedActor } from './report.js';
import { ReplaySession } from './session.js';

/** Seed of everything random in a session; part of what makes two replays one. */
export const SESSION_SEED = 1;

export interface ReplayInput {
  readonly header: TapeHeader;
  readonly source: RecordSource;
  readonly config: Config;
  /** Clock of the first record, for the times in each state. */
  readonly startUs: number;
  readonly faults?: readonly Fault[];
  /** Runs the kernel in threads. A replay with lanes is to be turned when `stalled`, settled before `finish`, and closed. */
  readonly lanes?: LanesParams;
  /** For tests: what the lanes' threads run instead of a market lane. */
  readonly laneProgram?: HostedLanesOptions['program'];
  /** Records before this tape clock warm the kernel up and decide nothing. */
  readonly fromUs?: number;
  /** The replay ends before the first record at or after this tape clock. */
  readonly toUs?: number;
  /** Waits for a kernel that an operator stopped, instead of ending there. */
  readonly patient?: boolean;
  /** Gets every decision, in order, with its canonical line. */
  readonly onDecision?: (decision: Decision, line: string) => void;
}

/** A replay under way: the tree, and the hand that feeds it. Drive it with `advance` until `ended`, then `finish`. */
export class Replay {
  readonly runtime: Runtime;
  readonly instruments: readonly Instrument[];
  readonly lanes: ReplayLanes | undefined;
  readonly #session: ReplaySession;
  readonly #report: ReportBuilder;
  readonly #fromUs: number;
  readonly #toUs: number;
  /** From the journal's effects, so that it is known also when the root supervisor has given up. */
  #journal: JournalState = { count: 0, digest: EMPTY_DIGEST };
  #outputFailure: { readonly thrown: unknown } | undefined;

  /** @throws Error when the tree does not start: a defect or an impossible configuration. RangeError when lanes are planned for what is not there. */
  constructor(input: ReplayInput) {
    const { header, config } = input;
    this.instruments = header.instruments;
    this.#fromUs = input.fromUs ?? -Infinity;
    this.#toUs = input.toUs ?? Infinity;
    this.#report = new ReportBuilder(header.instruments, Math.max(input.startUs, this.#fromUs));
    const kernels: KernelPort[] = [];
    const lanes = input.lanes === undefined ? undefined : new ReplayLanes(header.instruments, config, input.lanes, input.laneProgram);
    this.lanes = lanes;
    this.runtime = createRuntime({
      clock: new VirtualClock(0),
      seed: SESSION_SEED,
      effects: {
        ...lanes?.effects,
        decision: ({ decision, line, journal }: DecisionEffect) => {
          this.#journal = journal;
          this.#report.decision(decision);
          try {
            input.onDecision?.(decision, line);
          } catch (thrown) {
            // A failing effect is no crash of the tree; whoever watches the replay must hear of it all the same.
            this.#outputFailure ??= { thrown };
          }
        },
      },
    });
    lanes?.attach(this.runtime);
    const started = this.runtime.start(marketSession(header.instruments, config, {
      // Lanes outlive the actor that speaks for them.
      onKernel: (kernel) => void (kernels.includes(kernel) || kernels.push(kernel)),
      ...(lanes === undefined ? {} : { lanes }),
    }));
    if (!started.ok) throw new Error(`the session does not start: ${JSON.stringify(started.reason)}`);
    this.#session = new ReplaySession(this.runtime, new FaultedSource(input.source, input.faults ?? [], instanceNames(header.instruments)), kernels, (fault) => lanes?.strike(fault));
    this.#session.mute = this.#fromUs > 0;
    this.#session.patient = input.patient ?? false;
  }

  get ended(): boolean {
    return this.#session.ended;
  }
  /** The last `advance` stopped for lanes that are not done: `turn` before the next one. */
  get stalled(): boolean {
    return this.#session.stalled;
  }
  /** An operator suspended or stopped the kernel: the tape stands still. */
  get waiting(): boolean {
    return this.#session.waiting;
  }
  get clockUs(): number {
    return this.#session.clockUs;
  }
  /** Inputs taken so far. */
  get taken(): number {
    return this.#session.taken;
  }
  get kernel(): KernelPort {
    return this.#session.kernel;
  }
  /** What is known so far, for a live view. */
  get report(): ReportBuilder {
    return this.#report;
  }

  /**
   * Takes about `limit` records, none at or after `beforeUs`. True when it stopped because of `beforeUs`.
   * @throws what `onDecision` threw.
   */
  advance(limit: number, beforeUs = Infinity): boolean {
    const reached = this.#advance(limit, beforeUs);
    if (this.#outputFailure !== undefined) throw this.#outputFailure.thrown;
    return reached;
  }

  #advance(limit: number, beforeUs: number): boolean {
    const session = this.#session;
    if (session.mute) {
      const stopUs = Math.min(this.#fromUs, beforeUs);
      if (!session.advance(limit, stopUs)) return false;
      if (stopUs < this.#fromUs) return true;
      session.unmute();
    }
    const stopUs = Math.min(this.#toUs, beforeUs);
    if (!session.advance(limit, stopUs)) return false;
    if (stopUs === this.#toUs) session.ended = true;
    return true;
  }

  /** What has filled and is not closed, at the last trade of its symbol. Empty when nobody can say any more. */
  #openTrades(): readonly OpenTrade[] {
    const markTicks = this.instruments.map(({ index }) => this.kernel.facts(index)?.lastTradeTicks ?? 0);
    let open: readonly OpenTrade[] = [];
    this.runtime.ask<AccountStatus>(ACCOUNT_PATH, { type: 'account.status', markTicks }, 1000, (answer) => {
      if (answer.ok) open = answer.value.open;
    });
    this.runtime.drain();
    return open;
  }

  /** Lets the main loop turn until lanes may be further. */
  async turn(): Promise<void> {
    await this.lanes?.turn();
    this.runtime.drain();
  }

  /** The tape has ended: waits until the lanes have taken note. */
  async settle(): Promise<void> {
    this.#session.finish();
    while (this.lanes !== undefined && this.runtime.ended === null && !this.lanes.settle()) await this.turn();
  }

  /** Ends what the replay started. */
  async close(): Promise<void> {
    await this.lanes?.close();
  }

  /** Ends the session and says everything about it. */
  finish(wallMs: number): ReplayReport {
    this.#session.finish();
    const counts = this.#session.counts();
    const told = this.lanes === undefined || this.lanes.group.feeds.every(({ finished }) => finished);
    return this.#report.build({
      counts,
      unaccounted: told ? 0 : counts.inputs - counts.processed - counts.gapped - counts.deadLettered,
      journal: this.#journal,
      kernel: this.#session.kernel,
      open: this.#openTrades(),
      endUs: this.clockUs,
      restarts: this.runtime.counters().restarts,
      faults: this.runtime.counters().faults,
      restarted: restartedActors(this.runtime.tree()),
      deadLetters: this.runtime.counters().deadLetters,
      gaveUp: withoutStacks(this.runtime.ended),
      wallMs,
      lanes: this.lanes?.rows(wallMs) ?? [],
      spareLanes: this.lanes?.plan.spare ?? 0,
    });
  }
}

function restartedActors(node: TreeNode | null): RestartedActor[] {
  if (node === null) return [];
  const own = node.restarts > 0 ? [{ path: node.path, restarts: node.restarts, lastExit: withoutStacks(node.lastExit) }] : [];
  return [...own, ...node.children.flatMap(restartedActors)];
}

/** A report must not differ with the folder that a program lies in: the cause chain stays, the stacks go. */
function withoutStacks(reason: ExitReason | null): ExitReason | null {
  return reason === null || reason.kind !== 'error' ? reason : { kind: 'error', cause: plainCause(reason.cause) };
}

function plainCause({ stack: _stack, cause, ...rest }: FailureCause): FailureCause {
  return cause === undefined ? rest : { ...rest, cause: plainCause(cause) };
}
