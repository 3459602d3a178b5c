import type { Connection } from './connection.js';
import type { ControlLimits } from './limits.js';
import type { TracePiece } from './link.js';
import { TraceKind } from '../observe/trace.js';
import { TRACE_KINDS } from './methods.js';
import { isUnder } from './paths.js';
import { type Subscription, Subscriptions } from './subscriptions.js';

export interface TraceFilter {
  readonly path?: string | undefined;
  readonly kinds?: readonly string[] | undefined;
}

interface TraceSubscription extends Subscription {
  readonly path: string | null;
  readonly kinds: ReadonlySet<string> | null;
  untoldMissed: number;
  restarted: boolean;
}

const KIND_NAMES: ReadonlyMap<number, string> = new Map(TRACE_KINDS.map((name) => [TraceKind[name], name]));

/** Names kept; they are asked for again when there are more. */
const MOST_NAMES = 100_000;

/** Subscriptions to the trace: who gets which events, and what was dropped for whom. */
export class TraceHub extends Subscriptions<TraceSubscription> {
  readonly #batchEvents: number;
  /** Asks the main loop for the paths of actors by their numbers. */
  readonly #askPaths: (cells: readonly number[], done: (paths: readonly (readonly [number, string])[]) => void) => void;
  /** Null: gone before it could be asked for. */
  #names = new Map<number, string | null>();
  #asking = false;
  #held: TracePiece[] = [];

  constructor(limits: ControlLimits, wanted: (wanted: boolean) => void, askPaths: (cells: readonly number[], done: (paths: readonly (readonly [number, string])[]) => void) => void, onDropped: (events: number) => void) {
    super(limits.clientSubscriptions, wanted, onDropped);
    this.#batchEvents = limits.traceBatchEvents;
    this.#askPaths = askPaths;
  }

  subscribe(connection: Connection, filter: TraceFilter): number | null {
    const kinds = filter.kinds === undefined ? null : new Set(filter.kinds);
    return this.add(connection, (fresh) => ({ ...fresh, path: filter.path ?? null, kinds, untoldMissed: 0, restarted: false }));
  }

  protected override emptied(): void {
    this.#held = [];
  }

  /** A piece of the flight recorder. When it has numbers without a name, it waits for one question to the main loop. */
  take(piece: TracePiece): void {
    if (this.size === 0) return;
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
    for (const subscription of this.each()) this.#deliverTo(subscription, piece);
  }

  #deliverTo(subscription: TraceSubscription, piece: TracePiece): void {
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
      if (events.length >= this.#batchEvents) subscription.untold++;
      else events.push({ seq: piece.fromSeq + at, kind, path: name, cell, detail: piece.details[at], atUs: piece.times[at] });
    }
    if (events.length === 0 && subscription.untold === 0 && subscription.untoldMissed === 0) return;
    const { number, connection } = subscription;
    const sent = connection.notify('trace.events', {
      subscription: number, events, dropped: subscription.untold, missed: subscription.untoldMissed, ...(subscription.restarted ? { restarted: true } : {}),
    });
    this.book(subscription, events.length, sent);
    if (!sent) return;
    subscription.untoldMissed = 0;
    subscription.restarted = false;
  }
}

export function traceKindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? 'fault';
}
