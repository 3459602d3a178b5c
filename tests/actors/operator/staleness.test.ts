import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Picture } from '../../../actors/operator/messages.js';
import { type Staleness, stalenessOf } from '../../../actors/operator/summary.js';

type Truth = NonNullable<Picture['truth']>['products'][number];
const truth = (freshness: Truth['freshness'], ...reasons: string[]): Picture['truth'] =>
  ({ products: [{ type: 'truth.state', product: 'usdm', freshness, reasons, asOfMs: 1, readMs: 1, positions: [], view: null, unjudged: [], differencesSeen: 0 }] });
const feeds = (ok: boolean): NonNullable<Picture['feeds']> => ({ ok, problems: [], feeds: [], books: [], clocks: [], paused: [], atUs: 1 });

test('000-076: what is stale is named, the account before differences, differences before the market', () => {
  const cases: readonly (readonly [Picture, Staleness])[] = [
    [{ truth: truth('fresh'), feeds: feeds(true) }, 'Fresh'],
    [{ truth: truth('fresh'), feeds: feeds(false) }, 'MarketDataStale'],
    [{ truth: truth('stale', 'not settled: 1 difference'), feeds: feeds(false) }, 'ReconciliationStale'],
    [{ truth: truth('stale', 'user stream: reset'), feeds: feeds(true) }, 'AccountStateStale'],
    [{ truth: truth('stale', 'not settled: 1 difference', 'the last reading is 30000 ms old'), feeds: feeds(true) }, 'AccountStateStale'],
    [{ truth: truth('unknown', 'not read yet') }, 'AccountStateStale'],
    [{}, 'AccountStateStale'],
  ];
  for (const [picture, expected] of cases) assert.equal(stalenessOf(picture), expected);
});
