import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, dynamicSupervisor, type Runtime, supervisor, validateSpec, worker } from '../../runtime/index.js';
import { child, programmable, root, run, started, stateOf, total } from './support.js';

const dyn = (more: Partial<Parameters<typeof dynamicSupervisor>[0]> = {}) => dynamicSupervisor({ id: 'd', intensity: { restarts: 3, withinMs: 5000 }, ...more });
const reasonOf = (answer: { readonly ok: boolean; readonly reason?: { readonly kind: string } }): string => (answer.ok ? 'ok' : (answer.reason?.kind ?? '?'));

test('a static supervisor answers start, terminate, restart and delete as OTP does', () => {
  const runtime = started(root([child('a')]));
  assert.equal(reasonOf(runtime.startChild('/', child('a'))), 'already_started');
  assert.equal(reasonOf(runtime.restartChild('/', 'a')), 'running');
  assert.equal(reasonOf(runtime.deleteChild('/', 'a')), 'running');
  assert.equal(reasonOf(runtime.terminateChild('/', 'a')), 'ok');
  assert.equal(reasonOf(runtime.terminateChild('/', 'a')), 'ok', 'terminating a stopped child is fine');
  assert.equal(reasonOf(runtime.startChild('/', child('a'))), 'already_present');
  assert.deepEqual(runtime.whichChildren('/'), [{ id: 'a', path: '/a', kind: 'worker', state: 'stopped' }]);
  assert.equal(reasonOf(runtime.restartChild('/', 'a')), 'ok');
  assert.equal(stateOf(runtime, '/a'), 'running');
  assert.equal(reasonOf(runtime.terminateChild('/', 'a')), 'ok');
  assert.equal(reasonOf(runtime.deleteChild('/', 'a')), 'ok');
  for (const answer of [runtime.terminateChild('/', 'a'), runtime.restartChild('/', 'a'), runtime.deleteChild('/', 'a')]) assert.equal(reasonOf(answer), 'not_found');
  assert.deepEqual(runtime.whichChildren('/'), []);
  assert.equal(reasonOf(runtime.startChild('/', child('a'))), 'ok');
  assert.equal(reasonOf(runtime.terminateChild('/', runtime.ref('/a'))), 'needs_id');
  assert.equal(reasonOf(runtime.startChild('/a', child('b'))), 'not_supervisor');
  assert.equal(reasonOf(runtime.startChild('/x', child('b'))), 'not_found');
});

test('a dynamic supervisor knows its children by reference only', () => {
  const runtime = started(root([dyn(), child('foreign')]));
  const answer = runtime.startChild('/d', child('x'));
  assert.ok(answer.ok);
  assert.equal(reasonOf(runtime.terminateChild('/d', 'x')), 'needs_reference');
  assert.equal(reasonOf(runtime.terminateChild('/d', runtime.ref('/foreign'))), 'not_found');
  assert.equal(stateOf(runtime, '/foreign'), 'running');
  assert.equal(reasonOf(runtime.terminateChild('/d', answer.ref)), 'ok');
  assert.equal(reasonOf(runtime.terminateChild('/d', answer.ref)), 'ok', 'a child of ours that is already gone');
  assert.equal(runtime.inspect('/d/x'), undefined);
  assert.equal(runtime.stateOf('/d/x'), undefined);
  assert.equal(runtime.stateOf('/d'), runtime.inspect('/d')?.state);
});

test('maxChildren counts restarting children too; the template fills in what a child leaves out', () => {
  const runtime = started(root([dyn({ maxChildren: 2, template: { restart: 'transient', backoff: { minMs: 10, maxMs: 10, jitter: 0 } } })]));
  for (const id of ['x', 'y']) assert.equal(runtime.startChild('/d', child(id)).ok, true);
  runtime.crash('/d/x');
  assert.equal(stateOf(runtime, '/d/x'), 'restarting');
  assert.deepEqual(runtime.countChildren('/d'), { specs: 2, active: 1, supervisors: 0, workers: 2 });
  assert.deepEqual(runtime.startChild('/d', child('z')), { ok: false, reason: { kind: 'max_children', limit: 2 } });
  assert.equal(runtime.getChildSpec('/d', runtime.ref('/d/x'))?.restart, 'transient');
  runtime.send('/d/y', { type: 'end' });
  runtime.drain();
  assert.equal(runtime.startChild('/d', child('z')).ok, true);
});

test('a child that does not start leaves nothing behind; a manual restart that fails keeps the specification', () => {
  const runtime = started(root([child('a', { failStarts: (start) => start === 1 }), dyn()]));
  for (const path of ['/', '/d']) {
    const answer = runtime.startChild(path, child('bad', { failStarts: () => true }));
    assert.equal(!answer.ok && answer.reason.kind === 'start_failed' && answer.reason.cause.message, 'start refused');
    assert.equal(runtime.whichChildren(path)?.some((info) => info.id === 'bad'), false);
  }
  runtime.terminateChild('/', 'a');
  assert.equal(reasonOf(runtime.restartChild('/', 'a')), 'start_failed');
  assert.equal(stateOf(runtime, '/a'), 'stopped');
  assert.equal(reasonOf(runtime.restartChild('/', 'a')), 'ok');
});

test('getChildSpec shows the defaults a child runs under', () => {
  const inner = supervisor({ id: 's', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 }, children: [] });
  const runtime = started(root([child('a'), inner]));
  const { restart, shutdown, restore, significant } = runtime.getChildSpec('/', 'a') as unknown as Record<string, unknown>;
  assert.deepEqual([restart, shutdown, restore, significant], ['permanent', 5000, 'init', false]);
  assert.equal((runtime.getChildSpec('/', 's') as unknown as Record<string, unknown>)['shutdown'], 'infinity');
  assert.equal(runtime.getChildSpec('/', 'nobody'), undefined);
});

test('children are not administered from inside a turn: a clear crash', () => {
  const runtime: Runtime = started(root([child('a')]));
  run(runtime, '/a', () => void runtime.startChild('/', child('b')));
  assert.match(runtime.deadLetters()[0]?.cause?.message ?? '', /between turns/);
});

test('counting and stopping stay linear: 20,000 children of a static and of a dynamic supervisor', () => {
  const timeOf = (count: number, make: (count: number) => Runtime): number => {
    const runtime = make(count);
    assert.equal(runtime.counters().cells, count + 2);
    const begun = process.cpuUsage();
    runtime.stop();
    const { user, system } = process.cpuUsage(begun);
    assert.equal(runtime.counters().cells, 0);
    return (user + system) / count;
  };
  const flat = (count: number): Runtime => started(root([supervisor({
    id: 's', strategy: 'oneForAll', intensity: { restarts: 1, withinMs: 1 }, children: Array.from({ length: count }, (_, n) => child(`c${n}`)),
  })]));
  const dynamic = (count: number): Runtime => {
    const runtime = started(root([dyn()]));
    for (let n = 0; n < count; n++) runtime.startChild('/d', child(`c${n}`));
    return runtime;
  };
  for (const make of [flat, dynamic]) {
    timeOf(1000, make);
    const small = timeOf(1000, make);
    const large = timeOf(20_000, make);
    assert.ok(large < 20 * Math.max(small, 1), `${large} µs per child among 20,000 against ${small} among 1,000`);
  }
});

// Specifications.
const fine = { kind: 'worker', id: 'a', behaviour: programmable() };
const codes = (spec: unknown, under?: 'never'): string[] => validateSpec(spec, under).map((problem) => problem.code);

test('a specification is checked without starting anything, and every problem is named with its place', () => {
  assert.deepEqual(codes(fine), []);
  const problems = validateSpec({
    kind: 'supervisor', id: 'root', strategy: 'oneForTwo', intensity: { restarts: -1, withinMs: 0 }, autoShutdown: 'sometimes', colour: 'red', shutdown: 100,
    children: [
      { ...fine, restart: 'always', shutdown: -1, mailbox: { capacity: 0, overflow: 'explode' } },
      { ...fine, significant: true },
      { kind: 'worker', id: 'x/y' },
      { kind: 'worker', behaviour: { name: '', version: 1.5, init: 1 } },
      'text', { kind: 'thing', id: 't' },
      { ...fine, id: 'b', backoff: { minMs: 5, maxMs: 1, jitter: 2 }, quarantine: { restarts: 1.5, withinMs: 1 }, restroe: 'lastGood' },
      { kind: 'dynamic', id: 'd', intensity: { restarts: 1, withinMs: 1 }, maxChildren: -1, template: { id: 'no', overflow: 'x' } },
    ],
  });
  const found = new Set(problems.map((problem) => problem.code));
  for (const code of [
    'invalid_strategy', 'invalid_intensity', 'invalid_auto_shutdown', 'unknown_key', 'invalid_shutdown', 'invalid_restart', 'invalid_mailbox', 'bad_combination',
    'duplicate_child', 'invalid_id', 'missing_behaviour', 'missing_id', 'invalid_behaviour', 'not_an_object', 'unknown_kind', 'invalid_backoff', 'invalid_quarantine', 'invalid_max_children',
  ] as const) assert.ok(found.has(code), code);
  const typo = problems.find((problem) => problem.message.includes('restroe'));
  assert.equal(typo?.at, '/root/b');
  assert.match(typo?.message ?? '', /known: .*restore/);
});

test('every combination of significant, restart and autoShutdown is accepted or refused as OTP does', () => {
  for (const significant of [undefined, false, true]) {
    for (const restart of [undefined, 'permanent', 'transient', 'temporary']) {
      for (const under of [undefined, 'never', 'anySignificant', 'allSignificant'] as const) {
        const ok = significant !== true || (restart !== undefined && restart !== 'permanent' && under !== 'never');
        const spec = { ...fine, ...(significant === undefined ? {} : { significant }), ...(restart === undefined ? {} : { restart }) };
        assert.equal(validateSpec(spec, under).length === 0, ok, `${String(significant)} ${String(restart)} ${String(under)}`);
      }
    }
  }
});

test('conflate needs a key function, and only conflate takes one', () => {
  assert.deepEqual(codes({ ...fine, mailbox: { overflow: 'conflate' } }), ['bad_combination']);
  assert.deepEqual(codes({ ...fine, mailbox: { conflateKey: () => 1 } }), ['bad_combination']);
});

test('a runtime refuses an invalid tree with all its problems and starts nothing', () => {
  const runtime = createRuntime();
  const answer = runtime.start(root([child('a'), child('a')], { intensity: undefined as never }));
  assert.ok(!answer.ok && answer.reason.kind === 'invalid_spec');
  assert.equal(answer.reason.problems.length, 2);
  assert.equal(runtime.tree(), null);
});

test('a worker alone gets a root that allows no restart', () => {
  const runtime = createRuntime();
  const answer = runtime.start(worker({ id: 'solo', behaviour: programmable() }));
  assert.equal(answer.ok && answer.ref.path, '/solo');
  runtime.send('/solo', { type: 'add', n: 1 });
  runtime.drain();
  assert.equal(total(runtime, '/solo'), 1);
  runtime.crash('/solo');
  assert.equal(runtime.ended?.kind, 'error');
});
