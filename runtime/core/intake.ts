import type { SendResult } from '../types.js';
import type { Dispatcher } from './dispatcher.js';
import { CellKind, CellState } from './states.js';

export interface IntakeOptions {
  /** Messages in the mailbox from which on nothing more is taken. Default, and at most: its capacity. */
  readonly highMark?: number;
  /** Messages in the mailbox at which a source that waits is told to go on. Default: half the high mark. */
  readonly lowMark?: number;
  /** Called between turns, once for each time `offer` has answered `wait`. One that throws closes the intake. */
  readonly onReady: () => void;
}

/**
 * `delivered`; or not taken: `wait` until `onReady`, which comes when the mailbox has run down to the low mark or the actor is down for
 * good, and offer it again; `dead`: nobody is there, and no supervisor is about to start anybody.
 */
export type OfferResult = 'delivered' | 'wait' | 'dead';

/** A source's way into the mailbox of one actor, with credit: it loses nothing and never fills the mailbox over its high mark. */
export class Intake<M = unknown> {
  readonly path: string;
  readonly #d: Dispatcher;
  readonly #send: (message: M) => SendResult;
  readonly #options: IntakeOptions;
  #closed = false;

  constructor(d: Dispatcher, path: string, send: (message: M) => SendResult, options: IntakeOptions) {
    const { highMark = Infinity, lowMark = 0 } = options;
    if (!(highMark >= 1)) throw new RangeError(`intake of ${path}: highMark must be a number from 1, not ${highMark}`);
    if (!(lowMark >= 0 && lowMark < highMark)) throw new RangeError(`intake of ${path}: lowMark must be from 0 and below highMark, not ${lowMark}`);
    this.path = path;
    this.#d = d;
    this.#send = send;
    this.#options = options;
  }

  offer(message: M): OfferResult {
    const d = this.#d;
    const cell = d.find(this.path);
    if (this.#closed || cell === undefined || cell.kind !== CellKind.worker || cell.state >= CellState.stopped) return 'dead';
    if (!d.takes(cell) || cell.mailbox.count >= this.highMark(cell.mailbox.capacity)) return this.wait();
    switch (this.#send(message)) {
      case 'delivered': return 'delivered';
      case 'full': return this.wait();
      case 'dead': return 'dead';
    }
  }

  /** Nothing is taken and nobody is told any more. */
  close(): void {
    this.#closed = true;
    this.#d.intakes?.delete(this as Intake<never>);
  }

  /** Tells the source to go on, if it can. */
  review(): void {
    const d = this.#d;
    const cell = d.find(this.path);
    if (cell !== undefined && cell.state < CellState.stopped) {
      const highMark = this.highMark(cell.mailbox.capacity);
      const lowMark = Math.min(this.#options.lowMark ?? highMark / 2, highMark - 1);
      if (!d.takes(cell) || cell.mailbox.count > lowMark) return;
    }
    d.intakes?.delete(this as Intake<never>);
    try {
      this.#options.onReady();
    } catch {
      this.close();
    }
  }

  private wait(): OfferResult {
    (this.#d.intakes ??= new Set()).add(this as Intake<never>);
    return 'wait';
  }

  private highMark(capacity: number): number {
    return Math.min(this.#options.highMark ?? capacity, capacity);
  }
}
