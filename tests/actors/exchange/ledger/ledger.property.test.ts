import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AccountId, accountId, FIRST_CLIENT_ACCOUNT, HOUSE } from '../../../../actors/exchange/ids.js';
import { type Amount, amount, type Asset, asset, formatAmount, InsufficientFunds, Ledger, mustParseAmount, parseAmount } from '../../../../actors/exchange/ledger/index.js';

const ASSETS = ['BTC', 'USDT', 'ETH'].map(asset);
const CLIENTS = [0, 1, 2].map((k) => accountId(FIRST_CLIENT_ACCOUNT + k));
const ACCOUNTS: readonly AccountId[] = [...CLIENTS, HOUSE.market, HOUSE.fees];

type Step = { readonly verb: 'lock' | 'unlock' | 'transfer' | 'transferLocked' | 'mint' | 'burn'; readonly from: AccountId; readonly to: AccountId; readonly asset: Asset; readonly units: bigint };
const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom('lock', 'unlock', 'transfer', 'transferLocked', 'mint', 'burn'),
  from: fc.constantFrom(...ACCOUNTS),
  to: fc.constantFrom(...ACCOUNTS),
  asset: fc.constantFrom(...ASSETS),
  units: fc.bigInt({ min: 0n, max: 10n ** 12n }),
});

function play(ledger: Ledger, { verb, from, to, asset: name, units }: Step): void {
  const value = amount(units);
  if (verb === 'lock') ledger.lock(from, name, value);
  else if (verb === 'unlock') ledger.unlock(from, name, value);
  else if (verb === 'transfer') ledger.transfer(from, to, name, value);
  else if (verb === 'transferLocked') ledger.transferLocked(from, to, name, value);
  else if (verb === 'mint') ledger.mint(from, name, value);
  else ledger.burn(from, name, value);
}

const picture = (ledger: Ledger): string =>
  JSON.stringify(ACCOUNTS.map((account) => ASSETS.map((name) => [ledger.free(account, name).toString(), ledger.locked(account, name).toString()])));

describe('Ledger', () => {
  it('conserves every asset under any commands, refuses what is not there, and a refused command changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const ledger = new Ledger();
        for (const account of ACCOUNTS) ledger.open(account, { mayOverdraw: account < FIRST_CLIENT_ACCOUNT });
        for (const one of steps) {
          const before = picture(ledger);
          try {
            play(ledger, one);
          } catch (error) {
            assert.ok(error instanceof InsufficientFunds || error instanceof RangeError);
            assert.equal(picture(ledger), before);
          }
          const sums = ledger.sumByAsset();
          for (const name of ASSETS) assert.equal(sums.get(name) ?? 0n, ledger.supply().get(name) ?? 0n, name);
          for (const account of ACCOUNTS) {
            for (const name of ASSETS) {
              assert.ok(ledger.locked(account, name) >= 0n);
              if (account >= FIRST_CLIENT_ACCOUNT) assert.ok(ledger.free(account, name) >= 0n);
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('moves exactly what was asked between free and locked', () => {
    const [one, other] = CLIENTS as [AccountId, AccountId];
    const btc = asset('BTC');
    const ledger = new Ledger();
    ledger.open(one);
    ledger.open(other);
    ledger.mint(one, btc, mustParseAmount('2'));
    ledger.lock(one, btc, mustParseAmount('1.5'));
    ledger.transferLocked(one, other, btc, mustParseAmount('0.5'));
    ledger.unlock(one, btc, mustParseAmount('0.25'));
    assert.deepEqual([ledger.free(one, btc), ledger.locked(one, btc), ledger.free(other, btc)].map(formatAmount), ['0.75000000', '0.75000000', '0.50000000']);
    assert.throws(() => ledger.transfer(one, other, btc, mustParseAmount('0.75000001')), InsufficientFunds);
    assert.throws(() => ledger.lock(one, btc, amount(-1n)), RangeError);
    assert.throws(() => ledger.open(one), RangeError);
    ledger.burn(other, btc, mustParseAmount('0.5'));
    assert.equal(formatAmount(ledger.sumByAsset().get(btc) as Amount), '1.50000000');
  });
});

describe('Amount', () => {
  it('prints and reads back every amount, and refuses what is finer or no number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (units) => {
        const text = formatAmount(amount(units));
        assert.match(text, /^-?\d+\.\d{8}$/);
        assert.equal(parseAmount(text), units);
      }),
    );
    assert.equal(formatAmount(amount(9_007_199_254_740_991n)), '90071992.54740991');
    assert.equal(formatAmount(amount(9_007_199_254_740_992n)), '90071992.54740992');
    assert.equal(parseAmount('0.000000010'), 1n);
    for (const text of ['', '1e', '0.000000001', 'NaN', '1,0', '0x1']) assert.equal(parseAmount(text), undefined, text);
  });
});
