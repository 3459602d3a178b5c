import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../actors/engine/io.js';
import { OWN } from './worlds.js';
import { Desk, START_MS, Venue } from './desk.js';

const states = (desk: Desk): string[] => desk.states.map(({ freshness }) => freshness).filter((freshness, at, all) => freshness !== all[at - 1]);

test('nothing is known before the first reading, and nothing is fresh before the user stream is live', () => {
  const desk = new Desk();
  desk.wait(1);
  assert.equal(desk.states.length, 0);
  desk.wait(600);
  assert.equal(desk.state?.freshness, 'stale');
  assert.deepEqual(desk.state.reasons, ['user stream: not live yet']);
  desk.live();
  desk.wait(100);
  assert.equal(desk.state.freshness, 'fresh');
  assert.deepEqual(desk.state.reasons, []);
  assert.deepEqual(desk.ledger().balances, { USDT: '1000' });
});

test('with an exchange that does not answer, truth stays unknown and is asked for again', () => {
  const desk = new Desk();
  desk.venue.instead = () => ({ kind: 'unknown', reason: 'timeout' });
  desk.live();
  desk.wait(10_000);
  assert.deepEqual(states(desk), ['unknown']);
  const asked = desk.venue.asked.length;
  assert.ok(asked >= 10, `only ${asked} calls`);
  desk.venue.instead = null;
  desk.wait(3000);
  assert.equal(desk.state?.freshness, 'fresh');
});

test('a truth ages by our clock, however far the venue\'s is ahead', () => {
  const desk = new Desk();
  desk.aheadMs = 60_000;
  desk.live();
  desk.wait(1000);
  assert.equal(desk.state?.freshness, 'fresh');
  desk.venue.instead = () => ({ kind: 'unknown', reason: 'timeout' });
  desk.wait(30_000);
  assert.equal(desk.state.freshness, 'stale');
});

test('any number of suspicions leaves others something to ask', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(5000);
  const asked = desk.venue.asked.length;
  for (let k = 0; k < 400; k += 1) {
    desk.runtime.send('/truth', { type: 'truth.suspect', product: 'usdm', reason: 'a frame that nobody understands' });
    desk.wait(50);
  }
  const calls = desk.venue.asked.length - asked;
  // A few at once, and then a reading every other second.
  assert.ok(calls >= 20 && calls <= 120, `${calls} calls in 20 s`);
  assert.equal(desk.state?.freshness, 'stale');
  desk.wait(5000);
  assert.equal(desk.state.freshness, 'fresh');
});

test('fills of a time without a stream are found, booked once and settled; the silent stream is told so', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(1000);
  desk.venue.orders.push({ orderId: 9, clientId: `${OWN}9`, status: 'FILLED', side: 'BUY', qty: '0.010', executed: '0.010' });
  const ms = desk.nowMs;
  desk.venue.trades.push({ id: 70, orderId: 9, side: 'BUY', price: '100.0', qty: '0.010', fee: '0.05', realised: '0', ms });
  desk.venue.position = '0.010';
  desk.venue.wallet = '999.95';
  desk.wait(20_000);
  assert.deepEqual(desk.kinds, ['balanceMismatch', 'fillMissed']);
  assert.deepEqual(desk.ledger().balances, { USDT: '999.95' });
  assert.deepEqual(desk.ledger().positions, [{ symbol: 0, positionSide: 'BOTH', signedLots: 10, ownLots: 10 }]);
  assert.equal(desk.silences.length, 1);
  const told = desk.differences.length;
  desk.wait(60_000);
  assert.equal(desk.differences.length, told, 'told again after it was settled');
  assert.equal(desk.state?.freshness, 'fresh');
  // The stream brings it at last.
  desk.fill('70', 'buy', 10, true, { venueMs: ms });
  assert.deepEqual(desk.ledger().positions, [{ symbol: 0, positionSide: 'BOTH', signedLots: 10, ownLots: 10 }]);
});

test('a user stream that goes makes truth stale at once; it is fresh again only after everything was read', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  desk.tell({ type: 'user-stream', product: 'usdm', state: 'down', reason: 'reset' });
  assert.deepEqual(desk.state?.reasons, ['user stream: reset']);
  desk.wait(5000);
  desk.live();
  assert.equal(desk.state?.freshness, 'stale');
  desk.wait(100);
  assert.equal(desk.state?.freshness, 'fresh');
  assert.deepEqual(states(desk).slice(-3), ['fresh', 'stale', 'fresh']);
});

test('a suspicion makes it stale until everything was read', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  desk.tell({ type: 'truth.suspect', product: 'usdm', reason: 'an event that nobody understands' });
  assert.deepEqual(desk.state, { type: 'truth.state', product: 'usdm', freshness: 'stale', reasons: ['an event that nobody understands'], asOfMs: desk.state!.asOfMs, readMs: desk.state!.readMs, positions: [] });
  desk.wait(100);
  assert.equal(desk.state?.freshness, 'fresh');
});

test('a suspicion that comes while a reading is under way is not answered by it', () => {
  const desk = new Desk();
  desk.delayMs = 200;
  desk.live();
  desk.wait(5000);
  desk.tell({ type: 'truth.suspect', product: 'usdm', reason: 'first' });
  desk.wait(100);
  desk.tell({ type: 'truth.suspect', product: 'usdm', reason: 'second' });
  desk.wait(150);
  assert.equal(desk.state?.freshness, 'stale');
  assert.deepEqual(desk.state.reasons, ['second']);
  desk.wait(400);
  assert.equal(desk.state.freshness, 'fresh');
});

test('readings that fail leave it fresh until it is too old', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  desk.venue.instead = () => ({ kind: 'notSent', reason: 'breaker open' });
  desk.wait(20_000);
  assert.equal(desk.state?.freshness, 'fresh');
  desk.wait(10_000);
  assert.equal(desk.state.freshness, 'stale');
  assert.match(desk.state.reasons[0]!, /^last read \d+ ms ago: account: breaker open$/);
  desk.venue.instead = null;
  desk.wait(3000);
  assert.equal(desk.state.freshness, 'fresh');
});

test('when nobody knows what we believe, nothing is fresh', () => {
  const desk = new Desk();
  desk.local = null;
  desk.live();
  desk.wait(10_000);
  assert.deepEqual(states(desk), ['unknown']);
  assert.deepEqual(desk.states.at(-1)?.reasons, ['not read: what orders believes is not known: timeout']);
  desk.local = [];
  desk.wait(5000);
  assert.equal(desk.states.at(-1)?.freshness, 'fresh');
});

test('what stays different after it was told is not fresh', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  desk.obedient = false;
  desk.venue.orders.push({ orderId: 5, clientId: 'web_5', status: 'NEW', side: 'BUY', qty: '0.005', executed: '0' });
  desk.wait(15_000);
  assert.equal(desk.state?.freshness, 'stale');
  assert.deepEqual(desk.state.reasons, ['not settled: foreignOrder']);
  desk.obedient = true;
  desk.wait(5000);
  assert.equal(desk.state.freshness, 'fresh');
  assert.deepEqual(desk.local?.map(({ owner }) => owner), ['foreign']);
});

test('an order whose answer was lost is asked for by its name and told as it is', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  const base = { service: 'order' as const, symbol: 0, venueId: '', listId: null, side: 'buy' as const, positionSide: 'BOTH' as const, kind: 'LIMIT', reduceOnly: false, closePosition: false, priceTicks: 1000, triggerTicks: 0, lots: 10, filledLots: 0, owner: 'ours' as const, purpose: 'entry' as const, state: 'unknown' as const };
  desk.local = [{ ...base, clientId: `${OWN}gone`, changedMs: desk.nowMs, expiresMs: desk.nowMs + 5000 }, { ...base, clientId: `${OWN}dead`, changedMs: desk.nowMs, expiresMs: desk.nowMs + 5000 }];
  desk.venue.orders.push({ orderId: 6, clientId: `${OWN}dead`, status: 'CANCELED', side: 'BUY', qty: '0.010', executed: '0' });
  desk.wait(4000);
  assert.deepEqual(desk.local.map(({ clientId }) => clientId), [`${OWN}gone`, `${OWN}dead`], 'judged before its request had expired');
  desk.wait(75_000);
  assert.deepEqual(desk.local, []);
  assert.deepEqual([...new Set(desk.differences.flatMap(({ differences }) => differences.map((each) => `${each.kind} ${'fate' in each ? each.fate : ''}`)))].filter((kind) => kind.startsWith('unknown')).sort(), ['unknownOrderResolved ended', 'unknownOrderResolved neverWas']);
});

test('a position of ours is not called bare while its guard, who heard of it too, has time; nor a moment longer', () => {
  const desk = new Desk(new Venue(), null, undefined, true);
  desk.live();
  desk.wait(1000);
  desk.venue.trades.push({ id: 70, orderId: 1, side: 'BUY', price: '100.0', qty: '0.010', fee: '0', realised: '0', ms: desk.nowMs });
  desk.venue.position = '0.010';
  desk.fill('70', 'buy', 10, true);
  desk.wait(1300);
  desk.tell({ type: 'truth.suspect', product: 'usdm', reason: 'look now' });
  desk.wait(500);
  assert.deepEqual(desk.kinds, ['balanceMismatch']);
  assert.equal(desk.state?.freshness, 'fresh');
  // It is looked at again soon, whatever the schedule says.
  desk.wait(2500);
  assert.deepEqual(desk.kinds, ['balanceMismatch', 'protectiveStopMissing']);
});

test('funding is found in the incomes', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  desk.venue.incomes.push({ tranId: 4, income: '-0.25', ms: desk.nowMs });
  desk.venue.wallet = '999.75';
  desk.tell({ type: 'account.report', source: 'stream', whole: false, product: 'usdm', reason: 'FUNDING_FEE', balances: [{ asset: 'USDT', free: '999.75', locked: '0', total: '999.75' }], positions: [], venueMs: desk.nowMs });
  desk.wait(30_000);
  assert.deepEqual(desk.ledger().balances, { USDT: '999.75' });
  assert.deepEqual(desk.ledger().totals.funding, { USDT: '-0.25' });
  assert.deepEqual(desk.ledger().totals.unexplained, {});
});

test('a difference that nothing explains is taken from the exchange and kept as unexplained', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(5000);
  desk.venue.wallet = '1000.00000001';
  desk.wait(30_000);
  assert.deepEqual(desk.ledger().totals.unexplained, { USDT: '0.00000001' });
  assert.equal(desk.state?.freshness, 'fresh');
});

test('a refresh is answered when its own reading is done', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(5000);
  desk.tell({ type: 'truth.refresh', id: 'r1', replyTo: '/listener' });
  assert.equal(desk.refreshed.length, 0);
  desk.wait(100);
  assert.deepEqual(desk.refreshed, [{ type: 'truth.refreshed', id: 'r1', products: [{ product: 'usdm', ok: true, problem: '' }] }]);
  desk.venue.instead = () => ({ kind: 'refused', status: 401, code: -2015, text: 'Invalid API-key' });
  desk.tell({ type: 'truth.refresh', id: 'r2', replyTo: '/listener' });
  desk.wait(100);
  assert.deepEqual(desk.refreshed[1], { type: 'truth.refreshed', id: 'r2', products: [{ product: 'usdm', ok: false, problem: 'account: -2015 Invalid API-key' }] });
});

test('an answer that is not what the venue speaks fails the reading, and money is not guessed', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(100);
  const bodies: readonly Json[] = [null, [], 'x', { assets: [{ asset: 'USDT', walletBalance: 'NaN' }], positions: [] }, { assets: 7 }];
  for (const body of bodies) {
    desk.venue.instead = (path) => (path === '/fapi/v3/account' ? { kind: 'ok', status: 200, body } : null);
    desk.tell({ type: 'truth.refresh', id: 'r', replyTo: '/listener' });
    desk.wait(100);
    assert.equal(desk.refreshed.at(-1)?.products[0]?.ok, false);
  }
  assert.deepEqual(desk.ledger().balances, { USDT: '1000' });
});

test('lists of trades longer than a page are followed by their ids', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(1000);
  for (let id = 1; id <= 2500; id += 1) desk.venue.trades.push({ id, orderId: 9, side: id % 2 === 0 ? 'SELL' : 'BUY', price: '100.0', qty: '0.001', fee: '0.0001', realised: '0', ms: desk.nowMs });
  desk.venue.wallet = '999.75';
  desk.wait(20_000);
  assert.equal(desk.ledger().totals.fills, 2500);
  assert.deepEqual(desk.ledger().balances, { USDT: '999.75' });
  assert.deepEqual(desk.ledger().totals.unexplained, {});
});

test('the next run goes on from where this one had settled: what happened in between is booked, and nothing twice', () => {
  const venue = new Venue();
  const first = new Desk(venue);
  first.live();
  first.wait(5000);
  venue.orders.push({ orderId: 9, clientId: `${OWN}9`, status: 'FILLED', side: 'BUY', qty: '0.010', executed: '0.010' });
  venue.trades.push({ id: 1, orderId: 9, side: 'BUY', price: '100.0', qty: '0.010', fee: '0.05', realised: '0', ms: first.nowMs });
  venue.position = '0.010';
  venue.wallet = '999.95';
  first.fill('1', 'buy', 10, true, { fee: '0.05' });
  first.wait(100_000);
  const snapshot = (key: string): unknown => first.rows.filter((row) => row.table === 'snapshots' && row.key === key).at(-1)?.row;
  const settledMs = (snapshot('truth usdm') as { readonly settledMs: number }).settledMs;
  assert.ok(settledMs > START_MS + 5000);
  // The other one sells 4 lots while nobody looks.
  venue.trades.push({ id: 2, orderId: 10, side: 'SELL', price: '101.0', qty: '0.004', fee: '0.02', realised: '0.004', ms: settledMs + 1000 });
  venue.orders.push({ orderId: 10, clientId: `${OWN}10`, status: 'FILLED', side: 'SELL', qty: '0.004', executed: '0.004' });
  venue.position = '0.006';
  venue.wallet = '999.934';
  const second = new Desk(venue, JSON.parse(JSON.stringify(snapshot('ledger usdm'))), settledMs);
  second.wait(200_000);
  second.live();
  second.wait(1000);
  assert.deepEqual(second.kinds.filter((kind) => kind !== 'fillMissed'), []);
  assert.deepEqual(second.ledger().balances, { USDT: '999.934' });
  assert.deepEqual(second.ledger().positions, [{ symbol: 0, positionSide: 'BOTH', signedLots: 6, ownLots: 6 }]);
  assert.equal(second.ledger().totals.fills, 2);
  assert.equal(second.state?.freshness, 'fresh');
});
