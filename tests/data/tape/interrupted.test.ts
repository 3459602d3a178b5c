import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { partialPath, repairTape, TapeReader, TapeWriter, verifyTape } from '../../../data/tape/index.js';
import { allocateBatch, BLOCK_RECORDS, RECORD_BYTES } from '../../../data/records/index.js';
import { batchOf, expectedBytes, header, readTape, sampleRows, scratch, writeTape } from './support.js';

const child = fileURLToPath(new URL('./writer-child.js', import.meta.url));
const CYCLE = 20_000;
const cycle = expectedBytes(sampleRows(CYCLE));

/** Compares `bytes`, which begin with record `first`, with what the child writes: the same rows over and over, sequence numbers aside. */
function assertChildsRecords(bytes: Buffer, first: number): void {
  for (let k = 0; k < bytes.length / RECORD_BYTES; k += 1) {
    const at = k * RECORD_BYTES;
    const expected = ((first + k) % CYCLE) * RECORD_BYTES;
    assert.equal(bytes.readDoubleLE(at), first + k);
    assert.equal(bytes.compare(cycle, expected + 8, expected + RECORD_BYTES, at + 8, at + RECORD_BYTES), 0, `record ${first + k}`);
  }
}

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  for (const compress of ['0', '1']) {
    void test(`a tape is readable while another process writes it, and whole to its last block after ${signal} (${compress === '1' ? 'compressed' : 'raw'})`, async (t) => {
      const path = join(scratch(t), 'a.tape');
      const writer = spawn(process.execPath, [child, path, compress], { stdio: ['ignore', 'pipe', 'inherit'] });
      t.after(() => writer.kill('SIGKILL'));
      await once(writer.stdout, 'data');
      const reader = TapeReader.open(partialPath(path), { partial: true });
      const batch = allocateBatch(BLOCK_RECORDS);
      let seen = 0;
      while (seen < 60_000) {
        const count = reader.next(batch);
        if (count === 0) await sleep(1);
        assertChildsRecords(Buffer.from(batch.F.buffer as ArrayBuffer, 0, count * RECORD_BYTES), seen);
        seen += count;
      }
      reader.close();
      await sleep(Math.random() * 10);
      writer.kill(signal);
      await once(writer, 'exit');
      const verdict = verifyTape(partialPath(path));
      assert.equal(verdict.ok, false);
      assert.ok(verdict.goodRecords >= seen);
      assert.ok(statSync(partialPath(path)).size - verdict.goodBytes < 64 + 65_536, 'at most the block that was being written is lost');
      assert.equal(existsSync(path), false);
      const saved = `${path}.saved`;
      assert.equal(repairTape(partialPath(path), saved).summary.records, verdict.goodRecords);
      assertChildsRecords(readTape(saved).subarray(0, 100_000 * RECORD_BYTES), 0);
    });
  }
}

void test('an import that was interrupted can simply run again', (t) => {
  const path = join(scratch(t), 'a.tape');
  const first = TapeWriter.create(path, header());
  first.append(batchOf(sampleRows(2000)), 0, 2000);
  first.abort();
  assert.equal(existsSync(partialPath(path)), true);
  writeTape(path, sampleRows(50));
  assert.equal(verifyTape(path).goodRecords, 50);
  assert.equal(existsSync(partialPath(path)), false);
});

void test('two writers of one name never mix their bytes', (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(3000);
  const first = TapeWriter.create(path, header());
  first.append(batchOf(rows), 0, 3000);
  const second = TapeWriter.create(path, header());
  second.append(batchOf(rows), 0, 1500);
  first.append(batchOf(rows), 0, 3000);
  assert.throws(() => first.close(), { name: 'TapeError', kind: 'io' });
  assert.equal(second.close().records, 1500);
  assert.ok(readTape(path).equals(expectedBytes(rows.slice(0, 1500))));
});

/** A folder with a small file system of its own for the test; undefined where mounting is not allowed. */
function mountSmall(t: TestContext, options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
  t.after(() => {
    if (mounted) spawnSync('umount', [folder]);
    rmdirSync(folder);
  });
  return mounted ? folder : undefined;
}

void test('a full disk is one clear error, and the complete blocks stay', (t) => {
  const folder = mountSmall(t, 'size=300k');
  if (folder === undefined) {
    t.skip('may not mount a small tmpfs here');
    return;
  }
  const path = join(folder, 'a.tape');
  const rows = sampleRows(20_000);
  const writer = TapeWriter.create(path, header(), { compress: false });
  assert.throws(() => writer.append(batchOf(rows), 0, rows.length), (error) => error instanceof Error && 'kind' in error && error.kind === 'full' && error.message.includes(path));
  assert.throws(() => writer.append(batchOf(rows), 0, 1), { kind: 'closed' });
  const verdict = verifyTape(partialPath(path));
  assert.equal(verdict.goodBytes, statSync(partialPath(path)).size, 'cut back to its last complete block');
  assert.ok(verdict.goodRecords >= 2048);
  assert.ok(readTape(partialPath(path), true).equals(expectedBytes(rows.slice(0, verdict.goodRecords))));
  rmSync(partialPath(path));
  // Full at the very end: the index and the end mark have no room.
  const filler = TapeWriter.create(path, header(), { compress: false });
  // Blocks, headers and pages are multiples of 64 bytes: up to 64 bytes before the end of a page, so that the tail needs a new one.
  filler.append(batchOf(rows), 0, 3072);
  const used = statSync(partialPath(path)).size + 64;
  const records = 3072 + ((4032 - (used % 4096) + 4096) % 4096) / 64 + 64;
  filler.append(batchOf(rows), 3072, records);
  filler.flush();
  assert.equal(statSync(partialPath(path)).size % 4096, 4032);
  spawnSync('sh', ['-c', `cat /dev/zero > ${join(folder, 'filler')}`]);
  assert.throws(() => filler.close(), { kind: 'full' });
  assert.equal(verifyTape(partialPath(path)).goodRecords, records);
  assert.equal(existsSync(path), false);
});

void test('a file size limit (ulimit) is as clear as a full disk', async (t) => {
  const path = join(scratch(t), 'a.tape');
  const writer = spawn('sh', ['-c', 'ulimit -f 400; exec "$0" "$@"', process.execPath, child, path, '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  writer.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = await once(writer, 'close') as [number | null];
  assert.equal(code, 1);
  assert.match(stderr, /kind: 'full'/);
  const verdict = verifyTape(partialPath(path));
  assert.ok(verdict.goodRecords >= 2048);
  assert.equal(verdict.problem, 'has no end mark: it was cut there, or is still being written');
});

void test('a folder that may not be written is one clear error', (t) => {
  // Permissions do not bind root; a read-only mount does.
  const folder = process.getuid?.() === 0 ? mountSmall(t, 'size=64k,ro') : scratch(t);
  if (folder === undefined) {
    t.skip('root, and may not mount a read-only tmpfs here');
    return;
  }
  if (process.getuid?.() !== 0) chmodSync(folder, 0o555);
  assert.throws(() => TapeWriter.create(join(folder, 'a.tape'), header()), { name: 'TapeError', kind: 'denied' });
});

void test('a folder that does not exist, or stands in the way, is one clear error', (t) => {
  const folder = scratch(t);
  assert.throws(() => TapeWriter.create(join(folder, 'no', 'a.tape'), header()), { kind: 'denied', fix: 'make the folder first' });
  assert.throws(() => TapeWriter.create(folder, header()), { kind: 'exists' });
  assert.throws(() => TapeWriter.create(folder, header(), { overwrite: true }).close(), { name: 'TapeError' });
});
