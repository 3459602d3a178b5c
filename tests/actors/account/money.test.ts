import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatMoney, money, shareOf, Valuation } from '../../../actors/account/money.js';
import { feeOn, feesOf } from '../../../actors/venue/fees.js';
import { venueSchema } from '../../../config/index.js';
import { btc, dot, instrument } from '../support/instruments.js';

describe('money', () => {
  test('reads and prints decimals exactly', () => {
    assert.equal(formatMoney(money('0.000000000000000001')), '0.000000000000000001');
    assert.equal(formatMoney(money('-12.50')), '-12.5');
    assert.equal(formatMoney(0n), '0');
    assert.equal(formatMoney(money('100')), '100');
    assert.throws(() => money('1e-19'), RangeError);
    assert.throws(() => money('ten'), RangeError);
    assert.equal(formatMoney(shareOf(money('100'), 0.3333)), '33.33');
  });

  test('a linear value is price times quantity, to the last digit', () => {
    const valuation = new Valuation(btc);
    assert.equal(formatMoney(valuation.value('buy', 981, 616_598)), '60488.2638');
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }), (lots, ticks) => {
      assert.equal(valuation.value('sell', lots, ticks), (BigInt(lots) * BigInt(ticks) * 10n ** 18n) / 10_000n);
    }));
  });

  test('an inverse contract is worth its quote value over the price, and rounding never favours us', () => {
    const valuation = new Valuation(dot);
    assert.equal(formatMoney(valuation.value('buy', 100, 4000)), '250');
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (lots, ticks) => {
      const buy = valuation.value('buy', lots, ticks);
      const sell = valuation.value('sell', lots, ticks);
      assert.ok(sell - buy === 0n || sell - buy === 1n);
      assert.ok(valuation.profit(buy, sell) <= 0n, 'in and out at one price earns nothing');
      const quote = BigInt(lots) * 10n * 10n ** 18n * 1000n;
      assert.ok(buy * BigInt(ticks) <= quote && sell * BigInt(ticks) >= quote, 'the exact value lies between');
    }));
  });

  test('an inverse long earns when the price rises, in coin', () => {
    const valuation = new Valuation(dot);
    assert.equal(formatMoney(valuation.profit(valuation.value('buy', 100, 1000), valuation.value('sell', 100, 2000))), '500');
  });

  test('the most lots within a budget fit, and one more does not', () => {
    for (const valuation of [new Valuation(btc), new Valuation(dot)]) {
      fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.integer({ min: 1, max: 1e6 }), (budget, ticks) => {
        const lots = valuation.lotsWithin(budget, ticks);
        if (lots === Number.MAX_SAFE_INTEGER) return;
        if (lots > 0) assert.ok(valuation.value('buy', lots, ticks) <= budget);
        assert.ok(valuation.value('sell', lots + 1, ticks) > budget);
      }));
    }
  });

  test('sizes that the fixed point cannot hold are refused at the door', () => {
    assert.throws(() => new Valuation(instrument({ tickSize: '0.0000000001', lotSize: '0.0000000001' })), RangeError);
    assert.throws(() => new Valuation(instrument({ tickSize: '0' })), RangeError);
  });
});

describe('fees', () => {
  test('are charged on the value, by venue, rounded against us', () => {
    const params = venueSchema.parse({});
    assert.deepEqual(feesOf(params, 'binance-usdm'), { makerBps: 2, takerBps: 5 });
    assert.deepEqual(feesOf(params, 'somewhere'), params.fees['default']);
    assert.equal(formatMoney(feeOn(money('10000'), 5)), '5');
    assert.equal(feeOn(1n, 5), 1n);
    assert.equal(feeOn(1n, 0), 0n);
    assert.equal(feeOn(money('10000'), -1), -money('1'));
    assert.equal(feeOn(10_001n, -1), -1n);
  });

  test('the source system could not have paid what it claimed: 223 round trips of a third of $10,000 at 5 bp a side', () => {
    const perSide = feeOn(money('3333'), 5);
    assert.ok(perSide * 446n > money('125.43') * 5n);
  });
});
