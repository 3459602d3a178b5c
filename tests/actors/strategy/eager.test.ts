import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eagerStrategy } from '../../../actors/strategy/eager.js';
import { configSchema } from '../../../config/schema.js';
import type { Instrument } from '../../../data/records/index.js';
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

test('keeps its trade when one that an earlier run left is closed', () => {
  const { decide, init } = eagerStrategy();
  const params = configSchema.parse({}).trading.eager;
  const view = { params, instrument: {} as Instrument, nowUs: 1_000_000, detector: 'ACTIVE', pauses: 0, feedUp: true, tradingEnabled: true, idPrefix: 'e-' } as const;
  const entered = decide({ ...init(params, view.instrument), askTicks: 100 }, { type: 'feed', up: true }, view).state;
  assert.equal(entered.trade?.id, 'e-1');
  const fill = { type: 'order.fill', id: 'old', symbol: 0, seq: -1, atUs: 1, priceTicks: 100, lots: 5, remainingLots: 0, liquidity: 'taker', reason: 'venue' } as const;
  for (const event of [{ type: 'closed', tradeId: 'old', filledLots: 5, profitable: true }, { type: 'venue', tradeId: 'old', purpose: 'restart', event: fill }, { type: 'refused', id: 'x', tradeId: 'old', reason: 'no' }] as const) {
    assert.deepEqual(decide(entered, event, view), { state: entered, intents: [] });
  }
  assert.equal(decide(entered, { type: 'closed', tradeId: 'e-1', filledLots: 5, profitable: true }, view).state.trade, null);
});

test('its own exits stand as they are asked for: none, a stop and a target at once, a target later, or each of them by turns', () => {
  const { decide, init } = eagerStrategy();
  const shown = (exits: 'time' | 'pair' | 'late' | 'turns', askTicks: number): readonly string[] => {
    const params = { ...configSchema.parse({}).trading.eager, exits };
    const view = { params, instrument: {} as Instrument, nowUs: 1_000_000, detector: 'ACTIVE', pauses: 0, feedUp: true, tradingEnabled: true, idPrefix: 'e-' } as const;
    const entered = decide({ ...init(params, view.instrument), askTicks }, { type: 'feed', up: true }, view).state;
    const fill = { type: 'order.fill', id: 'e-1', symbol: 0, seq: -1, atUs: 1, priceTicks: 10_000, lots: 5, remainingLots: 0, liquidity: 'taker', reason: 'venue' } as const;
    const bought = decide(entered, { type: 'venue', tradeId: 'e-1', purpose: 'entry', event: fill }, view);
    const later = decide(bought.state, { type: 'timer', key: 'target' }, view);
    const sent = [...bought.intents, ...(exits === 'late' || (exits === 'turns' && askTicks % 3 === 2) ? later.intents : [])];
    return sent.flatMap((intent) => (intent.kind === 'exit' ? [`${intent.order} ${intent.lots} at ${intent.priceTicks}`] : []));
  };
  const [stop, target] = ['stop 5 at 9900', 'limit 5 at 10010'];
  assert.deepEqual([shown('time', 100), shown('pair', 100), shown('late', 100)], [[], [stop, target], [target]]);
  assert.deepEqual([99, 100, 101].map((askTicks) => shown('turns', askTicks)), [[], [stop, target], [target]]);
});
