import { stateText } from '../../../runtime/probe/state-text.js';
import type { MachineView } from '../../ui/wire/chart.js';
import { MOST_PARTS, type TimeCursor, type TimeEvent, type TimeMarks, type TimeRestart, type TimeSpan, type TimeTree } from '../../ui/wire/time.js';
import { FIGURES_EACH, NODE_STATES, type ActorDetail, type TreeEvent, type TreeExit, type TreeFigures, type TreeShape } from '../../ui/wire/tree.js';
import { TimeError } from '../errors.js';
import type { TimeStep, TimeTarget } from '../types.js';
import { type FlightEvent, FlightLog, isFailure, isRestart } from './log.js';
import { type FlightPlace, Moment, type MomentNode } from './moment.js';
import { Samples } from './samples.js';

/** How long and how much is kept. */
export const KEPT_MS = 10 * 60_000;
const MOST_SAMPLE_BYTES = 48 * 1024 * 1024;
const MOST_LOOKS = 1_200;
const MOST_READINGS = 600;
const MOST_FAILURES = 1_000;
const MOST_ROWS = 500;
const MOST_BANDS = 32;
const MACHINE = 6;
/** A time so little before the beginning is taken for it: what is oldest goes while somebody looks. */
const SLACK_US = 5e6;

/** The state of an actor, as it was read at a moment. */
export interface FlightLook extends Pick<ActorDetail, 'value' | 'watching' | 'topics' | 'names' | 'timers'> {
  readonly seq: number;
  readonly atUs: number;
  readonly incarnation: number;
}

/** An actor and its chart, as its probe told it. */
interface Reading {
  readonly atUs: number;
  readonly view: MachineView;
}

/**
 * What a process was heard and seen to do: events of its flight recorder, samples of its tree, states of the actors that somebody looked at. Where
 * one wants to look, the tree is put together from what is known there, and each figure says how it is known. Bounded: the oldest goes first.
 */
export class FlightRecording {
  readonly log = new FlightLog();
  readonly samples = new Samples();
  readonly #looks = new Map<string, FlightLook[]>();
  readonly #readings = new Map<string, Reading[]>();
  readonly #failures: (TreeEvent & { readonly kind: 'failed' })[] = [];
  /** Where what was heard begins. */
  #from: FlightPlace | null = null;
  #looked = 0;
  #read = 0;

  /** From there on every event that says how actors live is there: the flight recorder still held it when it was asked. */
  begin(seq: number, atUs: number): void {
    this.#from = { seq, atUs };
    this.log.hears(seq);
  }

  event(event: FlightEvent): void {
    this.log.add(event);
    // Also where the tree is told no more, or not yet.
    if (!this.log.isFull) return;
    this.log.drop(-1);
    this.#from = { seq: this.log.first!.seq, atUs: this.log.first!.atUs };
    this.#forget();
  }

  /** Events were lost before the one with this number. */
  lost(seq: number): void {
    this.log.lost(seq);
  }

  sample(shape: TreeShape, figures: TreeFigures, heardMs: number): void {
    const seq = figures.traced ?? (this.log.at(this.log.countBy(figures.atUs) - 1)?.seq ?? -1) + 1;
    for (const node of shape.nodes) {
      const actor = this.log.actor(node.cell);
      actor.path = node.path;
      actor.node = node;
    }
    this.#from ??= { seq, atUs: figures.atUs };
    this.samples.add(shape, figures, seq, heardMs);
    if (this.samples.drop(heardMs - KEPT_MS, MOST_SAMPLE_BYTES)) this.#cut();
  }

  look(path: string, look: FlightLook): void {
    const last = this.#looks.get(path)?.at(-1);
    // What is the same still has another age.
    keep(this.#looks, path, last !== undefined && JSON.stringify(last.value) === JSON.stringify(look.value) ? { ...look, value: last.value } : look);
    if ((this.#looked += 1) > MOST_LOOKS) this.#looked -= dropOldest(this.#looks);
  }

  reading(view: MachineView): void {
    // Several pages may show the same chart.
    if (this.#readings.get(view.path)?.at(-1)?.view === view) return;
    keep(this.#readings, view.path, { atUs: view.atUs, view });
    if ((this.#read += 1) > MOST_READINGS) this.#read -= dropOldest(this.#readings);
  }

  /** What a supervisor reported. */
  report(event: TreeEvent): void {
    if (event.kind !== 'failed') return;
    this.#failures.push(event);
    if (this.#failures.length > MOST_FAILURES) this.#failures.shift();
  }

  get span(): TimeSpan {
    const { fromUs, toUs } = this;
    return { fromUs, toUs, records: 0, inputs: 0, turns: 0, events: this.log.length, decisions: 0, restarts: this.log.restarts, effects: 0 };
  }
  get fromUs(): number {
    const first = this.samples.at(this.samples.first);
    return this.#from?.atUs ?? this.log.first?.atUs ?? first?.atUs ?? 0;
  }
  get toUs(): number {
    return Math.max(this.fromUs, this.log.last?.atUs ?? 0, this.samples.at(this.samples.count - 1)?.atUs ?? 0);
  }

  /** @throws TimeError `target`. */
  seek(target: TimeTarget): TimeCursor {
    if ('key' in target) return this.#cursor(target.key);
    if ('end' in target) return this.#cursor(`t${this.toUs}`);
    if ('atUs' in target) {
      if (target.atUs < this.fromUs - SLACK_US) throw new TimeError('target', `what is recorded of this process begins at ${new Date(this.fromUs / 1000).toISOString()}`, 'what was before nobody has kept');
      return this.#cursor(`t${Math.floor(Math.min(this.toUs, Math.max(this.fromUs, target.atUs)))}`);
    }
    if ('event' in target) {
      const event = this.log.at(target.event - 1);
      if (target.event === 0) return this.#cursor(`t${this.fromUs}`);
      if (event === undefined) throw new TimeError('target', `there is no event ${target.event}`, `0 to ${this.log.length}`);
      return this.#cursor(keyOf(event));
    }
    if ('restart' in target) {
      const event = this.#restartEvents()[target.restart];
      if (event === undefined) throw new TimeError('target', `there is no restart ${target.restart}`, `${this.log.restarts} are recorded`);
      return this.#cursor(keyOf(event));
    }
    throw new TimeError('target', 'a process that writes no run has no numbered records, turns and decisions', 'go to an event, a restart or a time');
  }

  /** From `key`; null where nothing more of that kind is recorded in that direction. */
  step(key: string, { by, path, direction }: TimeStep): TimeCursor | null {
    const { seq, atUs } = this.#placeOf(key);
    const fits = (event: FlightEvent): boolean => {
      if (by === 'restart') return isRestart(event);
      return by === 'turn' || (by === 'event' && path !== undefined && this.#pathOf(event) === path);
    };
    if (by === 'decision' || by === 'record') return null;
    const here = this.log.countTo(seq);
    // Time may have passed since the last event: back from there is to it.
    const isLater = this.log.at(here - 1) !== undefined && this.log.at(here - 1)!.atUs < atUs;
    let at = direction > 0 ? here : here - (isLater ? 1 : 2);
    for (; at >= 0 && at < this.log.length; at += direction) if (fits(this.log.at(at)!)) return this.#cursor(keyOf(this.log.at(at)!));
    return null;
  }

  tree(key: string, path = '/'): TimeTree {
    const place = this.#placeOf(key);
    const moment = this.#moment(place);
    const all = this.#known(moment.nodes(), place);
    const under = path === '/' ? all : nodesUnder(all, path);
    const shape: TreeShape | null = under.length === 0 ? null : {
      version: place.seq, life: 0, atUs: place.atUs, nodes: under.map(({ node }) => node), omitted: moment.omitted,
      figures: { version: place.seq, atUs: place.atUs, values: under.flatMap(({ values }) => values), machines: this.samples.machines.list },
    };
    const notes = moment.unnamed === 0 ? [] : [`${moment.unnamed === 1 ? 'one actor' : `${moment.unnamed} actors`} had gone before ${moment.unnamed === 1 ? 'its name' : 'their names'} could be asked: not in this tree`];
    if (!this.log.isWhole(this.log.first?.seq ?? 0, Infinity)) notes.push('some events were not heard: there were more than could be read, or nobody listened');
    return { cursor: this.#cursor(key), shape, ages: under.flatMap(({ ages }) => ages), notes };
  }

  /** Null where there was no such actor. */
  actor(key: string, path: string): ActorDetail | null {
    const place = this.#placeOf(key);
    const one = this.#moment(place).nodes().find(({ node }) => node.path === path);
    if (one === undefined) return null;
    const looks = this.#looks.get(path) ?? [];
    const look = looks.findLast(({ seq, atUs }) => seq <= place.seq && atUs <= place.atUs);
    const [incarnation] = [one.values[1]!];
    const isOther = look !== undefined && one.ages[1] === 0 && look.incarnation !== incarnation;
    const known = look === undefined ? 'not known: nobody looked at this actor before' : `as sampled ${ageText(place.atUs - look.atUs)} before${isOther ? `, of incarnation ${look.incarnation}` : ''}`;
    return {
      path, node: one.node, state: NODE_STATES[one.values[0]!] ?? 'unknown', incarnation: look === undefined ? 0 : Math.max(1, look.incarnation), value: look?.value ?? null, spec: null,
      watching: look?.watching ?? [], topics: look?.topics ?? [], names: look?.names ?? [], timers: look?.timers ?? [], atUs: look?.atUs ?? place.atUs, deadLetters: [],
      trace: this.#upTo(place, path, 50).map(({ seq, kind, detail, atUs }) => ({ seq, kind, detail, atUs })), problems: look === undefined ? [`state ${known}`] : [], known,
    };
  }

  eventsOf(key: string, path: string, count: number): TimeEvent[] {
    return this.#upTo(this.#placeOf(key), path, Math.min(count, MOST_ROWS)).map((event) => ({ event: this.log.countTo(event.seq) + 1, kind: event.kind, atUs: event.atUs, record: 0 }));
  }

  /** An actor as its probe told it, while its chart was open; null where it was not. */
  machine(key: string, path: string): MachineView | null {
    const { atUs } = this.#placeOf(key);
    const readings = this.#readings.get(path) ?? [];
    const at = readings.findLastIndex((reading) => reading.atUs <= atUs);
    const next = readings[at + 1];
    const base = readings[at] ?? next;
    if (base === undefined) return null;
    // The next reading tells what happened since this one, each event with its time.
    const events = (next !== undefined && next.view.sinceUs === base.view.sinceUs ? next : base).view.events.filter((event) => event.atUs <= atUs);
    if (at === -1 && events.length === 0) return null;
    const last = events.at(-1);
    const fresh = last !== undefined && last.atUs > base.atUs;
    const value = last !== undefined && (fresh || at === -1) ? last.after : base.view.value;
    const same = readings.find(({ view }) => view.digest === base.view.digest && JSON.stringify(view.value) === JSON.stringify(value));
    const age = atUs - base.atUs;
    const context = fresh || at === -1 ? 'context as it was read before that event' : 'context as sampled';
    return {
      ...base.view, atUs, value, active: same?.view.active ?? [], events, ...(at === -1 ? { context: null } : {}),
      note: at === -1 ? 'context not known: the chart was opened later' : `state and events as the probe had them; ${context}, ${ageText(age)} before`,
    };
  }

  restarts(from: number, count: number): TimeRestart[] {
    return this.#restartEvents().slice(from, from + Math.min(count, MOST_ROWS)).map((event, at) => {
      const actor = this.log.actor(event.cell);
      const failed = isFailure(event);
      const exit = failed ? this.#exitOf(event, actor.turns.find(({ seq }) => seq > event.seq)) : null;
      const cause = exit?.causes[0];
      return {
        number: from + at, atUs: event.atUs, event: this.log.countTo(event.seq) + 1, path: this.#pathOf(event) ?? '?', kind: failed ? 'ended' : 'restarted',
        incarnation: failed ? 0 : event.detail, reason: failed ? (event.detail === 2 ? 'killed' : 'error') : null, text: cause === undefined ? '' : `${cause.name}: ${cause.message}`,
      };
    });
  }

  marks(parts: number): TimeMarks {
    const count = Math.max(1, Math.min(MOST_PARTS, Math.floor(parts)));
    const { fromUs, toUs } = this;
    const partOf = (us: number): number => Math.min(count - 1, Math.max(0, Math.floor((us - fromUs) / Math.max(1, toUs - fromUs) * count)));
    const none = new Array<number>(count).fill(0);
    const [events, restarts] = [[...none], [...none]];
    for (const event of this.log) {
      events[partOf(event.atUs)]! += 1;
      if (isRestart(event)) restarts[partOf(event.atUs)]! += 1;
    }
    const bands = new Map<string, { readonly parts: number[]; changes: number; last: number }>();
    for (const { atUs, nodes, values } of this.samples.each()) {
      for (let at = 0; at < nodes.length; at += 1) {
        const state = values[at * FIGURES_EACH + MACHINE]!;
        if (state === 0) continue;
        const { path } = nodes[at]!;
        let band = bands.get(path);
        if (band === undefined) bands.set(path, (band = { parts: new Array<number>(count).fill(-1), changes: 0, last: state }));
        band.parts[partOf(atUs)] = state;
        if (band.last !== state) band.changes += 1;
        band.last = state;
      }
    }
    const shown = [...bands].filter(([, { changes }]) => changes > 0);
    for (const [, { parts: list }] of shown) for (let at = 1; at < count; at += 1) if (list[at] === -1) list[at] = list[at - 1]!;
    return {
      fromUs, toUs, count, events, decisions: none, restarts, fills: none, trades: none, states: this.samples.machines.list,
      bands: shown.slice(0, MOST_BANDS).map(([path, { parts: list }]) => ({ path, parts: list })), omitted: Math.max(0, shown.length - MOST_BANDS),
    };
  }

  #moment(place: FlightPlace): Moment {
    return new Moment(this.log, this.samples, place, (exit, after) => this.#exitOf(exit, after));
  }

  /** What turns and probes tell exactly, where they were listened to. */
  #known(nodes: readonly MomentNode[], place: FlightPlace): MomentNode[] {
    return nodes.map((one) => {
      const readings = this.#readings.get(one.node.path);
      const reading = readings?.find(({ atUs }) => atUs >= place.atUs) ?? readings?.at(-1);
      const last = reading?.view.events.findLast(({ atUs }) => atUs <= place.atUs);
      if (reading === undefined || last === undefined || last.outcome === 'unexamined') return one;
      // Between its events a machine stands still; the probe saw all of them.
      const age = Math.max(0, place.atUs - reading.atUs);
      if (one.ages[MACHINE]! !== -1 && one.ages[MACHINE]! <= age) return one;
      const values = [...one.values];
      const ages = [...one.ages];
      values[MACHINE] = this.samples.stateNumber(stateText(last.after));
      ages[MACHINE] = age;
      return { ...one, values, ages };
    });
  }

  #exitOf(exit: FlightEvent, after: FlightEvent | undefined): TreeExit | null {
    const path = this.#pathOf(exit);
    const told = this.#failures.find((failure) => failure.path === path && failure.atUs >= exit.atUs && (after === undefined || failure.atUs <= after.atUs));
    if (told !== undefined) return told.reason;
    const kind = ['normal', 'shutdown', 'killed', 'error'][exit.detail] ?? 'unknown';
    // The tree tells the last exit of an actor: that of its last one here, if nothing ended it since.
    const { node, turns } = this.log.actor(exit.cell);
    const isLast = turns.findLast((event) => event.kind === 'exit') === exit;
    return isLast && node?.lastExit?.kind === kind ? node.lastExit : { kind, causes: [], info: '' };
  }

  #restartEvents(): FlightEvent[] {
    return [...this.log].filter(isRestart);
  }

  #pathOf({ cell, path }: FlightEvent): string | null {
    return path ?? this.log.actors.get(cell)?.path ?? null;
  }

  #upTo({ seq }: FlightPlace, path: string, count: number): FlightEvent[] {
    const list: FlightEvent[] = [];
    for (let at = this.log.countTo(seq) - 1; at >= 0 && list.length < count; at -= 1) if (this.#pathOf(this.log.at(at)!) === path) list.push(this.log.at(at)!);
    return list.reverse();
  }

  #cursor(key: string): TimeCursor {
    const { seq, atUs } = this.#placeOf(key);
    const event = this.log.countTo(seq);
    const last = this.log.at(event - 1);
    let restart = 0;
    for (let at = 0; at < event; at += 1) if (isRestart(this.log.at(at)!)) restart += 1;
    return {
      key, atUs, event, turn: 0, record: 0, input: 0, decision: 0, restart,
      last: last === undefined ? null : { kind: last.kind, path: this.#pathOf(last) ?? '' }, atEnd: atUs >= this.toUs,
    };
  }

  /** `e` and the number of the event after which one stands, or `t` and a time. */
  #placeOf(key: string): FlightPlace {
    const [, letter, digits] = /^([et])(\d{1,16})$/.exec(key) ?? [];
    const number = Number(digits);
    if (letter === undefined) throw new TimeError('target', `${JSON.stringify(key.slice(0, 40))} is no place of this recording`);
    if (letter === 'e') {
      const event = this.log.at(this.log.countTo(number));
      if (event?.seq !== number) throw new TimeError('target', 'that moment is not kept any more', 'go to a later one');
      return { seq: number + 1, atUs: event.atUs };
    }
    const event = this.log.at(this.log.countBy(number) - 1);
    const sample = this.samples.lastAt(Infinity, number);
    return { seq: Math.max((event?.seq ?? -1) + 1, sample === -1 ? 0 : this.samples.at(sample)!.seq), atUs: number };
  }

  /** The oldest samples have gone: what was heard before them goes too. */
  #cut(): void {
    const first = this.samples.at(this.samples.first);
    if (first === null) return;
    this.log.drop(first.seq);
    this.#from = { seq: first.seq, atUs: first.atUs };
    for (const [path, looks] of this.#looks) this.#looked -= trim(this.#looks, path, looks, first.atUs);
    for (const [path, readings] of this.#readings) this.#read -= trim(this.#readings, path, readings, first.atUs);
    this.#forget();
  }

  /** Actors of which nothing is kept any more. */
  #forget(): void {
    for (const [cell, { turns }] of this.log.actors) if (turns.length === 0 && !this.samples.has(cell)) this.log.actors.delete(cell);
  }
}

const keyOf = ({ seq }: FlightEvent): string => `e${seq}`;

function nodesUnder(nodes: readonly MomentNode[], path: string): MomentNode[] {
  const found = nodes.filter(({ node }) => node.path === path || node.path.startsWith(`${path}/`));
  const places = new Map(found.map(({ node }, at) => [node.path, at]));
  return found.map((one) => ({ ...one, node: { ...one.node, parent: one.node.path === path ? -1 : places.get(one.node.path.slice(0, one.node.path.lastIndexOf('/'))) ?? -1 } }));
}

function keep<T>(map: Map<string, T[]>, path: string, one: T): void {
  const list = map.get(path);
  if (list === undefined) map.set(path, [one]);
  else list.push(one);
}

/** Half of the longest list goes. */
function dropOldest<T>(map: Map<string, T[]>): number {
  let longest: T[] = [];
  for (const list of map.values()) if (list.length > longest.length) longest = list;
  return longest.splice(0, Math.ceil(longest.length / 2)).length;
}

function trim<T extends { readonly atUs: number }>(map: Map<string, T[]>, path: string, list: T[], atUs: number): number {
  const gone = list.findIndex((one) => one.atUs >= atUs);
  const count = gone === -1 ? list.length : gone;
  list.splice(0, count);
  if (list.length === 0) map.delete(path);
  return count;
}

function ageText(us: number): string {
  return us < 1e6 ? `${(us / 1e6).toFixed(3)} s` : us < 60e6 ? `${(us / 1e6).toFixed(1)} s` : `${Math.round(us / 60e6)} min`;
}
