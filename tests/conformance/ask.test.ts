import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ActorContext, type AskResult, type Runtime, worker, type WorkerSpec } from '../../runtime/index.js';
import { child, type Command, root, run, started, stateOf } from '../runtime/support.js';

const generous = { intensity: { restarts: 1000, withinMs: 1 } } as const;
const backoff = { minMs: 100, maxMs: 100, jitter: 0 } as const;

/** A request that is answered with the incarnation that answers it. */
const who: Command = { type: 'do', run: (ctx) => ctx.reply(ctx.incarnation) };
const silent: Command = { type: 'add', n: 1 };

function ask(runtime: Runtime, path: string, request: Command, deadlineMs = 1000): unknown[] {
  const answers: unknown[] = [];
  runtime.ask(path, request, deadlineMs, (answer) => answers.push(answer));
  return answers;
}

const yes = (value: unknown): AskResult<unknown> => ({ ok: true, value });
const no = (reason: 'timeout' | 'dead' | 'full' | 'down'): AskResult<unknown> => ({ ok: false, reason });

test('a question that waits while its target restarts is answered by the next life, with init and with the last good state', () => {
  const runtime = started(root([child('a'), child('b', {}, { restore: 'lastGood' })], generous));
  for (const path of ['/a', '/b']) {
    const answers = ask(runtime, path, who);
    runtime.crash(path);
    runtime.drain();
    assert.deepEqual(answers, [yes(2)]);
  }
});

test('a question asked during back-off waits; its deadline goes on', () => {
  const runtime = started(root([child('a', {}, { backoff })], generous));
  runtime.crash('/a');
  const patient = ask(runtime, '/a', who, 200);
  const hasty = ask(runtime, '/a', who, 50);
  runtime.advanceTo(99_999);
  assert.deepEqual([patient, hasty], [[], [no('timeout')]]);
  runtime.advanceTo(100_000);
  assert.deepEqual([patient, hasty], [[yes(2)], [no('timeout')]]);
});

for (const [onRestart, reason] of [['drop', 'dead'], ['reject', 'full']] as const) {
  test(`onRestart ${onRestart}: a question that waits at a restart fails with it; one asked during back-off is refused (${reason})`, () => {
    const runtime = started(root([child('a', {}, { backoff, mailbox: { onRestart } })], generous));
    const waiting = ask(runtime, '/a', who);
    runtime.crash('/a');
    assert.deepEqual(waiting, [no('down')]);
    assert.deepEqual(ask(runtime, '/a', who), [no(reason)]);
    runtime.advanceTo(100_000);
    assert.equal(runtime.tree()?.children[0]?.mailbox, 0);
  });
}

test('a target that stops fails what waits at once; one that drains still answers what was asked before', () => {
  const runtime = started(root([child('a'), child('slow', { onStop: () => 'pending' })]));
  const lost = ask(runtime, '/a', who);
  runtime.terminateChild('/', 'a');
  assert.deepEqual(lost, [no('down')]);
  assert.deepEqual(ask(runtime, '/a', who), [no('dead')]);
  const kept = ask(runtime, '/slow', who);
  runtime.terminateChild('/', 'slow');
  const during = ask(runtime, '/slow', who);
  runtime.drain();
  assert.deepEqual([kept, during], [[yes(1)], [yes(1)]]);
  const late = ask(runtime, '/slow', who);
  runtime.kill('/slow');
  assert.deepEqual(late, [no('down')]);
});

test('a killed target fails what waits at once; a question its turn took without a word only at the deadline', () => {
  const runtime = started(root([child('a', {}, { restart: 'temporary' })]));
  const taken = ask(runtime, '/a', silent, 30);
  runtime.drain();
  const waiting = ask(runtime, '/a', who, 30);
  runtime.kill('/a');
  assert.deepEqual([taken, waiting], [[], [no('down')]]);
  runtime.advanceTo(30_000);
  assert.deepEqual(taken, [no('timeout')]);
  assert.equal(runtime.counters().timers, 0);
});

test('asking nobody, or a supervisor, fails at once', () => {
  const runtime = started(root([child('a')]));
  assert.deepEqual([ask(runtime, '/nobody', who), ask(runtime, '/', who)], [[no('dead')], [no('dead')]]);
});

/** Asks /t and keeps what comes back, over restarts, outside itself. */
function asking(heard: unknown[], more: Partial<WorkerSpec> = {}): WorkerSpec {
  const behaviour = {
    name: 'asking', version: 1,
    init: (): number => 0,
    step: (state: number, message: unknown, ctx: ActorContext): number => {
      if (message === 'ask') ctx.ask(ctx.ref('/t'), who, 1000, (result) => result);
      else if (message === 'stop') ctx.stop();
      else heard.push([ctx.incarnation, message]);
      return state;
    },
  };
  return { ...worker({ id: 'q', behaviour }), ...more } as WorkerSpec;
}

test('the asker restarts with init: the answer is not for its new life; with the last good state it is', () => {
  for (const restore of ['init', 'lastGood'] as const) {
    const heard: unknown[] = [];
    const runtime = started(root([child('t'), asking(heard, { restore })], generous));
    runtime.suspend('/t');
    runtime.send('/q', 'ask');
    runtime.drain();
    runtime.crash('/q');
    runtime.resume('/t');
    runtime.drain();
    assert.deepEqual(heard, restore === 'init' ? [] : [[2, yes(1)]]);
    assert.equal(runtime.counters().deadLetters.late_reply, restore === 'init' ? 1 : 0);
    runtime.advanceTo(2_000_000);
    assert.equal(heard.length, restore === 'init' ? 0 : 1);
  }
});

test('an asker that stops takes its questions back: the reply is a dead letter, no timer is left', () => {
  const runtime = started(root([child('t'), asking([], { restart: 'temporary' })], generous));
  runtime.suspend('/t');
  runtime.send('/q', 'ask');
  runtime.send('/q', 'stop');
  runtime.drain();
  assert.equal(runtime.counters().timers, 0);
  runtime.resume('/t');
  runtime.drain();
  assert.equal(runtime.counters().deadLetters.late_reply, 1);
});

test('whatever happens to either side, a question has exactly one outcome, at the latest at its deadline', () => {
  const action = fc.constantFrom('ask', 'ask', 'quiet', 'crash', 'kill', 'suspend', 'resume', 'wait', 'step', 'terminate', 'restart', 'poison');
  fc.assert(fc.property(
    fc.array(fc.tuple(action, fc.nat({ max: 40 })), { maxLength: 40 }), fc.constantFrom('keep', 'drop', 'reject'), fc.constantFrom('init', 'lastGood'), fc.boolean(),
    (script, onRestart, restore, slow) => {
      const spec = child('a', { onStop: slow ? (): 'pending' => 'pending' : (): void => undefined }, { restore, shutdown: 15, mailbox: { capacity: 4, onRestart }, backoff: { minMs: 5, maxMs: 5, jitter: 0 } });
      const runtime = started(root([spec], generous), { sliceMessages: 1 });
      const asked: unknown[][] = [];
      for (const [what, n] of script) {
        switch (what) {
          case 'ask': asked.push(ask(runtime, '/a', who, n)); break;
          case 'quiet': asked.push(ask(runtime, '/a', silent, n)); break;
          case 'wait': runtime.advanceTo(runtime.nowUs() + n * 1000); break;
          case 'step': runtime.step(); break;
          case 'terminate': runtime.terminateChild('/', 'a'); break;
          case 'restart': runtime.restartChild('/', 'a'); break;
          case 'suspend': runtime.suspend('/a'); break;
          case 'resume': runtime.resume('/a'); break;
          case 'poison': runtime.poison('/a'); break;
          default: runtime[what]('/a');
        }
      }
      runtime.advanceTo(runtime.nowUs() + 100_000);
      for (const answers of asked) assert.equal(answers.length, 1);
      assert.ok(['running', 'suspended', 'stopped'].includes(stateOf(runtime, '/a') ?? ''));
      runtime.stop();
      runtime.advanceTo(runtime.nowUs() + 100_000);
      const { sent, handled, queued, deferred, deadLettered, timers } = runtime.counters();
      assert.deepEqual([sent, timers], [handled + queued + deferred + deadLettered, 0]);
    },
  ), { numRuns: 300, seed: 33 });
});

test('an answer that comes twice counts once', () => {
  const runtime = started(root([child('a')]));
  const answers = ask(runtime, '/a', { type: 'do', run: (ctx) => { ctx.reply(1); ctx.reply(2); } });
  run(runtime, '/a', () => undefined);
  assert.deepEqual(answers, [yes(1)]);
  assert.equal(runtime.counters().deadLetters.late_reply, 1);
});
