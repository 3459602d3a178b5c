import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { civilFromMs, daysFromCivil, weekday } from '../../../../actors/exchange/options/calendar.js';
import {
  binanceOptionSymbol, DEFAULT_CHAIN, deribitOptionName, lastFridayMs, listedContracts, listedExpiries, listedStrikes,
} from '../../../../actors/exchange/options/chain.js';

const at = (text: string): number => Date.parse(text);
const days = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString().slice(0, 10));

test('a Wednesday lists two days, two Fridays, two month ends and two quarter ends, each once', () => {
  assert.deepEqual(days(listedExpiries(at('2026-08-19T12:00:00Z'), DEFAULT_CHAIN)), [
    '2026-08-20', '2026-08-21', '2026-08-28', '2026-09-25', '2026-12-25',
  ]);
});

test("today's contracts are listed until 08:00 and not at 08:00", () => {
  assert.equal(days(listedExpiries(at('2026-08-19T07:59:59Z'), DEFAULT_CHAIN))[0], '2026-08-19');
  assert.equal(days(listedExpiries(at('2026-08-19T08:00:00Z'), DEFAULT_CHAIN))[0], '2026-08-20');
});

test('last Fridays are those of the calendar', () => {
  assert.deepEqual(days([lastFridayMs(2026, 1), lastFridayMs(2026, 2), lastFridayMs(2026, 12), lastFridayMs(2026, 13)]), [
    '2026-01-30', '2026-02-27', '2026-12-25', '2027-01-29',
  ]);
});

test('symbols are written as each venue writes them', () => {
  const contract = { base: 'BTC', expiryMs: at('2026-08-07T08:00:00Z'), strike: 60_000, kind: 'call' } as const;
  assert.equal(binanceOptionSymbol(contract), 'BTC-260807-60000-C');
  assert.equal(deribitOptionName({ ...contract, kind: 'put' }), 'BTC-7AUG26-60000-P');
});

test('strikes are round, ascending, whole multiples of one step, and straddle the index', () => {
  assert.deepEqual(listedStrikes(60_235, 1, 3), [58_500, 59_000, 59_500, 60_000, 60_500, 61_000, 61_500]);
  fc.assert(fc.property(fc.double({ min: 20, max: 500_000, noNaN: true }), fc.constantFrom(1, 10, 90), (index, daysLeft) => {
    const strikes = listedStrikes(index, daysLeft, 4);
    assert.ok(strikes[0]! <= index && index <= strikes.at(-1)!);
    const step = strikes[1]! - strikes[0]!;
    for (const strike of strikes) {
      assert.ok(Math.abs(strike / step - Math.round(strike / step)) < 1e-9);
      assert.ok(String(strike).length <= 8, `${strike} is no round number`);
    }
  }));
});

test('every listed contract expires in the future on an 08:00, and no two have one name', () => {
  fc.assert(fc.property(fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }), (nowMs) => {
    const contracts = listedContracts('ETH', 3124, nowMs, DEFAULT_CHAIN);
    for (const contract of contracts) {
      assert.ok(contract.expiryMs > nowMs);
      assert.equal(contract.expiryMs % 86_400_000, 8 * 3_600_000);
    }
    assert.equal(new Set(contracts.map(binanceOptionSymbol)).size, contracts.length);
    assert.equal(new Set(contracts.map(deribitOptionName)).size, contracts.length);
  }));
});

test('the calendar is that of Date, on every kind of day', () => {
  fc.assert(fc.property(fc.integer({ min: -2_000_000_000_000, max: 8_000_000_000_000 }), (ms) => {
    const date = new Date(ms);
    const { year, month, day } = civilFromMs(ms);
    assert.deepEqual([year, month, day], [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
    assert.equal(daysFromCivil(year, month, day), Math.floor(ms / 86_400_000));
    assert.equal(weekday(Math.floor(ms / 86_400_000)), date.getUTCDay());
  }), { numRuns: 2000 });
});
