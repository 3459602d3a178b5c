import { KERNEL_PATH, type JournalState } from '../../actors/index.js';
import type { EffectHandlers } from '../../actors/engine/effects.js';
import type { EngineInput } from '../../actors/engine/io.js';
import type { KernelPort, KernelSnapshot, MarketKernel } from '../../actors/market/index.js';
import { SEQ, WORDS_F } from '../../data/records/index.js';
import { createRuntime, type Runtime, type RuntimeOptions, type SupervisorSpec, type TreeSnapshot, type TreeSnapshotResult, VirtualClock } from '../../runtime/index.js';
import type { InputChunk, InputSource } from '../replay/faulted-source.js';
import { type InputCounts, ReplaySession } from '../replay/session.js';
import type { TakeAsked } from './asked.js';
import { HandledEffects } from './effect-table.js';

/** Seed of everything random in the tree; part of what makes a run and its replay one. */
export const ENGINE_SEED = 1;

/** Two views over the same bytes. */
export interface RecordViews {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

/** A session at rest, as data: what goes on from it decides, and asks of the world, what this one would, whatever comes. */
export interface SessionSnapshot {
  readonly tree: TreeSnapshot;
  /** Records handed in. */
  readonly taken: number;
  /** The last of them has more of its depth message to follow. */
  readonly insideMessage: boolean;
  readonly journal: JournalState;
  /** As `journal`, of what was asked of the world; null where that was not reckoned. */
  readonly asked: JournalState | null;
  /** Where threads keep books and indicators: what they keep, and how many controls they were given; else null. */
  readonly lanes: { readonly kernel: KernelSnapshot; readonly controls: number } | null;
}

export type SessionSnapshotResult = { readonly ok: true; readonly snapshot: SessionSnapshot } | Extract<TreeSnapshotResult, { readonly ok: false }>;

export interface EngineSessionOptions {
  /** The tree, by all that it starts from. `onKernel` is to get the kernel of every incarnation. */
  readonly tree: (onKernel: (kernel: KernelPort) => void) => SupervisorSpec;
  /** Engine clock at the start, µs. */
  readonly startUs: number;
  /** Who carries out what the tree asks for; what is not there is carried out by nobody, as in a replay. */
  readonly effects?: EffectHandlers;
  /** Takes what the tree asks of the world, decisions aside, whether somebody carries it out or not. */
  readonly onAsked?: TakeAsked;
  /** Goes on from here, with the same tree, instead of beginning. */
  readonly resume?: SessionSnapshot;
  /** Of the runtime: who looks between turns, and how many events its trace holds. */
  readonly watch?: Pick<RuntimeOptions, 'onRest' | 'traceEvents'>;
  /** Hears when the kernel has done something that was due between two records, before anybody hears what came of it. */
  readonly onDue?: (atUs: number) => void;
}

/** What the session did with what came from outside. */
export interface EngineCounts extends InputCounts {
  /** Inputs handed in, and those of them that no actor took: they are dead letters. */
  readonly messages: number;
  readonly refused: number;
  /** Records that came while no kernel took any. */
  readonly unheard: number;
}

/**
 * The engine's tree and the one hand that drives it, live and in a replay of the run. Records and inputs come in one order, and nothing
 * else moves the clock: given the same order and stamps it decides the same, whatever the cuts between records and however often the clock
 * was asked to advance in between.
 */
export class EngineSession {
  readonly runtime: Runtime;
  readonly #effects: HandledEffects;
  readonly #session: ReplaySession;
  readonly #source = new Pushed();
  #messages = 0;
  #refused = 0;
  #unheard = 0;

  /** @throws Error when the tree does not start: a defect or an impossible configuration. */
  constructor({ tree, startUs, effects = {}, onAsked, resume, watch = {}, onDue }: EngineSessionOptions) {
    const kernels: KernelPort[] = [];
    const clock = new VirtualClock(resume?.tree.atUs ?? startUs);
    this.#effects = new HandledEffects(effects, { nowUs: () => clock.nowUs(), onAsked, resume });
    this.runtime = createRuntime({ ...watch, clock, seed: ENGINE_SEED, effects: this.#effects.table, ...(resume === undefined ? {} : { resume: resume.tree }) });
    const started = this.runtime.start(tree((kernel) => void (kernels.includes(kernel) || kernels.push(kernel))));
    if (!started.ok) throw new Error(`the engine's tree does not start: ${JSON.stringify(started.reason)}`);
    this.#session = new ReplaySession(this.runtime, this.#source, kernels);
    this.#session.patient = true;
    if (onDue !== undefined) this.#session.onDue = onDue;
    if (resume !== undefined) {
      this.#source.inputs = resume.taken;
      this.#session.goOn(resume);
    }
    this.runtime.drain();
    this.#effects.throwFault();
  }

  /** What has been decided, also when the tree is gone. */
  get journal(): JournalState {
    return this.#effects.journal;
  }
  /** The root supervisor has given up: nothing is taken any more. */
  get ended(): boolean {
    return this.runtime.ended !== null;
  }
  /** The engine clock as the tree has it, µs. */
  get clockUs(): number {
    return this.runtime.nowUs();
  }
  /** The kernel that is alive. */
  get kernel(): KernelPort {
    return this.#session.kernel;
  }
  /** Records handed in so far: the number of the next one. */
  get taken(): number {
    return this.#source.inputs;
  }

  /**
   * Records [from, to) have come, with stamps that do not lie before the clock. They are numbered in place and wholly taken when this
   * returns: an edge takes effect at its record, timers fire between two.
   * @throws what a handler of effects threw, here and below: a defect of its own. The tree has gone on meanwhile and does not hear of it.
   */
  records(batch: RecordViews, from: number, to: number): void {
    if (from >= to) return;
    this.#source.push(batch, from, to);
    const session = this.#session;
    while (!this.ended && this.#source.left(session.taken)) {
      if (session.advance(to - from)) break;
    }
    // Suspended or stopped by an operator. A live feed waits for nobody: the next record that is taken finds a hole before it.
    this.#unheard += session.abandon();
    this.#effects.throwFault();
  }

  /** An input has come at `atUs`: what is due by then is done first. One that no actor takes is a counted dead letter. */
  input(atUs: number, { to, message }: EngineInput): void {
    this.#session.advanceTo(atUs);
    this.#messages += 1;
    if (this.runtime.send(to, message) !== 'delivered') this.#refused += 1;
    this.runtime.drain();
    this.#effects.throwFault();
  }

  /** Moves the clock to `us`; what is due by then is done on the way, each at its own time. Nothing with an earlier stamp may follow. */
  advanceTo(us: number): void {
    this.#session.advanceTo(us);
    this.#effects.throwFault();
  }

  /** When something is due that needs no input, µs; Infinity for never. */
  nextTimerUs(): number {
    return this.#session.nextDueUs;
  }

  /** How things stand between two inputs; or why that cannot be told now: somebody is held up, or waits. */
  snapshot(): SessionSnapshotResult {
    this.advanceTo(this.clockUs);
    if (this.runtime.stateOf(KERNEL_PATH) !== 'running') return { ok: false, reason: 'no kernel runs', later: true };
    const taken = this.runtime.snapshotTree();
    if (!taken.ok) return taken;
    return { ok: true, snapshot: { tree: taken.snapshot, taken: this.taken, insideMessage: this.#session.insideMessage, journal: this.journal, asked: this.#effects.asked, lanes: null } };
  }

  /** The books as they are; a snapshot of this moment has them too. */
  books(): MarketKernel['symbols'] {
    return (this.kernel as MarketKernel).symbols;
  }

  counts(): EngineCounts {
    return { ...this.#session.counts(), messages: this.#messages, refused: this.#refused, unheard: this.#unheard };
  }

  /** Nothing will follow: everybody's last messages are handled. */
  finish(): void {
    this.#session.finish();
    this.#effects.throwFault();
  }
}

interface PushedChunk extends InputChunk {
  readonly batch: { F: Float64Array; I: Int32Array; length: number };
  from: number;
}

const emptyChunk = (): PushedChunk => ({ batch: { F: new Float64Array(0), I: new Int32Array(0), length: 0 }, from: 0, strikes: [] });

/** The stretch of records that is being taken. */
class Pushed implements InputSource {
  readonly endless = true;
  readonly dropped = 0;
  readonly lost = 0;
  inputs = 0;
  /** The one that a session has, and the next. */
  #chunk = emptyChunk();
  #other = emptyChunk();
  #isNew = false;

  push({ F, I }: RecordViews, from: number, to: number): void {
    for (let at = from; at < to; at += 1) F[at * WORDS_F + SEQ] = this.inputs++;
    const chunk = this.#other;
    this.#other = this.#chunk;
    this.#chunk = chunk;
    chunk.batch.F = F;
    chunk.batch.I = I;
    chunk.batch.length = to;
    chunk.from = from;
    this.#isNew = true;
  }

  /** Whether not all of it is among the `taken`. */
  left(taken: number): boolean {
    return this.#isNew || taken < this.inputs;
  }

  next(): InputChunk | undefined {
    if (!this.#isNew) return undefined;
    this.#isNew = false;
    return this.#chunk;
  }
}
