import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importTape } from '../../data/import/index.js';
import { TapeWriter } from '../../data/tape/index.js';
import { REAL_TAPES } from '../../tools/detection/real-tapes.js';
import { replayTape } from '../../tools/replay/run.js';
import { placementFree } from '../support/play-in-lanes.js';
import { SHARED_DATA_ABSENT, sharedData } from '../support/shared-data.js';
import { faultline } from '../tools/cli/run-node.js';

/** LANE_TAPES=long merges every real tape, and plays them in 1, 2 and 4 lanes. */
const SAMPLE: readonly string[] = ['btcusd-gemini-2025-10-10', 'dotusd-coinm-2025-10-10', 'ethbtc-spot-2020-11-01', 'btcusdt-spot-2020-11-01'];
const long = process.env['LANE_TAPES'] === 'long';
const chosen = REAL_TAPES.filter(({ id }) => long || SAMPLE.includes(id));

test(`real tapes of ${chosen.length} symbols, merged: the digest, the decisions and the report are the same inline and in lanes`, async (t) => {
  const data = sharedData();
  if (data === undefined) return t.skip(SHARED_DATA_ABSENT);
  const folder = mkdtempSync(join(tmpdir(), 'faultline-lanes-real-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const parts: string[] = [];
  for (const { id, files, symbol, venue } of chosen) {
    const path = join(folder, `${id}.tape`);
    const opened: { writer?: TapeWriter } = {};
    await importTape(
      { inputs: files.map((file) => join(data, file)), format: 'auto', symbols: [symbol], venue },
      (header) => (opened.writer = TapeWriter.create(path, header, { compress: true })),
    );
    opened.writer!.close();
    parts.push(path);
  }
  const tape = join(folder, 'merged.tape');
  const merged = await faultline(['tape', 'merge', ...parts, '--out', tape]);
  assert.equal(merged.code, 0, merged.stderr);
  const inline = await replayTape({ tape, faults: [], lanes: 0 });
  assert.ok(Object.keys(inline.extremes).length >= 4 && inline.decisions > 20);
  t.diagnostic(`${inline.records} records, ${inline.decisions} decisions, inline ${inline.wallMs} ms, digest ${inline.digest.slice(0, 16)}`);
  for (const lanes of long ? [1, 2, 4] : [2]) {
    const half = Math.floor(inline.records / 2);
    const played = await replayTape({ tape, faults: lanes === 2 ? [{ kind: 'kill-lane', lane: 1, at: half }] : [], lanes });
    t.diagnostic(`${lanes} lanes: ${played.wallMs} ms, digest ${played.digest.slice(0, 16)}, restarts ${played.restarts}`);
    assert.deepEqual(placementFree({ ...played, injected: 0 } as typeof inline), placementFree({ ...inline, injected: 0 } as typeof inline), `${lanes} lanes`);
    assert.equal(played.restarts, lanes === 2 ? 1 : 0);
  }
});
