import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientIdOf, isOurs } from '../../../actors/orders/ids.js';
import { isOpen } from './sim-venue.js';
import { Orders, SURE } from './harness.js';

describe('orders at a venue', () => {
  it('writes the intent to the disk before the order leaves, and tells of accept and fills', () => {
    const orders = new Orders();
    orders.flushUs = 20_000;
    orders.place('a').run(19);
    assert.equal(orders.calls.length, 0);
    orders.run(10);
    assert.equal(orders.calls.length, 1);
    assert.equal(orders.calls[0]!.params['newClientOrderId'], orders.clientId('a'));
    orders.venue.fill(orders.venue.orders[0]!, 4);
    orders.run(5);
    orders.venue.fill(orders.venue.orders[0]!, 6);
    orders.run(5);
    assert.deepEqual(orders.states('a'), ['journalling', 'submitted', 'accepted', 'partiallyFilled', 'filled']);
    assert.deepEqual(orders.events.map(({ type }) => type), ['order.accepted', 'order.fill', 'order.fill']);
    assert.deepEqual(orders.events.flatMap((event) => (event.type === 'order.fill' ? [event.remainingLots] : [])), [6, 0]);
    assert.equal(orders.fills[0]!.price, '100.0');
    assert.equal(orders.fills[0]!.quantity, '0.004');
  });

  it('makes ids of run and intent, at most 36 characters of the venue\'s alphabet', () => {
    const id = clientIdOf('fl', 'run', '/trading/strategies/BTCUSDT#1-1');
    assert.match(id, /^[.A-Z:/a-z0-9_-]{1,36}$/);
    assert.equal(id, clientIdOf('fl', 'run', '/trading/strategies/BTCUSDT#1-1'));
    assert.notEqual(id, clientIdOf('fl', 'run2', '/trading/strategies/BTCUSDT#1-1'));
    assert.ok(isOurs('fl', id));
    assert.ok(!isOurs('fl', 'web_abcdefgh'));
  });

  it('finds an order whose answer was lost, and never sends it again', () => {
    const orders = new Orders();
    orders.streams = () => [];
    orders.fate = ({ method }) => (method === 'POST' ? { ...SURE, backUs: null, unknownUs: 100_000 } : SURE);
    orders.place('a').run(1000);
    assert.deepEqual(orders.states('a'), ['journalling', 'submitted', 'unknown', 'accepted']);
    assert.equal(orders.venue.accepted.length, 1);
  });

  it('believes that an order never arrived only when it cannot arrive any more', () => {
    const orders = new Orders();
    orders.fate = ({ method }) => (method === 'POST' ? { ...SURE, thereUs: null, unknownUs: 100_000 } : SURE);
    orders.place('a').run(5900);
    assert.deepEqual(orders.states('a'), ['journalling', 'submitted', 'unknown']);
    orders.place('b');
    assert.deepEqual(orders.events.map((event) => (event.type === 'order.rejected' ? `${event.id} ${event.reason}` : event.type)), ['b unknown_order']);
    orders.run(10_000);
    assert.equal(orders.states('a').at(-1), 'rejected');
    const steps = orders.calls.slice(-3).map(({ path }) => path);
    assert.deepEqual(steps, ['/fapi/v1/order', '/fapi/v1/openOrders', '/fapi/v1/userTrades']);
    orders.place('c').run(100);
    assert.equal(orders.calls.filter(({ method }) => method === 'POST').length, 2);
  });

  it('takes a request that arrives late as the order it is', () => {
    const orders = new Orders();
    orders.streams = () => [];
    orders.fate = ({ method }) => (method === 'POST' ? { thereUs: 4_500_000, backUs: null, unknownUs: 100_000, lie: 'none' } : SURE);
    orders.place('a').run(12_000);
    assert.equal(orders.states('a').at(-1), 'accepted');
    assert.equal(orders.venue.accepted.length, 1);
  });

  it('asks what became of a cancel whose answer was lost, and books fills the stream has swallowed', () => {
    const orders = new Orders();
    orders.place('a').run(50);
    orders.streams = () => [];
    orders.venue.fill(orders.venue.orders[0]!, 3);
    orders.fate = ({ method }) => (method === 'DELETE' ? { ...SURE, backUs: null, unknownUs: 100_000 } : SURE);
    orders.cancel('a').run(3000);
    assert.deepEqual(orders.states('a'), ['journalling', 'submitted', 'accepted', 'unknown', 'collecting', 'canceled']);
    assert.equal(orders.fills.length, 1);
    assert.deepEqual(orders.events.map(({ type }) => type), ['order.accepted', 'order.fill', 'order.canceled']);
  });

  it('books a fill that comes after the end, once, and does not bring the order back', () => {
    const orders = new Orders({ params: { lingerMs: 1000 } });
    orders.place('a').run(50);
    const order = orders.venue.orders[0]!;
    orders.cancel('a').run(20_000);
    assert.equal(orders.states('a').at(-1), 'canceled');
    orders.streams = () => [1000, 2000];
    orders.venue.fill(order, 2);
    orders.run(20_000);
    assert.equal(orders.states('a').at(-1), 'canceled');
    assert.equal(orders.fills.length, 1);
    assert.equal(orders.fills[0]!.late, true);
  });

  it('follows an algo order into what it becomes', () => {
    const orders = new Orders();
    orders.place('s', { kind: 'stop', side: 'sell', reduceOnly: true, reduces: 'a', priceTicks: 900 }).run(50);
    assert.equal(orders.calls[0]!.path, '/fapi/v1/algoOrder');
    assert.equal(orders.calls[0]!.params['triggerPrice'], '90.0');
    const algo = orders.venue.algos[0]!;
    orders.venue.trigger(algo);
    orders.run(10);
    orders.venue.fill(algo.spawned!, 10);
    orders.run(50);
    assert.deepEqual(orders.states('s'), ['journalling', 'submitted', 'accepted', 'triggered', 'filled']);
    assert.equal(orders.fills[0]!.entryId, 'a');
  });

  it('opens nothing and cancels entries when the record cannot be written; what takes risk off still goes', () => {
    const orders = new Orders();
    orders.place('a').place('x', { kind: 'limit', side: 'sell', reduceOnly: true, reduces: 'a' }).run(50);
    orders.storeDown = true;
    orders.send({ type: 'store.failed', problem: 'disk full' });
    orders.place('b').place('y', { kind: 'market', side: 'sell', reduceOnly: true, lots: 5, reduces: 'a' }).run(200);
    assert.equal(orders.states('a').at(-1), 'canceled');
    assert.equal(orders.states('x').at(-1), 'accepted');
    assert.equal(orders.states('b').at(-1), 'rejected');
    assert.equal(orders.states('y').at(-1), 'filled');
    assert.equal(orders.venue.orders.filter(isOpen).length, 1);
  });
});
