import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalLine, chainDigest, EMPTY_DIGEST } from '../../../actors/journal/digest.js';
import type { Decision } from '../../../actors/journal/decision.js';
import { tree } from '../support/tree.js';

const decision = (seq: number, data: Decision['data'] = {}): Decision => ({ type: 'decision', seq, atUs: seq * 10, by: '/x', kind: 'control', symbol: 0, data });

describe('canonical lines', () => {
  test('do not depend on the order of keys', () => {
    assert.equal(canonicalLine(decision(1, { b: 1, a: 'x', c: null })), canonicalLine(decision(1, { c: null, a: 'x', b: 1 })));
    assert.equal(canonicalLine(decision(1, { b: 1.5, a: 'x"y' })), '{"seq":1,"atUs":10,"by":"/x","kind":"control","symbol":0,"data":{"a":"x\\"y","b":1.5}}');
    assert.match(canonicalLine(decision(1, { a: Number.NaN })), /"a":null/);
  });

  test('are JSON and keep every finite value', () => {
    const value = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x)), fc.boolean(), fc.constant(null));
    fc.assert(fc.property(fc.dictionary(fc.string().filter((key) => key !== '__proto__'), value), (data) => {
      const { type: _type, ...rest } = decision(7, data);
      assert.deepEqual(JSON.parse(canonicalLine(decision(7, data))), JSON.parse(JSON.stringify(rest)));
    }));
  });
});

describe('the journal', () => {
  test('chains SHA-256 over the lines it hands out', () => {
    const { runtime, lines } = tree([]);
    for (let seq = 0; seq < 5; seq += 1) runtime.send('/journal', decision(seq, { seq }));
    runtime.drain();
    assert.equal(lines.length, 5);
    let expected = '0'.repeat(64);
    for (const line of lines) expected = createHash('sha256').update(expected + line).digest('hex');
    assert.equal(lines.reduce(chainDigest, EMPTY_DIGEST), expected);
    assert.deepEqual(runtime.inspect('/journal')?.value, { count: 5, digest: expected });
  });

  test('answers its state when asked', () => {
    const { runtime } = tree([]);
    runtime.send('/journal', decision(1));
    const answers: unknown[] = [];
    runtime.ask('/journal', { type: 'digest' }, 100, (result) => answers.push(result));
    runtime.drain();
    assert.deepEqual(answers, [{ ok: true, value: runtime.inspect('/journal')?.value }]);
  });

  test('a crash between turns loses neither count nor digest', () => {
    const whole = tree([]);
    const crashed = tree([]);
    for (let seq = 0; seq < 20; seq += 1) {
      for (const { runtime } of [whole, crashed]) {
        runtime.send('/journal', decision(seq));
        runtime.drain();
      }
      if (seq % 7 === 3) assert.ok(crashed.runtime.crash('/journal'));
    }
    crashed.runtime.drain();
    assert.equal(crashed.runtime.counters().restarts, 3);
    assert.deepEqual(crashed.lines, whole.lines);
    assert.deepEqual(crashed.runtime.inspect('/journal')?.value, whole.runtime.inspect('/journal')?.value);
  });
});
