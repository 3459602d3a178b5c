import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allocateBatch, BLOCK_RECORDS } from '../../../data/records/index.js';
import { TapeWriter } from '../../../data/tape/index.js';
import { CliError } from '../../../tools/cli/errors.js';
import { parseFault } from '../../../tools/replay/fault-spec.js';
import { replayTape } from '../../../tools/replay/run.js';
import { generatedTape, sourceOf } from '../../support/replay-tape.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-fault-checks-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string): { path: string; records: number } {
  const made = generatedTape({ scenario: 'calm', seed: 1, minutes: 2, symbols: 2, rate: 0.05 }, 1);
  const path = join(folder, name);
  const writer = TapeWriter.create(path, made.header);
  const source = sourceOf(made);
  const batch = allocateBatch(BLOCK_RECORDS);
  for (let count = source.next(batch); count > 0; count = source.next(batch)) writer.append(batch, 0, count);
  writer.close();
  return { path, records: made.records };
}

test('a fault that could do nothing is a usage error that says what there is', async () => {
  const { path, records } = written('refused.tape');
  const refused = (spec: string, message: RegExp, hint: RegExp): Promise<void> =>
    assert.rejects(replayTape({ tape: path, faults: [parseFault(spec)] }), (error) =>
      error instanceof CliError && error.exit === 'usage' && message.test(error.message) && hint.test(error.fix ?? ''));
  for (const spec of [
    `crash:/market/kernel@${records}`, `poison:/market/kernel@${records}`, `drop:${records}+1`, `dup:${records}`, `delay:${records}+5`, `clock:${records}+5`,
    `overflow:BTCUSDT@${records}+5`, `kill-lane:0@${records}`, `stall-lane:0@${records}+5`,
  ]) await refused(spec, new RegExp(`the tape has ${records} records`), new RegExp(`0 to ${records - 1}$`));
  await refused(`swap:${records - 1}`, /the tape has/, new RegExp(`0 to ${records - 2}$`));
  await refused('overflow:DOGEUSDT@0+1', /there is no symbol DOGEUSDT/, /BTCUSDT {2}ETHUSDT/);
});

test('faults at the last record, and an overflow over the whole tape, are played', async () => {
  const { path, records } = written('played.tape');
  const last = records - 1;
  const report = await replayTape({
    tape: path, faults: [`dup:${last}`, `swap:${last - 1}`, `crash:/journal@${last}`, 'overflow:ETHUSDT@0+999999999'].map(parseFault),
  });
  assert.equal(report.processed + report.gapped + report.deadLettered, report.records);
  assert.equal(report.restarts, 1);
  assert.ok(report.records > records + 1, 'gap records count');
  assert.ok(report.missing > records / 10 && report.gapped > report.missing);
});
