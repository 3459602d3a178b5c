import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../actors/engine/io.js';
import type { OrdersAnswer } from '../../../actors/truth/messages.js';
import { clientIdOf, isOurs } from '../../../actors/orders/ids.js';
import { begin, type Knowledge, newRecord, react, recovered } from '../../../actors/orders/knowledge.js';
import { openOrdersOf } from '../../../actors/orders/rows.js';
import { ordersSchema } from '../../../config/engine/orders.js';
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

  it('tells a user stream that it is dead when orders fill and it tells of none, and not when it is late', () => {
    const orders = new Orders();
    const market = (id: string): void => {
      orders.place(id, { kind: 'market', priceTicks: 0, timeInForce: 'IOC' }).run(10);
      const order = orders.venue.orders.at(-1)!;
      if (isOpen(order)) orders.venue.fill(order, 10);
      orders.run(15_000);
      assert.equal(orders.states(id).at(-1), 'filled');
    };
    orders.streams = () => [3_000_000];
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) market(id);
    assert.deepEqual(orders.toStream, []);
    orders.streams = () => [];
    for (const id of ['g', 'h', 'i', 'j']) market(id);
    assert.deepEqual(orders.toStream, [{ type: 'stream.silent', product: 'usdm', reason: '4 orders have filled, and it has told of none' }]);
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

  it('waits by the venue\'s clock for what an earlier life sent', () => {
    const orders = new Orders();
    orders.place('a').run(10);
    const changed = orders.news.find((news) => news.type === 'order.changed');
    assert.ok(changed?.type === 'order.changed');
    const params = ordersSchema.parse({});
    const aheadMs = 60_000;
    const absent = (known: Knowledge, atMs: number): Knowledge =>
      react({ ...known, asking: 1 }, { type: 'answer', step: 'order', call: 1, stampMs: atMs + aheadMs, expiresMs: atMs + aheadMs + 5000, told: { kind: 'absent', text: '' } }, atMs, params);
    const first = absent(begin(recovered(newRecord(changed.intent), 1_000_000, params)), 1_000_100);
    assert.deepEqual([first.step, first.absent], ['order', false]);
    assert.equal(absent(first, 1_003_000).absent, false);
    assert.equal(absent(first, 1_000_100 + params.longestWindowMs + params.clockMarginMs + 1).absent, true);
  });

  it('asks again whose a trade is when nobody ever answered', () => {
    const orders = new Orders();
    let deaf = true;
    orders.fate = ({ method, params }) => (method === 'POST' ? { ...SURE, thereUs: null, unknownUs: 100_000 } : deaf && params['orderId'] !== undefined ? { ...SURE, thereUs: null, unknownUs: 1e15 } : SURE);
    orders.streams = () => [];
    orders.place('a').run(10);
    orders.venue.handle({ type: 'venue.call', id: 'web', replyTo: '', class: 'order', reducing: false, product: 'usdm', method: 'POST', path: '/fapi/v1/order', params: { side: 'BUY', type: 'MARKET', quantity: '0.010', newClientOrderId: 'web' }, security: 'signed', weight: 1, orders: 1 }, Math.floor(orders.nowUs / 1000));
    orders.run(20_000);
    assert.equal(orders.states('a').at(-1), 'unknown');
    deaf = false;
    orders.run(60_000);
    assert.equal(orders.states('a').at(-1), 'rejected');
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

  it('tells of orders that are not ours, and of each of their fills once', () => {
    const orders = new Orders();
    orders.place('a').run(50);
    const report = {
      type: 'order.report', source: 'stream', product: 'usdm', symbol: 0, clientId: 'web_1', venueId: '99', status: 'PARTIALLY_FILLED', side: 'sell', positionSide: 'BOTH', kind: 'LIMIT',
      timeInForce: 'GTC', reduceOnly: false, priceTicks: 1000, triggerTicks: 0, lots: 5, filledLots: 2,
      fill: { tradeId: 't9', priceTicks: 1000, lots: 2, maker: true, fee: '0', feeAsset: 'USDT', realised: '0', venueMs: 1 }, venueMs: 1, reason: '',
    } as const;
    orders.send(report).send(report);
    assert.deepEqual(orders.fills.map(({ ours, fill, late }) => [ours, fill.tradeId, late]), [[false, 't9', false]]);
    assert.deepEqual(orders.news.flatMap((news) => (news.type === 'order.foreign' ? [news.forgotten] : [])), [false, false]);
    orders.send({ ...report, clientId: clientIdOf('fl', 'another run', 'x'), venueId: '100', fill: null });
    assert.equal(orders.news.filter((news) => news.type === 'order.foreign' && news.forgotten).length, 1);
  });

  it('adopts what truth finds at the venue that is not ours, and lets it go when truth says that it is gone', () => {
    const orders = new Orders();
    const order = {
      service: 'order', symbol: 0, clientId: 'web_9', venueId: '4711', listId: null, side: 'buy', positionSide: 'BOTH', kind: 'LIMIT', reduceOnly: false, closePosition: false, priceTicks: 5, triggerTicks: 0, lots: 3, filledLots: 0,
    } as const;
    const open = (): string[] => {
      const told: string[] = [];
      orders.runtime.ask<OrdersAnswer>('/trading/orders', { type: 'orders.open', product: 'usdm' }, 1000, (answer) => void told.push(...(answer.ok ? answer.value.orders.map(({ owner, clientId, lots }) => `${owner} ${clientId} ${lots}`) : ['nobody'])));
      orders.run(1);
      return told;
    };
    orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 0, differences: [{ kind: 'foreignOrder', order, origin: 'foreign', action: { do: 'adoptOrder', order, owner: 'foreign' } }] });
    assert.deepEqual(open(), ['foreign web_9 3']);
    const gone = { ...order, owner: 'foreign', purpose: 'other', state: 'open', changedMs: 0, expiresMs: 0 } as const;
    orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 1, differences: [{ kind: 'missingOrderAtVenue', order: gone, action: { do: 'forgetOrder', clientId: 'web_9' } }] });
    assert.deepEqual(open(), []);
  });

  it('adopts as foreign what stands under the name of an order of ours of which the venue has told that it is over: truth would tell of it for ever', () => {
    const orders = new Orders();
    const open = (): string[] => {
      const told: string[] = [];
      orders.runtime.ask<OrdersAnswer>('/trading/orders', { type: 'orders.open', product: 'usdm' }, 1000, (answer) => void told.push(...(answer.ok ? answer.value.orders.map(({ owner, clientId, venueId }) => `${owner} ${clientId} ${venueId}`) : ['nobody'])));
      orders.run(1);
      return told;
    };
    orders.place('mine').run(20).cancel('mine').run(20);
    assert.equal(orders.states('mine').at(-1), 'canceled');
    const clientId = orders.clientId('mine');
    const order = { service: 'order', symbol: 0, clientId, venueId: '4711', listId: null, side: 'sell', positionSide: 'BOTH', kind: 'LIMIT', reduceOnly: false, closePosition: false, priceTicks: 5, triggerTicks: 0, lots: 3, filledLots: 0 } as const;
    const calls = orders.calls.length;
    const tell = (): unknown => orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 0, differences: [{ kind: 'forgottenOrder', order, action: { do: 'adoptOrder', order, owner: 'ours' } }] }).run(100);
    tell();
    assert.deepEqual(open(), [`foreign ${clientId} 4711`]);
    // The same when its actor has ended.
    orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 1, differences: [{ kind: 'missingOrderAtVenue', order: { ...order, owner: 'foreign', purpose: 'other', state: 'open', changedMs: 0, expiresMs: 0 }, action: { do: 'forgetOrder', clientId } }] });
    assert.deepEqual(open(), []);
    orders.run(60_000);
    orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 2, differences: [{ kind: 'forgottenOrder', order: { ...order, venueId: '4712' }, action: { do: 'adoptOrder', order: { ...order, venueId: '4712' }, owner: 'ours' } }] });
    assert.deepEqual(open(), [`foreign ${clientId} 4712`]);
    assert.deepEqual(orders.calls.slice(calls).filter(({ method }) => method !== 'GET'), [], 'nobody withdraws what may be another\'s');
    assert.equal(orders.states('mine').at(-1), 'canceled');
  });

  it('withdraws a stop of ours that no record holds when truth finds it an orphan, and nobody else\'s', () => {
    const orders = new Orders();
    const stop = (clientId: string) => ({
      service: 'algo', symbol: 0, clientId, venueId: '77', listId: null, side: 'sell', positionSide: 'BOTH', kind: 'STOP_MARKET', reduceOnly: true, closePosition: false, priceTicks: 0, triggerTicks: 970, lots: 3, filledLots: 0,
    } as const);
    for (const clientId of ['web_9', 'fl-9pit7uv8-tg42qo55jgvmn2ugro']) {
      const order = stop(clientId);
      orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 0, differences: [{ kind: 'orphanStop', order, action: { do: 'cancelOrder', order } }] });
    }
    assert.deepEqual(orders.calls.map(({ method, path, params, reducing }) => [method, path, params, reducing]), [['DELETE', '/fapi/v1/algoOrder', { algoId: '77' }, true]]);
    orders.run(1000);
  });

  it('gives up an order in doubt when an operator says so; what turns up after all is withdrawn, and its fills are booked', () => {
    const orders = new Orders();
    // Taken, filled in part later, and never a word of it.
    orders.fate = (call) => ({ ...SURE, backUs: call.method === 'POST' || call.method === 'GET' ? null : 2000 });
    orders.streams = () => [];
    orders.place('a').run(20_000);
    assert.equal(orders.states('a').at(-1), 'unknown');
    assert.deepEqual(orders.news.flatMap((news) => (news.type === 'order.blocked' ? [news.on] : [])), [true]);
    orders.send({ type: 'orders.giveUp', clientId: orders.clientId('a'), by: 'tester' }).run(10);
    assert.equal(orders.states('a').at(-1), 'rejected');
    assert.deepEqual(orders.events.map((event) => [event.type, 'reason' in event ? event.reason : '']), [['order.rejected', 'given_up: tester']]);
    assert.deepEqual(orders.news.flatMap((news) => (news.type === 'order.blocked' ? [news.on] : [])), [true, false]);
    // Again, and of one that is over: nothing.
    orders.send({ type: 'orders.giveUp', clientId: orders.clientId('a'), by: 'tester' }).run(10);
    orders.fate = () => SURE;
    orders.streams = () => [1000];
    const venueOrder = orders.venue.orders[0]!;
    orders.venue.fill(venueOrder, 4);
    orders.run(20_000);
    assert.deepEqual(orders.fills.map(({ fill, late }) => [fill.lots, late]), [[4, true]]);
    assert.equal(isOpen(venueOrder), false, 'what is left of it is cancelled');
    assert.equal(orders.calls.filter(({ method }) => method === 'POST').length, 1);
  });

  it('tells truth of an order that is over as long as a list that was asked for before may still have it', () => {
    const orders = new Orders();
    const told = (): { readonly open: readonly string[]; readonly ended: readonly string[] } => {
      const answers: OrdersAnswer[] = [];
      orders.runtime.ask<OrdersAnswer>('/trading/orders', { type: 'orders.open', product: 'usdm' }, 1000, (answer) => void (answer.ok && answers.push(answer.value)));
      orders.run(1);
      return { open: answers[0]!.orders.map(({ clientId }) => clientId), ended: (answers[0]!.ended ?? []).map(({ clientId }) => clientId) };
    };
    orders.place('o').run(10);
    const id = orders.clientId('o');
    assert.deepEqual(told(), { open: [id], ended: [] });
    orders.cancel('o').run(20);
    // Its actor still waits for late reports; then it is remembered; then no list is that old.
    assert.deepEqual(told(), { open: [], ended: [id] });
    orders.run(60_000);
    assert.deepEqual(told(), { open: [], ended: [id] });
    orders.run(120_000);
    assert.deepEqual(told(), { open: [], ended: [] });
  });

  it('tells truth of an order whose cancel was never answered that an older list proves nothing of it; of one whose placing was not, nothing like it', () => {
    const orders = new Orders();
    const leaving = (): readonly string[] => {
      const told: string[] = [];
      orders.runtime.ask<OrdersAnswer>('/trading/orders', { type: 'orders.open', product: 'usdm' }, 1000, (answer) => void (answer.ok && told.push(...answer.value.orders.map(({ state, leaving: leaves }) => `${state} ${leaves === true}`))));
      orders.run(1);
      return told;
    };
    orders.place('stays').run(10);
    assert.deepEqual(leaving(), ['open false']);
    orders.fate = () => ({ ...SURE, backUs: null });
    orders.streams = () => [];
    orders.cancel('stays').place('new').run(4000);
    assert.deepEqual(leaving(), ['unknown true', 'unknown false']);
  });

  it('names the leg in hedge mode, and takes the mode from truth', () => {
    const orders = new Orders();
    orders.send({ type: 'truth.differences', product: 'usdm', askedMs: 0, differences: [{ kind: 'positionModeChanged', hedgeMode: true, action: { do: 'setMode', hedgeMode: true } }] });
    orders.place('long').place('exit', { side: 'sell', reduceOnly: true, reduces: 'long' }).place('cover', { side: 'buy', reduceOnly: true }).run(10);
    assert.deepEqual(orders.calls.map(({ params }) => [params['side'], params['positionSide'], params['reduceOnly']]), [['BUY', 'LONG', undefined], ['SELL', 'LONG', undefined], ['BUY', 'SHORT', undefined]]);
  });

  it('goes on from the rows of an earlier run without sending anything again', () => {
    const first = new Orders();
    first.place('open').place('exit', { side: 'sell', reduceOnly: true, reduces: 'open' }).run(50);
    first.venue.fill(first.venue.orders[1]!, 4);
    const { records, problems } = openOrdersOf([...first.rows.values()], () => 0);
    assert.deepEqual(problems, []);
    const second = new Orders({ venue: first.venue, after: first, run: 'run-2', recovered: records, startUs: first.nowUs + 1_000_000 });
    second.run(2000);
    assert.equal(second.calls.filter(({ method }) => method === 'POST').length, 0);
    assert.deepEqual([second.states('open').at(-1), second.states('exit').at(-1)], ['canceled', 'partiallyFilled']);
    assert.deepEqual(second.fills.map(({ fill }) => fill.lots), [4]);
  });

  it('reads any row, or says what is wrong with it', () => {
    const orders = new Orders();
    orders.place('a').run(50);
    const good = [...orders.rows.values()][0]!;
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom('intent', 'tradeIds', 'end', 'filledLots', 'doubt'), (value, field) => {
      const record = { ...(good.row['record'] as object), [field]: value };
      for (const row of [{ ...good.row, record: value as Json }, { ...good.row, record: record as unknown as Json }, { ...good.row, instrument: value as Json }]) {
        const read = openOrdersOf([{ ...good, row }], () => 0);
        assert.equal(read.records.length + read.problems.length, 1);
      }
    }), { numRuns: 200 });
  });
});
