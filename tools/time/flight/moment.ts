import { FIGURES_EACH, NODE_STATES, type NodeState, type TreeExit, type TreeNode } from '../../ui/wire/tree.js';
import { type FlightActor, type FlightEvent, type FlightLog, isStart } from './log.js';
import type { Sample, Samples } from './samples.js';

/** A place among the events of a process: what has a number below `seq` has happened. */
export interface FlightPlace {
  readonly seq: number;
  readonly atUs: number;
}

/** A figure and how it is known: 0 exactly, else its age in µs, -1 not at all. */
type Known = readonly [value: number, age: number];
const NOT_KNOWN: Known = [0, -1];
const UNKNOWN = NODE_STATES.indexOf('unknown');
/** An actor comes into these only by an event. */
const BY_EVENT: ReadonlySet<number> = new Set((['running', 'suspended', 'hibernating', 'quarantined'] satisfies NodeState[]).map((state) => NODE_STATES.indexOf(state)));
const [STATE, INCARNATION, RESTARTS, MAILBOX, HANDLED, TIMERS, MACHINE] = [0, 1, 2, 3, 4, 5, 6] as const;

/** What was seen of one actor: before the place and after it. */
interface Seen {
  readonly atUs: number;
  readonly seq: number;
  readonly values: Float64Array;
  readonly from: number;
}

export interface MomentNode {
  readonly actor: FlightActor;
  readonly node: TreeNode;
  readonly values: readonly number[];
  readonly ages: readonly number[];
}

/** The causes of failures, by whoever keeps them. */
export type ExitOf = (exit: FlightEvent, after: FlightEvent | undefined) => TreeExit | null;

/**
 * How a tree stood at one place of its flight: from the events up to there, the sample before and the sample after. What neither says is not known;
 * nothing is guessed.
 */
export class Moment {
  readonly place: FlightPlace;
  /** Actors that were there and whose names nobody knows. */
  unnamed = 0;
  readonly #log: FlightLog;
  readonly #before: Sample | null;
  readonly #after: Sample | null;
  readonly #exitOf: ExitOf;

  constructor(log: FlightLog, samples: Samples, place: FlightPlace, exitOf: ExitOf) {
    this.#log = log;
    this.place = place;
    this.#exitOf = exitOf;
    const number = samples.lastAt(place.seq, place.atUs);
    this.#before = number === -1 ? null : samples.at(number);
    // Before the first sample the first is what comes after.
    this.#after = samples.at(number === -1 ? samples.first : number + 1);
  }

  /** Nodes that were left out of what was seen. */
  get omitted(): number {
    return (this.#before ?? this.#after)?.omitted ?? 0;
  }

  /** Every actor that was there, level by level. */
  nodes(): MomentNode[] {
    const children = new Map<string, MomentNode[]>();
    let root: MomentNode | undefined;
    const seen = new Set<number>();
    const take = (actor: FlightActor): void => {
      if (seen.has(actor.cell)) return;
      seen.add(actor.cell);
      if (!this.#isThere(actor)) return;
      if (actor.path === null) {
        this.unnamed += 1;
        return;
      }
      const one = this.#nodeOf(actor, actor.path);
      if (actor.path === '/') root = one;
      else {
        const above = parentOf(actor.path);
        const siblings = children.get(above);
        if (siblings === undefined) children.set(above, [one]);
        else siblings.push(one);
      }
    };
    for (const { cell } of (this.#before ?? this.#after)?.nodes ?? []) take(this.#log.actor(cell));
    for (const actor of this.#log.actors.values()) if (actor.turns.length > 0) take(actor);
    if (root === undefined) return [];
    const list = [root];
    const places = new Map<string, number>([['/', 0]]);
    for (let at = 0; at < list.length; at += 1) {
      for (const child of children.get(list[at]!.node.path) ?? []) {
        places.set(child.node.path, list.push({ ...child, node: { ...child.node, parent: at } }) - 1);
      }
    }
    return list;
  }

  /** Whether an actor was there: what started it and what ended it says so, else who saw it. */
  #isThere(actor: FlightActor): boolean {
    const { last, next } = this.#around(actor);
    const before = this.#seen(actor, this.#before);
    if (last !== undefined && last.kind !== 'exit' && last.kind !== 'backoff') return true;
    if (last !== undefined) {
      if (next !== undefined && isStart(next) && next.detail > 1) return true;
      // A child that has ended may stay, stopped; what was seen since says so.
      if (this.#before !== null && this.#before.seq > last.seq) return before !== null;
      return this.#after === null || this.#seen(actor, this.#after) !== null;
    }
    if (this.#before !== null && before !== null) return true;
    if (next !== undefined) return !(isStart(next) && next.detail === 1) && (this.#before === null || before !== null);
    return this.#before === null && this.#seen(actor, this.#after) !== null;
  }

  #nodeOf(actor: FlightActor, path: string): MomentNode {
    const { last, next, start } = this.#around(actor);
    const before = this.#seen(actor, this.#before);
    const after = this.#seen(actor, this.#after);
    const seen = this.#nodeIn(actor, this.#before) ?? this.#nodeIn(actor, this.#after) ?? actor.node ?? plainNode(path, actor.cell);
    const exit = actor.turns.findLast((event) => event.kind === 'exit' && event.seq < this.place.seq);
    const lastExit = exit === undefined ? this.#exitBefore(actor) : this.#exitOf(exit, actor.turns.find(({ seq }) => seq > exit.seq));
    const [state, incarnation, rest] = [this.#state(last, next, before, after), this.#incarnation(actor, start, before, after), this.#rest(last, next, before, after)];
    const known = [state, incarnation, ...rest];
    return { actor, node: { ...seen, path, lastExit, parent: -1 }, values: known.map(([value]) => value), ages: known.map(([, age]) => age) };
  }

  /** Exits before anything was recorded of it are known from what was told of it first. */
  #exitBefore(actor: FlightActor): TreeExit | null {
    const hasEnded = actor.turns.some(({ kind }) => kind === 'exit');
    return (hasEnded ? this.#nodeIn(actor, this.#before)?.lastExit : (this.#nodeIn(actor, this.#before) ?? actor.node)?.lastExit) ?? null;
  }

  #state(last: FlightEvent | undefined, next: FlightEvent | undefined, before: Seen | null, after: Seen | null): Known {
    const { seq } = this.place;
    const isSince = before !== null && (last === undefined || before.seq > last.seq);
    if (after !== null && (next === undefined || after.seq <= next.seq) && this.#log.isWhole(seq, after.seq)) {
      const state = after.values[after.from + STATE]!;
      if (BY_EVENT.has(state)) return [state, 0];
      if (isSince && before.values[before.from + STATE] === state && this.#log.isWhole(before.seq, seq)) return [state, 0];
    }
    if (isSince) return [before.values[before.from + STATE]!, this.#age(before.atUs)];
    if (last === undefined) return [UNKNOWN, -1];
    const state = stateAfter(last, next);
    return state === 'unknown' ? [UNKNOWN, -1] : [NODE_STATES.indexOf(state), this.#age(last.atUs)];
  }

  /** Only a start makes another incarnation, and every start is heard, unless the event that comes next was not: it may have happened by then. */
  #incarnation({ turns }: FlightActor, start: FlightEvent | undefined, before: Seen | null, after: Seen | null): Known {
    const { seq } = this.place;
    if (start !== undefined && (before === null || before.seq <= start.seq)) return [start.detail, this.#log.isWhole(start.seq, seq + 1) ? 0 : this.#age(start.atUs)];
    if (before !== null) return [before.values[before.from + INCARNATION]!, this.#log.isWhole(before.seq, seq + 1) ? 0 : this.#age(before.atUs)];
    const next = turns.find((event) => event.seq >= seq && isStart(event));
    if (next !== undefined && (after === null || next.seq < after.seq)) return this.#log.isWhole(seq, next.seq) ? [Math.max(0, next.detail - 1), 0] : NOT_KNOWN;
    return after !== null && this.#log.isWhole(seq, after.seq) ? [after.values[after.from + INCARNATION]!, 0] : NOT_KNOWN;
  }

  /** What no event tells: as seen before; exactly that where nothing can have happened to it until it was seen again. */
  #rest(last: FlightEvent | undefined, next: FlightEvent | undefined, before: Seen | null, after: Seen | null): Known[] {
    const figures = [RESTARTS, MAILBOX, HANDLED, TIMERS, MACHINE] as const;
    if (before === null) return figures.map(() => NOT_KNOWN);
    const read = (from: Seen, figure: number): number => from.values[from.from + figure]!;
    const isQuiet = (last === undefined || last.seq < before.seq) && after !== null && (next === undefined || after.seq <= next.seq) && this.#log.isWhole(before.seq, after.seq);
    // Turns are counted: where there were none, the machine took no step.
    const isIdle = isQuiet && read(before, HANDLED) === read(after, HANDLED);
    return figures.map((figure): Known => {
      const isExact = figure === RESTARTS ? isQuiet && read(before, figure) === read(after, figure) : figure === MAILBOX || figure === TIMERS ? false : isIdle;
      return [read(before, figure), isExact ? 0 : this.#age(before.atUs)];
    });
  }

  #around({ turns }: FlightActor): { readonly last: FlightEvent | undefined; readonly next: FlightEvent | undefined; readonly start: FlightEvent | undefined } {
    const { seq } = this.place;
    return { last: turns.findLast((event) => event.seq < seq), next: turns.find((event) => event.seq >= seq), start: turns.findLast((event) => event.seq < seq && isStart(event)) };
  }

  #seen({ cell }: FlightActor, sample: Sample | null): Seen | null {
    const place = sample?.places.get(cell);
    return sample === null || place === undefined ? null : { atUs: sample.atUs, seq: sample.seq, values: sample.values, from: place * FIGURES_EACH };
  }

  #nodeIn({ cell }: FlightActor, sample: Sample | null): TreeNode | undefined {
    const place = sample?.places.get(cell);
    return place === undefined ? undefined : sample?.nodes[place];
  }

  #age(atUs: number): number {
    return Math.max(0, this.place.atUs - atUs);
  }
}

function stateAfter({ kind, detail, atUs }: FlightEvent, next: FlightEvent | undefined): NodeState {
  switch (kind) {
    case 'start':
    case 'resume': return 'running';
    case 'suspend': return detail === 1 ? 'suspended' : 'running';
    case 'hibernate': return detail === 1 ? 'hibernating' : 'running';
    case 'quarantine': return 'quarantined';
    case 'backoff': return 'restarting';
    // Whether it waits for its restart or was stopped for good only what comes at the same moment tells.
    case 'exit': return detail >= 2 && next !== undefined && isStart(next) && next.atUs === atUs ? 'restarting' : 'unknown';
    default: return 'unknown';
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** Of an actor that came and went between two looks at the tree only the name is known. */
function plainNode(path: string, cell: number): TreeNode {
  return { path, id: path.slice(path.lastIndexOf('/') + 1), parent: -1, cell, kind: 'worker', behaviour: '', restart: '', bound: 0, supervision: null, lastExit: null, omitted: 0 };
}
