import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASK, BID, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { DAY_US, MINUTE_US, SymbolData, type AggregateTrade, type DataListener, type DepthDiff } from '../../../../actors/exchange/market-data/index.js';

const START_US = 1_785_542_400_000_000;

function opened(batched = false) {
  const told = { trades: [] as AggregateTrade[], aggregates: [] as AggregateTrade[], best: 0 };
  const listener: DataListener = {
    trade: (_data, trade) => told.trades.push(trade), aggregate: (_data, trade) => told.aggregates.push(trade), best: () => (told.best += 1), changed: () => undefined, klineClosed: () => undefined,
  };
  const book = new OrderBook({ firstUpdateId: 100 });
  return { told, book, data: new SymbolData({ index: 0, symbol: 'BTCUSDT', book, depthSpeedsMs: [0, 100, 1000], batched, firstAggregateId: 1, listener }) };
}

describe('aggregate trades', () => {
  test('spot joins one taker at one price; each price and each taker has its own', () => {
    const { data, told } = opened();
    data.trade(1, 100, 5, true, START_US);
    data.trade(2, 100, 6, true, START_US);
    data.trade(3, 101, 7, true, START_US);
    data.settle(START_US);
    data.trade(4, 101, 8, true, START_US);
    data.settle(START_US);
    assert.deepEqual(told.aggregates.map(({ id, ticks, lots, firstId, lastId }) => [id, ticks, lots, firstId, lastId]), [[1, 100, 11, 1, 2], [2, 101, 7, 3, 3], [3, 101, 8, 4, 4]]);
  });

  test('futures join over takers until 100 ms are over, and leave out what the insurance fund or deleveraging traded', () => {
    const { data, told } = opened(true);
    data.trade(1, 100, 5, false, START_US);
    data.settle(START_US);
    data.trade(2, 100, 6, false, START_US + 40_000);
    data.settle(START_US + 40_000);
    data.trade(3, 100, 90, false, START_US + 50_000, false);
    data.trade(4, 100, 7, true, START_US + 60_000);
    data.flushAggregates();
    assert.deepEqual(told.aggregates.map(({ lots, firstId, lastId, takerBuys, atUs }) => [lots, firstId, lastId, takerBuys, atUs - START_US]), [[11, 1, 2, false, 40_000], [7, 4, 4, true, 60_000]]);
    assert.equal(told.trades.length, 4);
  });

  test('are found by id and by time', () => {
    const { data } = opened();
    for (let id = 1; id <= 50; id++) {
      data.trade(id, 100 + id, 1, true, START_US + id * 1000);
      data.settle(START_US);
    }
    assert.deepEqual(data.aggregates.from(48, 10).map(({ id }) => id), [48, 49, 50]);
    assert.deepEqual(data.aggregates.between(START_US + 10_000, START_US + 12_000, 10).map(({ id }) => id), [10, 11, 12]);
    assert.deepEqual(data.aggregates.between(undefined, START_US + 12_000, 2).map(({ id }) => id), [11, 12]);
    assert.deepEqual(data.trades.last(2).map(({ id }) => id), [49, 50]);
  });
});

describe('depth', () => {
  test('a client of any speed who keeps the rules has the book, whenever he takes his snapshot', () => {
    const change = fc.record({ side: fc.constantFrom<Side>(BID, ASK), away: fc.integer({ min: 1, max: 12 }), lots: fc.integer({ min: 1, max: 9 }), cancel: fc.boolean() });
    const act = fc.oneof(
      { weight: 6, arbitrary: change.map((one) => ({ kind: 'change' as const, ...one })) },
      { weight: 3, arbitrary: fc.constantFrom(0, 100, 1000).map((speed) => ({ kind: 'diff' as const, speed })) },
      { weight: 1, arbitrary: fc.constantFrom(0, 100, 1000).map((speed) => ({ kind: 'skip' as const, speed })) },
      { weight: 2, arbitrary: fc.constant({ kind: 'snapshot' as const }) },
    );
    fc.assert(fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const { book, data: { depth } } = opened();
      const handles: number[] = [];
      const clients: { readonly speed: number; readonly levels: Map<string, number>; lastId: number; first: boolean }[] = [];
      const sees = (client: (typeof clients)[number], diff: DepthDiff): void => {
        if (diff.finalId <= client.lastId) return;
        if (client.first) assert.ok(diff.firstId <= client.lastId && client.lastId <= diff.finalId, 'the snapshot lies inside the first diff');
        else assert.ok(diff.firstId === client.lastId + 1 && diff.previousFinalId === client.lastId, 'no gap');
        client.first = false;
        client.lastId = diff.finalId;
        for (const [side, levels] of [diff.bids, diff.asks].entries()) for (let at = 0; at < levels.length; at += 2) set(client.levels, side, levels[at]!, levels[at + 1]!);
      };
      for (const one of acts) {
        switch (one.kind) {
          case 'change': {
            if (one.cancel && handles.length > 0) book.cancel(handles.splice(one.away % handles.length, 1)[0]!);
            else {
              const handle = book.add(one.side, one.side === BID ? 500 - one.away : 500 + one.away, one.lots, 0);
              if (handle !== 0) handles.push(handle);
            }
            break;
          }
          case 'diff': {
            const diff = depth.diff(one.speed);
            if (diff === null) break;
            assert.equal(diff.firstId, diff.previousFinalId + 1);
            for (const client of clients) if (client.speed === one.speed) sees(client, diff);
            break;
          }
          case 'skip':
            // Only where nobody listens.
            if (!clients.some(({ speed }) => speed === one.speed)) depth.skip(one.speed);
            break;
          case 'snapshot': {
            const snapshot = depth.snapshot(1000);
            for (const speed of [0, 100, 1000]) {
              const levels = new Map<string, number>();
              for (const [side, list] of [snapshot.bids, snapshot.asks].entries()) for (let at = 0; at < list.length; at += 2) set(levels, side, list[at]!, list[at + 1]!);
              clients.push({ speed, levels, lastId: snapshot.lastUpdateId, first: true });
            }
          }
        }
      }
      for (const speed of [0, 100, 1000]) {
        const diff = depth.diff(speed);
        if (diff !== null) for (const client of clients) if (client.speed === speed) sees(client, diff);
      }
      const truth = new Map<string, number>();
      const { bids, asks } = depth.partial(1000);
      for (const [side, list] of [bids, asks].entries()) for (let at = 0; at < list.length; at += 2) set(truth, side, list[at]!, list[at + 1]!);
      for (const { levels } of clients) assert.deepEqual(levels, truth);
    }), { numRuns: 150 });
  });

  test('best levels first, and lots 0 for one that is gone', () => {
    const { book, data: { depth } } = opened();
    const gone = book.add(BID, 90, 3, 0);
    book.add(BID, 95, 4, 0);
    book.add(ASK, 101, 5, 0);
    book.add(ASK, 99, 6, 0);
    depth.diff(100);
    book.cancel(gone);
    book.add(ASK, 120, 1, 0);
    const diff = depth.diff(100)!;
    assert.deepEqual([diff.bids, diff.asks], [[90, 0], [120, 1]]);
    assert.deepEqual(depth.partial(1), { lastUpdateId: book.updateId, bids: [95, 4], asks: [99, 6] });
    assert.equal(depth.diff(100), null, 'nothing changed since');
  });
});

function set(levels: Map<string, number>, side: number, tick: number, lots: number): void {
  if (lots === 0) levels.delete(`${side} ${tick}`);
  else levels.set(`${side} ${tick}`, lots);
}

test('best quotes are told once a change, whatever changed behind them', () => {
  const { book, data, told } = opened();
  book.add(BID, 90, 3, 0);
  data.settle(START_US);
  book.add(BID, 80, 3, 0);
  data.settle(START_US);
  book.add(BID, 90, 1, 0);
  data.settle(START_US);
  assert.equal(told.best, 2);
  assert.deepEqual(data.best, { bidTicks: 90, bidLots: 4, askTicks: 0, askLots: 0, atUs: START_US });
});

test('stamps of trades never run backwards, so that they can be found by time', () => {
  const { data } = opened();
  data.trade(1, 100, 1, true, START_US + 5_000_000);
  data.trade(2, 101, 1, true, START_US + 1_000_000);
  data.trade(3, 102, 1, true, START_US + 6_000_000);
  assert.deepEqual(data.trades.last(3).map(({ atUs }) => atUs - START_US), [5_000_000, 5_000_000, 6_000_000]);
});

test('a rolling window forgets what is older, and the mean price weighs by volume', () => {
  const { data } = opened();
  data.trade(1, 100, 10, true, START_US);
  data.trade(2, 200, 30, false, START_US + 6 * MINUTE_US);
  data.trade(3, 300, 10, true, START_US + 8 * MINUTE_US);
  const nowUs = START_US + 9 * MINUTE_US;
  assert.equal(data.meanTicks(5, nowUs), (200 * 30 + 300 * 10) / 40);
  const { open, high, low, close, trades, firstTradeId, lastTradeId } = data.rolling(DAY_US, nowUs)!;
  assert.deepEqual([open, high, low, close, trades, firstTradeId, lastTradeId], [100, 300, 100, 300, 3, 1, 3]);
});
