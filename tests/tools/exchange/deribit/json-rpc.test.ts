import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DeribitError } from '../../../../actors/exchange/deribit/errors.js';
import { DeribitParams } from '../../../../actors/exchange/deribit/params.js';
import { decodeGet, decodeRequest, errorFrame, notificationFrame, resultFrame } from '../../../../tools/exchange/deribit/json-rpc.js';

const refusal = (text: string): number | undefined => {
  const decoded = decodeRequest(text);
  return decoded.ok ? undefined : decoded.error.code;
};

test('a request keeps its id whatever its kind', () => {
  for (const id of [1, 'abc', null, 2.5]) {
    const decoded = decodeRequest(JSON.stringify({ jsonrpc: '2.0', id, method: 'public/test', params: { a: 1 } }));
    assert.ok(decoded.ok);
    assert.equal(decoded.request.id, id);
    assert.deepEqual(decoded.request.params, { a: 1 });
  }
  const bare = decodeRequest('{"method":"public/test"}');
  assert.ok(bare.ok);
  assert.equal(bare.request.id, undefined);
});

test('what is no request gets the JSON-RPC error of its fault', () => {
  assert.equal(refusal('{'), -32700);
  assert.equal(refusal(''), -32700);
  assert.equal(refusal('[{"method":"public/test"}]'), -32600);
  assert.equal(refusal('"public/test"'), -32600);
  assert.equal(refusal('{"id":1}'), -32600);
  assert.equal(refusal('{"id":{},"method":"public/test"}'), -32600);
  assert.equal(refusal('{"id":1,"method":"public/test","params":[1]}'), -32600);
  assert.equal(refusal('{"id":1,"method":"public/../x"}'), -32601);
  assert.equal(refusal('{"id":1,"method":"toString"}'), -32601);
  const named = decodeRequest('{"id":7,"method":"eval"}');
  assert.ok(!named.ok && named.id === 7);
});

test('decoding is total: any text gives a request or an error, and every answer is JSON', () => {
  const times = { usIn: 5, usOut: 9, testnet: true };
  const texts = fc.oneof(fc.string(), fc.json(), fc.record({ id: fc.jsonValue(), method: fc.jsonValue(), params: fc.jsonValue() }, { requiredKeys: [] }).map((frame) => JSON.stringify(frame)));
  fc.assert(fc.property(texts, (text) => {
    const decoded = decodeRequest(text);
    if (decoded.ok) return;
    const answer = JSON.parse(errorFrame(decoded.id, decoded.error, times)) as Record<string, unknown>;
    assert.equal(answer['usDiff'], 4);
    assert.equal(answer['testnet'], true);
  }), { numRuns: 500 });
});

test('a GET and a frame read the same parameters', () => {
  const get = decodeGet('private/buy', 'instrument_name=BTC-PERPETUAL&amount=40&post_only=true&price=6000.5&channels=%5B%22a%22%5D');
  const frame = decodeRequest('{"method":"private/buy","params":{"instrument_name":"BTC-PERPETUAL","amount":40,"post_only":true,"price":6000.5,"channels":["a"]}}');
  assert.ok(get.ok && frame.ok);
  for (const { request } of [get, frame]) {
    const params = new DeribitParams(request.params);
    assert.equal(params.text('instrument_name'), 'BTC-PERPETUAL');
    assert.equal(params.number('amount'), 40);
    assert.equal(params.number('price'), 6000.5);
    assert.equal(params.flag('post_only'), true);
    assert.equal(params.flag('reduce_only'), false);
    assert.deepEqual(params.texts('channels', 10), ['a']);
  }
});

test('parameters of any kind give a value or -32602 naming the parameter, never anything inherited', () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.jsonValue()), fc.constantFrom('a', 'b', 'constructor', 'toString'), (values, name) => {
    const params = new DeribitParams(values);
    const readers = [
      () => params.text(name), () => params.number(name), () => params.flag(name), () => params.texts(name, 3), () => params.integer(name, 0, 9),
      () => params.word(name, ['x', 'y']),
    ];
    for (const read of readers) {
      try {
        assert.notEqual(typeof read(), 'function');
      } catch (error) {
        assert.ok(error instanceof DeribitError);
        assert.equal(error.code, -32602);
        assert.equal(error.data?.['param'], name);
      }
    }
  }));
});

test('numbers must be finite and written as numbers', () => {
  for (const value of ['NaN', 'Infinity', '0x10', '', ' 1', '1_000', true, {}, [], '1e999']) {
    assert.throws(() => new DeribitParams({ amount: value }).number('amount'), (error) => error instanceof DeribitError && error.code === -32602);
  }
  assert.equal(new DeribitParams({ amount: '1e-3' }).number('amount'), 0.001);
});

test('an answer has the times of its request, a notification has none', () => {
  assert.equal(resultFrame(3, 'ok', { usIn: 10, usOut: 25, testnet: false }), '{"jsonrpc":"2.0","id":3,"result":"ok","usIn":10,"usOut":25,"usDiff":15,"testnet":false}');
  assert.equal(notificationFrame('quote.X', '{"a":1}'), '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"quote.X","data":{"a":1}}}');
});
