import type { TreeNode } from '../../ui/wire/tree.js';

/** An event of a process's flight recorder. */
export interface FlightEvent {
  readonly seq: number;
  readonly kind: string;
  /** Null where the actor had gone before its name could be asked. */
  readonly path: string | null;
  readonly cell: number;
  readonly detail: number;
  readonly atUs: number;
}

/** Kinds of events that are recorded of every actor: they say which there are, and in what state. */
export const LIFE_KINDS = ['start', 'resume', 'exit', 'giveUp', 'backoff', 'quarantine', 'suspend', 'hibernate', 'upgrade', 'deadLetter', 'fault'] as const;
/** Those of them after which an actor is in another state. */
const TURNING: ReadonlySet<string> = new Set(['start', 'resume', 'exit', 'backoff', 'quarantine', 'suspend', 'hibernate']);

export const isStart = ({ kind }: FlightEvent): boolean => kind === 'start' || kind === 'resume';
/** It failed or was killed. */
export const isFailure = ({ kind, detail }: FlightEvent): boolean => kind === 'exit' && detail >= 2;
export const isRestart = (event: FlightEvent): boolean => isFailure(event) || (isStart(event) && event.detail > 1);

/** What is known of one actor by its number. */
export interface FlightActor {
  readonly cell: number;
  path: string | null;
  /** As it was told last; null where no tree had it. */
  node: TreeNode | null;
  /** Events after which it was in another state, in order. */
  readonly turns: FlightEvent[];
}

/** Events that are kept; and so many more before the oldest are let go. */
const MOST_EVENTS = 100_000;
const SLACK_EVENTS = 10_000;

/** Numbers of events between which nobody listened, or not all was told. */
interface Gap {
  /** Of the last event before it. */
  readonly after: number;
  /** Of the first one that was heard again; Infinity while nobody listens. */
  readonly to: number;
}

/** The events of a process in order, those that were heard. */
export class FlightLog {
  readonly actors = new Map<number, FlightActor>();
  #events: FlightEvent[] = [];
  /** Before anybody says that he listens, nobody does. */
  #gaps: Gap[] = [{ after: -1, to: Infinity }];
  #dropped = 0;
  #restarts = 0;

  get length(): number {
    return this.#events.length;
  }
  get dropped(): number {
    return this.#dropped;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get gaps(): number {
    return this.#gaps.length;
  }
  /** There are so many that the oldest are to go. */
  get isFull(): boolean {
    return this.#events.length >= MOST_EVENTS + SLACK_EVENTS;
  }
  get first(): FlightEvent | undefined {
    return this.#events[0];
  }
  get last(): FlightEvent | undefined {
    return this.#events.at(-1);
  }
  at(index: number): FlightEvent | undefined {
    return this.#events[index];
  }
  [Symbol.iterator](): Iterator<FlightEvent> {
    return this.#events[Symbol.iterator]();
  }

  /** Two subscriptions may tell the same event, and one of them later than what came after it. */
  add(event: FlightEvent): void {
    const at = this.countTo(event.seq);
    if (this.#events[at]?.seq === event.seq) return;
    // What came before all that is kept was dropped.
    if (at === 0 && this.#dropped > 0) return;
    if (at === this.#events.length) this.#events.push(event);
    else this.#events.splice(at, 0, event);
    if (isRestart(event)) this.#restarts += 1;
    if (event.cell !== 0) {
      const actor = this.actor(event.cell);
      actor.path ??= event.path;
      if (TURNING.has(event.kind)) insert(actor.turns, event);
    }
  }

  actor(cell: number): FlightActor {
    let actor = this.actors.get(cell);
    if (actor === undefined) this.actors.set(cell, (actor = { cell, path: null, node: null, turns: [] }));
    return actor;
  }

  /** Events before number `seq` were lost, back to the one heard before it. */
  lost(seq: number): void {
    this.#gaps.push({ after: this.#events[this.countTo(seq) - 1]?.seq ?? -1, to: seq });
    // Of too many the oldest become one.
    if (this.#gaps.length > 1000) this.#gaps.splice(0, 2, { after: this.#gaps[0]!.after, to: Math.max(this.#gaps[0]!.to, this.#gaps[1]!.to) });
  }

  /** From now on nobody listens. */
  deaf(): void {
    if (!this.#gaps.some(({ to }) => to === Infinity)) this.#gaps.push({ after: this.last?.seq ?? -1, to: Infinity });
  }

  /** Somebody listens again, and has heard everything from number `seq` on. */
  hears(seq: number): void {
    this.#gaps = this.#gaps.flatMap((gap) => (gap.to !== Infinity ? [gap] : seq <= gap.after + 1 ? [] : [{ ...gap, to: seq }]));
  }

  /** Every event that says how actors live with a number from `from` to before `to` was heard. */
  isWhole(from: number, to: number): boolean {
    return !this.#gaps.some((gap) => Math.max(from, gap.after + 1) < Math.min(to, gap.to));
  }

  /** How many of the events kept have a number below `seq`. */
  countTo(seq: number): number {
    let low = 0;
    let high = this.#events.length;
    if (high === 0 || this.#events[high - 1]!.seq < seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many of them happened by `atUs`. */
  countBy(atUs: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.atUs <= atUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Drops what has a number below `seq`, and the oldest of too many; true where any went. */
  drop(seq: number): boolean {
    const count = Math.max(this.countTo(seq), this.#events.length - MOST_EVENTS);
    if (count <= 0) return false;
    for (const event of this.#events.splice(0, count)) {
      if (isRestart(event)) this.#restarts -= 1;
      const turns = this.actors.get(event.cell)?.turns;
      if (turns?.[0] === event) turns.shift();
    }
    this.#dropped += count;
    const first = this.first?.seq ?? seq;
    this.#gaps = this.#gaps.filter(({ to }) => to > first);
    return true;
  }
}

function insert(list: FlightEvent[], event: FlightEvent): void {
  let at = list.length;
  while (at > 0 && list[at - 1]!.seq > event.seq) at -= 1;
  list.splice(at, 0, event);
}
