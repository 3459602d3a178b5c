import type { ExitReason } from '../types.js';
import type { Cell } from './cell.js';

/** An incarnation whose end waits to be settled. */
export class PendingExit {
  readonly cell: Cell;
  readonly incarnation: number;
  /** Null when the cell has already left its running state. */
  readonly reason: ExitReason | null;

  constructor(cell: Cell, incarnation: number, reason: ExitReason | null) {
    this.cell = cell;
    this.incarnation = incarnation;
    this.reason = reason;
  }
}
