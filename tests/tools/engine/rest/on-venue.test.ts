import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { venueErrorOf } from '../../../../actors/gateway/errors.js';
import type { Json, VenueProduct } from '../../../../actors/engine/io.js';
import {
  decodeAccount, decodeAlgoOrder, decodeAlgoOrders, decodeHedgeMode, decodeIncome, decodeOrder, decodeOrderList, decodeOrders, decodePlacement, decodePositions, decodeTrades,
  problemText, type Decoded,
} from '../../../../actors/gateway/decode/index.js';
import type { OrderReport } from '../../../../actors/engine/venue-calls.js';
import { DEFAULT_CONFIG } from '../../../../config/index.js';
import { CliError } from '../../../../tools/cli/errors.js';
import { bootClient, keyFacts } from '../../../../tools/engine/boot.js';
import type { VenueAccess } from '../../../../tools/engine/parts.js';
import { RestClient } from '../../../../tools/engine/rest/client.js';
import { checkRights } from '../../../../tools/engine/rest/restrictions.js';
import { KeyVault } from '../../../../tools/engine/rest/vault.js';
import { SecretHandles } from '../../../../tools/engine/rest/handles.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { VenueRig } from './venue-rig.js';

let opened: OpenedExchange;
let rig: VenueRig;
let option = '';
const SYMBOL = 'BTCUSDT';

function value<T>(decoded: Decoded<T>): T {
  assert.ok(decoded.ok, decoded.ok ? '' : problemText(decoded.problem));
  return decoded.value;
}
/** `"0.10"` times so many. */
const quote = async (path: string, member: string): Promise<number> => {
  const origin = path.startsWith('/api') ? opened.origins.spot.rest : path.startsWith('/fapi') ? opened.origins.usdm.rest : opened.origins.options.rest;
  const body = (await (await fetch(`${origin}${path}`)).json()) as unknown;
  const row = (Array.isArray(body) ? body[0] : body) as { readonly [key: string]: string };
  return Number(row[member]);
};

before(async () => {
  opened = await openExchange({ accountCount: 3 });
  const listed = (await (await fetch(`${opened.origins.options.rest}/eapi/v1/exchangeInfo`)).json()) as { readonly optionSymbols: readonly { readonly symbol: string; readonly underlying: string }[] };
  option = listed.optionSymbols.find(({ underlying }) => underlying === SYMBOL)!.symbol;
  rig = await VenueRig.open(opened, { symbols: { spot: [SYMBOL], usdm: [SYMBOL], options: [option] } });
});
after(async () => {
  await rig.close();
  await opened.close();
  assert.deepEqual(opened.defects, []);
});

describe('orders of each product, by REST and by its user stream', () => {
  const ORDERS: Readonly<Record<VenueProduct, { readonly order: string; readonly open: string; readonly trades: string; readonly account: string }>> = {
    spot: { order: '/api/v3/order', open: '/api/v3/openOrders', trades: '/api/v3/myTrades', account: '/api/v3/account' },
    usdm: { order: '/fapi/v1/order', open: '/fapi/v1/openOrders', trades: '/fapi/v1/userTrades', account: '/fapi/v3/account' },
    options: { order: '/eapi/v1/order', open: '/eapi/v1/openOrders', trades: '/eapi/v1/userTrades', account: '/eapi/v1/marginAccount' },
  };
  const symbolOf = (product: VenueProduct): string => (product === 'options' ? option : SYMBOL);
  const ids = (product: VenueProduct, id: string): Record<string, string> => (product === 'options' ? { symbol: option, clientOrderId: id } : { symbol: SYMBOL, origClientOrderId: id });
  const named = (product: VenueProduct, id: string): Record<string, string> => (product === 'options' ? { clientOrderId: id } : { newClientOrderId: id });
  /** Far below and far above the market, on the tick. */
  const prices = async (product: VenueProduct): Promise<readonly [low: string, high: string]> => {
    if (product === 'spot') {
      const bid = await quote(`/api/v3/ticker/bookTicker?symbol=${SYMBOL}`, 'bidPrice');
      return [(bid * 0.9).toFixed(2), (bid * 1.02).toFixed(2)];
    }
    if (product === 'usdm') {
      const mark = await quote(`/fapi/v1/premiumIndex?symbol=${SYMBOL}`, 'markPrice');
      return [(mark * 0.97).toFixed(1), (mark * 1.02).toFixed(1)];
    }
    // Half-way from the best quotes to the venue's limits, which move with the market.
    const [lowest, highest] = [await quote(`/eapi/v1/mark?symbol=${option}`, 'lowPriceLimit'), await quote(`/eapi/v1/mark?symbol=${option}`, 'highPriceLimit')];
    const ticker = `/eapi/v1/ticker?symbol=${option}`;
    return [Math.round((lowest + (await quote(ticker, 'bidPrice'))) / 2).toFixed(0), Math.round((highest + (await quote(ticker, 'askPrice'))) / 2).toFixed(0)];
  };

  for (const product of ['spot', 'usdm', 'options'] as const) {
    test(`${product}: one rests, is asked for and canceled; one is filled; what all tell of them is the same`, async () => {
      await rig.live(product);
      const { order, open, trades, account } = ORDERS[product];
      const { instruments } = rig;
      const [low, high] = await prices(product);
      const quantity = product === 'spot' ? '0.00200' : product === 'usdm' ? '0.010' : '0.10';
      const limit = { symbol: symbolOf(product), side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity };
      const resting = value(decodePlacement(product, await rig.ok('POST', order, { ...limit, price: low, ...named(product, `rest-${product}`), newOrderRespType: 'RESULT' }), instruments)).order;
      assert.deepEqual([resting.clientId, resting.status, resting.filledLots], [`rest-${product}`, 'NEW', 0]);
      const accepted = await rig.report('order.report', (report) => report.clientId === `rest-${product}`, 'the stream tells of it');
      const facts = ({ symbol, venueId, side, priceTicks, lots, kind, timeInForce, reduceOnly }: OrderReport): unknown => ({ symbol, venueId, side, priceTicks, lots, kind, timeInForce, reduceOnly });
      assert.deepEqual(facts(accepted), facts(resting));
      assert.deepEqual(facts(value(decodeOrder(product, await rig.ok('GET', order, ids(product, `rest-${product}`)), instruments))), facts(resting));
      assert.deepEqual(value(decodeOrders(product, await rig.ok('GET', open, { symbol: symbolOf(product) }), instruments)).map(facts), [facts(resting)]);
      const canceled = value(decodeOrder(product, await rig.ok('DELETE', order, ids(product, `rest-${product}`), { reducing: true }), instruments));
      assert.deepEqual([canceled.clientId, canceled.status], [`rest-${product}`, 'CANCELED']);
      await rig.report('order.report', ({ clientId, status }) => clientId === `rest-${product}` && status === 'CANCELED', 'the stream tells of the cancel, under the order\'s own id');

      await rig.ok('POST', order, { ...limit, price: high, ...named(product, `fill-${product}`), newOrderRespType: 'RESULT' });
      const last = await rig.report('order.report', ({ clientId, status }) => clientId === `fill-${product}` && status === 'FILLED', 'the stream tells of the fill');
      const told = rig.reports.flatMap((report) => (report.type === 'order.report' && report.clientId === `fill-${product}` && report.fill !== null ? [report.fill] : []));
      assert.equal(told.reduce((sum, { lots }) => sum + lots, 0), last.lots);
      const listed = value(decodeTrades(product, await rig.ok('GET', trades, { symbol: symbolOf(product) }), instruments)).filter(({ venueOrderId }) => venueOrderId === last.venueId);
      const bare = ({ tradeId, priceTicks, lots, fee, feeAsset, maker }: (typeof told)[number]): unknown => ({ tradeId, priceTicks, lots, fee: Number(fee), feeAsset, maker });
      assert.deepEqual(listed.map(bare), told.map(bare));

      const whole = value(decodeAccount(product, await rig.ok('GET', account, {}), instruments));
      assert.ok(whole.whole && whole.balances.some(({ asset, total }) => asset === 'USDT' && Number(total) > 0));
      const changed = await rig.report('account.report', (report) => report.product === product && report.source === 'stream' && report.balances.length > 0, 'the stream tells of the account');
      const usdt = changed.balances.find(({ asset }) => asset === 'USDT');
      assert.ok(usdt !== undefined && Number(usdt.total) > 0);
    });
  }

  test('usdm: positions, income, position mode, and algo orders', async () => {
    const { instruments } = rig;
    const positions = value(decodePositions('usdm', await rig.ok('GET', '/fapi/v3/positionRisk', {}), instruments));
    assert.deepEqual(positions.map(({ positionSide, signedLots }) => [positionSide, signedLots]), [['BOTH', 10]]);
    assert.equal(value(decodeHedgeMode(await rig.ok('GET', '/fapi/v1/positionSide/dual', {}))), false);
    assert.ok(Array.isArray(value(decodeIncome(await rig.ok('GET', '/fapi/v1/income', {}), instruments))));
    const mark = await quote(`/fapi/v1/premiumIndex?symbol=${SYMBOL}`, 'markPrice');
    const stop = { algoType: 'CONDITIONAL', symbol: SYMBOL, side: 'SELL', type: 'STOP_MARKET', quantity: '0.010', triggerPrice: (mark * 0.97).toFixed(1), reduceOnly: 'true', clientAlgoId: 'stop-1' };
    const placed = value(decodeAlgoOrder(await rig.ok('POST', '/fapi/v1/algoOrder', stop, { reducing: true }), instruments));
    assert.deepEqual([placed.clientId, placed.status, placed.lots, placed.reduceOnly, placed.spawnedVenueId], ['stop-1', 'NEW', 10, true, '']);
    assert.deepEqual(value(decodeAlgoOrders(await rig.ok('GET', '/fapi/v1/openAlgoOrders', {}), instruments)).map(({ algoId }) => algoId), [placed.algoId]);
    const told = await rig.report('algo.report', ({ clientId }) => clientId === 'stop-1', 'the stream tells of the stop');
    assert.deepEqual([told.algoId, told.triggerTicks, told.side], [placed.algoId, placed.triggerTicks, 'sell']);
    await rig.ok('DELETE', '/fapi/v1/algoOrder', { clientAlgoId: 'stop-1' }, { reducing: true });
    await rig.report('algo.report', ({ clientId, status }) => clientId === 'stop-1' && status === 'CANCELED', 'the stream tells of its end');
  });

  test('spot: a one-cancels-other list is read whole, and its cancel', async () => {
    const { instruments } = rig;
    const bid = await quote(`/api/v3/ticker/bookTicker?symbol=${SYMBOL}`, 'bidPrice');
    const list = {
      symbol: SYMBOL, side: 'SELL', quantity: '0.00200', aboveType: 'LIMIT_MAKER', abovePrice: (bid * 1.05).toFixed(2), belowType: 'STOP_LOSS', belowStopPrice: (bid * 0.95).toFixed(2),
      listClientOrderId: 'list-1', aboveClientOrderId: 'target-1', belowClientOrderId: 'stop-2', newOrderRespType: 'RESULT',
    };
    const placed = value(decodeOrderList(await rig.ok('POST', '/api/v3/orderList/oco', list), instruments));
    assert.deepEqual([placed.listClientId, placed.done, [...placed.clientIds].sort()], ['list-1', false, ['stop-2', 'target-1']]);
    const open = value(decodeOrders('spot', await rig.ok('GET', '/api/v3/openOrders', { symbol: SYMBOL }), instruments));
    assert.deepEqual(open.map(({ listId }) => listId), [placed.listId, placed.listId]);
    const canceled = value(decodeOrders('spot', await rig.ok('DELETE', '/api/v3/openOrders', { symbol: SYMBOL }, { reducing: true }), instruments));
    assert.deepEqual(canceled.map(({ clientId, status }) => `${clientId} ${status}`).sort(), ['stop-2 CANCELED', 'target-1 CANCELED']);
  });

  test('options: positions', async () => {
    const positions = value(decodePositions('options', await rig.ok('GET', '/eapi/v1/position', {}), rig.instruments));
    assert.deepEqual(positions.map(({ signedLots }) => signedLots), [10]);
  });

  test('what the venue refuses is refused, in its words', async () => {
    const { outcome } = await rig.call('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: '1' });
    assert.ok(outcome.kind === 'refused' && outcome.code < -1000, JSON.stringify(outcome));
    const { outcome: unknownOrder } = await rig.call('GET', '/api/v3/order', { symbol: SYMBOL, origClientOrderId: 'never-was' });
    assert.deepEqual(unknownOrder, { kind: 'refused', status: 400, code: -2013, text: 'Order does not exist.' });
    assert.deepEqual([outcome, unknownOrder].map((each) => venueErrorOf(each)?.kind), ['RemoteReject', 'RemoteReject']);
  });
});

describe('keys', () => {
  test('of each kind sign requests and subscriptions that the venue takes', async () => {
    for (const kind of ['rsa', 'ed25519'] as const) {
      const other = await VenueRig.open(opened, { symbols: { spot: [SYMBOL], usdm: [], options: [] }, kind });
      try {
        await other.live('spot');
        await other.ok('GET', '/api/v3/account', {});
      } finally {
        await other.close();
      }
    }
  });

  test('are asked what they are for by an engine whose clock is wrong: it measures the venue\'s and asks again, and not for ever', { timeout: 60_000 }, async () => {
    const { keys } = opened.accounts.all[1]!;
    const { key, secret } = keys.find(({ kind }) => kind === 'hmac')!;
    const facts = async (nowUs: () => number): Promise<Awaited<ReturnType<typeof keyFacts>>> => {
      const clock = { nowUs, speed: 1 };
      const client = bootClient({ origins: opened.origins as unknown as VenueAccess['origins'], keys: { kind: 'hmac', key, secret: secret! }, ca: null }, clock, DEFAULT_CONFIG.engine.rest);
      try {
        return await keyFacts(client, 'demo', 'K', ['usdm'], clock, 10_000);
      } finally {
        client.close();
      }
    };
    const venueUs = (): number => opened.exchange.clock.nowUs();
    for (const offMs of [0, 5000, -60_000]) assert.deepEqual(await facts(() => venueUs() + offMs * 1000), { id: 'K', rights: { reads: true, withdraws: false, tradesSpot: true, tradesUsdm: true, tradesOptions: true, ipRestricted: false }, hedge: [] });
    // One that runs away while it is measured.
    let readings = 0;
    await assert.rejects(facts(() => venueUs() + (readings += 1) * 600e6), (error) => error instanceof CliError && error.exit === 'configuration' && /Timestamp for this request/.test(error.message));
    assert.ok(readings > 10 && readings < 200, `the clock was read ${readings} times`);
  });

  test('are asked what they may do before live trading: withdrawing refuses, so does any doubt', async () => {
    const { keys } = opened.accounts.all[2]!;
    const { key, secret } = keys.find(({ kind }) => kind === 'hmac')!;
    const check = async (origin: string): Promise<string> => {
      const vault = new KeyVault({ kind: 'hmac', key, secret: secret! });
      const client = new RestClient({
        origins: { spot: origin, usdm: origin, options: origin }, secrets: { vault, handles: new SecretHandles(vault.hidden()) }, ca: null, speed: 1, nowUs: () => opened.exchange.clock.nowUs(),
        maxBodyBytes: 100_000, idleMs: 1000, connections: 1,
      });
      const checked = await checkRights(client, ['spot', 'usdm', 'options'], opened.exchange.clock);
      client.close();
      return checked.ok ? 'ok' : checked.problem;
    };
    assert.equal(await check(opened.origins.spot.rest), 'ok');
    assert.match(await check(opened.origins.spot.rest.replace(/:\d+$/, ':1')), /did not say/);
    (opened.accounts.key(key)!.permissions as Set<string>).add('withdraw');
    assert.equal(await check(opened.origins.spot.rest), 'this API key can withdraw');
  });
});

test('nothing of key, secret or listen key is anywhere: inputs, effects, journal, log, inspect, tree, trace, snapshots, dead letters', () => {
  const { runtime } = rig;
  const actors = ['/venue/signer', '/venue/gateway', '/venue/limits', '/venue/user/usdm', '/venue/user/spot', '/venue/user/options', '/venue/breakers/usdm-order'];
  const everything = inspect(
    [rig.given, rig.asked, rig.logged, rig.rows, rig.reports, actors.map((path) => runtime.inspect(path)), runtime.tree(), runtime.trace().list(100_000), runtime.deadLetters(), actors.map((path) => runtime.snapshot(path))],
    { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity, showHidden: false },
  );
  const listenKeys = rig.given.flatMap(({ message }) => {
    const { outcome } = message as { readonly outcome?: { readonly body?: Json } };
    const body = outcome?.body;
    return typeof body === 'object' && body !== null && 'listenKey' in body ? [String((body as { readonly listenKey: string }).listenKey)] : [];
  });
  assert.ok(listenKeys.length >= 2 && listenKeys.every((handle) => /^secret:\d+$/.test(handle)), JSON.stringify(listenKeys));
  assert.ok(!everything.includes(rig.keys.key), 'the key');
  assert.ok(!everything.includes(rig.keys.secret), 'its secret');
  assert.doesNotMatch(everything, /signature=/);
  assert.ok(everything.includes(`${rig.keys.key.slice(0, 4)}…${rig.keys.key.slice(-4)}`), 'its ends are: the search finds what is there');
});
