import type { Cell } from '../core/cell.js';
import type { Dispatcher } from '../core/dispatcher.js';
import { CellKind } from '../core/states.js';
import type { ExitReason, FailureCause, RestartType, Shutdown } from '../types.js';
import { COPY_LIMITS, plainCopy } from './inspect.js';

/**
 * Where in a supervisor's work a report arose, in OTP's words: a child did not start (at boot or at a restart), a child ended by
 * itself in a way its specification does not take for granted, a child did not stop as it was asked to, the restart budget is used up.
 */
export type ReportContext = 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown';

/** A child and the specification it runs under, as plain data. */
export interface ChildSummary {
  readonly id: string;
  readonly path: string;
  readonly kind: 'worker' | 'supervisor' | 'dynamic' | 'partitioned';
  readonly behaviour: { readonly name: string; readonly version: number } | null;
  readonly incarnation: number;
  readonly restart: RestartType;
  readonly shutdown: Shutdown;
  readonly significant: boolean;
}

export interface FailureReport {
  readonly kind: 'failure';
  /** Path of the supervisor, or of the worker that spawned the child. */
  readonly supervisor: string;
  readonly context: ReportContext;
  readonly reason: ExitReason;
  readonly offender: ChildSummary;
  readonly atUs: number;
}

export interface ProgressReport {
  readonly kind: 'progress';
  readonly supervisor: string;
  readonly started: ChildSummary;
  readonly atUs: number;
}

export type SupervisorReport = FailureReport | ProgressReport;

/** Reports that wait for the present turn to end, and who gets them. Nothing is made while nobody listens. */
export class Reports {
  private readonly listeners = new Set<(report: SupervisorReport) => void>();
  private pending: SupervisorReport[] = [];
  private delivering = false;

  get wanted(): boolean {
    return this.listeners.size !== 0;
  }

  get waiting(): boolean {
    return this.pending.length !== 0;
  }

  add(report: SupervisorReport): void {
    this.pending.push(report);
  }

  listen(listener: (report: SupervisorReport) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Hands out what waits, in order. A listener that throws is taken off; what one causes is handed out after it returns. */
  deliver(d: Dispatcher): void {
    if (this.delivering) return;
    this.delivering = true;
    for (let report = this.pending.shift(); report !== undefined; report = this.pending.shift()) {
      const one = report;
      for (const listener of this.listeners) if (d.guard(null, () => listener(one)) !== undefined) this.listeners.delete(listener);
    }
    this.delivering = false;
  }
}

export function reportFailure(d: Dispatcher, context: ReportContext, child: Cell, reason: ExitReason): void {
  const { parent } = child;
  if (parent === null || !d.reports.wanted) return;
  d.news = true;
  d.reports.add({ kind: 'failure', supervisor: parent.path, context, reason, offender: summaryOf(child), atUs: d.nowUs });
}

export function reportStarted(d: Dispatcher, child: Cell): void {
  const { parent } = child;
  if (parent === null || !d.reports.wanted) return;
  d.news = true;
  d.reports.add({ kind: 'progress', supervisor: parent.path, started: summaryOf(child), atUs: d.nowUs });
}

/** A child that was asked to stop is down: reported unless it ended as asked (OTP's table). */
export function reportStop(d: Dispatcher, child: Cell, reason: ExitReason): void {
  if (!d.reports.wanted || endedAsAsked(child, reason)) return;
  reportFailure(d, 'shutdown_error', child, reason);
}

function endedAsAsked(child: Cell, reason: ExitReason): boolean {
  switch (reason.kind) {
    case 'shutdown': return reason.info === undefined || child.policy.restart !== 'permanent';
    case 'normal': return child.policy.restart !== 'permanent';
    case 'killed': return child.policy.shutdownMs < 0;
    case 'error': return false;
  }
}

function summaryOf(child: Cell): ChildSummary {
  const { policy } = child;
  const shutdown: Shutdown = policy.shutdownMs < 0 ? 'brutal' : policy.shutdownMs === Infinity ? 'infinity' : policy.shutdownMs;
  return {
    id: child.id,
    path: child.path,
    kind: child.spec.kind,
    behaviour: child.kind === CellKind.worker ? { name: child.behaviour.name, version: child.behaviour.version } : null,
    incarnation: child.incarnation,
    restart: policy.restart,
    shutdown,
    significant: policy.significant,
  };
}

export interface ReportFormat {
  /** Levels of nested causes that are written out; what is deeper is `…`. Default: all. */
  readonly depth?: number;
  /** Characters the text has at most (at least 1), the `…` that says it was cut included. Default: no limit. */
  readonly chars?: number;
  /** One line, the offender by id and path only. Default false. */
  readonly singleLine?: boolean;
}

/** A report as text, after OTP's: several indented lines ending in a newline, or one line. */
export function formatReport(report: SupervisorReport, format: ReportFormat = {}): string {
  const text = format.singleLine === true ? oneLine(report, format.depth ?? Infinity) : manyLines(report, format.depth ?? Infinity);
  const chars = Math.max(1, format.chars ?? Infinity);
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

function manyLines(report: SupervisorReport, depth: number): string {
  const child = report.kind === 'failure' ? report.offender : report.started;
  const label = report.kind === 'failure' ? 'offender' : 'started';
  const lines = [`supervisor: ${report.supervisor}`];
  if (report.kind === 'failure') lines.push(`context: ${report.context}`, `reason: ${reasonText(report.reason, depth, '\n            ')}`);
  const fields = [
    `id: ${child.id}`, `path: ${child.path}`, `kind: ${child.kind}`,
    ...(child.behaviour === null ? [] : [`behaviour: ${child.behaviour.name} version ${child.behaviour.version}`]),
    `incarnation: ${child.incarnation}`, `restart: ${child.restart}`, `shutdown: ${child.shutdown}`, `significant: ${child.significant}`,
  ];
  lines.push(`${label}: ${fields.join(`\n${' '.repeat(label.length + 6)}`)}`);
  return lines.map((line) => `    ${line}\n`).join('');
}

function oneLine(report: SupervisorReport, depth: number): string {
  const child = report.kind === 'failure' ? report.offender : report.started;
  const name = `id=${child.id},path=${child.path}`;
  const text = report.kind === 'failure'
    ? `Supervisor: ${report.supervisor}. Context: ${report.context}. Reason: ${reasonText(report.reason, depth, ' ')}. Offender: ${name}.`
    : `Supervisor: ${report.supervisor}. Started: ${name}.`;
  return text.replaceAll(/\s+/g, ' ');
}

function reasonText(reason: ExitReason, depth: number, between: string): string {
  switch (reason.kind) {
    case 'normal': return 'normal';
    case 'killed': return 'killed';
    case 'shutdown': return reason.info === undefined ? 'shutdown' : `shutdown ${dataText(reason.info, depth)}`;
    case 'error': break;
  }
  const parts: string[] = [];
  let level = 0;
  for (let cause: FailureCause | undefined = reason.cause; cause !== undefined; cause = cause.cause) {
    if (level++ >= depth) {
      parts.push('…');
      break;
    }
    parts.push(`${cause.name}: ${cause.message}${cause.path === undefined ? '' : ` (in ${cause.path})`}`);
  }
  return parts.join(`${between}because of `);
}

function dataText(data: unknown, depth: number): string {
  return JSON.stringify(plainCopy(data, { ...COPY_LIMITS, depth: Math.min(COPY_LIMITS.depth, depth), entries: Math.min(COPY_LIMITS.entries, depth) })) ?? '';
}
