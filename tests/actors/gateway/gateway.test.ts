import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LONGEST_RETRY_AFTER_S, type RestOutcome } from '../../../actors/engine/io.js';
import type { VenueOutcome } from '../../../actors/engine/venue-calls.js';
import { classify } from '../../../actors/gateway/classify.js';
import { GatewayHarness, NO_HEADERS, START_US } from './harness.js';

/** The user stream has its listen key, and waits for its socket. */
const opened = (options?: ConstructorParameters<typeof GatewayHarness>[0]): GatewayHarness => {
  const harness = new GatewayHarness(options);
  if (harness.requests.length > 0) harness.reply(200, { listenKey: 'secret:0' });
  harness.requests.length = 0;
  return harness;
};
const kindOf = ({ outcome }: VenueOutcome): string => outcome.kind;
const answer = (status: number, body: unknown): RestOutcome => ({ kind: 'answer', status, headers: NO_HEADERS, body: body as never });

describe('what an answer means', () => {
  const cases: readonly (readonly [what: string, outcome: RestOutcome, kind: string, result: string])[] = [
    ['200', answer(200, { orderId: 1 }), 'ok', 'ok'],
    ['200 that says success in words of its own', answer(200, { code: 200, msg: 'success' }), 'ok', 'ok'],
    ['200 with an error inside', answer(200, { code: -2010, msg: 'no' }), 'refused', 'ok'],
    ['200 with an unknown outcome inside', answer(200, { code: -1007, msg: 'Timeout' }), 'unknown', 'failed'],
    ['400 with the venue\'s code', answer(400, { code: -2019, msg: 'Margin is insufficient.' }), 'refused', 'ok'],
    ['400 with -1007', answer(400, { code: -1007, msg: 'Timeout' }), 'unknown', 'failed'],
    ['400 with -1006', answer(400, { code: -1006, msg: 'Unexpected' }), 'unknown', 'failed'],
    ['400 without a code', answer(400, { error: 'bad' }), 'unknown', 'failed'],
    ['400 whose code is text', answer(400, { code: '-2011', msg: 'Unknown order sent.' }), 'refused', 'ok'],
    ['404', answer(404, {}), 'refused', 'ok'],
    ['409', answer(409, { code: -2021, msg: 'partial' }), 'unknown', 'ok'],
    ['429', answer(429, { code: -1003, msg: 'much' }), 'refused', 'unsent'],
    ['418', answer(418, { code: -1003, msg: 'banned' }), 'refused', 'unsent'],
    ['500', answer(500, { code: -1000, msg: 'unknown' }), 'unknown', 'failed'],
    ['503 without a code', answer(503, {}), 'unknown', 'failed'],
    ['503 with -1008, which is taken nowhere', answer(503, { code: -1008, msg: 'overloaded' }), 'refused', 'failed'],
    ['the page of a 502', { kind: 'malformed', status: 502, headers: NO_HEADERS, problem: 'a page', text: '' }, 'unknown', 'failed'],
    ['the page of a 403', { kind: 'malformed', status: 403, headers: NO_HEADERS, problem: 'a page', text: '' }, 'refused', 'failed'],
    ['half of a 200', { kind: 'malformed', status: 200, headers: NO_HEADERS, problem: 'half', text: '' }, 'unknown', 'failed'],
    ['a redirect', { kind: 'malformed', status: 302, headers: NO_HEADERS, problem: 'a redirect', text: '' }, 'unknown', 'failed'],
    ['no answer', { kind: 'failed', reason: 'reset', sent: 'maybe' }, 'unknown', 'failed'],
    ['no connection', { kind: 'failed', reason: 'refused', sent: 'no' }, 'notSent', 'failed'],
    ['cancelled by ourselves', { kind: 'failed', reason: 'cancelled', sent: 'no' }, 'notSent', 'unsent'],
  ];
  for (const [what, outcome, kind, result] of cases) {
    test(`${what}: ${kind}`, () => {
      const { outcome: { kind: found }, result: forBreaker } = classify(outcome);
      assert.deepEqual([found, forBreaker], [kind, result]);
    });
  }

  test('whatever the body is, nothing but 2xx without an error is ok, and nothing is thrown', () => {
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.jsonValue({ maxDepth: 3 }), (status, body) => {
      const { outcome } = classify(answer(status, body));
      if (outcome.kind === 'ok') assert.ok(status >= 200 && status < 300);
      if (status >= 500) assert.notEqual(outcome.kind, 'ok');
    }), { numRuns: 300 });
  });
});

describe('a call', () => {
  test('goes out signed, stamped with the venue\'s time and a window, and its outcome says both', () => {
    const harness = opened();
    harness.give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: 2_500_000, uncertaintyUs: 0 });
    const id = harness.call({ params: { symbol: 'BTCUSDT', side: 'BUY' } });
    const [request] = harness.requests;
    assert.deepEqual(request?.params, { symbol: 'BTCUSDT', side: 'BUY', recvWindow: '5000', timestamp: String(START_US / 1000 + 2500) });
    assert.equal(request?.flushFirst, true);
    assert.equal(request?.security, 'signed');
    harness.reply(200, { orderId: 7 });
    assert.deepEqual(harness.outcome(id), { type: 'venue.outcome', id, stampMs: START_US / 1000 + 2500, recvWindowMs: 5000, outcome: { kind: 'ok', status: 200, body: { orderId: 7 } } });
  });

  test('waits for nobody\'s sake longer than its time; an answer after that changes nothing', () => {
    const harness = opened();
    const id = harness.call({ timeoutMs: 3000 });
    const [request] = harness.requests;
    assert.equal(request?.timeoutMs, 3000);
    harness.pass(4001);
    assert.deepEqual(harness.outcome(id).outcome, { kind: 'unknown', reason: 'the host gave no answer' });
    harness.answer(request!, answer(200, {}));
    assert.equal(harness.outcomes.length, 1);
  });

  test('under an id that is in use is not a second call', () => {
    const harness = opened();
    harness.call({ id: 'same' });
    harness.call({ id: 'same' });
    assert.equal(harness.requests.length, 1);
    harness.reply(200, {});
    assert.equal(kindOf(harness.outcome('same')), 'ok');
  });

  test('without a key is not sent; a key that can withdraw is not used', () => {
    for (const options of [{ keyId: null }, { rights: { reads: true, withdraws: true, tradesSpot: true, tradesUsdm: true, tradesOptions: true, ipRestricted: false } }]) {
      const harness = opened(options);
      const id = harness.call();
      assert.equal(harness.requests.length, 0);
      assert.equal(kindOf(harness.outcome(id)), 'notSent');
    }
  });

  test('outlives a crash of the gateway: one outcome, from the answer', () => {
    const harness = opened();
    const id = harness.call();
    const [request] = harness.requests;
    harness.give('/venue/gateway', { type: 'rest.answer', id: 'x', sentUs: 0, receivedUs: 0, get outcome(): RestOutcome { throw new Error('planted'); } });
    harness.give('/venue/gateway', null);
    harness.pass(100);
    harness.answer(request!, answer(200, { orderId: 1 }));
    assert.equal(kindOf(harness.outcome(id)), 'ok');
  });
});

describe('a stamp that the venue refuses', () => {
  const OFF = { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' };
  test('has the clock measured and the call sent once more, with the time it is then', () => {
    const harness = opened();
    const id = harness.call();
    harness.reply(400, OFF);
    assert.deepEqual(harness.clock, [{ type: 'clock.measure', product: 'usdm' }]);
    assert.equal(harness.requests.length, 1);
    harness.pass(40).give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: -10_000_000, uncertaintyUs: 0 });
    assert.equal(harness.requests.length, 2);
    assert.equal(harness.requests[1]?.params['timestamp'], String(START_US / 1000 + 40 - 10_000));
    harness.reply(200, {});
    assert.equal(kindOf(harness.outcome(id)), 'ok');
  });
  test('is stayed away from: what is uncertain of the offset is taken off the stamp, up to a quarter of its window', () => {
    const harness = opened();
    const stampAfter = (uncertaintyUs: number): number => {
      harness.give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: 4_000_000, uncertaintyUs }).exchange(200, {});
      return Number(harness.requests.at(-1)!.params['timestamp']) - START_US / 1000;
    };
    assert.deepEqual([stampAfter(300_000), stampAfter(9_000_000)], [3700, 2750]);
  });
  test('is no end yet for what takes risk off: it goes up to three times more', () => {
    const harness = opened();
    const id = harness.call({ reducing: true, timeoutMs: 60_000 });
    for (let k = 0; k < 3; k += 1) harness.reply(400, OFF).give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: 0, uncertaintyUs: 0 });
    assert.equal(harness.requests.length, 4);
    harness.reply(400, OFF);
    assert.equal(kindOf(harness.outcome(id)), 'refused');
  });
  test('twice is refused; so is one whose clock does not come', () => {
    const harness = opened();
    const id = harness.call();
    harness.reply(400, OFF).give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: 0, uncertaintyUs: 0 }).reply(400, OFF);
    assert.equal(kindOf(harness.outcome(id)), 'refused');
    const other = harness.call();
    harness.reply(400, OFF).pass(5001);
    assert.equal(kindOf(harness.outcome(other)), 'refused');
  });
});

describe('limits', () => {
  test('a share of every bucket is for what takes risk off', () => {
    const harness = opened();
    for (let k = 0; k < 240; k += 1) harness.exchange(200, {});
    harness.call();
    assert.equal(harness.requests.length, 240, 'the 241st opens nothing: the rest of 300 is the reserve');
    for (let k = 0; k < 60; k += 1) harness.exchange(200, {}, { reducing: true });
    assert.equal(harness.requests.length, 300);
    harness.call({ reducing: true });
    assert.equal(harness.requests.length, 300, 'and the reserve is not without end');
    harness.pass(34);
    assert.equal(harness.requests.length, 301, 'a token comes back in a thirtieth of a second');
  });

  test('the journal has when a bucket ran dry, of what, and when it was over', () => {
    const harness = opened();
    for (let k = 0; k < 240; k += 1) harness.exchange(200, {});
    harness.call();
    harness.call();
    harness.exchange(200, {}, { reducing: true });
    harness.pass(2000);
    harness.exchange(200, {});
    const edges = harness.decisions.filter(({ data }) => data['limits'] === 'usdm' && (data['to'] === 'short' || data['to'] === 'enough'));
    assert.deepEqual(edges.map(({ data }) => [data['to'], data['cause']]), [['short', 'usdm: orders per 10s used up'], ['enough', 'its tokens have come again']]);
    assert.deepEqual(harness.rows.filter(({ table }) => table === 'breakers').map(({ row }) => row['to']), ['short', 'enough']);
  });

  test('what the venue says is used counts when it is more', () => {
    const harness = opened();
    harness.exchange(200, {}, { class: 'account', method: 'GET', weight: 5, orders: 0 });
    harness.call({ class: 'account', method: 'GET', weight: 5, orders: 0 });
    harness.reply(200, {}, { usedWeight: { '1m': 2300 } });
    harness.call({ class: 'account', method: 'GET', weight: 5, orders: 0 });
    assert.equal(harness.requests.length, 2, '100 of 2400 are left, less than the reserve');
    harness.call({ class: 'cancel', method: 'DELETE', reducing: true, weight: 1, orders: 0 });
    assert.equal(harness.requests.length, 3);
  });

  test('a request that costs more than there ever is does not wait', () => {
    const harness = opened();
    const id = harness.call({ weight: 2000 });
    assert.equal(kindOf(harness.outcome(id)), 'notSent');
  });

  test('after 429 nothing goes until the venue allows it; the journal has when and why', () => {
    const harness = opened();
    const id = harness.call();
    harness.reply(429, { code: -1003, msg: 'Too many requests' }, { retryAfterS: 7 });
    assert.deepEqual(harness.outcome(id).outcome, { kind: 'refused', status: 429, code: -1003, text: 'Too many requests' });
    const soon = harness.call({ timeoutMs: 5000 });
    assert.equal(kindOf(harness.outcome(soon)), 'notSent', 'its time is over before then');
    const late = harness.call({ reducing: true, timeoutMs: 10_000 });
    assert.equal(harness.requests.length, 1);
    harness.pass(7000);
    assert.equal(harness.requests.length, 2);
    harness.reply(200, {});
    assert.equal(kindOf(harness.outcome(late)), 'ok');
    assert.deepEqual(harness.controls.slice(1), ['blocked 0', 'free 7000']);
    assert.deepEqual(harness.rows.filter(({ table }) => table === 'breakers').map(({ table, row }) => [table, row['to']]), [['breakers', 'blocked'], ['breakers', 'free']]);
  });

  test('a ban on one product stops it whole, and on the others all but what takes risk off, until it is over or an operator says so', () => {
    const harness = opened({ products: ['spot', 'usdm'] });
    harness.call({ product: 'spot', path: '/api/v3/order' });
    harness.reply(418, { code: -1003, msg: 'banned' }, { retryAfterS: 120 });
    const sent = harness.requests.length;
    harness.call({ product: 'spot', reducing: true, timeoutMs: 10_000 });
    harness.call({ product: 'usdm', timeoutMs: 10_000 });
    assert.equal(harness.requests.length, sent);
    harness.call({ product: 'usdm', reducing: true });
    assert.equal(harness.requests.length, sent + 1);
    harness.give('/venue/limits', { type: 'limits.release', product: 'spot' });
    harness.call({ product: 'usdm' });
    assert.equal(harness.requests.length, sent + 2);
  });

  test('a ban outlives the process that earned it, and no Retry-After is believed for longer than any ban', () => {
    const first = opened();
    first.call();
    first.reply(418, { code: -1003, msg: 'banned' }, { retryAfterS: LONGEST_RETRY_AFTER_S });
    assert.match(String(first.decisions.find(({ data }) => data['to'] === 'banned')?.data['cause']), /no longer than that is believed/);
    const [row] = first.rows.filter(({ table }) => table === 'snapshots');
    const later = (change: object = {}): GatewayHarness => opened({ recovered: [{ ...row!, row: { blocked: { usdm: { ...(row!.row['blocked'] as { readonly usdm: object }).usdm, ...change } } } as never, seq: 1, atUs: 0 }] });
    const goes = (harness: GatewayHarness): boolean => {
      const sent = harness.requests.length;
      harness.call({ reducing: true });
      return harness.requests.length > sent;
    };
    const harness = later();
    assert.equal(goes(harness), false);
    harness.give('/venue/limits', { type: 'limits.release', product: 'usdm' });
    assert.equal(goes(harness), true);
    const last = harness.rows.filter(({ key }) => key === 'limits').at(-1)!;
    assert.deepEqual(last.row, { blocked: {} });
    // Over, longer than any, or no row of ours.
    for (const change of [{ untilUs: START_US }, { untilUs: START_US + 1e15 }, { untilUs: 'soon' }, { kind: 'rest' }]) assert.equal(goes(later(change)), true, JSON.stringify(change));
    assert.equal(goes(opened({ recovered: [{ table: 'snapshots', key: 'limits', row: { blocked: 7 } as never, seq: 1, atUs: 0 }] })), true);
  });

  test('the venue\'s new limits hold at once, with what is used of them', () => {
    const harness = opened();
    for (let k = 0; k < 30; k += 1) harness.exchange(200, {});
    harness.give('/venue/limits', { type: 'limits.stated', product: 'usdm', limits: [{ kind: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 40 }] });
    harness.exchange(200, {});
    harness.exchange(200, {});
    harness.call();
    assert.equal(harness.requests.length, 32);
  });
});

describe('the queue', () => {
  const SLOW = { gateway: { queueLength: 8, inFlight: 1 } };
  test('lets what takes risk off go first, and is told apart by class after that', () => {
    const harness = opened({ config: SLOW });
    harness.call();
    harness.call({ id: 'market', class: 'market', method: 'GET', path: '/m' });
    harness.call({ id: 'order', class: 'order', path: '/o' });
    harness.call({ id: 'close', class: 'order', reducing: true, path: '/c' });
    assert.deepEqual(harness.requests.slice(1).map(({ path }) => path), ['/c'], 'not held up by what is on the wire');
    harness.answer(harness.requests[0]!, answer(200, {})).answer(harness.requests[1]!, answer(200, {}));
    assert.deepEqual(harness.requests.slice(2).map(({ path }) => path), ['/o']);
    harness.reply(200, {});
    assert.deepEqual(harness.requests.slice(3).map(({ path }) => path), ['/m']);
  });

  test('is bounded: what is least urgent is not sent, and is told so', () => {
    const harness = opened({ config: SLOW });
    harness.call();
    for (let k = 0; k < 8; k += 1) harness.call({ id: `account-${k}`, class: 'account', method: 'GET' });
    harness.call({ id: 'one-more', class: 'account', method: 'GET' });
    assert.equal(kindOf(harness.outcome('one-more')), 'notSent');
    harness.call({ id: 'urgent' });
    assert.equal(kindOf(harness.outcome('account-7')), 'notSent');
    harness.reply(200, {});
    assert.equal(harness.requests.length, 2);
  });

  test('ends a call whose time is over before its turn as not sent', () => {
    const harness = opened({ config: SLOW });
    harness.call({ timeoutMs: 100_000 });
    const id = harness.call({ timeoutMs: 200 });
    harness.pass(200);
    assert.equal(kindOf(harness.outcome(id)), 'notSent');
  });
});

test('any calls, answers and times: every call has exactly one outcome', () => {
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant('call' as const), reducing: fc.boolean(), class: fc.constantFrom('order', 'cancel', 'account', 'session'), timeoutMs: fc.integer({ min: 1, max: 3000 }) }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('answer' as const), at: fc.nat(5), status: fc.constantFrom(200, 200, 400, 418, 429, 500), code: fc.constantFrom(0, -1007, -1021, -2010, -1003), after: fc.option(fc.integer({ min: 0, max: 3 })) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('fail' as const), at: fc.nat(5), sent: fc.constantFrom('no', 'maybe') }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4000 }) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('clock' as const), offsetUs: fc.integer({ min: -1e7, max: 1e7 }) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('crash' as const) }) },
  );
  fc.assert(fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const harness = opened({ config: { gateway: { queueLength: 8, inFlight: 2 } } });
    const calls: string[] = [];
    for (const one of events) {
      const waiting = harness.requests.at(-1 - ('at' in one ? one.at : 0));
      switch (one.what) {
        case 'call': calls.push(harness.call({ reducing: one.reducing, class: one.class as 'order', timeoutMs: one.timeoutMs })); break;
        case 'answer': if (waiting !== undefined) harness.answer(waiting, { kind: 'answer', status: one.status, headers: { ...NO_HEADERS, retryAfterS: one.after }, body: one.code === 0 ? {} : { code: one.code, msg: '' } }); break;
        case 'fail': if (waiting !== undefined) harness.answer(waiting, { kind: 'failed', reason: 'reset', sent: one.sent as 'no' }); break;
        case 'pass': harness.pass(one.ms); break;
        case 'clock': harness.give('/publisher', { type: 'clock.offset', product: 'usdm', offsetUs: one.offsetUs, uncertaintyUs: 0 }); break;
        case 'crash': harness.give('/venue/gateway', null); break;
      }
    }
    harness.pass(20_000);
    for (const id of calls) harness.outcome(id);
    const ids = harness.requests.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, 'a request id twice');
  }), { numRuns: 40 });
});
