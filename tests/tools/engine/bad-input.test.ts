import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EngineInput, Json } from '../../../actors/engine/io.js';
import type { VenueOutcomeKind } from '../../../actors/engine/venue-calls.js';
import { classify } from '../../../actors/gateway/classify.js';
import { VenueInstruments } from '../../../actors/gateway/decode/index.js';
import { readAnswer } from '../../../actors/orders/decode.js';
import { newRecord } from '../../../actors/orders/knowledge.js';
import { absorb, firstParts, newReading, viewOf } from '../../../actors/truth/reading.js';
import { CommandDesk, ENGINE_COMMAND, ENGINE_QUESTION } from '../../../tools/engine/commands/desk.js';
import type { EngineDoor } from '../../../tools/engine/parts.js';
import { outcomeOf } from '../../../tools/engine/rest/answer.js';
import { btc } from '../../actors/support/instruments.js';

const RUNS = { numRuns: 400, seed: 14 };
const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.record({ code: fc.oneof(fc.integer({ min: -5000, max: 300 }), fc.constantFrom('-1007', '', null, '-2013', '1e3')), msg: fc.oneof(fc.string(), fc.constant(null)) }),
  fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 5 }),
) as fc.Arbitrary<Json>;
const body = fc.oneof(
  { weight: 3, arbitrary: anyJson.map((value) => Buffer.from(JSON.stringify(value))) },
  { weight: 2, arbitrary: fc.tuple(anyJson, fc.nat(40)).map(([value, cut]) => Buffer.from(JSON.stringify(value)).subarray(0, cut)) },
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', '<html><h1>502 Bad Gateway</h1></html>', ' \n<!doctype html>', 'null', '{}', '[[[[', '{"code":-1007}', `{"a":"${'x'.repeat(5000)}"}`).map((text) => Buffer.from(text)),
);
const raw = fc.record({
  status: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom(200, 200, 200, 302, 400, 409, 418, 429, 503)), body, ending: fc.constantFrom('whole' as const, 'whole' as const, 'cut' as const, 'long' as const),
  headers: fc.record({ 'retry-after': fc.constantFrom('', '3', '999999999', 'soon', '-1'), 'content-encoding': fc.constantFrom('identity', 'gzip'), location: fc.webUrl(), 'x-mbx-used-weight-1m': fc.string() }, { requiredKeys: [] }),
});
const KINDS: readonly VenueOutcomeKind['kind'][] = ['ok', 'refused', 'unknown', 'notSent'];

test('any bytes under any status are an answer or malformed, and mean one of four things; never done where it is not certain', () => {
  let read = 0;
  fc.assert(fc.property(raw, (answer) => {
    const told = outcomeOf(answer, (text) => text);
    assert.ok(told.kind === 'answer' || told.kind === 'malformed');
    const { outcome, report } = classify(told);
    assert.ok(KINDS.includes(outcome.kind));
    assert.notEqual(outcome.kind, 'notSent', 'something came back');
    assert.ok((report?.headers.retryAfterS ?? 0) <= 259_200);
    if (outcome.kind === 'ok') {
      read += 1;
      assert.ok(told.kind === 'answer' && answer.status >= 200 && answer.status < 300 && answer.ending === 'whole');
      const code = typeof told.body === 'object' && told.body !== null && !Array.isArray(told.body) ? (told.body as { readonly [key: string]: Json })['code'] : 0;
      assert.ok(!(typeof code === 'number' && Number.isSafeInteger(code) && code < 0), 'an error inside');
    }
    // A page, half an answer or a redirect says nothing of what was done, whatever the status, except where the request was never looked at.
    if (told.kind === 'malformed' && answer.status < 400) assert.equal(outcome.kind, 'unknown');
  }), RUNS);
  assert.ok(read > 10, 'nothing was ever read');
});

const instruments = new VenueInstruments([btc]);
const record = (service: 'order' | 'algo') => newRecord({
  id: 'a', clientId: 'fl-a', product: 'usdm', symbol: 0, service, side: 'buy', positionSide: 'BOTH', kind: service === 'algo' ? 'stop' : 'limit', priceTicks: 1, triggerTicks: 1, lots: 1, timeInForce: 'GTC',
  reduceOnly: false, reduces: null, owner: '', listId: null, createdMs: 1,
});

test('any JSON in place of an answer about an order is read or is nothing, at every step', () => {
  fc.assert(fc.property(anyJson, fc.constantFrom('order' as const, 'algo' as const), fc.constantFrom('place' as const, 'cancel' as const, 'order' as const, 'open' as const, 'spawned' as const, 'trades' as const), (json, service, step) => {
    const { parts, strangers } = readAnswer(step, record(service), json, instruments, () => false);
    assert.ok(Array.isArray(strangers));
    for (const report of parts?.reports ?? []) assert.equal(report.clientId, 'fl-a');
  }), RUNS);
});

test('a reading takes any answers in, and makes a view of whole ones only', () => {
  const kinds = fc.oneof(
    anyJson.map((json): VenueOutcomeKind => ({ kind: 'ok', status: 200, body: json })), fc.constant<VenueOutcomeKind>({ kind: 'unknown', reason: 'timeout' }),
    fc.constant<VenueOutcomeKind>({ kind: 'refused', status: 400, code: -2013, text: 'no' }),
  );
  fc.assert(fc.property(fc.array(kinds, { minLength: 1, maxLength: 8 }), fc.boolean(), (outcomes, full) => {
    let reading = newReading('usdm', full, full, full ? 1 : null, 1000, false);
    const parts = firstParts(reading, [{ symbol: 0, name: 'BTCUSDT' }]);
    reading = { ...reading, outstanding: new Map(parts.map((part, at) => [`c${at}`, part])) };
    outcomes.forEach((outcome, at) => {
      reading = absorb(reading, `c${at}`, { type: 'venue.outcome', id: `c${at}`, stampMs: 1, recvWindowMs: 1, outcome }, 2000, instruments, 3).reading;
    });
    if (outcomes.some(({ kind }, at) => kind !== 'ok' && at < parts.length)) assert.notEqual(reading.problem, '', 'a part is missing, and nobody says so');
    viewOf(reading);
  }), RUNS);
});

test('anything that comes over the control socket is a command that was asked for, or refused in words', async () => {
  const given: EngineInput[] = [];
  const desk = new CommandDesk({ give: (input: EngineInput) => void given.push(input), log: { write: () => undefined } } as unknown as EngineDoor, () => undefined);
  const { questions, commands } = desk.verbs;
  const issuer = { uid: process.getuid?.() ?? null, pid: process.pid, user: 'me', program: 'test' };
  const request = fc.oneof(
    anyJson,
    fc.record({
      id: fc.oneof(fc.string(), fc.constant('ok')), verb: fc.oneof(fc.string(), fc.constantFrom('pause', 'status', '__proto__')), args: anyJson,
      sentMs: fc.oneof(fc.integer(), fc.constant(Date.now() - 60_000), fc.constant(Date.now() + 60_000)), issuer: fc.oneof(anyJson, fc.constant({ ...issuer, uid: 4711 }), fc.constant(issuer)),
    }, { requiredKeys: [] }),
  );
  await fc.assert(fc.asyncProperty(request, fc.boolean(), async (input, asks) => {
    const answered = asks ? questions[ENGINE_QUESTION]!(input) : commands[ENGINE_COMMAND]!(input);
    await assert.rejects(Promise.resolve(answered), (error: unknown) => error instanceof Error && /malformed|stale|unauthorised|is a (command|question), not/.test(error.message));
  }), RUNS);
  assert.deepEqual(given, []);
});
