import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFrame, sparkline } from '../../../tools/replay/live-view.js';
import type { LiveSnapshot } from '../../../tools/replay/live-view.js';

const live: LiveSnapshot = {
  tape: 'crash.tape', clockUs: 1_760_130_630_000_000, startUs: 1_760_130_600_000_000, endUs: 1_760_130_660_000_000,
  records: 500, totalRecords: 1000, speed: 40,
  symbols: [{ symbol: 'BTCUSDT', state: 'ACTIVE', price: '60000.10', prices: [1, 2, 3, 4], votes: '3/3', spreadBps: 0.2, book: 'LIVE' }],
  events: ['one', 'two'], trades: 1, netPnl: '12.50 USDT', restarts: 0, tree: ['/market', '  kernel'],
};

test('a sparkline spans its own range, flat values sit in the middle, holes are dots', () => {
  assert.equal(sparkline([0, 7], 10), '▁█');
  assert.equal(sparkline([5, 5], 10), '▄▄');
  assert.equal(sparkline([1, Number.NaN, 2], 10), '▁·█');
  assert.equal(sparkline([1, 2, 3], 2).length, 2);
});

test('a frame fits any terminal and shows state, time and events', () => {
  for (const [columns, rows] of [[200, 50], [80, 24], [40, 10]] as const) {
    const frame = renderFrame(live, columns, rows, false);
    assert.ok(frame.length < rows + 1, `${frame.length} lines in ${rows} rows`);
    for (const line of frame) assert.ok(line.length <= columns, `'${line}' in ${columns} columns`);
    assert.match(frame.join('\n'), /ACTIVE/);
    assert.match(frame.join('\n'), /2025-10-10 21:10:30 UTC/);
  }
  assert.match(renderFrame(live, 200, 50, false).join('\n'), /one\ntwo/);
});

test('eighty columns hold a whole row of a symbol, in the colour of its state', () => {
  const symbols = [
    { symbol: 'BTCUSDT', state: 'RECOVERY', price: '100000.10', prices: Array.from({ length: 90 }, (_, i) => i), votes: '3/3', spreadBps: 120.25, book: 'SYNCING' },
    { symbol: 'SOLUSDT', state: 'ACTIVE', price: '146.10', prices: [1, 2], votes: '0/3', spreadBps: 0.02, book: 'LIVE' },
  ];
  const frame = renderFrame({ ...live, symbols }, 80, 24, true);
  const row = (name: string): string => frame.find((line) => line.includes(name))!;
  assert.match(row('BTCUSDT'), /\u001b\[/);
  assert.match(row('BTCUSDT'), /100000\.10 {2}spread 120\.25 bp {2}votes 3\/3 {2}book SYNCING$/);
  assert.match(row('SOLUSDT'), /146\.10 {2}spread {3}0\.02 bp {2}votes 0\/3 {2}book LIVE$/);
});
