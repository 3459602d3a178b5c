import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Microprice } from '../../../actors/market/microprice.js';

/** mulberry32 */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Step = [bid: number, bidLots: number, ask: number, askLots: number];

function feed(micro: Microprice, [bid, bidLots, ask, askLots]: Step): void {
  micro.quotes(bid, ask, Float64Array.of(bidLots, askLots), 0, 1);
}

/** Quotes whose mid goes up with a chance that grows with the bid's share. */
function market(seed: number, n: number): Step[] {
  const random = generator(seed);
  const steps: Step[] = [];
  let bid = 1000;
  let share = 0.5;
  let spread = 1;
  for (let k = 0; k < n; k += 1) {
    share = Math.min(0.99, Math.max(0.01, share + (random() - 0.5) * 0.4));
    if (random() < 0.2) {
      bid += random() < share ? 1 : -1;
      share = 0.5 + (random() - 0.5) * 0.3;
    }
    if (random() < 0.1) spread = 1 + Math.floor(random() * 4);
    steps.push([bid, Math.round(share * 1000), bid + spread, Math.round((1 - share) * 1000)]);
  }
  return steps;
}

/** The paper's definition with plain nested arrays and powers of B, by Gauss–Jordan inversion. */
function reference(steps: readonly Step[]): number[] {
  const S = 30;
  const zeros = (): number[][] => Array.from({ length: S }, () => Array.from({ length: S }, () => 0));
  const Q = zeros();
  const T = zeros();
  const K = Array.from({ length: S }, () => 0);
  const stateOf = ([b, qb, a, qa]: Step): number => Math.min(a - b - 1, 2) * 10 + Math.min(9, Math.floor((qb / (qb + qa)) * 10));
  for (let k = 1; k < steps.length; k += 1) {
    const before = steps[k - 1];
    const after = steps[k];
    for (const mirrored of [false, true]) {
      const flip = ([b, qb, a, qa]: Step): Step => (mirrored ? [-a, qa, -b, qb] : [b, qb, a, qa]);
      // The mirror of a bucket, not of the ratio at its edge.
      const bucket = (s: Step): number => (mirrored ? Math.floor(stateOf(s) / 10) * 10 + 9 - (stateOf(s) % 10) : stateOf(s));
      const x = bucket(before);
      const y = bucket(after);
      const [b0, , a0] = flip(before);
      const [b1, , a1] = flip(after);
      const d = (b1 + a1) / 2 - (b0 + a0) / 2;
      if (d === 0) Q[x][y] += 1;
      else {
        T[x][y] += 1;
        K[x] += d;
      }
    }
  }
  for (let x = 0; x < S; x += 1) {
    const total = 1 + Q[x].reduce((a, b) => a + b) + T[x].reduce((a, b) => a + b);
    Q[x] = Q[x].map((v) => v / total);
    T[x] = T[x].map((v) => v / total);
    K[x] /= total;
  }
  const A = Q.map((row, x) => [...row.map((v, y) => (x === y ? 1 : 0) - v), ...row.map((_, y) => (x === y ? 1 : 0))]);
  for (let c = 0; c < S; c += 1) {
    const pivot = A.slice(c).reduce((best, row, i) => (Math.abs(row[c]) > Math.abs(A[best][c]) ? c + i : best), c);
    [A[c], A[pivot]] = [A[pivot], A[c]];
    const d = A[c][c];
    A[c] = A[c].map((v) => v / d);
    for (let r = 0; r < S; r += 1) {
      if (r === c) continue;
      const f = A[r][c];
      A[r] = A[r].map((v, j) => v - f * A[c][j]);
    }
  }
  const inverse = A.map((row) => row.slice(S));
  const times = (M: readonly (readonly number[])[], v: readonly number[]): number[] => M.map((row) => row.reduce((s, m, j) => s + m * v[j], 0));
  let term = times(inverse, K);
  const g = [...term];
  for (let k = 1; k < 32; k += 1) {
    term = times(inverse, times(T, term));
    term.forEach((v, x) => (g[x] += v));
  }
  return g;
}

test('the fit equals the definition', () => {
  for (const seed of [1, 2]) {
    const steps = market(seed, 4000);
    const micro = new Microprice();
    for (const step of steps) feed(micro, step);
    micro.fit();
    const want = reference(steps);
    want.forEach((g, x) => assert.ok(Math.abs(micro.adjustment[x] - g) < 1e-9, `state ${x}: ${micro.adjustment[x]} and ${g}`));
  }
});

test('a heavier bid points up, symmetrically, and more than no bid at all', () => {
  const micro = new Microprice();
  assert.ok(Number.isNaN(micro.price));
  for (const step of market(3, 20_000)) feed(micro, step);
  micro.fit();
  for (let s = 0; s < 10; s += 1) assert.ok(Math.abs(micro.adjustment[s] + micro.adjustment[9 - s]) < 1e-12);
  for (let s = 1; s < 10; s += 1) assert.ok(micro.adjustment[s] > micro.adjustment[s - 1], `tenth ${s}`);
  feed(micro, [1000, 900, 1001, 100]);
  assert.ok(micro.price > 1000.5 && micro.price < 1002);
  micro.lose();
  assert.ok(Number.isNaN(micro.price));
  feed(micro, [1000, 0, 1001, 0]);
  assert.ok(Number.isNaN(micro.price));
});
