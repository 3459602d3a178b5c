import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ActorContext, type OverflowPolicy, type Runtime, type SendResult, worker } from '../../runtime/index.js';
import { Mailbox } from '../../runtime/core/mailbox.js';
import { child, root, run, started, stateOf, total } from './support.js';

interface Quote { readonly symbol: string; readonly price: number }

const reader = (seen: unknown[]) => ({ name: 'reader', version: 1, init: () => null, step: (state: null, message: Quote) => { seen.push(message.price); return state; } });

function filled(overflow: OverflowPolicy): { answers: SendResult[]; seen: unknown[]; runtime: Runtime } {
  const seen: unknown[] = [];
  const mailbox = { capacity: 4, overflow, ...(overflow === 'conflate' ? { conflateKey: (quote: Quote) => quote.symbol } : {}) };
  const runtime = started(root([worker({ id: 'a', behaviour: reader(seen), mailbox })]));
  const answers = [1, 2, 3, 4, 5, 6].map((price) => runtime.send('/a', { symbol: `s${price % 5}`, price }));
  runtime.drain();
  return { answers, seen, runtime };
}

const four: SendResult[] = ['delivered', 'delivered', 'delivered', 'delivered'];

for (const policy of ['reject', 'dropNewest'] satisfies OverflowPolicy[]) {
  test(`${policy}: a full mailbox refuses the new message, says so, and the message is a dead letter`, () => {
    const { answers, seen, runtime } = filled(policy);
    assert.deepEqual(answers, [...four, 'full', 'full']);
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.equal(runtime.counters().deadLetters.mailbox_full, 2);
  });
}

test('dropOldest: the oldest message makes room and is a dead letter', () => {
  const { answers, seen, runtime } = filled('dropOldest');
  assert.deepEqual(answers, [...four, 'delivered', 'delivered']);
  assert.deepEqual(seen, [3, 4, 5, 6]);
  assert.equal(runtime.counters().deadLetters.mailbox_full, 2);
});

test('conflate: the latest message of a key takes the place of the queued one', () => {
  const { answers, seen, runtime } = filled('conflate');
  assert.deepEqual(answers, [...four, 'full', 'delivered'], 's0 is a fifth key; s1 replaces');
  assert.deepEqual(seen, [6, 2, 3, 4]);
  assert.equal(runtime.counters().conflated, 1);
});

test('fail: overflow is an abnormal exit of the receiver, never of the sender', () => {
  const runtime = started(root([child('a', {}, { mailbox: { capacity: 2, overflow: 'fail' } }), child('b')]));
  run(runtime, '/b', (ctx) => {
    const to = ctx.ref('/a');
    assert.deepEqual([1, 2, 3].map((n) => ctx.send(to, { type: 'add', n })), ['delivered', 'delivered', 'full']);
  });
  const exit = runtime.tree()?.children[0]?.lastExit;
  assert.equal(exit?.kind === 'error' && exit.cause.name, 'MailboxOverflow');
  assert.equal(runtime.inspect('/a')?.incarnation, 2);
  assert.equal(runtime.inspect('/b')?.incarnation, 1);
});

test('what a send inside a turn answers is what happens when the turn commits', () => {
  const runtime = started(root([child('a', {}, { mailbox: { capacity: 2 } }), child('b')]));
  let answers: SendResult[] = [];
  run(runtime, '/b', (ctx) => {
    answers = [1, 2, 3].map((n) => ctx.send(ctx.ref('/a'), { type: 'add', n }));
  });
  assert.deepEqual(answers, ['delivered', 'delivered', 'full']);
  assert.equal(total(runtime, '/a'), 3);
  run(runtime, '/b', (ctx) => {
    ctx.send(ctx.ref('/a'), { type: 'add', n: 1 });
    throw new Error('undone');
  });
  run(runtime, '/b', (ctx) => {
    answers = [1, 2, 3].map((n) => ctx.send(ctx.ref('/a'), { type: 'add', n }));
  });
  assert.deepEqual(answers, ['delivered', 'delivered', 'full'], 'the reserved place was given back');
});

test('the system lane goes before the user lane and knows no bound', () => {
  const order: string[] = [];
  const behaviour = {
    name: 'w', version: 1,
    init: (ctx: ActorContext<{ type: string }>) => { for (let n = 0; n < 5; n++) ctx.monitor(ctx.ref('/b')); return null; },
    step: (state: null, message: { type: string }) => { order.push(message.type); return state; },
  };
  const runtime = started(root([child('b', {}, { restart: 'temporary' }), worker({ id: 'a', behaviour, mailbox: { capacity: 1 } })]));
  runtime.send('/a', { type: 'user' });
  runtime.kill('/b');
  runtime.drain();
  assert.deepEqual(order, [...Array.from({ length: 5 }, () => 'runtime.down'), 'user']);
});

test('the mailbox of a stopped actor becomes dead letters, and so does what is sent to it later', () => {
  const runtime = started(root([child('a', {}, { restart: 'transient' })]));
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.terminateChild('/', 'a');
  assert.equal(runtime.send('/a', { type: 'add', n: 2 }), 'dead');
  assert.equal(runtime.send('/nobody', 1), 'dead');
  assert.deepEqual(runtime.deadLetters().map((letter) => [letter.reason, letter.path]), [['stopped', '/a'], ['stopped', '/a'], ['no_such_actor', '/nobody']]);
});

test('poison: the next user message throws instead of being handled and is a dead letter with its cause', () => {
  const runtime = started(root([child('a', {}, { restore: 'lastGood' })]));
  runtime.poison('/a');
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.send('/a', { type: 'add', n: 2 });
  runtime.drain();
  assert.equal(total(runtime, '/a'), 2);
  const [letter] = runtime.deadLetters();
  assert.deepEqual([letter?.reason, letter?.message, letter?.cause?.during], ['poison', { type: 'add', n: 1 }, { type: 'add', turn: 1 }]);
  assert.equal(stateOf(runtime, '/a'), 'running');
});

test('the ring behaves as a queue over any sequence of pushes, shifts and evictions', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('push', 'push', 'push', 'shift', 'evict'), { maxLength: 300 }), (steps) => {
    const box = new Mailbox(1024, 'dropOldest', null);
    const model: number[] = [];
    let next = 0;
    for (const step of steps) {
      if (step === 'push') {
        box.push(next);
        model.push(next++);
      } else if (step === 'shift') {
        if (model.length > 0) assert.equal(box.shift(), model.shift());
      } else {
        assert.equal(box.evict()?.message, model.shift());
      }
      assert.equal(box.count, model.length);
    }
  }), { numRuns: 200, seed: 3 });
});

test('conflation keeps the last value per key and the order of first arrival over any sequence', () => {
  fc.assert(fc.property(fc.array(fc.record({ key: fc.nat({ max: 5 }), read: fc.boolean() }), { maxLength: 200 }), (steps) => {
    const box = new Mailbox(8, 'conflate', (() => 0) as never);
    let model: { key: number; value: number }[] = [];
    steps.forEach(({ key, read }, value) => {
      const queued = model.find((entry) => entry.key === key);
      assert.equal(box.replace(key, { key, value }), queued !== undefined);
      if (queued !== undefined) queued.value = value;
      else {
        box.push({ key, value });
        box.noteKey(key);
        model = [...model, { key, value }];
      }
      if (read) assert.deepEqual(box.shift(), model.shift());
    });
    while (model.length > 0) assert.deepEqual(box.shift(), model.shift());
  }), { numRuns: 200, seed: 4 });
});
