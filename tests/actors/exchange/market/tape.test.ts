import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ASK, BID, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { TapeCrowd } from '../../../../actors/exchange/market/tape-crowd.js';
import { TapeMarket, type TapeSource } from '../../../../actors/exchange/market/tape-market.js';
import { ClientOrder, Matcher, type MatchSink, type PlaceRequest } from '../../../../actors/exchange/matching/index.js';
import { MarketSimulation, MARKET_START_US } from '../../../../actors/generator/index.js';
import { EXCH_US, Flag, ID, Kind, KIND_MASK, PRICE, QTY, RECV_US, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../../data/records/index.js';

const NOW_US = 1_785_542_400_000_000;

function venue() {
  const nothing = (): void => undefined;
  const trades: { readonly ticks: number; readonly lots: number; readonly side: Side; readonly client: boolean }[] = [];
  const sink: MatchSink<ClientOrder> = {
    onAccepted: nothing, onRefused: nothing, onCanceled: nothing, onExpired: nothing, onTriggered: nothing, onAmended: nothing, onPrevented: nothing,
    onTrade: ({ ticks, lots, takerSide, taker, maker }) => trades.push({ ticks, lots, side: takerSide, client: taker !== null || maker !== null }),
  };
  const matcher = new Matcher({ book: new OrderBook({ firstUpdateId: 1 }), sink });
  let orderId = 0;
  const place = (request: Omit<PlaceRequest, 'orderId' | 'account'>): ClientOrder => {
    const order = new ClientOrder({ orderId: ++orderId, account: 1000, ...request });
    assert.equal(matcher.place(order, NOW_US), 'accepted');
    return order;
  };
  return { matcher, book: matcher.book, trades, place };
}

describe('a tape\'s crowd', () => {
  test('a client stands behind the lots that were there, and is filled when they have traded; who leaves stood behind him', () => {
    const { matcher, book, place, trades } = venue();
    const crowd = new TapeCrowd(matcher);
    crowd.level(NOW_US, BID, 100, 10);
    const order = place({ side: BID, type: 'limit', ticks: 100, lots: 4 });
    crowd.level(NOW_US, BID, 100, 16);
    assert.equal(book.lotsAt(100), 20);
    // Eight leave: the six who came later, then two of those in front.
    crowd.level(NOW_US, BID, 100, 8);
    assert.equal(book.lotsAt(100), 12);
    crowd.trade(NOW_US, ASK, 100, 8);
    assert.equal(order.filledLots, 0);
    crowd.trade(NOW_US, ASK, 100, 3);
    assert.equal(order.filledLots, 3);
    crowd.trade(NOW_US, ASK, 100, 5);
    assert.equal(order.state, 'filled');
    assert.equal(trades.reduce((sum, { lots }) => sum + lots, 0), 16, 'every trade of the tape has happened, in whole');
    assert.equal(book.bestBid, 0);
  });

  test('a trade past a client\'s price fills him first, and the crowd\'s better levels were gone before', () => {
    const { matcher, book, place, trades } = venue();
    const crowd = new TapeCrowd(matcher);
    crowd.level(NOW_US, ASK, 105, 3);
    crowd.level(NOW_US, ASK, 107, 9);
    const inside = place({ side: ASK, type: 'limit', ticks: 104, lots: 2 });
    crowd.trade(NOW_US, BID, 107, 5);
    assert.equal(inside.state, 'filled');
    assert.deepEqual(trades, [{ ticks: 104, lots: 2, side: BID, client: true }, { ticks: 107, lots: 3, side: BID, client: false }]);
    assert.equal(book.bestAsk, 107);
  });

  test('a level that comes to meet a client\'s order trades with it; the book is never crossed', () => {
    const { matcher, book, place } = venue();
    const crowd = new TapeCrowd(matcher);
    crowd.level(NOW_US, BID, 100, 5);
    crowd.level(NOW_US, ASK, 102, 5);
    const order = place({ side: ASK, type: 'limit', ticks: 101, lots: 4 });
    crowd.level(NOW_US, BID, 103, 6);
    assert.equal(order.state, 'filled');
    assert.deepEqual([book.bestBid, book.lotsAt(103), book.bestAsk], [103, 2, 0]);
  });

  test('what a client takes comes back with the next change of the level', () => {
    const { matcher, book, place } = venue();
    const crowd = new TapeCrowd(matcher);
    crowd.level(NOW_US, ASK, 105, 7);
    assert.equal(place({ side: BID, type: 'market', ticks: 0, lots: 5 }).state, 'filled');
    assert.equal(book.lotsAt(105), 2);
    crowd.level(NOW_US, ASK, 105, 7);
    assert.equal(book.lotsAt(105), 7);
  });
});

describe('a tape that is played', () => {
  /** A generated tape as a source, and what the tape itself says of trades and of its book in the end. */
  function generated() {
    const make = (): MarketSimulation => new MarketSimulation({ scenario: 'flash-crash', seed: 9, minutes: 3, symbols: 1, rate: 0.5 });
    let simulation = make();
    const trades: string[] = [];
    const liquidations: number[] = [];
    const source: TapeSource = {
      next(batch: RecordBatch): number {
        const count = simulation.fill(batch);
        for (let record = 0; record < count; record++) {
          const kind = batch.I[record * WORDS_I + TAG]! & KIND_MASK;
          if (kind === Kind.TRADE) trades.push(`${batch.I[record * WORDS_I + PRICE]} ${batch.F[record * WORDS_F + QTY]}`);
          if (kind === Kind.LIQUIDATION) liquidations.push(batch.F[record * WORDS_F + QTY]!);
        }
        if (count === 0) simulation = make();
        return count;
      },
    };
    return { source, trades, liquidations };
  }

  test('gives its own trades and its own book where no client interferes, at the pace of the record', () => {
    const { matcher, book, trades } = venue();
    const { source, trades: recorded, liquidations: recordedLiquidations } = generated();
    const liquidations: number[] = [];
    const market = new TapeMarket(source, [{ recorded: 0, startTicks: 100, desk: matcher, onLiquidation: (_nowUs, side, _ticks, lots) => (assert.equal(side, ASK), liquidations.push(lots)) }], NOW_US);
    assert.equal(market.nextUs, NOW_US);
    while (market.nextUs <= NOW_US + 150e6) {
      market.step();
      assert.ok(book.bestBid === 0 || book.bestAsk === 0 || book.bestBid < book.bestAsk, 'never crossed');
    }
    assert.ok(trades.length > 500);
    // A recorded trade may be two here, where lots that were there and lots that were missing met it.
    const played = trades.reduce((sum, { lots }) => sum + lots, 0);
    let told = 0;
    for (const one of recorded) if (told < played) told += Number(one.split(' ')[1]);
    assert.equal(played, told, 'the played trades are a beginning of the recorded ones');
    assert.ok(trades.slice(0, 300).every(({ ticks }, at) => recorded.slice(0, at + 1).some((one) => one.startsWith(`${ticks} `))));
    assert.ok(liquidations.length > 0 && liquidations.length <= recordedLiquidations.length);
    assert.ok(book.orderCount > 100);
  });

  test('begins again at its end, with the same trades', () => {
    const { matcher, trades } = venue();
    const batches = [record(Kind.TRADE, 100, 5, MARKET_START_US), record(Kind.TRADE, 101, 6, MARKET_START_US + 500_000)];
    let at = 0;
    const source: TapeSource = {
      next(batch) {
        const fill = batches[at++];
        if (fill === undefined) {
          at = 0;
          return 0;
        }
        fill(batch);
        return 1;
      },
    };
    const market = new TapeMarket(source, [{ recorded: 0, startTicks: 100, desk: matcher }], NOW_US);
    const due: number[] = [];
    for (let step = 0; step < 4; step++) {
      due.push(market.nextUs - NOW_US);
      market.step();
    }
    assert.deepEqual(due, [0, 500_000, 1_500_000, 2_000_000]);
    assert.deepEqual(trades.map(({ ticks }) => ticks), [100, 101, 100, 101]);
  });

  test('one with trades alone shows the last one as its quotes, so that there is something to take', () => {
    const { matcher, book, place } = venue();
    const batches = [record(Kind.TRADE, 100, 5, MARKET_START_US), record(Kind.TRADE | Flag.SELL, 97, 6, MARKET_START_US + 500_000)];
    const source: TapeSource = {
      next(batch) {
        const fill = batches.shift();
        fill?.(batch);
        return fill === undefined ? 0 : 1;
      },
    };
    const market = new TapeMarket(source, [{ recorded: 0, startTicks: 100, desk: matcher }], NOW_US);
    market.step();
    assert.deepEqual([book.bestBid, book.bestAsk, book.lotsAt(99), book.lotsAt(100)], [99, 100, 5, 5]);
    const order = place({ side: ASK, type: 'limit', ticks: 98, lots: 9 });
    assert.equal(order.filledLots, 5);
    market.step();
    assert.deepEqual([book.bestBid, book.bestAsk], [97, 98]);
    assert.equal(place({ side: ASK, type: 'market', ticks: 0, lots: 2 }).state, 'filled');
  });

  test('one with nothing on it stands still', () => {
    const { matcher } = venue();
    const market = new TapeMarket({ next: () => 0 }, [{ recorded: 0, startTicks: 100, desk: matcher }], NOW_US);
    assert.equal(market.nextUs, Infinity);
    market.step();
  });
});

function record(kind: number, ticks: number, lots: number, atUs: number): (batch: RecordBatch) => void {
  return ({ F, I }) => {
    F.fill(0, 0, WORDS_F);
    F[RECV_US] = atUs;
    F[EXCH_US] = atUs;
    F[ID] = 1;
    F[QTY] = lots;
    I[PRICE] = ticks;
    I[TAG] = kind;
  };
}
