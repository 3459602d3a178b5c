import type { Connection } from './connection.js';
import type { ControlLimits } from './limits.js';
import type { TracePiece } from './link.js';
import { TraceKind } from '../observe/trace.js';
import { TRACE_KINDS } from './methods.js';
import { isUnder } from './paths.js';

export interface TraceFilter {
  readonly path?: string | undefined;
  readonly kinds?: readonly string[] | undefined;
}

interface Subscription {
  readonly number: number;
  readonly connection: Connection;
  readonly path: string | null;
  readonly kinds: ReadonlySet<string> | null;
  delivered: number;
  dropped: number;
  untold: number;
  untoldMissed: number;
  restarted: boolean;
}

const KIND_NAMES: ReadonlyMap<number, string> = new Map(TRACE_KINDS.map((name) => [TraceKind[name], name]));

/** Names kept; they are asked for again when there are more. */
const MOST_NAMES = 100_000;

/** Subscriptions to the trace: who gets which events, and what was dropped for whom. Lives in the socket's thread. */
export class TraceHub {
  readonly #limits: ControlLimits;
  readonly #wanted: (wanted: boolean) => void;
  /** Asks the main loop for the paths of actors by their numbers. */
  readonly #askPaths: (cells: readonly number[], done: (paths: readonly (readonly [number, string])[]) => void) => void;
  readonly #onDropped: (events: number) => void;
  readonly #subscriptions = new Map<number, Subscription>();
  /** Null: gone before it could be asked for. */
  #names = new Map<number, string | null>();
  #asking = false;
  #held: TracePiece[] = [];
  #next = 1;

  constructor(limits: ControlLimits, wanted: (wanted: boolean) => void, askPaths: (cells: readonly number[], done: (paths: readonly (readonly [number, string])[]) => void) => void, onDropped: (events: number) => void) {
    this.#limits = limits;
    this.#wanted = wanted;
    this.#askPaths = askPaths;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Null when the connection has as many as it may. */
  subscribe(connection: Connection, filter: TraceFilter): number | null {
    if (connection.subscriptions >= this.#limits.clientSubscriptions) return null;
    const number = this.#next++;
    this.#subscriptions.set(number, {
      number, connection, path: filter.path ?? null, kinds: filter.kinds === undefined ? null : new Set(filter.kinds),
      delivered: 0, dropped: 0, untold: 0, untoldMissed: 0, restarted: false,
    });
    connection.subscriptions++;
    if (this.#subscriptions.size === 1) this.#wanted(true);
    return number;
  }

  unsubscribe(connection: Connection, number: number): { readonly delivered: number; readonly dropped: number } | null {
    const subscription = this.#subscriptions.get(number);
    if (subscription === undefined || subscription.connection !== connection) return null;
    this.#remove(subscription);
    return { delivered: subscription.delivered, dropped: subscription.dropped };
  }

  gone(connection: Connection): void {
    for (const subscription of this.#subscriptions.values()) if (subscription.connection === connection) this.#remove(subscription);
  }

  /** A piece of the flight recorder. When it has numbers without a name, it waits for one question to the main loop. */
  take(piece: TracePiece): void {
    if (this.#subscriptions.size === 0) return;
    this.#held.push(piece);
    if (!this.#asking) this.#deliverHeld();
  }

  /** Delivers the oldest pieces, up to one that needs names. */
  #deliverHeld(): void {
    for (let piece = this.#held[0]; piece !== undefined; piece = this.#held[0]) {
      if (piece.restarted || this.#names.size > MOST_NAMES) this.#names = new Map();
      const unknown = [...new Set(piece.cells)].filter((cell) => !this.#names.has(cell));
      if (unknown.length > 0) {
        this.#ask(unknown);
        return;
      }
      this.#held.shift();
      this.#deliver(piece);
    }
  }

  #ask(cells: readonly number[]): void {
    this.#asking = true;
    this.#askPaths(cells, (paths) => {
      this.#asking = false;
      for (const cell of cells) this.#names.set(cell, null);
      for (const [cell, path] of paths) this.#names.set(cell, path);
      const piece = this.#held.shift();
      if (piece !== undefined) this.#deliver(piece);
      this.#deliverHeld();
    });
  }

  #deliver(piece: TracePiece): void {
    for (const subscription of this.#subscriptions.values()) this.#deliverTo(subscription, piece);
  }

  #deliverTo(subscription: Subscription, piece: TracePiece): void {
    subscription.untoldMissed += piece.missed;
    if (piece.restarted) subscription.restarted = true;
    const events: unknown[] = [];
    const { path, kinds } = subscription;
    for (let at = 0; at < piece.kinds.length; at++) {
      const kind = traceKindName(piece.kinds[at]!);
      if (kinds !== null && !kinds.has(kind)) continue;
      const cell = piece.cells[at]!;
      const name = this.#names.get(cell) ?? null;
      if (path !== null && (name === null || !isUnder(name, path))) continue;
      if (events.length >= this.#limits.traceBatchEvents) subscription.untold++;
      else events.push({ seq: piece.fromSeq + at, kind, path: name, cell, detail: piece.details[at], atUs: piece.times[at] });
    }
    if (events.length === 0 && subscription.untold === 0 && subscription.untoldMissed === 0) return;
    const { number, connection } = subscription;
    const before = subscription.untold;
    const sent = connection.notify('trace.events', {
      subscription: number, events, dropped: before, missed: subscription.untoldMissed, ...(subscription.restarted ? { restarted: true } : {}),
    });
    if (sent) {
      subscription.delivered += events.length;
      subscription.dropped += before;
      this.#onDropped(before);
      subscription.untold = 0;
      subscription.untoldMissed = 0;
      subscription.restarted = false;
    } else {
      subscription.untold += events.length;
    }
  }

  #remove(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.number);
    subscription.connection.subscriptions--;
    subscription.dropped += subscription.untold;
    this.#onDropped(subscription.untold);
    if (this.#subscriptions.size === 0) {
      this.#held = [];
      this.#wanted(false);
    }
  }
}

export function traceKindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? 'fault';
}
