import assert from 'node:assert/strict';
import { type FailureReport, formatReport, type ProgressReport, type SupervisorReport } from '../../../runtime/index.js';
import { child, dyn, ref, Rig, Script, sup } from '../support.js';

const CHILD: ProgressReport['started'] = {
  id: 'any_id', path: '/my_supervisor/any_id', kind: 'worker', behaviour: { name: 'mod', version: 3 }, incarnation: 7, restart: 'temporary', shutdown: 'brutal', significant: false,
};
const TERM = Array.from({ length: 15 }, (_, n) => n + 1);
const REPORT: FailureReport = {
  kind: 'failure', supervisor: '/my_supervisor', context: 'shutdown_error', reason: { kind: 'shutdown', info: TERM }, offender: CHILD, atUs: 5,
};
const PROGRESS: ProgressReport = { kind: 'progress', supervisor: '/my_supervisor', started: CHILD, atUs: 5 };

const BECAUSE: FailureReport = {
  ...REPORT,
  context: 'child_terminated',
  reason: { kind: 'error', cause: { name: 'A', message: 'first', path: '/x', cause: { name: 'B', message: 'second', cause: { name: 'C', message: 'third' } } } },
};

const OFFENDER = [
  'id: any_id', 'path: /my_supervisor/any_id', 'kind: worker', 'behaviour: mod version 3', 'incarnation: 7', 'restart: temporary', 'shutdown: brutal', 'significant: false',
];
const block = (label: string): string => `    ${label}: ${OFFENDER.join(`\n${' '.repeat(label.length + 6)}`)}\n`;

export function format_log_1(): void {
  // What a supervisor reports is structured: everything the text says is a field, and it is plain data.
  const script = new Script();
  const rig = Rig.started(sup('sup', [child('child1', script, { restart: 'transient', shutdown: 1500 }), dyn('d')], { intensity: { restarts: 1, withinMs: 1000 } }));
  assert.deepEqual(rig.reports.map((report) => `${report.kind} ${report.supervisor} ${report.kind === 'progress' ? report.started.id : ''}`), ['progress / child1', 'progress / d']);
  ref(rig.runtime.startChild('/d', child('x')));
  rig.reports.length = 0;
  rig.pass(7);
  rig.runtime.crash('/child1', new Error('because'));
  const offender = {
    id: 'child1', path: '/child1', kind: 'worker', behaviour: { name: 'programmable', version: 1 }, incarnation: 1, restart: 'transient', shutdown: 1500, significant: false,
  };
  const [terminated, progress, ...rest] = rig.reports as [FailureReport, ProgressReport, ...SupervisorReport[]];
  assert.deepEqual(rest, []);
  assert.deepEqual({ ...terminated, reason: terminated.reason.kind === 'error' && terminated.reason.cause.message }, {
    kind: 'failure', supervisor: '/', context: 'child_terminated', reason: 'because', offender, atUs: 7000,
  });
  assert.deepEqual(progress, { kind: 'progress', supervisor: '/', started: { ...offender, incarnation: 2 }, atUs: 7000 });
  assert.deepEqual(JSON.parse(JSON.stringify(progress)), progress);
  rig.reports.length = 0;
  rig.runtime.crash('/child1', new Error('again'));
  const contexts = rig.reports.map((report) => (report.kind === 'failure' ? `${report.context} ${report.reason.kind === 'error' ? report.reason.cause.name : report.reason.kind}` : 'progress'));
  assert.deepEqual(contexts, ['child_terminated Error', 'shutdown IntensityExceeded']);

  // As text: one indented line per field; a depth limits lists and chains of causes.
  assert.equal(formatReport(REPORT), `    supervisor: /my_supervisor\n    context: shutdown_error\n    reason: shutdown ${JSON.stringify(TERM)}\n${block('offender')}`);
  assert.equal(formatReport(PROGRESS), `    supervisor: /my_supervisor\n${block('started')}`);
  assert.equal(formatReport(REPORT, { depth: 10 }).split('\n')[2], '    reason: shutdown [1,2,3,4,5,6,7,8,9,10,{"$truncated":5}]');
  assert.equal(formatReport(PROGRESS, { depth: 10 }), formatReport(PROGRESS));
  const reason = (depth?: number): string => formatReport(BECAUSE, depth === undefined ? {} : { depth }).split('\n    offender')[0]!.split('reason: ')[1]!;
  assert.equal(reason(), 'A: first (in /x)\n            because of B: second\n            because of C: third');
  assert.equal(reason(3), reason());
  assert.equal(reason(2), 'A: first (in /x)\n            because of B: second\n            because of …');
  assert.equal(reason(1), 'A: first (in /x)\n            because of …');
}

export function format_log_2(): void {
  assert.equal(formatReport(REPORT, { singleLine: true }),
    `Supervisor: /my_supervisor. Context: shutdown_error. Reason: shutdown ${JSON.stringify(TERM)}. Offender: id=any_id,path=/my_supervisor/any_id.`);
  assert.equal(formatReport(PROGRESS, { singleLine: true }), 'Supervisor: /my_supervisor. Started: id=any_id,path=/my_supervisor/any_id.');
  assert.equal(formatReport(BECAUSE, { singleLine: true, depth: 2 }),
    'Supervisor: /my_supervisor. Context: child_terminated. Reason: A: first (in /x) because of B: second because of …. Offender: id=any_id,path=/my_supervisor/any_id.');
  const lines: FailureReport = { ...BECAUSE, reason: { kind: 'error', cause: { name: 'A', message: 'two\n  lines\r\nand\ttabs' } } };
  assert.equal(/[\n\r\t]/.test(formatReport(lines, { singleLine: true })), false, 'one line is one line, whatever a message holds');
  for (const report of [REPORT, PROGRESS, BECAUSE]) {
    for (const singleLine of [false, true]) {
      const whole = formatReport(report, { singleLine });
      for (const chars of [1, 20, 60, 80, 200, whole.length - 1]) {
        const cut = formatReport(report, { singleLine, chars });
        assert.equal(cut.length, Math.min(chars, whole.length));
        if (chars < whole.length) assert.equal(cut, `${whole.slice(0, chars - 1)}…`);
      }
      assert.equal(formatReport(report, { singleLine, chars: whole.length }), whole);
      assert.equal(formatReport(report, { singleLine, chars: 0 }).length, 1);
    }
  }
  for (const [reason, text] of [[{ kind: 'normal' }, 'normal'], [{ kind: 'killed' }, 'killed'], [{ kind: 'shutdown' }, 'shutdown']] as const) {
    assert.ok(formatReport({ ...REPORT, reason }, { singleLine: true }).includes(`Reason: ${text}. `));
  }
}
