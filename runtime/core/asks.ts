import type { Timer } from '../clock/timer-heap.js';
import type { AskResult } from '../types.js';
import type { Cell } from './cell.js';
import { Envelope } from './mailbox.js';

/** A question under way. It belongs to the asker's incarnation and has one outcome. */
export class Ask {
  done = false;
  timer: Timer | null = null;
  /** The asking cell and its epoch, or null for code outside the tree. */
  readonly asker: Cell | null;
  readonly epoch: number;
  readonly request: unknown;
  readonly toMessage: (result: AskResult<never>) => unknown;

  constructor(asker: Cell | null, epoch: number, request: unknown, toMessage: (result: AskResult<never>) => unknown) {
    this.asker = asker;
    this.epoch = epoch;
    this.request = request;
    this.toMessage = toMessage;
  }
}

/** The question in the mailbox of the one who is asked. */
export class AskRequest extends Envelope {
  readonly ask: Ask;

  constructor(ask: Ask) {
    super();
    this.ask = ask;
  }
}

/** The outcome in the mailbox of the one who asked; made into a message inside the turn that handles it. */
export class AskOutcome extends Envelope {
  readonly ask: Ask;
  readonly result: AskResult<unknown>;

  constructor(ask: Ask, result: AskResult<unknown>) {
    super();
    this.ask = ask;
    this.result = result;
  }
}

/** On the system lane of a parent: a child it spawned has ended for good. */
export class ChildEnded extends Envelope {
  readonly id: string;
  readonly reason: import('../types.js').ExitReason;

  constructor(id: string, reason: import('../types.js').ExitReason) {
    super();
    this.id = id;
    this.reason = reason;
  }
}
