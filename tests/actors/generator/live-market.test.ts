import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ASK, BID, OrderBook } from '../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher, type MatchSink, type PlaceRequest } from '../../../actors/exchange/matching/index.js';
import { LiveMarket, MARKET_START_US, marketProfiles, type ScenarioName } from '../../../actors/generator/index.js';

interface Told {
  trades: number;
  lots: number;
  clientLots: number;
  lowest: number;
  /** Of all trades: id, price, lots. */
  digest: number;
  readonly marks: number[];
  readonly liquidations: number[];
}

/** A market of one symbol on a matcher, with a sink that counts. */
function open(scenario: ScenarioName, seed: number) {
  const book = new OrderBook({ firstUpdateId: 1 });
  const told: Told = { trades: 0, lots: 0, clientLots: 0, lowest: Infinity, digest: 0, marks: [], liquidations: [] };
  const sink: MatchSink<ClientOrder> = {
    onAccepted: () => undefined,
    onRefused: () => undefined,
    onTrade: ({ tradeId, ticks, lots, taker, maker }) => {
      told.trades += 1;
      assert.equal(tradeId, told.trades);
      told.lots += lots;
      if (taker !== null) told.clientLots += lots;
      if (maker !== null) told.clientLots += lots;
      told.lowest = Math.min(told.lowest, ticks);
      told.digest = (Math.imul(told.digest, 31) + ticks * 7 + lots) | 0;
    },
    onCanceled: () => undefined,
    onExpired: () => undefined,
    onTriggered: () => undefined,
    onAmended: () => undefined,
    onPrevented: () => undefined,
  };
  const matcher = new Matcher({ book, sink });
  const market = new LiveMarket({
    scenario,
    seed,
    rate: 1,
    startUs: MARKET_START_US,
    symbols: [{ profile: marketProfiles(1)[0]!, desk: matcher, onMark: (_nowUs, markTicks) => told.marks.push(markTicks), onLiquidation: (_nowUs, _ticks, lots) => told.liquidations.push(lots) }],
  });
  let nowUs = MARKET_START_US;
  let orderId = 0;
  return {
    book,
    told,
    matcher,
    market,
    run(seconds: number): void {
      nowUs += seconds * 1e6;
      while (market.nextUs <= nowUs) {
        market.step();
        if (book.bestBid !== 0 && book.bestAsk !== 0) assert.ok(book.bestBid < book.bestAsk);
      }
    },
    place(request: Omit<PlaceRequest, 'orderId' | 'account'>): ClientOrder {
      const order = new ClientOrder({ orderId: ++orderId, account: 1, ...request });
      assert.equal(matcher.place(order, nowUs), 'accepted');
      return order;
    },
    now: () => nowUs,
  };
}

describe('the market on an exchange’s matcher', () => {
  test('trades by itself, and fills a client’s order that rests at the touch', () => {
    const { book, told, run, place } = open('calm', 11);
    run(5);
    assert.ok(told.trades > 20, `${told.trades} trades`);
    assert.equal(told.clientLots, 0);
    const behindLots = book.lotsAt(book.bestBid);
    const order = place({ side: BID, type: 'limit', ticks: book.bestBid, lots: 40, timeInForce: 'GTX' });
    assert.equal(book.lotsAt(order.ticks), behindLots + 40, 'it stands in the same queue');
    run(90);
    assert.equal(order.state, 'filled');
    assert.equal(order.filledTickLots, order.ticks * 40, 'at its own price');
    assert.equal(told.clientLots, 40);
  });

  test('a large market order of a client empties levels, moves the price, and the agents come back', () => {
    const { book, told, market, run, place } = open('calm', 12);
    run(5);
    const mid = market.midTicks(0);
    const wall = book.depthLots(ASK, 40);
    const order = place({ side: BID, type: 'market', ticks: 0, lots: wall });
    assert.equal(order.state, 'filled');
    assert.equal(told.clientLots, wall);
    assert.ok(order.filledTickLots / wall > mid + 5, 'it paid for walking the book');
    assert.ok(market.midTicks(0) > mid);
    const after = told.trades;
    run(10);
    assert.ok(told.trades > after && book.bestAsk !== 0);
  });

  test('what a client’s order tells the makers stays in the price: against the same markets without it', () => {
    let moved = 0;
    for (let seed = 20; seed < 28; seed++) {
      const mids = [true, false].map((buys) => {
        const { book, market, run, place } = open('calm', seed);
        run(3);
        if (buys) place({ side: BID, type: 'market', ticks: 0, lots: book.depthLots(ASK, 40) });
        run(2);
        return market.midTicks(0);
      });
      moved += (mids[0]! - mids[1]!) / 8;
    }
    assert.ok(moved > 5, `${moved} ticks on average`);
  });

  test('a client’s stop is triggered by the crowd’s trades; GTX orders and cancels leave no trace in the book', () => {
    const { book, matcher, run, place, now } = open('volatile', 13);
    run(5);
    const stop = place({ side: ASK, type: 'market', ticks: 0, lots: 3, condition: 'stop', stopTicks: matcher.lastTicks - 30 });
    const rise = place({ side: BID, type: 'market', ticks: 0, lots: 3, condition: 'stop', stopTicks: matcher.lastTicks + 30 });
    run(120);
    assert.ok(stop.state === 'filled' || rise.state === 'filled');
    const deep = place({ side: BID, type: 'limit', ticks: 5, lots: 1 });
    assert.equal(book.lotsAt(5), 1);
    matcher.cancel(deep, now());
    assert.equal(book.lotsAt(5), 0);
  });

  test('the same seed and the same orders give the same trades; an order more gives others', () => {
    const play = (lots: number): number => {
      const { told, run, place } = open('volatile', 14);
      run(3);
      if (lots > 0) place({ side: BID, type: 'market', ticks: 0, lots });
      run(10);
      return told.digest;
    };
    assert.equal(play(500), play(500));
    assert.notEqual(play(500), play(0));
  });

  test('a scenario can be started while it runs: the market crashes, longs are sold, marks go on', () => {
    const { told, market, run, now } = open('calm', 15);
    run(20);
    const before = market.midTicks(0);
    assert.equal(told.liquidations.length, 0);
    market.startScenario('cascade', 1, now());
    run(70);
    assert.ok(told.lowest < before * 0.97, `fell from ${before} to ${told.lowest}`);
    assert.ok(told.liquidations.length > 5, `${told.liquidations.length} liquidations`);
    assert.equal(told.marks.length, 90);
    market.startScenario('calm', 1, now());
    run(5);
  });
});
