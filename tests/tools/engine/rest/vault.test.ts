import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { CliError } from '../../../../tools/cli/errors.js';
import { SecretHandles } from '../../../../tools/engine/rest/handles.js';
import { keysFromEnvironment, keysFromVenueLine } from '../../../../tools/engine/rest/keys.js';
import { judgeRights, rightsOf } from '../../../../tools/engine/rest/restrictions.js';
import { KeyVault, secretsOf } from '../../../../tools/engine/rest/vault.js';
import type { VenueAccess } from '../../../../tools/engine/parts.js';

const KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
const SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const pem = (pair: typeof rsa): string => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

test('RSA and Ed25519 sign what their public keys prove, percent-encoded in a form', () => {
  for (const [kind, pair, digest] of [['rsa', rsa, 'sha256'], ['ed25519', ed25519, null]] as const) {
    const vault = new KeyVault({ kind, key: KEY, secret: pem(pair) });
    const form = vault.signForm('symbol=BTCUSDT&timestamp=1');
    const [payload, signature] = form.split('&signature=') as [string, string];
    assert.doesNotMatch(signature, /[+/=]/);
    assert.ok(verify(digest, Buffer.from(payload), pair.publicKey, Buffer.from(decodeURIComponent(signature), 'base64')), kind);
  }
});

test('a message of the websocket API is signed over its sorted parameters: the documentation\'s example', () => {
  const vault = new KeyVault({ kind: 'hmac', key: KEY, secret: SECRET });
  const params = { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01000000', price: '52000.00', newOrderRespType: 'ACK', recvWindow: 100 };
  const signed = vault.signMessage(params, 1_645_423_376_532);
  assert.equal(signed['signature'], 'cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a');
  assert.equal(vault.signMessage({ ...params, timestamp: 5 }, 6)['timestamp'], 5);
});

test('a vault shows its key\'s ends and nothing else, however it is looked at', () => {
  const vault = new KeyVault({ kind: 'hmac', key: KEY, secret: SECRET });
  assert.equal(vault.keyId, 'hmac vmPU…Eh8A');
  const access: VenueAccess = { origins: {} as never, keys: { kind: 'hmac', key: KEY, secret: SECRET }, ca: null };
  const secrets = secretsOf(access);
  assert.equal(secretsOf(access), secrets);
  const seen = [vault, secrets].map((one) => `${inspect(one, { depth: 9, showHidden: true })} ${JSON.stringify(one)} ${Object.getOwnPropertyNames(one).join(' ')}`).join(' ');
  assert.ok(!seen.includes(KEY) && !seen.includes(SECRET));
});

test('a key that cannot be used is refused without being quoted', () => {
  const refused = (kind: 'hmac' | 'rsa' | 'ed25519', key: string, secret: string): string => {
    try {
      return new KeyVault({ kind, key, secret }).keyId;
    } catch (error) {
      return inspect(error);
    }
  };
  for (const [kind, key, secret] of [['hmac', 'short!', SECRET], ['hmac', KEY, ''], ['rsa', KEY, SECRET], ['rsa', KEY, pem(ed25519)], ['ed25519', KEY, `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`]] as const) {
    const text = refused(kind, key, secret);
    assert.match(text, /RangeError/);
    assert.ok(!text.includes(SECRET) && !text.includes(KEY));
  }
});

test('handles stand for secrets in the order they were told; a forged one reveals nothing', () => {
  const handles = new SecretHandles(['topsecret']);
  const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];
  assert.equal(handles.hide(`{"listenKey":"${first}","x":"topsecret"}`), '{"listenKey":"secret:0","x":"(hidden)"}');
  assert.equal(handles.hide(`{"listenKey" : "${second}"} ${first}`), '{"listenKey" : "secret:1"} secret:0');
  assert.equal(handles.reveal('/private/ws/secret:1?x=secret:7'), `/private/ws/${second}?x=secret:7`);
  // A "key" that is a piece of every price hides no price.
  assert.equal(handles.hide('{"listenKey":"1","token":"BTC"}'), '{"listenKey":"secret:2","token":"secret:3"}');
  assert.equal(handles.hide('{"s":"BTCUSDT","p":"101.1"}'), '{"s":"BTCUSDT","p":"101.1"}');
  // The venue itself says "secret:0": what is sent back must not be the listen key.
  assert.equal(handles.reveal(handles.hide('{"msg":"secret:0"}')), '{"msg":"secret_0"}');
  assert.equal(handles.hide('{"listenKey":"cut-in-the-mid'), '{"listenKey":"(cut)');
});

test('keys come from the environment or the exchange\'s line; what is missing is said by its name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-keys-'));
  try {
    const file = join(folder, 'key.pem');
    writeFileSync(file, pem(ed25519));
    assert.equal(keysFromEnvironment({}, 'demo'), null);
    assert.deepEqual(keysFromEnvironment({ FAULTLINE_BINANCE_DEMO_KEY: KEY, FAULTLINE_BINANCE_DEMO_SECRET: SECRET }, 'demo'), { kind: 'hmac', key: KEY, secret: SECRET });
    assert.equal(keysFromEnvironment({ FAULTLINE_BINANCE_DEMO_KEY: KEY, FAULTLINE_BINANCE_DEMO_SECRET: SECRET }, 'live'), null);
    assert.equal(keysFromEnvironment({ FAULTLINE_BINANCE_LIVE_KEY: KEY, FAULTLINE_BINANCE_LIVE_PRIVATE_KEY_FILE: file }, 'live')?.kind, 'ed25519');
    assert.equal(keysFromEnvironment({ FAULTLINE_BINANCE_LIVE_KEY: KEY, FAULTLINE_BINANCE_LIVE_SECRET: pem(rsa).replaceAll('\n', String.raw`\n`) }, 'live')?.kind, 'rsa');
    const complains = (environment: Record<string, string>, text: RegExp): void => {
      assert.throws(() => keysFromEnvironment(environment, 'live'), (error) => error instanceof CliError && error.exit === 'configuration' && text.test(error.message) && !inspect(error).includes(SECRET));
    };
    complains({ FAULTLINE_BINANCE_LIVE_SECRET: SECRET }, /LIVE_KEY is not set/);
    complains({ FAULTLINE_BINANCE_LIVE_KEY: KEY }, /without its secret/);
    complains({ FAULTLINE_BINANCE_LIVE_KEY: KEY, FAULTLINE_BINANCE_LIVE_SECRET: SECRET, FAULTLINE_BINANCE_LIVE_PRIVATE_KEY_FILE: file }, /both/);
    complains({ FAULTLINE_BINANCE_LIVE_KEY: KEY, FAULTLINE_BINANCE_LIVE_PRIVATE_KEY_FILE: join(folder, 'none.pem') }, /ENOENT/);
    complains({ FAULTLINE_BINANCE_LIVE_KEY: KEY, FAULTLINE_BINANCE_LIVE_SECRET: `-----BEGIN ${SECRET}` }, /no RSA or Ed25519/);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(keysFromVenueLine({ keys: { hmac: { key: 'k', secret: 's' }, rsa: null } }), { kind: 'hmac', key: 'k', secret: 's' });
  assert.equal(keysFromVenueLine({ keys: { hmac: { key: 'k', secret: 's' }, rsa: null } }, 'rsa'), null);
  assert.equal(keysFromVenueLine('no line'), null);
});

test('live takes a key that reads, trades and cannot withdraw, and refuses every doubt', () => {
  const body = { ipRestrict: true, enableReading: true, enableWithdrawals: false, enableFutures: true, enableVanillaOptions: false, enableSpotAndMarginTrading: true };
  const judged = (changed: object, products: readonly ('spot' | 'usdm' | 'options')[] = ['spot', 'usdm']): string => {
    const check = judgeRights(rightsOf({ ...body, ...changed }), products);
    return check.ok ? 'ok' : check.problem;
  };
  assert.equal(judged({}), 'ok');
  assert.equal(judged({ enableWithdrawals: true }), 'this API key can withdraw');
  for (const doubt of [{ enableWithdrawals: 'false' }, { enableWithdrawals: undefined }, { enableReading: 1 }]) assert.match(judged(doubt), /did not say what this API key may do/);
  assert.equal(judged({ enableReading: false }), 'this API key cannot read the account');
  assert.equal(judged({ enableFutures: false }, ['usdm', 'options']), 'this API key cannot trade usdm and options');
  for (const body of [null, [], 'yes', { code: -2015 }]) assert.equal(rightsOf(body), undefined);
});
