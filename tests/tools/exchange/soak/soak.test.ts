import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderRecords } from '../../../../tools/exchange/soak/records.js';
import { soak } from '../../../../tools/exchange/soak/run.js';

test('minutes of a live market with random clients and random troubles: one end for every order on both sides, all sums kept', async () => {
  const result = await soak({ minutes: 1.2, speed: 12, scenario: 'calm', seed: 5, accounts: 1, pauseMs: 5, flood: 50 });
  assert.deepEqual(result.problems, []);
  assert.equal(result.orders.compared, result.orders.sent);
  assert.ok(result.orders.sent > 80 && (result.orders.ends['FILLED'] ?? 0) > 0 && (result.orders.ends['CANCELED'] ?? 0) > 0, JSON.stringify(result.orders));
  assert.ok(result.troubles.scripts >= 2 && result.troubles.hits > 0 && result.checks >= 3, JSON.stringify(result.troubles));
});

test('a client\'s records notice two ends of one order, and an order that was not to be', () => {
  const records = new OrderRecords();
  const send = (id: string): void => records.send({ id, symbol: 'X', side: 'BUY', price: '1', quantity: '2', status: 'SENT', filled: 0, touchedUs: 0, inFlight: false });
  for (const id of ['a', 'b', 'c']) send(id);
  records.told('a', 'NEW', 0);
  records.told('a', 'PARTIALLY_FILLED', 1);
  records.told('a', 'NEW', 0);
  assert.deepEqual([records.open.get('a')!.status, records.open.get('a')!.filled], ['PARTIALLY_FILLED', 1]);
  records.told('a', 'FILLED', 2);
  records.told('a', 'FILLED', 2);
  records.told('a', 'PARTIALLY_FILLED', 1);
  assert.deepEqual(records.contradictions, []);
  records.told('a', 'CANCELED', 2);
  records.told('b', 'NEVER', 0);
  records.told('b', 'NEW', 0);
  records.told('c', 'CANCELED', 0);
  records.told('c', 'CANCELED', 1);
  assert.equal(records.contradictions.length, 3);
  assert.deepEqual(records.finished.map(({ id }) => id), ['a', 'b', 'c']);
});
