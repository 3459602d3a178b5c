import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VenueCall } from '../../../actors/engine/venue-calls.js';
import { GatewayHarness, NO_HEADERS } from './harness.js';

const opened = (options: ConstructorParameters<typeof GatewayHarness>[0] = {}): GatewayHarness => {
  const harness = new GatewayHarness(options);
  harness.reply(200, { listenKey: 'secret:0' });
  harness.requests.length = 0;
  return harness;
};
const fails = (harness: GatewayHarness, times: number, changed: Partial<VenueCall> = {}): void => {
  for (let k = 0; k < times; k += 1) harness.exchange(502, {}, changed);
};
/** Whether a call of this kind reaches the wire now; it is answered, if it does. */
const goes = (harness: GatewayHarness, changed: Partial<VenueCall> = {}, status = 200): boolean => {
  const before = harness.requests.length;
  const id = harness.call(changed);
  const sent = harness.requests.length > before;
  if (sent) harness.reply(status, {});
  else assert.equal(harness.outcome(id).outcome.kind, 'notSent');
  return sent;
};
/** Decisions about breakers: "from to ms cause". */
const story = (harness: GatewayHarness): string[] =>
  harness.decisions.filter(({ data }) => data['breaker'] !== undefined).map(({ data, atUs }) => `${String(data['from'])} ${String(data['to'])} ${(atUs - 1_700_000_000_000_000) / 1000}`);

test('five failures in a row open it: openings stop, what takes risk off goes; probes close it again', () => {
  const harness = opened();
  fails(harness, 4);
  assert.ok(goes(harness), 'a success between them');
  fails(harness, 5);
  assert.ok(!goes(harness));
  assert.ok(goes(harness, { reducing: true }, 502), 'and whether that works changes nothing');
  harness.pass(29_999);
  assert.ok(!goes(harness));
  harness.pass(1);
  const probe = harness.call();
  assert.ok(!goes(harness), 'one probe at a time');
  assert.ok(goes(harness, { reducing: true }));
  harness.answer(harness.requests.at(-2)!, { kind: 'answer', status: 200, headers: NO_HEADERS, body: {} });
  assert.equal(harness.outcome(probe).outcome.kind, 'ok');
  assert.ok(goes(harness) && goes(harness), 'the second and the third');
  assert.deepEqual(story(harness), ['closed open 0', 'open halfOpen 30000', 'halfOpen closed 30000']);
  // Half-open, an opening may be the probe: where nothing is open nobody else makes one, and it would never close again.
  assert.deepEqual(harness.edges.map(({ class: of, open }) => `${of} ${open}`), ['order true', 'order false', 'order false']);
  const [trip] = harness.decisions.filter(({ data }) => data['to'] === 'open');
  assert.equal(trip?.data['cause'], '5 failures in a row, the last: 502');
  assert.deepEqual(harness.rows.filter(({ row }) => row['breaker'] === 'order').map(({ row }) => row['to']), ['open', 'halfOpen', 'closed']);
  const trips = harness.rows.filter(({ table }) => table === 'breakers');
  assert.equal(new Set(trips.map(({ key }) => key)).size, trips.length);
});

test('every probe that fails doubles the time it stays open, up to ten minutes; closing begins anew', () => {
  const harness = opened();
  fails(harness, 5);
  const openFor: number[] = [];
  for (let k = 0; k < 7; k += 1) {
    const from = harness.nowMs;
    while (!goes(harness, {}, 502)) harness.pass(1000);
    openFor.push((harness.nowMs - from) / 1000);
  }
  assert.deepEqual(openFor, [30, 60, 120, 240, 480, 600, 600]);
  harness.pass(600_000);
  assert.ok(goes(harness) && goes(harness) && goes(harness));
  fails(harness, 5);
  harness.pass(30_000);
  assert.ok(goes(harness));
});

test('half of ten calls within a minute open it, and calls of the minute before do not count', () => {
  const harness = opened();
  const mixed = (rounds: number): void => { for (let k = 0; k < rounds; k += 1) { harness.exchange(200, {}); fails(harness, 1); } };
  mixed(4);
  harness.pass(61_000);
  mixed(4);
  assert.ok(goes(harness), 'four of nine');
  fails(harness, 1);
  assert.ok(!goes(harness), 'five of ten');
});

test('what the venue refuses by its rules, and what it limits, is no failure', () => {
  const harness = opened();
  for (let k = 0; k < 20; k += 1) harness.exchange(400, { code: -2019, msg: 'Margin is insufficient.' });
  assert.ok(goes(harness));
  for (let k = 0; k < 6; k += 1) {
    harness.call();
    harness.reply(429, { code: -1015, msg: 'Too many new orders' }, { retryAfterS: 1 }).pass(1001);
  }
  assert.ok(goes(harness));
});

test('each class of each product has its own', () => {
  const harness = opened();
  fails(harness, 5);
  assert.ok(!goes(harness));
  assert.ok(goes(harness, { class: 'account', method: 'GET' }));
  assert.ok(goes(harness, { class: 'cancel', method: 'DELETE' }));
});

test('a probe of which nothing is heard again does not hold it half-open for ever', () => {
  const harness = opened();
  fails(harness, 5);
  harness.pass(30_000);
  harness.give('/venue/breakers/usdm-order', { type: 'breaker.permit', reducing: false });
  assert.ok(!goes(harness));
  harness.pass(60_000);
  assert.ok(goes(harness));
});

test('a breaker that is down lets nothing but what takes risk off through', () => {
  const harness = opened();
  const stopped = harness.runtime.terminateChild('/venue/breakers', 'usdm-order');
  assert.ok(stopped.ok, JSON.stringify(stopped));
  harness.runtime.drain();
  const id = harness.call();
  harness.pass(100);
  assert.equal(harness.outcome(id).outcome.kind, 'notSent');
  harness.call({ reducing: true });
  harness.pass(100);
  assert.equal(harness.requests.length, 1);
});

test('under any answers: an open one lets no opening through, and a half-open one only one at a time', () => {
  const step = fc.record({ reducing: fc.boolean(), status: fc.constantFrom(200, 502, 502, 400), answered: fc.boolean(), ms: fc.constantFrom(0, 10, 1000, 31_000) });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const harness = opened();
    let state = 'closed';
    let seen = 0;
    for (const { reducing, status, answered, ms } of steps) {
      harness.pass(ms);
      const waiting = harness.requests.filter(({ id }) => unanswered.has(id));
      for (const { data } of harness.decisions.filter((one) => one.data['breaker'] === 'order').slice(seen)) state = String(data['to']);
      seen = harness.decisions.filter((one) => one.data['breaker'] === 'order').length;
      const before = harness.requests.length;
      harness.call({ reducing, timeoutMs: 100_000, params: { reducing: String(reducing), state } });
      const request = harness.requests.at(before);
      if (state === 'open') assert.equal(request !== undefined, reducing);
      if (state === 'halfOpen' && request !== undefined && !reducing) {
        assert.ok(!waiting.some(({ params }) => params['state'] === 'halfOpen' && params['reducing'] === 'false'), 'two probes');
      }
      if (state === 'closed') assert.ok(request !== undefined);
      if (request === undefined) continue;
      unanswered.add(request.id);
      if (answered) {
        harness.answer(request, { kind: 'answer', status, headers: NO_HEADERS, body: status === 400 ? { code: -2019, msg: '' } : {} });
        unanswered.delete(request.id);
      }
    }
  }), { numRuns: 40 });
});
const unanswered = new Set<string>();

test('one that an earlier run left open stays open for what was left of its time, and the risk gate is told', () => {
  const first = opened();
  fails(first, 5);
  first.pass(10_000);
  const recovered = first.rows.map((row, at) => ({ ...row, seq: at, atUs: 0 })).filter(({ table }) => table === 'snapshots');
  const left = [...new Map(recovered.map((row) => [row.key, row])).values()];
  const later = (rows: typeof left): GatewayHarness => opened({ recovered: rows.map((row) => ({ ...row, row: { ...row.row, ...('untilUs' in row.row ? { untilUs: (row.row['untilUs'] as number) - 10e6 } : {}) } })) }).pass(1);
  const harness = later(left);
  assert.deepEqual(harness.edges.map(({ class: of, open }) => `${of} ${open}`), ['order true']);
  assert.ok(!goes(harness));
  assert.ok(goes(harness, { reducing: true }));
  assert.match(String(harness.decisions.find(({ data }) => data['to'] === 'open')?.data['cause']), /^in an earlier run: 5 failures/);
  harness.pass(19_000);
  assert.ok(!goes(harness));
  harness.pass(1000);
  assert.ok(goes(harness) && goes(harness) && goes(harness));
  assert.deepEqual(story(harness).map((line) => line.split(' ').slice(0, 2).join(' ')), ['closed open', 'open halfOpen', 'halfOpen closed']);
  // What is no row of ours opens nothing.
  for (const row of [null, 7, { state: 'open' }, { state: 'open', opened: 1, untilUs: 'soon', cause: 'x' }, { state: 'closed', opened: 0, untilUs: 0, cause: 'x' }]) {
    const plain = opened({ recovered: [{ table: 'snapshots', key: 'breaker usdm-order', row: row as never, seq: 1, atUs: 0 }] }).pass(1);
    assert.ok(goes(plain));
  }
});
