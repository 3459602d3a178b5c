import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderBook } from '../../../../actors/exchange/book/index.js';
import { LISTABLE } from '../../../../actors/exchange/listings.js';
import { GRID_US } from '../../../../actors/exchange/market/inside.js';
import { SymbolData } from '../../../../actors/exchange/market-data/index.js';
import { FUTURES_SPEEDS_MS, type ForcedOrder, MarketStreams } from '../../../../tools/exchange/market-data/streams.js';
import { SymbolText } from '../../../../tools/exchange/market-data/symbol-text.js';
import { StreamHub } from '../../../../tools/exchange/web/index.js';

interface Told {
  readonly e: string;
  readonly o: Readonly<Record<string, unknown>>;
}

test('of the forced orders of a symbol and second the latest is told, with what was filled of it; a second without one is silent', () => {
  const hub = new StreamHub();
  const told: string[] = [];
  const connection = { sendFrame: (frame: Buffer) => told.push(frame.toString()) };
  for (const stream of ['btcusdt@forceOrder', '!forceOrder@arr']) hub.subscribe({ connection: connection as never, route: 'market', timeUnit: 'ms', combined: true, events: undefined }, stream);
  const listing = LISTABLE[0]!;
  const none = (): void => undefined;
  const data = new SymbolData({
    index: 0, symbol: listing.symbol, book: new OrderBook({ firstUpdateId: 1 }), depthSpeedsMs: FUTURES_SPEEDS_MS, batched: true, firstAggregateId: 1,
    listener: { trade: none, aggregate: none, best: none, changed: none, klineClosed: none },
  });
  const streams = new MarketStreams(hub, 'futures', [{ text: new SymbolText(listing, listing.usdm, 'futures'), data }]);
  const order = (lots: number, lastLots: number): ForcedOrder => ({ side: 'SELL', lots, lastLots, ticks: 600_000, averageTicks: 600_010, status: lots === lastLots ? 'FILLED' : 'EXPIRED', atUs: 1_000_000 });
  const perSecond = 1_000_000 / GRID_US;
  const second = (at: number): Told[] => {
    told.length = 0;
    for (let grid = (at - 1) * perSecond + 1; grid <= at * perSecond; grid++) streams.onGrid(grid, grid * GRID_US);
    return told.map((frame) => (JSON.parse(frame.slice(frame.indexOf('{'))) as { readonly data: Told }).data);
  };
  streams.forced(0, order(500, 500));
  streams.forced(0, order(300, 0));
  const first = second(1);
  assert.equal(first.length, 2, 'once on each of the two streams');
  for (const { e, o } of first) assert.deepEqual([e, o['s'], o['q'], o['l'], o['z'], o['X']], ['forceOrder', 'BTCUSDT', '0.300', '0.000', '0.000', 'EXPIRED']);
  assert.deepEqual(second(2), []);
  streams.forced(0, order(500, 500));
  assert.deepEqual(second(3).map(({ o }) => o['z']), ['0.500', '0.500']);
});
