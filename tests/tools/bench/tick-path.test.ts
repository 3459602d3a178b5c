import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateBatch, BLOCK_RECORDS, EXCH_US, RECV_US, SEQ, WORDS_F } from '../../../data/records/index.js';
import { makeBenchTape } from '../../../tools/bench/bench-tape.js';
import { EndlessTape } from '../../../tools/bench/endless-tape.js';
import { TickPath } from '../../../tools/bench/tick-path.js';

void test('an endless tape goes on in sequence and time, pass after pass', (t) => {
  const tape = makeBenchTape({ scenario: 'calm', minutes: 1 });
  t.after(() => tape.remove());
  const endless = new EndlessTape(tape.path);
  const batch = allocateBatch(BLOCK_RECORDS);
  let seq = 0;
  let recvUs = 0;
  while (seq < 3 * tape.records) {
    const count = endless.next(batch);
    assert.ok(count > 0);
    for (let k = 0; k < count; k += 1, seq += 1) {
      const f = k * WORDS_F;
      assert.equal(batch.F[f + SEQ], seq);
      assert.ok(batch.F[f + RECV_US] >= recvUs);
      assert.ok(batch.F[f + EXCH_US] <= batch.F[f + RECV_US]);
      recvUs = batch.F[f + RECV_US];
    }
  }
  endless.close();
});

void test('the tick path that is measured does its job on every pass: a live book, nothing gapped, nothing invalid', (t) => {
  const tape = makeBenchTape({ scenario: 'calm', minutes: 3 });
  t.after(() => tape.remove());
  const path = new TickPath(tape.path);
  path.run(3.5 * tape.records);
  const counters = path.kernel.counters();
  assert.ok(counters.records >= 3.5 * tape.records);
  assert.deepEqual([counters.gapped, counters.waiting, counters.invalid, counters.backwardStamps, counters.missing], [0, 0, 0, 0, 0]);
  const symbol = path.kernel.symbol(0);
  assert.ok(symbol?.live === true && symbol.grid.warm && Number.isFinite(symbol.depth.obi));
  path.close();
});
