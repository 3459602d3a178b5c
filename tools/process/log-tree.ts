import { formatReport, type Runtime, type SupervisorReport } from '../../runtime/index.js';
import type { DeadLetterLog } from './dead-letter-log.js';
import type { ProcessLog } from './log.js';

/** Reports a minute that get a line of their own; a storm of restarts is counted. */
const MOST_A_MINUTE = 200;
const MINUTE_MS = 60_000;

/** What supervisors do, in the log. */
export class ReportLog {
  readonly #log: ProcessLog;
  readonly #nowMs: () => number;
  #minuteMs = -Infinity;
  #logged = 0;
  #counted = 0;

  constructor(log: ProcessLog, nowMs: () => number = Date.now) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  report(report: SupervisorReport): void {
    if (report.kind === 'progress') {
      this.#log.write('debug', 'supervisor.started', `${report.supervisor} started ${report.started.path}`, { path: report.started.path, ...report });
      return;
    }
    const nowMs = this.#nowMs();
    if (nowMs - this.#minuteMs >= MINUTE_MS) {
      this.tell();
      this.#minuteMs = nowMs;
      this.#logged = 0;
    }
    if (this.#logged >= MOST_A_MINUTE) {
      this.#counted += 1;
      return;
    }
    this.#logged += 1;
    const { context, offender, supervisor, reason, atUs } = report;
    const level = context === 'shutdown' ? 'error' : 'warn';
    this.#log.write(level, `supervisor.${context.replace('_', '-')}`, formatReport(report, { singleLine: true, depth: 4, chars: 600 }), {
      path: offender.path, supervisor, incarnation: offender.incarnation, behaviour: offender.behaviour, reason, atUs,
    });
  }

  /** Logs what was only counted so far. */
  tell(): void {
    if (this.#counted > 0) this.#log.write('warn', 'supervisor.more', `${this.#counted} more reports of supervisors`, { total: this.#counted });
    this.#counted = 0;
  }
}

/** Logs a tree's reports and dead letters from here on. */
export function logTree(runtime: Runtime, reports: ReportLog, letters: DeadLetterLog): void {
  runtime.onReport((report) => reports.report(report));
  runtime.onDeadLetter((letter) => letters.letter(letter));
}
