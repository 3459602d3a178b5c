import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineClock } from '../../../tools/engine/clock.js';

test('engine time is the venue\'s, as fast as the venue says', () => {
  let monotonicMs = 500;
  // The line is two seconds old when it is read: twenty of the venue's have passed.
  const clock = new EngineClock({ venueMs: 1_000_000, wallMs: 7000, speed: 10 }, () => 9000, () => monotonicMs);
  assert.equal(clock.nowUs(), 1_020_000_000);
  monotonicMs += 3;
  assert.equal(clock.nowUs(), 1_020_030_000);
  assert.equal(clock.wallMsUntil(1_020_040_000), 1);
  assert.equal(clock.wallMsUntil(0), 0);
  assert.equal(clock.wallMsUntil(Infinity), 2 ** 31 - 1);
});

test('engine time never goes backwards, whatever the clocks of the machine do', () => {
  let monotonicMs = 500;
  let wallMs = 1000;
  const clock = new EngineClock(undefined, () => wallMs, () => monotonicMs);
  assert.equal(clock.nowUs(), 1_000_000);
  wallMs = 0;
  monotonicMs = 400;
  assert.equal(clock.nowUs(), 1_000_000);
  monotonicMs = 501;
  assert.equal(clock.nowUs(), 1_001_000);
});

test('after a stall it stands still until it is released, and then is where it would have been', () => {
  let ms = 0;
  const stalls: number[] = [];
  const clock = new EngineClock({ venueMs: 0, wallMs: 0, speed: 2 }, () => 0, () => ms);
  clock.watch(250, (stalledMs) => stalls.push(stalledMs));
  for (ms = 0; ms <= 1000; ms += 250) assert.equal(clock.nowUs(), ms * 2000);
  ms = 5000;
  assert.deepEqual([clock.nowUs(), clock.nowUs(), stalls], [2_000_000, 2_000_000, [4000]]);
  ms = 5010;
  assert.equal(clock.nowUs(), 2_000_000);
  clock.release();
  assert.equal(clock.nowUs(), 10_020_000);
  assert.deepEqual(stalls, [4000]);
  // Nobody has asked it to watch.
  const plain = new EngineClock({ venueMs: 0, wallMs: 0, speed: 1 }, () => 0, () => ms);
  ms = 1e6;
  assert.equal(plain.nowUs(), (1e6 - 5010) * 1000);
});

test('a line that says no clock is refused', () => {
  for (const line of [{ venueMs: Number.NaN, wallMs: 0, speed: 1 }, { venueMs: 0, wallMs: 0, speed: 0 }, { venueMs: 0, wallMs: Infinity, speed: 1 }]) {
    assert.throws(() => new EngineClock(line), RangeError);
  }
});
