import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deeperThan, FrameDecoder } from '../../../runtime/control/frames.js';
import { CONTROL_LIMITS } from '../../../runtime/control/limits.js';
import { parseLine } from '../../../runtime/control/requests.js';

const MAX = 40;
const LIMITS = { ...CONTROL_LIMITS, jsonDepth: 6, batchRequests: 4 };

/** Bytes that like to be newlines, quotes, brackets, blanks, halves of UTF-8; and JSON texts. */
const bytes = fc.array(fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.constantFrom('\n', '\r\n', '\n\n', ' \t\n', '{', '}', '[', ']', '"', '\\"', '\\', 'é', '\u2028').map((text) => Buffer.from(text)),
  fc.jsonValue({ maxDepth: 8 }).map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
  fc.record({ jsonrpc: fc.constantFrom('2.0', '1.0'), id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.double()), method: fc.constantFrom('tree', 'rpc.ping', 'no', 1), params: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
), { maxLength: 20 }).map((parts) => Buffer.concat(parts));

function decode(chunks: readonly Buffer[], max: number): (string | null)[] {
  const decoder = new FrameDecoder(max);
  const frames: (string | null)[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(frame.kind === 'line' ? frame.bytes.toString('latin1') : null);
    assert.ok(decoder.heldBytes <= max, `holds ${decoder.heldBytes}`);
  }
  return frames;
}

/** What every line of the stream must come out as: its text, or null for one that is too long. An unfinished last line that is too long is told as well. */
function byLines(all: Buffer, max: number): (string | null)[] {
  const lines = all.toString('latin1').split('\n');
  const last = lines.pop()!;
  const frames = lines.filter((line) => line.length > max || /[^ \t\r]/.test(line)).map((line) => (line.length > max ? null : line));
  return last.length > max ? [...frames, null] : frames;
}

function cut(all: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cutAt) => cutAt % (all.length + 1)))].sort((a, b) => a - b);
  return [...at, all.length].map((end, i) => all.subarray(i === 0 ? 0 : at[i - 1], end));
}

test('any bytes in any chunking come out as their lines, and no more than one line is held', () => {
  fc.assert(fc.property(bytes, fc.array(fc.nat(500), { maxLength: 12 }), (all, cuts) => {
    assert.deepEqual(decode(cut(all, cuts), MAX), byLines(all, MAX));
  }), { numRuns: 2_000 });
});

test('byte by byte is no different, and a line at the limit is still a line', () => {
  const all = Buffer.from(`${'x'.repeat(MAX)}\n${'y'.repeat(MAX + 1)}\nz\n`);
  const single = [...all].map((byte) => Buffer.from([byte]));
  assert.deepEqual(decode(single, MAX), ['x'.repeat(MAX), null, 'z']);
});

test('several chunks may be pushed before anything is taken', () => {
  const decoder = new FrameDecoder(MAX);
  for (const text of ['{"a"', ':1}\n{', '}\n']) decoder.push(Buffer.from(text));
  const frames = [decoder.next(), decoder.next(), decoder.next()].map((frame) => (frame?.kind === 'line' ? frame.bytes.toString() : frame));
  assert.deepEqual(frames, ['{"a":1}', '{}', null]);
});

/** Depth of nesting of a JSON value. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('the depth of JSON is told before it is parsed, brackets in texts aside', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 10 }), fc.integer({ min: 0, max: 10 }), (value, max) => {
    assert.equal(deeperThan(Buffer.from(JSON.stringify(value)), max), depthOf(value) > max);
  }), { numRuns: 1_000 });
  assert.equal(deeperThan(Buffer.from('["[[[[", "\\"[[["]'), 1), false);
});

test('a line is refused as not JSON exactly when JSON.parse refuses it, and always gets one answer per call', () => {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  fc.assert(fc.property(bytes, (all) => {
    for (const text of byLines(all, 1 << 20)) {
      const line = Buffer.from(text!, 'latin1');
      const parsed = parseLine(line, LIMITS);
      assert.ok(parsed.calls.length > 0);
      let value: unknown;
      let isJson = true;
      try {
        value = JSON.parse(utf8.decode(line));
      } catch {
        isJson = false;
      }
      const first = parsed.calls[0]!;
      const code = 'error' in first ? first.error.code : null;
      if (deeperThan(line, LIMITS.jsonDepth)) assert.equal(code, -32001);
      else if (!isJson) assert.equal(code, -32700);
      else {
        assert.notEqual(code, -32700);
        if (Array.isArray(value) && value.length > 0 && value.length <= LIMITS.batchRequests) assert.equal(parsed.calls.length, value.length);
      }
    }
  }), { numRuns: 2_000 });
});
