import type { WireTreeNode } from '../../runtime/control/index.js';

/** What is known of an actor. */
export interface ActorSample {
  readonly path: string;
  readonly id: string;
  readonly depth: number;
  /** Whether it may have children: a supervisor. */
  readonly isSupervisor: boolean;
  readonly kind: string;
  readonly behaviour: string;
  readonly state: string;
  /** State of its state machine; '' where it has none, or the process is too old to say. */
  readonly machineState: string;
  readonly incarnation: number;
  readonly restarts: number;
  readonly mailbox: number;
  readonly handled: number;
  /** Messages handled a second since the last look; null at the first. */
  readonly perSecond: number | null;
  readonly lastExit: string;
  /** Children that the process left out. */
  readonly omitted: number;
}

export type Severity = 'bad' | 'warn';
export interface Alert {
  readonly severity: Severity;
  readonly text: string;
}

export interface DetectorSample {
  readonly name: string;
  readonly state: string;
}

/** A process at one look. */
export interface ProcessSample {
  readonly name: string;
  readonly pid: number | null;
  /** What it does: `serving`, `paper`; or why it cannot be asked. */
  readonly status: string;
  readonly answering: boolean;
  readonly uptimeMs: number | null;
  readonly stalledMs: number | null;
  readonly loopDelayP99Us: number | null;
  readonly turnP99Us: number | null;
  readonly rssBytes: number | null;
  readonly restarts: number | null;
  readonly deadLetters: number | null;
  readonly messagesPerSecond: number | null;
  readonly detectors: readonly DetectorSample[];
  readonly alerts: readonly Alert[];
  /** In start order, each after its parent. */
  readonly actors: readonly ActorSample[];
  /** How old all of this is, ms. */
  readonly ageMs: number;
}

/** Counters of the look before, for rates. */
export interface Before {
  readonly atMs: number;
  readonly handled: ReadonlyMap<string, number>;
}

/** A tree as rows. `exitText`: of an exit reason. */
export function actorRows(tree: WireTreeNode, nowMs: number, before: Before | null, exitText: (reason: NonNullable<WireTreeNode['lastExit']>) => string): ActorSample[] {
  const rows: ActorSample[] = [];
  const seconds = before === null ? 0 : (nowMs - before.atMs) / 1000;
  const visit = (node: WireTreeNode, depth: number): void => {
    const last = before?.handled.get(node.path);
    rows.push({
      path: node.path, id: depth === 0 ? node.path : node.id, depth, isSupervisor: node.kind !== 'worker', kind: node.kind,
      behaviour: node.behaviour === null ? node.kind : `${node.behaviour.name}@${node.behaviour.version}`, state: node.state, machineState: node.machineState ?? '', incarnation: node.incarnation, restarts: node.restarts,
      // An actor that began anew counts from 0.
      mailbox: node.mailbox, handled: node.handled, perSecond: before === null || seconds <= 0 ? null : Math.max(0, node.handled - (last === undefined || last > node.handled ? 0 : last)) / seconds,
      lastExit: node.lastExit === null ? '' : exitText(node.lastExit), omitted: node.omitted ?? 0,
    });
    for (const child of node.children) visit(child, depth + 1);
  };
  visit(tree, 0);
  return rows;
}
