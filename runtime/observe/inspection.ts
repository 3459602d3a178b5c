import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { CellKind } from '../core/states.js';
import { type CopyLimits, plainCopy } from './inspect.js';
import { nodeState } from './tree.js';

/** A timer of an actor that has not fired. */
export interface ArmedTimer {
  readonly path: string;
  readonly key: string;
  readonly dueUs: number;
}

/** What `inspect` shows of one actor. */
export interface Inspection {
  readonly path: string;
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly state: string;
  readonly incarnation: number;
  /** Of a hibernating actor: its snapshot. */
  readonly value: unknown;
  /** Messages set aside by `ctx.stash` or `meta.defer`. */
  readonly deferred: number;
  readonly timers: readonly { readonly key: string; readonly dueUs: number }[];
  readonly watching: readonly string[];
  readonly topics: readonly string[];
  readonly names: readonly string[];
}

/** A bounded copy; a view that throws is shown as its failure. */
export function inspectionOf(d: Dispatcher, cell: Cell, limits: CopyLimits): Inspection {
  const { behaviour } = cell;
  const asleep = cell.idle !== null && cell.idle.asleep;
  let value: unknown = asleep ? cell.idle?.data : cell.value;
  if (!asleep && behaviour.view !== undefined && cell.stateGood) {
    const failed = d.guard(cell, () => {
      value = behaviour.view?.(cell.value);
    });
    if (failed !== undefined) value = failed;
  }
  return {
    path: cell.path,
    behaviour: cell.kind === CellKind.worker ? { name: behaviour.name, version: behaviour.version } : null,
    state: nodeState(cell),
    incarnation: cell.incarnation,
    value: plainCopy(value, limits),
    deferred: cell.stash?.length ?? 0,
    timers: [...(cell.timers?.values() ?? [])].map((timer) => ({ key: timer.key, dueUs: timer.dueUs })),
    watching: (cell.watching?.values() ?? []).map((target) => target.path),
    topics: [...(cell.topics ?? [])],
    names: [...(cell.names ?? [])],
  };
}

/** The earliest armed timers of the actor at `path` and of those under it. */
export function timersUnder(d: Dispatcher, path: string, most: number): ArmedTimer[] {
  const under = path === '/' ? '/' : `${path}/`;
  const wanted = ({ cell }: { readonly cell: Cell | null }): boolean => cell !== null && (cell.path === path || cell.path.startsWith(under));
  return d.timers.earliest(most, wanted).map((timer) => ({ path: timer.cell!.path, key: timer.key, dueUs: timer.dueUs }));
}

/** Paths of the cells with these numbers, of those that live; looks at no more than `looks` cells. */
export function pathsOfCells(d: Dispatcher, numbers: Iterable<number>, looks: number): Map<number, string> {
  const wanted = new Set(numbers);
  const found = new Map<number, string>();
  if (wanted.size === 0) return found;
  for (const cell of d.paths.values()) {
    if (looks-- <= 0) break;
    if (!wanted.has(cell.number)) continue;
    found.set(cell.number, cell.path);
    if (found.size === wanted.size) break;
  }
  return found;
}
