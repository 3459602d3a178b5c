import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRing, RingError, RingReader, RingWriter } from '../../../runtime/ring/index.js';

const opened = (slots: number, slotBytes?: number): { memory: SharedArrayBuffer; writer: RingWriter; reader: RingReader } => {
  const memory = createRing(slotBytes === undefined ? { slots } : { slots, slotBytes });
  return { memory, writer: RingWriter.open(memory), reader: RingReader.open(memory) };
};

/** Claims, fills and publishes one message; false when there is no room. */
function send(writer: RingWriter, values: readonly number[]): boolean {
  const at = writer.claim(values.length);
  if (at < 0) return false;
  values.forEach((value, k) => { writer.F[(at + k) * writer.slotBytes / 8] = value; });
  writer.publish();
  return true;
}

const memoryOf = (side: RingWriter | RingReader): SharedArrayBuffer => side.F.buffer as SharedArrayBuffer;

/** Reads and releases everything there is. */
function drain(reader: RingReader, max?: number): number[] {
  const values: number[] = [];
  for (let n = reader.available(max); n > 0; n = reader.available(max)) {
    for (let k = 0; k < n; k += 1) values.push(reader.F[(reader.index + k) * reader.slotBytes / 8] as number);
    reader.release(n);
  }
  return values;
}

const kind = (wanted: string) => (error: unknown): boolean => error instanceof RingError && error.kind === wanted;

describe('a ring', () => {
  test('hands over what was published, in order, and nothing before', () => {
    const { writer, reader } = opened(8);
    const at = writer.claim(3);
    assert.equal(at, 0);
    writer.F[0] = 7;
    assert.equal(reader.available(), 0);
    writer.publish();
    assert.equal(reader.available(), 3);
    assert.equal(reader.available(2), 2);
    assert.equal(reader.F[0], 7);
    assert.equal(writer.consumed(), 0);
    reader.release(3);
    assert.equal(writer.consumed(), 3);
    assert.equal(reader.published(), 3);
  });

  test('pads its end for a message in a row', () => {
    const { writer, reader } = opened(8);
    assert.ok(send(writer, [1, 2, 3]) && send(writer, [4, 5, 6]));
    assert.deepEqual(drain(reader), [1, 2, 3, 4, 5, 6]);
    assert.ok(send(writer, [7, 8, 9]));
    assert.equal(writer.index, 0);
    assert.equal(writer.written, 11);
    assert.deepEqual(drain(reader), [7, 8, 9]);
    assert.equal(reader.consumed, 11);
  });

  test('splits a run at its end', () => {
    const { writer, reader } = opened(4);
    send(writer, [1, 2]);
    drain(reader);
    assert.equal(writer.claimUpTo(4), 2);
    assert.equal(writer.claimUpTo(4), 2);
    assert.equal(writer.claimUpTo(4), 0);
    writer.publish();
    assert.equal(reader.available(), 2);
    reader.release(2);
    assert.equal(reader.available(), 2);
  });

  test('keeps an earlier side out', () => {
    const { memory, writer, reader } = opened(4);
    send(writer, [1]);
    writer.claim(1);
    const second = RingWriter.open(memory);
    assert.throws(() => writer.publish(), kind('stale-epoch'));
    send(second, [2]);
    assert.equal(reader.available(), 2);
    const other = RingReader.open(memory);
    assert.throws(() => reader.release(1), kind('stale-epoch'));
    assert.deepEqual(drain(other), [1, 2]);
  });

  test('renewed, is empty and counts from 0', () => {
    const { memory, writer, reader } = opened(4);
    send(writer, [1, 2]);
    RingWriter.renew(memory);
    assert.throws(() => writer.claim(2) >= 0 && writer.publish(), kind('stale-epoch'));
    assert.throws(() => reader.available(), kind('stale-epoch'));
    const next = RingWriter.open(memory);
    const after = RingReader.open(memory);
    assert.equal(after.available(), 0);
    send(next, [3]);
    assert.deepEqual(drain(after), [3]);
    assert.deepEqual([next.written, next.consumed(), after.consumed, after.published()], [1, 1, 1, 1]);
  });

  test('forgets padding before its position comes round again', () => {
    const { writer, reader } = opened(4);
    send(writer, [1]);
    send(writer, [2, 3]);
    drain(reader);
    send(writer, [4, 5]);
    assert.equal(reader.published(), 6, 'one slot of padding at position 3');
    assert.deepEqual(drain(reader), [4, 5]);
    for (let k = 6; k < 2 ** 20 + 8; k += 1) {
      send(writer, [k]);
      if (reader.available() !== 1 || reader.F[reader.index * 8] !== k) assert.fail(`position ${k} was not read`);
      reader.release(1);
    }
    assert.equal(reader.consumed, 2 ** 20 + 8);
    assert.equal(writer.written, 2 ** 20 + 8);
    assert.equal(RingReader.open(memoryOf(writer)).consumed, 2 ** 20 + 8);
  });
});

describe('waiting', () => {
  test('without blocking ends when something is published, or in time', async () => {
    const { writer, reader } = opened(4);
    const hold = setInterval(() => undefined, 1000);
    assert.equal(await reader.waitAsync(5), false);
    const waiting = reader.waitAsync();
    assert.throws(() => reader.wait(0), /already waits/);
    await assert.rejects(reader.waitAsync(), /already waits/);
    send(writer, [1]);
    assert.equal(await waiting, true);
    assert.equal(await reader.waitAsync(), true);
    drain(reader);
    const replaced = reader.waitAsync();
    RingReader.open(memoryOf(reader));
    await assert.rejects(replaced, kind('stale-epoch'));
    clearInterval(hold);
  });

  test('blocking ends in time, or at once when there is something', () => {
    const { writer, reader } = opened(2);
    assert.equal(reader.wait(5), false);
    assert.equal(writer.waitForRoom(1, 0), true);
    assert.ok(send(writer, [1]) && send(writer, [2]));
    assert.equal(writer.waitForRoom(1, 5), false);
    assert.equal(reader.wait(0), true);
    assert.throws(() => writer.waitForRoom(2, 0), RangeError);
  });
});

test('what found no room is counted for both sides, across takeovers and beyond 32 bits', () => {
  const { memory, writer, reader } = opened(2);
  writer.overflow(2 ** 31 - 1);
  writer.overflow(2 ** 31 - 1);
  writer.overflow(5);
  RingWriter.renew(memory);
  assert.deepEqual([writer.overflows(), reader.overflows(), RingReader.open(memory).overflows()], [2 ** 32 + 3, 2 ** 32 + 3, 2 ** 32 + 3]);
  assert.throws(() => writer.overflow(-1), RangeError);
});
