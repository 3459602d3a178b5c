import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketKernel } from '../../../actors/market/index.js';
import { parseConfig } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import { Kind } from '../../../data/records/layout.js';
import { instrument, message, type Rec, records } from './records.js';

const T0 = 1_760_130_000e6;

test('002-385: a threshold that is set for one symbol holds for that one alone', () => {
  const { config: { indicators } } = parseConfig('[indicators]\nobiThreshold = -0.9\n[indicators.symbols.BBBUSDT]\nobiThreshold = -0.5\n', 'test');
  const symbols = ['AAAUSDT', 'BBBUSDT'].map((symbol, index) => instrument({ index, symbol }));
  const kernel = new MarketKernel(symbols, ({ symbol }) => ({ ...paramsForSymbol(indicators, symbol), warmupSamples: 20, baselineMinSamples: 10, baselineSeconds: 60 }));
  // Both books lean to the ask by 0.6: beyond the one threshold, within the other.
  const list: Rec[] = [];
  for (const symbol of [0, 1]) list.push(...message(Kind.SNAPSHOT, 10, 0, [['bid', 99_999, 2], ['ask', 100_001, 8]], { exch: T0, symbol }));
  for (let s = 1; s < 40; s += 1) {
    for (const symbol of [0, 1]) {
      list.push({ kind: Kind.TRADE, exch: T0 + s * 1e6, price: 100_000 + (s % 2), qty: 1, symbol });
      list.push(...message(Kind.DEPTH, 10 + s, 9 + s, [['ask', 100_010 + s, 0]], { exch: T0 + s * 1e6, symbol }));
    }
  }
  const tape = records(list);
  for (let at = 0; at < tape.n;) at = kernel.run(tape.F, tape.I, at, tape.n);
  const [common, own] = [kernel.facts(0)!, kernel.facts(1)!];
  assert.deepEqual([common.features.obi, own.features.obi], [-0.6, -0.6]);
  assert.deepEqual([common.votes, own.votes], [0, 1]);
});
