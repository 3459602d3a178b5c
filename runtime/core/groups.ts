import type { ActorRef, GroupChange } from '../types.js';
import type { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { CellState } from './states.js';
import type { Call } from './turn-ops.js';

/** What one incarnation has to do with groups; most have nothing. */
export interface GroupTies {
  readonly joined: Set<string>;
  /** Groups it watches, by token. */
  readonly watching: Map<number, string>;
}

/** Groups of actors under a name, after OTP's pg: members in the order they joined, and who is told of changes. */
export class Groups {
  private readonly members = new Map<string, Set<Cell>>();
  private readonly watchers = new Map<string, Map<number, Cell>>();

  membersOf(group: string): ActorRef[] {
    return [...(this.members.get(group) ?? [])].map((cell) => cell.self);
  }

  /** Names of groups with members, in the order they came to be. */
  names(): string[] {
    return [...this.members.keys()];
  }

  join(d: Dispatcher, cell: Cell, group: string): void {
    const members = this.members.get(group);
    if (members === undefined) this.members.set(group, new Set([cell]));
    else if (members.has(cell)) return;
    else members.add(cell);
    tiesOf(cell).joined.add(group);
    this.tell(d, group, { joined: [cell.self], left: [] });
  }

  leave(d: Dispatcher, cell: Cell, group: string): void {
    const members = this.members.get(group);
    if (members?.delete(cell) !== true) return;
    if (members.size === 0) this.members.delete(group);
    cell.ties?.joined.delete(group);
    this.tell(d, group, { joined: [], left: [cell.self] });
  }

  /** The first notice is of those who are there. */
  watch(d: Dispatcher, cell: Cell, group: string, token: number): void {
    const watchers = this.watchers.get(group);
    if (watchers === undefined) this.watchers.set(group, new Map([[token, cell]]));
    else watchers.set(token, cell);
    tiesOf(cell).watching.set(token, group);
    d.notify(cell, { type: 'runtime.group', group, token, joined: this.membersOf(group), left: [] } satisfies GroupChange);
  }

  unwatch(cell: Cell, token: number): void {
    const group = cell.ties?.watching.get(token);
    if (group === undefined) return;
    cell.ties?.watching.delete(token);
    const watchers = this.watchers.get(group);
    watchers?.delete(token);
    if (watchers?.size === 0) this.watchers.delete(group);
  }

  /** The incarnation is over. */
  release(d: Dispatcher, cell: Cell): void {
    const { ties } = cell;
    if (ties === null) return;
    for (const token of ties.watching.keys()) this.unwatch(cell, token);
    for (const group of ties.joined) this.leave(d, cell, group);
    cell.ties = null;
  }

  broadcast(d: Dispatcher, group: string, message: unknown): number {
    const members = [...(this.members.get(group) ?? [])];
    for (const cell of members) d.deliver(cell, message);
    return members.length;
  }

  private tell(d: Dispatcher, group: string, change: { readonly joined: readonly ActorRef[]; readonly left: readonly ActorRef[] }): void {
    for (const [token, cell] of this.watchers.get(group) ?? []) d.notify(cell, { type: 'runtime.group', group, token, ...change } satisfies GroupChange);
  }
}

function tiesOf(cell: Cell): GroupTies {
  cell.ties ??= { joined: new Set(), watching: new Map() };
  return cell.ties;
}

const ended = (cell: Cell): boolean => cell.state > CellState.draining;

export const callJoin: Call = (d, owner, group) => {
  if (!ended(owner)) d.groups.join(d, owner, group as string);
};
export const callLeave: Call = (d, owner, group) => d.groups.leave(d, owner, group as string);
export const callWatch: Call = (d, owner, group, token) => {
  if (!ended(owner)) d.groups.watch(d, owner, group as string, token);
};
export const callUnwatch: Call = (d, owner, _nothing, token) => {
  d.groups.unwatch(owner, token);
  withdraw(d, owner, token);
};
export const callBroadcast: Call = (d, _owner, wish) => {
  const { group, message } = wish as { readonly group: string; readonly message: unknown };
  d.groups.broadcast(d, group, message);
};

/** Takes back notices of a token that are already queued. */
function withdraw(d: Dispatcher, cell: Cell, token: number): void {
  const isOf = (entry: unknown): boolean => typeof entry === 'object' && entry !== null && 'token' in entry && entry.token === token;
  for (let at = cell.system.length - 1; at >= cell.systemHead; at--) {
    if (!isOf(cell.system[at])) continue;
    cell.system.splice(at, 1);
    d.sent--;
  }
}
