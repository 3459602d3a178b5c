import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsOf, NEWEST, type Rule, RULES } from '../../../actors/exchange/rules.js';

describe('AsOf', () => {
  it('holds a rule from its first day on, and every rule without a day', () => {
    for (const rule of Object.keys(RULES) as Rule[]) {
      assert.ok(NEWEST.holds(rule));
      assert.ok(new AsOf(RULES[rule]).holds(rule));
      assert.ok(!new AsOf('2025-01-01').holds(rule));
    }
    assert.ok(!new AsOf('2026-02-19').holds('spotListenKeysGone'));
    assert.ok(new AsOf('2026-02-20').holds('spotListenKeysGone'));
  });

  it('refuses what is no day', () => {
    for (const text of ['2026', '2026-13-01', '2026-02-29', '26-02-01', 'yesterday', '2026-02-01T00:00']) assert.throws(() => new AsOf(text), RangeError, text);
    assert.equal(new AsOf('2024-02-29').day, '2024-02-29');
  });
});
