import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { detect } from '../../tools/detection/detect.js';
import { REAL_TAPES } from '../../tools/detection/real-tapes.js';
import { SHARED_DATA_ABSENT, sharedData } from '../support/shared-data.js';

for (const tape of REAL_TAPES) {
  const expectation = tape.kind === 'crash' ? 'is ACTIVE within two minutes of the true start' : 'never reaches ACTIVE';
  test(`${tape.id} ${expectation}`, async (t) => {
    const data = sharedData();
    if (data === undefined) return t.skip(SHARED_DATA_ABSENT);
    const folder = mkdtempSync(join(tmpdir(), 'faultline-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const row = await detect(tape, data, folder);
    t.diagnostic(JSON.stringify({ trueStart: row.trueStart, activeAt: row.activeAt, delaySeconds: row.delaySeconds, alerts: row.alerts }));
    if (tape.kind === 'calm') assert.equal(row.activations, 0);
    else assert.ok(row.delaySeconds !== null && row.delaySeconds <= 120, `delay ${row.delaySeconds} s`);
  });
}
