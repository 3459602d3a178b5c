import type { Cell } from '../core/cell.js';
import { CellContext, MOST_OPEN_EFFECTS } from '../core/context.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { Journalled } from '../core/journalled.js';
import { Op } from '../core/turn-ops.js';
import type { ActorRef, AskResult, SendResult, StartChildResult, TaskOutcome, TaskSpec, WorkerSpec } from '../types.js';

/** What one turn of a durable actor says through its context besides the operations. */
export class TurnRecord {
  calls = 0;
  readonly answers: (readonly [call: number, answer: unknown])[] = [];
  readonly asks: { readonly id: string; readonly down: unknown }[] = [];
  readonly turn: number;
  /** Answers of the first time, when the turn is stepped again to recover; nothing it asks for happens then. */
  readonly again: ReadonlyMap<number, unknown> | null;
  /** Called with each event; null when the actor logs its inputs. */
  readonly persist: ((event: unknown) => unknown) | null;

  constructor(turn: number, again: ReadonlyMap<number, unknown> | null, persist: ((event: unknown) => unknown) | null) {
    this.turn = turn;
    this.again = again;
    this.persist = persist;
  }
}

/**
 * The context of a durable actor: writes down what it answered where that could have been something else, and gives the same answers
 * when the turn is stepped again. The operations of such a turn are dropped by the one who steps it.
 */
export class DurableContext extends CellContext {
  record: TurnRecord = new TurnRecord(0, null, null);
  readonly #d: Dispatcher;
  readonly #cell: Cell;

  constructor(d: Dispatcher, cell: Cell) {
    super(d, cell);
    this.#d = d;
    this.#cell = cell;
  }

  override send<T>(to: ActorRef<T>, message: T): SendResult {
    return this.answer('delivered', () => {
      const result = super.send(to, message);
      // Not to be journalled: the sender knows that it was not taken.
      if (result !== 'delivered') this.#d.ops.n[this.#d.ops.count - 1] = 1;
      return result;
    });
  }

  override startTimerAt(key: string, dueUs: number, message: unknown): void {
    super.startTimerAt(key, dueUs, new Journalled('timer', key, message));
  }

  override cancelTimer(key: string): boolean {
    return this.answer(true, () => super.cancelTimer(key));
  }

  override monitor(ref: ActorRef<never>): number {
    return this.answer(0, () => super.monitor(ref));
  }

  override watchPermanent(_ref: ActorRef<never>): number {
    throw new Error(`${this.path} is durable: a watch for good is not journalled; use ctx.monitor, whose notice comes back after a recovery`);
  }

  override watchGroup(_group: string): number {
    throw new Error(`${this.path} is durable: watching a group is not journalled; have another actor watch it and send what matters`);
  }

  override join(_group: string): void {
    throw new Error(`${this.path} is durable: membership of a group is not journalled; use ctx.subscribe, which comes back after a recovery`);
  }

  override task<I, R>(_task: TaskSpec<I>, _toMessage: (outcome: TaskOutcome<R>) => unknown): string {
    throw new Error(`${this.path} is durable: a task is not journalled, and nobody would be told of one that its process took along; use ctx.spawn or ctx.effect`);
  }

  override register(name: string): boolean {
    return this.answer(true, () => super.register(name));
  }

  override spawn<T>(spec: WorkerSpec<T>): StartChildResult<T> {
    const { record } = this;
    const call = record.calls++;
    if (record.again !== null) {
      const was = record.again.get(call) as StartChildResult<T> | undefined;
      return was?.ok === false ? was : { ...was, ok: true, ref: this.ref<T>(`${this.path}/${spec.id}`) };
    }
    const result = super.spawn(spec);
    if (!result.ok) record.answers.push([call, result]);
    else if (result.info !== undefined || result.ignored === true) record.answers.push([call, { info: result.info, ignored: result.ignored }]);
    return result;
  }

  override ask<R>(to: ActorRef<never>, request: unknown, deadlineMs: number, toMessage: (result: AskResult<R>) => unknown): void {
    const id = `${this.record.turn}.${this.record.asks.length}`;
    this.record.asks.push({ id, down: toMessage({ ok: false, reason: 'down' }) });
    super.ask<R>(to, request, deadlineMs, (result) => new Journalled('answer', id, toMessage(result)));
  }

  override effect(name: string, payload: unknown): void {
    // The table may have changed since; the first time it was there.
    if (this.record.again !== null) {
      this.#d.ops.add(Op.effect, this.#cell, name, payload, 0);
      return;
    }
    const open = this.#cell.durable?.model?.effects.size ?? 0;
    if (open >= MOST_OPEN_EFFECTS) throw new RangeError(`effect "${name}": ${open} effects of this actor have no outcome yet, which is the most there may be`);
    super.effect(name, payload);
  }

  override persist(event: unknown): unknown {
    if (this.record.persist === null) return super.persist(event);
    return this.record.persist(event);
  }

  override stash(): 'stashed' | 'full' {
    return this.answer('stashed', () => {
      const result = super.stash();
      const last = this.#d.ops.count - 1;
      if (result === 'full' && last >= 0 && this.#d.ops.kinds[last] === Op.stash) this.#d.ops.n[last] = 1;
      return result;
    });
  }

  private answer<T>(usual: T, ask: () => T): T {
    const { record } = this;
    const call = record.calls++;
    if (record.again !== null) return record.again.has(call) ? (record.again.get(call) as T) : usual;
    const result = ask();
    if (result !== usual) record.answers.push([call, result]);
    return result;
  }
}
