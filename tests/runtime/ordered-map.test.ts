import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OrderedMap } from '../../runtime/core/ordered-map.js';
import { TokenMap } from '../../runtime/core/token-map.js';

const names = fc.constantFrom(...'abcdefghijklmnop'.split(''));
const command = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key: names, value: fc.nat(3) }),
  fc.record({ do: fc.constant('remove' as const), key: names, value: fc.nat(3) }),
);

test('an ordered map does what a Map does, few keys or many', () => {
  fc.assert(fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
    const ours = new OrderedMap<number>();
    const model = new Map<string, number>();
    for (const { do: what, key, value } of commands) {
      if (what === 'set') {
        ours.set(key, value);
        model.set(key, value);
      } else {
        ours.remove(key, value);
        if (model.get(key) === value) model.delete(key);
      }
      assert.deepEqual([...ours.entries()], [...model]);
      assert.deepEqual([ours.size, ours.values(), ours.valuesLastFirst()], [model.size, [...model.values()], [...model.values()].reverse()]);
      assert.deepEqual([ours.get(key), ours.has(key)], [model.get(key), model.has(key)]);
    }
  }));
});

test('a token map does what a Map does, one token or many', () => {
  fc.assert(fc.property(fc.array(fc.record({ token: fc.integer({ min: 1, max: 5 }), set: fc.boolean() }), { maxLength: 40 }), (commands) => {
    const ours = new TokenMap<string>();
    const model = new Map<number, string>();
    let fresh = 0;
    for (const { token, set } of commands) {
      // Tokens are given out once: a fresh one is set, an old one only taken away.
      const of = set ? 10 + fresh++ : 9 + token;
      if (set) {
        ours.set(of, `v${of}`);
        model.set(of, `v${of}`);
      } else {
        ours.delete(of);
        model.delete(of);
      }
      const seen: [number, string][] = [];
      ours.forEach((value, key) => seen.push([key, value]));
      assert.deepEqual(seen, [...model]);
      assert.deepEqual([ours.values(), ours.get(of)], [[...model.values()], model.get(of)]);
    }
  }));
});
