import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desk } from './desk.js';

/** Pauses between readings that ended in so long a time, ms, without the time that a reading takes. */
function pauses(desk: Desk, ms: number): readonly number[] {
  const from = desk.nowMs;
  desk.wait(ms);
  const read = [...new Set(desk.states.map(({ readMs }) => readMs))].filter((each) => each > from);
  return read.slice(1).map((each, at) => each - read[at]!);
}
/** Every pause is what it should be, and the time that a reading takes at most. */
const every = (found: readonly number[], ms: number, about: number): void => {
  assert.ok(found.length >= 3, `${found.length} pauses`);
  for (const each of found) assert.ok(each >= ms && each < ms + about, `${each} ms instead of ${ms}: ${found.join(' ')}`);
};

test('000-076: the exchange is read every 10 s in health, every 2 s in doubt, every second while everything is closed', () => {
  const desk = new Desk();
  desk.live();
  desk.wait(5000);
  assert.equal(desk.state?.freshness, 'fresh');
  every(pauses(desk, 60_000), 10_000, 1000);
  desk.runtime.send('/truth', { type: 'truth.pace', closing: true });
  desk.wait(1500);
  every(pauses(desk, 8000), 1000, 900);
  desk.runtime.send('/truth', { type: 'truth.pace', closing: false });
  desk.wait(12_000);
  every(pauses(desk, 60_000), 10_000, 1000);
  // An order that nobody takes up leaves a difference, and that is doubt.
  desk.obedient = false;
  desk.venue.orders.push({ orderId: 5, clientId: 'web', status: 'NEW', side: 'BUY', qty: '0.010', executed: '0' });
  desk.wait(25_000);
  assert.notEqual(desk.state.freshness, 'fresh');
  // A full reading with its questions takes some 1.5 s of them.
  every(pauses(desk, 20_000), 2000, 2000);
});
