import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { page } from '../../../tools/mutation/page.js';
import { compare, nameOf, percent, type ReasonGroup, scores, type StrykerReport, survivors } from '../../../tools/mutation/report.js';
import { projectRoot } from '../cli/run-node.js';

const at = (line: number, from: number, to: number) => ({ start: { line, column: from }, end: { line, column: to } });
const mutant = (status: 'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'RuntimeError' | 'Ignored', location = at(2, 7, 12), replacement = 'false') => ({ mutatorName: 'ConditionalExpression', replacement, status, location });
const source = 'function f(a: number) {\n  if (a > 1) return 1;\n  return 2;\n}\n';
const report: StrykerReport = {
  files: {
    'runtime/supervision/b.ts': { source, mutants: [mutant('Killed'), mutant('Timeout'), mutant('RuntimeError'), mutant('Survived'), mutant('Ignored')] },
    'runtime/core/a.ts': { source, mutants: [mutant('Killed'), mutant('NoCoverage', at(3, 3, 12), '')] },
  },
};

test('a time-out and a crash count as noticed, what no test runs as survived, and what is ignored not at all', () => {
  assert.deepEqual(scores(report), [
    { file: 'runtime/core/a.ts', mutants: 2, killed: 1, timedOut: 0, survived: 1 },
    { file: 'runtime/supervision/b.ts', mutants: 4, killed: 2, timedOut: 1, survived: 1 },
  ]);
  assert.equal(percent(scores(report).slice(1)), 75);
  assert.equal(percent([]), 0);
});

test('a survivor is named by its file, its line of code and its change, not by its number', () => {
  assert.deepEqual(survivors(report).map(nameOf), [
    'runtime/core/a.ts: return 2; :: return 2; => ',
    'runtime/supervision/b.ts: if (a > 1) return 1; :: a > 1 => false',
  ]);
  assert.deepEqual(survivors(report).map(({ covered }) => covered), [false, true]);
});

test('a survivor without a reason and a reason without a survivor are both found', () => {
  const found = survivors(report);
  const reasons: ReasonGroup[] = [{ reason: 'equivalent', mutants: [nameOf(found[0]!), 'runtime/core/gone.ts: x :: y => z'] }];
  const { unexplained, stale } = compare(found, reasons);
  assert.deepEqual(unexplained.map(nameOf), [nameOf(found[1]!)]);
  assert.deepEqual(stale, ['runtime/core/gone.ts: x :: y => z']);
  const text = page({ date: '2026-11-21', stryker: '1', node: '2', seconds: 3, parts: 1, files: scores(report), supervision: scores(report).slice(1), found, reasons });
  assert.match(text, /\*\*Supervision: 75\.0 %\*\*/);
  assert.match(text, /\*\*equivalent\*\*/);
  assert.match(text, /NO REASON YET/);
});

test('every group of reasons says something, and no mutant is explained twice', () => {
  const groups = JSON.parse(readFileSync(join(projectRoot, 'tools/mutation/reasons.json'), 'utf8')) as readonly ReasonGroup[];
  for (const { reason, mutants } of groups) {
    assert.ok(reason.length > 20, reason);
    assert.ok(mutants.length > 0, reason);
  }
  const all = groups.flatMap(({ mutants }) => mutants);
  assert.equal(new Set(all).size, all.length);
});
