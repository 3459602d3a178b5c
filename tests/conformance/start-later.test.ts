/** Starts that take time: OTP's supervisor waits in them and answers nobody; ours waits for them and answers everybody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, createRuntime, type StartChildResult, type Strategy, VirtualClock, worker } from '../../runtime/index.js';
import { causes, child, type Command, dyn, Rig, Script, sup, tag } from './support.js';

const hanging = (more: Partial<Script> = {}): Script => new Script({ start: 'hang', ...more });

/** a, b whose start takes time, c. */
function booting(log: string[] = []): { readonly rig: Rig; readonly b: Script } {
  const b = hanging({ log });
  return { rig: Rig.started(sup('sup', [child('a', new Script({ log })), child('b', b), child('c', new Script({ log }))])), b };
}

test('the next sibling is started when the one before has said that it is there', () => {
  const log: string[] = [];
  const { rig } = booting(log);
  assert.ok(rig.answer.ok && rig.answer.pending === true);
  assert.deepEqual(log, ['+a']);
  assert.deepEqual(rig.children(), ['a#1', 'b starting', 'c stopped']);
  assert.equal(rig.state('/'), 'starting');
  rig.pass(999);
  rig.send('/b', { finish: undefined });
  assert.deepEqual(log, ['+a', '+b', '+c']);
  assert.deepEqual(rig.children(), ['a#1', 'b#1', 'c#1']);
  assert.equal(rig.state('/'), 'running');
  rig.pass(60_000);
  assert.deepEqual(rig.children(), ['a#1', 'b#1', 'c#1'], 'the deadline is over and done with');
  assert.deepEqual(rig.reports.map((report) => (report.kind === 'progress' ? report.started.id : report.context)), ['a', 'b', 'c']);
  assert.equal(rig.stop(), 0);
});

test('an actor that has to wait in its start handles its messages, timers and effects meanwhile', () => {
  const runtime = createRuntime({ clock: new VirtualClock(0), effects: { connect: (_payload, call) => call.reply({ type: 'connected' }) } });
  const seen: string[] = [];
  const answer = runtime.start(sup('sup', [worker({
    id: 'link',
    behaviour: {
      name: 'link', version: 1,
      init: (ctx: ActorContext<{ readonly type: string }>) => {
        ctx.startLater();
        ctx.startTimer('retry', 300, { type: 'retry' });
        return 0;
      },
      step: (tries: number, message: { readonly type: string }, ctx) => {
        seen.push(`${message.type} ${ctx.nowUs() / 1000}`);
        if (message.type === 'retry') ctx.effect('connect', null);
        else ctx.started();
        return tries + 1;
      },
    },
  }), child('after')]));
  assert.ok(answer.ok && answer.pending === true);
  runtime.advanceTo(299_999);
  assert.equal(runtime.inspect('/after')?.state, 'stopped');
  runtime.advanceTo(300_000);
  assert.deepEqual(seen, ['retry 300', 'connected 300']);
  assert.equal(runtime.inspect('/after')?.state, 'running');
  assert.equal(runtime.counters().timers, 0);
});

test('the deadline, a second unless the specification says otherwise, ends it as a start failure', () => {
  for (const [startDeadlineMs, ms] of [[undefined, 1000], [250, 250]] as const) {
    const log: string[] = [];
    const b = hanging({ log });
    const rig = Rig.started(sup('sup', [child('a', new Script({ log })), child('b', b, startDeadlineMs === undefined ? {} : { startDeadlineMs }), child('c', new Script({ log }))]));
    const ends = rig.watch('/b');
    rig.pass(ms - 0.001);
    assert.deepEqual(rig.ended, []);
    rig.pass(0.001);
    assert.equal(rig.alive, false);
    assert.deepEqual(causes(rig.ended[0]), ['child "b" did not start', `the start was not finished within ${ms} ms`]);
    assert.deepEqual(ends.map((reason) => reason.kind), ['error']);
    assert.deepEqual(log, ['+a', '-a shutdown'], 'what had started is stopped; no code of the late one runs');
    assert.deepEqual(rig.failures(), ['start_error b error']);
    assert.equal(rig.runtime.counters().cells, 0);
    assert.equal(rig.runtime.counters().timers, 0);
  }
});

test('a crash, an end, a kill or a refusal before it is there are start failures too', () => {
  const ways: readonly (readonly [(rig: Rig) => void, ...string[]])[] = [
    [(rig) => rig.send('/b', 'die'), 'died'],
    [(rig) => rig.send('/b', 'stop'), 'it ended before its start was finished', 'normal'],
    [(rig) => void rig.runtime.kill('/b'), 'it ended before its start was finished', 'killed'],
    [(rig) => rig.send('/b', { refuse: 'no route' }), 'no route'],
    [(rig) => void rig.runtime.crash('/b', new Error('from outside')), 'from outside'],
  ];
  for (const [act, ...messages] of ways) {
    const { rig } = booting();
    act(rig);
    assert.deepEqual(causes(rig.ended[0]), ['child "b" did not start', ...messages]);
    assert.equal(rig.runtime.counters().cells, 0);
    assert.equal(rig.runtime.counters().timers, 0);
  }
});

test('meanwhile a stop is carried out at once, and nothing comes after it', () => {
  const log: string[] = [];
  const { rig } = booting(log);
  assert.equal(rig.stop(), 0);
  assert.deepEqual(log, ['+a', '-b shutdown', '-a shutdown']);
  rig.pass(10_000);
  assert.deepEqual(rig.ended, []);
});

test('meanwhile the administrator is answered', () => {
  const { rig } = booting();
  assert.deepEqual(rig.counts(), [3, 2, 0, 3]);
  assert.deepEqual(rig.runtime.startChild('/', child('d')), { ok: false, reason: { kind: 'starting', path: '/' } });
  assert.equal(tag(rig.runtime.restartChild('/', 'b')), 'running');
  assert.equal(tag(rig.runtime.deleteChild('/', 'b')), 'running');
  rig.end('/a', 'abnormal');
  assert.deepEqual(rig.children(), ['a#2', 'b starting', 'c stopped'], 'a sibling that crashes is started again');
  assert.equal(tag(rig.runtime.terminateChild('/', 'b')), 'ok');
  assert.deepEqual(rig.children(), ['a#2', 'b stopped', 'c#1'], 'the boot goes on without the one that was called off');
  assert.equal(rig.state('/'), 'running');
  rig.pass(10_000);
  assert.deepEqual(rig.children(), ['a#2', 'b stopped', 'c#1']);
});

test('a start by hand answers `pending` and tells how it ended, once', () => {
  for (const root of [sup('sup'), dyn('sup')]) {
    const rig = Rig.started(root);
    const told: StartChildResult[] = [];
    const begin = (id: string): void => {
      const answer = rig.runtime.startChild('/', child(id, hanging()), (end) => void told.push(end));
      assert.ok(answer.ok && answer.pending === true);
      assert.equal(rig.state(`/${id}`), 'starting');
      assert.deepEqual(told, []);
    };
    begin('a');
    rig.send('/a', { finish: 'the info' });
    assert.ok(told[0]?.ok === true && told[0].info === 'the info' && told[0].ref.path === '/a');
    assert.deepEqual(rig.children(), ['a#1']);
    told.length = 0;

    begin('b');
    rig.pass(1000);
    assert.deepEqual(causes(told[0]), ['the start was not finished within 1000 ms']);
    assert.deepEqual(rig.children(), ['a#1'], 'nothing is left of it');
    assert.deepEqual(rig.failures(), []);
    told.length = 0;

    begin('c');
    assert.equal(tag(rig.runtime.terminateChild('/', root.kind === 'dynamic' ? rig.runtime.ref('/c') as never : 'c')), 'ok');
    assert.deepEqual(told.map(tag), ['stopping']);
    rig.pass(5000);
    assert.equal(told.length, 1);
    told.length = 0;

    begin('d');
    rig.stop();
    assert.deepEqual(told.map(tag), ['stopping']);
  }
  // A manual restart too; when it fails the specification stays.
  const script = new Script();
  const rig = Rig.started(sup('sup', [child('a', script)]));
  rig.end('/a', 'supervisor');
  script.start = 'hang';
  const told: StartChildResult[] = [];
  const answer = rig.runtime.restartChild('/', 'a', (end) => void told.push(end));
  assert.ok(answer.ok && answer.pending === true);
  rig.send('/a', { refuse: 'no' });
  assert.deepEqual(causes(told[0]), ['no']);
  assert.deepEqual(rig.children(), ['a stopped']);
});

test('what is late belongs to a life that is over: a dead letter, and nothing to the next one', () => {
  const late: ((message: unknown) => void)[] = [];
  const script = { fail: true };
  const runtime = createRuntime({ clock: new VirtualClock(0), effects: { connect: (_payload, call) => void late.push(call.reply) } });
  runtime.start(sup('sup', [worker({
    id: 'link', startDeadlineMs: 100,
    behaviour: {
      name: 'link', version: 1,
      init: (ctx) => {
        if (!script.fail) return 0;
        ctx.startLater();
        ctx.effect('connect', null);
        return 0;
      },
      step: (state: number, message: string, ctx) => {
        if (message === 'crash') throw new Error(message);
        ctx.started(message);
        return state + 1;
      },
    },
  })]));
  late[0]!('connected');
  runtime.drain();
  assert.equal(runtime.inspect('/link')?.state, 'running');
  runtime.send('/link', 'crash');
  runtime.drain();
  assert.equal(runtime.inspect('/link')?.state, 'starting');
  runtime.advanceTo(100_000);
  script.fail = false;
  runtime.drain();
  late[1]!('connected');
  runtime.drain();
  assert.equal(runtime.inspect('/link')?.value, 0, 'the late answer reached nobody');
  assert.equal(runtime.counters().deadLetters.stale, 1);
});

const GROUPS: Readonly<Record<Strategy, readonly (readonly string[])[]>> = {
  // What is up while b's restart goes on, and afterwards.
  oneForOne: [['a#1', 'b starting', 'c#1'], ['a#1', 'b#2', 'c#1']],
  restForOne: [['a#1', 'b starting', 'c restarting'], ['a#1', 'b#2', 'c#2']],
  oneForAll: [['a#2', 'b starting', 'c restarting'], ['a#2', 'b#2', 'c#2']],
};

for (const strategy of Object.keys(GROUPS) as Strategy[]) {
  const [during, after] = GROUPS[strategy]!;
  const group = (): { readonly rig: Rig; readonly b: Script } => {
    const b = new Script();
    const rig = Rig.started(sup('sup', [child('a'), child('b', b), child('c')], { strategy, intensity: { restarts: 3, withinMs: 60_000 } }));
    b.start = 'hang';
    rig.end('/b', 'abnormal');
    assert.deepEqual(rig.children(), during);
    return { rig, b };
  };

  test(`${strategy}: a restart whose start takes time is waited for, and the group goes on after it`, () => {
    const { rig } = group();
    rig.pass(500);
    assert.deepEqual(rig.children(), during);
    rig.send('/b', { finish: 1 });
    assert.deepEqual(rig.children(), after);
    assert.equal(rig.runtime.counters().restarts, 1, 'it is one restart');
    rig.pass(10_000);
    assert.deepEqual(rig.children(), after);
  });

  test(`${strategy}: a restart that comes too late is a failed attempt: it counts, and it is tried again`, () => {
    const { rig, b } = group();
    b.start = 'hang';
    rig.runtime.send('/b', { run: () => undefined } satisfies Command);
    rig.pass(1000);
    assert.equal(rig.state('/b'), 'starting', 'the next attempt');
    assert.equal(b.starts, 3);
    assert.deepEqual(rig.failures().filter((line) => line.startsWith('start_error')), ['start_error b error']);
    rig.pass(1000);
    assert.equal(b.starts, 4);
    rig.pass(1000);
    assert.equal(rig.alive, false, 'the budget is used up');
    assert.deepEqual(causes(rig.ended[0]).at(-1), 'the start was not finished within 1000 ms');
    assert.equal(rig.runtime.counters().timers, 0);
  });

  test(`${strategy}: a sibling that crashes while a restart goes on, and a termination of what is awaited`, () => {
    const { rig, b } = group();
    rig.end('/a', 'abnormal');
    const again = { oneForOne: ['a#2', 'b starting', 'c#1'], restForOne: ['a#2', 'b starting', 'c restarting'], oneForAll: ['a#3', 'b starting', 'c restarting'] }[strategy];
    assert.deepEqual(rig.children(), again);
    assert.equal(b.starts, strategy === 'oneForOne' ? 2 : 3);
    assert.equal(tag(rig.runtime.terminateChild('/', 'b')), 'ok');
    rig.pass(60_000);
    assert.deepEqual(rig.children().slice(1), ['b stopped', strategy === 'oneForOne' ? 'c#1' : 'c stopped']);
    assert.equal(rig.state('/a'), 'running');
    assert.equal(rig.stop(), 0);
  });

  test(`${strategy}: a crash among those already up, while the supervisor itself is still being started`, () => {
    const b = hanging();
    const c = new Script();
    const rig = Rig.started(sup('sup', [child('a'), child('b', b), child('c', c)], { strategy, intensity: { restarts: 3, withinMs: 60_000 } }));
    rig.end('/a', 'abnormal');
    assert.deepEqual(rig.children(), ['a#2', 'b starting', 'c stopped']);
    assert.equal(c.starts, 0, 'c waits for b, whoever starts it');
    rig.send('/b', { finish: 1 });
    assert.deepEqual(rig.children().map((line) => line.slice(0, 2)), ['a#', 'b#', 'c#']);
    assert.equal(rig.state('/'), 'running');
    assert.equal(c.starts, 1);
    assert.equal(tag(rig.runtime.startChild('/', child('d'))), 'ok');
    assert.equal(rig.stop(), 0);
  });
}

test('a supervisor whose child takes time to start takes time itself, level for level', () => {
  const log: string[] = [];
  const slow = hanging({ log });
  const rig = Rig.started(sup('top', [sup('middle', [sup('low', [child('slow', slow)]), child('m', new Script({ log }))]), child('t', new Script({ log }))]));
  assert.ok(rig.answer.ok && rig.answer.pending === true);
  assert.deepEqual([rig.state('/'), rig.state('/middle'), rig.state('/middle/low')], ['starting', 'starting', 'starting']);
  rig.send('/middle/low/slow', { finish: 1 });
  assert.deepEqual(log, ['+slow', '+m', '+t']);
  assert.equal(rig.state('/'), 'running');

  const failing = Rig.started(sup('top', [sup('middle', [sup('low', [child('slow', hanging())])]), child('t')]));
  failing.pass(1000);
  assert.deepEqual(causes(failing.ended[0]), ['child "middle" did not start', 'child "low" did not start', 'child "slow" did not start', 'the start was not finished within 1000 ms']);
  assert.equal(failing.runtime.counters().cells, 0);
});

test('a child that a worker spawns may take its time; a failure is told as an end of the child', () => {
  const ends: string[] = [];
  const rig = Rig.started(sup('sup', [worker({
    id: 'owner',
    behaviour: {
      name: 'owner', version: 1, init: () => null,
      step: (state: null, message: { readonly spawn: string } | { readonly ended: string }, ctx) => {
        if ('ended' in message) ends.push(message.ended);
        else assert.equal(tag(ctx.spawn(child(message.spawn, hanging()))), 'ok');
        return state;
      },
      childExit: (id: string, reason) => ({ ended: `${id} ${reason.kind}` }),
    },
  })]));
  for (const id of ['x', 'y']) {
    rig.runtime.send('/owner', { spawn: id });
    rig.runtime.drain();
    assert.equal(rig.state(`/owner/${id}`), 'starting');
  }
  rig.send('/owner/x', { finish: 1 });
  assert.equal(rig.state('/owner/x'), 'running');
  rig.pass(1000);
  assert.deepEqual(ends, ['y error']);
  assert.equal(rig.runtime.inspect('/owner/y'), undefined);
  assert.equal(rig.state('/owner'), 'running');
});

test('half a start is no good state: with lastGood the next life begins with init', () => {
  const script = hanging();
  const rig = Rig.started(sup('sup', [child('a', script, { restore: 'lastGood' }), child('b')], { strategy: 'oneForAll', intensity: { restarts: 5, withinMs: 60_000 } }));
  rig.send('/a', { finish: 1 });
  rig.end('/b', 'abnormal');
  assert.equal(script.starts, 1, 'a finished one is kept');
  rig.end('/a', 'normal');
  assert.equal(rig.state('/a'), 'starting');
  assert.equal(script.starts, 2);
  rig.send('/a', 'die');
  assert.equal(rig.state('/a'), 'starting');
  assert.equal(script.starts, 3);
});

test('ctx.startLater, started and failStart are for a start', () => {
  const rig = Rig.started(sup('sup', [child('a')], { intensity: { restarts: 9, withinMs: 1000 } }));
  for (const command of [{ finish: 1 }, { refuse: 1 }, { run: (ctx) => ctx.startLater() }, { run: (ctx) => ctx.ignore() }] satisfies Command[]) {
    const before = rig.incarnation('/a')!;
    rig.send('/a', command);
    assert.equal(rig.incarnation('/a'), before + 1, 'a crash that says so');
    assert.match(rig.runtime.deadLetters().at(-1)?.cause?.message ?? '', /for init: this actor has already started/);
  }
});

test('a boot goes on without a child that is put aside while it is awaited, and one started by hand tells of its whole level', () => {
  const b = hanging();
  const rig = Rig.started(sup('sup', [child('a'), child('b', b, { quarantine: { restarts: 1, withinMs: 60_000 } }), child('c')], { strategy: 'restForOne', intensity: { restarts: 9, withinMs: 60_000 } }));
  rig.end('/a', 'abnormal');
  assert.deepEqual(rig.children(), ['a#2', 'b starting', 'c stopped'], 'the restart of a took b over from the boot');
  rig.pass(2000);
  assert.deepEqual(rig.children(), ['a#2', 'b quarantined', 'c#1']);
  assert.equal(rig.state('/'), 'running');

  // A supervisor that is started by hand and whose children take time.
  const top = Rig.started(sup('top'));
  for (const [end, kind] of [[{ finish: 1 }, 'ok'], [{ refuse: 'no' }, 'start_failed']] as const) {
    const told: StartChildResult[] = [];
    const answer = top.runtime.startChild('/', sup('s', [child('x', hanging()), child('y', hanging())]), (one) => void told.push(one));
    assert.ok(answer.ok && answer.pending === true);
    top.send('/s/x', { finish: 1 });
    assert.equal(told.length, 0, 'not before the last of them is there');
    top.send('/s/y', end);
    assert.deepEqual(told.map(tag), [kind]);
    const [end_] = told.slice();
    assert.equal(end_?.ok === true && end_.ref.path, kind === 'ok' ? '/s' : false);
    assert.equal(top.state('/s'), kind === 'ok' ? 'running' : undefined);
    if (kind === 'ok') {
      top.end('/s', 'supervisor');
      assert.equal(tag(top.runtime.deleteChild('/', 's')), 'ok');
    }
  }
  assert.equal(top.runtime.counters().cells, 1);
});

test('a late start that fails while its supervisor is already being stopped is no more than a child that is down', () => {
  const slow = new Script({ cleanupMs: 500 });
  const inner = sup('s', [sup('t', [child('x', hanging(), { startDeadlineMs: 300 })]), child('y')]);
  const rig = Rig.started(sup('sup', [child('a'), inner, child('c')], { strategy: 'oneForAll', intensity: { restarts: 9, withinMs: 60_000 } }));
  // y is up already by hand of a restart of its own, and takes its time to stop.
  assert.equal(rig.runtime.reconfigure('/s', { children: [sup('t', [child('x', hanging(), { startDeadlineMs: 300 })]), child('y', slow)] }).ok, true);
  assert.equal(tag(rig.runtime.restartChild('/s', 'y')), 'ok');
  rig.runtime.crash('/a');
  assert.equal(rig.state('/s'), 'stopping');
  rig.pass(300);
  assert.equal(rig.state('/s'), 'stopping', 'x has failed, y still takes its time');
  rig.pass(200);
  assert.deepEqual(rig.children(), ['a#2', 's starting', 'c stopped']);
  assert.equal(rig.state('/s/t/x'), 'starting');
  rig.send('/s/t/x', { finish: 1 });
  assert.deepEqual(rig.children().map((line) => line.replace(/\d/, 'n')), ['a#n', 's#n', 'c#n']);
});
