import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorBehaviour } from '../../../actors/detector/detector.js';
import type { StoreRow, StoreWrite } from '../../../actors/engine/io.js';
import { journalBehaviour } from '../../../actors/journal/journal.js';
import { detectorSchema } from '../../../config/index.js';
import { createRuntime, supervisor, VirtualClock, worker } from '../../../runtime/index.js';

const START_US = 1_000_000_000;

test('002-163: a detector writes itself down every 60 s, and a crash does not change the beat', () => {
  const written: { readonly atS: number; readonly row: StoreRow }[] = [];
  const runtime = createRuntime({
    clock: new VirtualClock(START_US), seed: 1,
    effects: { 'store.write': ({ rows }: StoreWrite) => void written.push(...rows.map((row) => ({ atS: (runtime.nowUs() - START_US) / 1e6, row }))), decision: () => undefined },
  });
  const started = runtime.start(supervisor({
    id: 'root', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 },
    children: [
      worker({ id: 'journal', behaviour: journalBehaviour() }),
      worker({ id: 'detector', restore: 'lastGood', restart: 'permanent', behaviour: detectorBehaviour(detectorSchema.parse({})), input: { symbol: 0, name: 'BTCUSDT', listeners: [], kernelPath: '/journal', recordKey: 'binance-usdm BTCUSDT' } }),
    ],
  }));
  assert.ok(started.ok);
  runtime.advanceTo(START_US + 150e6);
  runtime.crash('/detector');
  runtime.drain();
  runtime.advanceTo(START_US + 310e6);
  assert.deepEqual(written.map(({ atS }) => atS), [60, 120, 180, 240, 300]);
  assert.ok(written.every(({ row }) => row.table === 'snapshots' && row.row['state'] === 'SLEEP'));
});
