import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ASK, BID, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import type { ClientOrder } from '../../../../actors/exchange/matching/index.js';
import { Desk, NOW_US, recordingSink } from './support.js';

describe('limit orders', () => {
  test('trade at the resting price, best price first, oldest first, and the rest stays in the book', () => {
    const desk = new Desk();
    desk.sell(102, 5);
    desk.sell(101, 5);
    desk.sell(101, 3);
    desk.told();
    const taker = desk.buy(102, 15);
    assert.deepEqual(desk.told(), ['accepted 4', 'trade 101x5 buy 4<2', 'trade 101x3 buy 4<3', 'trade 102x5 buy 4<1']);
    assert.equal(taker.state, 'resting');
    assert.deepEqual([taker.filledLots, taker.filledTickLots, taker.leavesLots], [13, 101 * 8 + 102 * 5, 2]);
    assert.deepEqual([desk.book.bestBid, desk.book.lotsAt(102), desk.book.bestAsk], [102, 2, 0]);
    desk.matcher.cancel(taker, NOW_US);
    assert.deepEqual(desk.told(), ['canceled 4 user']);
    assert.equal(desk.matcher.cancel(taker, NOW_US), false);
    assert.equal(desk.book.bestBid, 0);
  });

  test('any price is allowed, from the smallest tick to 2^53-1, and lots are exact to 2^53', () => {
    const desk = new Desk();
    desk.buy(1, Number.MAX_SAFE_INTEGER);
    desk.sell(Number.MAX_SAFE_INTEGER, 7);
    desk.sell(3e12, 2);
    assert.deepEqual([desk.book.bestBid, desk.book.bestAsk, desk.book.worse(ASK, 3e12)], [1, 3e12, Number.MAX_SAFE_INTEGER]);
    assert.equal(desk.book.lotsAt(1), Number.MAX_SAFE_INTEGER);
    desk.told();
    desk.buy(3e12, 1);
    assert.deepEqual(desk.told(), ['accepted 4', 'trade 3000000000000x1 buy 4<3']);
  });

  test('IOC takes what is there; FOK all or nothing; GTX is refused when it would take', () => {
    const desk = new Desk();
    desk.sell(100, 5);
    desk.told();
    desk.buy(100, 9, { timeInForce: 'FOK' });
    assert.deepEqual(desk.told(), ['accepted 2', 'expired 2 fok']);
    const postOnly = desk.buy(100, 1, { timeInForce: 'GTX' });
    assert.deepEqual([desk.told(), postOnly.state], [['place 3 would-take'], 'rejected']);
    desk.buy(100, 2, { timeInForce: 'FOK' });
    assert.deepEqual(desk.told(), ['accepted 4', 'trade 100x2 buy 4<1']);
    const ioc = desk.buy(100, 9, { timeInForce: 'IOC' });
    assert.deepEqual([desk.told(), ioc.state, ioc.filledLots], [['accepted 5', 'trade 100x3 buy 5<1', 'expired 5 ioc'], 'expired', 3]);
    desk.buy(99, 1, { timeInForce: 'GTX' });
    assert.deepEqual(desk.told(), ['accepted 6']);
  });

  test('GTD orders end when their time is over', () => {
    const desk = new Desk();
    desk.buy(100, 1, { timeInForce: 'GTD', expireAtUs: 5000 });
    const early = desk.buy(101, 1, { timeInForce: 'GTD', expireAtUs: 4000 });
    assert.equal(desk.matcher.nextExpiryUs, 4000);
    assert.equal(desk.matcher.expireDue(3999), 0);
    desk.told();
    assert.equal(desk.matcher.expireDue(4000), 1);
    assert.deepEqual([desk.told(), early.endReason, desk.matcher.nextExpiryUs], [['expired 2 gtd'], 'gtd', 5000]);
    desk.sell(100, 1);
    assert.equal(desk.matcher.nextExpiryUs, Infinity);
  });
});

describe('market orders', () => {
  test('by lots: to the worst price allowed, or until the side is empty', () => {
    const desk = new Desk();
    desk.sell(100, 1);
    desk.sell(105, 1);
    desk.told();
    desk.place({ side: BID, type: 'market', lots: 2, ticks: 104 });
    assert.deepEqual(desk.told(), ['accepted 3', 'trade 100x1 buy 3<1', 'expired 3 price-limit']);
    desk.place({ side: BID, type: 'market', lots: 2 });
    assert.deepEqual(desk.told(), ['accepted 4', 'trade 105x1 buy 4<2', 'expired 4 no-liquidity']);
    assert.deepEqual([desk.book.bestBid, desk.book.bestAsk], [0, 0]);
  });

  test('by quote budget: as many whole lots as it pays for', () => {
    const desk = new Desk();
    desk.sell(100, 3);
    desk.sell(110, 10);
    desk.told();
    const buyer = desk.place({ side: BID, type: 'market', budget: 650 });
    assert.deepEqual(desk.told(), ['accepted 3', 'trade 100x3 buy 3<1', 'trade 110x3 buy 3<2']);
    assert.deepEqual([buyer.state, buyer.lots, buyer.filledTickLots], ['filled', 6, 630]);
    desk.place({ side: BID, type: 'market', budget: 109 });
    assert.deepEqual(desk.told(), ['accepted 4', 'expired 4 budget']);
  });
});

describe('conditional orders', () => {
  const wanted: { condition: 'stop' | 'takeProfit'; side: Side; triggersAt: number }[] = [
    { condition: 'stop', side: BID, triggersAt: 110 },
    { condition: 'stop', side: ASK, triggersAt: 90 },
    { condition: 'takeProfit', side: BID, triggersAt: 90 },
    { condition: 'takeProfit', side: ASK, triggersAt: 110 },
  ];
  for (const { condition, side, triggersAt } of wanted) {
    test(`a ${condition} to ${side === BID ? 'buy' : 'sell'} waits for ${triggersAt} of its source, not of another`, () => {
      const desk = new Desk();
      for (const source of ['last', 'mark', 'index'] as const) desk.matcher.price(source, 100, NOW_US);
      desk.book.add(ASK, 115, 9, 64);
      desk.book.add(BID, 85, 9, 64);
      desk.place({ side, type: 'market', lots: 2, condition, stopTicks: triggersAt, triggerSource: 'mark' });
      const near = triggersAt > 100 ? triggersAt - 1 : triggersAt + 1;
      desk.matcher.price('mark', near, NOW_US);
      desk.matcher.price('last', triggersAt, NOW_US);
      desk.matcher.price('index', triggersAt, NOW_US);
      assert.deepEqual(desk.told(), ['accepted 1']);
      desk.matcher.price('mark', triggersAt, NOW_US);
      assert.deepEqual(desk.told(), ['triggered 1', side === BID ? 'trade 115x2 buy 1<-' : 'trade 85x2 sell 1<-']);
    });
  }

  test('are refused when their price is reached already, or triggered at once where the venue wants that', () => {
    const desk = new Desk();
    desk.matcher.price('last', 100, NOW_US);
    desk.buy(120, 1, { condition: 'stop', stopTicks: 100 });
    assert.deepEqual(desk.told(), ['place 1 would-trigger']);
    const eager = new Desk({ reachedAtOnce: 'trigger' });
    eager.matcher.price('last', 100, NOW_US);
    eager.buy(120, 1, { condition: 'stop', stopTicks: 100 });
    assert.deepEqual([eager.told(), eager.book.bestBid], [['accepted 1', 'triggered 1'], 120]);
  });

  test('a sweep triggers stops after the sweep, nearest first, and those trigger others in turn', () => {
    const desk = new Desk();
    for (const tick of [100, 99, 98, 97, 96]) desk.buy(tick, 1);
    desk.told();
    desk.matcher.price('last', 105, NOW_US);
    desk.place({ side: ASK, type: 'market', lots: 1, condition: 'stop', stopTicks: 98 });
    desk.place({ side: ASK, type: 'market', lots: 1, condition: 'stop', stopTicks: 99 });
    desk.place({ side: ASK, type: 'market', lots: 1, condition: 'stop', stopTicks: 99 });
    desk.told();
    desk.sell(99, 3);
    assert.deepEqual(desk.told(), [
      'accepted 9', 'trade 100x1 sell 9<1', 'trade 99x1 sell 9<2',
      'triggered 7', 'trade 98x1 sell 7<3',
      'triggered 8', 'trade 97x1 sell 8<4',
      'triggered 6', 'trade 96x1 sell 6<5',
    ]);
  });

  test('a trailing sell starts at its activation price, follows the highest and triggers a delta below it', () => {
    const desk = new Desk();
    desk.book.add(BID, 9000, 9, 64);
    desk.matcher.price('last', 10_000, NOW_US);
    const order = desk.place({ side: ASK, type: 'market', lots: 1, condition: 'takeProfit', stopTicks: 10_100, trailBips: 100 });
    desk.matcher.price('last', 9_500, NOW_US);
    desk.matcher.price('last', 10_100, NOW_US);
    assert.deepEqual([order.state, order.extremeTicks, order.stopTicks], ['untriggered', 10_100, 9_999]);
    desk.matcher.price('last', 10_250, NOW_US);
    assert.equal(order.stopTicks, 10_147, 'a fall of at least 102.5');
    desk.matcher.price('last', 10_148, NOW_US);
    assert.equal(order.state, 'untriggered');
    desk.matcher.price('last', 10_147, NOW_US);
    assert.equal(order.state, 'filled');
    assert.deepEqual(desk.told(), ['accepted 1', 'triggered 1', 'trade 9000x1 sell 1<-']);
  });

  test('a trailing buy mirrors that, from the first price it sees, by basis points or by ticks', () => {
    const desk = new Desk();
    const bips = desk.place({ side: BID, type: 'market', lots: 1, condition: 'stop', trailBips: 100 });
    const ticks = desk.place({ side: BID, type: 'market', lots: 1, condition: 'stop', trailTicks: 150, triggerSource: 'mark' });
    assert.deepEqual([bips.extremeTicks, bips.stopTicks], [0, 0]);
    for (const source of ['last', 'mark'] as const) desk.matcher.price(source, 10_000, NOW_US);
    assert.deepEqual([bips.stopTicks, ticks.stopTicks], [10_100, 10_150]);
    for (const source of ['last', 'mark'] as const) desk.matcher.price(source, 9_950, NOW_US);
    assert.deepEqual([bips.stopTicks, ticks.stopTicks], [10_050, 10_100], '10049.5 rounded up: a rise of at least 99.5');
    desk.matcher.price('last', 10_049, NOW_US);
    desk.matcher.price('mark', 10_099, NOW_US);
    assert.deepEqual([bips.state, ticks.state], ['untriggered', 'untriggered']);
    desk.matcher.price('last', 10_050, NOW_US);
    desk.matcher.price('mark', 10_100, NOW_US);
    assert.deepEqual(desk.told(), ['accepted 1', 'accepted 2', 'triggered 1', 'expired 1 no-liquidity', 'triggered 2', 'expired 2 no-liquidity']);
  });

  test('a post-only limit that would take when it is triggered expires', () => {
    const desk = new Desk();
    desk.matcher.price('last', 100, NOW_US);
    desk.sell(101, 1);
    desk.buy(101, 1, { condition: 'stop', stopTicks: 102, timeInForce: 'GTX' });
    desk.told();
    desk.matcher.price('last', 102, NOW_US);
    assert.deepEqual(desk.told(), ['triggered 2', 'expired 2 post-only']);
  });
});

describe('icebergs', () => {
  test('show a part at a time; each next part queues at the back', () => {
    const desk = new Desk();
    const iceberg = desk.sell(100, 10, { visibleLots: 4 });
    desk.sell(100, 3);
    assert.equal(desk.book.lotsAt(100), 7);
    assert.deepEqual({ ...desk.matcher.quote(BID, 99) }, { lots: 13, tickLots: 1300, firstTicks: 100, worstTicks: 100 });
    desk.told();
    desk.buy(100, 5);
    assert.deepEqual(desk.told(), ['accepted 3', 'trade 100x4 buy 3<1', 'trade 100x1 buy 3<2']);
    assert.equal(desk.book.lotsAt(100), 6);
    desk.buy(100, 8);
    assert.deepEqual(desk.told(), ['accepted 4', 'trade 100x2 buy 4<2', 'trade 100x4 buy 4<1', 'trade 100x2 buy 4<1']);
    assert.deepEqual([iceberg.state, desk.book.bestAsk], ['filled', 0]);
  });
});

describe('amending', () => {
  test('fewer lots at the same price keep the place; more lots or another price lose it, and may trade', () => {
    const desk = new Desk();
    const first = desk.buy(100, 5);
    desk.buy(100, 5);
    desk.told();
    assert.equal(desk.matcher.amend(first, 100, 3, NOW_US), 'amended');
    desk.sell(100, 1);
    assert.deepEqual(desk.told(), ['amended 1 kept', 'accepted 3', 'trade 100x1 sell 3<1']);
    desk.matcher.amend(first, 100, 4, NOW_US);
    desk.sell(100, 1);
    assert.deepEqual(desk.told(), ['amended 1 moved', 'accepted 4', 'trade 100x1 sell 4<2']);
    desk.sell(105, 2);
    desk.told();
    desk.matcher.amend(first, 105, 4, NOW_US);
    assert.deepEqual(desk.told(), ['amended 1 moved', 'trade 105x2 buy 1<5']);
    assert.equal(desk.matcher.amend(first, 105, 3, NOW_US), 'ended');
    assert.deepEqual([desk.told(), first.state, desk.matcher.amend(first, 105, 9, NOW_US)], [['canceled 1 amended'], 'canceled', 'not-open']);
  });

  test('the venue can shrink an order, to nothing too', () => {
    const desk = new Desk();
    const order = desk.buy(100, 5);
    desk.told();
    desk.matcher.reduce(order, 2, NOW_US, 'reduce-only');
    assert.equal(desk.book.lotsAt(100), 3);
    desk.matcher.reduce(order, 3, NOW_US, 'reduce-only');
    assert.deepEqual(desk.told(), ['amended 1 kept', 'expired 1 reduce-only']);
  });
});

describe('what has ended', () => {
  test('stays so: every operation on it is refused and tells nothing; nothing is placed twice', () => {
    const desk = new Desk();
    const order = desk.buy(100, 5);
    desk.matcher.cancel(order, NOW_US);
    desk.told();
    const { matcher } = desk;
    assert.deepEqual(
      [matcher.cancel(order, NOW_US), matcher.expire(order, NOW_US, 'venue'), matcher.reduce(order, 1, NOW_US, 'reduce-only'), matcher.amend(order, 100, 9, NOW_US), matcher.amendTrigger(order, 90, NOW_US)],
      [false, false, false, 'not-open', 'not-open'],
    );
    assert.throws(() => matcher.place(order, NOW_US), /was placed before: it is canceled/);
    assert.deepEqual([desk.told(), order.state, order.endReason, order.leavesLots], [[], 'canceled', 'user', 5]);
    const open = desk.buy(100, 5);
    assert.equal(matcher.reduce(open, 0, NOW_US, 'reduce-only'), false);
    assert.throws(() => matcher.place(open, NOW_US), /it is resting/);
    assert.deepEqual(desk.told(), ['accepted 2']);
  });

  test('an order that waits for an event’s end can still be cancelled', () => {
    const desk: Desk = new Desk({
      sink: {
        ...recordingSink([]),
        onTrade() {
          const queued = desk.order({ side: BID, ticks: 90, lots: 1 });
          assert.equal(desk.matcher.place(queued, NOW_US), 'queued');
          assert.equal(desk.matcher.cancel(queued, NOW_US), true);
          assert.equal(queued.state, 'canceled');
        },
      },
    });
    desk.sell(100, 1);
    desk.buy(100, 1);
    assert.equal(desk.book.orderCount, 0);
  });
});

describe('an order', () => {
  test('says when it was accepted and whether it was triggered', () => {
    const desk = new Desk();
    desk.matcher.price('last', 100, NOW_US);
    const order = desk.buy(99, 1, { condition: 'stop', stopTicks: 105 });
    assert.deepEqual([order.acceptedAtUs, order.triggered, order.open], [NOW_US, false, true]);
    desk.matcher.price('last', 105, NOW_US + 7);
    assert.deepEqual([order.acceptedAtUs, order.triggered, order.state], [NOW_US, true, 'resting']);
    assert.equal(desk.matcher.clientAt(order.handle), order);
  });

  test('expires when the book holds no more', () => {
    const book = new OrderBook({ firstUpdateId: 0, maxOrders: 1 });
    const desk = new Desk({ book });
    book.add(ASK, 101, 5, 64);
    const order = desk.buy(100, 1);
    assert.deepEqual([desk.told(), order.state], [['accepted 1', 'expired 1 book-full'], 'expired']);
  });
});

describe('trades', () => {
  test('are numbered from the first id given, and stamped with the operation’s time', () => {
    const seen: number[][] = [];
    const desk = new Desk({ firstTradeId: 700, sink: { ...recordingSink([]), onTrade: ({ tradeId, atUs }) => seen.push([tradeId, atUs]) } });
    desk.sell(100, 1);
    desk.sell(101, 1);
    desk.matcher.place(desk.order({ side: BID, ticks: 101, lots: 2 }), 5_000_000);
    assert.deepEqual(seen, [[700, 5_000_000], [701, 5_000_000]]);
    assert.deepEqual([desk.matcher.nextTradeId, desk.matcher.lastTicks], [702, 101]);
  });
});

describe('self-trade prevention', () => {
  const own = { stpGroup: 7 };
  const modes = [
    { stpMode: 'none', events: ['trade 100x4 buy 3<1', 'trade 101x2 buy 3<2'], states: ['filled', 'filled'] },
    { stpMode: 'expire_taker', events: ['prevented 3 1 4', 'expired 3 stp'], states: ['resting', 'expired'] },
    { stpMode: 'expire_maker', events: ['prevented 3 1 4', 'expired 1 stp', 'trade 101x6 buy 3<2'], states: ['expired', 'filled'] },
    { stpMode: 'expire_both', events: ['prevented 3 1 4', 'expired 1 stp', 'expired 3 stp'], states: ['expired', 'expired'] },
    { stpMode: 'decrement', events: ['prevented 3 1 4', 'expired 1 stp', 'trade 101x2 buy 3<2'], states: ['expired', 'filled'] },
  ] as const;
  for (const { stpMode, events, states } of modes) {
    test(`${stpMode}: the taker’s mode decides`, () => {
      const desk = new Desk();
      const maker = desk.sell(100, 4, own);
      desk.sell(101, 9);
      desk.told();
      const taker = desk.buy(101, 6, { ...own, stpMode });
      assert.deepEqual(desk.told(), ['accepted 3', ...events]);
      assert.deepEqual([maker.state, taker.state], states);
    });
  }
});

describe('inside an event', () => {
  test('a cancel works at once, a place waits for the end of the operation and is refused then if it must be', () => {
    const lines: string[] = [];
    const record = recordingSink(lines);
    const held: { other?: ClientOrder } = {};
    const desk: Desk = new Desk({
      sink: {
        ...record,
        onTrade(trade) {
          record.onTrade(trade);
          if (trade.maker?.orderId !== 1) return;
          desk.matcher.cancel(held.other!, NOW_US, 'order-list');
          lines.push(desk.matcher.place(desk.order({ side: ASK, ticks: 103, lots: 1 }), NOW_US));
          lines.push(desk.matcher.place(desk.order({ side: BID, ticks: 103, lots: 1, timeInForce: 'GTX' }), NOW_US));
        },
      },
    });
    desk.sell(100, 1);
    held.other = desk.sell(101, 1);
    desk.sell(102, 1);
    lines.length = 0;
    desk.buy(102, 2);
    assert.deepEqual(lines, ['accepted 4', 'trade 100x1 buy 4<1', 'canceled 2 order-list', 'queued', 'queued', 'trade 102x1 buy 4<3', 'accepted 5', 'refused 6 would-take']);
  });
});

describe('an event that throws', () => {
  test('reaches the caller and ends the operation; the engine goes on, and the order can be cancelled', () => {
    const lines: string[] = [];
    const record = recordingSink(lines);
    let faults = 1;
    const desk = new Desk({
      sink: {
        ...record,
        onTrade(trade) {
          record.onTrade(trade);
          if (faults-- === 1) throw new RangeError('no such account');
        },
      },
    });
    desk.sell(100, 2);
    desk.sell(101, 2);
    lines.length = 0;
    const taker = desk.order({ side: BID, ticks: 101, lots: 4 });
    assert.throws(() => desk.matcher.place(taker, NOW_US), /no such account/);
    assert.deepEqual([taker.state, taker.filledLots, desk.book.bestAsk], ['taking', 2, 101]);
    desk.buy(101, 1);
    assert.equal(desk.matcher.cancel(taker, NOW_US), true);
    assert.deepEqual(lines, ['accepted 3', 'trade 100x2 buy 3<1', 'accepted 4', 'trade 101x1 buy 4<2', 'canceled 3 user']);
  });
});

describe('agents and amendments inside an event', () => {
  test('are refused with an error, and leave the engine as it was', () => {
    const desk: Desk = new Desk({
      sink: {
        ...recordingSink([]),
        onTrade({ maker }) {
          assert.throws(() => desk.matcher.amend(maker!, 99, 1, NOW_US), /inside a sink event/);
          assert.throws(() => desk.matcher.takeForAgent(BID, 1, 100, NOW_US), /inside a sink event/);
        },
      },
    });
    const maker = desk.sell(100, 2);
    desk.buy(100, 1);
    assert.deepEqual([maker.state, maker.leavesLots, desk.book.lotsAt(100)], ['resting', 1, 1]);
  });
});

describe('agents', () => {
  test('are told of every trade whoever takes, and take clients’ orders', () => {
    const desk = new Desk();
    const told: string[] = [];
    desk.matcher.agents = {
      traded: (_nowUs, _side, byClient, ticks, lots, owner, done) => told.push(`${byClient} ${owner} ${ticks}x${lots} ${done}`),
      clientTook: (_nowUs, side, lots) => told.push(`client took ${side} ${lots}`),
    };
    desk.book.add(ASK, 100, 5, 64);
    desk.buy(100, 3);
    desk.buy(99, 4);
    assert.deepEqual(told.splice(0), ['true 64 100x3 false', 'client took 0 3']);
    desk.told();
    assert.equal(desk.matcher.takeForAgent(ASK, 9, 99, NOW_US), 4);
    assert.equal(desk.matcher.takeForAgent(BID, 9, 100, NOW_US), 2);
    assert.deepEqual(told, ['false -1 99x4 true', 'false 64 100x2 true']);
    assert.deepEqual(desk.told(), ['trade 99x4 sell -<2', 'trade 100x2 buy -<-']);
  });

  test('are told what a client’s order took each time it took, not all it ever has', () => {
    const desk = new Desk();
    const took: number[] = [];
    desk.matcher.agents = { traded: () => undefined, clientTook: (_nowUs, _side, lots) => took.push(lots) };
    desk.book.add(ASK, 100, 2, 64);
    desk.book.add(ASK, 101, 9, 64);
    const order = desk.buy(100, 3);
    desk.matcher.amend(order, 101, 6, NOW_US);
    assert.deepEqual([took, order.filledLots, order.state], [[2, 4], 6, 'filled']);
  });
});
