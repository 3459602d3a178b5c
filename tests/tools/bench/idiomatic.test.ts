import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { allocateBatch, BLOCK_RECORDS } from '../../../data/records/index.js';
import { TapeReader } from '../../../data/tape/index.js';
import { makeBenchTape } from '../../../tools/bench/bench-tape.js';
import { runIdiomatic } from '../../../tools/bench/idiomatic/pipeline.js';

void test('the idiomatic pipeline does the same job: after a calm market its features are those of the kernel', (t) => {
  const tape = makeBenchTape({ scenario: 'calm', minutes: 6, rate: 0.5 });
  t.after(() => tape.remove());
  const { indicators, records, states } = runIdiomatic(tape.path);
  assert.equal(records, tape.records);
  assert.deepEqual(states, []);
  const reader = TapeReader.open(tape.path);
  const instrument = reader.header.instruments[0];
  const kernel = new MarketKernel(reader.header.instruments, () => DEFAULT_INDICATOR_PARAMS);
  const batch = allocateBatch(BLOCK_RECORDS);
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) for (let at = 0; at < count;) at = kernel.run(batch.F, batch.I, at, count);
  reader.close();
  const symbol = kernel.symbol(0);
  assert.ok(symbol !== undefined && symbol.grid.warm && indicators.warm);
  const near = (name: string, ours: number, idiomatic: number): void => {
    assert.ok(Number.isFinite(ours), `${name}: ${ours}`);
    assert.ok(Math.abs(ours - idiomatic) <= 1e-6 * Math.max(1, Math.abs(ours)), `${name}: ${ours}, idiomatic ${idiomatic}`);
  };
  const lot = Number(instrument.lotSize);
  const [ours, theirs] = [symbol.features(), indicators.features];
  // Not the latency: the kernel samples records, the pipeline messages.
  for (const name of ['price', 'bestBidTicks', 'bestAskTicks', 'obi', 'spreadRatio', 'spreadBps', 'volatilityRatio', 'volatilityNow', 'acceleration', 'volumeDeltaZ', 'velocityRatio', 'eventsPerSecond', 'depthBid', 'depthAsk', 'walls'] as const) {
    near(name, ours[name], theirs[name]);
  }
  near('cvd1m', symbol.flow.cvd1m * lot, indicators.flow.cvd.oneMinute);
  near('cvd5m', symbol.flow.cvd5m * lot, indicators.flow.cvd.fiveMinutes);
  near("Kyle's lambda", symbol.flow.kyle.slope * 1e9, indicators.flow.kyle.slope * 1e9);
  near('Amihud', symbol.flow.amihud * 1e9, indicators.flow.amihud * 1e9);
  near('effective spread', symbol.flow.effectiveSpread * 1e4, indicators.flow.effectiveSpread * 1e4);
});
