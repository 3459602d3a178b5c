import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Flag, ID, RECV_US, SEQ, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import type { RecordBatch } from '../../../data/records/index.js';
import { parseFault, formatFault } from '../../../tools/replay/fault-spec.js';
import type { Fault } from '../../../tools/replay/fault-spec.js';
import { FaultedSource } from '../../../tools/replay/faulted-source.js';

const START_US = 1_000_000;

/** A tape of `length` records, ID = position, one a millisecond, handed out in blocks of `block`. */
function tape(length: number, block: number): { next(batch: RecordBatch): number } {
  let at = 0;
  return {
    next(batch) {
      const count = Math.min(block, length - at);
      for (let r = 0; r < count; r++, at++) {
        batch.F.fill(0, r * WORDS_F, (r + 1) * WORDS_F);
        batch.F[r * WORDS_F + SEQ] = at;
        batch.F[r * WORDS_F + ID] = at;
        batch.F[r * WORDS_F + RECV_US] = START_US + at * 1000;
        batch.I[r * WORDS_I + TAG] = 1;
      }
      batch.length = count;
      return count;
    },
  };
}

interface Seen {
  readonly ids: number[];
  readonly seqs: number[];
  readonly arrivalsUs: number[];
  readonly injected: number[];
  readonly strikes: string[];
  readonly source: FaultedSource;
}

function play(length: number, block: number, specs: readonly string[]): Seen {
  const source = new FaultedSource(tape(length, block), specs.map(parseFault));
  const seen: Seen = { ids: [], seqs: [], arrivalsUs: [], injected: [], strikes: [], source };
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
    const { F, I } = chunk.batch;
    for (const strike of chunk.strikes) {
      const next = strike.before < chunk.batch.length ? F[strike.before * WORDS_F + ID] : 'end';
      seen.strikes.push(`${formatFault(strike.fault)} before ${next}`);
    }
    for (let r = 0; r < chunk.batch.length; r++) {
      seen.ids.push(F[r * WORDS_F + ID]!);
      seen.seqs.push(F[r * WORDS_F + SEQ]!);
      seen.arrivalsUs.push(F[r * WORDS_F + RECV_US]!);
      if ((I[r * WORDS_I + TAG]! & Flag.INJECTED) !== 0) seen.injected.push(F[r * WORDS_F + ID]!);
    }
  }
  return seen;
}

test('without faults every record passes in order with its own number', () => {
  const seen = play(10, 4, []);
  assert.deepEqual(seen.ids, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(seen.seqs, seen.ids);
});

test('a drop takes K records, over block borders, and their numbers stay unused', () => {
  const seen = play(10, 4, ['drop:3+3']);
  assert.deepEqual(seen.ids, [0, 1, 2, 6, 7, 8, 9]);
  assert.deepEqual(seen.seqs, [0, 1, 2, 6, 7, 8, 9]);
  assert.equal(seen.source.dropped, 3);
  assert.equal(seen.source.inputs, 10);
});

test('a duplicate follows its original, is marked, and has a number of its own', () => {
  const seen = play(5, 2, ['dup:1']);
  assert.deepEqual(seen.ids, [0, 1, 1, 2, 3, 4]);
  assert.deepEqual(seen.seqs, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(seen.injected, [1]);
});

test('a swap exchanges two records, also at a block border and at the end', () => {
  assert.deepEqual(play(6, 3, ['swap:2']).ids, [0, 1, 3, 2, 4, 5]);
  assert.deepEqual(play(3, 3, ['swap:2']).ids, [0, 1, 2]);
});

test('a delayed record arrives at its later time, after those that came before it', () => {
  const seen = play(8, 3, ['delay:2+3']);
  assert.deepEqual(seen.ids, [0, 1, 3, 4, 5, 2, 6, 7]);
  assert.equal(seen.arrivalsUs[5], START_US + 5000);
  assert.deepEqual(play(4, 4, ['delay:3+1000']).ids, [0, 1, 2, 3]);
});

test('a clock fault shifts the receive stamp of every later record', () => {
  const seen = play(4, 2, ['clock:1+-5']);
  assert.deepEqual(seen.arrivalsUs, [START_US, START_US - 4000, START_US - 3000, START_US - 2000]);
});

test('faults of actors and lanes strike before their record, and those past the end strike at the end', () => {
  const seen = play(6, 4, ['crash:/a@4', 'poison:/b@0', 'crash:/c@99', 'kill-lane:1@4', 'stall-lane:0@2+10']);
  assert.deepEqual(seen.strikes, [
    'poison:/b@0 before 0', 'stall-lane:0@2+10 before 2', 'crash:/a@4 before 4', 'kill-lane:1@4 before 4', 'crash:/c@99 before end',
  ]);
});

test('whatever is asked for, every record arrives once, is dropped, or is an injected duplicate', () => {
  const fault = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), at: fc.nat(60), count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at: fc.nat(60) }),
    fc.record({ kind: fc.constant('delay' as const), at: fc.nat(60), ms: fc.nat(20) }),
    fc.record({ kind: fc.constant('clock' as const), at: fc.nat(60), ms: fc.integer({ min: -20, max: 20 }) }),
    fc.record({ kind: fc.constantFrom('crash' as const, 'poison' as const), path: fc.constant('/x'), at: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(fault, { maxLength: 8 }), fc.integer({ min: 1, max: 16 }), (faults: Fault[], block) => {
      const seen = play(50, block, faults.map(formatFault));
      const originals = new Set(seen.ids);
      assert.equal(originals.size + seen.source.dropped, 50);
      assert.equal(seen.ids.length - originals.size, seen.injected.length);
      assert.equal(seen.source.inputs, seen.ids.length + seen.source.dropped);
      for (let n = 1; n < seen.seqs.length; n++) assert.ok(seen.seqs[n]! > seen.seqs[n - 1]!, 'numbers ascend');
    }),
    { numRuns: 300 },
  );
});

test('every form is read and written back', () => {
  for (const spec of [
    'crash:/market/kernel@0', 'poison:/a/b@12', 'drop:3+4', 'dup:5', 'swap:6', 'delay:7+800', 'clock:9+-20', 'overflow:BTCUSDT@10+11',
    'overflow:BTCUSDT@binance-spot@10+1', 'kill-lane:0@12', 'stall-lane:3@13+1500',
  ]) assert.equal(formatFault(parseFault(spec)), spec);
  assert.deepEqual(parseFault('overflow:A@x@1+2'), { kind: 'overflow', symbol: 'A@x', at: 1, count: 2 });
});

test('a malformed fault is refused with the forms that exist', () => {
  for (const bad of ['', 'crash', 'crash:market@1', 'drop:5', 'drop:5+0', 'dup:-1', 'delay:1+-3', 'explode:/x@1', 'swap:1+1', 'overflow:@1+1',
    'overflow:BTC@1', 'overflow:BTC@1+0', 'overflow:BTC@-1+1', 'kill-lane:x@1', 'kill-lane:-1@1', 'kill-lane:1', 'stall-lane:0@5',
    'stall-lane:0@5+0', 'stall-lane:0@5+-1']) {
    assert.throws(() => parseFault(bad), { name: 'CliError', exit: 'usage' });
  }
});
