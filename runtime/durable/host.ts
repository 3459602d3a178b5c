import type { Timer } from '../clock/timer-heap.js';
import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { type EffectCall, type EffectFailed, isPromise } from '../core/effects.js';
import { toFailureCause } from '../core/failure.js';
import { Journalled } from '../core/journalled.js';
import { CellState } from '../core/states.js';
import type { OutcomeEntry } from '../journal/entry.js';
import { JournalFailure } from '../journal/failure.js';
import type { Journal } from '../journal/port.js';
import { TraceKind } from '../observe/trace.js';
import type { FailureCause, SendResult } from '../types.js';
import type { DurableActor } from './actor.js';
import type { HeldReply } from './record.js';

interface HeldEffect {
  readonly key: string;
  readonly name: string;
  readonly payload: unknown;
}

/** What leaves the process when the entry at `position` is on disk. */
interface Held {
  readonly position: number;
  readonly actor: DurableActor;
  readonly effects: readonly HeldEffect[];
  readonly replies: readonly HeldReply[];
}

export interface DurableOptions {
  readonly snapshotEveryMs: number;
  readonly onFailure: ((failure: JournalFailure) => void) | null;
}

/** The durable actors of one runtime and their journal: what is held until it is on disk, outcomes, snapshots, inputs from outside. */
export class DurableHost {
  readonly d: Dispatcher;
  readonly journal: Journal;
  private readonly options: DurableOptions;
  private readonly actors = new Set<DurableActor>();
  private held: Held[] = [];
  private readonly keys = new Set<string>();
  private snapshotTimer: Timer | null = null;

  constructor(d: Dispatcher, journal: Journal, options: DurableOptions) {
    this.d = d;
    this.journal = journal;
    this.options = options;
    journal.listen({ flushed: (durable) => this.flushed(durable), failed: (failure) => this.journalFailed(failure) });
  }

  /** No turn is ready. True when letting things go has made work. */
  idle(): boolean {
    this.journal.idle();
    return this.d.queue.count > 0;
  }

  /** Whether an effect was begun, or will be, in this process. */
  inFlight(key: string): boolean {
    return this.keys.has(key);
  }

  hold(held: Held): void {
    for (const { key } of held.effects) this.keys.add(key);
    this.held.push(held);
  }

  /** Something was written for the actor: a snapshot will be due. */
  touched(actor: DurableActor): void {
    this.actors.add(actor);
    actor.dirty = true;
    if (this.snapshotTimer !== null) return;
    const { d } = this;
    this.snapshotTimer = d.arm(d.nowUs + this.options.snapshotEveryMs * 1000, null, '', undefined, {
      run: () => {
        this.snapshotTimer = null;
        for (const one of this.actors) if (one.dirty) one.snapshot(false);
      },
    });
  }

  forget(actor: DurableActor): void {
    this.actors.delete(actor);
    if (this.actors.size > 0 || this.snapshotTimer === null) return;
    this.d.timers.remove(this.snapshotTimer);
    this.snapshotTimer = null;
  }

  /** Puts a message into the mailbox past its bound: it was in the journal already. */
  push(cell: Cell, message: Journalled): void {
    this.d.sent++;
    cell.mailbox.push(message);
    if (!cell.scheduled && cell.state <= CellState.draining) this.d.schedule(cell);
  }

  tell(cell: Cell, message: Journalled): void {
    this.d.notify(cell, message);
  }

  /** A message from outside: written down before it is delivered, once for each sequence number of its source. */
  accept(path: string, message: unknown, source: string, seq: number): SendResult {
    const { d } = this;
    if (seq <= this.journal.lastInput(source)) return 'delivered';
    const cell = d.find(path);
    const actor = cell?.durable ?? null;
    if (cell === undefined || (actor !== null && (this.journal.failure !== null || !actor.takes(d)))) return this.refuse(path, cell, message);
    try {
      const entry = { kind: 'input' as const, actor: cell.path, atUs: d.nowUs, source, seq, message };
      const position = this.journal.append(this.journal.prepare(entry));
      if (actor === null) return d.deliver(cell, message);
      actor.model?.enqueue(position, 0, message);
      this.touched(actor);
      return d.deliver(cell, new Journalled('journal', 0, message, { position }));
    } catch (thrown) {
      d.sent++;
      d.deadLetter('unhandled', cell, message, toFailureCause(thrown, { path: cell.path }));
      return 'dead';
    }
  }

  /** Messages sent from outside are numbered where their sender does not. */
  nextInput(source: string): number {
    return this.journal.lastInput(source) + 1;
  }

  /** Something of an actor could not be written down: it ends, and only a journal that failed keeps it down. */
  failed(actor: DurableActor, thrown: unknown): void {
    this.d.requestExit(actor.cell, { kind: 'error', cause: toFailureCause(thrown, { path: actor.cell.path, incarnation: actor.cell.incarnation }) });
  }

  /** What the journal holds cannot be read back: as good as one that cannot be written. Told between turns. */
  unreadable(cell: Cell, failure: JournalFailure): void {
    cell.quarantined = true;
    if (this.journal.failure !== null) return;
    this.journal.abandon(failure);
    this.d.arm(this.d.nowUs, null, '', undefined, { run: () => this.journalFailed(failure) });
  }

  private refuse(path: string, cell: Cell | undefined, message: unknown): SendResult {
    const { d } = this;
    if (cell !== undefined && this.journal.failure === null) return d.deliver(cell, message);
    d.sent++;
    d.deadLetter(cell === undefined ? 'no_such_actor' : 'stopped', cell ?? path, message);
    return 'dead';
  }

  private flushed(durable: number): void {
    const { d } = this;
    if (this.held.length === 0 || this.held[0]!.position >= durable) return;
    d.touch();
    const now = this.held.filter((held) => held.position < durable);
    this.held = this.held.filter((held) => held.position >= durable);
    for (const { actor, effects, replies } of now) {
      for (const { ask, value } of replies) this.answer(actor, ask, value);
      for (const effect of effects) this.run(actor, effect);
    }
    if (this.journal.failure === null) this.journal.append(this.journal.prepare({ kind: 'release', atUs: d.nowUs, upTo: durable }), true);
    d.settle();
  }

  private answer(actor: DurableActor, ask: HeldReply['ask'], value: unknown): void {
    const { d } = this;
    if (!ask.done) {
      d.answer(ask, { ok: true, value });
      return;
    }
    d.sent++;
    d.deadLetter('late_reply', actor.cell, value);
  }

  private run(actor: DurableActor, effect: HeldEffect): void {
    const { d } = this;
    const { cell } = actor;
    let open = true;
    const settle = (status: OutcomeEntry['status'], message: unknown): void => {
      open = false;
      this.outcome(actor, effect.key, status, message);
    };
    const call: EffectCall = {
      path: cell.path, incarnation: cell.incarnation, key: effect.key, atUs: d.nowUs,
      reply: (message) => settle('replied', message),
    };
    d.trace.write(TraceKind.effect, cell.number, cell.handled, d.nowUs);
    this.journal.point('before-effect');
    let answer: unknown;
    const cause = d.guard(cell, () => {
      answer = d.effects[effect.name]!(effect.payload as never, call);
    });
    this.journal.point('after-effect');
    const fail = (why: FailureCause): void => {
      const failed: EffectFailed = { type: 'runtime.effect_failed', effect: effect.name, key: effect.key, cause: why };
      settle('failed', failed);
    };
    if (cause !== undefined) {
      fail(cause);
    } else if (isPromise(answer)) {
      answer.then(() => {
        if (open) settle('done', undefined);
      }, (thrown) => {
        const rejected = d.guard(cell, () => {
          throw thrown;
        })!;
        if (open) fail(rejected);
      });
    } else if (open && answer !== 'pending') {
      settle('done', undefined);
    }
  }

  /** An outcome is in the journal before the actor sees it; an actor that is down finds it when it comes back. */
  private outcome(actor: DurableActor, key: string, status: OutcomeEntry['status'], message: unknown): void {
    const { d, journal } = this;
    this.keys.delete(key);
    if (journal.failure !== null) return;
    d.touch();
    const entry = { kind: 'outcome' as const, actor: actor.cell.path, atUs: d.nowUs, key, status, message };
    let position: number;
    try {
      position = journal.append(journal.prepare(entry));
    } catch (thrown) {
      this.failed(actor, thrown);
      return;
    }
    // The address may have a new cell by now.
    const cell = d.paths.get(actor.cell.path) ?? actor.cell;
    const present = cell.durable;
    if (present === null) return;
    present.model?.came(entry, position);
    this.touched(present);
    if (status === 'done' || !d.takes(cell)) return;
    const queued = new Journalled('journal', 0, message, { position });
    if (status === 'failed') this.tell(cell, queued);
    else this.push(cell, queued);
  }

  private journalFailed(failure: JournalFailure): void {
    this.held = [];
    if (this.snapshotTimer !== null) this.d.timers.remove(this.snapshotTimer);
    this.snapshotTimer = null;
    const cause = toFailureCause(failure);
    for (const cell of [...this.d.paths.values()]) {
      if (cell.durable === null) continue;
      // Nobody knows what of it is on disk: it must not go on, and not come back in this process.
      cell.quarantined = true;
      this.d.requestExit(cell, { kind: 'error', cause: { ...cause, path: cell.path, incarnation: cell.incarnation } });
    }
    if (this.options.onFailure !== null) this.d.guard(null, () => this.options.onFailure?.(failure));
  }
}
