import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { toFailureCause } from '../core/failure.js';
import { Journalled, type Slot } from '../core/journalled.js';
import { refusePromise } from '../core/refuse-promise.js';
import { restoreState, type SnapshotEnvelope } from '../core/snapshot.js';
import { type Call, Op } from '../core/turn-ops.js';
import type { ActorSnapshot, TurnEntry, TurnInput } from '../journal/entry.js';
import { JournalFailure } from '../journal/failure.js';
import type { ActorHistory, Journal, PreparedEntry, PreparedSnapshot } from '../journal/port.js';
import { Random } from '../random.js';
import type { ActorContext, Behaviour, DurableSpec, ExitReason } from '../types.js';
import { type DurableContext, TurnRecord } from './context.js';
import type { DurableHost } from './host.js';
import { ActorModel, effectKey } from './model.js';
import { inputOf, looseMessages, type Recorded, recordTurn } from './record.js';
import { recoverActor } from './recover.js';

export type AnyBehaviour = Behaviour<unknown, unknown, unknown>;

/** A turn that has succeeded and whose entry goes into the journal when its wishes are carried out. */
interface Turned {
  readonly actor: DurableActor;
  readonly prepared: PreparedEntry;
  readonly slot: Slot;
  readonly recorded: Recorded;
  /** The first snapshot of an actor that was never there. */
  readonly birth: PreparedSnapshot | null;
}

/**
 * What makes a cell durable: it stands in front of the cell's behaviour, writes each turn to the journal and brings the actor back from
 * there. The dispatcher knows nothing of it.
 */
export class DurableActor {
  readonly host: DurableHost;
  readonly cell: Cell;
  readonly spec: DurableSpec;
  readonly behaviour: AnyBehaviour;
  inner: AnyBehaviour;
  model: ActorModel | null = null;
  /** Something has happened since the last snapshot. */
  dirty = false;
  /** Messages that will throw instead of being handled: injected faults. */
  poison = 0;
  private recovered: { readonly state: unknown; readonly migrated: boolean } | null = null;

  constructor(host: DurableHost, cell: Cell, inner: AnyBehaviour, spec: DurableSpec) {
    this.host = host;
    this.cell = cell;
    this.spec = spec;
    this.inner = inner;
    this.behaviour = this.around(inner);
  }

  get journal(): Journal {
    return this.host.journal;
  }

  get context(): DurableContext {
    return this.cell.context as DurableContext;
  }

  /** Whether one more message has room. */
  takes(d: Dispatcher): boolean {
    const { cell } = this;
    const box = cell.mailbox;
    return box.count + box.reserved < box.capacity && d.takes(cell);
  }

  /** What the start begins from, null for an actor that was never in the journal. Throws JournalFailure. */
  recover(): SnapshotEnvelope | null {
    let history: ActorHistory | null;
    try {
      history = this.journal.history(this.cell.path);
    } catch (thrown) {
      if (thrown instanceof JournalFailure && thrown.code === 'corrupt') this.host.unreadable(this.cell, thrown);
      throw thrown;
    }
    if (history === null) return null;
    const found = recoverActor(this, history);
    this.model = found.model;
    // No new monitor may have the number of one whose end is still to be told.
    for (const token of found.model.watching.keys()) this.host.d.tokens = Math.max(this.host.d.tokens, token);
    this.recovered = { state: found.state, migrated: found.migrated };
    return found.envelope;
  }

  /** Takes a snapshot between two turns. `last`: the actor is being stopped, and what only its mailbox holds goes with it. */
  snapshot(last: boolean): void {
    const { host, cell, model } = this;
    if (model === null || this.journal.failure !== null) return;
    if (!cell.stateGood) return;
    let value: unknown;
    const cause = host.d.guard(cell, () => {
      if (cell.idle?.asleep === true) value = cell.idle.data;
      else value = this.inner.snapshot === undefined ? cell.value : this.inner.snapshot(cell.value);
    });
    // The journal has all that a snapshot would hold; the next one may succeed.
    if (cause !== undefined) return;
    const loose = last ? looseMessages(cell.mailbox.queued()) : [];
    try {
      const prepared = this.journal.prepareSnapshot(this.snapshotOf(model, value, loose));
      const position = this.journal.appendSnapshot(prepared);
      loose.forEach((message, index) => model.enqueue(position, index, message));
      this.dirty = false;
    } catch (thrown) {
      host.failed(this, thrown);
    }
  }

  /** The state of an actor that ends in good order is kept as it is. */
  stopped(): void {
    this.snapshot(true);
    this.host.forget(this);
  }

  private snapshotOf(model: ActorModel, value: unknown, loose: readonly unknown[]): ActorSnapshot {
    const rest = model.toSnapshot();
    return {
      format: 1, log: this.spec.log, behaviour: { name: this.inner.name, version: this.inner.version }, atUs: this.host.d.nowUs, value, ...rest,
      // -2: their place is the snapshot's own, which it has when it is written.
      queue: [...rest.queue, ...loose.map((message, index) => ({ position: -2, index, message }))],
    };
  }

  /** The behaviour the dispatcher sees: the given one, which is the actor's from its next start on, behind the journal. */
  around(inner: AnyBehaviour): AnyBehaviour {
    this.inner = inner;
    const { name, version, stateKind, stop, childExit, snapshot, migrate, view, machine } = inner;
    return {
      name,
      version,
      ...(stateKind === undefined ? {} : { stateKind }),
      ...(machine === undefined ? {} : { machine }),
      init: (ctx, input) => this.born(ctx, input),
      step: (state, message, ctx) => this.turn(state, message, ctx),
      ...(stop === undefined ? {} : { stop: (state: unknown, ctx: ActorContext, reason: ExitReason) => this.stopping(state, ctx, reason) }),
      ...(childExit === undefined ? {} : {
        childExit: (id: string, reason: ExitReason) => {
          const message = inner.childExit?.(id, reason);
          return message === undefined ? undefined : new Journalled('child', id, message);
        },
      }),
      ...(snapshot === undefined ? {} : { snapshot: (state: unknown) => inner.snapshot?.(state) }),
      restore: (data, ctx, input, how) => (how === 'start' ? this.back() : this.restored(inner, data, ctx, input, how)),
      ...(migrate === undefined ? {} : { migrate: (data: unknown, from: number) => inner.migrate?.(data, from) }),
      ...(view === undefined ? {} : { view: (state: unknown) => inner.view?.(state) }),
    };
  }

  private born(ctx: ActorContext, input: unknown): unknown {
    const { cell, host } = this;
    const { d } = host;
    if (this.journal.failure !== null) throw this.journal.failure;
    cell.epoch = this.journal.nextEpoch();
    cell.random = new Random(`${d.seed}|${cell.path}|${cell.epoch}`);
    const mark = d.ops.count;
    const record = this.begin(0, null);
    const state = this.inner.init(ctx, input);
    const model = new ActorModel(cell.path, cell.epoch);
    model.ids = cell.idCounter;
    model.random = generatorOf(cell.random);
    const value = this.inner.snapshot === undefined ? state : this.inner.snapshot(state);
    const birth = this.journal.prepareSnapshot(this.snapshotOf(model, value, []));
    this.finish(mark, record, undefined, { phase: 'start', turn: 0, input: null, events: null }, birth);
    this.model = model;
    return state;
  }

  private turn(before: unknown, raw: unknown, ctx: ActorContext): unknown {
    const { d } = this.host;
    if (this.journal.failure !== null) throw this.journal.failure;
    const turn = this.cell.handled + 1;
    const mark = d.ops.count;
    const input = inputOf(d, raw);
    const message = raw instanceof Journalled ? raw.message : raw;
    const events: unknown[] = [];
    const folded = { state: before };
    const persist = this.spec.log === 'inputs' ? null : (event: unknown): unknown => {
      events.push(event);
      folded.state = this.inner.apply!(folded.state, event);
      refusePromise(folded.state, this.inner.name, 'apply');
      return folded.state;
    };
    try {
      if (this.poison > 0) {
        this.poison--;
        throw new Error('injected: this message was poisoned');
      }
      const record = this.begin(turn, persist);
      const stepped = this.inner.step(before, message, ctx);
      refusePromise(stepped, this.inner.name, 'step');
      if (persist !== null && stepped !== before && stepped !== folded.state) {
        throw new Error(`"${this.inner.name}" logs its events: step returns the state it was given or what ctx.persist returned, and changes it by ctx.persist only`);
      }
      this.finish(mark, record, message, { phase: 'step', turn, input, events: persist === null ? null : events }, null);
      return persist === null ? stepped : folded.state;
    } catch (thrown) {
      this.spoilt(turn, input, thrown);
      throw thrown;
    }
  }

  private stopping(state: unknown, ctx: ActorContext, reason: ExitReason): void | 'pending' {
    if (this.journal.failure !== null) throw this.journal.failure;
    const mark = this.host.d.ops.count;
    const turn = this.cell.handled;
    const record = this.begin(turn, null);
    const answer = this.inner.stop?.(state, ctx, reason);
    if (this.host.d.ops.count !== mark) this.finish(mark, record, undefined, { phase: 'stop', turn, input: null, events: null }, null);
    return answer;
  }

  /** A restore while the actor lives: a turn without a message. After an upgrade nothing older is stepped by the new version. */
  private restored(inner: AnyBehaviour, data: unknown, ctx: ActorContext, input: unknown, how: 'upgrade' | 'wake'): unknown {
    if (this.journal.failure !== null) throw this.journal.failure;
    const { d } = this.host;
    const mark = d.ops.count;
    const turn = this.cell.handled;
    const record = this.begin(turn, null);
    const state = restoreState(inner, data, ctx, input, how);
    const drew = this.cell.draws?.turn === d.turn;
    if (d.ops.count !== mark || drew) this.finish(mark, record, undefined, { phase: how, turn, input: null, events: null }, null);
    if (how === 'upgrade') d.ops.add(Op.call, this.cell, snapshotNow, this, 0);
    return state;
  }

  private begin(turn: number, persist: ((event: unknown) => unknown) | null): TurnRecord {
    const record = new TurnRecord(turn, null, persist);
    this.context.record = record;
    return record;
  }

  /** Makes the entry of a turn that succeeded; it goes to the journal with the turn's wishes, or nowhere. */
  private finish(
    mark: number, record: TurnRecord, message: unknown, what: Pick<TurnEntry, 'phase' | 'turn' | 'input' | 'events'>, birth: PreparedSnapshot | null,
  ): void {
    const { cell, host } = this;
    const slot: Slot = { position: -1 };
    const recorded = recordTurn(host.d, cell, mark, record, slot, message);
    const drew = cell.draws?.turn === host.d.turn;
    const prepared = this.journal.prepare({
      kind: 'turn', actor: cell.path, atUs: host.d.nowUs, incarnation: cell.incarnation, ...what, ops: recorded.ops, calls: record.calls, answers: record.answers,
      ids: cell.idCounter, random: drew && cell.random !== null ? generatorOf(cell.random) : null,
    });
    const turned: Turned = { actor: this, prepared, slot, recorded, birth };
    host.d.ops.add(Op.call, cell, commitTurn, turned, 0);
  }

  /** The message of a turn that threw is used up; only one the journal would bring back needs an entry for that. */
  private spoilt(turn: number, input: TurnInput, thrown: unknown): void {
    if (input[0] === 'message' || input[0] === 'request' || this.journal.failure !== null) return;
    const cause = toFailureCause(thrown);
    // The message itself may be what cannot be written.
    const bare: TurnInput = input[0] === 'timer' || input[0] === 'answer' || input[0] === 'child' || input[0] === 'down'
      ? [input[0], input[1], null] as TurnInput
      : input;
    const entry = { kind: 'failed' as const, actor: this.cell.path, atUs: this.host.d.nowUs, turn, input: bare, cause: `${cause.name}: ${cause.message}`.slice(0, 500) };
    this.journal.append(this.journal.prepare(entry));
    this.model?.failed(entry);
    this.host.touched(this);
  }

  /** The recovered state, in the place of `restore`; what waits for the actor is put before it once the start has succeeded. */
  private back(): unknown {
    const { recovered, model } = this;
    if (recovered === null || model === null) throw new JournalFailure('behaviour', `${this.cell.path} is recovered from its journal only`);
    this.recovered = null;
    const ended: Journalled[] = [];
    for (const id of model.children) {
      const message = this.inner.childExit?.(id, { kind: 'killed' });
      if (message !== undefined) ended.push(new Journalled('child', id, message));
      else model.children.delete(id);
    }
    this.host.d.ops.add(Op.call, this.cell, afterRecovery, { actor: this, ended, migrated: recovered.migrated }, 0);
    return recovered.state;
  }

  commit(turned: Turned): void {
    const { host, model, cell } = this;
    if (this.journal.failure !== null || model === null) return;
    if (turned.birth !== null) this.journal.appendSnapshot(turned.birth);
    const position = this.journal.append(turned.prepared);
    turned.slot.position = position;
    const entry = turned.prepared.entry as TurnEntry;
    model.turned(entry, position);
    for (let index = 0; index < entry.ops.length; index++) {
      const op = entry.ops[index]!;
      if (op[0] === 'send' && op[1] !== cell.path) host.d.paths.get(op[1])?.durable?.model?.enqueue(position, index, op[2]);
    }
    const effects = turned.recorded.effects.map(({ name, payload }, index) => ({ key: effectKey(entry, model.epoch, index), name, payload }));
    if (effects.length > 0 || turned.recorded.replies.length > 0) host.hold({ position, actor: this, effects, replies: turned.recorded.replies });
    host.touched(this);
  }

  /** Puts everything before the actor that it had not dealt with. */
  resume(ended: readonly Journalled[], migrated: boolean): void {
    const { host, cell, model } = this;
    if (model === null) return;
    for (const message of ended) host.tell(cell, message);
    for (const [token, path] of model.watching) {
      host.tell(cell, new Journalled('down', token, { type: 'runtime.down', token, path, incarnation: 0, reason: { kind: 'noproc' } }));
    }
    for (const [key, { name, payload }] of model.effects) {
      if (!host.inFlight(key)) host.tell(cell, new Journalled('system', key, { type: 'runtime.effect_unknown', effect: name, key, payload }));
    }
    // A restart within the process finds its mailbox as it was.
    const there = new Set<string>();
    for (const message of cell.mailbox.queued()) if (message instanceof Journalled) there.add(placeOf(message));
    for (const { position, index, message } of model.queue.values()) {
      const queued = position < 0 ? new Journalled('stash', index, message) : new Journalled('journal', index, message, { position });
      if (!there.has(placeOf(queued))) host.push(cell, queued);
    }
    for (const [id, down] of model.asks) {
      const answer = new Journalled('answer', id, down);
      if (!there.has(placeOf(answer))) host.push(cell, answer);
    }
    if (migrated) this.snapshot(false);
    host.touched(this);
  }
}

/** One text for each place a message can have. */
function placeOf(message: Journalled): string {
  return message.origin === 'journal' ? `journal ${message.slot!.position}.${message.key}` : `${message.origin} ${message.key}`;
}

const commitTurn: Call = (_d, _owner, b) => {
  const turned = b as Turned;
  turned.actor.commit(turned);
};

const snapshotNow: Call = (_d, _owner, b) => (b as DurableActor).snapshot(false);

const afterRecovery: Call = (_d, _owner, b) => {
  const { actor, ended, migrated } = b as { actor: DurableActor; ended: readonly Journalled[]; migrated: boolean };
  actor.resume(ended, migrated);
};

export function generatorOf(random: Random): number[] {
  const state = new Int32Array(4);
  random.save(state);
  return [...state];
}
