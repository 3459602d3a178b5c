import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMoney, money, Valuation } from '../../../actors/account/money.js';
import { btc, dot, pol } from '../support/instruments.js';
import { Session, TRADES_ONLY } from '../support/session.js';

const instruments = [btc, pol, { ...dot, index: 2 }];
/** Mid prices in ticks, of the same magnitude as in a market. */
const PRICES = [100_000, 2000, 4000] as const;

type Move =
  | { readonly do: 'trade'; readonly symbol: number; readonly bps: number; readonly lots: number; readonly sold: boolean; readonly ms: number }
  | { readonly do: 'candle'; readonly symbol: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'detector'; readonly state: 'ACTIVE' | 'RECOVERY'; readonly pauses: number }
  | { readonly do: 'switch'; readonly on: boolean }
  | { readonly do: 'crash'; readonly path: string };

const symbol = fc.nat({ max: 2 });
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('trade' as const), symbol, bps: fc.integer({ min: -400, max: 250 }), lots: fc.integer({ min: 1, max: 400_000 }), sold: fc.boolean(), ms: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('candle' as const), symbol }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 25_000 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('detector' as const), state: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'ACTIVE' as const, 'RECOVERY' as const), pauses: fc.constantFrom(0, 0, 0, 2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('switch' as const), on: fc.constantFrom(true, true, true, false) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), path: fc.constantFrom('/account', '/BTCUSDT', '/POLUSDT', '/DOTUSD_PERP', '/journal') }) },
  ),
  { minLength: 30, maxLength: 150, size: 'max' },
);

function play(steps: readonly Move[], crashes: boolean): Session {
  const session = new Session({ instruments, config: { account: { maxConcurrent: 4, maxTotalExposureShare: 2, maxSymbolExposureShare: 2 }, percentile: { cooldownSeconds: 1, timeToLiveMs: 8000 } } });
  instruments.forEach((_, at) => session.trade(PRICES[at]!, 1, true, 1, at));
  session.detector('ACTIVE');
  for (const step of steps) {
    switch (step.do) {
      case 'trade': {
        const ticks = Math.round(PRICES[step.symbol]! * (1 + step.bps / 10_000));
        session.trade(ticks, step.lots, step.sold, step.ms, step.symbol);
        break;
      }
      case 'candle': {
        const price = PRICES[step.symbol]!;
        const name = instruments[step.symbol]!.symbol;
        const [low, high] = [price, Math.round(price * 1.02)];
        session.candle({ symbol: step.symbol, open: low, low, high, close: high, volume: 1e7 }, TRADES_ONLY, name);
        break;
      }
      case 'wait':
        session.wait(step.ms);
        break;
      case 'detector':
        session.detector(step.state, step.pauses);
        break;
      case 'switch':
        session.send('/account', { type: 'trading', enabled: step.on, reason: 'test' });
        break;
      case 'crash':
        if (crashes) session.crash(step.path);
    }
  }
  session.detector('SHUTDOWN');
  session.wait(30_000);
  return session;
}

test('whatever the market does: equity is the sum of the fills, nothing stays open, and crashes change no decision', () => {
  fc.assert(fc.property(moves, (steps) => {
    const session = play(steps, false);
    assert.deepEqual(play(steps, true).tree.lines, session.tree.lines);

    // The ledger once more, from the venue's own reports, in exact integers.
    const equity = new Map([['USDT', money('10000')], ['DOT', money('10000')]]);
    const feeBps = new Map([['binance-usdm', [2n, 5n]], ['binance-spot', [10n, 10n]], ['binance-coinm', [1n, 5n]]]);
    const sideOf = new Map(session.of('order').map(({ data }) => [data['id'], data['side'] as 'buy' | 'sell']));
    const net = [0, 0, 0];
    for (const { symbol: at, data } of session.of('venue')) {
      if (data['type'] !== 'order.fill') continue;
      const instrument = instruments[at]!;
      const side = sideOf.get(data['id'] as string)!;
      const [lots, ticks] = [Number(data['lots']), Number(data['priceTicks'])];
      net[at]! += side === 'buy' ? lots : -lots;
      const value = new Valuation(instrument).value(side, lots, ticks);
      const bps = feeBps.get(instrument.venue)![data['liquidity'] === 'maker' ? 0 : 1]!;
      const fee = (value * bps + 9999n) / 10_000n;
      const paysQuote = instrument.product !== 'inverse';
      const flow = (side === 'buy') === paysQuote ? -value : value;
      equity.set(instrument.settle, equity.get(instrument.settle)! + flow - fee);
    }
    assert.deepEqual(net, [0, 0, 0], 'all that was bought was sold');
    for (const matcher of session.matchers) {
      assert.equal(matcher.netLots, 0);
      assert.equal(matcher.openOrders, 0);
    }
    const answers: unknown[] = [];
    session.tree.runtime.ask('/account', { type: 'account.status' }, 100, (result) => answers.push(result));
    session.tree.runtime.drain();
    const [answer] = answers as [{ ok: true; value: { equity: Record<string, string>; openTrades: number } }];
    assert.equal(answer.value.openTrades, 0);
    assert.deepEqual(answer.value.equity, { DOT: formatMoney(equity.get('DOT')!), USDT: formatMoney(equity.get('USDT')!) });
    for (const { index } of instruments) assert.equal(session.exposures.filter((message) => message.symbol === index).at(-1)?.on ?? false, false);
  }), { numRuns: 50 });
});

test('the markets played above bring trades that end in every way', () => {
  const reasons = new Map<string, number>();
  for (const steps of fc.sample(moves, { numRuns: 100, seed: 1 })) {
    for (const { data } of play(steps, false).of('trade')) {
      for (const reason of String(data['exitReason']).split('+')) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  for (const reason of ['target', 'stop', 'time', 'shutdown']) assert.ok((reasons.get(reason) ?? 0) >= 3, `${reason}: ${reasons.get(reason)}`);
});
