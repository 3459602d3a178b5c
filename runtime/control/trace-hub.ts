import type { Connection } from './connection.js';
import type { ControlLimits } from './limits.js';
import type { TracePiece } from './link.js';
import { TraceKind } from '../observe/trace.js';
import { TRACE_KINDS, type WireTreeNode } from './methods.js';

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

/** Subscriptions to the trace: who gets which events, and what was dropped for whom. Lives in the socket's thread. */
export class TraceHub {
  readonly #limits: ControlLimits;
  readonly #wanted: (wanted: boolean) => void;
  /** Asks for the tree, whose nodes name the numbers of the events. */
  readonly #askTree: (done: (tree: WireTreeNode | null) => void) => void;
  readonly #onDropped: (events: number) => void;
  readonly #subscriptions = new Map<number, Subscription>();
  #names = new Map<number, string>();
  #askedTree = false;
  #held: TracePiece[] = [];
  #next = 1;

  constructor(limits: ControlLimits, wanted: (wanted: boolean) => void, askTree: (done: (tree: WireTreeNode | null) => void) => void, onDropped: (events: number) => void) {
    this.#limits = limits;
    this.#wanted = wanted;
    this.#askTree = askTree;
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

  /** A piece of the flight recorder. When it has numbers without a name, it waits for one look at the tree. */
  take(piece: TracePiece): void {
    if (this.#subscriptions.size === 0) return;
    if (piece.restarted) this.#names = new Map();
    if (this.#askedTree) {
      this.#held.push(piece);
      return;
    }
    if (piece.cells.every((cell) => this.#names.has(cell))) {
      this.#deliver(piece);
      return;
    }
    this.#askedTree = true;
    this.#held.push(piece);
    this.#askTree((tree) => {
      this.#askedTree = false;
      if (tree !== null) {
        this.#names = new Map();
        nameCells(tree, this.#names);
      }
      for (const held of this.#held.splice(0)) this.#deliver(held);
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
      const kind = KIND_NAMES.get(piece.kinds[at]!) ?? 'fault';
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

/** Whether an actor is `root` or under it. */
export function isUnder(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}

function nameCells(tree: WireTreeNode, names: Map<number, string>): void {
  const left = [tree];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    names.set(node.cell, node.path);
    for (const child of node.children) left.push(child);
  }
}
