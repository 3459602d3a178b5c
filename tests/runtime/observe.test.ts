import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainCopy, worker } from '../../runtime/index.js';
import { DeadLetters } from '../../runtime/observe/dead-letters.js';
import { child, root, run, started, throwAnything } from './support.js';

test('tree() is plain data: path, kind, behaviour, state, incarnation, restarts, mailbox, handled, last exit', () => {
  const runtime = started(root([child('a')]));
  runtime.send('/a', { type: 'add', n: 1 });
  runtime.drain();
  runtime.crash('/a', new Error('x'));
  runtime.send('/a', { type: 'add', n: 1 });
  const tree = runtime.tree();
  assert.deepEqual(JSON.parse(JSON.stringify(tree)), tree, 'nothing but plain data');
  const { path, id, kind, behaviour, state, incarnation, restarts, mailbox, handled, lastExit } = tree!.children[0]!;
  assert.deepEqual({ path, id, kind, behaviour, state, incarnation, restarts, mailbox, handled, last: lastExit?.kind }, {
    path: '/a', id: 'a', kind: 'worker', behaviour: { name: 'programmable', version: 1 }, state: 'running', incarnation: 2, restarts: 1, mailbox: 1, handled: 1, last: 'error',
  });
});

test('inspect shows a bounded copy; a view that throws is shown as its failure', () => {
  const state = { big: Array.from({ length: 1000 }, (_, n) => n) };
  const behaviour = { name: 'w', version: 1, init: () => state, step: (s: typeof state) => s };
  const runtime = started(root([worker({ id: 'a', behaviour }), worker({ id: 'b', behaviour: { ...behaviour, view: () => throwAnything('no view') } })]));
  const value = runtime.inspect('/a')?.value as { big: unknown[] };
  assert.equal(value.big.length, 201);
  assert.deepEqual(value.big.at(-1), { $truncated: 800 });
  assert.notEqual(value.big, state.big);
  assert.equal((runtime.inspect('/b')?.value as { message: string } | undefined)?.message, 'no view');
  assert.equal(runtime.inspect('/nobody'), undefined);
});

test('a copy of anything is JSON: bigints, maps, sets, typed arrays, dates, errors, circles, references, hostile getters', () => {
  const runtime = started(root([child('a')]));
  const circle: Record<string, unknown> = { n: 1n };
  circle['self'] = circle;
  const copied = plainCopy({
    circle, map: new Map([['k', new Set([1])]]), array: new Float64Array([1, NaN, -0]), big: new BigInt64Array([2n]), view: new DataView(new ArrayBuffer(3)),
    date: new Date(0), never: new Date(NaN), error: new TypeError('t'), ref: runtime.ref('/a'), fn: () => 1, sym: Symbol('s'), gone: undefined,
    get hostile() { return throwAnything(1); },
  });
  assert.deepEqual(copied, {
    circle: { n: { $bigint: '1' }, self: { $circular: true } }, map: { $map: [['k', { $set: [1] }]] },
    array: { $array: 'Float64Array', length: 3, values: [1, { $number: 'NaN' }, { $number: '-0' }] }, big: { $array: 'BigInt64Array', length: 1, values: [{ $bigint: '2' }] },
    view: { $bytes: 3 }, date: { $date: '1970-01-01T00:00:00.000Z' }, never: { $date: null }, error: { $error: { name: 'TypeError', message: 't' } },
    ref: { $ref: '/a' }, fn: { $function: 'fn' }, sym: { $symbol: 's' }, gone: { $undefined: true }, hostile: { $unreadable: 'a getter threw' },
  });
});

test('the copy is bounded in depth, width, values and text whatever it is given, and always JSON', () => {
  let deep: unknown = 1;
  for (let n = 0; n < 100_000; n++) deep = { deep };
  assert.ok(JSON.stringify(plainCopy(deep)).length < 500);
  assert.ok(JSON.stringify(plainCopy(Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => 'x'.repeat(10_000))))).length < 500_000);
  // One thing of ten megabytes each: a key, a text in an error, a number; and an object of very many keys, which is listed once.
  const long = 'k'.repeat(10_000_000);
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`key-${n}`, n]));
  const big = { [long]: 1, [`${long}l`]: 2, error: new Error(long), symbol: Symbol(long), digits: 1n << 80_000_000n, many };
  const copied = plainCopy(big) as Record<string, unknown>;
  assert.ok(JSON.stringify(copied).length < 20_000);
  assert.deepEqual([Object.keys(copied).length, copied['digits'], (copied['many'] as Record<string, unknown>)['$truncated']], [6, { $bigint: '(more than 8192 bits)' }, 19_800]);
  for (let n = 0; n < 400; n++) delete many[`key-${n}`];
  many['key-450'] = -1;
  const later = plainCopy(many) as Record<string, unknown>;
  assert.deepEqual([later['key-399'], later['key-450'], later['$truncated']], [undefined, -1, 19_900], 'values of now, for the keys that are still there');
  fc.assert(fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: true, withNullPrototype: true, withSparseArray: true }), (value) => {
    const copy = plainCopy(value);
    assert.deepEqual(JSON.parse(JSON.stringify(copy)), JSON.parse(JSON.stringify(plainCopy(value))));
  }), { numRuns: 500, seed: 11 });
});

test('the trace ring keeps the last events in order and counts all; its hash covers all of them', () => {
  const runtime = started(root([child('a')]), { traceEvents: 16 });
  for (let n = 0; n < 100; n++) run(runtime, '/a', () => undefined);
  const trace = runtime.trace();
  const events = trace.list();
  assert.equal(events.length, 16);
  assert.ok(trace.count >= 102);
  assert.deepEqual(events.map((event) => event.seq), Array.from({ length: 16 }, (_, n) => trace.count - 16 + n));
  assert.deepEqual([events.at(-1)?.kind, events.at(-1)?.detail, events.at(-1)?.cell], ['turn', 100, 2]);
  const before = trace.hash();
  runtime.crash('/a');
  assert.notEqual(trace.hash(), before);
});

test('dead letters: all counted, the last ones kept, a listener that throws taken off', () => {
  const letters = new DeadLetters(4);
  let heard = 0;
  letters.onLetter(() => { heard++; throw new Error('x'); });
  for (let n = 0; n < 10; n++) {
    letters.add('stopped', '/a', n, n);
    letters.tell();
  }
  assert.deepEqual(letters.list().map((letter) => letter.message), [6, 7, 8, 9]);
  assert.equal(letters.byReason().stopped, 10);
  assert.equal(heard, 1);
});

test('a reference does not drag the runtime along when it is printed or put into JSON', () => {
  const runtime = started(root([child('a')]));
  assert.equal(JSON.stringify({ to: runtime.ref('/a') }), '{"to":{"path":"/a"}}');
  assert.deepEqual(Object.keys(runtime.ref('/a')), ['path']);
});

test('who looks on from outside, throwing or not, changes no trace', () => {
  const hash = (look: boolean): string => {
    const runtime = started(root([child('a'), child('b')], { intensity: { restarts: 100, withinMs: 1 } }));
    if (look) {
      const throws = (): never => { throw new Error('looks on'); };
      runtime.onDeadLetter(throws);
      runtime.onReport(throws);
      runtime.subscribe('news', throws);
      runtime.monitor('/b', throws);
      runtime.onReport(() => { runtime.tree(); runtime.inspect('/a'); runtime.snapshot('/a'); });
    }
    for (let round = 0; round < 5; round++) {
      run(runtime, '/a', (ctx) => { ctx.publish('news', round); ctx.send(ctx.ref('/nobody'), round); });
      runtime.crash('/b');
      runtime.drain();
    }
    return runtime.trace().hash();
  };
  assert.equal(hash(true), hash(false));
});
