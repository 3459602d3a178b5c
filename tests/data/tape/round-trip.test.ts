import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { partialPath, TapeReader, TapeWriter, verifyTape } from '../../../data/tape/index.js';
import { allocateBatch, BLOCK_RECORDS, RECV_US, SEQ } from '../../../data/records/index.js';
import { anyRow, batchOf, expectedBytes, header, instrument, readAll, readTape, sampleRows, scratch, START_US, writeTape } from './support.js';

void test('whatever records go in come out, bit for bit, raw and compressed, with sequence numbers from 0', (t) => {
  const folder = scratch(t);
  let run = 0;
  fc.assert(fc.property(fc.array(anyRow, { maxLength: 40 }), fc.boolean(), fc.integer({ min: 1, max: 90 }), (some, compress, repeat) => {
    // Repetition crosses block borders without making fast-check shrink thousands of records.
    const rows = Array.from({ length: repeat }, () => some).flat();
    const path = join(folder, `${run += 1}.tape`);
    const summary = writeTape(path, rows, { compress });
    assert.equal(summary.records, rows.length);
    assert.equal(summary.bytes, statSync(path).size);
    assert.ok(readTape(path).equals(expectedBytes(rows)));
    assert.deepEqual(verifyTape(path), { ok: true, goodRecords: rows.length, goodBytes: summary.bytes });
  }), { numRuns: 150 });
});

void test('the header comes back as it was given', (t) => {
  const path = join(scratch(t), 'a.tape');
  const about = header([instrument(0, { symbol: 'DOTUSD_PERP', venue: 'binance-coinm', product: 'inverse', multiplier: '10', settle: 'DOT', inferred: ['tickSize', 'lotSize'] })]);
  writeTape(path, [], {}, about);
  const reader = TapeReader.open(path);
  assert.deepEqual(reader.header, about);
  assert.equal(reader.records, 0);
  assert.equal(reader.next(allocateBatch(BLOCK_RECORDS)), 0);
  reader.close();
});

void test('the same records make the same bytes, however they were handed over', (t) => {
  const folder = scratch(t);
  const rows = sampleRows(3000);
  const batch = batchOf(rows);
  for (const compress of [false, true]) {
    writeTape(join(folder, `once-${compress}`), rows, { compress });
    const writer = TapeWriter.create(join(folder, `pieces-${compress}`), header(), { compress });
    for (let from = 0, size = 1; from < rows.length; from += size, size = (size * 7) % 501 + 1) writer.append(batch, from, Math.min(from + size, rows.length));
    writer.close();
    assert.ok(readFileSync(join(folder, `once-${compress}`)).equals(readFileSync(join(folder, `pieces-${compress}`))));
  }
});

void test('compression pays on a plausible stream and never costs', (t) => {
  const folder = scratch(t);
  const rows = sampleRows(5000);
  const packed = writeTape(join(folder, 'packed'), rows, { compress: true });
  const raw = writeTape(join(folder, 'raw'), rows, { compress: false });
  assert.ok(packed.bytes < raw.bytes / 3, `${packed.bytes} of ${raw.bytes}`);
});

void test('a seek goes to the first record at or after the time, on finished and on growing tapes', (t) => {
  const folder = scratch(t);
  const rows = sampleRows(2500).map((row, k) => ({ ...row, recvUs: START_US + Math.floor(k / 3) * 1000 }));
  // A backward stamp does not move the clock: a seek past it does not come back to it.
  rows[2000] = { ...rows[2000], recvUs: START_US };
  const path = join(folder, 'a.tape');
  writeTape(path, rows);
  const growing = join(folder, 'b.tape');
  const writer = TapeWriter.create(growing, header());
  writer.append(batchOf(rows), 0, rows.length);
  writer.flush();
  const clocks: number[] = [];
  rows.reduce((now, row) => {
    clocks.push(Math.max(now, row.recvUs));
    return Math.max(now, row.recvUs);
  }, 0);
  const readers = [TapeReader.open(path), TapeReader.open(partialPath(growing), { partial: true })];
  const batch = allocateBatch(BLOCK_RECORDS);
  fc.assert(fc.property(fc.integer({ min: -2000, max: 900_000 }), (offset) => {
    const us = START_US + offset;
    const expected = clocks.findIndex((clock) => clock >= us);
    for (const reader of readers) {
      reader.seekUs(us);
      const count = reader.next(batch);
      if (expected < 0) {
        assert.equal(count, 0);
        continue;
      }
      assert.ok(count > 0);
      assert.equal(batch.F[SEQ], expected);
      assert.equal(batch.F[RECV_US], rows[expected]?.recvUs);
      let total = count;
      for (let more = reader.next(batch); more > 0; more = reader.next(batch)) total += more;
      assert.equal(total, rows.length - expected);
    }
  }), { numRuns: 200 });
  for (const reader of readers) reader.close();
  writer.abort();
});

void test('backward stamps are counted, and the span is that of the clock', (t) => {
  const path = join(scratch(t), 'a.tape');
  const summary = writeTape(path, [
    { recvUs: START_US + 5 }, { recvUs: START_US + 2 }, { exchUs: START_US + 9 }, { recvUs: START_US + 7, exchUs: START_US + 99 }, {}, { recvUs: START_US + 10 },
  ]);
  assert.equal(summary.backwardStamps, 2);
  assert.equal(summary.firstUs, START_US + 5);
  assert.equal(summary.lastUs, START_US + 10);
  const reader = TapeReader.open(path);
  assert.equal(reader.backwardStamps, 2);
  reader.close();
});

void test('an existing file is never replaced unless asked, and not even when it appears meanwhile', (t) => {
  const path = join(scratch(t), 'a.tape');
  writeTape(path, sampleRows(10));
  const before = readFileSync(path);
  assert.throws(() => writeTape(path, sampleRows(5)), { name: 'TapeError', kind: 'exists' });
  assert.ok(readFileSync(path).equals(before));
  writeTape(path, sampleRows(5), { overwrite: true });
  assert.equal(readTape(path).length, 5 * 64);
  const late = join(scratch(t), 'b.tape');
  const writer = TapeWriter.create(late, header());
  writer.append(batchOf(sampleRows(3)), 0, 3);
  writeTape(late, sampleRows(7), { overwrite: true });
  assert.throws(() => writer.close(), { name: 'TapeError' });
  assert.equal(readTape(late).length, 7 * 64);
});

void test('a record that no tape can hold is refused, and those before it are kept', (t) => {
  const folder = scratch(t);
  const bad = [{ kind: 0 }, { kind: 12 }, { symbol: 2 }, { recvUs: Number.NaN }, { exchUs: -1 }, { recvUs: Infinity }];
  bad.forEach((row, k) => {
    const path = join(folder, `${k}.tape`);
    const writer = TapeWriter.create(path, header());
    assert.throws(() => writer.append(batchOf([{ recvUs: START_US }, row, {}]), 0, 3), { name: 'TapeError', kind: 'record' });
    assert.equal(writer.records, 1);
    assert.equal(writer.close().records, 1);
    assert.equal(verifyTape(path).ok, true);
  });
});

void test('a header that says nonsense is refused before a file exists', (t) => {
  const path = join(scratch(t), 'a.tape');
  const wrong = [
    header([instrument(1)]), header([instrument(0, { tickSize: '0' })]), header([instrument(0, { lotSize: 'x' })]), header([instrument(0, { venue: 'Binance Spot' })]),
    header([instrument(0), instrument(1, { symbol: 'SYM0USDT' })]), { ...header(), layoutVersion: 2 }, { ...header(), origin: [{ file: 'x', sha256: 'zz', bytes: 1, format: '' }] },
  ];
  for (const about of wrong) {
    assert.throws(() => TapeWriter.create(path, about), { name: 'TapeError', kind: 'header' });
    assert.equal(existsSync(partialPath(path)), false);
  }
});

void test('a reader follows a tape that grows, and sees its end', (t) => {
  const path = join(scratch(t), 'a.tape');
  const rows = sampleRows(4000);
  const batch = batchOf(rows);
  const writer = TapeWriter.create(path, header());
  const reader = TapeReader.open(partialPath(path), { partial: true });
  const parts: Buffer[] = [];
  for (let from = 0; from < rows.length; from += 500) {
    writer.append(batch, from, from + 500);
    if (from === 1500) writer.flush();
    parts.push(readAll(reader));
    assert.equal(parts.reduce((sum, part) => sum + part.length, 0) / 64, reader.records);
  }
  assert.equal(reader.ended, false);
  writer.close();
  parts.push(readAll(reader));
  assert.equal(reader.ended, true);
  assert.ok(Buffer.concat(parts).equals(expectedBytes(rows)));
  reader.close();
});

void test('a writer that ended says so', (t) => {
  const path = join(scratch(t), 'a.tape');
  const writer = TapeWriter.create(path, header());
  writer.close();
  assert.throws(() => writer.append(batchOf([{}]), 0, 1), { kind: 'closed' });
  writer.abort();
  assert.equal(verifyTape(path).ok, true);
});
