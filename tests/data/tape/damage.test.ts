import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { partialPath, repairTape, TapeError, TapeReader, TapeWriter, verifyTape } from '../../../data/tape/index.js';
import { decodeColumns } from '../../../data/tape/columns.js';
import { BlockHeaderView, encodeEndMark, TAPE_MAGIC } from '../../../data/tape/format.js';
import { encodeHeader } from '../../../data/tape/header.js';
import { allocateBatch, BLOCK_RECORDS, WORDS_I } from '../../../data/records/index.js';
import { batchOf, expectedBytes, header, instrument, readTape, sampleRows, scratch, writeTape } from './support.js';

const ROWS = sampleRows(23);
const SMALL = header([instrument(0), instrument(1)]);

/** A tape of three short blocks (10, 10 and 3 records); returns its bytes and where each part ends. */
function smallTape(folder: string, compress: boolean): { bytes: Buffer; headerEnd: number; blockEnds: number[]; records: number[] } {
  const path = join(folder, `small-${compress}.tape`);
  const writer = TapeWriter.create(path, SMALL, { compress });
  const batch = batchOf(ROWS);
  for (const [from, to] of [[0, 10], [10, 20], [20, 23]] as const) {
    writer.append(batch, from, to);
    writer.flush();
  }
  writer.close();
  const reader = TapeReader.open(path);
  const blocks = reader.blocks();
  reader.close();
  return {
    bytes: readFileSync(path),
    headerEnd: blocks[0]?.offset ?? 0,
    blockEnds: blocks.map((block) => block.offset + 64 + block.storedBytes),
    records: blocks.map((block) => block.firstSeq + block.records),
  };
}

function isTapeError(error: unknown): boolean {
  return error instanceof TapeError && error.message.length > 0;
}

for (const compress of [false, true]) {
  const form = compress ? 'compressed' : 'raw';

  void test(`a ${form} tape cut at any byte: verify says exactly what is good, and that much is readable`, (t) => {
    const folder = scratch(t);
    const { bytes, headerEnd, blockEnds, records } = smallTape(folder, compress);
    const path = join(folder, 'cut.tape');
    const whole = expectedBytes(ROWS);
    writeFileSync(path, bytes);
    for (let length = bytes.length - 1; length >= 0; length -= 1) {
      truncateSync(path, length);
      const complete = blockEnds.filter((end) => end <= length).length;
      const goodRecords = records[complete - 1] ?? 0;
      const goodBytes = length < headerEnd ? 0 : (blockEnds[complete - 1] ?? headerEnd);
      const verdict = verifyTape(path);
      assert.deepEqual({ ...verdict, problem: '' }, { ok: false, goodRecords, goodBytes, problem: '' }, `cut at ${length}`);
      assert.ok((verdict.problem ?? '').length > 0);
      assert.throws(() => readTape(path), isTapeError, `cut at ${length}`);
      if (length < headerEnd) {
        assert.throws(() => readTape(path, true), isTapeError);
        continue;
      }
      assert.ok(readTape(path, true).equals(whole.subarray(0, goodRecords * 64)), `cut at ${length}`);
      if (length % 97 === 0) {
        const repaired = join(folder, 'repaired.tape');
        repairTape(path, repaired, { overwrite: true });
        assert.equal(verifyTape(repaired).ok, true);
        assert.ok(readTape(repaired).equals(whole.subarray(0, goodRecords * 64)));
      }
    }
    writeFileSync(path, bytes);
    assert.deepEqual(verifyTape(path), { ok: true, goodRecords: ROWS.length, goodBytes: bytes.length });
  });

  void test(`a ${form} tape with any one bit flipped: verify notices, and a reader never hands out a wrong record`, (t) => {
    const folder = scratch(t);
    const { bytes, headerEnd, blockEnds, records } = smallTape(folder, compress);
    const path = join(folder, 'flipped.tape');
    const whole = expectedBytes(ROWS);
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r+');
    t.after(() => closeSync(fd));
    const flip = (bit: number): void => {
      const at = bit >>> 3;
      bytes[at] ^= 1 << (bit & 7);
      writeSync(fd, bytes, at, 1, at);
    };
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >>> 3;
      flip(bit);
      const before = blockEnds.filter((end) => end <= at).length;
      const goodRecords = records[before - 1] ?? 0;
      const verdict = verifyTape(path);
      assert.deepEqual([verdict.ok, verdict.goodRecords], [false, goodRecords], `bit ${bit}`);
      assert.equal(verdict.goodBytes, at < headerEnd ? 0 : (blockEnds[before - 1] ?? headerEnd), `bit ${bit}`);
      assert.throws(() => readTape(path), isTapeError, `bit ${bit}`);
      if (at >= headerEnd && bit % 11 === 0) {
        try {
          const got = readTape(path, true);
          assert.ok(got.equals(whole.subarray(0, got.length)), `bit ${bit}`);
        } catch (error) {
          assert.ok(isTapeError(error));
        }
      }
      flip(bit);
    }
    assert.equal(verifyTape(path).ok, true, 'every flip was undone');
  });
}

void test('blocks that are whole but do not belong there are noticed', (t) => {
  const folder = scratch(t);
  const { bytes, headerEnd, blockEnds } = smallTape(folder, false);
  const [first = 0, second = 0, third = 0] = blockEnds;
  const path = join(folder, 'a.tape');
  const check = (what: string, parts: readonly Uint8Array[], goodRecords: number): void => {
    writeFileSync(path, Buffer.concat(parts));
    const verdict = verifyTape(path);
    assert.deepEqual([verdict.ok, verdict.goodRecords], [false, goodRecords], what);
    assert.throws(() => readTape(path), isTapeError, what);
  };
  const head = bytes.subarray(0, headerEnd);
  const [a, b, c, tail] = [bytes.subarray(headerEnd, first), bytes.subarray(first, second), bytes.subarray(second, third), bytes.subarray(third)];
  check('a block removed', [head, a, c, tail], 10);
  check('a block twice', [head, a, a, b, c, tail], 10);
  check('blocks exchanged', [head, b, a, c, tail], 0);
  check('bytes behind the end', [bytes, Buffer.from('x')], 23);
  check('a second tape behind the end', [bytes, bytes], 23);
  check('bytes between', [head, a, Buffer.alloc(64), b, c, tail], 10);
  check('zeros instead of blocks, as after a power cut', [head, a, Buffer.alloc(4096)], 10);
  const other = join(folder, 'other.tape');
  const writer = TapeWriter.create(other, header([instrument(0, { tickSize: '0.1' }), instrument(1)]), { compress: false });
  writer.append(batchOf(ROWS), 0, 10);
  writer.close();
  check('a block of another tape', [head, readFileSync(other).subarray(headerEnd, first), b, c, tail], 0);
});

void test('a tape without its end mark alone is not ok, says so, and loses nothing', (t) => {
  const folder = scratch(t);
  const { bytes, blockEnds } = smallTape(folder, true);
  const path = join(folder, 'open.tape');
  writeFileSync(path, bytes.subarray(0, blockEnds[2]));
  assert.deepEqual(verifyTape(path), { ok: false, goodRecords: 23, goodBytes: blockEnds[2], problem: 'has no end mark: it was cut there, or is still being written' });
  assert.throws(() => TapeReader.open(path), { kind: 'cut' });
});

void test('foreign files are refused in one line, whatever they are', (t) => {
  const folder = scratch(t);
  const path = join(folder, 'foreign');
  const refuse = (bytes: Uint8Array): void => {
    writeFileSync(path, bytes);
    const verdict = verifyTape(path);
    assert.equal(verdict.ok, false);
    assert.equal(verdict.goodBytes, 0);
    assert.throws(() => TapeReader.open(path, { partial: true }), isTapeError);
  };
  for (const text of ['', '\n', 'time,price,qty\n1,2,3\n', '{"e":"trade"}\n', '\u001f\u008b', 'PK\u0003\u0004', TAPE_MAGIC.toString('utf8')]) refuse(Buffer.from(text));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refuse), { numRuns: 200 });
  // The right magic, anything behind it.
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refuse(Buffer.concat([TAPE_MAGIC, bytes]))), { numRuns: 200 });
  assert.throws(() => verifyTape(join(folder, 'absent')), { kind: 'missing' });
  assert.throws(() => TapeReader.open(join(folder, 'absent')), { kind: 'missing' });
  mkdirSync(join(folder, 'sub'));
  assert.throws(() => TapeReader.open(join(folder, 'sub')), { kind: 'unreadable' });
  assert.throws(() => verifyTape(join(folder, 'sub')), { kind: 'unreadable' });
  // A pipe that nobody writes must not be waited for.
  const pipe = join(folder, 'pipe');
  if (spawnSync('mkfifo', [pipe]).status === 0) {
    assert.throws(() => TapeReader.open(pipe), { kind: 'unreadable' });
    assert.throws(() => verifyTape(pipe), { kind: 'unreadable' });
  }
  assert.throws(() => verifyTape('/dev/zero'), { kind: 'unreadable' });
});

/** A preamble with a right checksum and any claims. */
function preamble(version: number, headerBytes: number, headerCrc: number): Buffer {
  const bytes = Buffer.alloc(32);
  TAPE_MAGIC.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(headerBytes, 12);
  bytes.writeUInt32LE(headerCrc, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

void test('absurd sizes with right checksums are refused before anything of that size is allocated', (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.tape');
  const { bytes: head, crc } = encodeHeader(SMALL);
  const forgedBlock = (records: number, storedBytes: number, rawBytes: number, codec: number): Buffer => {
    const view = new BlockHeaderView();
    view.write({ number: 0, records: 1, codec: 0, storedBytes: 64, firstSeq: 0, firstUs: 0, lastUs: 0 }, 0, crc);
    const bytes = Buffer.from(view.bytes);
    [records, codec, storedBytes, rawBytes].forEach((value, k) => bytes.writeUInt32LE(value, 8 + k * 4));
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 60), crc), 60);
    return bytes;
  };
  const forgedEnd = (blocks: number, indexOffset: number): Buffer =>
    encodeEndMark({ blocks, records: 1, indexOffset, firstUs: 0, lastUs: 0, backwardStamps: 0, indexCrc: 0 }, crc);
  const forgeries: Record<string, Buffer[]> = {
    'header of 4 GiB': [preamble(1, 0xffff_ffff, 0)],
    'header of 31 MiB that is not there': [preamble(1, 31 * 1024 * 1024, 0)],
    'block of 4 G records': [head, forgedBlock(0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0)],
    'block of 4 GiB': [head, forgedBlock(1024, 0xffff_ffff, 65_536, 0)],
    'packed block of 4 GiB': [head, forgedBlock(1024, 0xffff_ffff, 65_536, 1)],
    'block of no record': [head, forgedBlock(0, 0, 0, 0)],
    'block of an unknown codec': [head, forgedBlock(1024, 64, 65_536, 9), Buffer.alloc(64)],
    'index of 16 M blocks': [head, Buffer.alloc(16), forgedEnd(16_777_216, head.length)],
    'index of 4 G blocks': [head, Buffer.alloc(16), forgedEnd(0xffff_ffff, head.length)],
    'index before the file': [head, Buffer.alloc(16), forgedEnd(1, head.length - 48)],
    'index at a fraction': [head, Buffer.alloc(16), forgedEnd(0, head.length + 0.5)],
  };
  for (const [what, parts] of Object.entries(forgeries)) {
    writeFileSync(path, Buffer.concat(parts));
    const before = process.memoryUsage().arrayBuffers;
    const verdict = verifyTape(path);
    assert.equal(verdict.ok, false, what);
    assert.equal(verdict.goodRecords, 0, what);
    assert.throws(() => readTape(path), isTapeError, what);
    try {
      assert.equal(readTape(path, true).length, 0, what);
    } catch (error) {
      assert.ok(isTapeError(error), what);
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024, what);
  }
});

void test('a newer container or layout is named as such', (t) => {
  const path = join(scratch(t), 'a.tape');
  writeFileSync(path, preamble(2, 64, 0));
  assert.throws(() => TapeReader.open(path), { kind: 'version' });
  const text = Buffer.from(JSON.stringify({ layoutVersion: 7, whatever: true }).padEnd(96));
  writeFileSync(path, Buffer.concat([preamble(1, text.length, crc32(text)), text]));
  assert.throws(() => TapeReader.open(path), { kind: 'version', message: /layout version 7/ });
});

void test('a header that is JSON but no header is refused', (t) => {
  const path = join(scratch(t), 'a.tape');
  fc.assert(fc.property(fc.json(), (json) => {
    const text = Buffer.from(json.padEnd(8));
    writeFileSync(path, Buffer.concat([preamble(1, text.length, crc32(text)), text]));
    assert.throws(() => TapeReader.open(path, { partial: true }), isTapeError);
    assert.equal(verifyTape(path).goodBytes, 0);
  }), { numRuns: 300 });
});

void test('the unpacker is total: any bytes give an answer, never more than the block, never a write past it', () => {
  const batch = allocateBatch(BLOCK_RECORDS);
  const bytes = fc.uint8Array({ maxLength: 600 });
  fc.assert(fc.property(fc.oneof(bytes, bytes.map((raw) => deflateRawSync(raw))), fc.integer({ min: 1, max: 20 }), (stored, count) => {
    batch.I.fill(0x5a5a5a5a);
    decodeColumns(stored, batch.F, batch.I, count, 0);
    assert.ok(batch.I.subarray(count * WORDS_I).every((word) => word === 0x5a5a5a5a));
  }), { numRuns: 1000 });
  // 16 KiB that inflate to 16 MiB.
  const bomb = deflateRawSync(Buffer.alloc(16 * 1024 * 1024));
  const before = process.memoryUsage().rss;
  assert.equal(decodeColumns(bomb, batch.F, batch.I, 1024, 0), false);
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
});

void test('a tape that shrinks under its reader ends in an error, not in wrong records', (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.tape');
  writeTape(path, sampleRows(5000), { compress: false });
  const copy = join(folder, 'b.tape');
  copyFileSync(path, copy);
  const reader = TapeReader.open(copy);
  const batch = allocateBatch(BLOCK_RECORDS);
  assert.equal(reader.next(batch), BLOCK_RECORDS);
  truncateSync(copy, 100_000);
  assert.throws(() => reader.next(batch), { kind: 'cut' });
  reader.close();
});

void test('repair saves what is before the damage, also over the .partial of the tape it makes', (t) => {
  const folder = scratch(t);
  const rows = sampleRows(3000);
  const path = join(folder, 'a.tape');
  const writer = TapeWriter.create(path, header());
  writer.append(batchOf(rows), 0, rows.length);
  writer.abort();
  assert.equal(readTape(partialPath(path), true).length, 2048 * 64);
  const { verdict, summary } = repairTape(partialPath(path), path);
  assert.equal(verdict.goodRecords, 2048);
  assert.equal(summary.records, 2048);
  assert.ok(readTape(path).equals(expectedBytes(rows.slice(0, 2048))));
  assert.equal(verifyTape(partialPath(path)).goodRecords, 2048, 'the input is untouched');
  writeFileSync(path, 'no tape');
  assert.throws(() => repairTape(path, join(folder, 'c.tape')), isTapeError);
});
