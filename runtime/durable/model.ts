import type { ActorSnapshot, FailedEntry, OutcomeEntry, QueuedMessage, TurnEntry, TurnInput } from '../journal/entry.js';

/** Idempotency key of an effect: the same after a recovery, because everything in it comes from the journal. */
export function effectKey(entry: Pick<TurnEntry, 'actor' | 'turn' | 'phase' | 'incarnation'>, epoch: number, index: number): string {
  const part = entry.phase === 'step' || entry.phase === 'start' ? '' : `${entry.phase}${entry.incarnation}`;
  return `${entry.actor}#${epoch}:${entry.turn}${part}.${index}`;
}

/** Told to a durable actor for each effect that a process has begun, or was about to, whose outcome the journal does not know. */
export interface EffectUnknown {
  readonly type: 'runtime.effect_unknown';
  readonly effect: string;
  readonly key: string;
  readonly payload: unknown;
}

export function isEffectUnknown(message: unknown): message is EffectUnknown {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'runtime.effect_unknown';
}

/**
 * Everything a durable actor owns besides its state, as the journal has it: kept up turn by turn while it lives, and made again from the
 * last snapshot and the entries after it. Both ways go through the same functions.
 */
export class ActorModel {
  readonly path: string;
  epoch: number;
  turn = 0;
  incarnation = 0;
  ids = 0;
  random: readonly number[] | null = null;
  readonly timers = new Map<string, { readonly dueUs: number; readonly message: unknown }>();
  /** Messages set aside, by the turn that did it. */
  readonly deferred = new Map<number, unknown>();
  /** Effects without an outcome. */
  readonly effects = new Map<string, { readonly name: string; readonly payload: unknown }>();
  readonly asks = new Map<string, unknown>();
  readonly topics = new Set<string>();
  readonly names = new Set<string>();
  readonly watching = new Map<number, string>();
  readonly children = new Set<string>();
  /** Messages with a place in the journal that are not handled yet. */
  queue = new Map<string, QueuedMessage>();

  constructor(path: string, epoch: number) {
    this.path = path;
    this.epoch = epoch;
  }

  static of(snapshot: ActorSnapshot): ActorModel {
    const model = new ActorModel(snapshot.path, snapshot.epoch);
    model.turn = snapshot.turn;
    model.incarnation = snapshot.incarnation;
    model.ids = snapshot.ids;
    model.random = snapshot.random;
    for (const { key, dueUs, message } of snapshot.timers) model.timers.set(key, { dueUs, message });
    for (const { index, message } of snapshot.deferred) model.deferred.set(index, message);
    for (const { key, name, payload } of snapshot.effects) model.effects.set(key, { name, payload });
    for (const { id, down } of snapshot.asks) model.asks.set(id, down);
    for (const topic of snapshot.topics) model.topics.add(topic);
    for (const name of snapshot.names) model.names.add(name);
    for (const { token, path } of snapshot.watching) model.watching.set(token, path);
    for (const id of snapshot.children) model.children.add(id);
    for (const queued of snapshot.queue) model.enqueue(queued.position, queued.index, queued.message);
    return model;
  }

  /** The part of a snapshot that is not the state. */
  toSnapshot(): Omit<ActorSnapshot, 'format' | 'log' | 'behaviour' | 'atUs' | 'value'> {
    return {
      path: this.path,
      epoch: this.epoch,
      turn: this.turn,
      incarnation: this.incarnation,
      ids: this.ids,
      random: this.random,
      // Where two are due at once, the one that was started first fires first.
      timers: [...this.timers].map(([key, { dueUs, message }]) => ({ key, dueUs, message })).sort((a, b) => a.dueUs - b.dueUs),
      deferred: [...this.deferred].map(([turn, message]) => ({ position: -1, index: turn, message })),
      effects: [...this.effects].map(([key, { name, payload }]) => ({ key, name, payload })),
      asks: [...this.asks].map(([id, down]) => ({ id, down })),
      topics: [...this.topics],
      names: [...this.names],
      watching: [...this.watching].map(([token, path]) => ({ token, path })),
      children: [...this.children],
      queue: [...this.queue.values()],
    };
  }

  /** A message for this actor has its place in the journal. */
  enqueue(position: number, index: number, message: unknown): void {
    this.queue.set(`${position}.${index}`, { position, index, message });
  }

  /** What a turn handled is used up, whether the turn succeeded or not. */
  consume(input: TurnInput): void {
    switch (input[0]) {
      case 'journal': this.queue.delete(`${input[1]}.${input[2]}`); break;
      case 'timer': this.timers.delete(input[1]); break;
      case 'answer': this.asks.delete(input[1]); break;
      case 'child': this.children.delete(input[1]); break;
      case 'down': this.watching.delete(input[1]); break;
      case 'stash':
        if (!this.deferred.delete(input[1])) this.queue.delete(`-1.${input[1]}`);
        break;
      case 'system':
        if (isEffectUnknown(input[1])) this.effects.delete(input[1].key);
        break;
      case 'message':
      case 'request': break;
    }
  }

  /** A turn of this actor, whole. `position` is that of its entry. */
  turned(entry: TurnEntry, position: number): void {
    if (entry.input !== null) this.consume(entry.input);
    let effects = 0;
    for (let index = 0; index < entry.ops.length; index++) {
      const op = entry.ops[index]!;
      switch (op[0]) {
        case 'send': if (op[1] === this.path) this.enqueue(position, index, op[2]); break;
        case 'effect': this.effects.set(effectKey(entry, this.epoch, effects++), { name: op[1], payload: op[2] }); break;
        case 'timer':
          // Taken out first: a timer that is started again stands behind the others of its due time.
          this.timers.delete(op[1]);
          this.timers.set(op[1], { dueUs: op[2], message: op[3] });
          break;
        case 'cancel': this.timers.delete(op[1]); break;
        case 'ask': this.asks.set(op[1], op[2]); break;
        case 'topic': this.topics.add(op[1]); break;
        case 'name': this.names.add(op[1]); break;
        case 'watch': this.watching.set(op[1], op[2]); break;
        case 'unwatch': this.watching.delete(op[1]); break;
        case 'child': this.children.add(op[1]); break;
        case 'nochild': this.children.delete(op[1]); break;
        case 'stash': this.deferred.set(entry.turn, op[1]); break;
        case 'unstash': this.unstash(); break;
      }
    }
    this.turn = entry.turn;
    this.incarnation = entry.incarnation;
    this.ids = entry.ids;
    if (entry.random !== null) this.random = entry.random;
  }

  failed(entry: FailedEntry): void {
    this.consume(entry.input);
  }

  /** An effect has an outcome; one with a message is delivered like any other. */
  came(entry: OutcomeEntry, position: number): void {
    this.effects.delete(entry.key);
    if (entry.status !== 'done') this.enqueue(position, 0, entry.message);
  }

  private unstash(): void {
    if (this.deferred.size === 0) return;
    const first = [...this.deferred].map(([turn, message]) => [`-1.${turn}`, { position: -1, index: turn, message }] as const);
    this.queue = new Map([...first, ...this.queue]);
    this.deferred.clear();
  }
}
