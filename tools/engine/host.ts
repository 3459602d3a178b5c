import { STORE_FAILURE_LISTENERS } from '../../actors/engine/paths.js';
import type { EffectHandlers } from '../../actors/engine/effects.js';
import type { EngineInput } from '../../actors/engine/io.js';
import type { OrderEntry } from '../../actors/market/index.js';
import type { Config } from '../../config/index.js';
import { type JsonValue, RunError, type RunWriter } from '../../data/runs/index.js';
import { type EngineBoot, engineTree, paperHoldings } from '../../supervisors/index.js';
import { TurnMeter } from '../../runtime/control/index.js';
import type { ProcessLog } from '../process/log.js';
import { rotateWhenDue } from '../runs/engine-run.js';
import type { TakeAsked } from './asked.js';
import type { EngineClock } from './clock.js';
import type { EngineDoor, EnginePart } from './parts.js';
import { RecordDoor } from './record-door.js';
import { LaneSession } from './lanes/session.js';
import { holdSources } from './lanes/held-sources.js';
import { EngineSession, type RecordViews } from './session.js';

/** Turns of the event loop in which what waits in sockets is taken in after a stall: the first may have read it already, the last reads what its ends hold. */
const CATCH_UP_TURNS = 4;
/** How often the tree is looked after when nothing comes: operators may have left something to do. Milliseconds of the wall. */
const LOOK_EVERY_MS = 50;

export interface EngineHostOptions {
  readonly boot: EngineBoot;
  readonly config: Config;
  readonly clock: EngineClock;
  readonly writer: RunWriter;
  readonly log: ProcessLog;
  /** A process that stood still for longer, ms of the wall, takes in what has come before anything that became due; undefined: it does not. */
  readonly stallMs?: number;
  /** Makes the parts that carry out what the tree asks. */
  readonly parts: (door: EngineDoor) => readonly EnginePart[];
  readonly onDecision?: (line: string) => void;
  /** A defect of ours. */
  readonly onFault: (error: unknown) => void;
  /** The run cannot be written any more: nothing new is begun from here on, and the engine is to end. Once. */
  readonly onRunFailed: (error: unknown) => void;
  /** The root supervisor has given up. Once. */
  readonly onGaveUp: () => void;
}

/**
 * The engine between the world and its tree. Whatever comes from outside is stamped with the engine clock, written to the run, and handed
 * to the tree, in one order; timers fire when the clock has come to them. What the tree asks for the parts carry out.
 */
export class EngineHost {
  readonly session: EngineSession | LaneSession;
  readonly parts: readonly EnginePart[];
  readonly turns = new TurnMeter();
  readonly #options: EngineHostOptions;
  readonly #records: RecordDoor;
  readonly #queue: EngineInput[] = [];
  #busy = false;
  #intake: 'open' | 'closed' = 'open';
  #writing = true;
  #gaveUp = false;
  #timer: NodeJS.Timeout | undefined;
  #timerUs = Infinity;
  #look: NodeJS.Timeout | undefined;
  #flush: NodeJS.Timeout | undefined;
  #dropped = 0;

  /** Starts the tree. @throws Error when it does not start. */
  constructor(options: EngineHostOptions) {
    this.#options = options;
    const { boot, config, clock, writer, log, parts, onFault } = options;
    const sources = config.lanes.placement === 'socket' ? holdSources((error) => onFault(error)) : undefined;
    const door: EngineDoor = {
      clock, log, instruments: boot.instruments,
      give: (input) => this.give(input),
      records: (batch, from, to) => this.#take(batch, from, to),
      flush: () => this.flush(),
      fail: onFault,
      ...(sources === undefined ? {} : { sources }),
    };
    this.parts = parts(door);
    // What effects of the start bring about comes when this has returned.
    this.#busy = true;
    const effects: EffectHandlers = { ...writtenFirst(merged(this.parts), door), decision: ({ line, journal }) => this.#decided(line, journal.digest) };
    const { startUs, instruments } = boot;
    const onAsked: TakeAsked = (line, digest) => {
      if (this.#writing) this.#written((to) => to.effect(line, digest));
    };
    this.session = config.lanes.placement === 'inline' ? new EngineSession({ startUs, effects, onAsked, tree: (onKernel) => engineTree(boot, config, onKernel) })
      : new LaneSession({
        startUs, instruments, config, effects, onAsked, tree: (lanes) => engineTree(boot, config, undefined, lanes), onOrder: (entry) => this.#ordered(entry), holdings: paperHoldings(boot),
        onPrices: (input) => void (this.#intake === 'open' && this.give(input)),
        ...(sources === undefined ? {} : { sources: sources.options((F, I, from, to) => this.#taped(F, I, from, to)) }),
      });
    this.#busy = false;
    this.#records = new RecordDoor(this.session, writer, boot.instruments.length, (error) => this.#runFailed(error));
  }

  /** From here on inputs come and time passes. */
  start(): void {
    const { clock, stallMs } = this.#options;
    if (stallMs !== undefined) clock.watch(stallMs, (ms) => this.#stalled(ms));
    for (const part of this.parts) part.start?.();
    if (this.session instanceof LaneSession) this.session.listen(() => this.#pump());
    this.#look = setInterval(() => this.#pump(), LOOK_EVERY_MS);
    this.#flush = setInterval(() => this.flush(), this.#options.config.engine.run.flushEveryMs);
    this.#pump();
  }

  /** Inputs that came when the intake was closed, or that the run could not hold. */
  get dropped(): number {
    return this.#dropped;
  }
  get recordsLost(): number {
    return this.#records.lost;
  }

  /** Hands an input to the tree: now, or when what is under way has been handled. */
  give(input: EngineInput): void {
    this.#queue.push(input);
    if (!this.#busy) this.#pump();
  }

  /** An operator has changed the tree over the control socket: written too, so that a replay does the same. */
  changed(method: string, params: unknown): void {
    this.#turn(() => {
      if (this.#writing) this.#written((writer) => writer.mark(this.session.clockUs, { mark: 'control', method, params: params as JsonValue }));
      // What that brings about belongs to this moment.
      this.#catchUp();
    });
    this.#pump();
  }

  /** Tape, run log and decisions are with the system. False when they cannot be written any more. */
  flush(): boolean {
    if (!this.#writing) return false;
    return this.#written((writer) => writer.flush(this.session.clockUs)) === undefined && this.#writing;
  }

  /** Nothing more is taken in. */
  closeIntake(): void {
    this.#intake = 'closed';
    this.#records.close();
  }

  /** Ends the run's record: what the tree does from here on is no part of it. The tree lives. */
  endRun(exit: { readonly code: number; readonly reason: string }): void {
    this.closeIntake();
    clearInterval(this.#flush);
    if (this.#writing) this.#written((writer) => writer.close(this.session.clockUs, exit));
    else this.#options.writer.abort();
    this.#writing = false;
  }

  /** Stops the tree; stop hooks get the time they ask for. */
  async stopTree(): Promise<void> {
    clearInterval(this.#look);
    clearTimeout(this.#timer);
    const { runtime } = this.session;
    if (runtime.stop()) return;
    while (runtime.tree() !== null) {
      const dueUs = runtime.nextTimerUs();
      if (dueUs < Infinity) runtime.advanceTo(dueUs);
      else runtime.drain();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Quiets the parts: they begin nothing new. */
  async quiet(): Promise<void> {
    await Promise.all(this.parts.map(async (part) => await part.quiet?.()));
  }

  /** Lets the parts go. */
  async close(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.close()));
    if (this.session instanceof LaneSession) await this.session.close();
    clearInterval(this.#look);
    clearTimeout(this.#timer);
    clearInterval(this.#flush);
  }

  metrics(): Record<string, number> {
    const { messages, refused, unheard, inputs, processed, gapped } = this.session.counts();
    return {
      records: inputs, processed, gapped, unheard, recordsLost: this.recordsLost, messages, messagesRefused: refused, inputsDropped: this.#dropped, decisions: this.session.journal.count,
      ...Object.assign({}, ...this.parts.map((part) => part.metrics?.() ?? {})) as Record<string, number>,
    };
  }

  #take(batch: RecordViews, from: number, to: number): void {
    if (this.#busy) throw new Error('records were handed in during a turn');
    this.#turn(() => {
      if (this.#writing) this.#rotate();
      this.#records.take(batch, from, to);
    });
    if (this.#queue.length > 0) this.#pump();
    else this.#arm();
  }

  /** The tree's clock comes to where the run's is: records that lanes have not answered yet may have stamps that lie ahead of it, and a replay goes by the run's. */
  #catchUp(): void {
    this.session.advanceTo(Math.max(this.session.clockUs, this.#writing ? this.#options.writer.clockUs : 0));
  }

  #rotate(): void {
    if (!this.#options.writer.rotationDue) return;
    // Here, for what a handler of effects throws is no failure of the run.
    this.#catchUp();
    const problem = this.#written((writer) => rotateWhenDue(writer, this.session));
    if (problem !== null && problem !== 'failed') this.#options.log.write('warn', 'run.no-snapshot', `a tape begins at which no replay can: ${problem}`);
  }

  /** Hands in what waits, and lets the clock catch up. */
  #pump(): void {
    if (this.#busy) return;
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
      const next = input;
      this.#turn(() => this.#input(next));
    }
    this.#turn(() => {
      const nowUs = this.#nowUs();
      // Lanes with sockets did not stand still: what they bring has stamps from beyond the clock that is held.
      if (!this.#options.clock.held || this.#options.config.lanes.placement !== 'socket') this.session.advanceTo(nowUs);
    });
    // What a part gave while it carried out an effect.
    if (this.#queue.length > 0) this.#pump();
    else this.#arm();
  }

  #input(input: EngineInput): void {
    if (this.#intake === 'closed') {
      this.#dropped += 1;
      return;
    }
    const atUs = this.#nowUs();
    // When the run cannot be written the tree must still be able to wind up: what it hears then is no part of the run.
    const given = this.#writing ? this.#written((writer) => writer.input(atUs, input)) : undefined;
    // The one that could not be written is heard as those after it are.
    if (given === 'failed' && this.#writing) return;
    this.session.input(atUs, given === 'failed' || given === undefined ? input : given);
  }

  #nowUs(): number {
    const { clock, writer } = this.#options;
    // Lanes' threads read clocks of their own: a record's stamp may lie a little ahead of this one's.
    return Math.max(clock.nowUs(), this.session.clockUs, this.#writing ? writer.clockUs : 0);
  }

  /** Lanes have brought records, whole messages: on the tape, or nothing of lanes is heard any more. */
  #taped(F: Float64Array, I: Int32Array, from: number, to: number): boolean {
    if (!this.#writing || this.#intake === 'closed') return false;
    return this.#written((writer) => {
      rotateWhenDue(writer, this.session);
      writer.append({ F, I, length: to }, from, to);
    }) === undefined;
  }

  /** The clock stands still until what has come meanwhile has been heard. */
  #stalled(ms: number): void {
    this.#options.log.write('warn', 'engine.stalled', `the process stood still for ${Math.round(ms)} ms: what has come meanwhile is heard before anything that is due`, { ms: Math.round(ms) });
    let turns = 0;
    const catchUp = (): void => {
      turns += 1;
      if (turns < CATCH_UP_TURNS) setImmediate(catchUp);
      else {
        this.#options.clock.release();
        this.#pump();
      }
    };
    setImmediate(catchUp);
  }

  #turn(work: () => void): void {
    this.#busy = true;
    this.turns.begin();
    try {
      work();
    } catch (error) {
      this.#options.onFault(error);
    } finally {
      this.turns.end();
      this.#busy = false;
    }
    if (!this.session.ended || this.#gaveUp) return;
    this.#gaveUp = true;
    this.#options.onGaveUp();
  }

  /** Sets the one timer to what is due next. */
  #arm(): void {
    const dueUs = this.session.nextTimerUs();
    if (dueUs === this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = dueUs;
    if (dueUs === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      this.#pump();
    }, this.#options.clock.wallMsUntil(dueUs));
  }

  /** Lanes' answers were merged, or a control was placed among their records. */
  #ordered(entry: OrderEntry): void {
    // The first come while the tree starts.
    const clockUs = entry.type === 'turn' || entry.type === 'death' ? entry.clockUs : this.#options.writer.clockUs;
    if (this.#writing) this.#written((writer) => writer.mark(clockUs, { mark: 'order', entry: entry as unknown as JsonValue }));
  }

  #decided(line: string, digest: string): void {
    if (this.#writing) this.#written((writer) => writer.decision(line, digest));
    this.#options.onDecision?.(line);
  }

  #written<T>(write: (writer: RunWriter) => T): T | 'failed' {
    try {
      return write(this.#options.writer);
    } catch (error) {
      if (error instanceof RunError && error.kind === 'input') this.#options.onFault(error);
      else this.#runFailed(error);
      return 'failed';
    }
  }

  #runFailed(error: unknown): void {
    if (!this.#writing) return;
    this.#writing = false;
    this.#records.close();
    const problem = error instanceof Error ? error.message : String(error);
    this.#options.log.write('fatal', 'run.failed', `the run cannot be written any more: ${problem}`);
    for (const to of STORE_FAILURE_LISTENERS) this.#queue.push({ to, message: { type: 'store.failed', problem } });
    setImmediate(() => {
      this.#pump();
      this.#options.onRunFailed(error);
    });
  }
}

/** The handlers of all parts. @throws Error when two carry out the same. */
function merged(parts: readonly EnginePart[]): EffectHandlers {
  const all = new Map<string, unknown>();
  for (const { effects } of parts) {
    for (const [effect, handler] of Object.entries(effects)) {
      if (all.has(effect)) throw new Error(`two parts carry out ${effect}`);
      all.set(effect, handler);
    }
  }
  return Object.fromEntries(all) as EffectHandlers;
}

/**
 * An order leaves when what it came from is with the system. When that cannot be written any more, only what takes risk off leaves.
 */
function writtenFirst(effects: EffectHandlers, door: EngineDoor): EffectHandlers {
  const send = effects['rest.send'];
  if (send === undefined) return effects;
  return {
    ...effects,
    'rest.send'(request) {
      if (!request.flushFirst || door.flush() || request.reducing === true) return send(request);
      const nowUs = door.clock.nowUs();
      const outcome = { kind: 'failed', reason: 'cancelled', sent: 'no' } as const;
      setImmediate(() => door.give({ to: request.to, message: { type: 'rest.answer', id: request.id, sentUs: nowUs, receivedUs: nowUs, outcome } }));
    },
  };
}
