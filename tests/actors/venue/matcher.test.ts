import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SimulatedMatcher } from '../../../actors/venue/matcher.js';
import type { NewOrder, VenueEvent } from '../../../actors/venue/messages.js';
import { levelChanged, levelTraded } from '../../../actors/venue/queue.js';
import { RestingOrder } from '../../../actors/venue/resting-order.js';
import { FakeMarket, type MarketAction } from './fake-market.js';

type Params = ConstructorParameters<typeof SimulatedMatcher>[0];
const PARAMS: Params = { queueModel: 'conservative', powerExponent: 3, throughFill: 'capped', slippageBps: 50 };

/** A market and a venue, one microsecond a step. Each call returns what happened, in short. */
class Venue {
  readonly market: FakeMarket;
  readonly matcher: SimulatedMatcher;
  #atUs = 0;
  #orders = 0;
  constructor(live: boolean, params: Partial<Params> = {}) {
    this.market = new FakeMarket(live);
    this.matcher = new SimulatedMatcher({ ...PARAMS, ...params });
  }
  order(side: 'buy' | 'sell', priceTicks: number, lots: number, more: Partial<NewOrder> = {}): string[] {
    this.#atUs += 1;
    const id = `${side[0]}${this.#orders++}`;
    this.matcher.control({
      type: 'order.new', id, symbol: 0, side, kind: 'limit', priceTicks, lots, timeInForce: 'GTC', reduceOnly: false, dueUs: this.#atUs, ...more,
    }, this.market.seq, this.#atUs, this.market);
    return this.#drain();
  }
  cancel(id: string): string[] {
    this.matcher.control({ type: 'order.cancel', id, symbol: 0, dueUs: 0 }, this.market.seq, this.#atUs, this.market);
    return this.#drain();
  }
  play(action: MarketAction): string[] {
    this.#atUs += 1;
    const happened: string[] = [];
    this.market.play(action, () => {
      if (this.matcher.active) this.matcher.record(this.market.batch.F, this.market.batch.I, 0, this.#atUs, this.market);
      happened.push(...this.#drain());
    });
    return happened;
  }
  trade(ticks: number, lots: number, takerSold: boolean): string[] {
    return this.play({ do: 'trade', ticks, lots, takerSold });
  }
  ticker(bid: number, bidLots: number, ask: number, askLots: number): string[] {
    return this.play({ do: 'ticker', bid, bidLots, ask, askLots });
  }
  #drain(): string[] {
    return this.matcher.events.splice(0).map((event: VenueEvent) => {
      switch (event.type) {
        case 'order.accepted': return `${event.id} accepted behind ${event.queueAheadLots}`;
        case 'order.fill': return `${event.id} ${event.liquidity} ${event.lots} at ${event.priceTicks} ${event.reason}, ${event.remainingLots} left`;
        default: return `${event.id} ${event.type.slice(6)} ${event.reason}`;
      }
    });
  }
}

const BOOK: MarketAction = {
  do: 'snapshot', levels: [['bid', 100, 10], ['bid', 99, 20], ['ask', 102, 5], ['ask', 103, 7], ['ask', 105, 50]],
};

describe('arrival', () => {
  test('a market order walks the book, then slips beyond it', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    assert.deepEqual(venue.order('buy', 0, 8, { kind: 'market' }), [
      'b0 accepted behind 0', 'b0 taker 5 at 102 took_book, 3 left', 'b0 taker 3 at 103 took_book, 0 left',
    ]);
    assert.deepEqual(venue.order('sell', 0, 40, { kind: 'market' }), [
      's1 accepted behind 0', 's1 taker 10 at 100 took_book, 30 left', 's1 taker 20 at 99 took_book, 10 left', 's1 taker 10 at 98 took_beyond_book, 0 left',
    ]);
  });

  test('two orders of one instant cannot take the same lots', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    venue.order('buy', 0, 5, { kind: 'market' });
    assert.deepEqual(venue.order('buy', 102, 5, { timeInForce: 'IOC' }), ['b1 accepted behind 0', 'b1 canceled ioc_remainder']);
    venue.trade(100, 1, true);
    assert.deepEqual(venue.order('buy', 102, 5, { timeInForce: 'IOC' }), ['b2 accepted behind 0', 'b2 taker 5 at 102 took_book, 0 left']);
  });

  test('time in force: GTX never takes, FOK takes all or nothing, IOC what it can, GTC rests with the remainder', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    assert.deepEqual(venue.order('buy', 102, 1, { timeInForce: 'GTX' }), ['b0 rejected would_take']);
    assert.deepEqual(venue.order('buy', 101, 1, { timeInForce: 'GTX' }), ['b1 accepted behind 0']);
    assert.deepEqual(venue.order('buy', 103, 13, { timeInForce: 'FOK' }), ['b2 rejected fok_not_fillable']);
    assert.deepEqual(venue.order('buy', 102, 9), ['b3 accepted behind 0', 'b3 taker 5 at 102 took_book, 4 left']);
    venue.play({ do: 'depth', levels: [['ask', 102, 0]] });
    assert.deepEqual(venue.order('buy', 103, 9, { timeInForce: 'IOC' }), ['b4 accepted behind 0', 'b4 taker 7 at 103 took_book, 2 left', 'b4 canceled ioc_remainder']);
    assert.equal(venue.matcher.openOrders, 2);
  });

  test('without quotes a taker pays the last trade and slippage; before the first trade there is no market', () => {
    const venue = new Venue(false);
    assert.deepEqual(venue.order('buy', 0, 3, { kind: 'market' }), ['b0 accepted behind 0', 'b0 canceled no_market']);
    venue.trade(1000, 1, true);
    assert.deepEqual(venue.order('buy', 0, 3, { kind: 'market' }), ['b1 accepted behind 0', 'b1 taker 3 at 1005 took_last_trade, 0 left']);
    assert.deepEqual(venue.order('buy', 1004, 3), ['b2 accepted behind -1']);
    assert.deepEqual(venue.order('buy', 1005, 3, { timeInForce: 'GTX' }), ['b3 rejected would_take']);
  });

  test('what makes no sense is rejected', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    assert.deepEqual(venue.order('buy', 99, 0), ['b0 rejected bad_quantity']);
    assert.deepEqual(venue.order('buy', 99, 1.5), ['b1 rejected bad_quantity']);
    assert.deepEqual(venue.order('buy', -1, 1), ['b2 rejected bad_price']);
    assert.deepEqual(venue.order('sell', 101, 1, { reduceOnly: true }), ['s3 rejected nothing_to_reduce']);
    venue.order('buy', 99, 1, { id: 'x' });
    assert.deepEqual(venue.order('buy', 99, 1, { id: 'x' }), ['x rejected duplicate_id']);
    assert.deepEqual(venue.cancel('never'), ['never rejected unknown_order'], 'one that got lost has nobody else to say so');
  });
});

describe('the queue', () => {
  test('is what is visible on arrival; trades at the price shorten it, and what exceeds it fills us', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    assert.deepEqual(venue.order('buy', 100, 6), ['b0 accepted behind 10']);
    assert.deepEqual(venue.trade(100, 7, true), []);
    assert.deepEqual(venue.trade(100, 50, false), [], 'a buyer at our price does not meet us');
    assert.deepEqual(venue.trade(100, 5, true), ['b0 maker 2 at 100 queue_reached, 4 left']);
    assert.deepEqual(venue.trade(100, 9, true), ['b0 maker 4 at 100 queue_reached, 0 left']);
    assert.equal(venue.matcher.active, false);
  });

  test('conservative: never longer than what is visible, else cancels stood behind us', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    venue.order('buy', 99, 1);
    venue.play({ do: 'depth', levels: [['bid', 99, 25]] });
    venue.play({ do: 'depth', levels: [['bid', 99, 18]] });
    assert.deepEqual(venue.trade(99, 18, true), []);
    assert.deepEqual(venue.trade(99, 1, true), ['b0 maker 1 at 99 queue_reached, 0 left']);
  });

  test('a snapshot and best quotes tell it too', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    venue.order('buy', 99, 1);
    venue.play({ do: 'snapshot', levels: [['bid', 98, 5], ['ask', 102, 5]] });
    assert.deepEqual(venue.trade(99, 1, true), ['b0 maker 1 at 99 queue_reached, 0 left']);
    const quotes = new Venue(false);
    quotes.ticker(100, 10, 102, 5);
    assert.deepEqual(quotes.order('buy', 99, 1), ['b0 accepted behind -1']);
    assert.deepEqual(quotes.trade(99, 100, true), [], 'how long the queue is nobody knows');
    quotes.ticker(99, 4, 102, 5);
    assert.deepEqual(quotes.trade(99, 4, true), []);
    assert.deepEqual(quotes.trade(99, 4, true), ['b0 maker 1 at 99 queue_reached, 0 left']);
    assert.deepEqual(quotes.order('buy', 101, 1), ['b1 accepted behind 0']);
  });

  test('power: hftbacktest PowerProbQueueFunc, by hand', () => {
    const order: NewOrder = {
      type: 'order.new', id: 'x', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 1, lots: 5, timeInForce: 'GTC', reduceOnly: false, dueUs: 0,
    };
    const resting = new RestingOrder(order, 5, 20);
    levelChanged(resting, 50, 3);
    assert.equal(resting.ahead, 20, 'quantity that joins stands behind');
    // front 20, back 30: P(behind) = 27 / 35, so of 10 gone 10 x 8 / 35 were ahead.
    levelChanged(resting, 40, 3);
    assert.ok(Math.abs(resting.ahead - (20 - (10 * 8) / 35)) < 1e-12);
    // What trades explain is not counted twice.
    const before = resting.ahead;
    assert.equal(levelTraded(resting, 4), 0);
    levelChanged(resting, 36, 3);
    assert.ok(Math.abs(resting.ahead - (before - 4)) < 1e-12);
    // 31 of 36 gone: never more ahead than is visible, and what then trades reaches us after it.
    levelChanged(resting, 5, 3);
    assert.ok(resting.ahead >= 0 && resting.ahead <= 5);
    const left = resting.ahead;
    assert.equal(levelTraded(resting, 9), Math.floor(9 - left));
    assert.equal(resting.ahead, 0);
  });
});

describe('through and across', () => {
  test('a trade through our price fills up to its quantity, or all when so configured', () => {
    const capped = new Venue(true);
    capped.play(BOOK);
    capped.order('buy', 99, 8);
    assert.deepEqual(capped.trade(98, 3, true), ['b0 maker 3 at 99 traded_through, 5 left']);
    const full = new Venue(true, { throughFill: 'full' });
    full.play(BOOK);
    full.order('buy', 99, 8);
    assert.deepEqual(full.trade(98, 3, true), ['b0 maker 8 at 99 traded_through, 0 left']);
  });

  test('the best price first, then the earlier order, and a trade is shared out once', () => {
    const venue = new Venue(false);
    venue.order('buy', 99, 4);
    venue.order('buy', 100, 4);
    venue.order('buy', 100, 4);
    assert.deepEqual(venue.trade(98, 9, true), [
      'b1 maker 4 at 100 traded_through, 0 left', 'b2 maker 4 at 100 traded_through, 0 left', 'b0 maker 1 at 99 traded_through, 3 left',
    ]);
  });

  test('an opposite quote at our price fills what it shows, each lot once', () => {
    const venue = new Venue(false);
    venue.ticker(100, 5, 103, 5);
    venue.order('buy', 101, 10);
    assert.deepEqual(venue.ticker(99, 5, 101, 4), ['b0 maker 4 at 101 quote_crossed, 6 left']);
    assert.deepEqual(venue.ticker(99, 5, 101, 4), []);
    assert.deepEqual(venue.ticker(99, 5, 101, 5), ['b0 maker 1 at 101 quote_crossed, 5 left']);
    venue.ticker(99, 5, 102, 5);
    assert.deepEqual(venue.ticker(99, 5, 100, 9), ['b0 maker 5 at 101 quote_crossed, 0 left']);
  });
});

describe('stops and reduce-only', () => {
  test('a stop rests unseen, triggers on the last price, and at once when it is already through', () => {
    const venue = new Venue(true);
    venue.play(BOOK);
    venue.trade(101, 1, true);
    venue.order('buy', 0, 5, { kind: 'market', id: 'entry' });
    assert.deepEqual(venue.order('sell', 100, 5, { kind: 'stop', reduceOnly: true, reduces: 'entry', id: 'stop' }), ['stop accepted behind 0']);
    assert.deepEqual(venue.trade(101, 1, true), []);
    assert.deepEqual(venue.trade(100, 1, true), ['stop taker 5 at 100 took_book, 0 left']);
    venue.order('buy', 0, 5, { kind: 'market', id: 'again' });
    assert.deepEqual(venue.order('sell', 100, 5, { kind: 'stop', reduceOnly: true, reduces: 'again', id: 'late' }), [
      'late accepted behind 0', 'late taker 5 at 100 took_book, 0 left',
    ]);
  });

  test('target, stop and time exit of one trade share its lots and leave another trade alone', () => {
    const venue = new Venue(false);
    venue.trade(100, 1, true);
    venue.order('buy', 0, 6, { kind: 'market', id: 'A' });
    venue.order('buy', 0, 6, { kind: 'market', id: 'B' });
    venue.order('sell', 110, 6, { reduceOnly: true, reduces: 'A', id: 'target' });
    venue.order('sell', 90, 6, { kind: 'stop', reduceOnly: true, reduces: 'A', id: 'stop' });
    assert.deepEqual(venue.trade(111, 4, false), ['target maker 4 at 110 traded_through, 2 left']);
    assert.deepEqual(venue.order('sell', 0, 6, { kind: 'market', reduceOnly: true, reduces: 'A', id: 'time' }), [
      'time accepted behind 0', 'time taker 2 at 110 took_last_trade, 4 left', 'time canceled nothing_to_reduce', 'target canceled nothing_to_reduce', 'stop canceled nothing_to_reduce',
    ]);
    assert.equal(venue.matcher.netLots, 6);
  });

  test('an exit waits for an entry that can still fill', () => {
    const venue = new Venue(false);
    venue.trade(100, 1, true);
    venue.order('buy', 99, 6, { id: 'entry' });
    venue.trade(98, 2, true);
    venue.order('sell', 110, 6, { reduceOnly: true, reduces: 'entry', id: 'target' });
    assert.deepEqual(venue.trade(111, 9, false), ['target maker 2 at 110 traded_through, 4 left']);
    assert.deepEqual(venue.trade(98, 9, true), ['entry maker 4 at 99 traded_through, 0 left']);
    assert.deepEqual(venue.trade(111, 9, false), ['target maker 4 at 110 traded_through, 0 left']);
  });
});
