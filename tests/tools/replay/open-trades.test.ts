import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO_MARKET } from '../../../tools/demo/market.js';
import { generatedTape, play } from '../../support/replay-tape.js';

test('a position that the end of the tape leaves open is in the report, at the last trade, and not in the sums', () => {
  const tape = generatedTape(DEMO_MARKET);
  const whole = play(tape).report;
  const trade = whole.trades[0]!;
  const toUs = (Date.parse(trade.entryAt) + Date.parse(trade.exitAt)) * 500;
  const { open, trades, pnl } = play(tape, { toUs }).report;
  const [position] = open.filter(({ id }) => id === trade.id);
  assert.ok(position !== undefined, JSON.stringify(open));
  assert.deepEqual([position.symbol, position.side, position.entryPrice, position.settle], [trade.symbol, 'buy', trade.entryPrice, trade.settle]);
  assert.ok(position.openLots > 0 && position.openLots <= trade.quantityLots);
  assert.ok(Number(position.unrealised) < Number(trade.netPnl), 'before its target it is worth less than at it');
  assert.equal(trades.length, 0);
  assert.deepEqual(pnl, {});
  assert.deepEqual(whole.open, []);
});
