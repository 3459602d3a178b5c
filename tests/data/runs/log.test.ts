import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { newRunId, RunError, RunLogReader, RunLogWriter, type RunLogEnd, type RunLogEntry } from '../../../data/runs/index.js';

const ID = newRunId(Date.UTC(2026, 0, 2, 3, 4, 5, 6), 0xabcd);

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-run-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function readAll(path: string): { readonly id: string; readonly entries: RunLogEntry[]; readonly end: RunLogEnd } {
  const reader = new RunLogReader(path);
  try {
    const entries: RunLogEntry[] = [];
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) entries.push(entry);
    return { id: reader.id, entries, end: reader.end! };
  } finally {
    reader.close();
  }
}

/** Writes the entries and answers the byte of the file at which each ends. */
function writeAll(path: string, entries: readonly RunLogEntry[]): number[] {
  const writer = new RunLogWriter(path, ID);
  const ends = entries.map((entry) => {
    if (entry.kind === 'input') writer.input(entry, entry.input);
    else writer.mark(entry, entry.mark);
    writer.flush();
    return readFileSync(path).length;
  });
  writer.close();
  return ends;
}

const entry = fc.record({ records: fc.nat(1000), clockUs: fc.nat(1_000_000), type: fc.string({ unit: 'binary' }), to: fc.string({ unit: 'binary' }), body: fc.jsonValue(), isMark: fc.boolean() });
const entries = fc.array(entry, { maxLength: 12 }).map((steps) => {
  let records = 0;
  let clockUs = 0;
  return steps.map((step): RunLogEntry => {
    const at = { records: (records += step.records), clockUs: (clockUs += step.clockUs) };
    if (step.isMark) return { ...at, kind: 'mark', mark: { mark: 'order', entry: JSON.parse(JSON.stringify(step.body)) as null } };
    return { ...at, kind: 'input', input: JSON.parse(JSON.stringify({ to: step.to, message: { type: step.type, body: step.body } })) as { to: string; message: { type: string } } };
  });
});

void test('what is written is read, whatever the JSON', (t) => {
  const folder = scratch(t);
  let run = 0;
  fc.assert(fc.property(entries, (written) => {
    const path = join(folder, String((run += 1)));
    writeAll(path, written);
    const { id, entries: read, end } = readAll(path);
    assert.equal(id, ID);
    assert.deepEqual(read, written);
    assert.equal(end.kind, 'open');
  }), { numRuns: 100 });
});

void test('the tree is given what a replay will read, not what was handed in', (t) => {
  const writer = new RunLogWriter(join(scratch(t), 'run.log'), ID);
  const given = writer.input({ records: 0, clockUs: 0 }, { to: '/a', message: { type: 'x', zero: -0, nothing: undefined, when: new Date(0), not: NaN } });
  writer.close();
  assert.deepEqual(given, { to: '/a', message: { type: 'x', zero: 0, when: '1970-01-01T00:00:00.000Z', not: null } });
  assert.deepEqual(readAll(writer.path).entries, [{ kind: 'input', records: 0, clockUs: 0, input: given }]);
});

void test('a log that is cut anywhere is whole up to its last whole entry, and says so', (t) => {
  const path = join(scratch(t), 'run.log');
  const written: RunLogEntry[] = [
    { kind: 'mark', records: 0, clockUs: 5, mark: { mark: 'tape', number: 0, preamble: 0 } },
    { kind: 'input', records: 3, clockUs: 7, input: { to: '/venue/gateway', message: { type: 'rest.answer', body: 'é€𝄞' } } },
    { kind: 'mark', records: 3, clockUs: 7, mark: { mark: 'position' } },
    { kind: 'mark', records: 9, clockUs: 70, mark: { mark: 'end', code: 0, reason: 'stop' } },
  ];
  const ends = writeAll(path, written);
  assert.equal(readAll(path).end.kind, 'whole');
  const head = ends[0]! - (ends[1]! - ends[0]!);
  for (let length = ends.at(-1)! - 1; length > ends[0]! - 10; length -= 1) {
    truncateSync(path, length);
    const whole = ends.filter((end) => end <= length).length;
    const { entries: read, end } = readAll(path);
    assert.deepEqual(read, written.slice(0, whole));
    const atAnEnd = ends.includes(length);
    assert.equal(end.kind, atAnEnd ? 'open' : 'cut', `${length} of ${head}`);
    assert.equal(end.goodBytes, whole === 0 ? 20 + ID.length : ends[whole - 1]);
    assert.equal(end.problem === null, atAnEnd);
  }
});

void test('a flipped bit anywhere ends the log there, and no doubtful entry is handed out', (t) => {
  const folder = scratch(t);
  const path = join(folder, 'run.log');
  const written: RunLogEntry[] = [1, 2].map((k) => ({ kind: 'input', records: k, clockUs: k, input: { to: '/a', message: { type: 'x' } } }));
  const ends = writeAll(path, written);
  const sound = readFileSync(path);
  // One bit of every byte, each another.
  for (let bit = 0; bit < sound.length * 8; bit += 9) {
    const bytes = Buffer.from(sound);
    bytes[bit >>> 3]! ^= 1 << (bit & 7);
    writeFileSync(path, bytes);
    if (bit >>> 3 < 20 + ID.length) {
      assert.throws(() => new RunLogReader(path), RunError, `bit ${bit}`);
      continue;
    }
    const { entries: read, end } = readAll(path);
    assert.deepEqual(read, written.slice(0, ends.filter((at) => at <= bit >>> 3).length), `bit ${bit}`);
    assert.ok(end.kind === 'damaged' || end.kind === 'cut');
  }
});

void test('no bytes crash the reader', (t) => {
  const path = join(scratch(t), 'run.log');
  writeAll(path, []);
  const head = readFileSync(path);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, behindHead) => {
    writeFileSync(path, behindHead ? Buffer.concat([head, bytes]) : bytes);
    try {
      assert.deepEqual(readAll(path).entries, []);
    } catch (error) {
      assert.ok(error instanceof RunError);
    }
  }), { numRuns: 500 });
});

void test('an entry of another run, doubled or out of its order does not pass', (t) => {
  const folder = scratch(t);
  const path = join(folder, 'run.log');
  const [first, second] = writeAll(path, [1, 2].map((k) => ({ kind: 'input', records: k, clockUs: k, input: { to: '/a', message: { type: 'x' } } }))) as [number, number];
  const bytes = readFileSync(path);
  const entryOf = bytes.subarray(first, second);
  const other = new RunLogWriter(join(folder, 'other.log'), newRunId(0, 1));
  other.close();
  appendFileSync(other.path, entryOf);
  assert.equal(readAll(other.path).end.kind, 'damaged');
  // The second, and then the first again: each is sound by itself.
  writeFileSync(path, Buffer.concat([bytes, bytes.subarray(20 + ID.length, first)]));
  const { entries: read, end } = readAll(path);
  assert.equal(read.length, 2);
  assert.match(end.problem!, /comes after 1 records, the one before it after 2/);
});

void test('a log that grows is read as it grows', (t) => {
  const path = join(scratch(t), 'run.log');
  const writer = new RunLogWriter(path, ID);
  const reader = new RunLogReader(path);
  assert.equal(reader.next(), undefined);
  writer.input({ records: 0, clockUs: 1 }, { to: '/a', message: { type: 'x' } });
  assert.equal(reader.next(), undefined, 'what is not flushed is nobody else’s');
  writer.flush();
  assert.equal(reader.next()?.clockUs, 1);
  assert.equal(reader.end, undefined);
  const long = 'x'.repeat(2_000_000);
  writer.input({ records: 0, clockUs: 2 }, { to: '/a', message: { type: long } });
  writer.flush();
  assert.equal((reader.next() as { input: { message: { type: string } } }).input.message.type, long);
  writer.mark({ records: 0, clockUs: 3 }, { mark: 'end', code: 0, reason: '' });
  writer.close();
  assert.equal(reader.next()?.clockUs, 3);
  assert.equal(reader.next(), undefined);
  assert.equal(reader.end!.kind, 'whole');
  reader.close();
});

void test('what is no JSON, or would go backwards, is refused and leaves the log as it was', (t) => {
  const path = join(scratch(t), 'run.log');
  const writer = new RunLogWriter(path, ID);
  writer.input({ records: 2, clockUs: 2 }, { to: '/a', message: { type: 'x' } });
  assert.throws(() => writer.input({ records: 2, clockUs: 2 }, { to: '/a', message: { type: 'x', n: 1n } }), { kind: 'input' });
  assert.throws(() => writer.input({ records: 1, clockUs: 2 }, { to: '/a', message: { type: 'x' } }), RangeError);
  assert.throws(() => writer.input({ records: 2, clockUs: 1 }, { to: '/a', message: { type: 'x' } }), RangeError);
  assert.throws(() => writer.input({ records: 2, clockUs: NaN }, { to: '/a', message: { type: 'x' } }), RangeError);
  writer.close();
  assert.equal(readAll(path).entries.length, 1);
  assert.throws(() => writer.flush(), { kind: 'closed' });
  assert.throws(() => new RunLogWriter(path, ID), RunError, 'an existing log is nobody’s to begin again');
});
