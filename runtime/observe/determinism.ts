import type { Cell } from '../core/cell.js';
import { ContentHash } from './contents.js';
import type { Trace } from './trace.js';

/**
 * What the hash of the trace covers. 'events': who did what kind of thing, in which order. 'messages': also what every handled
 * message, dead letter and effect says, and whose it is. 'states': also the state that each start and turn leaves, which costs a walk over it.
 */
export type TraceHash = 'events' | 'messages' | 'states';

/** Puts contents into the hash of a trace. There is none where only events count. */
export class Determinism {
  private readonly trace: Trace;
  private readonly states: boolean;
  private readonly hash = new ContentHash();

  constructor(trace: Trace, covers: 'messages' | 'states') {
    this.trace = trace;
    this.states = covers === 'states';
  }

  /** A message and whose it is: by path, which unlike the number of a cell has a meaning. */
  message(kind: string, path: string, message: unknown): void {
    this.hash.add(kind);
    this.hash.add(path);
    this.hash.add(message);
    this.trace.mix(this.hash.low, this.hash.high);
  }

  /** A turn that is done: its message, and the state it leaves. */
  turn(cell: Cell, message: unknown): void {
    this.message('turn', cell.path, message);
    this.state(cell);
  }

  /** The state of an actor after a start or a turn: what its `snapshot` hook makes of it, where there is one. */
  state(cell: Cell): void {
    if (!this.states) return;
    this.hash.add(cell.path);
    this.hash.add(dataOf(cell));
    this.trace.mix(this.hash.low, this.hash.high);
  }
}

function dataOf({ behaviour, value }: Cell): unknown {
  if (behaviour.snapshot === undefined) return value;
  try {
    return behaviour.snapshot(value);
  } catch (thrown) {
    return thrown;
  }
}
