import { ChildEnded } from './asks.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { awaitStart } from './pending-start.js';
import { forget } from './release.js';

/** A child that a worker spawned and whose start takes time: a failure is told to the worker as an end of the child. */
export function awaitSpawned(d: Dispatcher, parent: Cell, child: Cell): void {
  const { id } = child;
  awaitStart(child, false, (cause) => {
    if (cause === null) return;
    forget(d, child);
    if (parent.behaviour.childExit !== undefined) d.notify(parent, new ChildEnded(id, { kind: 'error', cause }));
  });
}
