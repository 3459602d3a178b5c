import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeAccount, decodeAlgoOrder, decodeAlgoOrders, decodeBalances, decodeHedgeMode, decodeIncome, decodeOrder, decodeOrderList, decodeOrders, decodePlacement,
  decodePositions, decodeTrades, decodeUserEvent, problemText, VenueInstruments, type Decoded,
} from '../../../actors/gateway/decode/index.js';
import type { Json, VenueProduct } from '../../../actors/engine/io.js';
import type { OrderReport } from '../../../actors/engine/venue-calls.js';
import type { Instrument } from '../../../data/records/index.js';

const instrument = (index: number, symbol: string, venue: string, product: Instrument['product'], tickSize: string, lotSize: string): Instrument =>
  ({ index, symbol, venue, product, tickSize, lotSize, multiplier: '1', settle: 'USDT', inferred: [] });

const INSTRUMENTS = new VenueInstruments([
  instrument(0, 'BTCUSDT', 'binance-spot', 'spot', '0.01', '0.00001'),
  instrument(1, 'BTCUSDT', 'binance-usdm', 'linear', '0.10', '0.001'),
  instrument(2, 'BTC-261225-60000-C', 'binance-options', 'option', '1', '0.01'),
]);

const EXECUTION: { readonly [key: string]: Json } = {
  e: 'executionReport', E: 1_700_000_000_000, s: 'BTCUSDT', c: 'flt-1', S: 'BUY', o: 'LIMIT', f: 'GTC', q: '0.01000000', p: '60000.01000000', P: '0.00000000', F: '0.00000000', g: -1, C: '',
  x: 'TRADE', X: 'PARTIALLY_FILLED', r: 'NONE', i: 4_293_153, l: '0.00400000', z: '0.00400000', L: '60000.00000000', n: '0.00000400', N: 'BTC', T: 1_700_000_000_001, t: 77, w: true, m: true,
};
const ORDER_UPDATE: { readonly [key: string]: Json } = {
  s: 'BTCUSDT', c: 'flt-2', S: 'SELL', o: 'MARKET', f: 'GTC', q: '0.010', p: '0', ap: '60000.1', sp: '0', x: 'TRADE', X: 'FILLED', i: '9007199254740993', l: '0.010', z: '0.010', L: '60000.10',
  n: '0.24000040', N: 'USDT', T: 1_700_000_000_002, t: 78, m: false, R: true, ps: 'BOTH', cp: false, rp: '-1.5', er: '0',
};
const wrapped = (o: Json): Json => ({ e: 'ORDER_TRADE_UPDATE', E: 1, T: 1, o });

function report(product: VenueProduct, body: Json): OrderReport {
  const event = decodeUserEvent(product, body, INSTRUMENTS);
  assert.equal(event.kind, 'reports', JSON.stringify(event));
  const [first] = event.kind === 'reports' ? event.reports : [];
  assert.equal(first?.type, 'order.report');
  return first as OrderReport;
}
function problem<T>(decoded: Decoded<T>): string {
  assert.ok(!decoded.ok, 'read, and should not have been');
  return problemText(decoded.problem);
}

test('a fill of spot is told in ticks and lots, with its fee in its own asset', () => {
  assert.deepEqual(report('spot', EXECUTION), {
    type: 'order.report', source: 'stream', product: 'spot', symbol: 0, clientId: 'flt-1', venueId: '4293153', status: 'PARTIALLY_FILLED', side: 'buy', positionSide: 'BOTH', kind: 'LIMIT',
    timeInForce: 'GTC', reduceOnly: false, priceTicks: 6_000_001, triggerTicks: 0, lots: 1000, filledLots: 400, venueMs: 1_700_000_000_001, reason: '',
    fill: { tradeId: '77', priceTicks: 6_000_000, lots: 400, maker: true, fee: '0.00000400', feeAsset: 'BTC', realised: null, venueMs: 1_700_000_000_001 },
  });
});

test('a cancel on spot is of the order it names, not of its own name', () => {
  const canceled = report('spot', { ...EXECUTION, x: 'CANCELED', X: 'CANCELED', c: 'the-cancel', C: 'flt-1', l: '0.00000000', L: '0.00000000', n: '0', N: null, t: -1 });
  assert.equal(canceled.clientId, 'flt-1');
  assert.equal(canceled.status, 'CANCELED');
  assert.equal(canceled.fill, null);
  assert.equal(canceled.filledLots, 400);
});

test('a fill of USD-M has the profit the venue booked; ids past 2^53 stay what they are', () => {
  const filled = report('usdm', wrapped(ORDER_UPDATE));
  assert.equal(filled.venueId, '9007199254740993');
  assert.equal(filled.symbol, 1);
  assert.deepEqual(filled.fill, { tradeId: '78', priceTicks: 600_001, lots: 10, maker: false, fee: '0.24000040', feeAsset: 'USDT', realised: '-1.5', venueMs: 1_700_000_000_002 });
});

test('what is off its grid, or more than was ordered, is a problem that says so', () => {
  const bad = (product: VenueProduct, body: Json): string => {
    const event = decodeUserEvent(product, body, INSTRUMENTS);
    return event.kind === 'bad' ? problemText(event.problem) : event.kind;
  };
  assert.equal(bad('spot', { ...EXECUTION, L: '60000.005' }), 'spot executionReport, L: "60000.005" is no whole number of ticks of 0.01');
  assert.equal(bad('usdm', wrapped({ ...ORDER_UPDATE, l: '0.0101' })), 'usdm ORDER_TRADE_UPDATE, o.l: "0.0101" is no whole number of lots of 0.001');
  assert.equal(bad('usdm', wrapped({ ...ORDER_UPDATE, z: '0.011' })), 'usdm ORDER_TRADE_UPDATE, o.z: more filled than ordered: 11 of 10 lots');
  assert.equal(bad('usdm', wrapped({ ...ORDER_UPDATE, X: 'MELTED' })), 'usdm ORDER_TRADE_UPDATE, o.X: unknown word "MELTED"');
  assert.equal(bad('usdm', wrapped({ ...ORDER_UPDATE, l: '0' })), 'usdm ORDER_TRADE_UPDATE, o.l: a trade of nothing');
  assert.equal(bad('spot', { ...EXECUTION, N: null }), 'spot executionReport, N: a fee without its asset');
  assert.equal(bad('spot', { ...EXECUTION, i: 2 ** 53 }), 'spot executionReport, i: expected an id, found "9007199254740992"');
  assert.equal(bad('spot', { e: 'NEW_IN_2027' }), 'spot NEW_IN_2027, e: an event that is not known');
  assert.equal(bad('spot', [1]), 'spot event: expected an object, found a list');
  assert.equal(bad('spot', { ...EXECUTION, s: 'DOGEUSDT' }), 'foreign');
});

test('a name that no record could keep under its key is a problem, and ends nothing', () => {
  for (const bad of ['x'.repeat(300), 'a\0b', 'half \ud800 of a character']) {
    const trade = decodeUserEvent('usdm', wrapped({ ...ORDER_UPDATE, t: bad }), INSTRUMENTS);
    assert.equal(trade.kind, 'bad');
    assert.equal(decodeUserEvent('usdm', wrapped({ ...ORDER_UPDATE, N: bad }), INSTRUMENTS).kind, 'bad');
    assert.equal(decodeUserEvent('spot', { e: 'balanceUpdate', a: bad, d: '1', T: 1 }, INSTRUMENTS).kind, 'bad');
    assert.match(problem(decodeIncome([{ incomeType: bad, tranId: 1, asset: 'USDT', income: '1', time: 1 }], INSTRUMENTS)), /no name/);
  }
});

test('events that say nothing, and those that end a stream, are told apart', () => {
  const kind = (product: VenueProduct, e: string): string => decodeUserEvent(product, { e }, INSTRUMENTS).kind;
  assert.deepEqual(
    [kind('usdm', 'TRADE_LITE'), kind('spot', 'listStatus'), kind('options', 'GREEK_UPDATE'), kind('usdm', 'listenKeyExpired'), kind('spot', 'eventStreamTerminated'), kind('usdm', 'MARGIN_CALL'), kind('usdm', 'ACCOUNT_CONFIG_UPDATE'), kind('spot', 'serverShutdown')],
    ['nothing', 'nothing', 'nothing', 'ended', 'ended', 'suspect', 'suspect', 'leaving'],
  );
});

test('a list with one row that cannot be read is not read at all', () => {
  const row = { symbol: 'BTCUSDT', id: 1, orderId: 2, price: '1.00', qty: '0.5', commission: '0', commissionAsset: 'USDT', time: 5, isBuyer: true, isMaker: false };
  assert.equal(problem(decodeTrades('spot', [row, { ...row, price: '1.001' }], INSTRUMENTS)), 'spot trades, [1].price: "1.001" is no whole number of ticks of 0.01');
  const read = decodeTrades('spot', [row, { ...row, symbol: 'ELSEUSDT' }], INSTRUMENTS);
  assert.equal(read.ok && read.value.length, 1);
});

test('sums of balances are exact', () => {
  const account = decodeAccount('spot', { balances: [{ asset: 'USDT', free: '0.1', locked: '900719925474099.20000001' }], updateTime: 5 }, INSTRUMENTS);
  assert.equal(account.ok && account.value.balances[0]?.total, '900719925474099.30000001');
});

/** Every decoder, under the name its problems carry. */
const DECODERS: readonly ((body: Json) => unknown)[] = [
  ...(['spot', 'usdm', 'options'] as const).flatMap((product) => [
    (body: Json) => decodeUserEvent(product, body, INSTRUMENTS), (body: Json) => decodeOrder(product, body, INSTRUMENTS), (body: Json) => decodeOrders(product, body, INSTRUMENTS),
    (body: Json) => decodePlacement(product, body, INSTRUMENTS), (body: Json) => decodeTrades(product, body, INSTRUMENTS), (body: Json) => decodeAccount(product, body, INSTRUMENTS),
  ]),
  (body) => decodeOrderList(body, INSTRUMENTS), (body) => decodeAlgoOrder(body, INSTRUMENTS), (body) => decodeAlgoOrders(body, INSTRUMENTS), decodeBalances,
  (body) => decodePositions('usdm', body, INSTRUMENTS), (body) => decodePositions('options', body, INSTRUMENTS), (body) => decodeIncome(body, INSTRUMENTS), decodeHedgeMode,
];

test('any JSON is answered by every decoder: read or refused, never thrown', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (body) => {
    for (const decode of DECODERS) decode(body as Json);
  }), { numRuns: 200 });
});

test('an event with any of its members replaced or missing gives whole numbers or a problem', () => {
  const member = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('', '0', '-0.01', '1e400', '1e-9', 'NaN', '0x10', '99999999999999999999', '__proto__', null));
  const mutated = (event: { readonly [key: string]: Json }): fc.Arbitrary<{ readonly [key: string]: Json }> =>
    fc.array(fc.tuple(fc.constantFrom(...Object.keys(event)), fc.option(member, { nil: undefined })), { minLength: 1, maxLength: 3 }).map((changes) => {
      const changed = new Map(Object.entries(event));
      for (const [name, value] of changes) if (value === undefined) changed.delete(name); else changed.set(name, value as Json);
      return Object.fromEntries(changed);
    });
  const bodies: fc.Arbitrary<readonly [VenueProduct, Json]> = fc.oneof(
    mutated(EXECUTION).map((body) => ['spot', body] as const),
    mutated(ORDER_UPDATE).map((o) => ['usdm', wrapped(o)] as const),
    mutated({ ...ORDER_UPDATE, s: 'BTC-261225-60000-C', L: '100', q: '0.01', l: '0.01', z: '0.01' }).map((o) => ['options', wrapped(o)] as const),
  );
  fc.assert(fc.property(bodies, ([product, body]) => {
    const event = decodeUserEvent(product, body, INSTRUMENTS);
    if (event.kind !== 'reports') return;
    for (const one of event.reports) {
      assert.equal(one.type, 'order.report');
      const { priceTicks, triggerTicks, lots, filledLots, fill, venueMs } = one as OrderReport;
      for (const value of [priceTicks, triggerTicks, lots, filledLots, venueMs, fill?.priceTicks ?? 0, fill?.lots ?? 0]) assert.ok(Number.isSafeInteger(value) && value >= 0);
      assert.ok(lots === 0 || filledLots <= lots);
    }
  }), { numRuns: 400 });
});
