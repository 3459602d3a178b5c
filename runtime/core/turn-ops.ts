import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';

/** What a turn asked for, by kind; what `a`, `b` and `n` hold is said at each. */
export const Op = {
  /** a: target cell, b: message. A place in the target's mailbox is reserved. */
  send: 0,
  /** a: path nobody had when it was sent, b: message. */
  sendNowhere: 1,
  /** a: key, b: message, n: due µs. */
  startTimer: 2,
  /** a: key. */
  cancelTimer: 3,
  /** a: effect name, b: payload. */
  effect: 4,
  /** a: exit reason, or undefined for a normal exit with b: output. */
  stop: 5,
  /** a: topic, b: message. */
  publish: 6,
  /** a: topic. */
  subscribe: 7,
  /** a: target reference, n: token. */
  monitor: 8,
  /** n: token. */
  demonitor: 9,
  /** a: target path, b: Ask, n: deadline µs. */
  ask: 10,
  /** a: Ask or null, b: value. */
  reply: 11,
  /** a: child id. */
  stopChild: 12,
  /** a: child cell; only a rolled back turn looks at it. */
  spawned: 13,
  /** a: name. */
  register: 14,
  /** b: child specification. */
  spawnLater: 15,
  /** a: a `Call`, b and n: what it is called with. */
  call: 16,
  /** a: Ask that came with the message, or `NO_ASK`. Carried out last. */
  stash: 17,
  unstashAll: 18,
} as const;
/** Something to be done when the turn is committed that needs no place in the switch; a module's function, never a closure. */
export type Call = (d: Dispatcher, owner: Cell, b: unknown, n: number) => void;

export type Op = (typeof Op)[keyof typeof Op];

/**
 * Everything a turn wants done, kept until the turn has succeeded. A turn is atomic: a throw leaves nothing of it.
 * Turns nest only where `spawn` runs a child's `init`; the inner one's wishes then stand or fall with the outer.
 */
export class TurnOps {
  count = 0;
  readonly kinds: Op[] = [];
  readonly owners: (Cell | null)[] = [];
  readonly a: unknown[] = [];
  readonly b: unknown[] = [];
  readonly n: number[] = [];

  add(kind: Op, owner: Cell, a: unknown, b: unknown, n: number): void {
    const at = this.count++;
    this.kinds[at] = kind;
    this.owners[at] = owner;
    this.a[at] = a;
    this.b[at] = b;
    this.n[at] = n;
  }

  /** Forgets everything from `mark` on. */
  truncate(mark: number): void {
    for (let at = mark; at < this.count; at++) {
      this.owners[at] = null;
      this.a[at] = undefined;
      this.b[at] = undefined;
    }
    this.count = mark;
  }
}
