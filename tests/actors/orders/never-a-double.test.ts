import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { live } from './never-a-double.js';

const SEEDS = Number(process.env['FAULTLINE_NEVER_A_DOUBLE'] ?? (process.env['FAULTLINE_LONG'] === '1' ? 1000 : 100));

describe('never a double', () => {
  it(`${SEEDS} venues that answer, drop, delay and lie, and crashes in between: none doubled, none lost`, () => {
    const total = { placed: 0, accepted: 0, fills: 0, unknowns: 0, crashes: 0 };
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { problems, ...verdict } = live(seed);
      assert.deepEqual(problems, [], `seed ${seed}`);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += verdict[key];
    }
    // The weather was bad enough to prove something.
    assert.ok(total.unknowns > SEEDS && total.fills > SEEDS * 5 && total.crashes > SEEDS / 5, JSON.stringify(total));
  });
});
