import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRuntime, worker } from '../../../runtime/index.js';
import { VenueClock } from '../../../tools/exchange/venue-clock.js';

describe('the venue\'s clock', () => {
  test('begins at the wall\'s time and goes as fast as asked, never backwards', async () => {
    const clock = new VenueClock(100);
    const wallUs = Date.now() * 1000;
    assert.ok(Math.abs(clock.nowUs() - wallUs) < 60e6);
    const fromUs = clock.nowUs();
    const fromMs = performance.now();
    let last = fromUs;
    while (performance.now() - fromMs < 50) {
      const nowUs = clock.nowUs();
      assert.ok(nowUs >= last);
      last = nowUs;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const ratio = (clock.nowUs() - fromUs) / ((performance.now() - fromMs) * 1000);
    assert.ok(ratio > 99 && ratio < 101, `${ratio}`);
    for (const speed of [0, -1, NaN, Infinity]) assert.throws(() => new VenueClock(speed), RangeError);
  });

  test('a runtime on it waits for its timers in the venue\'s time, not the wall\'s', async () => {
    const clock = new VenueClock(6000);
    const runtime = createRuntime({ clock });
    const startMs = performance.now();
    const firedUs = await new Promise<number>((resolve) => {
      runtime.start(worker<number, string, undefined>({
        id: 'sleeper',
        behaviour: {
          name: 'sleeper', version: 1,
          init: (ctx) => {
            // An hour of the venue: 0.6 s of the wall.
            ctx.startTimer('hour', 3_600_000, 'hour');
            return ctx.nowUs();
          },
          step: (begunUs, _message, ctx) => {
            resolve(ctx.nowUs() - begunUs);
            return begunUs;
          },
        },
      }));
      runtime.run();
    });
    runtime.fence();
    assert.ok(firedUs >= 3600e6, `${firedUs}`);
    assert.ok(performance.now() - startMs < 60_000);
  });

  test('calls back after a time of its own, once, unless it is taken back', async () => {
    const clock = new VenueClock(1000);
    // Such timers keep no process alive.
    const awake = setInterval(() => {}, 1000);
    let taken = 0;
    const cancel = clock.after(1e6, () => (taken += 1));
    cancel();
    cancel();
    const fromUs = clock.nowUs();
    await new Promise<void>((resolve) => clock.after(60e6, resolve));
    clearInterval(awake);
    assert.ok(clock.nowUs() - fromUs >= 60e6);
    assert.equal(taken, 0);
  });
});
