import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { erfc, exp, log, normalCdf, pow } from '../../../actors/math/elementary.js';

const bits = new DataView(new ArrayBuffer(8));
/** Distance in units in the last place; 0 for two NaN, signed zeros told apart. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const key = (x: number): bigint => {
    bits.setFloat64(0, x);
    const n = bits.getBigInt64(0);
    return n < 0n ? -(n & 0x7fffffffffffffffn) : n;
  };
  const d = key(a) - key(b);
  return a === b ? 1 : Number(d < 0n ? -d : d);
}

const anyDouble = fc.double({ noNaN: true });
const usual = fc.double({ min: 1e-9, max: 1e9, noNaN: true });

test('log agrees with the engine to 1 ulp over all doubles', () => {
  fc.assert(fc.property(anyDouble, (x) => ulps(log(Math.abs(x)), Math.log(Math.abs(x))) <= 1), { numRuns: 20_000 });
  fc.assert(fc.property(fc.double({ min: 0.9, max: 1.1, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 1), { numRuns: 20_000 });
});

test('exp agrees with the engine to 1 ulp over its whole range', () => {
  fc.assert(fc.property(fc.double({ min: -745, max: 710, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 1), { numRuns: 20_000 });
  fc.assert(fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 1), { numRuns: 20_000 });
});

test('pow agrees with the engine to 1 ulp, over all doubles and over usual ones', () => {
  fc.assert(fc.property(usual, fc.double({ min: -20, max: 20, noNaN: true }), (x, y) => ulps(pow(x, y), x ** y) <= 1), { numRuns: 20_000 });
  fc.assert(fc.property(anyDouble, anyDouble, (x, y) => ulps(pow(x, y), x ** y) <= 1), { numRuns: 20_000 });
  fc.assert(fc.property(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -12, max: 12 }), (x, y) => ulps(pow(x, y), x ** y) <= 1));
});

test('special values are those of ECMAScript', () => {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 5e-324, -5e-324, 2.2250738585072014e-308,
    Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 2 ** 53 + 2, 2 ** 31, 2 ** 32 + 1, 1 - 2 ** -53, 1 + 2 ** -52, 709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412];
  for (const x of special) {
    assert.equal(ulps(log(x), Math.log(x)) <= 1, true, `log(${x}) = ${log(x)}, engine ${Math.log(x)}`);
    assert.equal(ulps(exp(x), Math.exp(x)) <= 1, true, `exp(${x}) = ${exp(x)}, engine ${Math.exp(x)}`);
    for (const y of special) assert.equal(ulps(pow(x, y), x ** y) <= 1, true, `pow(${x}, ${y}) = ${pow(x, y)}, engine ${x ** y}`);
  }
  assert.equal(log(1), 0);
  assert.equal(exp(0), 1);
  assert.equal(pow(10, 15), 1e15);
});

/** erfc by the Taylor series of erf in fixed-point integers of 400 bits: slow, and shares nothing with the code under test. */
function erfcExact(x: number): number {
  const one = 1n << 400n;
  bits.setFloat64(0, x);
  const raw = bits.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn) - 1075;
  const mantissa = (raw & 0xfffffffffffffn) | 0x10000000000000n;
  const shift = 400 + exponent;
  let xx = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
  if (x < 0) xx = -xx;
  const square = (xx * xx) >> 400n;
  let power = xx;
  let sum = 0n;
  for (let n = 0n; power !== 0n && n < 3000n; n += 1n) {
    sum += power / (2n * n + 1n);
    power = -((power * square) >> 400n) / (n + 1n);
    if (power === 0n || power === -1n) break;
  }
  // 2/sqrt(pi) * 2^400, from pi by Machin.
  const arctan = (inverse: bigint): bigint => {
    let term = one / inverse;
    let total = 0n;
    for (let k = 1n, sign = 1n; term !== 0n; k += 2n, sign = -sign) {
      total += (sign * term) / k;
      term /= inverse * inverse;
    }
    return total;
  };
  const pi = 4n * (4n * arctan(5n) - arctan(239n));
  const root = (n: bigint): bigint => {
    let r = 1n << 402n; // above the root, so that Newton falls
    for (;;) {
      const next = (r + n / r) >> 1n;
      if (next >= r) return r;
      r = next;
    }
  };
  const erf = (sum * 2n * one) / root(pi << 400n);
  const value = one - erf;
  // Top 64 bits to a double.
  const length = value.toString(2).length;
  const drop = Math.max(0, length - 64);
  return Number(value >> BigInt(drop)) * 2 ** (drop - 400);
}

test('erfc and the normal distribution function agree with exact series', () => {
  for (let i = -240; i <= 240; i += 1) {
    const x = i / 37 + (i % 7) * 1e-5;
    if (x === 0) continue;
    assert.ok(ulps(erfc(x), erfcExact(x)) <= 2, `erfc(${x}) = ${erfc(x)}, exact ${erfcExact(x)}`);
  }
  assert.equal(normalCdf(0), 0.5);
  assert.equal(normalCdf(-Infinity), 0);
  assert.equal(normalCdf(Infinity), 1);
  assert.ok(Number.isNaN(normalCdf(NaN)));
  // Abramowitz and Stegun, table 26.1.
  assert.ok(Math.abs(normalCdf(1.96) - 0.9750021048517795) < 1e-15);
  assert.ok(Math.abs(normalCdf(-3) - 0.0013498980316300946) < 1e-17);
  fc.assert(fc.property(fc.double({ min: -8, max: 8, noNaN: true }), (x) => Math.abs(normalCdf(x) + normalCdf(-x) - 1) < 1e-15));
});

test('known bits stay: a change of algorithm would change every digest', () => {
  const rows = [log(2), log(1.0000001), log(61659.75 / 61659.7), exp(1), exp(-0.1), pow(1.0001, 12345.678), pow(0.3, 0.7), normalCdf(-2.5)];
  const hex = rows.map((value) => { bits.setFloat64(0, value); return bits.getBigUint64(0).toString(16); });
  assert.deepEqual(hex, HEX);
});
const HEX = ['3fe62e42fefa39ef', '3e7ad7f2847b6492', '3eab35988f09a30c', '4005bf0a8b14576a', '3fecf46d99d52b3a', '400b7e526b8e001c', '3fdb8d809c615f41', '3f796f4e57e49ce2'];
