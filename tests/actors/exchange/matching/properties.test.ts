import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASK, BID, CLIENT, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher } from '../../../../actors/exchange/matching/index.js';
import { LONG, RealEngine, counter, orderLists, streams } from './streams.js';
import { Lives, recordingSink } from './support.js';

const RUNS = LONG ? 20_000 : 200;
const FINAL = new Set(['filled', 'canceled', 'expired', 'rejected']);

describe('whatever is sent', () => {
  test('the book is never crossed, it holds what the open orders have left and nothing else, and lots are conserved', () => {
    fc.assert(
      fc.property(streams, (commands) => {
        const nextId = counter();
        const engine = new RealEngine(orderLists(nextId));
        for (const run of commands) {
          const before = engine.placed.reduce((sum, order) => sum + order.filledLots, 0);
          engine.lines.length = 0;
          run(engine, nextId);
          const { book } = engine;
          assert.ok(book.bestBid === 0 || book.bestAsk === 0 || book.bestBid < book.bestAsk);
          // Every trade takes its lots from two sides: clients got what the trades say that clients traded.
          let traded = 0;
          for (const line of engine.lines) {
            const [, lots, taker, maker] = /^trade \d+x(\d+) \w+ (\S+)<(\S+)$/.exec(line) ?? [];
            if (lots !== undefined) traded += Number(lots) * ((taker === '-' ? 0 : 1) + (maker === '-' ? 0 : 1));
          }
          assert.equal(engine.placed.reduce((sum, order) => sum + order.filledLots, 0) - before, traded);
          const leftByTick = new Map<string, number>();
          for (const order of engine.placed) {
            assert.equal(order.filledLots + order.preventedLots + order.leavesLots, order.lots);
            assert.ok(order.leavesLots >= 0 && order.filledLots >= 0);
            assert.equal(order.state === 'resting', order.handle !== 0);
            assert.ok(!['idle', 'queued', 'triggered', 'taking'].includes(order.state), `left in state ${order.state}`);
            if (order.state !== 'resting') continue;
            assert.equal(engine.matcher.clientAt(order.handle), order);
            assert.equal(book.tickOf(order.handle), order.ticks);
            assert.equal(book.lotsOf(order.handle) + book.hiddenLotsOf(order.handle), order.leavesLots);
            leftByTick.set(`${order.side}:${order.ticks}`, (leftByTick.get(`${order.side}:${order.ticks}`) ?? 0) + book.lotsOf(order.handle));
          }
          let orders = 0;
          for (const side of [BID, ASK] as const) {
            for (let tick = side === BID ? book.bestBid : book.bestAsk; tick !== 0; tick = book.worse(side, tick)) {
              let sum = 0;
              for (let handle = book.frontAt(side, tick); handle !== 0; handle = book.behind(handle)) {
                orders += 1;
                sum += book.lotsOf(handle);
              }
              assert.equal(book.lotsAt(tick), sum);
              assert.ok(sum >= (leftByTick.get(`${side}:${tick}`) ?? 0));
            }
          }
          assert.equal(orders, book.orderCount);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('every order has exactly one final event, nothing after it, and all end when all are cancelled', () => {
    fc.assert(
      fc.property(streams, (commands) => {
        const nextId = counter();
        const book = new OrderBook({ firstUpdateId: 0 });
        const lives = new Lives();
        const placed: ClientOrder[] = [];
        const matcher = new Matcher({ book, sink: lives.sink() });
        const engine = new RealEngine(() => undefined);
        // The same face on a matcher whose sink keeps accounts of states.
        Object.assign(engine, { matcher, book });
        engine.place = (request) => {
          const order = new ClientOrder(request);
          placed.push(order);
          engine.placed.push(order);
          const outcome = matcher.place(order, 0);
          if (outcome !== 'accepted') lives.ends(order);
        };
        for (const run of commands) run(engine, nextId);
        for (const order of placed) matcher.cancel(order, 0);
        for (const order of placed) {
          assert.equal(lives.ended.get(order), order.state);
          assert.ok(FINAL.has(order.state));
          assert.equal(order.endReason === undefined, order.state === 'filled' || order.state === 'rejected');
        }
        assert.equal(matcher.nextExpiryUs, Infinity);
        for (const side of [BID, ASK] as const) {
          for (let handle = book.front(side); handle !== 0; handle = book.behind(handle)) assert.notEqual(book.ownerOf(handle), CLIENT);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a quote is what an immediate-or-cancel order then gets', () => {
    const lots = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(streams, fc.constantFrom<Side>(BID, ASK), lots, fc.integer({ min: 96, max: 104 }), fc.boolean(), (commands, side, wanted, ticks, anyPrice) => {
        const nextId = counter();
        const engine = new RealEngine(() => undefined);
        for (const run of commands) run(engine, nextId);
        const { matcher } = engine;
        const levels = engine.levels();
        const quote = { ...matcher.quote(side, wanted, anyPrice ? 0 : ticks) };
        assert.equal(engine.levels(), levels);
        engine.lines.length = 0;
        const order = new ClientOrder({ orderId: 999, account: 99, side, type: anyPrice ? 'market' : 'limit', ticks: anyPrice ? 0 : ticks, lots: wanted, timeInForce: 'IOC' });
        matcher.place(order, 0);
        const prices = engine.lines.filter((line) => line.startsWith('trade') && line.includes(' 999<')).map((line) => Number(/^trade (\d+)x/.exec(line)![1]));
        assert.deepEqual(quote, { lots: order.filledLots, tickLots: order.filledTickLots, firstTicks: prices[0] ?? 0, worstTicks: prices.at(-1) ?? 0 });
      }),
      { numRuns: RUNS },
    );
  });

  test('a trade is with the best price, and there with the order that came first', () => {
    const order = fc.record({ side: fc.constantFrom<Side>(BID, ASK), ticks: fc.integer({ min: 90, max: 110 }), lots: fc.integer({ min: 1, max: 20 }), cancels: fc.option(fc.nat({ max: 60 })) });
    fc.assert(
      fc.property(fc.array(order, { maxLength: 60, size: 'max' }), (orders) => {
        const placed: ClientOrder[] = [];
        const lines: string[] = [];
        const sink = recordingSink(lines);
        sink.onTrade = ({ maker, ticks, taker, takerSide }) => {
          for (const other of placed) {
            if (other === maker || other === taker || other.state !== 'resting' || other.side === takerSide) continue;
            assert.ok(takerSide === BID ? other.ticks >= ticks : other.ticks <= ticks, 'a better price was passed over');
            if (other.ticks === ticks) assert.ok(other.orderId > maker!.orderId, 'an older order was passed over');
          }
          assert.ok(taker!.side === BID ? taker!.ticks >= ticks : taker!.ticks <= ticks);
          assert.equal(ticks, maker!.ticks);
        };
        const matcher = new Matcher({ book: new OrderBook({ firstUpdateId: 0 }), sink });
        for (const it of orders) {
          const next = new ClientOrder({ orderId: placed.length + 1, account: 1, type: 'limit', side: it.side, ticks: it.ticks, lots: it.lots });
          placed.push(next);
          matcher.place(next, 0);
          const cancelled = it.cancels === null ? undefined : placed[it.cancels];
          if (cancelled !== undefined) matcher.cancel(cancelled, 0);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
