import type { ChildSpec, ExitReason } from '../types.js';
import { Cell, type Watcher } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { CellState, StopMode } from './states.js';

interface End {
  readonly incarnation: number;
  readonly reason: ExitReason;
}
type Gone = ExitReason | { readonly kind: 'noproc' };

/**
 * Who wants to know when an address is gone for good. An address that ended is looked at when all exits are settled: one that a
 * supervisor above will start again is not gone.
 */
export class PermanentWatches {
  private readonly byPath = new Map<string, Map<number, Watcher>>();
  private readonly byWatcher = new Map<Cell, Map<number, string>>();
  private readonly ended = new Map<string, End>();

  /** Somebody may have to be told. */
  get waiting(): boolean {
    return this.ended.size !== 0;
  }

  /** Returns the path behind the address. */
  add(d: Dispatcher, watcher: Watcher, token: number, address: string): string {
    const known = d.find(address);
    const path = known?.path ?? address;
    if (!stands(known) && !comesBack(d, path)) {
      this.tell(d, watcher, token, path, known?.incarnation ?? 0, { kind: 'noproc' });
      return path;
    }
    const watchers = this.byPath.get(path);
    if (watchers === undefined) this.byPath.set(path, new Map([[token, watcher]]));
    else watchers.set(token, watcher);
    if (!(watcher instanceof Cell)) return path;
    const own = this.byWatcher.get(watcher);
    if (own === undefined) this.byWatcher.set(watcher, new Map([[token, path]]));
    else own.set(token, path);
    return path;
  }

  watchedBy(cell: Cell): boolean {
    return (this.byWatcher.get(cell)?.size ?? 0) > 0;
  }

  /** Takes back a watch of code outside the tree. */
  removeAt(path: string, token: number): void {
    const watchers = this.byPath.get(path);
    watchers?.delete(token);
    if (watchers?.size === 0) this.byPath.delete(path);
  }

  /** Takes back a watch of an actor. */
  remove(watcher: Cell, token: number): void {
    const own = this.byWatcher.get(watcher);
    const path = own?.get(token);
    if (path === undefined) return;
    this.forgetToken(watcher, token);
    this.removeAt(path, token);
  }

  /** The watcher's incarnation is over: its watches go with it. */
  drop(watcher: Cell): void {
    const own = this.byWatcher.get(watcher);
    if (own === undefined) return;
    this.byWatcher.delete(watcher);
    for (const [token, path] of own) this.removeAt(path, token);
  }

  /** An incarnation has ended and its supervisor does not start the next one by itself. */
  note(cell: Cell): void {
    if (this.byPath.has(cell.path)) this.ended.set(cell.path, { incarnation: cell.incarnation, reason: cell.lastExit ?? { kind: 'shutdown' } });
  }

  /** Between turns, with all exits settled. */
  review(d: Dispatcher): void {
    for (const [path, { incarnation, reason }] of this.ended) {
      const up = stands(d.paths.get(path));
      if (!up && comesBack(d, path)) continue;
      this.ended.delete(path);
      if (up) continue;
      const watchers = this.byPath.get(path);
      this.byPath.delete(path);
      for (const [token, watcher] of watchers ?? []) {
        if (watcher instanceof Cell) this.forgetToken(watcher, token);
        this.tell(d, watcher, token, path, incarnation, reason);
      }
    }
  }

  private forgetToken(watcher: Cell, token: number): void {
    const own = this.byWatcher.get(watcher);
    own?.delete(token);
    if (own?.size === 0) this.byWatcher.delete(watcher);
  }

  private tell(d: Dispatcher, watcher: Watcher, token: number, path: string, incarnation: number, reason: Gone): void {
    if (watcher instanceof Cell) d.notify(watcher, { type: 'runtime.gone', token, path, incarnation, reason });
    else d.guard(null, () => watcher({ path, incarnation, reason }));
  }
}

/** There is an incarnation, its end is under way, or its supervisor will start the next one. */
function stands(cell: Cell | undefined): boolean {
  return cell !== undefined && cell.state < CellState.stopped;
}

/** A supervisor above is about to be started again, with this address in its specification. */
function comesBack(d: Dispatcher, path: string): boolean {
  for (let at = parentOf(path); at !== null; at = parentOf(at)) {
    const cell = d.paths.get(at);
    if (cell === undefined) continue;
    const starts = cell.state === CellState.down || cell.state === CellState.starting
      || (cell.state === CellState.stopping && (cell.stopMode === StopMode.retain || cell.exitAfterStop));
    if (starts && declares(cell.spec, path.slice(at === '/' ? 1 : at.length + 1).split('/'))) return true;
  }
  return false;
}

function declares(spec: ChildSpec, ids: readonly string[]): boolean {
  if (ids.length === 0) return true;
  if (spec.kind !== 'supervisor') return false;
  const child = spec.children.find((one) => one.id === ids[0]);
  return child !== undefined && declares(child, ids.slice(1));
}

function parentOf(path: string): string | null {
  if (path === '/') return null;
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
