import { TraceKind } from '../observe/trace.js';
import { type Ask, AskRequest } from './asks.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { CellState } from './states.js';

/** Stands for "no ask" where null stands for "nothing to set aside". */
export const NO_ASK: unique symbol = Symbol('no ask');

/** Sets the message of the turn that has just been committed aside; it comes back with `unstashAll`. */
export function setAside(d: Dispatcher, cell: Cell, message: unknown, ask: Ask | typeof NO_ASK): void {
  d.setAside++;
  const held = cell.stash?.length ?? 0;
  if (held >= cell.policy.stash) {
    if (ask !== NO_ASK) d.answer(ask, { ok: false, reason: 'full' });
    d.deadLetter('stash_overflow', cell, message);
    return;
  }
  (cell.stash ??= []).push(ask === NO_ASK ? message : new AskRequest(ask));
  d.trace.write(TraceKind.stash, cell.number, held + 1, d.nowUs);
}

/** What was set aside comes next, oldest first. */
export function unstashAll(d: Dispatcher, cell: Cell): void {
  if (cell.stash === null) return;
  cell.mailbox.unshift(cell.stash);
  cell.stash = null;
  if (!cell.scheduled && cell.state <= CellState.draining) d.schedule(cell);
}
