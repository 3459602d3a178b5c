import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { percentileSchema } from '../../../config/index.js';
import { Pause, type Features } from '../../../actors/market/messages.js';
import type { Intent, StrategyContract, StrategyEvent } from '../../../actors/strategy/contract.js';
import { strategyHost } from '../../../actors/strategy/host.js';
import { worker } from '../../../runtime/index.js';
import { btc } from '../support/instruments.js';
import { Session, STRONG, TRADES_ONLY } from '../support/session.js';
import { probe, tree } from '../support/tree.js';

interface Options { readonly count: number }
type Seen = StrategyEvent<keyof Features>;

const schema = {
  safeParse: (value: unknown) =>
    (value as Options).count >= 1 && (value as Options).count <= 9
      ? { success: true as const, data: value as Options }
      : { success: false as const, error: { issues: [{ path: ['count'], message: 'expected 1 … 9' }] } },
};

/** A strategy that writes down what it is shown and does what the test says. */
function scripted(
  script: (event: Seen, idPrefix: string) => readonly Intent[],
  overrides: Partial<StrategyContract<Options, readonly Seen[], keyof Features>> = {},
): { contract: StrategyContract<Options, readonly Seen[], keyof Features>; seen: Seen[] } {
  const seen: Seen[] = [];
  return {
    seen,
    contract: {
      name: 'scripted', version: 1, inputs: { symbols: 'any', streams: ['candles'], features: ['obi', 'price'] }, parameters: schema,
      intents: ['enterLong', 'exit', 'cancel'], onFeedLost: 'hold', onTradingDisabled: 'hold', onRestart: 'leave',
      init: () => [],
      decide(state, event, view) {
        seen.push(event);
        return { state: [...state, event], intents: script(event, view.idPrefix) };
      },
      ...overrides,
    },
  };
}

function hosted(contract: StrategyContract<Options, readonly Seen[], keyof Features>) {
  const account: unknown[] = [];
  const { runtime, decisions } = tree([
    probe('account', account),
    worker({ id: 'host', behaviour: strategyHost(contract, { strategy: { count: 3 }, venue: { entryLatencyMs: 50 } }), input: { instrument: btc, accountPath: '/account' } }),
  ]);
  const send = (message: Parameters<typeof runtime.send>[1]): void => {
    runtime.send('/host', message);
    runtime.drain();
  };
  const base = { symbol: 0, seq: 7, atUs: 0, exchUs: 0, features: STRONG, mask: 0 };
  return {
    runtime, decisions, account, send,
    candle: () => send({ ...base, type: 'candle', open: 1, high: 3, low: 1, close: 2, volume: 1, meanVolume60: 1, windowLow: 0, windowHigh: 0 }),
    level: () => send({ ...base, type: 'level', votes: 0, voters: 5, need: 3, triggered: false, calm: true, violent: false, pauses: 0, warm: true }),
    detector: (state: string, pauses = 0) => send({ type: 'detector', symbol: 0, state, pauses, seq: 7, atUs: 0 }),
  };
}

const enter = (idPrefix: string, kind: 'enterLong' | 'enterShort' = 'enterLong'): Intent => ({
  kind, id: `${idPrefix}1`, order: 'limit', priceTicks: 100, timeInForce: 'GTC', equityShare: 0.1, data: {},
});

describe('a strategy can do nothing that it has not declared', () => {
  test('an intent outside the contract is refused, logged and counted; the others of the turn go on', () => {
    const { contract } = scripted((event, idPrefix) => (event.type === 'candle' ? [enter(idPrefix, 'enterShort'), enter(idPrefix)] : []));
    const host = hosted(contract);
    host.detector('ACTIVE');
    host.candle();
    assert.deepEqual(host.decisions.map(({ kind, data }) => [kind, data['reason'] ?? data['id']]), [['refusal', 'undeclared_intent'], ['entry', 'host.scripted.1-1']]);
    assert.equal(host.account.length, 1);
    assert.equal((host.runtime.inspect('/host')!.value as { violations: number }).violations, 1);
  });

  test('an order id that is not its own is refused', () => {
    const { contract } = scripted((event) => (event.type === 'candle' ? [enter('someone-else-')] : []));
    const host = hosted(contract);
    host.detector('ACTIVE');
    host.candle();
    assert.deepEqual(host.decisions.map(({ data }) => data['reason']), ['foreign_order_id']);
    assert.equal(host.account.length, 0);
  });

  test('it sees the declared features and no other, and cannot change what others see', () => {
    const { contract, seen } = scripted(() => []);
    const host = hosted(contract);
    host.candle();
    const [candle] = seen;
    assert.ok(candle?.type === 'candle');
    assert.deepEqual({ ...candle.features }, { obi: STRONG.obi, price: STRONG.price });
    assert.ok(Object.isFrozen(candle.features));
  });

  test('it gets the declared streams and no other', () => {
    const { contract, seen } = scripted(() => []);
    const host = hosted(contract);
    host.level();
    host.send({ type: 'book', symbol: 0, seq: 1, atUs: 0, from: 'SYNCING', to: 'LIVE' });
    assert.deepEqual(seen, []);
    host.candle();
    assert.deepEqual(seen.map(({ type }) => type), ['candle']);
  });

  test('parameters outside the declared ranges, and unsound contracts, do not start', () => {
    const { contract } = scripted(() => []);
    const start = (one: typeof contract, count = 3) => () => strategyHost(one, { strategy: { count }, venue: { entryLatencyMs: 0 } });
    assert.throws(start(contract, 10), /scripted: parameter count: expected 1 … 9/);
    assert.throws(start({ ...contract, intents: ['enterLong'] }), /must declare the intent "exit"/);
    assert.throws(start({ ...contract, version: 0, name: '' }), /needs a name; version/);
    assert.throws(start({ ...contract, inputs: { ...contract.inputs, streams: [] } }), /without input streams/);
    assert.throws(start({ ...contract, toleratedPauses: () => Pause.MANUAL }), /nobody may trade through/);
    assert.equal(percentileSchema.safeParse({ entryFraction: 2 }).success, false);
  });

  test('it does not run on a symbol it was not made for', () => {
    const { contract } = scripted(() => [], { inputs: { symbols: ['ETHUSDT'], streams: ['candles'], features: [] } });
    assert.throws(() => hosted(contract), /not made for BTCUSDT/);
  });
});

describe('the host blocks entries', () => {
  const entering = (event: Seen, idPrefix: string): readonly Intent[] => (event.type === 'candle' ? [enter(idPrefix)] : []);
  for (const state of ['SLEEP', 'ALERT', 'RECOVERY', 'SHUTDOWN'] as const) {
    test(`in ${state}, whatever the strategy thinks`, () => {
      const { contract, seen } = scripted(entering);
      const host = hosted(contract);
      host.detector(state);
      host.candle();
      assert.deepEqual(host.decisions.map(({ data }) => data['reason']), ['not_active']);
      assert.deepEqual(seen.at(-1), { type: 'refused', id: 'host.scripted.1-1', tradeId: 'host.scripted.1-1', reason: 'not_active' });
    });
  }

  test('but a pause that the contract tolerates is none for it', () => {
    const { contract } = scripted(entering, { toleratedPauses: () => Pause.SPREAD });
    const host = hosted(contract);
    host.detector('ACTIVE', Pause.SPREAD);
    host.candle();
    assert.equal(host.account.length, 1);
    host.detector('ACTIVE', Pause.SPREAD | Pause.LATENCY);
    host.candle();
    assert.deepEqual(host.decisions.map(({ kind, data }) => data['reason'] ?? kind), ['entry', 'paused_latency']);
  });

  test('while anything pauses, and names the first reason', () => {
    const { contract } = scripted(entering);
    const host = hosted(contract);
    host.detector('ACTIVE', Pause.LIQUIDITY | Pause.MANUAL);
    host.candle();
    assert.deepEqual(host.decisions.map(({ data }) => data['reason']), ['paused_liquidity']);
  });
});

describe('what happens to what is out', () => {
  test('a pause cancels the entry that rests and leaves exits alone', () => {
    const session = new Session();
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    session.trade(100_399, 100, true, 100);
    session.wait(100);
    session.detector('ACTIVE', Pause.LATENCY);
    assert.deepEqual(session.of('cancel').map(({ data }) => data['id']), ['BTCUSDT.percentile.1-1']);
    session.wait(100);
    assert.equal(session.matchers[0]!.openOrders, 2, 'stop and target stay');
    session.trade(101_601, 1_000_000, false);
    assert.equal(session.of('trade').length, 1);
  });

  test('leaving ACTIVE cancels entries; RECOVERY only exits', () => {
    const session = new Session();
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    session.wait(100);
    session.detector('RECOVERY');
    session.wait(100);
    assert.equal(session.matchers[0]!.openOrders, 0);
    assert.deepEqual(session.exposures.map(({ on }) => on), [true, false]);
  });

  test('SHUTDOWN cancels the entry and closes what is open', () => {
    const session = new Session();
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    session.trade(100_399, 100, true, 100);
    session.detector('SHUTDOWN');
    session.wait(100);
    assert.equal(session.matchers[0]!.openOrders, 0);
    assert.equal(session.matchers[0]!.netLots, 0);
    assert.equal(session.of('trade')[0]!.data['exitReason'], 'shutdown');
  });

  test('a fill that comes while everything is being closed is closed too', () => {
    const session = new Session();
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    session.trade(100_399, 100, true, 100);
    session.detector('SHUTDOWN');
    session.trade(100_399, 70, true, 10);
    session.wait(200);
    assert.equal(session.matchers[0]!.netLots, 0);
    assert.equal(session.of('trade')[0]!.data['lots'], 170);
  });

  test('a feed that is lost, and trading that is disabled, cancel the entries of a strategy that says so', () => {
    for (const lose of [
      (session: Session) => session.send('/BTCUSDT', { type: 'book', symbol: 0, seq: 9, atUs: 0, from: 'LIVE', to: 'GAP' }),
      (session: Session) => session.send('/account', { type: 'trading', enabled: false, reason: 'test' }),
    ]) {
      const session = new Session();
      session.detector('ACTIVE');
      session.candle({}, TRADES_ONLY);
      session.wait(100);
      lose(session);
      session.wait(100);
      assert.equal(session.matchers[0]!.openOrders, 0);
      assert.equal(session.of('cancel').length, 1);
    }
  });

  test('a restart that begins anew closes what the earlier incarnation left', () => {
    const session = new Session({ restart: 'init' });
    session.detector('ACTIVE');
    session.candle({}, TRADES_ONLY);
    session.trade(100_399, 1_000_000, true, 100);
    session.wait(100);
    assert.equal(session.matchers[0]!.netLots, 331);
    session.crash('/BTCUSDT');
    session.wait(2000);
    assert.equal(session.matchers[0]!.netLots, 0);
    assert.equal(session.of('trade')[0]!.data['exitReason'], 'restart');
    session.detector('ACTIVE');
    session.wait(10_000);
    session.candle({}, TRADES_ONLY);
    assert.equal(session.of('entry').at(-1)!.data['id'], 'BTCUSDT.percentile.2-1', 'ids of incarnations never meet');
  });
});

test('a crash of any actor between any two steps changes no decision', () => {
  const play = (crash: (session: Session, step: number) => void): string[] => {
    const session = new Session();
    let step = 0;
    const after = (): void => crash(session, step++);
    session.detector('ACTIVE');
    after();
    session.candle({}, TRADES_ONLY);
    after();
    session.trade(100_399, 120, true, 100);
    after();
    session.trade(100_399, 60, true, 100);
    after();
    session.wait(3000);
    after();
    session.trade(101_601, 30, false);
    after();
    session.wait(9000);
    after();
    session.wait(9000);
    after();
    session.candle({}, TRADES_ONLY);
    after();
    session.trade(97_000, 1000, true, 100);
    after();
    session.wait(60_000);
    return session.tree.lines;
  };
  const whole = play(() => {});
  assert.ok(whole.length > 30);
  for (const path of ['/journal', '/account', '/BTCUSDT']) {
    for (let at = 0; at < 10; at += 1) {
      assert.deepEqual(play((session, step) => {
        if (step === at) session.crash(path);
      }), whole, `${path} crashed after step ${at}`);
    }
    assert.deepEqual(play((session) => session.crash(path)), whole, `${path} crashed after every step`);
  }
});
