import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VenueOutcomeKind } from '../../../actors/engine/venue-calls.js';
import { NO_ERRORS, venueErrorOf, withOutcome } from '../../../actors/gateway/errors.js';
import { GatewayHarness } from './harness.js';

const refused = (status: number, code = 0): VenueOutcomeKind => ({ kind: 'refused', status, code, text: 'no' });

test('000-075: every outcome has its kind and how bad it is', () => {
  const cases: readonly (readonly [VenueOutcomeKind, string | undefined])[] = [
    [{ kind: 'ok', status: 200, body: null }, undefined],
    [refused(429, -1003), 'RateLimited warning'], [refused(418), 'RateLimited critical'], [refused(400, -1015), 'RateLimited warning'],
    [refused(401), 'AuthenticationFailed critical'], [refused(403), 'AuthenticationFailed critical'], [refused(400, -2014), 'AuthenticationFailed critical'], [refused(400, -2015), 'AuthenticationFailed critical'],
    [refused(400, -1022), 'AuthenticationFailed critical'], [refused(400, -1021), 'InvalidTimestamp error'],
    [refused(400, -2010), 'RemoteReject warning'], [refused(400, -4164), 'RemoteReject warning'], [refused(404), 'RemoteReject warning'],
    [{ kind: 'unknown', reason: 'no answer' }, 'OutcomeUnknown error'], [{ kind: 'notSent', reason: 'breaker' }, 'NotSent warning'],
  ];
  for (const [outcome, expected] of cases) {
    const error = venueErrorOf(outcome);
    assert.equal(error === undefined ? undefined : `${error.kind} ${error.severity}`, expected, JSON.stringify(outcome));
  }
});

test('what stands of a product and class is the last that was heard of it', () => {
  const outcome = fc.oneof(fc.constant<VenueOutcomeKind>({ kind: 'ok', status: 200, body: null }), fc.constantFrom(401, 429, 400).map((status) => refused(status)), fc.constant<VenueOutcomeKind>({ kind: 'notSent', reason: 'x' }));
  fc.assert(fc.property(fc.array(fc.tuple(outcome, fc.constantFrom('order', 'account'), fc.constantFrom('spot', 'usdm')), { maxLength: 30 }), (said) => {
    let errors = NO_ERRORS;
    const last = new Map<string, number>();
    said.forEach(([each, callClass, product], at) => {
      errors = withOutcome(errors, each, { product, class: callClass, path: '/', atUs: at });
      if (each.kind === 'ok') last.delete(`${product} ${callClass}`);
      else if (each.kind === 'refused') last.set(`${product} ${callClass}`, at);
    });
    assert.deepEqual(new Map(errors.standing.map((each) => [`${each.product} ${each.class}`, each.atUs])), new Map([...last].sort(([, a], [, b]) => a - b)));
    assert.equal(Object.values(errors.counts).reduce((sum, count) => sum + count, 0), said.filter(([each]) => each.kind !== 'ok').length);
  }), { numRuns: 200 });
});

test('a key that is not good is told once, and again when it is', () => {
  const harness = new GatewayHarness({ keyId: 'hmac a…b' });
  const told = (): readonly unknown[] => harness.decisions.filter(({ data }) => data['control'] === 'venueError').map(({ data }) => [data['error'], data['severity'] ?? null, data['code'] ?? null]);
  for (let n = 0; n < 3; n += 1) {
    harness.call();
    harness.reply(401, { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' });
  }
  assert.deepEqual(told(), [['AuthenticationFailed', 'critical', -2015]]);
  harness.call();
  harness.reply(200, {});
  assert.deepEqual(told(), [['AuthenticationFailed', 'critical', -2015], [null, null, null]]);
});

test('a key that may not trade is told for orders and cancels, until one is answered that got past it or an operator says so', () => {
  const harness = new GatewayHarness({ keyId: 'hmac a…b' });
  const told = (): readonly unknown[] => harness.keys.splice(0).map(({ class: callClass, refused: isRefused }) => [callClass, isRefused]);
  const NO_RIGHT = { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' };
  harness.exchange(401, NO_RIGHT, { class: 'account' });
  assert.deepEqual(told(), []);
  harness.exchange(401, NO_RIGHT);
  harness.exchange(401, NO_RIGHT, { class: 'cancel' });
  harness.exchange(400, NO_RIGHT);
  assert.deepEqual(told(), [['order', true], ['cancel', true], ['order', true]]);
  // Neither reading nor silence nor a limit says anything of it.
  harness.exchange(200, {}, { class: 'account' });
  harness.exchange(503, {});
  assert.deepEqual(told(), []);
  harness.exchange(400, { code: -2021, msg: 'Order would immediately trigger.' });
  assert.deepEqual(told(), [['order', false]]);
  harness.exchange(200, {});
  assert.deepEqual(told(), []);
  harness.give('/venue/gateway', { type: 'gateway.keyRelease', product: 'spot' });
  assert.deepEqual(told(), []);
  harness.give('/venue/gateway', { type: 'gateway.keyRelease', product: 'usdm' });
  assert.deepEqual(told(), [['cancel', false]]);
});
