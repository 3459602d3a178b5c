import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VenueError } from '../../../../../actors/exchange/venue-error.js';
import { type Connection, StreamHub, WsSession } from '../../../../../tools/exchange/web/index.js';

const code = (body: () => unknown): number | undefined => {
  try {
    body();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof VenueError, String(error));
    return error.code;
  }
};

const open = (): WsSession => new WsSession({ query: new URLSearchParams(), sendText: () => true } as unknown as Connection, new StreamHub());

test('a connection has a thousand subscriptions at a time, each of another account', () => {
  const session = open();
  for (let account = 0; account < 1000; account++) session.subscribe(String(account), false);
  assert.equal(code(() => session.subscribe('0', false)), -2035);
  assert.equal(code(() => session.subscribe('one more', false)), -1191);
  session.unsubscribe(7, 0);
  assert.equal(code(() => session.subscribe('one more', false)), undefined);
  assert.equal(code(() => session.unsubscribe(7, 0)), -2036);
  session.closed();
  assert.deepEqual(session.subscriptionIds, []);
});

test('and 65 535 in its life', () => {
  const session = open();
  for (let id = 0; id < 65_535; id++) session.unsubscribe(session.subscribe('one', false), 0);
  assert.equal(code(() => session.subscribe('one', false)), -2042);
});
