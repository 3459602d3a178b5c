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

test('a line that says no clock is refused', () => {
  for (const line of [{ venueMs: Number.NaN, wallMs: 0, speed: 1 }, { venueMs: 0, wallMs: 0, speed: 0 }, { venueMs: 0, wallMs: Infinity, speed: 1 }]) {
    assert.throws(() => new EngineClock(line), RangeError);
  }
});
