import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../config/index.js';
import { inVenueTime } from '../../../tools/engine/venue-time.js';

test('on a venue whose clock goes faster, what the machine needs is that much longer of its time; nothing else changes', () => {
  const { config } = parseConfig('[indicators]\nlatencyPauseMs = 400\n[indicators.symbols.BTCUSDT]\nbookStaleMs = 3000\nobiLevels = 5\n', 'test');
  const { indicators, ...rest } = inVenueTime(config, 10);
  assert.deepEqual([indicators.latencyPauseMs, indicators.bookStaleMs, indicators.quoteStaleMs], [4000, 50_000, 100_000]);
  assert.deepEqual(indicators.symbols, { BTCUSDT: { bookStaleMs: 30_000, obiLevels: 5 } });
  const { indicators: before, ...others } = config;
  assert.deepEqual(rest, others);
  assert.deepEqual({ ...indicators, latencyPauseMs: 400, bookStaleMs: 5000, quoteStaleMs: 10_000, symbols: before.symbols }, before);
  assert.equal(inVenueTime(config, 1), config);
  assert.equal(inVenueTime(config, 0.5), config);
});
