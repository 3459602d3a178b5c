import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Curve } from '../../../tools/report/curve.js';
import { Bounded } from '../../../tools/report/incidents.js';
import { axisTicks } from '../../../tools/report/page/charts.js';
import { axisText } from '../../../tools/report/page/words.js';
import { histogram, niceAbove, tradeSharpe, tradeStatistics } from '../../../tools/report/statistics.js';

void test('a curve is bounded, keeps its ends and its extremes, and makes no point up', () => {
  fc.assert(fc.property(fc.array(fc.record({ gapUs: fc.integer({ min: 0, max: 50_000_000 }), value: fc.double({ min: -1e9, max: 1e9, noNaN: true }) }), { minLength: 1, maxLength: 400 }), fc.integer({ min: 2, max: 20 }), (steps, most) => {
    const curve = new Curve(most, 10);
    let atUs = 1.7e15;
    const added = steps.map(({ gapUs, value }) => ({ atUs: (atUs += gapUs), value }));
    for (const point of added) curve.add(point.atUs, point.value);
    const points = curve.points();
    assert.ok(points.length <= 4 * most, `${points.length} points`);
    assert.deepEqual([points[0], points.at(-1)], [added[0], added.at(-1)]);
    const values = (of: typeof points): number[] => of.map(({ value }) => value);
    assert.equal(Math.max(...values(points)), Math.max(...values(added)));
    assert.equal(Math.min(...values(points)), Math.min(...values(added)));
    const known = new Set(added.map((point) => `${point.atUs} ${point.value}`));
    for (const [at, point] of points.entries()) {
      assert.ok(known.has(`${point.atUs} ${point.value}`));
      assert.ok(at === 0 || points[at - 1]!.atUs <= point.atUs, 'by time');
    }
  }), { numRuns: 100 });
});

void test('what is listed is the first and the last of it, and what is left out is counted', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 40 }), (count, half) => {
    const bounded = new Bounded<number>(2 * half);
    for (let n = 0; n < count; n += 1) bounded.push(n);
    const all = Array.from({ length: count }, (_, n) => n);
    assert.deepEqual(bounded.rows, count <= 2 * half ? all : [...all.slice(0, half), ...all.slice(-half)]);
    assert.equal(bounded.omitted + bounded.rows.length, count);
  }), { numRuns: 200 });
});

void test('a histogram counts every value once, in a bin that holds it', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -1e9, max: 1e9 }).map((units) => units / 1000), { minLength: 2, maxLength: 200 }), (values) => {
    const { edges, counts } = histogram(values)!;
    assert.equal(edges.length, counts.length + 1);
    assert.equal(counts.reduce((sum, count) => sum + count, 0), values.length);
    assert.ok(counts.length <= 26, `${counts.length} bins`);
    const slack = (edges[1]! - edges[0]!) * 1e-6;
    for (const [bin, count] of counts.entries()) assert.ok(values.filter((value) => value >= edges[bin]! - slack && value <= edges[bin + 1]! + slack).length >= count);
    // No bin has both winners and losers.
    if (Math.min(...values) < 0 && Math.max(...values) > 0) assert.ok(edges.some((edge) => Math.abs(edge) < slack));
  }), { numRuns: 200 });
});

void test('axes: round steps, and labels that tell ticks apart', () => {
  fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-4, max: 1e6, noNaN: true }), (low, span) => {
    const { step, at } = axisTicks(low, low + span, 4);
    assert.ok(at.length <= 6 && step > 0);
    assert.equal(new Set(at.map((tick) => axisText(tick, step))).size, at.length);
    for (const tick of at) assert.ok(Math.abs(Number(axisText(tick, step)) - tick) <= step / 100, `${axisText(tick, step)} for ${tick} by ${step}`);
  }), { numRuns: 300 });
  assert.deepEqual([0.7, 1, 1.01, 2.4, 3, 9, 0.03].map(niceAbove), [1, 1, 2, 2.5, 5, 10, 0.05]);
});

void test('figures of trades, worked by hand', () => {
  const trade = (netPnl: string, holdMs: number, settle = 'USDT') => ({ netPnl, fees: '0.1', holdMs, settle });
  const [usdt, btc] = tradeStatistics([trade('3', 1000), trade('-1', 3000), trade('-0.5', 2000), trade('0', 10_000), trade('2.5', 4000), trade('0.00000001', 5, 'BTC')]);
  assert.deepEqual(usdt, {
    asset: 'USDT', trades: 5, winners: 2, losers: 2, net: '4', fees: '0.5', grossProfit: '5.5', grossLoss: '1.5', winRate: 0.4, profitFactor: 3.666666666, expectancy: '0.8',
    averageWin: '2.75', averageLoss: '-0.75', best: '3', worst: '-1', averageHoldMs: 4000, longestHoldMs: 10_000, lossesInARow: 2, winsInARow: 1,
  });
  assert.deepEqual([btc!.net, btc!.profitFactor, btc!.averageLoss], ['0.00000001', null, null]);
  assert.deepEqual(tradeStatistics([]), []);
  assert.equal(tradeSharpe([1, 2, 3]), null, 'too few to say');
  // Ten of 1 and ten of 3: mean 2, deviation sqrt(20 / 19).
  assert.ok(Math.abs(tradeSharpe(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 1 : 3)))! - 2 / Math.sqrt(20 / 19)) < 1e-12);
  assert.equal(tradeSharpe(new Array<number>(20).fill(1)), null, 'no deviation');
});
