import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ASK, BID, OrderBook, type Side } from '../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher, type PlaceRequest } from '../../../actors/exchange/matching/index.js';
import { LiveMarket, MARKET_START_US, marketProfiles, type ScenarioName } from '../../../actors/generator/index.js';
import { Prng } from '../../../actors/generator/prng.js';
import { Lives } from '../exchange/matching/support.js';

/** FAULTLINE_LONG=1: an hour of market time instead of two minutes. */
const MINUTES = process.env['FAULTLINE_LONG'] === '1' ? 60 : 2;
const SCENARIOS: readonly ScenarioName[] = ['volatile', 'flash-crash', 'calm', 'cascade', 'quiet-to-crash'];
const KEPT = 400;

describe(`${MINUTES} minutes of a live market through its scenarios, with random clients`, () => {
  test('the books never cross, lots are conserved, every order ends once, and memory stays flat', () => {
    const rng = new Prng(77, 900);
    const lives = new Lives();
    const { ended } = lives;
    let boughtLots = 0;
    let soldLots = 0;
    let clientTakes = 0;
    let agentTakes = 0;
    const sink = lives.sink(({ taker, maker, lots, takerSide }) => {
      if (taker === null) agentTakes += maker === null ? 0 : 1;
      else clientTakes += 1;
      for (const order of [taker, maker]) {
        if (order === null) continue;
        if (order.side === BID) boughtLots += lots;
        else soldLots += lots;
      }
      assert.ok(taker === null || taker.side === takerSide);
    });
    const desks = marketProfiles(2).map((profile) => ({ profile, desk: new Matcher({ book: new OrderBook({ firstUpdateId: 1 }), sink }) }));
    const live = new LiveMarket({ symbols: desks, scenario: 'calm', seed: 77, rate: 1, startUs: MARKET_START_US });

    const open: { matcher: Matcher; order: ClientOrder }[] = [];
    let placed = 0;
    let filledLots = 0;
    let finals = 0;
    const settleAccounts = (order: ClientOrder): void => {
      assert.equal(ended.get(order), order.state);
      finals += 1;
      assert.equal(order.filledLots + order.preventedLots + order.leavesLots, order.lots);
      filledLots += order.filledLots;
      ended.delete(order);
    };
    const act = (nowUs: number): void => {
      const { desk: matcher } = desks[rng.below(2)]!;
      const { book } = matcher;
      if (book.bestBid === 0 || book.bestAsk === 0) return;
      const side: Side = rng.uniform() < 0.5 ? BID : ASK;
      const away = Math.floor(rng.pareto(1) * 3) - 4;
      const ticks = side === BID ? book.bestAsk - 1 - away : book.bestBid + 1 + away;
      const kind = rng.uniform();
      const pick = <T>(values: readonly T[]): T => values[rng.below(values.length)]!;
      const common = { orderId: ++placed, account: 1 + rng.below(6), side, lots: 1 + rng.below(300), stpMode: pick(['none', 'expire_taker', 'expire_maker', 'expire_both', 'decrement'] as const) };
      const request: PlaceRequest =
        kind < 0.7 ? { ...common, type: 'limit', ticks, timeInForce: pick(['GTC', 'GTC', 'IOC', 'FOK', 'GTX'] as const), visibleLots: pick([0, 0, 20]), expireAtUs: pick([0, 0, nowUs + 3e6]) }
        : kind < 0.8 ? { ...common, type: 'market', ticks: 0 }
        : { ...common, type: 'market', ticks: 0, condition: 'stop', stopTicks: side === BID ? book.bestAsk + 1 + rng.below(60) : book.bestBid - 1 - rng.below(60), trailBips: pick([0, 0, 5]) };
      const order = new ClientOrder(request);
      if (matcher.place(order, nowUs) !== 'accepted') lives.ends(order);
      open.push({ matcher, order });
      const other = open[rng.below(open.length)]!;
      if (rng.uniform() < 0.2) other.matcher.amend(other.order, Math.max(1, other.order.ticks + rng.below(5) - 2), other.order.filledLots + 1 + rng.below(200), nowUs);
      if (open.length <= KEPT) return;
      const { matcher: its, order: oldest } = open.shift()!;
      its.cancel(oldest, nowUs);
      settleAccounts(oldest);
    };

    let heapAfterFirst = 0;
    for (let minute = 0; minute < MINUTES; minute++) {
      if (minute % 6 === 1) live.startScenario(SCENARIOS[Math.floor(minute / 6) % SCENARIOS.length]!, 1, MARKET_START_US + minute * 60e6);
      const endUs = MARKET_START_US + (minute + 1) * 60e6;
      for (let step = 0, nextUs = live.nextUs; nextUs <= endUs; step++, nextUs = live.nextUs) {
        live.step();
        if (step % 40 === 0) act(nextUs);
        if (step % 500 !== 0) continue;
        for (const { desk } of desks) {
          desk.expireDue(nextUs);
          assert.ok(desk.nextExpiryUs > nextUs);
          const { book } = desk;
          assert.ok(book.bestBid === 0 || book.bestAsk === 0 || book.bestBid < book.bestAsk, 'crossed');
          book.clearChanged();
        }
      }
      if (minute === Math.min(9, MINUTES - 1)) heapAfterFirst = process.memoryUsage().arrayBuffers;
    }
    for (const { matcher, order } of open) {
      matcher.cancel(order, MARKET_START_US + MINUTES * 60e6);
      settleAccounts(order);
    }
    assert.equal(ended.size, 0);
    assert.equal(finals, placed);
    assert.equal(filledLots, boughtLots + soldLots);
    assert.ok(boughtLots > 1000 && soldLots > 1000 && clientTakes > 100 && agentTakes > 100, `${boughtLots} ${soldLots} ${clientTakes} ${agentTakes}`);
    for (const { desk } of desks) {
      for (const side of [BID, ASK] as const) for (let order = desk.book.front(side); order !== 0; order = desk.book.behind(order)) assert.equal(desk.clientAt(order), null);
    }
    assert.ok(process.memoryUsage().arrayBuffers - heapAfterFirst < 8 << 20, 'the books have grown');
  });
});
