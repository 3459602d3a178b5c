import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify, createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError } from '../../../config/index.js';
import { CliError } from '../../../tools/cli/errors.js';
import { Accounts, demoAccounts, demoBalances } from '../../../tools/exchange/accounts/accounts.js';
import { readAccounts } from '../../../tools/exchange/accounts/accounts-file.js';
import { readScript } from '../../../tools/exchange/troubles/index.js';

const folder = mkdtempSync(join(tmpdir(), 'fl-accounts-'));
after(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, 'accounts.toml');
  writeFileSync(path, text);
  return path;
};
const key = (letter: string): string => letter.repeat(64);

describe('demo accounts', () => {
  test('have keys of the venue\'s form that sign, the same ones for a seed, each its own', async () => {
    const balances = demoBalances([{ base: 'BTC', startPrice: 60_000 }]);
    const [all, again, other] = await Promise.all([demoAccounts(3, 7, balances), demoAccounts(3, 7, balances), demoAccounts(1, 8, balances)]);
    const texts = all.flatMap(({ keys }) => keys.map(({ key: text }) => text));
    assert.equal(new Set([...texts, ...other[0]!.keys.map(({ key: text }) => text)]).size, texts.length + 3);
    for (const text of texts) assert.match(text, /^[A-Za-z0-9]{64}$/);
    const seeded = (accounts: typeof all): unknown => accounts.map(({ keys }) => keys.filter(({ kind }) => kind !== 'rsa').map(({ key: text, secret }) => [text, secret]));
    assert.deepEqual(seeded(all), seeded(again));
    for (const { kind, secret, publicKey } of all[0]!.keys.filter(({ kind: one }) => one !== 'hmac')) {
      const signature = sign(kind === 'rsa' ? 'sha256' : null, Buffer.from('payload'), createPrivateKey(secret!));
      assert.ok(verify(kind === 'rsa' ? 'sha256' : null, Buffer.from('payload'), publicKey!, signature));
    }
    const accounts = new Accounts(all);
    assert.equal(accounts.key(texts[0]!)?.account, all[0]!.id);
    assert.equal(accounts.key(key('x')), undefined);
    assert.equal(balances.spot['BTC'], '4');
  });
});

describe('a file of accounts', () => {
  test('gives keys, permissions, addresses and balances', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const [reader, trader] = readAccounts(file(`
[[account]]
name = "reader"
keys = [{ key = "${key('a')}", secret = "${key('b')}", permissions = ["read"], ips = ["127.0.0.1"] }]
spot = { USDT = "1000.5" }
commissions = { spot = { maker = "-0.0001", taker = "0.001" } }
tradeGroupId = 3
maxAsset = { BTC = "0.5" }

[[account]]
name = "trader"
keys = [{ key = "${key('c')}", publicKey = """${publicKey.export({ type: 'spki', format: 'pem' }).toString()}""" }]
`));
    assert.deepEqual(reader!.balances, { spot: { USDT: '1000.5' }, usdm: {}, options: {}, deribit: {} });
    assert.deepEqual([reader!.commissions, trader!.commissions], [{ spot: { maker: '-0.0001', taker: '0.001' } }, {}]);
    assert.deepEqual([reader!.spotTerms, trader!.spotTerms], [{ tradeGroupId: 3, maxAsset: { BTC: '0.5' } }, { tradeGroupId: undefined, maxAsset: {} }]);
    assert.deepEqual([...reader!.keys[0]!.permissions], ['read']);
    assert.deepEqual(reader!.keys[0]!.ips, ['127.0.0.1']);
    const [own] = trader!.keys;
    assert.deepEqual([own!.kind, own!.secret, [...own!.permissions]], ['ed25519', undefined, ['read', 'spot', 'futures', 'options']]);
    assert.notEqual(reader!.id, trader!.id);
  });

  test('is refused with what is wrong in it, and no secret in the message', () => {
    const secret = 'do-not-print-me';
    const cases: readonly (readonly [RegExp, string])[] = [
      [/64 letters and digits/, `[[account]]\nname = "a"\nkeys = [{ key = "short", secret = "${secret}" }]`],
      [/amount/, `[[account]]\nname = "a"\nkeys = [{ key = "${key('a')}", secret = "${secret}" }]\nspot = { USDT = "-5" }`],
      [/a rebate has a minus/, `[[account]]\nname = "a"\nkeys = [{ key = "${key('a')}", secret = "${secret}" }]\ncommissions = { usdm = { maker = "0.0001", taker = "2" } }`],
      [/has already/, `[[account]]\nname = "a"\nkeys = [{ key = "${key('a')}", secret = "${secret}" }, { key = "${key('a')}", secret = "${secret}2" }]`],
      [/no PEM/, `[[account]]\nname = "a"\nkeys = [{ key = "${key('a')}", publicKey = "${secret}" }]`],
      [/lists no account/, ''],
    ];
    for (const [message, text] of cases) {
      assert.throws(() => readAccounts(file(text)), (error: unknown) => {
        assert.ok(error instanceof CliError || error instanceof ConfigError);
        const whole = error instanceof ConfigError ? JSON.stringify(error.problems) : error.message;
        assert.match(whole, message);
        assert.ok(!whole.includes(secret), whole);
        return true;
      });
    }
  });

  test('that cannot be read is named', () => {
    const folder = dirname(file(''));
    for (const [path, reason] of [[folder, 'is a folder, not a file'], [join(folder, 'nowhere.toml'), 'no such file or folder']] as const) {
      for (const read of [readAccounts, readScript]) assert.throws(() => read(path), (error: Error) => error instanceof CliError && error.message === `cannot read ${path}: ${reason}`);
    }
  });
});
