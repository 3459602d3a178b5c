import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { BLOCK_RECORDS, RECORD_BYTES } from '../../../data/records/index.js';
import { partialPath, TapeReader, TapeWriter, verifyTape } from '../../../data/tape/index.js';
import { batchOf, expectedBytes, header, readTape, sampleRows, scratch } from './support.js';

const WITHIN_MS = 30_000;

/** Turns of the loop until `done`. */
async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!done()) {
    assert.ok(performance.now() < deadline, 'the blocks are not written');
    await turn();
  }
}

void test('full blocks reach the file deflated, without a flush and in their order', async (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(4 * BLOCK_RECORDS + 100);
  const writer = TapeWriter.create(path, header(), { packLater: true });
  writer.append(batchOf(rows), 0, rows.length);
  assert.equal(writer.records, rows.length);
  assert.equal(writer.blocks, 0, 'nobody waited for them');
  await until(() => writer.blocks === 4);
  assert.ok(readTape(partialPath(path), true).equals(expectedBytes(rows.slice(0, 4 * BLOCK_RECORDS))));
  const { bytes, blocks } = writer.close();
  assert.equal(blocks, 5);
  assert.ok(bytes < (rows.length * RECORD_BYTES) / 2, `${bytes} bytes`);
  assert.ok(readTape(path).equals(expectedBytes(rows)));
  assert.equal(verifyTape(path).ok, true);
});

void test('a flush leaves nothing behind: it does not wait for blocks under way', (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(3 * BLOCK_RECORDS + 1);
  const writer = TapeWriter.create(path, header(), { packLater: true });
  writer.append(batchOf(rows), 0, rows.length);
  writer.flush();
  assert.ok(readTape(partialPath(path), true).equals(expectedBytes(rows)), 'before the loop has turned');
  writer.close();
  assert.ok(readTape(path).equals(expectedBytes(rows)));
});

void test('who appends faster than blocks are deflated fills no memory', (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(64 * BLOCK_RECORDS);
  const writer = TapeWriter.create(path, header(), { packLater: true });
  writer.append(batchOf(rows), 0, rows.length);
  assert.ok(writer.blocks >= 56, `${writer.blocks} of 64 blocks are written`);
  writer.close();
  assert.ok(readTape(path).equals(expectedBytes(rows)));
});

void test('any cuts, flushes and turns of the loop between them make the same tape', async (t) => {
  const folder = scratch(t);
  const rows = sampleRows(6 * BLOCK_RECORDS);
  const batch = batchOf(rows);
  const whole = expectedBytes(rows);
  let run = 0;
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 * BLOCK_RECORDS }), fc.constantFrom('go on', 'flush', 'turn')), { maxLength: 12 }), async (cuts) => {
    const path = join(folder, `${run++}.tape`);
    const writer = TapeWriter.create(path, header(), { packLater: true });
    let at = 0;
    for (const [count, then] of cuts) {
      const to = Math.min(rows.length, at + count);
      writer.append(batch, at, to);
      at = to;
      if (then === 'flush') writer.flush();
      if (then === 'turn') await turn();
    }
    const { records } = writer.close();
    assert.equal(records, at);
    assert.ok(readTape(path).equals(whole.subarray(0, at * RECORD_BYTES)));
    const reader = TapeReader.open(path);
    reader.close();
    rmSync(path);
  }), { numRuns: 40 });
});

void test('given up while blocks are under way: what is in the file stays readable, and nothing follows', async (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(4 * BLOCK_RECORDS);
  const writer = TapeWriter.create(path, header(), { packLater: true });
  writer.append(batchOf(rows), 0, 2 * BLOCK_RECORDS);
  writer.flush();
  writer.append(batchOf(rows), 2 * BLOCK_RECORDS, rows.length);
  writer.abort();
  const { size } = statSync(partialPath(path));
  for (let k = 0; k < 100; k += 1) await turn();
  assert.equal(statSync(partialPath(path)).size, size);
  assert.ok(readTape(partialPath(path), true).equals(expectedBytes(rows.slice(0, 2 * BLOCK_RECORDS))));
});

void test('a block that could not be written is told to whoever writes next, once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  t.after(() => {
    if (mounted) spawnSync('umount', [folder]);
    rmdirSync(folder);
  });
  if (!mounted) {
    t.skip('may not mount a small tmpfs here');
    return;
  }
  const path = join(folder, 'a.tape');
  const batch = batchOf(sampleRows(BLOCK_RECORDS));
  const writer = TapeWriter.create(path, header(), { packLater: true });
  await assert.rejects(async () => {
    for (let k = 0; k < 1000; k += 1) {
      writer.append(batch, 0, BLOCK_RECORDS);
      const { blocks } = writer;
      // Until it is written, or the writer says that it could not be.
      await until(() => {
        if (writer.blocks > blocks) return true;
        writer.append(batch, 0, 0);
        return false;
      });
    }
  }, { name: 'TapeError', kind: 'full' });
  assert.throws(() => writer.append(batch, 0, 1), { kind: 'closed' });
  assert.equal(verifyTape(partialPath(path)).goodRecords, writer.blocks * BLOCK_RECORDS);
});
