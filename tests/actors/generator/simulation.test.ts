import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MarketSimulation, SCENARIO_NAMES, scenarioNamed, type MarketTruth } from '../../../actors/generator/index.js';
import { ASK, BID } from '../../../actors/exchange/book/index.js';
import { BLOCK_RECORDS, Flag, Kind, allocateBatch } from '../../../data/records/index.js';
import { TapeBook, configure, digestOf, play, rowOf, type Row } from './support.js';

interface Played {
  readonly rows: Row[];
  readonly truth: MarketTruth;
  readonly simulation: MarketSimulation;
}

const cache = new Map<string, Played>();

/** The rows of a simulation; each configuration is played once for all tests. */
function played(config: Parameters<typeof configure>[0]): Played {
  const full = configure(config);
  const key = JSON.stringify(full);
  let result = cache.get(key);
  if (result === undefined) {
    const simulation = new MarketSimulation(full);
    const rows: Row[] = [];
    play(simulation, (row) => rows.push(row));
    cache.set(key, (result = { rows, truth: simulation.truth(), simulation }));
  }
  return result;
}

const shortest = SCENARIO_NAMES.map((scenario) => ({ scenario, minutes: scenarioNamed(scenario).crash === 'none' ? scenarioNamed(scenario).minimumMinutes : 10, symbols: Math.min(2, scenarioNamed(scenario).defaultSymbols) }));

describe('determinism', () => {
  test('the same arguments give the same bytes, whatever the batch size; another seed, rate or symbol count gives others', () => {
    const base = configure({ scenario: 'volatile', minutes: 1 });
    const digest = digestOf(base);
    assert.equal(digestOf(base), digest);
    assert.equal(digestOf(base, 77), digest);
    assert.equal(digestOf(base, 50_000), digest);
    const others = [{ ...base, seed: 8 }, { ...base, rate: 1.5 }, { ...base, symbols: 2 }, { ...base, seed: base.seed + 2 ** 33 }].map((it) => digestOf(it));
    assert.equal(new Set([digest, ...others]).size, 5);
  });

  test('the bytes are these on every machine and every Node', () => {
    // Made once; a deliberate change of the generator changes it, anything else must not.
    assert.equal(digestOf(configure({ scenario: 'flash-crash', seed: 7, minutes: 10 })), '1c453ada6022bb65ab54aa89f41dd3a08c08fa21724d439ec400e46207347a26');
  });
});

for (const config of shortest) {
  describe(`scenario ${config.scenario}`, () => {
    test('stamps: receive never runs back and lies after the true exchange time; no record is past the end', () => {
      const { rows, truth } = played(config);
      const clockBack = truth.troubles.find((it) => it.kind === 'clock-back');
      let last = 0;
      for (const row of rows) {
        assert.ok(row.recvUs >= last, 'receive stamps run back');
        last = row.recvUs;
        assert.ok(row.recvUs > row.exchUs && row.exchUs < truth.endUs);
        assert.equal(row.exchUs % 1000, 0, 'exchange stamps are whole milliseconds');
        if (clockBack === undefined) assert.ok(row.exchUs >= truth.startUs);
      }
      assert.ok(rows.at(-1)!.exchUs > truth.endUs - 2e6, 'the tape reaches its end');
    });

    test('every kind is there, all day long', () => {
      const { rows, truth } = played(config);
      const seconds = (truth.endUs - truth.startUs) / 1e6;
      for (let symbol = 0; symbol < config.symbols; symbol++) {
        const of = (kind: number): Row[] => rows.filter((row) => row.kind === kind && row.symbol === symbol);
        const diffs = of(Kind.DEPTH).filter((row) => row.flags & Flag.LAST).length;
        // A disconnect costs some seconds of everything.
        assert.ok(diffs > seconds * 9.5 - 60 && diffs <= seconds * 10 + 3, `${diffs} diffs in ${seconds} s`);
        assert.ok(of(Kind.TRADE).length > seconds * 3);
        assert.ok(of(Kind.BOOK_TICKER).length > seconds * 5);
        const marks = of(Kind.MARK).length;
        assert.ok(marks >= seconds - 8 && marks <= seconds, `${marks} marks`);
        for (const row of of(Kind.TRADE)) assert.ok(row.qty >= 1 && Number.isInteger(row.qty) && row.price > 0);
      }
    });

    if (config.scenario !== 'feed-trouble') {
      test('trade ids count up by one, diffs continue from each other, and there is no gap record', () => {
        const { rows } = played(config);
        const lastTrade = new Map<number, number>();
        const lastDiff = new Map<number, number>();
        for (const row of rows) {
          assert.notEqual(row.kind, Kind.GAP);
          if (row.kind === Kind.TRADE) {
            const last = lastTrade.get(row.symbol);
            if (last !== undefined) assert.equal(row.id, last + 1);
            lastTrade.set(row.symbol, row.id);
          }
          if (row.kind === Kind.DEPTH && row.flags & Flag.FIRST) {
            const last = lastDiff.get(row.symbol);
            if (last !== undefined) assert.equal(row.aux, last);
            assert.ok(row.id - row.extra === row.aux + 1, 'U follows the previous u');
            lastDiff.set(row.symbol, row.id);
          }
        }
      });
    }

    test('the book rebuilt from the tape never crosses, agrees with the best quotes sent before each diff, and ends as the exchange’s own', () => {
      const { rows, simulation } = played(config);
      for (let symbol = 0; symbol < config.symbols; symbol++) {
        const book = new TapeBook();
        let quote: Row | undefined;
        let compared = 0;
        for (const row of rows) {
          if (row.symbol !== symbol) continue;
          if (row.kind === Kind.BOOK_TICKER) {
            assert.ok(row.price < row.price2 && row.qty > 0 && row.aux > 0, 'best quotes cross');
            quote = row;
          }
          if (row.kind !== Kind.DEPTH && row.kind !== Kind.SNAPSHOT) continue;
          if (!book.apply(row) || quote === undefined) continue;
          const bid = book.best('bid');
          const ask = book.best('ask');
          assert.ok(bid < ask, `crossed: ${bid} ${ask}`);
          if (config.scenario === 'feed-trouble') continue;
          compared += 1;
          assert.deepEqual([bid, book.bids.get(bid), ask, book.asks.get(ask)], [quote.price, quote.qty, quote.price2, quote.aux]);
        }
        if (config.scenario !== 'feed-trouble') assert.ok(compared > 500 && book.breaks === 0);
        // What changed after the last diff is not on the tape; every other level must agree.
        const own = simulation.book(symbol);
        const changed = new Set(Array.from(own.changed.subarray(0, own.changedCount)));
        let equal = 0;
        for (const [side, levels] of [[BID, book.bids], [ASK, book.asks]] as const) {
          const ticks = new Set(levels.keys());
          for (let tick = side === BID ? own.bestBid : own.bestAsk; tick !== 0; tick = own.worse(side, tick)) ticks.add(tick);
          for (const tick of ticks) {
            if (changed.has(tick)) continue;
            assert.equal(levels.get(tick) ?? 0, own.lotsOnSide(side, tick), `level ${tick}`);
            equal += 1;
          }
        }
        assert.ok(equal > 300, `${equal} levels compared`);
      }
    });

    test('the truth is what the trades say', () => {
      const { rows, truth } = played(config);
      const crash = scenarioNamed(config.scenario).crash !== 'none';
      for (const { index, crash: told, trades } of truth.symbols) {
        const mine = rows.filter((row) => row.kind === Kind.TRADE && row.symbol === index);
        if (!truth.troubles.some((it) => it.kind.endsWith('trades') || it.kind === 'disconnect')) assert.equal(mine.length, trades);
        assert.equal(told !== null, crash);
        if (told === null) continue;
        const after = mine.filter((row) => row.exchUs >= told.startUs);
        const lowest = after.reduce((low, row) => Math.min(low, row.price), Infinity);
        assert.equal(told.bottomPriceTicks, lowest);
        assert.equal(told.bottomUs, after.find((row) => row.price === lowest)!.exchUs);
        assert.equal(told.fall, (told.startPriceTicks - lowest) / told.startPriceTicks);
        assert.ok(mine.some((row) => row.exchUs <= told.startUs && row.price === told.startPriceTicks));
        const target = lowest + (told.startPriceTicks - lowest) / 3;
        assert.equal(told.recoveryUs, after.find((row) => row.exchUs >= told.bottomUs && row.price >= target && after.indexOf(row) > after.findIndex((it) => it.price === lowest))!.exchUs);
        assert.ok(told.fall > 0.03 && told.fall < 0.16, `falls ${told.fall}`);
        assert.ok(told.startUs >= truth.startUs + 300e6, 'five minutes of calm come first');
        assert.ok(told.bottomUs - told.startUs < 90e6);
      }
    });
  });
}

describe('feed trouble', () => {
  const config = { scenario: 'feed-trouble' as const, minutes: 5, symbols: 2, seed: 3 };

  test('every trouble of the plan happened, and gap records say exactly which ids are missing', () => {
    const { rows, truth } = played(config);
    for (const trouble of truth.troubles) assert.ok(trouble.messages > 0, `${trouble.kind} hit nothing`);
    const seen = new Set<string>();
    const lastTrade = new Map<number, number>();
    const lastDiff = new Map<number, number>();
    let tradeIdsMissing = 0;
    let diffIdsMissing = 0;
    let gap: Row | undefined;
    let gaps = 0;
    for (const row of rows) {
      if (row.kind === Kind.GAP) {
        assert.equal(gap, undefined, 'a gap record stands right before the record that shows it');
        gap = row;
        gaps += 1;
        continue;
      }
      const isTrade = row.kind === Kind.TRADE;
      if (isTrade || (row.kind === Kind.DEPTH && row.flags & Flag.FIRST)) {
        const last = (isTrade ? lastTrade : lastDiff).get(row.symbol);
        const first = isTrade ? row.id : row.aux + 1;
        if (last !== undefined && first > last + 1) {
          assert.ok(gap !== undefined && gap.symbol === row.symbol && gap.extra === row.kind, 'a hole without its record');
          assert.deepEqual([gap.id, gap.aux, gap.qty], [last, first, first - last - 1]);
          if (isTrade) tradeIdsMissing += gap.qty;
          else diffIdsMissing += gap.qty;
        } else assert.equal(gap, undefined, 'a gap record without a hole');
        if (last === undefined || row.id > last) (isTrade ? lastTrade : lastDiff).set(row.symbol, row.id);
        seen.add(`${row.kind} ${row.symbol} ${row.id}`);
      } else if (row.kind !== Kind.DEPTH) assert.equal(gap, undefined);
      gap = undefined;
    }
    assert.ok(gaps >= 4);
    const lost = truth.troubles.reduce((sum, it) => sum + it.idsLost, 0);
    assert.equal(tradeIdsMissing + diffIdsMissing, lost);
  });

  test('repeated messages are repeated whole, with the same ids and no mark of injection', () => {
    const { rows, truth } = played(config);
    let repeatedTrades = 0;
    let repeatedDiffs = 0;
    const trades = new Set<string>();
    const diffs = new Set<string>();
    for (const row of rows) {
      assert.equal(row.flags & Flag.INJECTED, 0);
      const key = `${row.symbol} ${row.id}`;
      if (row.kind === Kind.TRADE) {
        if (trades.has(key)) repeatedTrades += 1;
        trades.add(key);
      }
      if (row.kind === Kind.DEPTH && row.flags & Flag.FIRST) {
        if (diffs.has(key)) repeatedDiffs += 1;
        diffs.add(key);
      }
    }
    const planned = (kind: string): number => truth.troubles.filter((it) => it.kind === kind).reduce((sum, it) => sum + it.messages, 0);
    assert.deepEqual([repeatedTrades, repeatedDiffs], [planned('duplicate-trades'), planned('duplicate-depth')]);
  });

  test('a hole in the diffs is followed by a fresh snapshot from which a reader is live again', () => {
    const { rows } = played(config);
    for (const symbol of [0, 1]) {
      const book = new TapeBook();
      let breaks = 0;
      let liveAfter = 0;
      for (const row of rows) {
        if (row.symbol !== symbol || (row.kind !== Kind.DEPTH && row.kind !== Kind.SNAPSHOT)) continue;
        if (book.apply(row) && book.breaks > breaks) {
          breaks = book.breaks;
          liveAfter += 1;
        }
      }
      assert.ok(book.breaks >= 1);
      assert.equal(liveAfter, book.breaks);
      assert.equal(book.state, 'live');
    }
  });

  test('late, stalled and back-dated stamps are where the truth says', () => {
    const { rows, truth } = played(config);
    const delay = (row: Row): number => row.recvUs - row.exchUs;
    const trouble = (kind: string) => truth.troubles.find((it) => it.kind === kind)!;
    const late = trouble('late');
    for (const row of rows) if (row.exchUs >= late.fromUs && row.exchUs + 1000 < late.toUs) assert.ok(delay(row) >= 900_000);
    const stall = trouble('stall');
    const stalled = rows.filter((row) => row.exchUs >= stall.fromUs && row.exchUs + 1000 < stall.toUs);
    assert.ok(stalled.length > 50 && stalled.every((row) => row.recvUs >= stall.toUs));
    const back = trouble('clock-back');
    let last = 0;
    let backwards = 0;
    for (const row of rows) {
      if (row.exchUs < last) backwards += 1;
      last = row.exchUs;
    }
    assert.ok(backwards >= 1 && back.messages > 5);
    const gone = trouble('disconnect');
    assert.equal(rows.filter((row) => row.kind !== Kind.GAP && row.exchUs > gone.fromUs && row.exchUs + 1000 < gone.toUs).length, 0);
  });
});

describe('liquidations', () => {
  test('at most one a second is published, each a long sold near the market, and the cascade sells far more than it publishes', () => {
    const { rows, truth } = played({ scenario: 'cascade', minutes: 10, symbols: 1 });
    const published = rows.filter((row) => row.kind === Kind.LIQUIDATION);
    assert.ok(published.length >= 5, `${published.length}`);
    for (let k = 0; k < published.length; k++) {
      const row = published[k]!;
      assert.ok(row.flags & Flag.SELL);
      if (k > 0) assert.ok(row.exchUs - published[k - 1]!.exchUs >= 999_000);
    }
    const sum = published.reduce((lots, row) => lots + row.qty, 0);
    assert.ok(truth.symbols[0]!.liquidatedLots > 2 * sum);
  });
});

test('several symbols fall together, and their returns are correlated before', () => {
  const { rows, truth } = played({ scenario: 'quiet-to-crash', minutes: 10, symbols: 2 });
  const crashes = truth.symbols.map((it) => it.crash!);
  assert.ok(Math.abs(crashes[0]!.startUs - crashes[1]!.startUs) < 5e6);
  const mids = [new Map<number, number>(), new Map<number, number>()];
  for (const row of rows) if (row.kind === Kind.BOOK_TICKER && row.exchUs < crashes[0]!.startUs) mids[row.symbol]!.set(Math.floor(row.exchUs / 5e6), (row.price + row.price2) / 2);
  const returns = mids.map((series) => {
    const values = [...series.values()];
    return values.slice(1).map((value, k) => value / values[k]! - 1);
  });
  const n = Math.min(returns[0]!.length, returns[1]!.length);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let k = 0; k < n; k++) {
    xy += returns[0]![k]! * returns[1]![k]!;
    xx += returns[0]![k]! ** 2;
    yy += returns[1]![k]! ** 2;
  }
  assert.ok(n > 50 && xy / Math.sqrt(xx * yy) > 0.25, `correlation ${xy / Math.sqrt(xx * yy)} over ${n}`);
});

test('fill never writes past the batch and ends with 0 for good', () => {
  const simulation = new MarketSimulation(configure({ scenario: 'calm', minutes: 1 }));
  const batch = allocateBatch(10);
  let count = simulation.fill(batch);
  assert.equal(count, 10);
  assert.equal(rowOf(batch.F, batch.I, 0).kind, Kind.SNAPSHOT);
  for (; count > 0; count = simulation.fill(batch)) assert.ok(count <= 10 && batch.length === count);
  assert.equal(simulation.fill(batch), 0);
});

test('a tape shorter than ten minutes has the whole crash too, with less calm around it', () => {
  for (const minutes of [3, 5, 8]) {
    const market = new MarketSimulation({ scenario: 'flash-crash', seed: 4, minutes, symbols: 1, rate: 0.5 });
    const batch = allocateBatch(BLOCK_RECORDS);
    while (market.fill(batch) > 0);
    const { crash } = market.truth().symbols[0]!;
    assert.ok(crash !== null && crash.startUs >= market.startUs + minutes * 30e6, 'calm comes first');
    assert.ok(crash.bottomUs > crash.startUs && crash.bottomUs < market.endUs && crash.fall > 0.03, JSON.stringify(crash));
  }
});
