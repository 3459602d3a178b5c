import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BracketTable, initialMargin } from '../../../../actors/exchange/futures/brackets.js';
import { Contract, type ContractTerms, price } from '../../../../actors/exchange/futures/contract.js';
import { bankruptcyPrice, liquidationPrice } from '../../../../actors/exchange/futures/liquidation-price.js';
import { Position } from '../../../../actors/exchange/futures/position.js';
import { type Amount, amount, asset, formatAmount, mustParseAmount, ONE } from '../../../../actors/exchange/ledger/index.js';

const btc = new Contract({
  symbol: 'BTCUSDT', kind: 'linear', marginAsset: asset('USDT'), tickSize: price(10_000_000n), lotSize: amount(100_000n),
});
/** Deribit's: 10 USD a lot, ticks of 0.5 USD, settled in bitcoin. */
const perpetual = new Contract({
  symbol: 'BTC-PERPETUAL', kind: 'inverse', marginAsset: asset('BTC'), tickSize: price(50_000_000n), lotSize: amount(1_000_000_000n),
});
const usd = (text: string): Amount => mustParseAmount(text);
const table = new BracketTable([
  [usd('50000'), 125, usd('0.004')],
  [usd('600000'), 100, usd('0.005')],
  [usd('3000000'), 75, usd('0.0065')],
  [usd('12000000'), 50, usd('0.01')],
]);
const coinTable = new BracketTable([[usd('100'), 50, usd('0.01')], [usd('1000'), 20, usd('0.02')]]);

const contracts = fc.constantFrom(btc, perpetual);
const ticks = fc.integer({ min: 1, max: 2_000_000 });
const lots = fc.integer({ min: 1, max: 5_000_000 });
const abs = (value: bigint): bigint => (value < 0n ? -value : value);

describe('futures contracts', () => {
  test('a linear lot is worth price × quantity, an inverse one quantity ÷ price, with the sign that profits a long', () => {
    assert.equal(formatAmount(btc.tradeValue(600_000, 1500)), '90000.00000000');
    assert.equal(formatAmount(perpetual.tradeValue(120_000, 6)), '-0.00100000');
    assert.equal(btc.priceFor(btc.notional(btc.priceOf(600_000), 7), 7), btc.priceOf(600_000));
    assert.throws(() => new Contract({ ...btc.terms, tickSize: price(1n), lotSize: amount(1n) }), /finer than 10\^-8/);
  });

  test('profits are those of the text books', () => {
    const long = new Position(btc);
    long.fill(1000, Position.tradedValue(btc, 1000, 600_000));
    assert.equal(formatAmount(long.fill(-400, Position.tradedValue(btc, -400, 610_000)).realised), '400.00000000');
    assert.equal(long.entryPrice(), btc.priceOf(600_000));
    assert.equal(formatAmount(long.unrealised(btc.priceOf(590_000))), '-600.00000000');

    // 1,000 USD bought at 50,000 and sold at 62,500: 0.02 - 0.016 BTC won.
    const inverse = new Position(perpetual);
    inverse.fill(100, Position.tradedValue(perpetual, 100, 100_000));
    assert.equal(formatAmount(inverse.fill(-100, Position.tradedValue(perpetual, -100, 125_000)).realised), '0.00400000');
    assert.deepEqual([inverse.lots, inverse.cost], [0, 0n]);
  });

  test('a trade through zero closes all and opens the rest at the trade’s price', () => {
    const position = new Position(btc);
    position.fill(-300, Position.tradedValue(btc, -300, 600_000));
    const result = position.fill(500, Position.tradedValue(btc, 500, 590_000));
    assert.deepEqual([formatAmount(result.realised), result.closedLots, result.openedLots], ['300.00000000', 300, 200]);
    assert.deepEqual([position.lots, position.entryPrice()], [200, btc.priceOf(590_000)]);
  });

  test('between any accounts and over any trades: lots sum to zero, and profits paid are the change of all costs, to the unit', () => {
    const trade = fc.record({ buyer: fc.nat(3), seller: fc.nat(3), ticks, lots });
    fc.assert(
      fc.property(contracts, fc.array(trade, { maxLength: 60 }), (contract, trades) => {
        const positions = Array.from({ length: 4 }, () => new Position(contract));
        const wallets = [0n, 0n, 0n, 0n];
        for (const it of trades) {
          for (const [who, signed] of [[it.buyer, it.lots], [it.seller, -it.lots]] as const) {
            wallets[who]! += positions[who]!.fill(signed, Position.tradedValue(contract, signed, it.ticks)).realised;
          }
          assert.equal(positions.reduce((sum, { lots }) => sum + lots, 0), 0);
          assert.equal(wallets.reduce((a, b) => a + b), positions.reduce((sum, { cost }) => sum + cost, 0n));
        }
        // Everybody closes at one price against a fifth: money is where it was, nothing is left over.
        const last = new Position(contract);
        let lastWallet = 0n;
        positions.forEach((position, who) => {
          const closing = -position.lots;
          if (closing === 0) return;
          const traded = Position.tradedValue(contract, closing, 777_777);
          wallets[who]! += position.fill(closing, traded).realised;
          lastWallet += last.fill(-closing, amount(0n - traded)).realised;
          assert.deepEqual([position.lots, position.cost], [0, 0n]);
        });
        assert.equal(last.lots, 0);
        assert.equal(wallets.reduce((a, b) => a + b) + lastWallet, last.cost);
        // Inverse values are rounded a trade, so a flat book may keep a unit a trade in cost; linear ones keep none.
        assert.ok(abs(last.cost) <= (contract.inverse ? BigInt(trades.length + 8) : 0n));
      }),
      { numRuns: 200 },
    );
  });

  test('closing in parts never realises more or less than closing at once', () => {
    fc.assert(
      fc.property(ticks, ticks, fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 20 }), fc.boolean(), (entry, exit, parts, short) => {
        const total = parts.reduce((a, b) => a + b);
        const sign = short ? -1 : 1;
        const whole = new Position(btc);
        const sliced = new Position(btc);
        whole.fill(sign * total, Position.tradedValue(btc, sign * total, entry));
        sliced.fill(sign * total, Position.tradedValue(btc, sign * total, entry));
        const atOnce = whole.fill(-sign * total, Position.tradedValue(btc, -sign * total, exit)).realised;
        const inParts = parts.reduce((sum, part) => sum + sliced.fill(-sign * part, Position.tradedValue(btc, -sign * part, exit)).realised, 0n);
        assert.equal(inParts, atOnce);
      }),
    );
  });

  test('the break-even price returns what was paid in fees', () => {
    const position = new Position(btc);
    position.fill(1000, Position.tradedValue(btc, 1000, 600_000));
    position.netSinceOpened = amount(position.netSinceOpened - usd('60'));
    assert.equal(position.breakEvenPrice(), price(60_060n * ONE));
  });
});

describe('leverage brackets', () => {
  test('maintenance margin is continuous and rises, and never exceeds the initial margin at the bracket’s own leverage', () => {
    assert.equal(formatAmount(table.brackets[1]!.cum), '50.00000000');
    assert.equal(formatAmount(table.maintenance(usd('100000'))), '450.00000000');
    assert.equal(table.maxNotional(100), usd('600000'));
    assert.equal(table.maxNotional(126), 0n);
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 12_000_000n * ONE }), (units) => {
        const notional = amount(units);
        assert.ok(table.maintenance(notional) <= table.maintenance(amount(units + 1000n)));
        assert.ok(table.maintenance(notional) <= initialMargin(notional, table.of(notional).initialLeverage));
      }),
    );
  });

  test('brackets that do not rise are refused', () => {
    assert.throws(() => new BracketTable([[usd('10'), 10, usd('0.1')], [usd('9'), 5, usd('0.2')]]), RangeError);
    assert.throws(() => new BracketTable([]), RangeError);
  });
});

describe('liquidation price', () => {
  const marginAt = (position: Position, brackets: BracketTable, margin: Amount, at: bigint): bigint =>
    margin + position.unrealised(price(at)) - brackets.maintenance(position.notional(price(at)));

  test('is where margin meets maintenance: safe on one side of it, due on the other', () => {
    fc.assert(
      fc.property(contracts, fc.integer({ min: 20_000, max: 1_500_000 }), fc.integer({ min: 50, max: 3000 }), fc.integer({ min: 2, max: 50 }), fc.boolean(), (contract, entry, size, leverage, short) => {
        const brackets = contract.inverse ? coinTable : table;
        const position = new Position(contract);
        const signed = short ? -size : size;
        position.fill(signed, Position.tradedValue(contract, signed, entry));
        const wallet = initialMargin(position.notional(contract.priceOf(entry)), leverage);
        const at = liquidationPrice(position, brackets, wallet);
        if (at === 0n) {
          // A short of coin at a leverage near 1, or a long with more margin than its price can lose.
          assert.ok(marginAt(position, brackets, wallet, short ? BigInt(1e17) : 1n) > 0n);
          return;
        }
        // Off by what rounding to 10^-8 of price and of money makes.
        const slack = at / 5000n + 2n;
        assert.ok(marginAt(position, brackets, wallet, at + (short ? -slack : slack)) > 0n, 'safe before it');
        assert.ok(marginAt(position, brackets, wallet, at + (short ? slack : -slack)) <= 0n, 'due behind it');
        const bankrupt = bankruptcyPrice(position, wallet);
        if (bankrupt !== 0n) {
          assert.ok(short ? bankrupt >= at : bankrupt <= at, 'bankruptcy lies behind liquidation');
          assert.ok(abs(wallet + position.unrealised(bankrupt)) <= BigInt(size) + 2n);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('agrees with a worked example: 1 BTC long at 60,000 with 20x in the second bracket', () => {
    const position = new Position(btc);
    position.fill(1000, Position.tradedValue(btc, 1000, 600_000));
    // (60,000 - 3,000 - 50) / (1 - 0.005)
    assert.equal(Number(liquidationPrice(position, table, usd('3000'))) / 1e8, Number((56_950 / 0.995).toFixed(8)));
    assert.equal(bankruptcyPrice(position, usd('3000')), price(57_000n * ONE));
  });
});

describe('contract terms', () => {
  test('must be positive', () => {
    const terms: ContractTerms = { ...btc.terms, lotSize: amount(0n) };
    assert.throws(() => new Contract(terms), RangeError);
  });
});
