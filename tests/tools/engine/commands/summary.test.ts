import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refreshOf } from '../../../../actors/operator/summary.js';
import { readable } from '../../../../tools/engine/commands/verbs.js';

test('000-058: a refresh reads as the sources\' summary: a title and five lines', () => {
  const order = { service: 'order', symbol: 0, clientId: 'a', venueId: '1', listId: null, side: 'buy', positionSide: 'BOTH', kind: 'limit', reduceOnly: false, closePosition: false, priceTicks: 1, triggerTicks: 0, lots: 1, filledLots: 0 } as const;
  const view = {
    product: 'spot', askedMs: 1, answeredMs: 1, hedgeMode: false, lookups: [], trades: [], incomes: [], balances: [{ asset: 'USDT', total: '1' }, { asset: 'BTC', total: '2' }],
    // One order by itself, and two legs of a list.
    orders: [order, { ...order, clientId: 'b', venueId: '2', listId: '9' }, { ...order, clientId: 'c', venueId: '3', listId: '9' }],
    positions: [{ symbol: 0, positionSide: 'BOTH', signedLots: -3, entryPrice: '1' }, { symbol: 1, positionSide: 'BOTH', signedLots: 0, entryPrice: '' }],
  } as const;
  const picture = { truth: { products: [{ type: 'truth.state', product: 'spot', freshness: 'fresh', reasons: [], asOfMs: 1, readMs: 1, positions: [], view, unjudged: [], differencesSeen: 0 }] } } as const;
  const summary = refreshOf(picture, [{ product: 'spot', ok: true, problem: '' }]);
  assert.equal(readable('refresh', true, summary), [
    'portfolio refreshed', 'staleness=Fresh', 'balances=2', 'positions=1', 'open_order_groups=2', 'last_event=app.portfolio.refreshed',
  ].join('\n'));
});
