import { plainCopy } from '../../../../runtime/observe/inspect.js';
import { type NodeState, NODE_STATES, type TreeCause, type TreeExit, type TreeFigures, type TreeNode, type TreeShape } from '../../wire/tree.js';

/** Texts of a node and of a cause are cut to this; names come from programs of others. */
const MOST_TEXT = 300;
const MOST_MESSAGE = 2_000;
const MOST_STACK = 4_000;
const MOST_CAUSES = 16;
const MOST_MACHINE = 40;

/** A node as the control socket and a runtime's own `tree` tell it. Fields of a later version are ignored, those of an earlier one may be missing. */
export interface ToldNode {
  readonly path: string;
  readonly id: string;
  readonly cell: number;
  readonly kind: string;
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly state: string;
  readonly machineState?: string | undefined;
  readonly incarnation: number;
  readonly restarts: number;
  readonly mailbox: number;
  readonly handled: number;
  readonly timers: number;
  readonly lastExit: unknown;
  readonly restart?: string | undefined;
  readonly mailboxBound?: number | undefined;
  readonly supervision?: { readonly strategy: string; readonly restarts: number; readonly withinMs: number; readonly used: number; readonly autoShutdown: string } | null | undefined;
  readonly children: readonly ToldNode[];
  readonly omitted?: number | undefined;
}

/** The tree as the page gets it: flat, level by level, every text bounded. */
export function treeShape(tree: ToldNode, { version, life, atUs, traced }: { readonly version: number; readonly life: number; readonly atUs: number; readonly traced?: number | undefined }): TreeShape {
  const level: { readonly told: ToldNode; readonly parent: number }[] = [{ told: tree, parent: -1 }];
  const nodes: TreeNode[] = [];
  const values: number[] = [];
  const machines = [''];
  const places = new Map([['', 0]]);
  let omitted = 0;
  for (let at = 0; at < level.length; at++) {
    const { told, parent } = level[at]!;
    nodes.push(nodeOf(told, parent));
    const machine = cut(told.machineState ?? '', MOST_MACHINE);
    if (!places.has(machine)) places.set(machine, machines.push(machine) - 1);
    values.push(stateNumber(told.state), told.incarnation, told.restarts, told.mailbox, told.handled, told.timers, places.get(machine)!);
    omitted += told.omitted ?? 0;
    for (const child of told.children) level.push({ told: child, parent: at });
  }
  return { version, life, atUs, nodes, omitted, figures: { version, atUs, ...placed(traced), values, machines } };
}

export function nodeOf(told: ToldNode, parent: number): TreeNode {
  const { supervision, behaviour } = told;
  return {
    path: cut(told.path, 1024), id: cut(told.id, MOST_TEXT), parent, cell: told.cell, kind: cut(told.kind, MOST_TEXT),
    behaviour: behaviour === null ? '' : cut(`${behaviour.name}@${behaviour.version}`, MOST_TEXT),
    restart: cut(told.restart ?? '', MOST_TEXT), bound: told.mailboxBound ?? 0,
    supervision: supervision === undefined || supervision === null ? null : {
      strategy: cut(supervision.strategy, MOST_TEXT), restarts: supervision.restarts, withinMs: supervision.withinMs, used: supervision.used, autoShutdown: cut(supervision.autoShutdown, MOST_TEXT),
    },
    lastExit: told.lastExit === null ? null : exitOf(told.lastExit), omitted: told.omitted ?? 0,
  };
}

/** Figures of the control verb as those of a shape; null when they are of other actors, or in a form that is not known. */
export function treeFigures(shape: TreeShape, told: { readonly atUs: number; readonly traced?: number | undefined; readonly columns: readonly string[]; readonly states: readonly string[]; readonly machineStates?: readonly string[] | undefined; readonly values: readonly number[] }): TreeFigures | null {
  const { columns, states, values, machineStates = [] } = told;
  const width = columns.length;
  const columnOf = (name: string): number => columns.indexOf(name);
  const [cell, state, incarnation, restarts, mailbox, handled, timers] = ['cell', 'state', 'incarnation', 'restarts', 'mailbox', 'handled', 'timers'].map(columnOf);
  if ([cell, state, incarnation, restarts, mailbox, handled, timers].includes(-1) || values.length !== width * shape.nodes.length) return null;
  // A process of an older version does not tell them.
  const machine = columnOf('machineState');
  const own = states.map(stateNumber);
  const out: number[] = [];
  for (let at = 0, from = 0; at < shape.nodes.length; at++, from += width) {
    if (values[from + cell!] !== shape.nodes[at]!.cell) return null;
    out.push(own[values[from + state!]!] ?? UNKNOWN, values[from + incarnation!]!, values[from + restarts!]!, values[from + mailbox!]!, values[from + handled!]!, values[from + timers!]!, machine === -1 ? 0 : placeIn(values[from + machine]!, machineStates.length));
  }
  return { version: shape.version, atUs: told.atUs, ...placed(told.traced), values: out, machines: ['', ...machineStates.slice(1).map((text) => cut(text, MOST_MACHINE))] };
}

const placed = (traced: number | undefined): { readonly traced?: number } => (traced === undefined ? {} : { traced });

function placeIn(place: number, count: number): number {
  return Number.isInteger(place) && place > 0 && place < count ? place : 0;
}

const UNKNOWN = NODE_STATES.indexOf('unknown');

function stateNumber(state: string): number {
  const at = NODE_STATES.indexOf(state as NodeState);
  return at === -1 ? UNKNOWN : at;
}

/** An exit reason of whatever form; its causes flat, the innermost last. */
export function exitOf(reason: unknown): TreeExit {
  if (!isTable(reason)) return { kind: 'unknown', causes: [], info: '' };
  const causes: TreeCause[] = [];
  for (let cause: unknown = reason['cause']; isTable(cause) && causes.length < MOST_CAUSES; cause = cause['cause']) {
    const during = isTable(cause['during']) ? text(cause['during']['type'], MOST_TEXT) : '';
    causes.push({ name: text(cause['name'], MOST_TEXT), message: text(cause['message'], MOST_MESSAGE), path: text(cause['path'], 1024), during, stack: text(cause['stack'], MOST_STACK) });
  }
  const said = reason['info'] ?? reason['output'];
  return { kind: text(reason['kind'], MOST_TEXT) || 'unknown', causes, info: said === undefined ? '' : cut(JSON.stringify(plainCopy(said, { depth: 4, entries: 20, values: 60, textLength: MOST_TEXT })) ?? '', MOST_MESSAGE) };
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown, most: number): string {
  return typeof value === 'string' ? cut(value, most) : '';
}

function cut(value: string, most: number): string {
  return value.length <= most ? value : `${value.slice(0, most)}…`;
}
