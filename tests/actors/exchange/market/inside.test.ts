import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BID, OrderBook } from '../../../../actors/exchange/book/index.js';
import { engineBehaviour, type EngineMessage, type EngineReply, type Venue } from '../../../../actors/exchange/engine.js';
import { LISTABLE } from '../../../../actors/exchange/listings.js';
import { GRID_US, MarketInside, profileOf } from '../../../../actors/exchange/market/inside.js';
import { SymbolData, type DataListener } from '../../../../actors/exchange/market-data/index.js';
import { ClientOrder, Matcher, type MatchSink } from '../../../../actors/exchange/matching/index.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { createRuntime, VirtualClock, worker } from '../../../../runtime/index.js';

const START_US = 1_785_542_400_000_000;
const SILENT: DataListener = { trade: () => undefined, aggregate: () => undefined, best: () => undefined, changed: () => undefined, klineClosed: () => undefined };

interface Bench extends Venue {
  readonly matcher: Matcher;
  readonly trades: string[];
  readonly forced: number[];
  readonly grids: number[];
  readonly inside: () => MarketInside;
}

/** An engine with the market of one perpetual inside, on a clock that the test moves. */
function open(seed: number, sliceUs: number) {
  const clock = new VirtualClock(START_US);
  const runtime = createRuntime({ clock, seed });
  const listing = LISTABLE[0]!;
  let bench: Bench;
  const started = runtime.start(worker<unknown, EngineMessage<Bench>, unknown>({
    id: 'engine', behaviour: engineBehaviour<Bench>('bench-engine') as never,
    input: {
      sliceUs,
      open: (nowUs: number) => {
        const trades: string[] = [];
        const forced: number[] = [];
        const grids: number[] = [];
        const nothing = (): void => undefined;
        const sink: MatchSink<ClientOrder> = {
          onAccepted: nothing, onRefused: nothing, onCanceled: nothing, onExpired: nothing, onTriggered: nothing, onAmended: nothing, onPrevented: nothing,
          onTrade: ({ tradeId, ticks, lots, takerSide, atUs }) => {
            trades.push(`${tradeId} ${ticks} ${lots} ${takerSide} ${atUs}`);
            data.trade(tradeId, ticks, lots, takerSide === BID, atUs);
          },
        };
        const matcher = new Matcher({ book: new OrderBook({ firstUpdateId: 1 }), sink });
        const data = new SymbolData({ index: 0, symbol: listing.symbol, book: matcher.book, depthSpeedsMs: [100], batched: true, firstAggregateId: 1, listener: SILENT });
        const market = new MarketInside({
          symbols: [{ profile: profileOf(listing, listing.usdm), desk: matcher, data }], scenario: 'calm', seed, commonSeed: seed, startUs: nowUs,
          onGrid: (_grid, gridUs) => grids.push(gridUs), onLiquidation: (_symbol, _atUs, _ticks, lots) => forced.push(lots),
        });
        bench = { nextUs: Infinity, advance: nothing, matcher, trades, forced, grids, inside: () => market };
        return { venue: bench, market };
      },
    },
  }));
  assert.ok(started.ok);
  runtime.drain();
  return { runtime, bench: bench!, until: (seconds: number) => runtime.advanceTo(START_US + seconds * 1e6) };
}

describe('the market inside an engine', () => {
  test('without clients, the same seed gives the same trades however the time is cut up', () => {
    const whole = open(3, 5000);
    whole.until(20);
    const pieces = open(3, 37_000);
    for (let at = 0.1; at < 20; at += 0.317) pieces.until(at);
    pieces.until(20);
    assert.ok(whole.bench.trades.length > 100);
    assert.deepEqual(pieces.bench.trades, whole.bench.trades);
    const other = open(4, 5000);
    other.until(5);
    assert.notDeepEqual(other.bench.trades, whole.bench.trades.slice(0, other.bench.trades.length));
  });

  test('stands still when it is stopped, and goes on as if no time had passed', () => {
    const whole = open(3, 5000);
    whole.until(16);
    const { runtime, bench, until } = open(3, 5000);
    const tell = (call: (venue: Bench, nowUs: number) => void): void => {
      runtime.send('/engine', { type: 'tell', call } satisfies EngineMessage<Bench>);
      runtime.drain();
    };
    until(6);
    tell((_venue, nowUs) => bench.inside().stop(nowUs));
    const [trades, updateId, grids] = [bench.trades.length, bench.matcher.book.updateId, bench.grids.length];
    assert.ok(trades > 20);
    until(26);
    assert.deepEqual([bench.trades.length, bench.matcher.book.updateId], [trades, updateId]);
    assert.equal(bench.grids.length - grids, 400, 'the clock of the market data goes on');
    tell((_venue, nowUs) => bench.inside().goOn(nowUs));
    tell((_venue, nowUs) => bench.inside().goOn(nowUs));
    until(36);
    const shifted = (line: string): string => line.replace(/\d+$/, (us) => String(Number(us) + (Number(us) > START_US + 6e6 ? 20e6 : 0)));
    assert.deepEqual(bench.trades, whole.bench.trades.map(shifted));
  });

  test('is stepped up to the moment of a call, and the clock of the market data beats every 50 ms', () => {
    const { runtime, bench, until } = open(5, 500_000);
    until(0.6);
    const seen: number[] = [];
    runtime.ask('/engine', { type: 'call', call: (_venue: Bench, nowUs: number) => [nowUs, bench.inside().nextUs] } satisfies EngineMessage<Bench>, 1000, (result) => {
      assert.ok(result.ok);
      seen.push(...(result.value as { readonly value: number[] }).value);
    });
    runtime.drain();
    assert.equal(seen[0], START_US + 600_000);
    assert.ok(seen[1]! > seen[0]!, 'nothing that was due is left');
    until(3);
    bench.grids.forEach((us, at) => assert.equal(us, (Math.floor(START_US / GRID_US) + 1 + at) * GRID_US));
    assert.ok(bench.grids.length >= 50);
  });

  test('a scenario can be started at any time: it crashes, sells by force, and comes to rest', () => {
    const { bench, until } = open(6, 5000);
    until(10);
    const before = bench.inside().midTicks(0);
    bench.inside().startScenario('cascade', START_US + 10e6);
    until(75);
    assert.ok(bench.inside().midTicks(0) < before * 0.985, `${bench.inside().midTicks(0)} after ${before}`);
    assert.ok(bench.forced.length > 0);
    until(80);
    assert.ok(bench.matcher.book.bestBid < bench.matcher.book.bestAsk);
  });

  test('a refusal is an answer; any other throw is a crash', () => {
    const { runtime } = open(7, 5000);
    const replies: unknown[] = [];
    const ask = (call: (venue: Bench, nowUs: number) => unknown): void => {
      runtime.ask('/engine', { type: 'call', call } satisfies EngineMessage<Bench>, 1000, (result) => replies.push(result.ok ? (result.value as EngineReply<unknown>) : result.reason));
      runtime.drain();
    };
    ask(() => {
      throw new VenueError(-2010, 'no');
    });
    ask((venue) => venue.matcher.book.bestBid > 0);
    assert.equal((replies[0] as { readonly ok: boolean; readonly error: VenueError }).error.code, -2010);
    assert.deepEqual(replies[1], { ok: true, value: true });
    ask(() => {
      throw new TypeError('a defect');
    });
    assert.equal(replies[2], 'down');
  });
});
