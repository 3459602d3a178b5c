import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedMatcher } from '../../../actors/venue/matcher.js';
import type { NewOrder, VenueEvent } from '../../../actors/venue/messages.js';
import { FakeMarket, type MarketAction } from './fake-market.js';
import { ReferenceVenue } from './reference.js';

type Step = { readonly market: MarketAction } | { readonly order: Omit<NewOrder, 'id' | 'type' | 'symbol' | 'dueUs'> & { readonly reducesAt: number } } | { readonly cancelAt: number };

const ticks = fc.integer({ min: 95, max: 105 });
const lots = fc.integer({ min: 1, max: 12 });
const level = fc.oneof(
  fc.tuple(fc.constant('bid' as const), fc.integer({ min: 94, max: 102 }), fc.integer({ min: 0, max: 12 })),
  fc.tuple(fc.constant('ask' as const), fc.integer({ min: 98, max: 106 }), fc.integer({ min: 0, max: 12 })),
);
const levels = fc.array(level, { minLength: 1, maxLength: 4 });
const trade = fc.record({ do: fc.constant('trade' as const), ticks, lots, takerSold: fc.boolean() });
const ticker = fc
  .record({ bid: fc.integer({ min: 95, max: 103 }), bidLots: lots, spread: fc.integer({ min: -1, max: 3 }), askLots: lots })
  .map(({ bid, bidLots, spread, askLots }) => ({ do: 'ticker' as const, bid, bidLots, ask: bid + spread, askLots }));
const depth = fc.record({ do: fc.constant('depth' as const), levels });
const snapshot = fc.record({ do: fc.constant('snapshot' as const), levels: fc.array(level, { minLength: 2, maxLength: 8 }) });
const order = fc.record({
  order: fc.record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    kind: fc.constantFrom('limit' as const, 'limit' as const, 'limit' as const, 'market' as const, 'stop' as const),
    priceTicks: ticks,
    lots,
    timeInForce: fc.constantFrom('GTC' as const, 'GTC' as const, 'GTX' as const, 'IOC' as const, 'FOK' as const),
    reduceOnly: fc.boolean(),
    reducesAt: fc.integer({ min: -1, max: 5 }),
  }),
});
const cancel = fc.record({ cancelAt: fc.nat({ max: 8 }) });

type Tape = 'trades' | 'quotes' | 'book';
const MARKETS: Record<Tape, fc.Arbitrary<MarketAction>> = { trades: trade, quotes: fc.oneof(trade, ticker), book: fc.oneof(trade, depth, depth, snapshot) };
const scripts = (tape: Tape): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof({ weight: 4, arbitrary: fc.record({ market: MARKETS[tape] }) }, { weight: 2, arbitrary: order }, { weight: 1, arbitrary: cancel }), { maxLength: 60 });

/** Plays a script against a venue double that takes the same calls. */
function run(
  steps: readonly Step[], live: boolean,
  venue: { place(order: NewOrder, atUs: number): void; cancel(id: string, atUs: number): void; record(action: MarketAction, at: number, atUs: number): void },
  market: FakeMarket,
): NewOrder[] {
  const orders: NewOrder[] = [];
  let atUs = 1_000_000;
  if (live) market.play({ do: 'snapshot', levels: [['bid', 99, 5], ['ask', 101, 5]] }, () => {});
  for (const step of steps) {
    atUs += 1000;
    if ('market' in step) {
      let at = 0;
      market.play(step.market, () => venue.record(step.market, at++, atUs));
    } else if ('order' in step) {
      const { reducesAt, ...rest } = step.order;
      const reduces = rest.reduceOnly && reducesAt >= 0 && orders.length > 0 ? orders[reducesAt % orders.length]!.id : undefined;
      const placed: NewOrder = { type: 'order.new', id: `o${orders.length}`, symbol: 0, dueUs: atUs, ...rest, ...(reduces === undefined ? {} : { reduces }) };
      orders.push(placed);
      venue.place(placed, atUs);
    } else if (orders.length > 0) {
      venue.cancel(orders[step.cancelAt % orders.length]!.id, atUs);
    }
  }
  return orders;
}

function runMatcher(steps: readonly Step[], live: boolean, slippageBps = 50): { orders: NewOrder[]; events: VenueEvent[]; batches: { action: MarketAction | null; events: VenueEvent[] }[] } {
  const market = new FakeMarket(live);
  const matcher = new SimulatedMatcher({ queueModel: 'conservative', powerExponent: 3, throughFill: 'capped', slippageBps });
  const events: VenueEvent[] = [];
  const batches: { action: MarketAction | null; events: VenueEvent[] }[] = [];
  const drain = (action: MarketAction | null): void => {
    batches.push({ action, events: [...matcher.events] });
    events.push(...matcher.events.splice(0));
  };
  const orders = run(steps, live, {
    place(placed, atUs) { matcher.control(placed, market.seq, atUs, market); drain(null); },
    cancel(id, atUs) { matcher.control({ type: 'order.cancel', id, symbol: 0, dueUs: atUs }, market.seq, atUs, market); drain(null); },
    record(action, _at, atUs) {
      if (matcher.active) matcher.record(market.batch.F, market.batch.I, 0, atUs, market);
      drain(action);
    },
  }, market);
  return { orders, events, batches };
}

for (const tape of ['trades', 'quotes', 'book'] as const) {
  test(`on a tape of ${tape} the matcher equals the slow reference, event by event`, () => {
    fc.assert(fc.property(scripts(tape), (steps) => {
      const live = tape === 'book';
      const market = new FakeMarket(live);
      const reference = new ReferenceVenue(market, 50);
      run(steps, live, reference, market);
      assert.deepEqual(runMatcher(steps, live).events, reference.events);
    }), { numRuns: 3000 });
  });

  test(`on a tape of ${tape} no fill is better than the rules allow, and lots are conserved`, () => {
    fc.assert(fc.property(scripts(tape), (steps) => {
      const { orders, events, batches } = runMatcher(steps, tape === 'book');
      const byId = new Map(orders.map((placed) => [placed.id, placed]));
      const left = new Map<string, number>();
      const over = new Set<string>();
      const open = new Map<string, number>();
      for (const event of events) {
        const placed = byId.get(event.id)!;
        if (event.type === 'order.accepted') left.set(event.id, placed.lots);
        if (event.type !== 'order.rejected' || placed.id !== event.id) assert.ok(!over.has(event.id), `${event.type} after the end of ${event.id}`);
        if (event.type === 'order.canceled') {
          assert.equal(event.remainingLots, left.get(event.id));
          over.add(event.id);
        }
        if (event.type !== 'order.fill') continue;
        assert.ok(event.lots > 0 && Number.isInteger(event.lots));
        const remaining = left.get(event.id)! - event.lots;
        assert.equal(event.remainingLots, remaining, 'lots placed = filled + remaining');
        left.set(event.id, remaining);
        if (remaining === 0) over.add(event.id);
        if (event.liquidity === 'maker') {
          assert.equal(event.priceTicks, placed.priceTicks, 'a maker fills at his own price');
          assert.ok(placed.kind === 'limit' && (placed.timeInForce === 'GTC' || placed.timeInForce === 'GTX'));
        } else {
          assert.notEqual(placed.timeInForce === 'GTX' && placed.kind === 'limit', true, 'GTX never takes');
          if (placed.kind === 'limit') assert.ok(placed.side === 'buy' ? event.priceTicks <= placed.priceTicks : event.priceTicks >= placed.priceTicks);
        }
        const entry = placed.reduceOnly ? placed.reduces : placed.id;
        if (entry !== undefined) {
          const now = (open.get(entry) ?? 0) + (placed.side === 'buy' ? event.lots : -event.lots);
          const opening = byId.get(entry)!;
          if (!opening.reduceOnly) assert.ok(opening.side === 'buy' ? now >= 0 : now <= 0, 'an exit never closes more than its entry opened');
          open.set(entry, now);
        }
      }
      for (const { action, events: caused } of batches) {
        for (const side of ['buy', 'sell'] as const) {
          const makers = caused.filter((event) => event.type === 'order.fill' && event.liquidity === 'maker' && byId.get(event.id)!.side === side);
          let total = 0;
          for (const event of makers) {
            if (event.type !== 'order.fill') continue;
            const { priceTicks } = event;
            if (event.reason === 'quote_crossed') continue;
            assert.equal(action?.do, 'trade', 'only a trade fills by price or queue');
            if (action?.do !== 'trade') continue;
            total += event.lots;
            if (event.reason === 'traded_through') assert.ok(side === 'buy' ? action.ticks < priceTicks : action.ticks > priceTicks);
            else {
              assert.equal(action.ticks, priceTicks);
              assert.equal(action.takerSold, side === 'buy');
            }
          }
          if (action?.do === 'trade') assert.ok(total <= action.lots, 'a trade gives no more than it printed');
        }
      }
    }), { numRuns: 3000 });
  });

  test(`on a tape of ${tape} own orders at one price fill in order of arrival`, () => {
    fc.assert(fc.property(scripts(tape), (steps) => {
      const plain = steps.map((step) => ('order' in step ? { order: { ...step.order, reduceOnly: false, kind: 'limit' as const, timeInForce: 'GTC' as const } } : step));
      const { orders, events } = runMatcher(plain, tape === 'book');
      const byId = new Map(orders.map((placed, at) => [placed.id, { placed, at }]));
      const resting = new Map<string, number>();
      for (const event of events) {
        const { placed, at } = byId.get(event.id)!;
        if (event.type === 'order.accepted') resting.set(event.id, placed.lots);
        if (event.type === 'order.canceled') resting.delete(event.id);
        if (event.type !== 'order.fill') continue;
        if (event.liquidity === 'maker') {
          for (const [id] of resting) {
            const other = byId.get(id)!;
            if (other.placed.side !== placed.side || other.placed.priceTicks !== placed.priceTicks) continue;
            assert.ok(other.at >= at, `${event.id} overtook ${id}`);
          }
        }
        if (event.remainingLots === 0) resting.delete(event.id);
        else resting.set(event.id, event.remainingLots);
      }
    }), { numRuns: 1000 });
  });
}

test('a control shown before it is due waits, and nothing of it happens earlier', () => {
  fc.assert(fc.property(scripts('book'), fc.integer({ min: 1, max: 5 }), (steps, delaySteps) => {
    const market = new FakeMarket(true);
    const matcher = new SimulatedMatcher({ queueModel: 'conservative', powerExponent: 3, throughFill: 'capped', slippageBps: 5 });
    const due = new Map<string, number>();
    run(steps, true, {
      place(placed, atUs) {
        const dueUs = atUs + delaySteps * 1000;
        due.set(placed.id, dueUs);
        matcher.control({ ...placed, dueUs }, market.seq, atUs, market);
        assert.equal(matcher.active, true, 'a waiting control needs the records');
      },
      cancel(id, atUs) { matcher.control({ type: 'order.cancel', id, symbol: 0, dueUs: atUs + delaySteps * 1000 }, market.seq, atUs, market); },
      record(_action, _at, atUs) { matcher.record(market.batch.F, market.batch.I, 0, atUs, market); },
    }, market);
    for (const event of matcher.events) assert.ok(event.atUs >= due.get(event.id)!, `${event.type} before it was due`);
  }), { numRuns: 500 });
});

test('the scripts provoke every reason to fill and to refuse', () => {
  const seen = new Set<string>();
  for (const tape of ['trades', 'quotes', 'book'] as const) {
    for (const steps of fc.sample(scripts(tape), { numRuns: 800, seed: 1 })) {
      for (const event of runMatcher(steps, tape === 'book').events) if ('reason' in event) seen.add(event.reason);
    }
  }
  assert.deepEqual([...seen].sort(), [
    'fok_not_fillable', 'ioc_remainder', 'no_market', 'nothing_to_reduce', 'queue_reached', 'quote_crossed', 'requested', 'took_beyond_book',
    'took_book', 'took_last_trade', 'traded_through', 'unknown_order', 'would_take',
  ]);
});
