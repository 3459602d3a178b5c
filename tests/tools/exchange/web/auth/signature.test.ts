import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isSigned, sortedPayload, withoutSignature } from '../../../../../tools/exchange/web/auth/signature.js';
import { DOC_KEY, ED_KEY, hmac, RSA_KEY, signedBy, testKeys } from '../venue.js';

const keys = testKeys();
const doc = keys.get(DOC_KEY)!;

/** Known answers of rest-api.md and web-socket-api.md, signed with the key of the documentation. */
const VECTORS = [
  {
    what: 'REST, ASCII',
    payload: 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
    signature: 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71',
  },
  {
    what: 'REST, full-width symbol',
    payload: 'symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
    signature: 'e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3',
  },
] as const;

const WS_VECTORS = [
  {
    what: 'websocket API, ASCII',
    params: { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01000000', price: '52000.00', recvWindow: '100', timestamp: '1645423376532', apiKey: DOC_KEY, signature: 'x' },
    signature: 'aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24',
  },
  {
    what: 'websocket API, full-width symbol',
    params: { symbol: '１２３４５６', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '1.00000000', price: '0.10000000', recvWindow: '5000', timestamp: '1645423376532', apiKey: DOC_KEY, signature: 'x' },
    signature: 'b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd',
  },
] as const;

describe('the known answers of the documentation', () => {
  for (const { what, payload, signature } of VECTORS) {
    test(`${what}: verifies in either case of letters, and no byte of it can be changed`, () => {
      const bytes = Buffer.from(payload, 'latin1');
      assert.ok(isSigned(doc, bytes, signature));
      assert.ok(isSigned(doc, bytes, signature.toUpperCase()));
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        assert.ok(!isSigned(doc, changed, signature), `byte ${at}`);
      }
      for (let at = 0; at < signature.length; at += 1) {
        const other = signature[at] === '0' ? '1' : '0';
        assert.ok(!isSigned(doc, bytes, signature.slice(0, at) + other + signature.slice(at + 1)), `digit ${at}`);
      }
    });
  }

  for (const { what, params, signature } of WS_VECTORS) {
    test(`${what}: parameters sorted by name, not encoded`, () => {
      assert.ok(isSigned(doc, sortedPayload(new Map(Object.entries(params))), signature));
      assert.ok(!isSigned(doc, sortedPayload(new Map(Object.entries({ ...params, side: 'BOTH' }))), signature));
    });
  }
});

describe('RSA and Ed25519', () => {
  for (const [kind, id] of [['rsa', RSA_KEY], ['ed25519', ED_KEY]] as const) {
    test(`${kind}: what its private key signed verifies; a changed byte, letter or case does not`, () => {
      const key = keys.get(id)!;
      const payload = VECTORS[1].payload;
      const signature = signedBy(kind, payload);
      assert.ok(isSigned(key, Buffer.from(payload), signature));
      assert.ok(!isSigned(key, Buffer.from(payload.replace('price=0.1', 'price=0.2')), signature));
      assert.ok(!isSigned(key, Buffer.from(payload), signature.toLowerCase()));
      assert.ok(!isSigned(key, Buffer.from(payload), hmac(payload)));
    });
  }
});

test('no text is taken for a signature, and none makes it throw', () => {
  fc.assert(fc.property(fc.constantFrom(DOC_KEY, RSA_KEY, ED_KEY), fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, payload, signature) => {
    assert.equal(isSigned(keys.get(id)!, Buffer.from(payload), signature), false);
  }), { numRuns: 60 });
});

describe('taking the signature out', () => {
  const cases = [
    ['a=1&b=2&signature=x', 'a=1&b=2'],
    ['signature=x&a=1&b=2', 'a=1&b=2'],
    ['a=1&signature=x&b=2', 'a=1&b=2'],
    ['signature=x', ''],
    ['a=1&b=2', 'a=1&b=2'],
    ['mysignature=x&a=1', 'mysignature=x&a=1'],
    ['a=1&&b=%zz&signature=x', 'a=1&&b=%zz'],
  ] as const;
  for (const [raw, payload] of cases) {
    test(`${raw} leaves ${payload || 'nothing'}`, () => assert.equal(withoutSignature(raw).payload, payload));
  }
});
