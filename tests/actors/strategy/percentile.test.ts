import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pause } from '../../../actors/market/messages.js';
import { Session, TRADES_ONLY } from '../support/session.js';
import { btc, dot, pol } from '../support/instruments.js';

/** The candle of session.ts: low 10,000.0, high 10,200.0, so the bid is 10,040.0 and the target 10,160.0. */
const ENTRY = 100_400;
const TARGET = 101_600;
/** A third of $10,000 at $10,040, in lots of 0.001 BTC. */
const LOTS = 331;

function entered(config: Record<string, unknown> = {}): Session {
  const session = new Session({ config });
  session.trade(101_900);
  session.detector('ACTIVE');
  session.candle({}, TRADES_ONLY);
  return session;
}

describe('a trade', () => {
  test('bids at the 20th percentile, sells at the 80th as a maker, and books it to the last digit', () => {
    const session = entered();
    assert.equal(session.of('entry').length, 1);
    const [order] = session.of('order');
    assert.deepEqual({ ...order!.data }, {
      id: 'BTCUSDT.percentile.1-1', trade: 'BTCUSDT.percentile.1-1', purpose: 'entry', side: 'buy', kind: 'limit', priceTicks: ENTRY, lots: LOTS, timeInForce: 'GTX',
      dueUs: session.nowUs + 50_000,
    });
    session.trade(ENTRY, 1_000_000, true, 100);
    assert.equal(session.of('trade').length, 0);
    assert.equal(session.matchers[0]!.netLots, 0, 'a touch is no fill where the queue is unknown');
    session.trade(ENTRY - 1, 1_000_000, true);
    assert.equal(session.matchers[0]!.netLots, LOTS);
    session.trade(TARGET + 1, 1_000_000, false, 500);
    const [trade] = session.of('trade');
    // 0.331 BTC x (10,160 - 10,040) = 39.72; fees 2 bp of 3,323.24 and of 3,362.96.
    assert.equal(trade!.data['entryPrice'], '10040');
    assert.equal(trade!.data['exitPrice'], '10160');
    assert.equal(trade!.data['fees'], '1.33724');
    assert.equal(trade!.data['pnl'], '38.38276');
    assert.equal(trade!.data['equity'], '10038.38276');
    assert.equal(trade!.data['entryReason'], 'traded_through');
    assert.equal(trade!.data['exitReason'], 'target');
    assert.equal(session.matchers[0]!.netLots, 0);
    assert.equal(session.matchers[0]!.openOrders, 0, 'the stop dies with the position');
    assert.deepEqual((session.tree.runtime.inspect('/account')!.value as { readonly orders: unknown[] }).orders, [], 'and the account forgets it');
    assert.deepEqual(session.exposures.map(({ on }) => on), [true, false]);
    session.wait(60_000);
    assert.equal(session.of('order').length, 3, 'nothing is sent after the end');
  });

  test('stops 2.5 % below the fill, as a taker, and waits longer after a loss', () => {
    const session = entered();
    session.trade(ENTRY - 1, 1_000_000, true, 100);
    session.trade(97_891, 1_000_000, true, 100);
    assert.equal(session.of('trade').length, 0);
    session.trade(97_890, 1_000_000, true);
    const [trade] = session.of('trade');
    assert.equal(trade!.data['exitReason'], 'stop');
    // Last trade 9,789.0 less 5 bp of slippage, rounded against us.
    assert.equal(trade!.data['exitPrice'], '9784.1');
    assert.ok(Number(trade!.data['pnl']) < -84);
    session.wait(9000);
    session.candle({}, TRADES_ONLY);
    assert.deepEqual(session.refusals(), ['cooldown']);
    session.wait(1001);
    session.candle({}, TRADES_ONLY);
    assert.equal(session.of('entry').length, 2);
  });

  test('leaves after 20 s whatever the price', () => {
    const session = entered();
    session.trade(ENTRY - 1, 1_000_000, true, 100);
    session.wait(19_999);
    assert.equal(session.of('exit').filter(({ data }) => data['purpose'] === 'time').length, 0);
    session.wait(52);
    const [trade] = session.of('trade');
    assert.equal(trade!.data['exitReason'], 'time');
    // The market order arrives its latency after the timer; the clock of the fill is the venue's.
    assert.equal(trade!.data['holdMs'], 20_050);
  });

  test('an entry that fills again after its target closed the first part gets a time exit of its own', () => {
    const session = entered({ percentile: { timeToLiveMs: 30_000, maxHoldSeconds: 5 } });
    session.trade(ENTRY - 1, 100, true, 100);
    session.trade(TARGET + 1, 1_000_000, false, 500);
    session.wait(6000);
    assert.equal(session.matchers[0]!.netLots, 0);
    session.trade(ENTRY - 1, 50, true, 100);
    assert.equal(session.matchers[0]!.netLots, 50);
    session.wait(5100);
    assert.equal(session.matchers[0]!.netLots, 0, 'nothing stays open without its time exit');
    assert.equal(session.of('exit').filter(({ data }) => data['purpose'] === 'time').length, 1);
  });

  test('neither stop nor time exit when both are switched off', () => {
    const session = entered({ percentile: { stopEnabled: false, timeExitEnabled: false } });
    session.trade(ENTRY - 1, 1_000_000, true, 100);
    session.trade(50_000, 1_000_000, true, 100_000);
    assert.deepEqual(session.of('exit').map(({ data }) => data['purpose']), ['target']);
  });

  test('an entry that does not fill is canceled after its time to live and leaves no trace', () => {
    const session = entered();
    session.wait(2999);
    assert.equal(session.of('cancel').length, 0);
    session.wait(100);
    assert.equal(session.of('cancel').length, 1);
    assert.equal(session.of('trade').length, 0);
    assert.deepEqual(session.exposures.map(({ on }) => on), [true, false]);
    assert.equal(session.matchers[0]!.openOrders, 0);
  });

  test('exits follow the filled quantity, and the rest of the entry is canceled', () => {
    const session = entered();
    session.trade(ENTRY - 1, 100, true, 100);
    session.trade(ENTRY - 1, 50, true, 100);
    assert.deepEqual(session.of('exit').map(({ data }) => [data['purpose'], data['lots']]), [['stop', LOTS], ['target', 100], ['target', 50]]);
    session.wait(5000);
    session.trade(TARGET + 1, 120, false);
    session.trade(TARGET + 1, 120, false);
    const [trade] = session.of('trade');
    assert.equal(trade!.data['lots'], 150);
    assert.equal(trade!.data['exitPrice'], '10160');
    assert.equal(session.matchers[0]!.netLots, 0);
  });

  test('a stop that fires while the entry is still filling ends the entry too', () => {
    const session = entered({ percentile: { timeToLiveMs: 60_000 } });
    session.trade(ENTRY - 1, 100, true, 100);
    session.wait(100);
    session.trade(97_000, 10, true);
    session.wait(200);
    assert.equal(session.matchers[0]!.openOrders, 0);
    assert.equal(session.matchers[0]!.netLots, 0);
    assert.equal(session.of('trade').length, 1);
  });

  test('a target that is already through is taken at once', () => {
    const session = entered();
    session.trade(ENTRY - 1, 1_000_000, true, 100);
    session.trade(TARGET + 500, 10, true, 1);
    session.wait(200);
    assert.equal(session.of('trade').length, 1);
    assert.equal(session.of('trade')[0]!.data['exitReason'], 'target');
    assert.ok(Number(session.of('trade')[0]!.data['exitPrice']) >= 10_160);
  });

  test('an inverse contract is booked in coin', () => {
    const session = new Session({ instruments: [{ ...dot, index: 0 }] });
    session.trade(1019);
    session.detector('ACTIVE');
    session.candle({ open: 1005, low: 1000, high: 1020, close: 1019, volume: 5000 }, TRADES_ONLY, 'DOTUSD_PERP');
    session.trade(1003, 1_000_000, true, 100);
    session.trade(1017, 1_000_000, false, 100);
    const { data } = session.of('trade')[0]!;
    assert.equal(data['settle'], 'DOT');
    const lots = Number(data['lots']);
    const expected = (lots * 10) / 1.004 - (lots * 10) / 1.016;
    const fees = ((lots * 10) / 1.004 + (lots * 10) / 1.016) * 0.0001;
    assert.ok(Math.abs(Number(data['pnl']) - (expected - fees)) < 1e-9, String(data['pnl']));
  });

  test('a market entry gets its exits when all of it is filled', () => {
    const session = new Session({ books: true, config: { percentile: { orderType: 'market' } } });
    session.market({ do: 'snapshot', levels: [['bid', 101_890, 100], ['ask', 101_900, 100], ['ask', 101_910, 100], ['ask', 101_950, 500]] });
    session.detector('ACTIVE');
    session.candle();
    session.wait(60);
    const fills = session.of('venue').filter(({ data }) => data['type'] === 'order.fill');
    assert.deepEqual(fills.map(({ data }) => [data['priceTicks'], data['lots']]), [[101_900, 100], [101_910, 100], [101_950, 127]]);
    assert.deepEqual(session.of('exit').map(({ data }) => [data['purpose'], data['lots'], data['priceTicks']]), [['stop', 327, 99_401], ['target', 327, TARGET]]);
  });
});

describe('refusals', () => {
  const cases: readonly [string, (session: Session) => void][] = [
    ['range', (session) => session.candle({ low: 101_700 }, TRADES_ONLY)],
    ['volume', (session) => session.candle({ volume: 200 }, TRADES_ONLY)],
    ['volume_minimum', (session) => session.candle({ volume: 50, meanVolume60: 1 }, TRADES_ONLY)],
    ['score', (session) => session.candle({ mask: 0 }, { ...TRADES_ONLY, volatilityRatio: 1, acceleration: 0.01 })],
    ['liquidity', (session) => session.candle({}, { depthBid: 40_000, depthAsk: 59_999 })],
    ['would_take', (session) => session.candle({}, { bestAskTicks: ENTRY })],
    ['would_take', (session) => session.candle({ open: 100_000, close: 100_300 }, TRADES_ONLY)],
    ['paused', (session) => {
      session.detector('ACTIVE', Pause.LIQUIDITY);
      session.candle({}, TRADES_ONLY);
    }],
    ['feed_lost', (session) => {
      session.send('/BTCUSDT', { type: 'book', symbol: 0, seq: 1, atUs: session.nowUs, from: 'LIVE', to: 'GAP' });
      session.candle({}, TRADES_ONLY);
    }],
    ['trading_disabled', (session) => {
      session.send('/account', { type: 'trading', enabled: false, reason: 'test' });
      session.candle({}, TRADES_ONLY);
    }],
    ['below_lot', (session) => session.candle({ low: 100_000_000, high: 102_000_000, close: 101_900_000, volume: 1e6 }, TRADES_ONLY)],
  ];
  for (const [reason, provoke] of cases) {
    test(`${reason}: one decision, no order`, () => {
      const session = new Session({ config: reason === 'below_lot' ? { account: { defaultStartingBalance: '10' } } : {} });
      session.detector('ACTIVE');
      provoke(session);
      assert.deepEqual(session.refusals(), [reason]);
      assert.equal(session.of('order').length, 0);
    });
  }

  test('range below the median of the last bullish candles, once there are 20; a new extremum forgets them', () => {
    const session = new Session();
    session.detector('ALERT');
    for (let k = 0; k < 20; k += 1) session.candle({ high: 103_000 }, TRADES_ONLY);
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    assert.deepEqual(session.refusals(), ['range_below_median']);
    session.candle({ windowHigh: 101_999 }, TRADES_ONLY);
    assert.equal(session.of('entry').length, 1);
    assert.equal(session.of('entry')[0]!.data['extremumReset'], true);
  });

  test('a wide spread alone does not keep a post-only entry away, but does an entry at market', () => {
    for (const [orderType, entries] of [['limit', 1], ['market', 0]] as const) {
      const session = new Session({ config: { percentile: { orderType } } });
      session.detector('ACTIVE', Pause.SPREAD);
      session.candle({}, TRADES_ONLY);
      assert.equal(session.of('entry').length, entries);
    }
  });

  test('outside ACTIVE a candle is no candidate: nothing is logged', () => {
    const session = new Session();
    for (const state of ['SLEEP', 'ALERT', 'RECOVERY'] as const) {
      session.detector(state);
      session.candle({}, TRADES_ONLY);
    }
    assert.equal(session.decisions.length, 0);
  });

  test('cooldown of 5 s after an entry', () => {
    const session = entered();
    session.wait(4999);
    session.candle({}, TRADES_ONLY);
    session.wait(1);
    session.candle({}, TRADES_ONLY);
    assert.deepEqual(session.refusals(), ['cooldown']);
    assert.equal(session.of('entry').length, 2);
  });

  test('max_concurrent and the exposure caps count over all symbols', () => {
    const instruments = [btc, pol, { ...pol, index: 2, symbol: 'SOLUSDT' }, { ...pol, index: 3, symbol: 'ETHUSDT' }];
    const refused = (account: Record<string, unknown>): unknown[] => {
      const session = new Session({ instruments, config: { account } });
      session.detector('ACTIVE');
      for (const { symbol, index } of instruments) session.candle({ symbol: index }, TRADES_ONLY, symbol);
      return session.refusals();
    };
    assert.deepEqual(refused({}), ['max_concurrent']);
    assert.deepEqual(refused({ maxConcurrent: 9 }), ['total_exposure_cap']);
    assert.deepEqual(refused({ maxConcurrent: 9, maxTotalExposureShare: 5 }), []);
    assert.deepEqual(refused({ maxSymbolExposureShare: 0.3 }), ['symbol_exposure_cap', 'symbol_exposure_cap', 'symbol_exposure_cap', 'symbol_exposure_cap']);
    assert.deepEqual(refused({ minNotional: '4000' }), ['min_notional', 'min_notional', 'min_notional', 'min_notional']);
  });
});
