import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../config/schema.js';
import { generatedTape, play } from '../../support/replay-tape.js';

test('trades in a calm market, one trade at a time, until the tape ends, and changes nothing of what detectors do', () => {
  const tape = generatedTape({ scenario: 'calm', seed: 7, symbols: 1, minutes: 3, rate: 1 });
  const eager = play(tape, { config: configSchema.parse({ trading: { strategy: 'eager', eager: { holdMs: 500, pauseMs: 250 } } }) }).report;
  const trades = eager.trades;
  assert.ok(trades.length >= 20, `${trades.length} trades in the minute after the warm-up`);
  for (const [at, trade] of trades.entries()) {
    assert.equal(trade.exitReason, 'time');
    if (at > 0) assert.ok(trade.entryAt >= trades[at - 1]!.exitAt);
  }
  assert.deepEqual(eager.refusals, {});
});
