import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deskOf } from '../../../../tools/ui/parts/desk/shape.js';
import type { Desk } from '../../../../tools/ui/wire/desk.js';

const NOW_US = 1_700_000_100_000_000;
const NOW_MS = NOW_US / 1000;
const about = {
  mode: 'demo', account: 'main', run: 'r', instruments: [{ index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear' as const, tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT' }],
};
const order = (clientId: string, change: object = {}): object => ({
  clientId, id: clientId, venueId: '1', product: 'usdm', symbol: 0, service: 'order', side: 'sell', positionSide: 'BOTH', kind: 'limit', purpose: 'target', priceTicks: 600_000, triggerTicks: 0, lots: 5, filledLots: 0, reduceOnly: true, reduces: null,
  state: 'accepted', doubt: null, createdMs: NOW_MS - 60_000, changedMs: NOW_MS - 60_000, ...change,
});
const truth = (change: object = {}): object => ({ products: [{
  product: 'usdm', freshness: 'fresh', reasons: [], readMs: NOW_MS - 1000, fullAtMs: NOW_MS - 1000, phase: 'idle', differencesSeen: 0, unjudged: [], differences: [], positions: [], balances: [], orders: [], ...change,
}] });
const ledger = (signedLots: number, ownLots: number): object => ({ products: [{
  product: 'usdm', balances: {}, positions: [{ symbol: 0, positionSide: 'BOTH', signedLots, ownLots }], holdings: [], totals: { realised: {}, venueRealised: {}, fees: {}, funding: {}, other: {}, unexplained: {} },
}] });
const ward = { id: 'w', symbol: 0, product: 'usdm', side: 'sell', positionSide: 'BOTH', openLots: 5, nakedMs: NOW_MS - 4000, closing: null };

function shown(views: Readonly<Record<string, unknown>>, down: Readonly<Record<string, string>> = {}): Desk {
  return deskOf({ source: 'process:e', name: 'e', kind: 'live', note: '', about, input: { atUs: NOW_US, views, down, markTicks: { 0: 600_000.5 } }, day: null, missing: [] });
}

test('a position without its stop is red and first, with since when; half a stop is not a stop', () => {
  const position = { symbol: 0, positionSide: 'BOTH', signedLots: -5, entryPrice: '60010.05' };
  const bare = { '/trading/truth': truth({ positions: [position] }), '/trading/ledger': ledger(-5, -5), '/trading/guard': { wards: [ward], covers: [] } };
  const desk = shown(bare);
  assert.deepEqual([desk.positions.rows[0]!.side, desk.positions.rows[0]!.quantity, desk.positions.rows[0]!.stop.state, desk.positions.rows[0]!.mark], ['short', '-0.005', 'none', '60000.05']);
  // (60000.05 − 60010.05) × −0.005
  assert.equal(desk.positions.rows[0]!.unrealised, '0.05');
  assert.deepEqual([desk.attention.rows[0]!.severity, desk.attention.rows[0]!.sinceMs], ['bad', NOW_MS - 4000]);
  assert.match(desk.attention.rows[0]!.text, /BTCUSDT short -0.005: no stop/);
  const cover = (lots: number, state: string): object => ({ id: 's', clientId: 's', ward: 'w', kind: 'stop', lots, bookedLots: 0, state });
  for (const [covers, state] of [[[cover(2, 'accepted')], 'part'], [[cover(5, 'submitted')], 'sent'], [[cover(5, 'accepted')], 'held'], [[cover(5, 'canceled')], 'none']] as const) {
    assert.equal(shown({ ...bare, '/trading/guard': { wards: [ward], covers } }).positions.rows[0]!.stop.state, state);
  }
  assert.equal(shown({ ...bare, '/trading/guard': undefined }, { '/trading/guard': 'restarting' }).positions.rows[0]!.stop.state, 'unknown');
});

test('what only one side knows of is shown as that', () => {
  const books = shown({ '/trading/truth': truth(), '/trading/ledger': ledger(5, 5), '/trading/guard': { wards: [], covers: [] } });
  assert.deepEqual([books.positions.rows[0]!.quantity, books.positions.rows[0]!.booked], ['0', '0.005']);
  assert.ok(books.attention.rows.some(({ id, severity }) => id.startsWith('booked') && severity === 'bad'));
  const theirs = shown({ '/trading/truth': truth({ positions: [{ symbol: 0, positionSide: 'BOTH', signedLots: 7, entryPrice: '0' }] }), '/trading/ledger': ledger(7, 0), '/trading/guard': { wards: [], covers: [] } });
  assert.deepEqual(theirs.positions.rows[0]!.owners, [{ who: 'foreign', quantity: '0.007', ours: false }]);
  assert.deepEqual([theirs.positions.rows[0]!.stop.state, theirs.positions.rows[0]!.entry, theirs.positions.rows[0]!.unrealised], ['foreign', '', '']);
});

test('orders in doubt, orphan, unlisted and the exchange’s own', () => {
  const views = {
    '/trading/truth': truth({ orders: [order('fl-listed')] }), '/trading/guard': { wards: [], covers: [] },
    '/trading/orders': { orders: [order('fl-doubt', { state: 'unknown', doubt: 'place' }), order('fl-listed'), order('fl-lost'), order('fl-fresh', { changedMs: NOW_MS }), order('fl-stop', { kind: 'stop', purpose: 'stop', triggerTicks: 590_000, changedMs: NOW_MS - 500, createdMs: NOW_MS }), order('fl-orphan', { kind: 'stop', purpose: 'stop' })], foreign: [order('autoclose-1'), order('web-1')] },
  };
  const troubles = Object.fromEntries(shown(views).orders.rows.map(({ clientId, trouble, listed }) => [clientId, [trouble, listed]]));
  assert.deepEqual(troubles, {
    'fl-doubt': ['unknown', false], 'fl-lost': ['unlisted', false], 'fl-orphan': ['orphan', false], 'autoclose-1': ['exchange', false], 'web-1': ['foreign', false], 'fl-listed': [null, true], 'fl-fresh': [null, null], 'fl-stop': [null, null],
  });
  assert.equal(shown(views).orders.rows[0]!.clientId, 'fl-doubt');
});

test('what cannot be read is named, and the rest stands', () => {
  const desk = shown({ '/trading/truth': { products: 'another version' }, '/trading/orders': { orders: [order('fl-a'), { strange: true }, { $truncated: 40 }], foreign: [] } }, { '/trading/risk': 'quarantined' });
  assert.deepEqual(desk.orders.rows.map(({ clientId }) => clientId), ['fl-a']);
  assert.equal(desk.orders.omitted, 41);
  assert.ok(desk.missing.some((each) => each.includes('/trading/truth') && each.includes('another version')));
  assert.ok(desk.attention.rows.some(({ text, severity }) => text === '/trading/risk is quarantined' && severity === 'bad'));
});

test('whatever a process says, there is a desk, and it is bounded', () => {
  const paths = ['/operator', '/trading/account', '/trading/truth', '/trading/orders', '/trading/guard', '/trading/ledger', '/trading/risk', '/venue/limits', '/venue/gateway', '/feeds/health', '/venue/breakers/usdm-order', '/venue/user/usdm'];
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...paths), fc.jsonValue()), (views) => {
    assert.equal(shown(views).kind, 'live');
  }), { numRuns: 200 });
  const many = shown({ '/trading/orders': { orders: Array.from({ length: 3000 }, (_, n) => order(`fl-${n}`, { state: 'unknown' })), foreign: [] } });
  assert.deepEqual([many.orders.rows.length, many.orders.omitted, many.attention.rows.length], [500, 2500, 100]);
  assert.ok(many.attention.omitted >= 400);
});
