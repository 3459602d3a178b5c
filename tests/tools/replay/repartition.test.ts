import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { Replay } from '../../../tools/replay/replay.js';
import { crashTape, slim } from '../../support/lane-tapes.js';
import { play, sourceOf } from '../../support/replay-tape.js';

test('symbols dealt to other lanes in the middle of a run: the same decisions', async () => {
  const tape = crashTape();
  const replay = new Replay({
    header: tape.header, source: sourceOf(tape), config: DEFAULT_CONFIG, startUs: tape.startUs,
    lanes: { ...DEFAULT_CONFIG.lanes, placement: 'ring', count: 2 },
  });
  const plans = [
    { BTCUSDT: 0, ETHUSDT: 0, SOLUSDT: 1, BNBUSDT: 1 },
    { BTCUSDT: 1, ETHUSDT: 1, SOLUSDT: 1, BNBUSDT: 0 },
    { BTCUSDT: 0, ETHUSDT: 1, SOLUSDT: 0, BNBUSDT: 1 },
  ];
  try {
    const had = replay.lanes!.plan.lanes.map(({ instruments }) => instruments.map(({ symbol }) => symbol));
    assert.deepEqual(had, [['BTCUSDT', 'SOLUSDT'], ['ETHUSDT', 'BNBUSDT']]);
    await assert.rejects(replay.lanes!.repartition({ count: 3, assign: {} }), /3 lanes, the running one 2/);
    let done = 0;
    while (!replay.ended) {
      replay.advance(4096);
      if (replay.stalled) await replay.turn();
      else if (done < plans.length && replay.taken > ((done + 1) * tape.records) / 5 && await replay.lanes!.repartition({ count: 2, assign: plans[done]! })) done += 1;
    }
    await replay.settle();
    const report = replay.finish(0);
    assert.equal(done, plans.length);
    assert.deepEqual(report.lanes.map(({ symbols, restarts }) => ({ symbols, restarts })), [
      { symbols: ['BTCUSDT', 'SOLUSDT'], restarts: 3 }, { symbols: ['ETHUSDT', 'BNBUSDT'], restarts: 3 },
    ]);
    const inline = play(tape).report;
    assert.ok(inline.decisions > 100);
    for (const field of ['digest', 'decisions', 'processed', 'gapped', 'invalid', 'backwardStamps', 'extremes', 'trades', 'open'] as const) assert.deepEqual(report[field], inline[field], field);
  } finally {
    await replay.close();
  }
});

test('a lane that dies while symbols are dealt anew is brought back, and the dealing goes on', async () => {
  const tape = slim(crashTape(), 8);
  const replay = new Replay({
    header: tape.header, source: sourceOf(tape), config: DEFAULT_CONFIG, startUs: tape.startUs,
    lanes: { ...DEFAULT_CONFIG.lanes, placement: 'ring', count: 2 },
  });
  try {
    let dealt = false;
    while (!replay.ended) {
      replay.advance(4096);
      if (replay.stalled) await replay.turn();
      else if (!dealt && replay.taken > tape.records / 2) {
        replay.runtime.crash('/market/lanes/1');
        const late = new Promise<never>((_resolve, reject) => void setTimeout(() => reject(new Error('the dealing hangs')), 30_000).unref());
        dealt = await Promise.race([late, replay.lanes!.repartition({ count: 2, assign: { BTCUSDT: 1, ETHUSDT: 0 } })]);
      }
    }
    await replay.settle();
    assert.ok(dealt);
    assert.equal(replay.finish(0).digest, play(tape).report.digest);
  } finally {
    await replay.close();
  }
});
