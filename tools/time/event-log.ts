import { TraceKind } from '../../runtime/observe/trace.js';
import { countUpTo } from './columns.js';

/** Events of a piece of the log. */
const PIECE = 65_536;
/** Pieces whose events are kept, some 1.4 MiB each: four million events. */
export const MOST_PIECES = 64;
/** In the column of kinds: after this event the tree was between two turns. */
const REST = 0x80;

interface Events {
  readonly kinds: Uint8Array;
  readonly actors: Uint32Array;
  readonly times: Float64Array;
  readonly records: Float64Array;
}

interface Piece {
  events: Events | null;
  /** What its first event has, and how many turns lie before it: known also where its events are not kept. */
  readonly firstUs: number;
  readonly firstRecord: number;
  readonly turnsBefore: number;
  /** Numbers of the actors in it. */
  readonly actors: Set<number>;
}

/** What the log needs of whoever can play a stretch again: its events, from number `from` on, to be handed to `put` in order. */
export type PlayAgain = (from: number, to: number, put: (kind: number, actor: number, atUs: number, record: number, rest: boolean) => void) => void;

export interface LoggedEvent {
  readonly kind: TraceKind;
  readonly actor: number;
  readonly atUs: number;
  /** Records taken by then. */
  readonly record: number;
}

/**
 * Every step of a recording in columns: what the flight recorder had, all of it. Of long recordings the events of pieces not looked at for long are
 * given up, and had again by playing that stretch.
 */
export class EventLog {
  readonly #pieces: Piece[] = [];
  readonly #playAgain: PlayAgain;
  readonly #most: number;
  /** Numbers of pieces with events, the one looked at longest ago first. */
  readonly #held = new Set<number>();
  #length = 0;
  #turns = 0;
  #lastUs = 0;
  #lastRecord = 0;

  constructor(playAgain: PlayAgain, most = MOST_PIECES) {
    this.#playAgain = playAgain;
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }
  get turns(): number {
    return this.#turns;
  }

  /** Neither `stampUs` nor `record` is taken as less than that of the event before. */
  add(kind: number, actor: number, stampUs: number, records: number): void {
    const at = this.#length % PIECE;
    const atUs = (this.#lastUs = Math.max(this.#lastUs, stampUs));
    const record = (this.#lastRecord = Math.max(this.#lastRecord, records));
    if (at === 0) this.#begin(atUs, record);
    const piece = this.#pieces.at(-1)!;
    put(piece, at, kind, actor, atUs, record);
    this.#length += 1;
    if (kind === TraceKind.turn) this.#turns += 1;
  }

  /** After the last event the tree was between two turns. */
  rest(): void {
    if (this.#length > 0) this.#pieces.at(-1)!.events!.kinds[(this.#length - 1) % PIECE]! |= REST;
  }

  /** Event `number`, from 0. */
  event(number: number): LoggedEvent {
    const { kinds, actors, times, records } = this.#events(Math.floor(number / PIECE));
    const at = number % PIECE;
    return { kind: (kinds[at]! & ~REST) as TraceKind, actor: actors[at]!, atUs: times[at]!, record: records[at]! };
  }

  /** How many events had happened by `atUs`. */
  countByUs(atUs: number): number {
    return this.#count(({ firstUs }) => firstUs, ({ times }) => times, atUs);
  }

  /** How many events had happened when `record` records were taken. */
  countByRecord(record: number): number {
    return this.#count(({ firstRecord }) => firstRecord, ({ records }) => records, record);
  }

  /** How many events had happened when turn `turn` was done, from 1; undefined where there is none. */
  countByTurn(turn: number): number | undefined {
    if (turn < 1 || turn > this.#turns) return undefined;
    let number = this.#pieces.length - 1;
    while (this.#pieces[number]!.turnsBefore >= turn) number -= 1;
    const { kinds } = this.#events(number);
    let turns = this.#pieces[number]!.turnsBefore;
    for (let at = 0; ; at += 1) if ((kinds[at]! & ~REST) === TraceKind.turn && (turns += 1) === turn) return number * PIECE + at + 1;
  }

  /** Turns among the first `count` events. */
  turnsIn(count: number): number {
    if (count >= this.#length) return this.#turns;
    const number = Math.floor(count / PIECE);
    const { kinds } = this.#events(number);
    let turns = this.#pieces[number]!.turnsBefore;
    for (let at = 0; at < count % PIECE; at += 1) if ((kinds[at]! & ~REST) === TraceKind.turn) turns += 1;
    return turns;
  }

  /** The last moment between two turns at which fewer than `count` events had happened: how many had. 0 where there is none. */
  restBefore(count: number): number {
    for (let number = Math.min(count, this.#length) - 2; number >= 0; number -= 1) {
      const { kinds } = this.#events(Math.floor(number / PIECE));
      if ((kinds[number % PIECE]! & REST) !== 0) return number + 1;
    }
    return 0;
  }

  /** The first moment between two turns at which `count` events or more had happened: how many had. */
  restFrom(count: number): number {
    for (let number = Math.max(0, count - 1); number < this.#length; number += 1) {
      const { kinds } = this.#events(Math.floor(number / PIECE));
      if ((kinds[number % PIECE]! & REST) !== 0) return number + 1;
    }
    return this.#length;
  }

  /** The next (or, backwards, the one before) event of an actor, counted from when `count` had happened: how many have when it has. */
  ofActor(actor: number, count: number, direction: 1 | -1): number | undefined {
    let at = direction > 0 ? count : count - 2;
    while (at >= 0 && at < this.#length) {
      const number = Math.floor(at / PIECE);
      const piece = this.#pieces[number]!;
      const end = direction > 0 ? Math.min(this.#length, (number + 1) * PIECE) : number * PIECE - 1;
      if (!piece.actors.has(actor)) {
        at = end;
        continue;
      }
      const { actors } = this.#events(number);
      for (; at !== end; at += direction) if (actors[at % PIECE] === actor) return at + 1;
    }
    return undefined;
  }

  /** Events in each of `count` equal parts of the time [fromUs, toUs]; where pieces are given up, spread evenly over their time. */
  density(fromUs: number, toUs: number, count: number): number[] {
    const into = new Array<number>(count).fill(0);
    const partOf = (us: number): number => Math.min(count - 1, Math.max(0, Math.floor((us - fromUs) / Math.max(1, toUs - fromUs) * count)));
    for (const [number, { events, firstUs }] of this.#pieces.entries()) {
      const length = Math.min(PIECE, this.#length - number * PIECE);
      if (events !== null) {
        for (let at = 0; at < length; at += 1) into[partOf(events.times[at]!)]! += 1;
        continue;
      }
      const [first, last] = [partOf(firstUs), partOf(this.#pieces[number + 1]?.firstUs ?? toUs)];
      for (let part = first; part <= last; part += 1) into[part]! += Math.round(length / (last - first + 1));
    }
    return into;
  }

  #begin(firstUs: number, firstRecord: number): void {
    const number = this.#pieces.push({ events: emptyEvents(), firstUs, firstRecord, turnsBefore: this.#turns, actors: new Set() }) - 1;
    this.#hold(number);
  }

  #hold(number: number): void {
    this.#held.delete(number);
    this.#held.add(number);
    if (this.#held.size <= this.#most) return;
    for (const oldest of this.#held) {
      // The last one is being written.
      if (oldest === this.#pieces.length - 1 || oldest === number) continue;
      this.#pieces[oldest]!.events = null;
      this.#held.delete(oldest);
      return;
    }
  }

  #events(number: number): Events {
    const piece = this.#pieces[number]!;
    if (piece.events === null) {
      piece.events = emptyEvents();
      let at = 0;
      const to = Math.min(this.#length, (number + 1) * PIECE);
      let { firstUs, firstRecord } = piece;
      this.#playAgain(number * PIECE, to, (kind, actor, atUs, record, rest) => {
        firstUs = Math.max(firstUs, atUs);
        firstRecord = Math.max(firstRecord, record);
        put(piece, at++, rest ? kind | REST : kind, actor, firstUs, firstRecord);
      });
    }
    this.#hold(number);
    return piece.events;
  }

  #count(firstOf: (piece: Piece) => number, columnOf: (events: Events) => Float64Array, value: number): number {
    let number = countUpTo(this.#pieces.map(firstOf), this.#pieces.length, value) - 1;
    if (number < 0) return 0;
    number = Math.min(number, this.#pieces.length - 1);
    const length = Math.min(PIECE, this.#length - number * PIECE);
    return number * PIECE + countUpTo(columnOf(this.#events(number)), length, value);
  }
}

const emptyEvents = (): Events => ({ kinds: new Uint8Array(PIECE), actors: new Uint32Array(PIECE), times: new Float64Array(PIECE), records: new Float64Array(PIECE) });

function put({ events, actors }: Piece, at: number, kind: number, actor: number, atUs: number, record: number): void {
  const { kinds, actors: own, times, records } = events!;
  kinds[at] = kind;
  own[at] = actor;
  times[at] = atUs;
  records[at] = record;
  actors.add(actor);
}
