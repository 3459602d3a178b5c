import type { ExitReason } from '../types.js';
import { type Cell, NO_NOTICES, type Watcher } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { dropIdle } from './idle.js';
import { unstashAll } from './stash.js';
import { CellState } from './states.js';
import type { TokenMap } from './token-map.js';

/** Takes a cell out of the tree; its path is free from here on. */
export function forget(d: Dispatcher, cell: Cell): void {
  if (cell.state === CellState.gone) return;
  // What was kept for a next life that did not start.
  if (cell.queued !== 0 || cell.stash !== null) release(d, cell, true);
  if (d.permanent !== null) d.permanent.note(cell);
  cell.state = CellState.gone;
  if (d.tasks !== null) d.tasks.delete(cell);
  d.paths.remove(cell.path, cell);
  cell.parent?.children?.remove(cell.id, cell);
  // A reference somebody keeps must not keep the tree.
  cell.parent = null;
  cell.children = null;
  cell.value = undefined;
}

/** Everything (path, incarnation) owned goes with it; queued messages too when the end is final or the specification says so. */
export function release(d: Dispatcher, cell: Cell, final: boolean): void {
  if (d.intakes !== null) d.news = true;
  // Most actors have few of these; each costs one that has none a look.
  if (cell.timers !== null) for (const timer of cell.timers.values()) d.timers.remove(timer);
  cell.timers = null;
  if (cell.asks !== null) {
    for (const ask of cell.asks) {
      ask.done = true;
      if (ask.timer !== null) d.timers.remove(ask.timer);
    }
  }
  cell.asks = null;
  cell.effects = null;
  if (d.permanent !== null) {
    d.permanent.drop(cell);
    if (final) d.permanent.note(cell);
  }
  if (cell.idle !== null) dropIdle(d, cell);
  if (cell.topics !== null) for (const topic of cell.topics) unsubscribe(d, cell, topic);
  cell.topics = null;
  if (cell.names !== null) for (const name of cell.names) d.names.delete(name);
  cell.names = null;
  if (cell.ties !== null) d.groups.release(d, cell);
  cell.watching?.forEach((target, token) => target.watchers?.delete(token));
  cell.watching = null;
  for (let at = cell.systemHead; at < cell.system.length; at++) d.deadLetter('stale', cell, d.discard(cell.system[at]));
  cell.system = NO_NOTICES;
  cell.systemHead = 0;
  cell.value = undefined;
  cell.stateGood = false;
  cell.random = null;
  if (!final && cell.policy.onRestart === 'keep') {
    // The next life knows nothing of what this one set aside: it gets it first.
    unstashAll(d, cell);
    return;
  }
  const remains = final ? 'stopped' : 'restarting_drop';
  if (cell.stash !== null) for (const entry of cell.stash) d.deadLetter(remains, cell, d.discard(entry));
  cell.stash = null;
  while (cell.mailbox.count > 0) d.deadLetter(remains, cell, d.discard(cell.mailbox.shift()));
  cell.mailbox.specials = cell.poisoned;
}

function unsubscribe(d: Dispatcher, cell: Cell, topic: string): void {
  const members = d.topics.get(topic);
  members?.delete(cell);
  if (members?.size === 0) d.topics.delete(topic);
}

export function tellWatchers(d: Dispatcher, cell: Cell, reason: ExitReason): void {
  const { watchers } = cell;
  if (watchers === null) return;
  cell.watchers = null;
  tellAll(d, cell, watchers, reason);
}

function tellAll(d: Dispatcher, cell: Cell, watchers: TokenMap<Watcher>, reason: ExitReason): void {
  watchers.forEach((watcher, token) => d.tell(watcher, token, cell.path, cell.incarnation, reason));
}
